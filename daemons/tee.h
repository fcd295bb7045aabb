/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying one stream to many, while it comes. All outputs go on together: what the
 * slowest has not taken yet is kept, up to a bound, and then the input waits. An output
 * that takes nothing for too long is cut off.
 */
#ifndef BPROC_TEE_H
#define BPROC_TEE_H

#include <stdbool.h>
#include <event2/event.h>
#include "link.h"

struct tee;
struct tee_output;

/* @whole: it got everything there was; else it is cut off. @sent: bytes. It is gone then.
 */
typedef void tee_ended(void *arg, bool whole, unsigned long long sent);

/* All outputs have ended. The tee is gone then. */
typedef void tee_done(void *arg);

/* Reads from @fd, which it owns. NULL: out of memory, @fd is closed. */
struct tee *tee_new(struct event_base *base, int fd, tee_done *done, void *arg);

/*
 * An output that is connected later. @limit: seconds that it may take nothing. @who: the
 * stream begins with struct bproc_stream, and this output is for that process; NULL: it
 * gets the stream as it is. NULL: out of memory. Only before tee_start().
 */
struct tee_output *tee_add(struct tee *t, unsigned int limit,
			   const struct bproc_vector_entry *who, tee_ended *ended,
			   void *arg);

/* Writes to @fd from now on, which it owns. */
void tee_connect(struct tee_output *o, int fd);

/* Ends an output, without calling back. */
void tee_drop(struct tee_output *o);

/* Calls back from the event loop only. */
void tee_start(struct tee *t);

#endif
