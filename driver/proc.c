// SPDX-License-Identifier: GPL-2.0-only
/* The processes and threads of the process space that run on this node. */
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "family.h"
#include "ghost.h"
#include "ksyms.h"
#include "proc.h"
#include "signals.h"
#include "space.h"

/**
 * bproc_proc_alloc - an entry with all that its end will need
 * @s: the node
 * @nr: PID in the process space
 * @key: PID in the initial namespace
 * @thread: not a process of its own
 *
 * Return: the entry or NULL.
 */
struct bproc_proc *bproc_proc_alloc(struct bproc_space *s, pid_t nr, pid_t key, bool thread)
{
	struct bproc_proc *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);

	if (!p)
		return NULL;
	p->nr = nr;
	p->key = key;
	p->thread = thread;
	if (bproc_is_master(s))
		return p;
	if (thread)
		p->exit_msg = bproc_msg_alloc(BPROC_MSG_THREAD_EXIT, s->node, nr, 0,
					      GFP_KERNEL_ACCOUNT);
	else
		p->exit_msg = bproc_msg_alloc(BPROC_MSG_EXIT, s->node, nr,
					      sizeof(struct bproc_msg_exit),
					      GFP_KERNEL_ACCOUNT);
	if (!thread)
		p->reaped_msg = bproc_msg_alloc(BPROC_MSG_REAPED, s->node, nr, 0,
						GFP_KERNEL_ACCOUNT);
	if (!p->exit_msg || (!thread && !p->reaped_msg)) {
		bproc_proc_free(p);
		return NULL;
	}
	return p;
}

/**
 * bproc_proc_free - an entry that is not in the table
 * @p: the entry, or NULL
 */
void bproc_proc_free(struct bproc_proc *p)
{
	if (p) {
		bproc_watchers_free(p);
		bproc_msg_free(p->exit_msg);
		bproc_msg_free(p->reaped_msg);
		kfree(p);
	}
}

/* Return: 0, -ENOMEM, or -EEXIST. The table owns the entry then. */
int bproc_proc_insert(struct bproc_space *s, struct bproc_proc *p)
{
	int err = xa_insert_irq(&s->procs, p->key, p, GFP_KERNEL_ACCOUNT);

	return err == -EBUSY ? -EEXIST : err;
}

static bool entry_is(struct bproc_space *s, pid_t key, bool (*what)(const struct bproc_proc *p))
{
	unsigned long flags;
	struct bproc_proc *p;
	bool ret;

	xa_lock_irqsave(&s->procs, flags);
	p = xa_load(&s->procs, key);
	ret = p && what(p);
	xa_unlock_irqrestore(&s->procs, flags);
	return ret;
}

static bool is_any(const struct bproc_proc *p)
{
	return true;
}

static bool runs_here(const struct bproc_proc *p)
{
	return !p->exited && !p->moved;
}

static bool is_ghost(const struct bproc_proc *p)
{
	return p->ghost;
}

static bool is_over(const struct bproc_proc *p)
{
	return p->ghost || p->exited;
}

static bool is_awaited(const struct bproc_proc *p)
{
	return p->watchers && !p->reaped;
}

static bool has_left(const struct bproc_proc *p)
{
	return p->moved && !p->ghost;
}

/**
 * bproc_proc_is_known - has the process an entry?
 * @s: the space
 * @key: its PID in the initial namespace
 */
bool bproc_proc_is_known(struct bproc_space *s, pid_t key)
{
	return entry_is(s, key, is_any);
}

/**
 * bproc_proc_is_here - is it a process that runs on this node?
 * @s: the node
 * @key: its PID in the initial namespace
 */
bool bproc_proc_is_here(struct bproc_space *s, pid_t key)
{
	return entry_is(s, key, runs_here);
}

/**
 * bproc_proc_is_childs - is it a ghost for which its parent here may wait?
 * @s: the node
 * @key: its PID in the initial namespace
 */
bool bproc_proc_is_childs(struct bproc_space *s, pid_t key)
{
	return entry_is(s, key, is_ghost);
}

/**
 * bproc_proc_is_over - has its end been told, or will it be?
 * @s: the space
 * @key: its PID in the initial namespace
 *
 * Asked about a child for which the parent need not wait: a ghost of it on a node will
 * hear of its end, if it did not yet.
 */
bool bproc_proc_is_over(struct bproc_space *s, pid_t key)
{
	return entry_is(s, key, is_over);
}

