/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev/bproc, for one call.
 *
 * A process that moved has none of its descriptors any more, and another file may have
 * the number. So the library keeps no descriptor: it opens the device for each call,
 * and closes only what still is the device.
 */
#ifndef BPROC_HANDLE_H
#define BPROC_HANDLE_H

#include <linux/bproc.h>

/* A descriptor, or -1 with errno: ENOSYS when the driver is not loaded. */
int handle_open(void);

/* Keeps errno. */
void handle_close(int fd);

/* Opens, calls, closes. */
int handle_ioctl(unsigned long request, void *arg);

#endif
