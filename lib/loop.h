/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemons' event loops have priorities. What is not set has the middle one.
 */
#ifndef BPROC_LOOP_H
#define BPROC_LOOP_H

#include <event2/event.h>

#define LOOP_DRIVER 0 /* the driver's messages */
#define LOOP_BULK 2   /* handshakes and relayed images: much work, no hurry */
#define LOOP_PRIORITIES 3

/* NULL: no memory. */
struct event_base *loop_new(void);

#endif
