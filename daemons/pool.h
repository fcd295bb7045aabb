/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Idle streams of one direction that wait to be used, and moves that wait for one.
 */
#ifndef BPROC_POOL_H
#define BPROC_POOL_H

#include <event2/event.h>
#include "link.h"

struct pool;

/*
 * @fd: a blocking descriptor that carries the image, the preface is written; the
 * callee's. Or -errno: there was none in time (-ETIMEDOUT) or the pool ended (-EPIPE).
 */
typedef void pool_got(void *arg, int fd);

/* Called when fewer streams are there than are wanted: @waiting moves wait for one. */
typedef void pool_low(void *arg, unsigned int waiting);

/*
 * A pool in which nobody waits for more than @timeout seconds; @low may be NULL. NULL if
 * out of memory.
 */
struct pool *pool_new(struct event_base *base, unsigned int timeout, pool_low *low,
		      void *arg);

/* Ends the pool; whoever waits gets -EPIPE. */
void pool_free(struct pool *pool);

/* Adds an idle stream, which becomes the pool's. */
void pool_add(struct pool *pool, int fd);

/* Closes all idle streams; who waits goes on waiting. */
void pool_drop_idle(struct pool *pool);

unsigned int pool_idle(const struct pool *pool);

/* Asks for a stream that begins with @preface; @got may be called before this returns. */
void pool_get(struct pool *pool, const struct link_preface *preface, pool_got *got,
	      void *arg);

#endif
