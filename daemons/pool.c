// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>
#include "pool.h"

struct idle {
	TAILQ_ENTRY(idle) entry;
	struct pool *pool;
	struct event *ev;
	int fd;
};

struct waiter {
	TAILQ_ENTRY(waiter) entry;
	struct pool *pool;
	struct event *timer;
	struct link_preface preface;
	pool_got *got;
	void *arg;
};

struct pool {
	struct event_base *base;
	TAILQ_HEAD(, idle) idle;
	TAILQ_HEAD(, waiter) waiters;
	unsigned int idle_count;
	unsigned int waiting;
	unsigned int timeout;
	pool_low *low;
	void *arg;
};

static void drop_idle(struct idle *i)
{
	TAILQ_REMOVE(&i->pool->idle, i, entry);
	i->pool->idle_count--;
	event_free(i->ev);
	free(i);
}

static void drop_waiter(struct waiter *w)
{
	TAILQ_REMOVE(&w->pool->waiters, w, entry);
	w->pool->waiting--;
	if (w->timer)
		event_free(w->timer);
	free(w);
}

static void answer(struct waiter *w, int fd)
{
	pool_got *got = w->got;
	void *arg = w->arg;

	drop_waiter(w);
	got(arg, fd);
}

/* An idle stream has nothing to say: that it is readable means that it ended. */
static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	struct idle *i = arg;
	struct pool *pool = i->pool;

	(void)what;
	drop_idle(i);
	close((int)fd);
	if (pool->low)
		pool->low(pool->arg, pool->waiting);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	answer(arg, -ETIMEDOUT);
}

/* False: the stream has died meanwhile. */
static bool put_to_use(int fd, const struct link_preface *preface)
{
	int flags = fcntl(fd, F_GETFL);
	char c;

	if (recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		return false;
	if (send(fd, preface, sizeof(*preface), MSG_NOSIGNAL | MSG_DONTWAIT) !=
	    (ssize_t)sizeof(*preface))
		return false;
	/* the driver wants to wait for the other end, not to be told EAGAIN */
	return flags >= 0 && !fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static void serve(struct pool *pool)
{
	while (!TAILQ_EMPTY(&pool->waiters) && !TAILQ_EMPTY(&pool->idle)) {
		struct waiter *w = TAILQ_FIRST(&pool->waiters);
		struct idle *i = TAILQ_FIRST(&pool->idle);
		int fd = i->fd;

		drop_idle(i);
		if (put_to_use(fd, &w->preface))
			answer(w, fd);
		else
			close(fd);
	}
}

struct pool *pool_new(struct event_base *base, unsigned int timeout, pool_low *low,
		      void *arg)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->base = base;
	pool->timeout = timeout;
	pool->low = low;
	pool->arg = arg;
	TAILQ_INIT(&pool->idle);
	TAILQ_INIT(&pool->waiters);
	return pool;
}

void pool_drop_idle(struct pool *pool)
{
	while (!TAILQ_EMPTY(&pool->idle)) {
		close(TAILQ_FIRST(&pool->idle)->fd);
		drop_idle(TAILQ_FIRST(&pool->idle));
	}
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pool->low = NULL;
	pool_drop_idle(pool);
	while (!TAILQ_EMPTY(&pool->waiters))
		answer(TAILQ_FIRST(&pool->waiters), -EPIPE);
	free(pool);
}

void pool_add(struct pool *pool, int fd)
{
	struct idle *i = calloc(1, sizeof(*i));

	if (i)
		i->ev = event_new(pool->base, fd, EV_READ, on_idle, i);
	if (!i || !i->ev || event_add(i->ev, NULL)) {
		if (i && i->ev)
			event_free(i->ev);
		free(i);
		close(fd);
		return;
	}
	i->pool = pool;
	i->fd = fd;
	TAILQ_INSERT_TAIL(&pool->idle, i, entry);
	pool->idle_count++;
	serve(pool);
}

unsigned int pool_idle(const struct pool *pool)
{
	return pool->idle_count;
}

void pool_get(struct pool *pool, const struct link_preface *preface, pool_got *got,
	      void *arg)
{
	struct timeval limit = { pool->timeout, 0 };
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w) {
		got(arg, -ENOMEM);
		return;
	}
	w->pool = pool;
	w->preface = *preface;
	w->got = got;
	w->arg = arg;
	w->timer = evtimer_new(pool->base, on_timeout, w);
	TAILQ_INSERT_TAIL(&pool->waiters, w, entry);
	pool->waiting++;
	if (!w->timer || evtimer_add(w->timer, &limit)) {
		answer(w, -ENOMEM);
		return;
	}
	serve(pool);
	/* Also when it was served: what was taken is to be replaced. */
	if (pool->low)
		pool->low(pool->arg, pool->waiting);
}