/**
 * bproc_proc_is_awaited - has its parent, on a node, still to wait for it?
 * @s: the master
 * @key: its PID in the initial namespace
 */
bool bproc_proc_is_awaited(struct bproc_space *s, pid_t key)
{
	return entry_is(s, key, is_awaited);
}

/**
 * bproc_proc_was_here - has a process ended here, and the master may not know?
 * @s: the node
 * @nr: its PID
 */
bool bproc_proc_was_here(struct bproc_space *s, pid_t nr)
{
	struct bproc_proc *p;
	unsigned long key, flags;
	bool ret = false;

	xa_lock_irqsave(&s->procs, flags);
	xa_for_each(&s->procs, key, p) {
		ret = p->nr == nr && p->exited && !p->moved;
		if (ret)
			break;
	}
	xa_unlock_irqrestore(&s->procs, flags);
	return ret;
}

/* @key: a PID in the initial namespace */
static bool is_own_thread(pid_t key)
{
	struct task_struct *task;
	bool ret;

	rcu_read_lock();
	task = pid_task(find_pid_ns(key, &init_pid_ns), PIDTYPE_PID);
	ret = task && same_thread_group(task, current);
	rcu_read_unlock();
	return ret;
}

/**
 * bproc_proc_discard_unborn - forget a process that the caller's fork did not make after all
 * @s: the node
 * @key: its PID in the initial namespace
 * @nr: its PID in the space; another may have @key by now
 *
 * Return: true if there was such an entry.
 */
bool bproc_proc_discard_unborn(struct bproc_space *s, pid_t key, pid_t nr)
{
	struct bproc_proc *p;

	xa_lock_irq(&s->procs);
	p = xa_load(&s->procs, key);
	if (p && p->nr != nr)
		p = NULL;
	/* The tracepoint of forks is not told of io_uring's threads. */
	if (p && !p->born)
		p->born = p->thread && is_own_thread(key);
	if (p && !p->born)
		__xa_erase(&s->procs, key);
	else
		p = NULL;
	xa_unlock_irq(&s->procs);
	bproc_proc_free(p);
	return p != NULL;
}

/* What is to be said at the very end is said. The table is locked. */
static void post_exit(struct bproc_space *s, struct bproc_proc *p)
{
	struct bproc_msgbuf *buf = p->exit_msg;
	bool silent = p->ghost || p->told ? p->unwaited || !p->exited : p->moved;

	lockdep_assert_held(&s->procs.xa_lock);
	p->exit_msg = NULL;
	if (buf && !silent)
		bproc_msgq_post(&s->msgq, buf);
	else
		bproc_msg_free(buf);
}

/**
 * bproc_proc_tell_exit - a process ends for whom nobody here waits
 * @s: the node; its table is locked
 * @p: the process's entry
 *
 * Unless a parent arrives at this moment, and finds it: see bproc_proc_set_waited().
 */
void bproc_proc_tell_exit(struct bproc_space *s, struct bproc_proc *p)
{
	post_exit(s, p);
	p->exit_msg = p->reaped_msg;
	p->reaped_msg = NULL;
	p->told = true;
	p->unwaited = true;
}

/**
 * bproc_proc_set_waited - has who takes a process or a ghost away waited for it?
 * @s: the node
 * @key: its PID in the initial namespace
 * @waited: a parent that is a process here has, or will have
 */
void bproc_proc_set_waited(struct bproc_space *s, pid_t key, bool waited)
{
	unsigned long flags;
	struct bproc_proc *p;

	xa_lock_irqsave(&s->procs, flags);
	p = xa_load(&s->procs, key);
	if (p)
		p->unwaited = !waited;
	xa_unlock_irqrestore(&s->procs, flags);
}

/* Who takes the zombie away has waited for it: nobody else needs to know. */
static void mark_reaped(struct bproc_proc *p)
{
	if (!p->thread && !p->ghost && !p->told && !p->unwaited && p->exited && p->exit_msg)
		((struct bproc_msg_exit *)p->exit_msg->body)->flags = BPROC_EXIT_REAPED;
}

/**
 * bproc_exit_status - how a process ended, whose last thread is in do_exit() or beyond
 * @task: one of its threads
 *
 * Return: as wait4(2) has it.
 */
int bproc_exit_status(const struct task_struct *task)
{
	return task->signal->flags & SIGNAL_GROUP_EXIT ? task->signal->group_exit_code :
							 task->group_leader->exit_code;
}

/**
 * bproc_proc_freed - a task of this kernel is gone for good
 * @s: a space, which may or may not be the task's
 * @task: the task; only its numbers may be looked at
 *
 * Called from softirq.
 */
