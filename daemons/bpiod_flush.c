// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who waits until output has gone where it belongs: ends of processes, and processes that
 * have come home. The output of one that went from node to node comes back over all of
 * these, so on a node a SYNC goes on to the channels that lead into the one that is asked
 * for, and SYNCED comes when they have answered.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <event2/buffer.h>
#include "bpiod_channel.h"
#include "log.h"

/* How long the end of a process waits for somebody to read its output, in s. */
#define FLUSH_TIMEOUT 5
/* The same where nobody has come for the descriptors yet. */
#define OPEN_TIMEOUT 3
/* How long one that has come home does; it could not write either. */
#define HOME_TIMEOUT 30

/* Most bytes of input that come back: the windows of many nodes, one behind the other. */
#define BACK_MAX (64 * MUX_WINDOW)

/* A SYNC that is not answered yet, where the process is, or was. */
struct sync {
	TAILQ_ENTRY(sync) entry;
	struct channel *c;
	unsigned int waits; /* for channels that lead into this one */
	bool measured;
	int home;		 /* as in a wait */
	__u64 mark[MUX_STREAMS]; /* what is to have been sent */
	struct evbuffer *back;	 /* input that was not read */
};

static void sync_less(struct sync *y);

static bool same_file(const struct stream *a, const struct stream *b)
{
	return a->ino && a->ino == b->ino && a->dev == b->dev;
}

/* --- keepers: waits --- */

static void answer(struct wait *w, int input)
{
	struct bproc_io_ends ends = {
		.request = w->request,
		.fd = { input >= 0 ? input : BPROC_IO_KEEP, BPROC_IO_KEEP,
			BPROC_IO_KEEP },
	};
	int device = device_fd(w->c->b->dev);
	int err;

	if (w->came)
		err = ioctl(device, BPROC_IOC_IO_ENDS, &ends);
	else
		err = ioctl(device, BPROC_IOC_IO_FLUSHED, &w->request);
	if (err < 0)
		log_debug("process %d was not waited for: %m", w->c->process.pid);
	if (input >= 0)
		close(input);
}

static void wait_free(struct wait *w)
{
	struct channel *c = w->c;

	if (w->own) {
		c->settled = true;
		c->lingers = false;
	}
	TAILQ_REMOVE(&c->waits, w, entry);
	if (w->late)
		event_free(w->late);
	free(w);
}

/* Without what it was to get. */
static void wait_end(struct wait *w)
{
	if (w->sync)
		sync_less(w->sync);
	else
		answer(w, -1);
	wait_free(w);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct wait *w = arg;
	struct channel *c = w->c;
	bool own = w->own;

	(void)fd, (void)what;
	log_debug("process %d: its output is not read, nobody waits for it",
		  c->process.pid);
	wait_end(w);
	/* It had nobody who would have asked: who reads from it is to see the end. */
	if (own && !c->open)
		channel_reset(c);
	else
		channel_check_drained(c);
}

static void set_synced(struct wait *w)
{
	unsigned int i;

	w->synced = true;
	for (i = 0; i < MUX_STREAMS; i++)
		w->mark[i] = w->c->stream[i].moved;
}

static void wait_ask(struct wait *w)
{
	struct channel *c = w->c;

	if (c->lost) {
		set_synced(w);
	} else if (c->open) {
		/* What is its input goes with it. */
		if (w->home)
			stream_rest(&c->stream[0]);
		w->asked = true;
		w->nr = ++c->asked;
		channel_send(c, MUX_SYNC, 0, (__u32)w->home, NULL);
	}
}

/* Its first answer may come before this returns. */
static bool wait_start(struct channel *c, const struct wait *how, const int *limit)
{
	struct timeval tv = { 0, 0 };
	struct wait *w = calloc(1, sizeof(*w));

	if (!w)
		return false;
	*w = *how;
	w->c = c;
	if (limit) {
		tv.tv_sec = *limit;
		w->late = evtimer_new(c->b->base, on_late, w);
		if (!w->late || evtimer_add(w->late, &tv)) {
			if (w->late)
				event_free(w->late);
			free(w);
			return false;
		}
	}
	TAILQ_INSERT_TAIL(&c->waits, w, entry);
	/* An end can be here before the beginning: they take different ways. */
	wait_ask(w);
	channel_check_drained(c);
	return true;
}

void waits_opened(struct channel *c)
{
	struct wait *w;

	TAILQ_FOREACH(w, &c->waits, entry)
	if (!w->asked)
		wait_ask(w);
}

