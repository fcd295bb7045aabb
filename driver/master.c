// SPDX-License-Identifier: GPL-2.0-only
/* /dev/bproc-master: bpmaster and the messages from nodes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "arrival.h"
#include "control.h"
#include "cred.h"
#include "daemon.h"
#include "device.h"
#include "family.h"
#include "ghost.h"
#include "iod.h"
#include "node.h"
#include "serve.h"
#include "signals.h"
#include "space.h"
#include "tid.h"
#include "transfer.h"
#include "transit.h"
#include "usage.h"

static int master_open(struct inode *inode, struct file *file)
{
	struct bproc_space *s;
	int err = -ENOMEM;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	s = bproc_space_alloc();
	if (!s)
		return -ENOMEM;
	s->nodes = bproc_nodes_alloc();
	if (s->nodes)
		err = bproc_space_publish(s, BPROC_NODE_MASTER);
	if (err) {
		bproc_space_put(s);
		return err;
	}
	file->private_data = s;
	return stream_open(inode, file);
}

static int master_release(struct inode *inode, struct file *file)
{
	struct bproc_space *s = file->private_data;

	bproc_space_shutdown(s);
	bproc_nodes_down(s);
	bproc_space_put(s);
	return 0;
}

static void reply_fork(struct bproc_space *s, const struct bproc_msg *m, pid_t pid, int result)
{
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_FORKED, m->node, pid, 0, GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = m->id;
	buf->msg.result = result;
	bproc_msgq_post(&s->msgq, buf);
}

static int handle_fork(struct bproc_space *s, struct bproc_ghost *g, const struct bproc_msg *m,
		       const struct bproc_msg_fork *body)
{
	int ret;

	if (body->flags & ~(BPROC_FORK_THREAD | BPROC_FORK_SIBLING))
		return -EINVAL;
	if (body->flags & BPROC_FORK_THREAD) {
		ret = bproc_tid_alloc(s, m->node);
		reply_fork(s, m, max(ret, 0), min(ret, 0));
		return 0;
	}
	ret = bproc_ghost_order_fork(g, m->id, body->flags);
	if (ret)
		reply_fork(s, m, 0, -EAGAIN);
	return 0;
}

static int handle_name(struct bproc_ghost *g, const struct bproc_msg *m,
		       const struct bproc_msg_name *body)
{
	struct bproc_name *name;

	if (body->args_len > BPROC_ARGS_MAX ||
	    body->args_len != m->size - sizeof(*m) - sizeof(*body))
		return -EINVAL;
	name = kzalloc(struct_size(name, args, body->args_len), GFP_KERNEL_ACCOUNT);
	if (!name)
		return -ENOMEM;
	strscpy(name->comm, body->comm, min(sizeof(name->comm), sizeof(body->comm)));
	name->executed = true;
	name->args_len = body->args_len;
	memcpy(name->args, body + 1, body->args_len);
	bproc_ghost_set_name(g, name);
	return 0;
}

static int handle_ids(struct bproc_ghost *g, const struct bproc_msg_ids *ids)
{
	bool setsid = ids->session == g->nr && ids->pgrp == g->nr &&
		      task_session_nr_ns(g->task, g->space->ns) != g->nr;

	if (ids->pgrp <= 0)
		return -EINVAL;
	return bproc_ghost_order_ids(g, setsid ? 0 : ids->pgrp);
}

static void show_usage(struct bproc_ghost *g, const struct bproc_rusage *usage)
{
	if (READ_ONCE(g->task))
		bproc_usage_set(g->task, usage);
}

/* Of one that moved meanwhile it may come too late. */
static void handle_usage(struct bproc_space *s, const struct bproc_msg *m)
{
	const struct bproc_msg_usage *u = (const void *)(m + 1);
	size_t n = (m->size - sizeof(*m)) / sizeof(*u);
	struct bproc_ghost *g;

	for (; n; n--, u++) {
		g = bproc_ghost_find(s, u->pid);
		if (g && g->node == m->node)
			show_usage(g, &u->usage);
		bproc_ghost_put(g);
	}
}

static void say_foreign(const struct bproc_msg *m)
{
	pr_notice_ratelimited("node %d speaks (message type %u) for process %d, which is not there\n",
			      m->node, m->type, m->pid);
}

