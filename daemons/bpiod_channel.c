// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <event2/buffer.h>
#include "bpiod_channel.h"
#include "log.h"

/* How long the other side may take to ask for what we keep, or to be there, in s. */
#define KEEPER_TIMEOUT 60
#define USER_TIMEOUT 30
/* How long the end of a process waits for somebody to read its output, in s. */
#define FLUSH_TIMEOUT 5
/* The same where nobody has come for the descriptors yet. */
#define OPEN_TIMEOUT 3

#define BUCKETS 1024

static LIST_HEAD(, channel) bucket[BUCKETS];
static TAILQ_HEAD(channels, channel) all = TAILQ_HEAD_INITIALIZER(all);

/* --- channels --- */

static struct channel *channel_find(__u64 id, int peer)
{
	struct channel *c;

	LIST_FOREACH(c, &bucket[id % BUCKETS], hash)
	if (c->id == id && c->peer == peer)
		return c;
	return NULL;
}

static void free_event(struct event *ev)
{
	if (ev)
		event_free(ev);
}

/* Nothing goes over the connection any more. */
static void channel_leave(struct channel *c)
{
	struct route *r = bpiod_route(c->b, c->peer);

	if (c->open && !c->lost && r && r->channels)
		r->channels--;
	c->lost = true;
}

static void channel_free(struct channel *c)
{
	int i;

	channel_answer_flush(c);
	channel_leave(c);
	LIST_REMOVE(c, hash);
	TAILQ_REMOVE(&all, c, entry);
	for (i = 0; i < MUX_STREAMS; i++) {
		port_free(c->stream[i].port);
		if (c->stream[i].queue)
			evbuffer_free(c->stream[i].queue);
		if (c->fd[i] >= 0)
			close(c->fd[i]);
	}
	free_event(c->timer);
	free_event(c->reap);
	free_event(c->drain);
	free_event(c->late);
	free(c);
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	channel_free(arg);
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	channel_check_drained(arg);
}

/* Nothing more goes over the connection; what came is still written. */
static void channel_reset(struct channel *c)
{
	int i;

	channel_leave(c);
	evtimer_del(c->timer);
	for (i = 0; i < MUX_STREAMS; i++) {
		struct stream *s = &c->stream[i];

		if (s->source || !c->open)
			stream_done(s);
		else
			stream_eof(s);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)fd, (void)what;
	log_debug("process %d: nobody came for its input and output", c->process.pid);
	channel_reset(c);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)fd, (void)what;
	log_debug("process %d: its output is not read, its end does not wait",
		  c->process.pid);
	channel_answer_flush(c);
	/* It had nobody who would have asked: who reads from it is to see the end. */
	if (!c->open)
		channel_reset(c);
}

static struct channel *channel_new(struct bpiod *b, __u64 id, int peer, bool keeper)
{
	struct timeval limit = { keeper ? KEEPER_TIMEOUT : USER_TIMEOUT, 0 };
	struct channel *c = calloc(1, sizeof(*c));
	bool ok;
	unsigned int i;

	if (!c)
		return NULL;
	c->b = b;
	c->id = id;
	c->peer = peer;
	c->keeper = keeper;
	c->timer = evtimer_new(b->base, on_timer, c);
	c->reap = evtimer_new(b->base, on_reap, c);
	c->drain = evtimer_new(b->base, on_drain, c);
	c->late = evtimer_new(b->base, on_late, c);
	ok = c->timer && c->reap && c->drain && c->late && !evtimer_add(c->timer, &limit);
	for (i = 0; i < MUX_STREAMS; i++) {
		struct stream *s = &c->stream[i];

		s->c = c;
		s->nr = i;
		s->source = keeper == (i == 0);
		s->credit = MUX_WINDOW;
		if (!s->source && !(s->queue = evbuffer_new()))
			ok = false;
		c->fd[i] = -1;
	}
	LIST_INSERT_HEAD(&bucket[id % BUCKETS], c, hash);
	TAILQ_INSERT_HEAD(&all, c, entry);
	if (ok)
		return c;
	channel_free(c);
	return NULL;
}

/* --- what the driver says --- */

void channel_take(struct bpiod *b, __u64 id, int node, int pid, const int fd[3])
{
	struct channel *c = channel_new(b, id, node, true);
	int i;

	for (i = 0; i < MUX_STREAMS; i++) {
		if (c)
			c->fd[i] = fd[i];
		else if (fd[i] >= 0)
			close(fd[i]);
	}
	if (c)
		port_process_init(&c->process, pid);
	else
		log_err("no memory for input and output of process %d", pid);
}

void channel_drop(struct bpiod *b, __u64 id)
{
	struct channel *c;

	(void)b;
	LIST_FOREACH(c, &bucket[id % BUCKETS], hash)
	if (c->id == id && c->keeper) {
		channel_send(c, MUX_RESET, 0, 0, NULL);
		channel_reset(c);
		return;
	}
}

/* Our ends in @ours, the process's in @theirs. */
static int make_pipes(int ours[3], int theirs[3], const struct bproc_msg_io_make *make)
{
	int ends[2], i, err = 0;

	for (i = 0; i < MUX_STREAMS; i++)
		ours[i] = theirs[i] = -1;
	for (i = 0; i < MUX_STREAMS && !err; i++) {
		if (pipe2(ends, O_CLOEXEC))
			return -errno;
		ours[i] = ends[i ? 0 : 1];
		theirs[i] = ends[i ? 1 : 0];
		if (fcntl(ours[i], F_SETFL, O_NONBLOCK) ||
		    fchown(theirs[i], make->uid, make->gid))
			err = -errno;
	}
	return err;
}