void waits_lost(struct channel *c)
{
	struct wait *w;

	TAILQ_FOREACH(w, &c->waits, entry)
	if (!w->synced)
		set_synced(w);
}

bool waits_synced(struct channel *c)
{
	struct wait *w;

	if (c->answered == c->asked)
		return false;
	c->answered++;
	TAILQ_FOREACH(w, &c->waits, entry)
	if (w->asked && !w->synced && w->nr == c->answered)
		set_synced(w);
	channel_check_drained(c);
	return true;
}

bool waits_back(struct channel *c, const void *data, size_t len)
{
	struct stream *s = &c->stream[0];
	struct wait *w;

	TAILQ_FOREACH(w, &c->waits, entry)
	if (w->home && !w->synced)
		break;
	/* Who wanted it has given up. */
	if (!w)
		return true;
	/* No more than what went there, and can be on the way. */
	if (len > s->moved)
		return false;
	s->moved -= len;
	/* It is for its own process that the node sends too much. */
	if (c->back && evbuffer_get_length(c->back) > BACK_MAX)
		return true;
	if (!c->back)
		c->back = evbuffer_new();
	return c->back && !evbuffer_add(c->back, data, len);
}

/* Is all written? @thread: no, but a thread is at it. */
static bool is_written(const struct wait *w, bool *thread)
{
	const struct channel *c = w->c;
	unsigned int i;

	if (!w->synced)
		return !w->home && c->stream[1].done && c->stream[2].done;
	for (i = 0; i < MUX_STREAMS; i++) {
		const struct stream *s = &c->stream[i];

		if (s->source || s->done)
			continue;
		/* A file is to be closed, too. */
		if (s->eof)
			return false;
		if (s->port && port_passed(s->port) < w->mark[i]) {
			/* Else the stream says when it has written some. */
			if (!evbuffer_get_length(s->queue))
				*thread = true;
			return false;
		}
	}
	return true;
}

/* For a process that has come home. False: a thread is still at it. */
static bool give_back_input(struct channel *c, int *input)
{
	size_t n = c->back ? evbuffer_get_length(c->back) : 0;
	int err = c->input ? port_give_back(c->input, n) : -ESPIPE;

	if (err == -EAGAIN)
		return false;
	if (err == -ESPIPE && n && c->feeds) {
		*input = feed_start(c->b->base, c->back, c->input);
		c->input = NULL;
	}
	return true;
}

/* What comes back here came from that channel, and goes on back. */
static void pass_back_input(struct channel *c, struct sync *y)
{
	if (!same_file(&c->stream[0], &y->c->stream[0]))
		return;
	if (c->back)
		evbuffer_add_buffer(y->back, c->back);
	if (c->input)
		port_take_all(c->input, y->back);
}

static bool wait_finish(struct wait *w)
{
	struct channel *c = w->c;
	int input = -1;

	if (w->home && w->sync)
		pass_back_input(c, w->sync);
	else if (w->home && !give_back_input(c, &input))
		return false;
	if (w->home) {
		port_free(c->input);
		c->input = NULL;
	}
	if (w->sync)
		sync_less(w->sync);
	else
		answer(w, input);
	wait_free(w);
	return true;
}

bool waits_check(struct channel *c)
{
	struct wait *w, *next;
	bool thread = false;

	for (w = TAILQ_FIRST(&c->waits); w; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (is_written(w, &thread) && !wait_finish(w))
			thread = true;
	}
	return thread;
}

static void start(struct bpiod *b, __u64 request, __u64 id, int pid, bool came)
{
	struct wait how = { .request = request, .came = came };
	struct channel *c = channel_keeper(id);
	int limit = came ? HOME_TIMEOUT : FLUSH_TIMEOUT;
	struct channel none = { .b = b };

	if (c) {
		how.own = pid == c->process.pid;
		/* A child's input stays its parent's. */
		how.home = came && how.own ? pid : 0;
		if (!c->open)
			limit = OPEN_TIMEOUT;
		if (wait_start(c, &how, &limit))
			return;
	}
	how.c = &none;
	answer(&how, -1);
}

void channel_flush(struct bpiod *b, __u64 request, __u64 id, int pid)
{
	start(b, request, id, pid, false);
}

void channel_home(struct bpiod *b, __u64 request, __u64 id, int pid)
{
	start(b, request, id, pid, true);
}

/* --- users: SYNCs --- */

