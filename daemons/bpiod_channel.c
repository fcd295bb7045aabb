// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <event2/buffer.h>
#include "bpiod_channel.h"
#include "log.h"

/*
 * How long the other side may take to ask for what we keep, once its process has gone, or to
 * be there, in s.
 */
#define KEEPER_TIMEOUT 60
#define USER_TIMEOUT 30
/*
 * How long a channel whose streams are over waits for the end of its process or for that
 * to come home, and what that left on a node for being asked for it, in s.
 */
#define LINGER_TIMEOUT 10
#define LEFT_TIMEOUT 30

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

struct channel *channel_keeper(__u64 id)
{
	struct channel *c;

	LIST_FOREACH(c, &bucket[id % BUCKETS], hash)
	if (c->id == id && c->keeper)
		return c;
	return NULL;
}

struct channel *channel_next(struct channel *c)
{
	return c ? TAILQ_NEXT(c, entry) : TAILQ_FIRST(&all);
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

	/* Who passed its frames on lets go of it, too. */
	if (c->keeper && c->open)
		channel_send(c, MUX_RESET, 0, 0, NULL);
	flush_free(c);
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
	free(c);
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct timeval limit = { LINGER_TIMEOUT, 0 }, soon = { 1, 0 };
	struct channel *c = arg;

	(void)fd, (void)what;
	/* A process that goes home said so before it closed its descriptors. */
	device_catch_up(c->b->dev);
	if (!TAILQ_EMPTY(&c->waits) || !TAILQ_EMPTY(&c->syncs) || c->left)
		return;
	if (c->keeper && c->open && !c->lost && !c->settled && !c->lingers) {
		c->lingers = true;
		evtimer_add(c->reap, &limit);
		return;
	}
	/* It may be asked for what that one's other end has. */
	if (!c->keeper && !c->lost && syncs_expected(c)) {
		evtimer_add(c->reap, &soon);
		return;
	}
	channel_free(c);
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	channel_check_drained(arg);
}

/* Nothing more goes over the connection. */
void channel_reset(struct channel *c)
{
	int i;

	channel_leave(c);
	evtimer_del(c->timer);
	/* Nobody can ask for it any more. */
	port_free(c->left);
	c->left = NULL;
	for (i = 0; i < MUX_STREAMS; i++) {
		struct stream *s = &c->stream[i];

		if (s->source || !c->open)
			stream_done(s);
		else
			stream_eof(s);
	}
	waits_lost(c);
	channel_check_drained(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)fd, (void)what;
	if (c->open) {
		log_debug("process %d: nobody asked for its input", c->process.pid);
		port_free(c->left);
		c->left = NULL;
		channel_check_drained(c);
		return;
	}
	log_debug("process %d: nobody came for its input and output", c->process.pid);
	channel_reset(c);
}