/* Is it known to be another's? One that is nowhere may have ended just now. */
static bool is_anothers(struct bproc_space *s, const struct bproc_msg *m)
{
	struct bproc_ghost *g = bproc_ghost_find(s, m->pid);
	struct task_struct *task;
	bool ret;

	if (g) {
		spin_lock(&g->lock);
		ret = g->node != m->node && !(g->in_transit && g->transit_to == m->node);
		spin_unlock(&g->lock);
		bproc_ghost_put(g);
		return ret;
	}
	if (bproc_ghost_was_killed(s, m))
		return false;
	task = bproc_space_task(s, m->pid);
	if (!task)
		return bproc_tid_is_any(s, m->pid);
	ret = !(READ_ONCE(task->flags) & PF_EXITING);
	put_task_struct(task);
	return ret;
}

/* Nobody had use for a message. Return: 0 if that can be, or -ESRCH. */
static int unused(struct bproc_space *s, const struct bproc_msg *m)
{
	if (!is_anothers(s, m))
		return 0;
	say_foreign(m);
	return -ESRCH;
}

/* Messages about a process: only of the node where it is. */
static int handle_process(struct bproc_space *s, struct bproc_ghost *g,
			  const struct bproc_msg *m)
{
	const void *body = m + 1;
	const struct bproc_msg_exit *e = body;

	switch (m->type) {
	case BPROC_MSG_FORK:
		return handle_fork(s, g, m, body);
	case BPROC_MSG_UNFORK:
		bproc_ghost_end(g, 0);
		return 0;
	case BPROC_MSG_EXIT:
		show_usage(g, &e->usage);
		if (!(e->flags & BPROC_EXIT_REAPED)) {
			bproc_iod_end_ghost(s, g, e->status & 0xffff);
			return 0;
		}
		if (READ_ONCE(g->task))
			bproc_child_was_reaped(s, g->task);
		/* Nobody is left who could take it for the end of the output. */
		bproc_ghost_end(g, e->status & 0xffff);
		return 0;
	case BPROC_MSG_STOPPED:
		if (m->result < 0 || !valid_signal(m->result))
			return -EINVAL;
		bproc_ghost_stopped(g, m->result);
		return 0;
	case BPROC_MSG_NAME:
		return handle_name(g, m, body);
	case BPROC_MSG_CRED:
		return bproc_cred_heard(g, body, m->size - sizeof(*m));
	case BPROC_MSG_IDS:
		bproc_tell_watchers_ids(s, g->task, body, m->node);
		return handle_ids(g, body);
	}
	return -EINVAL;
}

static int find_and_handle_process(struct bproc_space *s, const struct bproc_msg *m)
{
	struct bproc_ghost *g = bproc_ghost_find(s, m->pid);
	int err;

	if (g && g->node == m->node) {
		err = handle_process(s, g, m);
	} else if (m->type == BPROC_MSG_FORK) {
		/* Its parent ended meanwhile, by a signal that is on its way there. */
		reply_fork(s, m, 0, -EAGAIN);
		err = 0;
	} else if ((!g && bproc_ghost_was_killed(s, m)) ||
		   (m->type == BPROC_MSG_IDS && !bproc_child_ids(s, m))) {
		err = 0;
	} else {
		say_foreign(m);
		err = -ESRCH;
	}
	bproc_ghost_put(g);
	return err;
}

static const u16 body_size[] = {
	[BPROC_MSG_ARRIVED] = 0,
	[BPROC_MSG_GO] = 0,
	[BPROC_MSG_ABORT] = 0,
	[BPROC_MSG_SIGNAL] = sizeof(struct bproc_msg_signal),
	[BPROC_MSG_FORK] = sizeof(struct bproc_msg_fork),
	[BPROC_MSG_UNFORK] = 0,
	[BPROC_MSG_EXIT] = sizeof(struct bproc_msg_exit),
	[BPROC_MSG_THREAD_EXIT] = 0,
	[BPROC_MSG_STOPPED] = 0,
	[BPROC_MSG_NAME] = sizeof(struct bproc_msg_name),
	[BPROC_MSG_USAGE] = 0,
	[BPROC_MSG_IDS] = sizeof(struct bproc_msg_ids),
	[BPROC_MSG_CALL] = sizeof(struct bproc_msg_call),
	[BPROC_MSG_WATCH] = 0,
	[BPROC_MSG_REAPED] = 0,
	[BPROC_MSG_MIGRATED] = sizeof(struct bproc_msg_migrated),
	[BPROC_MSG_CRED] = sizeof(struct bproc_msg_cred),
};

