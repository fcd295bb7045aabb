// SPDX-License-Identifier: GPL-2.0-only
/*
 * What setsid(2) and setpgid(2) did to a process on a node is told to the master, and what
 * setpgid(2) did to a ghost to the node. The hook sees the kernel change a number; when its
 * caller returns to user mode the change is done, and is told before the caller can do
 * anything that depends on it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "family.h"
#include "ghost.h"
#include "hook.h"
#include "kcompat.h"
#include "ksyms.h"
#include "proc.h"
#include "space.h"
#include "trace.h"

struct ids_work {
	struct callback_head work;
	struct bproc_space *space;
	struct pid *pid;
};

/* Is it one whose numbers another machine has to know, and which? */
static bool is_shared(struct bproc_space *s, struct task_struct *task, int *node)
{
	struct bproc_ghost *g;
	bool ret;

	if (!bproc_is_master(s)) {
		/* One that is still arriving is not known there by this number. */
		*node = s->node;
		return bproc_proc_is_here(s, task->pid) || bproc_proc_is_childs(s, task->pid);
	}
	g = bproc_ghost_find(s, task_tgid_nr_ns(task, s->ns));
	/* What a ghost does itself it was told to. */
	ret = g && g->task == task && task != current;
	if (ret)
		*node = READ_ONCE(g->node);
	bproc_ghost_put(g);
	return ret;
}

/* A ghost does what was told already. */
static void tell_watchers(struct bproc_space *s, struct task_struct *task)
{
	struct bproc_msg_ids ids = {
		.pgrp = task_pgrp_nr_ns(task, s->ns),
		.session = task_session_nr_ns(task, s->ns),
	};

	if (task != current || !bproc_task_is_ghost(s, task))
		bproc_tell_watchers_ids(s, task, &ids, BPROC_NODE_ANY);
}

static void tell_ids(struct callback_head *work)
{
	struct ids_work *w = container_of(work, struct ids_work, work);
	struct task_struct *task = get_pid_task(w->pid, PIDTYPE_TGID);
	struct bproc_space *s = w->space;
	struct bproc_msgbuf *buf = NULL;
	struct bproc_msg_ids *ids;
	int node;

	if (task && is_shared(s, task, &node)) {
		buf = bproc_msg_alloc(BPROC_MSG_IDS, node, task_tgid_nr_ns(task, s->ns),
				      sizeof(*ids), GFP_KERNEL | __GFP_NOFAIL);
		ids = (void *)buf->body;
		ids->pgrp = task_pgrp_nr_ns(task, s->ns);
		ids->session = task_session_nr_ns(task, s->ns);
	}
	if (task && bproc_is_master(s))
		tell_watchers(s, task);
	if (task)
		put_task_struct(task);
	if (buf)
		bproc_msgq_post(&s->msgq, buf);
	put_pid(w->pid);
	bproc_space_put(s);
	kfree(w);
	bproc_trace_put();
}

/* tasklist_lock is held, interrupts are off. */
static void notrace on_change_pid(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *op, struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct task_struct *task;
	struct bproc_space *s;
	struct ids_work *w;

	if (within_module(parent_ip, THIS_MODULE))
		return;
	rcu_read_lock();
	s = bproc_space_of_rcu(task_active_pid_ns(current));
	if (s && !kref_get_unless_zero(&s->ref))
		s = NULL;
	rcu_read_unlock();
	if (!s)
		return;
	task = (void *)(BPROC_CHANGE_PID_COLLECTS ? regs->si : regs->di);
	/* Without memory ps(1) on the master goes on showing the old numbers. */
	w = kmalloc(sizeof(*w), GFP_ATOMIC);
	if (!w) {
		bproc_space_put(s);
		return;
	}
	init_task_work(&w->work, tell_ids);
	w->space = s;
	w->pid = get_pid(task_tgid(task));
	bproc_trace_get();
	if (task_work_add(current, &w->work, TWA_RESUME)) {
		put_pid(w->pid);
		kfree(w);
		bproc_space_put(s);
		bproc_trace_put();
	}
}

static struct ftrace_ops hook = {
	.func = on_change_pid,
	.flags = BPROC_HOOK_FLAGS,
};

/**
 * bproc_idhook_init - set the hook, at load
 *
 * Return: 0 or -errno.
 */
int bproc_idhook_init(void)
{
	return bproc_hook_register(&hook, bproc_ksym_address("change_pid"), "change_pid");
}

/* At unload; work that is under way is waited for by bproc_trace_exit(). */
void bproc_idhook_exit(void)
{
	bproc_hook_unregister(&hook);
}
