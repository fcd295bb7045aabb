// SPDX-License-Identifier: GPL-2.0-only
/* /dev/bproc-slave: bpslave and the messages from the master. */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "arrival.h"
#include "call.h"
#include "daemon.h"
#include "device.h"
#include "family.h"
#include "hook.h"
#include "iod.h"
#include "migrate.h"
#include "notifier.h"
#include "orphan.h"
#include "pidhook.h"
#include "proc.h"
#include "report.h"
#include "signals.h"
#include "space.h"
#include "standin.h"
#include "transfer.h"

/* How often the master hears what its processes used. */
#define REPORT_INTERVAL HZ

static void report(struct work_struct *work)
{
	struct bproc_space *s = container_of(work, struct bproc_space, report.work);

	bproc_procs_report(s);
	bproc_standins_dismiss(s);
	schedule_delayed_work(&s->report, REPORT_INTERVAL);
}

static int slave_open(struct inode *inode, struct file *file)
{
	struct bproc_space *s;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	s = bproc_space_alloc();
	if (!s)
		return -ENOMEM;
	INIT_DELAYED_WORK(&s->report, report);
	file->private_data = s;
	return stream_open(inode, file);
}

static int slave_setup(struct bproc_space *s, const struct bproc_slave_setup *setup)
{
	struct file *stub = NULL;
	int err;

	if (setup->node < 0 || setup->node >= BPROC_NODES_MAX)
		return -EINVAL;
	/* The namespace must be nothing but the node's. */
	if (!is_child_reaper(task_tgid(current)) || s->ns == &init_pid_ns)
		return -EINVAL;
	if (setup->stub)
		stub = fget(setup->stub);
	if (setup->stub && !stub)
		return -EBADF;
	err = bproc_findhook_set();
	/* Nothing needs it before somebody arrives, and till then this call is over. */
	if (!err)
		err = bproc_space_publish(s, setup->node);
	if (!err) {
		s->stub = stub;
		schedule_delayed_work(&s->report, REPORT_INTERVAL);
	} else if (stub) {
		fput(stub);
	}
	return err;
}

static int slave_release(struct inode *inode, struct file *file)
{
	struct bproc_space *s = file->private_data;

	cancel_delayed_work_sync(&s->report);
	bproc_space_shutdown(s);
	bproc_space_put(s);
	return 0;
}

/*
 * A signal for a process that has just left goes back, to be sent where it is now; with what
 * the master said of whom it is meant for, as somebody else may have the number by then.
 */
static int deliver(struct bproc_space *s, const struct bproc_msg *m)
{
	const struct bproc_msg_signal *sig = (const void *)(m + 1);
	struct bproc_msgbuf *buf;
	int err;

	err = bproc_deliver_signal(s, m->pid, sig);
	if (err != -ESRCH)
		return err;
	buf = bproc_msg_alloc(BPROC_MSG_SIGNAL, BPROC_NODE_MASTER, m->pid, sizeof(*sig),
			      GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	memcpy(buf->body, sig, sizeof(*sig));
	bproc_msgq_post(&s->msgq, buf);
	return 0;
}

static int slave_message(struct bproc_space *s, const struct bproc_msg *m)
{
	if (READ_ONCE(s->node) == BPROC_NODE_NONE)
		return -EINVAL;
	switch (m->type) {
	case BPROC_MSG_ARRIVED:
		bproc_transfer_arrived(s, m);
		return 0;
	case BPROC_MSG_GO:
	case BPROC_MSG_ABORT:
		bproc_arrival_word(s, m);
		return 0;
	case BPROC_MSG_SIGNAL:
		if (m->size < sizeof(*m) + sizeof(struct bproc_msg_signal))
			return -EINVAL;
		return deliver(s, m);
	case BPROC_MSG_FORKED:
		bproc_fork_answered(s, m);
		return 0;
	case BPROC_MSG_RESULT:
		bproc_call_answered(s, m);
		return 0;
	case BPROC_MSG_CHANGED:
		bproc_changes_note(s->changes);
		return 0;
	case BPROC_MSG_IDS:
		if (m->size < sizeof(*m) + sizeof(struct bproc_msg_ids))
			return -EINVAL;
		return bproc_proc_set_group(s, m->pid, (const void *)(m + 1));
	case BPROC_MSG_EXIT:
		if (m->size < sizeof(*m) + sizeof(struct bproc_msg_exit))
			return -EINVAL;
		return bproc_watched_ended(s, m);
	case BPROC_MSG_STOPPED:
		return bproc_watched_stopped(s, m);
	case BPROC_MSG_MIGRATE:
		if (m->size < sizeof(*m) + sizeof(struct bproc_msg_migrate))
			return -EINVAL;
		bproc_migrate_here(s, m);
		return 0;
	case BPROC_MSG_PARENT:
		return bproc_orphan_here(s, m->pid, m->result);
	}
	return -EINVAL;
}

static ssize_t slave_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	return bproc_daemon_write(file->private_data, from, len, slave_message);
}

static long slave_ioctl(struct file *file, unsigned int cmd, unsigned long uarg)
{
	struct bproc_space *s = file->private_data;
	void __user *from = (void __user *)uarg;
	struct bproc_slave_setup setup;
	struct bproc_stream_fd stream;

	if (task_active_pid_ns(current) != s->ns)
		return -EINVAL;
	if (cmd == BPROC_IOC_SLAVE_SETUP) {
		if (copy_from_user(&setup, from, sizeof(setup)))
			return -EFAULT;
		return slave_setup(s, &setup);
	}
	if (READ_ONCE(s->node) == BPROC_NODE_NONE)
		return -EINVAL;
	switch (cmd) {
	case BPROC_IOC_STREAM:
	case BPROC_IOC_ARRIVAL:
		if (copy_from_user(&stream, from, sizeof(stream)))
			return -EFAULT;
		if (cmd == BPROC_IOC_STREAM)
			return bproc_transfer_give_stream(s, &stream);
		return bproc_arrival_stream(s, &stream);
	case BPROC_IOC_STANDIN:
		return bproc_standin_become(s);
	case BPROC_IOC_ARRIVE_IO:
		return bproc_iod_arrive(s, from);
	case BPROC_IOC_ARRIVE:
		if (is_child_reaper(task_tgid(current)))
			return -EINVAL;
		return bproc_arrive(s, NULL, from);
	}
	return -ENOTTY;
}

const struct file_operations bproc_slave_fops = {
	.owner = THIS_MODULE,
	.open = slave_open,
	.release = slave_release,
	.read = bproc_daemon_read,
	.write = slave_write,
	.poll = bproc_daemon_poll,
	.unlocked_ioctl = slave_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
