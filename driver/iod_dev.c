// SPDX-License-Identifier: GPL-2.0-only
/* /dev/bproc-iod: the I/O daemon's file, and the messages to it. */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"
#include "iod.h"
#include "space.h"

/* --- the object --- */

static void iod_free(struct kref *ref)
{
	struct bproc_iod *iod = container_of(ref, struct bproc_iod, ref);

	bproc_space_put(iod->space);
	kfree(iod);
}

/**
 * bproc_iod_put - give a reference of bproc_iod_of() back
 * @iod: the daemon
 */
void bproc_iod_put(struct bproc_iod *iod)
{
	kref_put(&iod->ref, iod_free);
}

/**
 * bproc_iod_of - the I/O daemon of a space
 * @s: the space
 *
 * Return: it, with a reference for bproc_iod_put(), or NULL.
 */
struct bproc_iod *bproc_iod_of(struct bproc_space *s)
{
	struct bproc_iod *iod;

	spin_lock(&s->lock);
	iod = s->iod;
	if (iod)
		kref_get(&iod->ref);
	spin_unlock(&s->lock);
	return iod;
}

static bool iod_closed(struct bproc_iod *iod)
{
	bool ret;

	spin_lock(&iod->lock);
	ret = iod->closed;
	spin_unlock(&iod->lock);
	return ret;
}

/**
 * bproc_io_files_put - let go of up to three files
 * @file: three of them, or NULL in places; all NULL afterwards
 */
void bproc_io_files_put(struct file **file)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (file[i])
			fput(file[i]);
		file[i] = NULL;
	}
}

/**
 * bproc_io_msg_alloc - a message with a zeroed body and no files
 * @type: BPROC_MSG_IO_*
 * @node: node it is about
 * @pid: process it is about
 * @id: of the header
 * @body: bytes behind the header
 * @gfp: how to allocate
 *
 * Return: the message, for bproc_iod_post() or bproc_io_msg_free(), or NULL.
 */
struct bproc_io_msg *bproc_io_msg_alloc(u16 type, int node, pid_t pid, u64 id, size_t body,
					gfp_t gfp)
{
	struct bproc_io_msg *m = kzalloc(sizeof(*m), gfp);

	if (!m)
		return NULL;
	m->msg.head.size = sizeof(m->msg.head) + body;
	m->msg.head.type = type;
	m->msg.head.node = node;
	m->msg.head.pid = pid;
	m->msg.head.id = id;
	return m;
}

/**
 * bproc_io_msg_free - drop a message that was not posted
 * @m: the message; its files go too
 */
void bproc_io_msg_free(struct bproc_io_msg *m)
{
	bproc_io_files_put(m->file);
	kfree(m);
}

/**
 * bproc_iod_post - append a message; the queue owns it and its files then
 * @iod: the daemon
 * @m: the message
 *
 * Return: false if the daemon is gone, the message too.
 */
bool bproc_iod_post(struct bproc_iod *iod, struct bproc_io_msg *m)
{
	bool closed;

	bproc_msg_trace("out", &m->msg.head);
	spin_lock(&iod->lock);
	closed = iod->closed;
	if (!closed)
		list_add_tail(&m->entry, &iod->msgs);
	spin_unlock(&iod->lock);
	if (closed)
		bproc_io_msg_free(m);
	else
		wake_up_interruptible(&iod->wait);
	return !closed;
}

/* --- the device --- */

/* No work from now on, and nobody waits any longer. */
static void iod_stop(struct bproc_iod *iod)
{
	struct bproc_io_msg *m, *next;
	unsigned long request;
	LIST_HEAD(drop);

	spin_lock(&iod->lock);
	iod->closed = true;
	list_splice_init(&iod->msgs, &drop);
	spin_unlock(&iod->lock);
	wake_up_all(&iod->wait);
	list_for_each_entry_safe(m, next, &drop, entry)
		bproc_io_msg_free(m);
	for (request = 0; xa_find(&iod->makes, &request, ULONG_MAX, XA_PRESENT); request++)
		bproc_iod_made(iod, request, NULL, -ENOTCONN);
	bproc_iod_flushes_end(iod, true);
}

/**
 * bproc_iod_shutdown - the space is dead, so its I/O daemon has nothing to do
 * @s: the space
 */
void bproc_iod_shutdown(struct bproc_space *s)
{
	struct bproc_iod *iod = bproc_iod_of(s);

	if (!iod)
		return;
	iod_stop(iod);
	bproc_iod_put(iod);
}

static void late(struct work_struct *work)
{
	struct bproc_iod *iod = container_of(to_delayed_work(work), struct bproc_iod, late);

	if (bproc_iod_flushes_end(iod, false))
		schedule_delayed_work(&iod->late, HZ);
}

/**
 * bproc_iod_watch - something waits for the daemon and has a deadline
 * @iod: the daemon
 * @delay: when to look, in jiffies from now
 */
void bproc_iod_watch(struct bproc_iod *iod, unsigned long delay)
{
	spin_lock(&iod->lock);
	/* Not after the release has cancelled it. */
	if (!iod->closed)
		schedule_delayed_work(&iod->late, delay);
	spin_unlock(&iod->lock);
}

