// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "preface.h"

struct preface {
	TAILQ_ENTRY(preface) entry;
	struct prefaces *list;
	struct event *ev;
	struct link_preface data;
	size_t have;
	int fd;
	preface_got *got;
	void *arg;
};

static void drop(struct preface *p)
{
	TAILQ_REMOVE(p->list, p, entry);
	event_free(p->ev);
	free(p);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct preface *p = arg;
	struct link_preface data;
	preface_got *got = p->got;
	ssize_t n;

	/* Not a byte more: what follows is the driver's. */
	n = what & EV_TIMEOUT ? 0
			      : read((int)fd, (char *)&p->data + p->have,
				     sizeof(p->data) - p->have);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		p->have += (size_t)n;
		if (p->have < sizeof(p->data))
			return;
	}
	data = p->data;
	arg = p->arg;
	drop(p);
	if (n <= 0) {
		close((int)fd);
		got(arg, NULL, -1);
		return;
	}
	fcntl((int)fd, F_SETFL, fcntl((int)fd, F_GETFL) & ~O_NONBLOCK);
	got(arg, &data, (int)fd);
}

int preface_wait(struct event_base *base, struct prefaces *list, int fd,
		 unsigned int seconds, preface_got *got, void *arg)
{
	struct timeval limit = { seconds, 0 };
	struct preface *p = calloc(1, sizeof(*p));

	if (p)
		p->ev = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, p);
	if (!p || !p->ev || evutil_make_socket_nonblocking(fd) ||
	    event_add(p->ev, seconds ? &limit : NULL)) {
		if (p && p->ev)
			event_free(p->ev);
		free(p);
		close(fd);
		return -ENOMEM;
	}
	p->list = list;
	p->fd = fd;
	p->got = got;
	p->arg = arg;
	TAILQ_INSERT_TAIL(list, p, entry);
	return 0;
}

unsigned int preface_count(const struct prefaces *list)
{
	const struct preface *p;
	unsigned int n = 0;

	TAILQ_FOREACH(p, list, entry)
	n++;
	return n;
}

void preface_close_all(struct prefaces *list)
{
	while (!TAILQ_EMPTY(list)) {
		close(TAILQ_FIRST(list)->fd);
		drop(TAILQ_FIRST(list));
	}
}
