// SPDX-License-Identifier: GPL-2.0-only
/* Tracepoints: births, programs and ends of a node's processes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/tracepoint.h>
#include <linux/wait_bit.h>

#include "cred.h"
#include "family.h"
#include "ghost.h"
#include "kcompat.h"
#include "proc.h"
#include "space.h"
#include "trace.h"
#include "usage.h"

static atomic_t pending_works = ATOMIC_INIT(0);

/* See trace.h. Any context. */
void bproc_trace_get(void)
{
	atomic_inc(&pending_works);
}

/* What bproc_trace_get() announced is over. Any context. */
void bproc_trace_put(void)
{
	if (atomic_dec_and_test(&pending_works))
		wake_up_var(&pending_works);
}

/* In an RCU read section of the probe the space needs no reference. */
static struct bproc_space *space_of(struct task_struct *task)
{
	struct pid_namespace *ns = task_active_pid_ns(task);

	return ns ? bproc_space_of_rcu(ns) : NULL;
}

static struct bproc_space *node_of(struct task_struct *task)
{
	struct bproc_space *s = space_of(task);

	return s && !bproc_is_master(s) ? s : NULL;
}

static void child_is_born(struct bproc_space *s, struct task_struct *child)
{
	bool wrong = false;
	unsigned long flags;
	struct bproc_proc *p;

	xa_lock_irqsave(&s->procs, flags);
	p = xa_load(&s->procs, child->pid);
	if (p && !p->born) {
		p->born = true;
		wrong = p->thread == thread_group_leader(child);
	}
	xa_unlock_irqrestore(&s->procs, flags);
	/* Its system call's arguments changed under our hands. */
	if (wrong)
		send_sig(SIGKILL, child, 1);
}

static void on_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct bproc_space *s;

	rcu_read_lock();
	s = node_of(child);
	if (s)
		child_is_born(s, child);
	rcu_read_unlock();
}

/* Does nobody here but the node's init or a stand-in wait for it? */
static bool parent_elsewhere(struct bproc_space *s, struct task_struct *task)
{
	struct task_struct *parent;
	bool ret;

	rcu_read_lock();
	parent = rcu_dereference(task->group_leader->real_parent);
	ret = bproc_task_is_init(parent) || bproc_task_is_ghost(s, parent);
	rcu_read_unlock();
	return ret;
}

/*
 * Called for each thread; the process ends with the last one. Its status and usage are
 * known now. The master is told at once if its parent is there or elsewhere; if the
 * parent is here, when that has taken the zombie away: till then the number is in use.
 * The master tells nodes that have a ghost of it.
 */
static void process_ends(struct bproc_space *s, struct task_struct *task)
{
	struct signal_struct *sig = task->signal;
	struct bproc_msg_exit *body;
	struct bproc_rusage usage;
	unsigned long flags;
	struct bproc_proc *p;
	int status;
	bool now;

	/* One that is found too late, is found to be ending: see add_watcher(). */
	if (atomic_read(&sig->live) || !xa_load(&s->procs, task->tgid))
		return;
	status = bproc_exit_status(task);
	bproc_usage_get(task, &usage);
	now = parent_elsewhere(s, task);
	if (bproc_is_master(s))
		status = bproc_ghost_status(s, task, status);
	xa_lock_irqsave(&s->procs, flags);
	p = xa_load(&s->procs, task->tgid);
	/* Before 6.17 two threads that end at once may both look like the last. */
	if (p && !p->exited && bproc_is_master(s)) {
		bproc_watched_ends(s, p, status, &usage);
	} else if (p && !p->exited && p->exit_msg) {
		p->exited = true;
		if (p->ghost) {
			p->unwaited |= now;
		} else {
			body = (struct bproc_msg_exit *)p->exit_msg->body;
			body->status = status;
			body->usage = usage;
			if (now)
				bproc_proc_tell_exit(s, p);
		}
	}
	xa_unlock_irqrestore(&s->procs, flags);
	/* Did a ghost become the parent meanwhile? It saw, or we see: bproc_family_settle(). */
	if (now && !parent_elsewhere(s, task))
		bproc_proc_set_waited(s, task->tgid, true);
}

static void thread_ends(struct task_struct *task)
{
	struct bproc_space *s;

	rcu_read_lock();
	s = space_of(task);
	if (s)
		process_ends(s, task);
	rcu_read_unlock();
}

