// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "log.h"
#include "loop.h"
#include "tee.h"

/* What the fastest may be ahead of the slowest; a power of two. */
#define ROOM (256U << 10)
/* How long a sender may be silent that nobody listens to any more, in seconds. */
#define IDLE 60
/* What is read or written at a time, which the kernel may have to encrypt meanwhile. */
#define PIECE (64U << 10)
/* Rounds before others get their turn. */
#define ROUNDS 2

struct tee_output {
	TAILQ_ENTRY(tee_output) entry;
	struct tee *tee;
	int fd;
	struct event *writable;
	unsigned int limit;
	bool has_head;
	struct bproc_vector_entry who;
	struct bproc_stream head; /* its own, in place of the stream's */
	size_t head_done;
	unsigned long long pos;
	unsigned long long sent;
	time_t moved;
	tee_ended *ended;
	void *arg;
};

struct tee {
	struct event_base *base;
	int fd;
	struct event *readable;
	struct event *timer;
	struct event *pause;
	TAILQ_HEAD(, tee_output) outputs;
	unsigned long long in;
	time_t came;
	bool ended;
	bool started;
	tee_done *done;
	void *arg;
	char buf[ROOM];
};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void free_output(struct tee_output *o)
{
	TAILQ_REMOVE(&o->tee->outputs, o, entry);
	if (o->writable)
		event_free(o->writable);
	if (o->fd >= 0)
		close(o->fd);
	free(o);
}

static void end_output(struct tee_output *o, bool whole)
{
	unsigned long long sent = o->sent;
	tee_ended *ended = o->ended;
	void *arg = o->arg;

	free_output(o);
	ended(arg, whole, sent);
}

static void destroy(struct tee *t)
{
	if (t->readable)
		event_free(t->readable);
	if (t->timer)
		event_free(t->timer);
	if (t->pause)
		event_free(t->pause);
	close(t->fd);
	free(t);
}

/* The header is in: this one's is its own. */
static void make_head(struct tee_output *o)
{
	if (o->has_head || !o->who.pid || o->tee->in < sizeof(o->head))
		return;
	memcpy(&o->head, o->tee->buf, sizeof(o->head));
	o->head.id = o->who.id;
	o->head.pid = o->who.pid;
	o->head.rank = o->who.rank;
	o->head.io_id = o->who.io_id;
	o->pos = sizeof(o->head);
	o->has_head = true;
}

static const char *pending(const struct tee_output *o, size_t *len)
{
	size_t at = o->pos % ROOM;

	if (o->has_head && o->head_done < sizeof(o->head)) {
		*len = sizeof(o->head) - o->head_done;
		return (const char *)&o->head + o->head_done;
	}
	*len = o->who.pid && !o->has_head ? 0 : (size_t)(o->tee->in - o->pos);
	if (*len > ROOM - at)
		*len = ROOM - at;
	if (*len > PIECE)
		*len = PIECE;
	return o->tee->buf + at;
}

