/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver's device of a daemon, /dev/bproc-master or /dev/bproc-slave.
 */
#ifndef BPROC_DEVICE_H
#define BPROC_DEVICE_H

#include <event2/event.h>
#include <linux/bproc_daemon.h>
#include <linux/bproc_msg.h>

struct device;

typedef void device_message(void *arg, struct bproc_msg *msg);
/* The driver gives nothing any more; @err is -errno. */
typedef void device_broken(void *arg, int err);

/* Takes over @fd. Messages come to @message. NULL: out of memory. */
struct device *device_new(struct event_base *base, int fd, device_message *message,
			  device_broken *broken, void *arg);
void device_free(struct device *dev);

/* Takes all that the driver has to say now, out of turn; not from its callbacks. */
void device_catch_up(struct device *dev);

/* Gives a message to the driver; 0 or -errno. */
int device_write(struct device *dev, const struct bproc_msg *msg);

int device_fd(const struct device *dev);

/* abi of struct bproc_version, from /dev/bproc; 0 or -errno. */
int device_abi(__u32 *abi);

/* Name of a driver's or daemons' message type. */
const char *device_type_name(unsigned int type);

#endif