static struct channel *channel_new(struct bpiod *b, __u64 id, int peer, bool keeper)
{
	struct timeval limit = { USER_TIMEOUT, 0 };
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
	TAILQ_INIT(&c->waits);
	TAILQ_INIT(&c->syncs);
	ok = c->timer && c->reap && c->drain &&
	     (keeper || !evtimer_add(c->timer, &limit));
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

static void note_file(struct stream *s, int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
}

/* --- what the driver says --- */

void channel_take(struct bpiod *b, __u64 id, int node, int pid, const int fd[3])
{
	struct channel *c = channel_new(b, id, node, true);
	int i;

	for (i = 0; i < MUX_STREAMS; i++) {
		if (c) {
			c->fd[i] = fd[i];
			note_file(&c->stream[i], fd[i]);
		} else if (fd[i] >= 0) {
			close(fd[i]);
		}
	}
	if (c)
		port_process_init(&c->process, pid);
	else
		log_err("no memory for input and output of process %d", pid);
}

/* Not before its process has gone: else the caller would miss what is read here. */
static void open_input(struct channel *c)
{
	struct stream *s = &c->stream[0];

	if (c->fd[0] >= 0 && !s->done)
		s->port = port_new(c->b->base, c->fd[0], true,
				   c->b->node == BPROC_NODE_MASTER, &c->process,
				   &stream_port_ops, s);
	else if (c->fd[0] >= 0)
		close(c->fd[0]);
	c->fd[0] = -1;
	c->feeds = s->port && port_is_stream(s->port);
	if (s->port) {
		stream_send(s);
	} else if (!s->done) {
		channel_send(c, MUX_EOF, 0, 0, NULL);
		stream_done(s);
	}
}

void channel_go(struct bpiod *b, __u64 id)
{
	struct timeval limit = { KEEPER_TIMEOUT, 0 };
	struct channel *c = channel_keeper(id);

	(void)b;
	if (!c || c->lost || c->gone)
		return;
	c->gone = true;
	/* Its descriptors were made there before: now it need not be long. */
	if (c->open)
		open_input(c);
	else if (evtimer_add(c->timer, &limit))
		channel_reset(c);
}

void channel_drop(struct bpiod *b, __u64 id)
{
	struct channel *c = channel_keeper(id);

	(void)b;
	if (!c)
		return;
	channel_send(c, MUX_RESET, 0, 0, NULL);
	channel_reset(c);
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

		/* open_input() is for that. */
		if (c->keeper && s->source)
			continue;
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

void channel_make(struct bpiod *b, __u64 request, int from, int pid,
		  const struct bproc_msg_io_make *make)
{
	struct bproc_io_ends answer = { .request = request };
	int ours[3], theirs[3], i;
	struct channel *c = NULL;

	answer.result = make_pipes(ours, theirs, make);
	if (!answer.result && !(c = channel_new(b, make->io_id, from, false)))
		answer.result = -ENOMEM;
	if (c)
		c->process.pid = pid;
	for (i = 0; i < MUX_STREAMS; i++) {
		answer.fd[i] = theirs[i];
		if (c)
			note_file(&c->stream[i], ours[i]);
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

/* Not of a channel that was made for another process, its parent, that keeps it. */
static struct channel *find_input(int pid, const struct stat *st)
{
	struct channel *c;

	TAILQ_FOREACH(c, &all, entry)
	if (!c->keeper && !c->left && c->process.pid == pid &&
	    c->stream[0].ino == st->st_ino && c->stream[0].dev == st->st_dev)
		return c;
	return NULL;
}

void channel_leave_input(struct bpiod *b, int pid, int fd)
{
	struct timeval limit = { LEFT_TIMEOUT, 0 };
	struct channel *c = NULL;
	struct stat st;

	if (!fstat(fd, &st))
		c = find_input(pid, &st);
	if (c)
		c->left = port_new(b->base, fd, true, false, &c->process,
				   &stream_port_ops, &c->stream[0]);
	else
		close(fd);
	if (c && c->left)
		evtimer_add(c->timer, &limit);
}

/* --- what the other side says --- */

static void open_keeper(struct channel *c)
{
	bool threads = c->b->node == BPROC_NODE_MASTER;
	int i;

	for (i = 1; i < MUX_STREAMS; i++) {
		struct stream *s = &c->stream[i];

		if (c->fd[i] >= 0)
			s->port = port_new(c->b->base, c->fd[i], false, threads,
					   &c->process, &stream_port_ops, s);
		c->fd[i] = -1;
	}
	channel_send(c, MUX_OPENED, 0, 0, NULL);
	channel_opens(c);
	if (c->gone)
		open_input(c);
	waits_opened(c);
}

static void is_kept(struct channel *c)
{
	int i;

	c->kept = true;
	for (i = 1; i < MUX_STREAMS; i++)
		stream_send(&c->stream[i]);
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
		/* A SYNC may have named a process. */
		answer.value = 0;
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
	case MUX_OPENED:
		if (c->keeper || c->kept)
			return false;
		is_kept(c);
		return true;
	case MUX_RESET:
		channel_reset(c);
		return true;
	case MUX_SYNC:
		return !c->keeper && sync_start(c, (int)f->value);
	case MUX_SYNCED:
		return c->keeper && waits_synced(c);
	case MUX_BACK:
		return c->keeper && !f->stream && waits_back(c, data, f->value);
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
	if (c->open && (b->node != BPROC_NODE_MASTER || c->peer == r->node))
		channel_reset(c);
}