void bproc_proc_freed(struct bproc_space *s, struct task_struct *task)
{
	struct bproc_proc *p;
	unsigned long flags;

	xa_lock_irqsave(&s->procs, flags);
	p = xa_load(&s->procs, task->pid);
	if (p && p->born) {
		__xa_erase(&s->procs, task->pid);
		mark_reaped(p);
		post_exit(s, p);
	} else {
		p = NULL;
	}
	xa_unlock_irqrestore(&s->procs, flags);
	bproc_proc_free(p);
}

static int join(struct bproc_space *s, struct task_struct *task, enum pid_type type, pid_t nr)
{
	return nr > 0 ? bproc_change_pid(task, type, s->ns, nr) : 0;
}

/**
 * bproc_proc_join - put the caller into the session and group of the arriving process
 * @s: the node
 * @session: session in the process space; 0 if it has none there
 * @pgrp: process group likewise
 *
 * Return: 0 or -ESRCH if the daemon made no stand-in for one of them.
 */
int bproc_proc_join(struct bproc_space *s, pid_t session, pid_t pgrp)
{
	struct task_struct *parent;
	int err;

	err = join(s, current, PIDTYPE_SID, session);
	if (!err)
		err = join(s, current, PIDTYPE_PGID, pgrp);
	if (err || session == task_tgid_nr_ns(current, s->ns))
		return err;
	/*
	 * A group without a parent in its session, but outside of it, is an orphaned one,
	 * which does not stop by SIGTSTP: the parent's stand-in is that parent.
	 */
	rcu_read_lock();
	parent = rcu_dereference(current->real_parent);
	get_task_struct(parent);
	rcu_read_unlock();
	/* A ghost that its own parent here would miss is in the session that it is in. */
	if (bproc_task_is_ghost(s, parent) && !bproc_proc_is_childs(s, parent->tgid))
		err = join(s, parent, PIDTYPE_SID, session);
	put_task_struct(parent);
	return err;
}

/**
 * bproc_proc_place - put the ghost of a child into the session and group of the child
 * @s: the node
 * @task: the ghost
 * @session: its session
 * @pgrp: its group
 *
 * Where nothing here has the number of one of them it stays in that of the caller.
 */
void bproc_proc_place(struct bproc_space *s, struct task_struct *task, pid_t session,
		      pid_t pgrp)
{
	join(s, task, PIDTYPE_SID, session);
	join(s, task, PIDTYPE_PGID, pgrp);
}

/**
 * bproc_proc_set_group - BPROC_MSG_IDS: the ghost was put into another process group
 * @s: the node
 * @nr: the process
 * @ids: its group
 *
 * Return: 0, -ESRCH if the process is not here, -ENOENT if nothing here has the number of
 * the group.
 */
int bproc_proc_set_group(struct bproc_space *s, pid_t nr, const struct bproc_msg_ids *ids)
{
	struct task_struct *task = bproc_space_task(s, nr);
	int err = -ESRCH;

	if (!task)
		return err;
	if (ids->pgrp <= 0)
		err = -EINVAL;
	else if (thread_group_leader(task) && (bproc_proc_is_here(s, task->pid) ||
					       bproc_proc_is_childs(s, task->pid)))
		err = join(s, task, PIDTYPE_PGID, ids->pgrp) ? -ENOENT : 0;
	/* What setsid(2) did to a child elsewhere. */
	if (!err && ids->session == nr && bproc_proc_is_childs(s, task->pid))
		join(s, task, PIDTYPE_SID, nr);
	put_task_struct(task);
	return err;
}

/**
 * bproc_proc_join_group - a process of the master is put into another process group
 * @s: the master
 * @task: the process
 * @pgrp: the group
 *
 * Return: 0 or -ESRCH.
 */
int bproc_proc_join_group(struct bproc_space *s, struct task_struct *task, pid_t pgrp)
{
	return join(s, task, PIDTYPE_PGID, pgrp);
}

/**
 * bproc_proc_moved - the caller lives elsewhere from now on
 * @s: the node
 *
 * Its end here is no event, and signals that came too late follow it.
 */
