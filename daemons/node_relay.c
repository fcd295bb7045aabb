// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moves from node to node. The driver says whether they may be; then the two nodes are
 * told, and the stream goes straight from one to the other. Where that cannot be it comes
 * here, and is relayed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <unistd.h>
#include "log.h"
#include "node.h"
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

/* A move that may be, until it is known whether its stream comes here. */
struct announced {
	LIST_ENTRY(announced) entry;
	struct link_preface preface;
	struct event *timer;
};

static LIST_HEAD(, announced) announced = LIST_HEAD_INITIALIZER(announced);

static void forget(struct announced *a)
{
	LIST_REMOVE(a, entry);
	if (a->timer)
		event_free(a->timer);
	free(a);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	forget(arg);
}

static void relay(struct master *m, struct pool *down, const struct link_preface *preface,
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

int node_may_pass(struct master *m, __u64 id, int pid, int from, int to)
{
	struct bproc_transit arg = { .id = id, .pid = pid, .from = from, .to = to };

	return ioctl(device_fd(m->dev), BPROC_IOC_TRANSIT, &arg) < 0 ? -errno : 0;
}

void node_say_lost(struct node *n, __u64 id, int pid, int err)
{
	struct bproc_msg msg = {
		.size = sizeof(msg),
		.type = BPROC_MSG_ARRIVED,
		.id = id,
		.node = n->number,
		.pid = pid,
		.result = err,
	};

	if (n->ready)
		wire_send(n->wire, &msg);
}

/* A process makes one move at a time: what it wanted before is not wanted any more. */
static void forget_older(const struct node *n, int pid)
{
	struct announced *a, *next;

	for (a = LIST_FIRST(&announced); a; a = next) {
		next = LIST_NEXT(a, entry);
		if (a->preface.from == n->number && a->preface.pid == pid)
			forget(a);
	}
}

static int announce(struct node *n, struct node *other,
		    const struct link_preface *preface)
{
	struct timeval limit = { LINK_EXPECT_TIMEOUT, 0 };
	struct bproc_msg expect = { .type = LINK_EXPECT, .id = preface->id };
	struct bproc_msg connect = { .type = LINK_CONNECT, .id = preface->id };
	struct announced *a = calloc(1, sizeof(*a));
	struct link_passage to = { .preface = *preface }, from;

	if (a)
		a->timer = evtimer_new(n->m->base, on_late, a);
	if (!a || !a->timer || evtimer_add(a->timer, &limit) ||
	    getrandom(to.preface.token, sizeof(to.preface.token), 0) !=
		    (ssize_t)sizeof(to.preface.token)) {
		if (a && a->timer)
			event_free(a->timer);
		free(a);
		return -ENOMEM;
	}
	to.preface.from = n->number;
	forget_older(n, preface->pid);
	a->preface = to.preface;
	from = to;
	memcpy(from.addr, &n->peer, sizeof(n->peer));
	LIST_INSERT_HEAD(&announced, a, entry);
	if (other->peer.sin_port && other->encryption == n->encryption)
		memcpy(to.addr, &other->peer, sizeof(other->peer));
	wire_send_body(other->wire, &expect, &from, sizeof(from));
	wire_send_body(n->wire, &connect, &to, sizeof(to));
	return 0;
}

void node_wants_pass(struct node *n, const struct bproc_msg *msg)
{
	const struct link_preface *p = (const void *)(msg + 1);
	struct master *m = n->m;
	struct node *other = NULL;
	int err;

	if (!n->ready || msg->size != sizeof(*msg) + sizeof(*p))
		return;
	err = node_may_pass(m, p->id, p->pid, n->number, p->node);
	if (!err && p->node >= 0 && (unsigned int)p->node < m->nodes)
		other = m->node[p->node];
	if (!err && (!other || other == n || !other->ready))
		err = -BPROC_BE_NODEDOWN;
	if (!err)
		err = announce(n, other, p);
	if (!err)
		return;
	log_debug("node %d: process %d may not go to node %d: error %d", n->number,
		  p->pid, p->node, -err);
	node_say_lost(n, p->id, p->pid, err);
}

void node_relay(struct node *n, const struct link_preface *preface, int fd)
{
	struct master *m = n->m;
	struct announced *a;
	struct link_preface to;

	LIST_FOREACH(a, &announced, entry)
	if (!memcmp(a->preface.token, preface->token, LINK_TOKEN_LEN) &&
	    a->preface.from == n->number)
		break;
	if (!a) {
		node_complain(n, "a stream for another node that was not announced");
		close(fd);
		return;
	}
	to = a->preface;
	forget(a);
	if ((unsigned int)to.node >= m->nodes || !m->node[to.node]->ready) {
		close(fd);
		return;
	}
	log_info("process %d goes from node %d to node %d by way of the master", to.pid,
		 to.from, to.node);
	relay(m, m->node[to.node]->down, &to, fd);
}
