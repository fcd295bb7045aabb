// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The input of a process that came home with some of it unread, where that cannot be put
 * back: a pipe with what it had not read, and then with what its old input gives.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "bpiod_channel.h"

#define CHUNK 16384
/* Chunks before others get their turn. */
#define ROUNDS 4

struct feed {
	struct evbuffer *data;
	struct port *from; /* NULL: that was all */
	struct port *to;
};

static void feed_free(struct feed *f)
{
	port_free(f->from);
	port_free(f->to);
	evbuffer_free(f->data);
	free(f);
}

/* False: it is over. */
static bool pump(struct feed *f)
{
	char buf[CHUNK];
	int rounds = ROUNDS;
	ssize_t n;

	for (;;) {
		if (evbuffer_get_length(f->data)) {
			n = port_write(f->to, f->data);
			if (n < 0 && n != -EAGAIN)
				return false;
			if (evbuffer_get_length(f->data)) {
				port_wait(f->to, false);
				return true;
			}
		}
		if (!f->from)
			return false;
		if (!rounds--) {
			port_wait(f->from, true);
			return true;
		}
		n = port_read(f->from, buf, sizeof(buf));
		if (n == -EAGAIN) {
			port_wait(f->from, false);
			return true;
		}
		if (n <= 0 || evbuffer_add(f->data, buf, (size_t)n))
			return false;
	}
}

static void on_ready(void *arg)
{
	if (!pump(arg))
		feed_free(arg);
}

static void on_gone(void *arg)
{
	feed_free(arg);
}

static const struct port_ops ops = { on_ready, on_gone };

int feed_start(struct event_base *base, struct evbuffer *data, struct port *from)
{
	struct feed *f = calloc(1, sizeof(*f));
	int ends[2];

	if (!f || !(f->data = evbuffer_new()) || pipe2(ends, O_CLOEXEC)) {
		if (f && f->data)
			evbuffer_free(f->data);
		free(f);
		port_free(from);
		return -1;
	}
	f->from = from;
	if (from)
		port_hand_over(from, &ops, f);
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK)) {
		close(ends[1]);
		ends[1] = -1;
	} else {
		f->to = port_own(base, ends[1], false, &ops, f);
	}
	if (!f->to || evbuffer_add_buffer(f->data, data)) {
		close(ends[0]);
		feed_free(f);
		return -1;
	}
	port_wait(f->to, false);
	return ends[0];
}
