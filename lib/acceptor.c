// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "acceptor.h"
#include "log.h"

/* Connections accepted before others get their turn. */
#define BATCH 32

struct acceptor {
	struct event *ev;
	struct event *pause;
	bool is_short; /* of what a connection takes: it has been said */
	int fd;
	acceptor_got *got;
	void *arg;
};

/* What accept(2) says although there is a connection. */
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static void wait_a_moment(struct acceptor *a)
{
	struct timeval second = { 1, 0 };

	if (!a->is_short)
		log_warn("connections have to wait: %m");
	a->is_short = true;
	/* Without the timer nobody would be heard of again. */
	if (!evtimer_add(a->pause, &second))
		event_del(a->ev);
}

static void on_pause_end(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor *a = arg;
	struct timeval second = { 1, 0 };

	(void)fd, (void)what;
	if (event_add(a->ev, NULL))
		evtimer_add(a->pause, &second);
}

static void on_readable(evutil_socket_t listener, short what, void *arg)
{
	struct acceptor *a = arg;
	struct sockaddr_in addr;
	socklen_t len;
	int fd, i;

	(void)what;
	for (i = 0; i < BATCH; i++) {
		len = sizeof(addr);
		fd = accept4((int)listener, (struct sockaddr *)&addr, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && is_shortage(errno))
			wait_a_moment(a);
		if (fd < 0)
			return;
		if (a->is_short)
			log_info("connections are accepted again");
		a->is_short = false;
		a->got(a->arg, fd, &addr);
	}
}

struct acceptor *acceptor_new(struct event_base *base, int fd, acceptor_got *got,
			      void *arg)
{
	struct acceptor *a = calloc(1, sizeof(*a));

	if (!a) {
		close(fd);
		return NULL;
	}
	a->fd = fd;
	a->got = got;
	a->arg = arg;
	a->ev = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, a);
	a->pause = evtimer_new(base, on_pause_end, a);
	if (a->ev && a->pause && !event_add(a->ev, NULL))
		return a;
	acceptor_free(a);
	return NULL;
}

int acceptor_fd(const struct acceptor *a)
{
	return a->fd;
}

void acceptor_free(struct acceptor *a)
{
	if (!a)
		return;
	if (a->ev)
		event_free(a->ev);
	if (a->pause)
		event_free(a->pause);
	close(a->fd);
	free(a);
}