static void sync_free(struct sync *y)
{
	TAILQ_REMOVE(&y->c->syncs, y, entry);
	if (y->back)
		evbuffer_free(y->back);
	free(y);
}

static bool is_sent(const struct sync *y)
{
	unsigned int i;

	if (!y->measured)
		return false;
	for (i = 0; i < MUX_STREAMS; i++) {
		const struct stream *s = &y->c->stream[i];

		if (s->source && !s->done && s->moved < y->mark[i])
			return false;
	}
	return true;
}

void syncs_check(struct channel *c)
{
	struct sync *y;

	while ((y = TAILQ_FIRST(&c->syncs)) && is_sent(y)) {
		sync_free(y);
		channel_send(c, MUX_SYNCED, 0, 0, NULL);
	}
}

/* What its process has not read goes where that has gone. */
static void send_back(struct sync *y)
{
	struct channel *c = y->c;
	struct stream *s = &c->stream[0];
	char buf[MUX_DATA_MAX];
	int n;

	if (c->left)
		port_take_all(c->left, y->back);
	evbuffer_add_buffer(y->back, s->queue);
	/* What others than we put into its pipe was never sent, and does not go back. */
	while (s->moved && (n = evbuffer_remove(y->back, buf,
						s->moved < sizeof(buf) ? (size_t)s->moved :
									 sizeof(buf))) > 0) {
		s->moved -= (__u64)n;
		channel_send(c, MUX_BACK, 0, (__u32)n, buf);
	}
	if (s->eof && !s->done)
		stream_eof(s);
	if (!c->left)
		return;
	evtimer_del(c->timer);
	port_free(c->left);
	c->left = NULL;
}

static void sync_less(struct sync *y)
{
	struct channel *c = y->c;
	unsigned int i;

	if (--y->waits)
		return;
	if (y->home)
		send_back(y);
	for (i = 0; i < MUX_STREAMS; i++) {
		const struct stream *s = &c->stream[i];

		y->mark[i] = s->moved + (s->port ? port_readable(s->port) : 0);
	}
	y->measured = true;
	syncs_check(c);
	channel_check_drained(c);
}

/* Does what process @k's channel gives go into @c? Or was that its own, before? */
static bool leads_into(const struct channel *k, const struct channel *c)
{
	unsigned int i, j;

	if (!k->keeper)
		return false;
	if (k->process.pid == c->process.pid)
		return true;
	for (i = 1; i < MUX_STREAMS; i++)
		for (j = 1; j < MUX_STREAMS; j++)
			if (!k->stream[i].done && same_file(&k->stream[i], &c->stream[j]))
				return true;
	return false;
}

bool syncs_expected(const struct channel *c)
{
	struct channel *k;

	for (k = channel_next(NULL); k && k != c; k = channel_next(k))
		if (k->keeper && k->process.pid == c->process.pid)
			return true;
	return false;
}

bool sync_start(struct channel *c, int home)
{
	struct sync *y = calloc(1, sizeof(*y));
	struct channel *k;
	bool ok = true;

	if (!y || (home && !(y->back = evbuffer_new()))) {
		free(y);
		return false;
	}
	y->c = c;
	y->home = home;
	y->waits = 1;
	TAILQ_INSERT_TAIL(&c->syncs, y, entry);
	/* What a process leaves is said before it goes home. */
	device_catch_up(c->b->dev);
	/* Those that are newer: so no SYNC ever comes back to where it was. */
	for (k = channel_next(NULL); k && k != c && ok; k = channel_next(k)) {
		struct wait how = { .sync = y };

		if (!leads_into(k, c))
			continue;
		how.own = home && home == k->process.pid;
		how.home = how.own ? home : 0;
		y->waits++;
		ok = wait_start(k, &how, NULL);
	}
	sync_less(y);
	return ok;
}

void flush_free(struct channel *c)
{
	struct wait *w, *next;
	struct channel *k;
	struct sync *y;

	while ((w = TAILQ_FIRST(&c->waits)))
		wait_end(w);
	while ((y = TAILQ_FIRST(&c->syncs))) {
		for (k = channel_next(NULL); k; k = channel_next(k))
			for (w = TAILQ_FIRST(&k->waits); w; w = next) {
				next = TAILQ_NEXT(w, entry);
				if (w->sync == y)
					wait_free(w);
			}
		sync_free(y);
	}
	port_free(c->input);
	port_free(c->left);
	if (c->back)
		evbuffer_free(c->back);
}