/* 1: something went out; 0: nothing; -1: it is broken. */
static int output_write(struct tee_output *o)
{
	const char *p;
	size_t len;
	ssize_t n;

	make_head(o);
	p = pending(o, &len);
	if (!len || o->fd < 0)
		return 0;
	n = send(o->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (o->has_head && o->head_done < sizeof(o->head))
		o->head_done += (size_t)n;
	else
		o->pos += (unsigned long long)n;
	o->sent += (unsigned long long)n;
	o->moved = now();
	return 1;
}

static size_t room(const struct tee *t)
{
	const struct tee_output *o;
	unsigned long long lowest = t->in;

	TAILQ_FOREACH(o, &t->outputs, entry)
	if (o->pos < lowest)
		lowest = o->pos;
	return ROOM - (size_t)(t->in - lowest);
}

/* True if something came. */
static bool input_read(struct tee *t)
{
	size_t len = room(t), at = t->in % ROOM;
	ssize_t n;

	if (t->ended || !len)
		return false;
	if (len > ROOM - at)
		len = ROOM - at;
	if (len > PIECE)
		len = PIECE;
	n = recv(t->fd, t->buf + at, len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0)
		log_debug("a stream breaks: %m");
	/* Broken or ended is the same: an image has an end mark of its own. */
	if (n <= 0)
		t->ended = true;
	else
		t->in += (unsigned long long)n;
	t->came = now();
	return true;
}

static bool is_finished(const struct tee_output *o)
{
	size_t len;

	pending(o, &len);
	return o->tee->ended && !len && o->fd >= 0;
}

static void wait_for_more(struct tee *t)
{
	struct tee_output *o;
	size_t len;

	if (!t->ended && room(t))
		event_add(t->readable, NULL);
	TAILQ_FOREACH(o, &t->outputs, entry)
	{
		pending(o, &len);
		if (len && o->writable)
			event_add(o->writable, NULL);
	}
}

/*
 * @writable: an output is said to be. With TLS in the kernel that may be so, and yet it
 * takes nothing: then we look again a little later.
 */
static void pump(struct tee *t, bool writable)
{
	struct timeval pause = { 0, 5000 };
	struct tee_output *o, *next;
	bool moved = true, any = false;
	int i, n;

	for (i = 0; moved && i < ROUNDS; i++) {
		moved = input_read(t);
		for (o = TAILQ_FIRST(&t->outputs); o; o = next) {
			next = TAILQ_NEXT(o, entry);
			n = output_write(o);
			moved |= n > 0;
			if (n < 0) {
				log_debug("a copy of a stream breaks: %m");
				end_output(o, false);
			} else if (is_finished(o))
				end_output(o, true);
		}
		/* What nobody wants is read all the same: its sender may have others. */
		if (TAILQ_EMPTY(&t->outputs) && t->ended) {
			tee_done *done = t->done;
			void *arg = t->arg;

			destroy(t);
			done(arg);
			return;
		}
		any |= moved;
	}
	if (!any && writable)
		event_add(t->pause, &pause);
	else if (moved)
		event_active(t->readable, EV_READ, 0);
	else
		wait_for_more(t);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	pump(arg, what & EV_WRITE);
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct tee_output *o, *next;
	struct tee *t = arg;
	size_t len;

	(void)fd, (void)what;
	if (TAILQ_EMPTY(&t->outputs) && now() - t->came > IDLE)
		t->ended = true;
	for (o = TAILQ_FIRST(&t->outputs); o; o = next) {
		next = TAILQ_NEXT(o, entry);
		pending(o, &len);
		if (!len || o->fd < 0)
			o->moved = now();
		else if (now() - o->moved > (time_t)o->limit)
			end_output(o, false);
	}
	pump(t, false);
}

struct tee *tee_new(struct event_base *base, int fd, tee_done *done, void *arg)
{
	struct tee *t = malloc(sizeof(*t));

	if (!t) {
		close(fd);
		return NULL;
	}
	memset(t, 0, offsetof(struct tee, buf));
	t->base = base;
	t->fd = fd;
	t->done = done;
	t->arg = arg;
	TAILQ_INIT(&t->outputs);
	t->readable = event_new(base, fd, EV_READ, on_event, t);
	t->timer = event_new(base, -1, EV_PERSIST, on_second, t);
	t->pause = evtimer_new(base, on_event, t);
	if (t->readable && t->timer && t->pause) {
		event_priority_set(t->pause, LOOP_BULK);
		event_priority_set(t->readable, LOOP_BULK);
		event_priority_set(t->timer, LOOP_BULK);
		return t;
	}
	destroy(t);
	return NULL;
}

struct tee_output *tee_add(struct tee *t, unsigned int limit,
			   const struct bproc_vector_entry *who, tee_ended *ended,
			   void *arg)
{
	struct tee_output *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->tee = t;
	o->fd = -1;
	o->limit = limit;
	if (who)
		o->who = *who;
	o->ended = ended;
	o->arg = arg;
	o->moved = now();
	TAILQ_INSERT_TAIL(&t->outputs, o, entry);
	return o;
}

void tee_connect(struct tee_output *o, int fd)
{
	struct tee *t = o->tee;

	o->fd = fd;
	o->moved = now();
	o->writable = event_new(t->base, fd, EV_WRITE, on_event, t);
	if (o->writable)
		event_priority_set(o->writable, LOOP_BULK);
	else
		shutdown(fd, SHUT_RDWR); /* the next write says so */
	if (t->started)
		event_active(t->readable, EV_READ, 0);
}

void tee_drop(struct tee_output *o)
{
	struct tee *t = o->tee;

	free_output(o);
	if (t->started)
		event_active(t->readable, EV_READ, 0);
}

void tee_start(struct tee *t)
{
	struct timeval second = { 1, 0 };

	t->started = true;
	t->came = now();
	event_add(t->timer, &second);
	event_active(t->readable, EV_READ, 0);
}
