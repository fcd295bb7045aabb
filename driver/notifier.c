// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors that become readable when a node's state changes. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "node.h"
#include "space.h"

struct notifier {
	struct bproc_nodes *nodes;
	u64 seen;
};

static bool notifier_ready(struct notifier *n)
{
	bool ready;

	spin_lock(&n->nodes->lock);
	ready = n->nodes->changes != n->seen || n->nodes->gone;
	spin_unlock(&n->nodes->lock);
	return ready;
}

static __poll_t notifier_poll(struct file *file, poll_table *pt)
{
	struct notifier *n = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &n->nodes->wait, pt);
	if (notifier_ready(n))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(n->nodes->gone))
		mask |= EPOLLHUP;
	return mask;
}

static ssize_t notifier_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	struct notifier *n = file->private_data;
	u64 changes;
	bool gone;
	int err;

	if (len < sizeof(changes))
		return -EINVAL;
	if (!notifier_ready(n)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(n->nodes->wait, notifier_ready(n));
		if (err)
			return err;
	}
	spin_lock(&n->nodes->lock);
	gone = n->nodes->gone && n->nodes->changes == n->seen;
	changes = n->nodes->changes;
	n->seen = changes;
	spin_unlock(&n->nodes->lock);
	if (gone)
		return 0;
	if (copy_to_user(to, &changes, sizeof(changes)))
		return -EFAULT;
	return sizeof(changes);
}

static int notifier_release(struct inode *inode, struct file *file)
{
	struct notifier *n = file->private_data;

	bproc_nodes_free(n->nodes);
	kfree(n);
	return 0;
}

static const struct file_operations notifier_fops = {
	.owner = THIS_MODULE,
	.poll = notifier_poll,
	.read = notifier_read,
	.release = notifier_release,
	.llseek = noop_llseek,
};

/**
 * bproc_notifier_open - BPROC_IOC_NOTIFY
 * @master: the master's space
 *
 * Return: a new descriptor, or -errno.
 */
int bproc_notifier_open(struct bproc_space *master)
{
	struct notifier *n = kzalloc(sizeof(*n), GFP_KERNEL_ACCOUNT);
	int fd;

	if (!n)
		return -ENOMEM;
	n->nodes = master->nodes;
	kref_get(&n->nodes->ref);
	spin_lock(&n->nodes->lock);
	n->seen = n->nodes->changes;
	spin_unlock(&n->nodes->lock);
	fd = anon_inode_getfd("[bproc-notifier]", &notifier_fops, n, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		bproc_nodes_free(n->nodes);
		kfree(n);
	}
	return fd;
}
