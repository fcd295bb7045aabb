/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The administrator's script for a node that has just come.
 */
#ifndef BPROC_NODEUP_H
#define BPROC_NODEUP_H

#include <stdbool.h>
#include <event2/event.h>

struct nodeup;

/* @ok: the script exited with 0, or there is none. */
typedef void nodeup_done(void *arg, bool ok);

/*
 * Runs "@script NUMBER" with its output in /var/log/bproc/node.NUMBER. Without a script
 * @done is called before this returns NULL. After NULL @done has been called always.
 */
struct nodeup *nodeup_start(struct event_base *base, const char *script, int number,
			    nodeup_done *done, void *arg);

/* Ends the script without calling back; NULL is fine. */
void nodeup_cancel(struct nodeup *n);

/* To be called at SIGCHLD. */
void nodeup_reap(void);

#endif
