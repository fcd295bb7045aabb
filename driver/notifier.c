// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors that become readable when a node's state changes. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "notifier.h"

/*
 * How often a node's state has changed, as far as this kernel knows; notifiers outlive the
 * space that it belongs to.
 */
struct bproc_changes {
	struct kref ref;
	spinlock_t lock;
	u64 count;
	bool gone;
	wait_queue_head_t wait;
};

struct notifier {
	struct bproc_changes *changes;
	u64 seen;
};

/**
 * bproc_changes_alloc - a counter of changes
 *
 * Return: it, for bproc_changes_end(), or NULL.
 */
struct bproc_changes *bproc_changes_alloc(void)
{
	struct bproc_changes *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);

	if (!c)
		return NULL;
	kref_init(&c->ref);
	spin_lock_init(&c->lock);
	init_waitqueue_head(&c->wait);
	return c;
}

static void changes_release(struct kref *ref)
{
	kfree(container_of(ref, struct bproc_changes, ref));
}

/**
 * bproc_changes_put - the space is freed
 * @c: its counter, or NULL
 */
void bproc_changes_put(struct bproc_changes *c)
{
	if (c)
		kref_put(&c->ref, changes_release);
}

/**
 * bproc_changes_note - a node's state changed
 * @c: the counter
 */
void bproc_changes_note(struct bproc_changes *c)
{
	spin_lock(&c->lock);
	c->count++;
	spin_unlock(&c->lock);
	wake_up_interruptible(&c->wait);
}

/**
 * bproc_changes_end - nobody will tell of changes any more
 * @c: the counter
 */
void bproc_changes_end(struct bproc_changes *c)
{
	WRITE_ONCE(c->gone, true);
	bproc_changes_note(c);
}

static bool notifier_ready(struct notifier *n)
{
	bool ready;

	spin_lock(&n->changes->lock);
	ready = n->changes->count != n->seen || n->changes->gone;
	spin_unlock(&n->changes->lock);
	return ready;
}

static __poll_t notifier_poll(struct file *file, poll_table *pt)
{
	struct notifier *n = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &n->changes->wait, pt);
	if (notifier_ready(n))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(n->changes->gone))
		mask |= EPOLLHUP;
	return mask;
}

static ssize_t notifier_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	struct notifier *n = file->private_data;
	u64 count;
	bool gone;
	int err;

	if (len < sizeof(count))
		return -EINVAL;
	if (!notifier_ready(n)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(n->changes->wait, notifier_ready(n));
		if (err)
			return err;
	}
	spin_lock(&n->changes->lock);
	gone = n->changes->gone && n->changes->count == n->seen;
	count = n->changes->count;
	n->seen = count;
	spin_unlock(&n->changes->lock);
	if (gone)
		return 0;
	if (copy_to_user(to, &count, sizeof(count)))
		return -EFAULT;
	return sizeof(count);
}

static int notifier_release(struct inode *inode, struct file *file)
{
	struct notifier *n = file->private_data;

	bproc_changes_put(n->changes);
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
 * @c: what to tell of
 * @flags: O_CLOEXEC or 0
 *
 * Return: a new descriptor, or -errno.
 */
int bproc_notifier_open(struct bproc_changes *c, int flags)
{
	struct notifier *n = kzalloc(sizeof(*n), GFP_KERNEL_ACCOUNT);
	int fd;

	if (!n)
		return -ENOMEM;
	n->changes = c;
	kref_get(&c->ref);
	spin_lock(&c->lock);
	n->seen = c->count;
	spin_unlock(&c->lock);
	fd = anon_inode_getfd("[bproc-notifier]", &notifier_fops, n, O_RDONLY | flags);
	if (fd < 0) {
		bproc_changes_put(c);
		kfree(n);
	}
	return fd;
}
