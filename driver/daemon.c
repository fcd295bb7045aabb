// SPDX-License-Identifier: GPL-2.0-only
/* What the devices of both daemons have in common: reading and writing messages. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "daemon.h"
#include "space.h"

/**
 * bproc_daemon_read - a daemon reads one message
 * @file: its device, with the space as private data
 * @to: where the message goes
 * @len: room there, BPROC_MSG_MAX or more
 * @pos: not used
 *
 * Return: the message's length, or -errno.
 */
ssize_t bproc_daemon_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	struct bproc_space *s = file->private_data;

	return bproc_msgq_read(&s->msgq, to, len, file->f_flags & O_NONBLOCK);
}

/**
 * bproc_daemon_poll - is there a message to read? There is always room to write
 * @file: a daemon's device
 * @pt: the poller
 *
 * Return: events.
 */
__poll_t bproc_daemon_poll(struct file *file, poll_table *pt)
{
	struct bproc_space *s = file->private_data;

	poll_wait(file, &s->msgq.wait, pt);
	return EPOLLOUT | EPOLLWRNORM |
	       (bproc_msgq_pending(&s->msgq) ? EPOLLIN | EPOLLRDNORM : 0);
}

/**
 * bproc_daemon_write - take one message from a daemon
 * @s: its space
 * @from: the message
 * @len: its length
 * @handle: what to do with it; its body may be shorter than its type wants
 *
 * Return: @len, or -errno: -EINVAL if it is malformed, else what @handle said.
 */
ssize_t bproc_daemon_write(struct bproc_space *s, const char __user *from, size_t len,
			   int (*handle)(struct bproc_space *s, const struct bproc_msg *m))
{
	struct bproc_msg *m;
	int err;

	if (len < sizeof(*m) || len > BPROC_MSG_MAX)
		return -EINVAL;
	m = memdup_user(from, len);
	if (IS_ERR(m))
		return PTR_ERR(m);
	if (m->size != len || m->flags || m->reserved)
		err = -EINVAL;
	else
		err = handle(s, m);
	bproc_msg_trace(err ? "refused" : "in", m);
	kfree(m);
	return err ? err : len;
}
