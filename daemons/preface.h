/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for the preface of streams that the other side will put to use.
 */
#ifndef BPROC_PREFACE_H
#define BPROC_PREFACE_H

#include <sys/queue.h>
#include <event2/event.h>
#include "link.h"

TAILQ_HEAD(prefaces, preface);

/*
 * @preface: as the other side wrote it, with @fd, blocking again and the callee's; or
 * NULL: the stream ended before it was used.
 */
typedef void preface_got(void *arg, const struct link_preface *preface, int fd);

/*
 * Waits for the preface on @fd, which is owned, for as long as it is on @list, but not for
 * @seconds without a byte; 0: for ever.
 */
int preface_wait(struct event_base *base, struct prefaces *list, int fd,
		 unsigned int seconds, preface_got *got, void *arg);

unsigned int preface_count(const struct prefaces *list);

/* Closes all, without calling back. */
void preface_close_all(struct prefaces *list);

#endif