#if BPROC_SCHED_EXIT_HAS_GROUP_DEAD
static void on_exit(void *data, struct task_struct *task, bool group_dead)
{
	if (group_dead)
		thread_ends(task);
}
#else
static void on_exit(void *data, struct task_struct *task)
{
	thread_ends(task);
}
#endif

/*
 * From RCU, when a task is gone for good and its number is free. Its namespace may be
 * gone as well, so all spaces are asked.
 */
static void on_free(void *data, struct task_struct *task)
{
	bproc_spaces_for_each(bproc_proc_freed, task);
}

/**
 * bproc_tell_name - the caller executes another program
 * @s: its node
 */
void bproc_tell_name(struct bproc_space *s)
{
	struct bproc_name *name = bproc_name_of_current();
	struct bproc_msg_name *body;
	struct bproc_msgbuf *buf;

	if (!name)
		return;
	buf = bproc_msg_alloc(BPROC_MSG_NAME, s->node, task_tgid_nr_ns(current, s->ns),
			      sizeof(*body) + name->args_len, GFP_KERNEL);
	if (buf) {
		body = (void *)buf->body;
		memcpy(body->comm, name->comm, sizeof(body->comm));
		body->args_len = name->args_len;
		memcpy(body + 1, name->args, name->args_len);
		bproc_msgq_post(&s->msgq, buf);
	}
	kfree(name);
}

struct exec_work {
	struct callback_head work;
	bool by_thread;
};

/* In the new program, before its first instruction. */
static void exec_work(struct callback_head *work)
{
	struct exec_work *w = container_of(work, struct exec_work, work);
	struct bproc_space *s = bproc_space_current();

	/* A task that ends before it returns to user mode comes here without its memory. */
	if (s && current->mm) {
		bproc_tell_name(s);
		/* A thread may have had others than the process that it is now. */
		if (w->by_thread)
			bproc_cred_tell(s);
	}
	kfree(w);
	bproc_space_put(s);
	bproc_trace_put();
}

static bool is_on_node(struct task_struct *task)
{
	struct bproc_space *s;
	bool ret;

	rcu_read_lock();
	s = node_of(task);
	ret = s && bproc_proc_is_here(s, task->tgid);
	rcu_read_unlock();
	return ret;
}

static void on_exec(void *data, struct task_struct *task, pid_t old_pid,
		    struct linux_binprm *bprm)
{
	struct exec_work *w;

	if (!is_on_node(task))
		return;
	/* Without memory ps(1) on the master goes on showing the old name. */
	w = kmalloc(sizeof(*w), GFP_ATOMIC);
	if (!w)
		return;
	init_task_work(&w->work, exec_work);
	w->by_thread = old_pid != task->pid;
	bproc_trace_get();
	if (task_work_add(task, &w->work, TWA_RESUME)) {
		kfree(w);
		bproc_trace_put();
	}
}

static struct probe {
	const char *name;
	void *func;
	struct tracepoint *tp;
	bool on;
} probes[] = {
	{ "sched_process_fork", on_fork },
	{ "sched_process_exec", on_exec },
	{ "sched_process_exit", on_exit },
	{ "sched_process_free", on_free },
};

static void find_tracepoint(struct tracepoint *tp, void *data)
{
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
}

/**
 * bproc_trace_init - hear of births, programs and ends
 *
 * Return: 0 or -errno.
 */
int bproc_trace_init(void)
{
	int i, err;

	for_each_kernel_tracepoint(find_tracepoint, NULL);
	for (i = 0; i < (int)ARRAY_SIZE(probes); i++) {
		err = -ENOENT;
		if (probes[i].tp)
			err = tracepoint_probe_register(probes[i].tp, probes[i].func, NULL);
		if (err) {
			pr_err("cannot use tracepoint %s (error %d)\n", probes[i].name, -err);
			bproc_trace_exit();
			return err;
		}
		probes[i].on = true;
	}
	return 0;
}

/* At unload: also waits until no task runs, or will run, code of ours. */
void bproc_trace_exit(void)
{
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(probes); i++) {
		if (probes[i].on)
			tracepoint_probe_unregister(probes[i].tp, probes[i].func, NULL);
		probes[i].on = false;
	}
	tracepoint_synchronize_unregister();
	wait_var_event(&pending_works, !atomic_read(&pending_works));
	/* The last of them may still be in its last instructions. */
	synchronize_rcu_tasks();
}