static void channel_opens(struct channel *c)
{
	struct route *r = bpiod_route(c->b, c->peer);
	int i;

	evtimer_del(c->timer);
	c->open = true;
	if (r)
		r->channels++;
	if (!c->keeper)
		channel_send(c, MUX_OPEN, 0, 0, NULL);
	for (i = 0; i < MUX_STREAMS; i++) {
		struct stream *s = &c->stream[i];

		/* It was over before anybody could be told. */
		if (s->done)
			channel_send(c, s->source ? MUX_EOF : MUX_CLOSE, s->nr, 0, NULL);
		if (s->done)
			continue;
		if (!s->port && s->source)
			channel_send(c, MUX_EOF, s->nr, 0, NULL);
		if (!s->port)
			(s->source ? stream_done : stream_failed)(s);
		else if (s->source)
			stream_send(s);
	}
}

void channel_make(struct bpiod *b, __u64 request, int from,
		  const struct bproc_msg_io_make *make)
{
	struct bproc_io_ends answer = { .request = request };
	int ours[3], theirs[3], i;
	struct channel *c = NULL;

	answer.result = make_pipes(ours, theirs, make);
	if (!answer.result && !(c = channel_new(b, make->io_id, from, false)))
		answer.result = -ENOMEM;
	for (i = 0; i < MUX_STREAMS; i++) {
		answer.fd[i] = theirs[i];
		if (c)
			c->stream[i].port =
				port_own(b->base, ours[i], c->stream[i].source,
					 &stream_port_ops, &c->stream[i]);
		else if (ours[i] >= 0)
			close(ours[i]);
	}
	if (ioctl(device_fd(b->dev), BPROC_IOC_IO_ENDS, &answer) < 0) {
		log_debug("nobody waits for input and output any more: %m");
		if (c)
			channel_free(c);
		c = NULL;
	}
	for (i = 0; i < MUX_STREAMS; i++)
		if (theirs[i] >= 0)
			close(theirs[i]);
	if (c && bpiod_route(b, from))
		channel_opens(c);
}

void channel_flush(struct bpiod *b, __u64 request, int node, int pid)
{
	struct timeval limit = { FLUSH_TIMEOUT, 0 };
	struct channel *c;

	TAILQ_FOREACH(c, &all, entry)
	if (c->keeper && c->peer == node && c->process.pid == pid && !c->request)
		break;
	if (!c) {
		ioctl(device_fd(b->dev), BPROC_IOC_IO_FLUSHED, &request);
		return;
	}
	c->request = request;
	if (!c->open)
		limit.tv_sec = OPEN_TIMEOUT;
	evtimer_add(c->late, &limit);
	/* Its end can be here before its beginning: they take different ways. */
	if (c->open && !c->lost)
		channel_send(c, MUX_SYNC, 0, 0, NULL);
	else if (c->lost)
		c->synced = true;
	channel_check_drained(c);
}

/* --- what the other side says --- */

static void open_keeper(struct channel *c)
{
	bool threads = c->b->node == BPROC_NODE_MASTER;
	int i;

	for (i = 0; i < MUX_STREAMS; i++) {
		struct stream *s = &c->stream[i];

		if (c->fd[i] >= 0)
			s->port = port_new(c->b->base, c->fd[i], s->source, threads,
					   &c->process, &stream_port_ops, s);
		c->fd[i] = -1;
	}
	channel_opens(c);
	if (c->request)
		channel_send(c, MUX_SYNC, 0, 0, NULL);
}

bool channel_frame(struct bpiod *b, struct route *r, const struct mux_frame *f,
		   const void *data)
{
	/* What the master says of itself, or of another node; what a node says of itself.
	 */
	int peer = b->node == BPROC_NODE_MASTER ? r->node : f->peer;
	struct channel *c = channel_find(f->id, peer);

	/* What comes over a connection can overtake what the driver has said before. */
	if (!c && f->type == MUX_OPEN) {
		device_catch_up(b->dev);
		c = channel_find(f->id, peer);
	}
	if (!c || c->lost) {
		struct mux_frame answer = *f;

		/* Not known, or not any more; or not for this node. */
		answer.type = f->type == MUX_OPEN ? MUX_RESET : MUX_SYNCED;
		if (f->type == MUX_OPEN || f->type == MUX_SYNC)
			bpiod_send(r, &answer, NULL);
		return true;
	}
	if (f->type == MUX_OPEN) {
		if (!c->keeper || c->open)
			return false;
		open_keeper(c);
		return true;
	}
	if (!c->open)
		return false;
	switch (f->type) {
	case MUX_RESET:
		channel_reset(c);
		return true;
	case MUX_SYNC:
		if (c->keeper)
			return false;
		channel_start_sync(c);
		return true;
	case MUX_SYNCED:
		if (!c->keeper)
			return false;
		c->synced = c->request != 0;
		channel_check_drained(c);
		return true;
	}
	return stream_frame(&c->stream[f->stream], f, data);
}

void channels_connected(struct bpiod *b)
{
	struct channel *c;

	TAILQ_FOREACH(c, &all, entry)
	if (!c->keeper && !c->open && !c->lost && bpiod_route(b, c->peer))
		channel_opens(c);
}

void channels_lost(struct bpiod *b, struct route *r)
{
	struct channel *c;

	/* On a node all go over the one connection. */
	TAILQ_FOREACH(c, &all, entry)
	if (c->open && (b->node != BPROC_NODE_MASTER || c->peer == r->node)) {
		channel_reset(c);
		c->synced = true;
		channel_check_drained(c);
	}
}
