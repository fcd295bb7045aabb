// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes on their way in: one that comes while its parent does waits for that. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <event2/event.h>
#include "log.h"
#include "slave.h"

/* How often, at intervals of 20 ms, an arrival is tried. */
#define TRIES 1500

struct arriving {
	struct device *dev;
	struct link_preface preface;
	struct event *retry;
	int fd;
	int tries;
};

static void try_arrival(evutil_socket_t none, short what, void *arg)
{
	static const struct timeval pause = { 0, 20000 };
	struct arriving *a = arg;
	int err = standin_arrival(a->dev, &a->preface, a->fd);

	(void)none, (void)what;
	/* How long -EAGAIN lasts is the other process's business: it ends some time. */
	if ((err == -EAGAIN || (err == -ESRCH && a->tries++ < TRIES)) &&
	    !evtimer_add(a->retry, &pause))
		return;
	/* The sender learns of a failure by the end of the stream. */
	if (err)
		log_warn("process %d cannot arrive: %s", a->preface.pid, strerror(-err));
	else
		log_debug("process %d arrives", a->preface.pid);
	close(a->fd);
	event_free(a->retry);
	free(a);
}

void arriving_start(struct event_base *base, struct device *dev,
		    const struct link_preface *preface, int fd)
{
	struct arriving *a = calloc(1, sizeof(*a));

	if (a)
		a->retry = evtimer_new(base, try_arrival, a);
	if (!a || !a->retry) {
		log_err("no memory for process %d, which arrives", preface->pid);
		close(fd);
		free(a);
		return;
	}
	a->dev = dev;
	a->preface = *preface;
	a->fd = fd;
	try_arrival(-1, 0, a);
}
