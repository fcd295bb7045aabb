// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moves from this node to others, and from others to here. The master knows the process
 * and where nodes are; the stream goes straight to the other node if that can be reached,
 * else by way of the master.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>
#include "log.h"
#include "relay.h"
#include "slave_peer.h"
#include "want_stream.h"

struct request {
	LIST_ENTRY(request) entry;
	struct slave_direct *direct;
	struct link_preface preface;
	struct event *timer;
};

struct slave_direct {
	struct event_base *base;
	struct device *dev;
	struct wire *const *wire;
	struct slave_peers *peers;
	struct pool *up;
	LIST_HEAD(, request) requests;
};

static void forget(struct request *r)
{
	LIST_REMOVE(r, entry);
	if (r->timer)
		event_free(r->timer);
	free(r);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct request *r = arg;

	(void)fd, (void)what;
	want_stream_give(r->direct->dev, r->preface.id, -EIO);
	forget(r);
}

void slave_direct_want(struct slave_direct *d, const struct bproc_msg *msg, int node)
{
	struct timeval limit = { LINK_STREAM_TIMEOUT, 0 };
	struct bproc_msg want = { .type = LINK_WANT, .id = msg->id, .pid = msg->pid };
	struct request *r = calloc(1, sizeof(*r));

	if (r)
		r->timer = evtimer_new(d->base, on_late, r);
	if (!r || !r->timer || evtimer_add(r->timer, &limit)) {
		if (r && r->timer)
			event_free(r->timer);
		free(r);
		want_stream_give(d->dev, msg->id, -EIO);
		return;
	}
	r->direct = d;
	r->preface = want_preface(msg, node);
	LIST_INSERT_HEAD(&d->requests, r, entry);
	wire_send_body(*d->wire, &want, &r->preface, sizeof(r->preface));
}

static void on_connected(void *arg, int fd)
{
	struct request *r = arg;
	struct slave_direct *d = r->direct;
	struct link_preface preface = r->preface;

	forget(r);
	/* the driver wants to wait for the other end, not to be told EAGAIN */
	if (fd >= 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK)) {
		close(fd);
		fd = -EIO;
	}
	if (fd >= 0)
		want_stream_give(d->dev, preface.id, fd);
	else
		want_stream_with(d->dev, d->up, &preface);
}

void slave_direct_connect(struct slave_direct *d, const struct bproc_msg *msg)
{
	static const __u8 nowhere[BPROC_ADDR_LEN];
	const struct link_passage *c = (const void *)(msg + 1);
	struct request *r;

	if (msg->size != sizeof(*msg) + sizeof(*c))
		return;
	LIST_FOREACH(r, &d->requests, entry)
	if (r->preface.id == c->preface.id && r->preface.pid == c->preface.pid)
		break;
	if (!r)
		return;
	r->preface = c->preface;
	/* From here on the connection has its own limit. */
	event_del(r->timer);
	if (memcmp(c->addr, nowhere, sizeof(nowhere)))
		slave_peers_connect(d->peers, c->addr, &r->preface, on_connected, r);
	else
		on_connected(r, -EHOSTUNREACH);
}

/* A process that will come. */
struct coming {
	struct slave_direct *direct;
	struct sockaddr_in from;
};

/*
 * The stream's other end is the master then, but an I/O list means the machine that the
 * process comes from. A descriptor for what comes over @fd, with that one's address; -errno.
 */
static int with_address(struct event_base *base, int fd, const struct sockaddr_in *from)
{
	int pair[2], err;

	err = relay_pair(pair, (const struct sockaddr *)from, sizeof(*from));
	if (err) {
		close(fd);
		return err;
	}
	err = relay_start(base, NULL, fd, pair[1]);
	if (!err)
		return pair[0];
	close(pair[0]);
	return err;
}

static void on_stream(void *arg, const struct link_preface *preface, int fd,
		      bool by_master)
{
	struct coming *c = arg;
	struct slave_direct *d = c->direct;

	if (fd >= 0 && by_master && c->from.sin_family == AF_INET)
		fd = with_address(d->base, fd, &c->from);
	free(c);
	if (fd < 0)
		log_debug("process %d did not come", preface->pid);
	else
		arriving_start(d->base, d->dev, preface, fd);
}

void slave_direct_expect(struct slave_direct *d, const struct bproc_msg *msg)
{
	const struct link_passage *from = (const void *)(msg + 1);
	struct coming *c;

	if (msg->size != sizeof(*msg) + sizeof(*from))
		return;
	/* A node may begin with the same process again and again. */
	slave_peers_give_up(d->peers, &from->preface, on_stream);
	c = calloc(1, sizeof(*c));
	if (c) {
		c->direct = d;
		memcpy(&c->from, from->addr, sizeof(c->from));
	}
	if (!c || slave_peers_expect(d->peers, &from->preface, on_stream, c)) {
		log_err("no memory for a process that comes from another node");
		free(c);
	}
}

struct slave_direct *slave_direct_new(struct event_base *base, struct device *dev,
				      struct wire *const *wire, struct slave_peers *peers,
				      struct pool *up)
{
	struct slave_direct *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->base = base;
	d->dev = dev;
	d->wire = wire;
	d->peers = peers;
	d->up = up;
	LIST_INIT(&d->requests);
	return d;
}