static int master_message(struct bproc_space *s, const struct bproc_msg *m)
{
	if (m->type == BPROC_MSG_CONTROLLED) {
		bproc_control_answered(s, m);
		return 0;
	}
	if (m->type >= ARRAY_SIZE(body_size) || m->size - sizeof(*m) < body_size[m->type])
		return -EINVAL;
	/* bpmaster itself: an entry of a vector call that was to stay here. */
	if (m->type == BPROC_MSG_ARRIVED && m->node == BPROC_NODE_MASTER) {
		bproc_transfer_answered(s, m);
		return 0;
	}
	if (!bproc_node_connected(s, m->node))
		return -BPROC_BE_NODEDOWN;
	switch (m->type) {
	case BPROC_MSG_ARRIVED:
		if (!bproc_transit_message(s, m))
			bproc_transfer_arrived(s, m);
		return 0;
	case BPROC_MSG_GO:
	case BPROC_MSG_ABORT:
		return bproc_transit_message(s, m) || bproc_arrival_word(s, m) ? 0 : unused(s, m);
	case BPROC_MSG_SIGNAL:
		return bproc_deliver_signal(s, m->pid, (const void *)(m + 1));
	case BPROC_MSG_THREAD_EXIT:
		return bproc_tid_free(s, m->node, m->pid) ? 0 : unused(s, m);
	case BPROC_MSG_CALL:
		return bproc_serve_call(s, m) ? unused(s, m) : 0;
	case BPROC_MSG_MIGRATED:
		if (bproc_control_answered(s, m))
			return 0;
		say_foreign(m);
		return -ESRCH;
	case BPROC_MSG_USAGE:
		handle_usage(s, m);
		return 0;
	case BPROC_MSG_WATCH:
		return bproc_watch(s, m);
	case BPROC_MSG_REAPED:
		return bproc_child_reaped(s, m) ? unused(s, m) : 0;
	case BPROC_MSG_UNFORK:
		/* A thread's number, or a process. */
		if (bproc_tid_free(s, m->node, m->pid))
			return 0;
		break;
	}
	return find_and_handle_process(s, m);
}

static ssize_t master_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	return bproc_daemon_write(file->private_data, from, len, master_message);
}

static long master_ioctl(struct file *file, unsigned int cmd, unsigned long uarg)
{
	struct bproc_space *s = file->private_data;
	void __user *from = (void __user *)uarg;
	struct bproc_master_setup setup;
	struct bproc_node_state state;
	struct bproc_stream_fd stream;
	struct bproc_transit transit;

	switch (cmd) {
	case BPROC_IOC_MASTER_SETUP:
		if (copy_from_user(&setup, from, sizeof(setup)))
			return -EFAULT;
		if (setup.reserved)
			return -EINVAL;
		return bproc_nodes_resize(s, setup.nodes);
	case BPROC_IOC_NODE_STATE:
		if (copy_from_user(&state, from, sizeof(state)))
			return -EFAULT;
		return bproc_node_set_state(s, &state);
	case BPROC_IOC_TRANSIT:
		if (copy_from_user(&transit, from, sizeof(transit)))
			return -EFAULT;
		if (transit.reserved)
			return -EINVAL;
		return bproc_transit_start(s, &transit);
	case BPROC_IOC_STREAM:
	case BPROC_IOC_ARRIVAL:
		if (copy_from_user(&stream, from, sizeof(stream)))
			return -EFAULT;
		if (cmd == BPROC_IOC_STREAM)
			return bproc_transfer_give_stream(s, &stream);
		return bproc_arrival_stream(s, &stream);
	}
	return -ENOTTY;
}

const struct file_operations bproc_master_fops = {
	.owner = THIS_MODULE,
	.open = master_open,
	.release = master_release,
	.read = bproc_daemon_read,
	.write = master_write,
	.poll = bproc_daemon_poll,
	.unlocked_ioctl = master_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
