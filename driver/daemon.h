/* SPDX-License-Identifier: GPL-2.0-only */
/* What the devices of both daemons have in common: reading and writing messages. */
#ifndef BPROC_DAEMON_H
#define BPROC_DAEMON_H

#include <linux/bproc_msg.h>
#include <linux/fs.h>
#include <linux/poll.h>

struct bproc_space;

ssize_t bproc_daemon_read(struct file *file, char __user *to, size_t len, loff_t *pos);
__poll_t bproc_daemon_poll(struct file *file, poll_table *pt);
ssize_t bproc_daemon_write(struct bproc_space *s, const char __user *from, size_t len,
			   int (*handle)(struct bproc_space *s, const struct bproc_msg *m));

#endif