static int iod_open(struct inode *inode, struct file *file)
{
	struct bproc_iod *iod;
	struct bproc_space *s;
	int err = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	s = bproc_space_current();
	if (!s)
		return -ENOSYS;
	iod = kzalloc(sizeof(*iod), GFP_KERNEL_ACCOUNT);
	if (!iod) {
		bproc_space_put(s);
		return -ENOMEM;
	}
	kref_init(&iod->ref);
	iod->space = s;
	spin_lock_init(&iod->lock);
	INIT_LIST_HEAD(&iod->msgs);
	init_waitqueue_head(&iod->wait);
	xa_init(&iod->makes);
	xa_init(&iod->flushes);
	INIT_DELAYED_WORK(&iod->late, late);

	/* One for each part of the process space; pairs with bproc_space_shutdown(). */
	spin_lock(&s->lock);
	if (s->dead)
		err = -ENOSYS;
	else if (s->iod)
		err = -EBUSY;
	else
		s->iod = iod;
	spin_unlock(&s->lock);
	if (err) {
		bproc_iod_put(iod);
		return err;
	}
	file->private_data = iod;
	return stream_open(inode, file);
}

static int iod_release(struct inode *inode, struct file *file)
{
	struct bproc_iod *iod = file->private_data;
	struct bproc_space *s = iod->space;

	spin_lock(&s->lock);
	s->iod = NULL;
	spin_unlock(&s->lock);
	iod_stop(iod);
	cancel_delayed_work_sync(&iod->late);
	bproc_iod_put(iod);
	return 0;
}

static struct bproc_io_msg *take_msg(struct bproc_iod *iod)
{
	struct bproc_io_msg *m;

	spin_lock(&iod->lock);
	m = list_first_entry_or_null(&iod->msgs, struct bproc_io_msg, entry);
	if (m)
		list_del(&m->entry);
	spin_unlock(&iod->lock);
	return m;
}

static void put_back(struct bproc_iod *iod, struct bproc_io_msg *m)
{
	bool closed;

	spin_lock(&iod->lock);
	closed = iod->closed;
	if (!closed)
		list_add(&m->entry, &iod->msgs);
	spin_unlock(&iod->lock);
	if (closed)
		bproc_io_msg_free(m);
}

/* A daemon without room for descriptors still has to know that they were sent. */
static void reserve_fds(struct bproc_io_msg *m)
{
	struct bproc_msg_io_take *take = &m->msg.take;
	int i, fd;

	for (i = 0; i < 3; i++)
		take->fd[i] = -1;
	for (i = 0; i < 3; i++) {
		if (!m->file[i])
			continue;
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0) {
			m->msg.head.result = fd;
			break;
		}
		take->fd[i] = fd;
	}
	for (i = 0; m->msg.head.result && i < 3; i++) {
		if (take->fd[i] >= 0)
			put_unused_fd(take->fd[i]);
		take->fd[i] = -1;
	}
}

static void use_fds(struct bproc_io_msg *m, bool install)
{
	int i, fd;

	for (i = 0; i < 3; i++) {
		fd = m->msg.take.fd[i];
		if (fd < 0)
			continue;
		if (!install) {
			put_unused_fd(fd);
			continue;
		}
		fd_install(fd, m->file[i]);
		m->file[i] = NULL;
	}
}

static ssize_t iod_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	struct bproc_iod *iod = file->private_data;
	struct bproc_io_msg *m;
	ssize_t ret;
	bool take;

	if (len < BPROC_MSG_MAX)
		return -EMSGSIZE;
	while (!(m = take_msg(iod))) {
		if (iod_closed(iod))
			return -ESHUTDOWN;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(iod->wait, !list_empty_careful(&iod->msgs) ||
								  iod_closed(iod));
		if (ret)
			return ret;
	}
	take = m->msg.head.type == BPROC_MSG_IO_TAKE || m->msg.head.type == BPROC_MSG_IO_LEAVE;
	m->msg.head.result = 0;
	if (take)
		reserve_fds(m);
	ret = m->msg.head.size;
	if (copy_to_user(to, &m->msg, ret)) {
		if (take)
			use_fds(m, false);
		put_back(iod, m);
		return -EFAULT;
	}
	if (take)
		use_fds(m, true);
	bproc_io_msg_free(m);
	return ret;
}

static __poll_t iod_poll(struct file *file, poll_table *pt)
{
	struct bproc_iod *iod = file->private_data;

	poll_wait(file, &iod->wait, pt);
	return !list_empty_careful(&iod->msgs) || iod_closed(iod) ? EPOLLIN | EPOLLRDNORM : 0;
}

static long give_ends(struct bproc_iod *iod, const struct bproc_io_ends __user *uarg)
{
	struct file *file[3] = { NULL };
	struct bproc_io_ends arg;
	long err = 0;
	int i;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.result > 0 || arg.result < -MAX_ERRNO)
		return -EINVAL;
	for (i = 0; !arg.result && !err && i < 3; i++) {
		file[i] = arg.fd[i] == BPROC_IO_KEEP ? NULL : fget(arg.fd[i]);
		if (!file[i] && arg.fd[i] != BPROC_IO_KEEP)
			err = -EBADF;
	}
	if (!err && bproc_iod_made(iod, arg.request, file, arg.result))
		return 0;
	bproc_io_files_put(file);
	return err ? err : -ENOENT;
}

static long iod_ioctl(struct file *file, unsigned int cmd, unsigned long uarg)
{
	struct bproc_iod *iod = file->private_data;
	void __user *from = (void __user *)uarg;
	u64 request;

	switch (cmd) {
	case BPROC_IOC_IO_ENDS:
		return give_ends(iod, from);
	case BPROC_IOC_IO_FLUSHED:
		if (copy_from_user(&request, from, sizeof(request)))
			return -EFAULT;
		return bproc_iod_flushed(iod, request);
	}
	return -ENOTTY;
}

const struct file_operations bproc_iod_fops = {
	.owner = THIS_MODULE,
	.open = iod_open,
	.release = iod_release,
	.read = iod_read,
	.poll = iod_poll,
	.unlocked_ioctl = iod_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