void bproc_proc_moved(struct bproc_space *s)
{
	pid_t nr = task_tgid_nr_ns(current, s->ns);
	kernel_siginfo_t info;
	struct bproc_proc *p;

	/* Pairs with bproc_proc_signal(): what came before it is in the queue. */
	spin_lock(&s->lock);
	xa_lock_irq(&s->procs);
	p = xa_load(&s->procs, current->tgid);
	if (p)
		p->moved = true;
	xa_unlock_irq(&s->procs);
	spin_unlock(&s->lock);
	while (bproc_take_signal(&info))
		bproc_forward_signal(s, BPROC_NODE_MASTER, nr, &info, BPROC_SIGNAL_OWN);
}

/**
 * bproc_proc_left - is what is here of a process nothing but its end?
 * @s: the space
 * @key: its PID in the initial namespace
 */
bool bproc_proc_left(struct bproc_space *s, pid_t key)
{
	return entry_is(s, key, has_left);
}

/**
 * bproc_proc_signal - send a signal to a process, unless it has just left
 * @s: the space
 * @task: the process
 * @info: the signal
 * @type: PIDTYPE_TGID, or PIDTYPE_PID: for this thread alone
 *
 * A task that ends takes signals, and nobody ever sees them.
 *
 * Return: 0, -ESRCH, or any other error of sending.
 */
int bproc_proc_signal(struct bproc_space *s, struct task_struct *task,
		      struct kernel_siginfo *info, enum pid_type type)
{
	int err = -ESRCH;

	spin_lock(&s->lock);
	if (!bproc_proc_left(s, task->tgid))
		err = ks_do_send_sig_info(info->si_signo, info, task, type);
	spin_unlock(&s->lock);
	return err;
}

/* In place of what there is for the same task. Return: 0; -ENOMEM, and @p is gone. */
static int replace_entry(struct bproc_space *s, struct bproc_proc *p)
{
	struct bproc_proc *old = xa_store_irq(&s->procs, p->key, p, GFP_KERNEL_ACCOUNT);
	int err = xa_err(old);

	bproc_proc_free(err ? p : old);
	return err;
}

/**
 * bproc_proc_enter - the caller has arrived, and is a process of this node
 * @s: the node
 * @nr: its PID
 *
 * Return: 0 or -ENOMEM.
 */
int bproc_proc_enter(struct bproc_space *s, pid_t nr)
{
	struct bproc_proc *p = bproc_proc_alloc(s, nr, current->tgid, false);

	if (!p)
		return -ENOMEM;
	p->born = true;
	/* Where a ghost of it stood there is an entry already. */
	return replace_entry(s, p);
}

/**
 * bproc_proc_ghost - a process is a ghost from now on, for which its parent here may wait
 * @s: the node
 * @task: the process: the caller, or a child of it
 *
 * Return: 0 or -ENOMEM.
 */
int bproc_proc_ghost(struct bproc_space *s, struct task_struct *task)
{
	struct bproc_proc *p = bproc_proc_alloc(s, task_tgid_nr_ns(task, s->ns), task->tgid,
						false);

	if (!p)
		return -ENOMEM;
	p->born = true;
	p->moved = true;
	p->ghost = true;
	p->exit_msg->msg.type = BPROC_MSG_REAPED;
	return replace_entry(s, p);
}

/* What bproc_proc_ghost() did to the caller did not come to be. */
void bproc_proc_unghost(struct bproc_space *s)
{
	struct bproc_proc *p;

	xa_lock_irq(&s->procs);
	p = xa_load(&s->procs, current->tgid);
	if (p && p->ghost) {
		p->moved = false;
		p->ghost = false;
		p->exit_msg->msg.type = BPROC_MSG_EXIT;
	}
	xa_unlock_irq(&s->procs);
}

/**
 * bproc_proc_report_lost - a process was killed before the other side let it run
 * @s: where it was to run
 * @nr: its PID
 */
void bproc_proc_report_lost(struct bproc_space *s, pid_t nr)
{
	struct bproc_msgbuf *buf;

	if (bproc_is_master(s))
		return;
	buf = bproc_msg_alloc(BPROC_MSG_EXIT, s->node, nr, sizeof(struct bproc_msg_exit),
			      GFP_KERNEL | __GFP_NOFAIL);
	((struct bproc_msg_exit *)buf->body)->status = SIGKILL;
	bproc_msgq_post(&s->msgq, buf);
}

/* The node ends: nobody wants to know what becomes of its processes. */
void bproc_procs_free(struct bproc_space *s)
{
	struct bproc_proc *p;
	unsigned long key;

	xa_for_each(&s->procs, key, p) {
		xa_lock_irq(&s->procs);
		p = __xa_erase(&s->procs, key);
		xa_unlock_irq(&s->procs);
		bproc_proc_free(p);
	}
}
