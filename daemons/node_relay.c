// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"
#include "master.h"
#include "relay.h"

struct passing {
	struct master *m;
	int node;
	int fd;
};

static void on_stream(void *arg, int fd)
{
	struct passing *p = arg;

	if (fd < 0) {
		log_warn("node %d: no stream for a move from a node: %s", p->node,
			 strerror(-fd));
		close(p->fd);
	} else if (relay_start(p->m->base, NULL, p->fd, fd)) {
		log_err("no memory to relay a stream");
	}
	free(p);
}

void node_relay(struct master *m, struct pool *down, const struct link_preface *preface,
		int fd)
{
	struct passing *p = malloc(sizeof(*p));

	if (!p) {
		close(fd);
		return;
	}
	p->m = m;
	p->node = preface->node;
	p->fd = fd;
	pool_get(down, preface, on_stream, p);
}
