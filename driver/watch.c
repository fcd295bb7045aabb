// SPDX-License-Identifier: GPL-2.0-only
/* The master's side of families on several machines: which nodes have ghosts of whom. */
#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "family.h"
#include "ghost.h"
#include "ksyms.h"
#include "proc.h"
#include "report.h"
#include "space.h"
#include "transfer.h"
#include "usage.h"

/**
 * bproc_watchers_free - with the entry of a process
 * @p: the entry
 */
void bproc_watchers_free(struct bproc_proc *p)
{
	struct bproc_watcher *w;

	while ((w = p->watchers)) {
		p->watchers = w->next;
		bproc_msg_free(w->exit_msg);
		kfree(w);
	}
}

static struct bproc_watcher *find_watcher(const struct bproc_proc *p, int node)
{
	struct bproc_watcher *w;

	for (w = p->watchers; w; w = w->next)
		if (w->node == node)
			break;
	return w;
}

static void tell_end(struct bproc_space *m, struct bproc_proc *p, struct bproc_watcher *w)
{
	struct bproc_msg_exit *body;

	if (!w->exit_msg)
		return;
	body = (struct bproc_msg_exit *)w->exit_msg->body;
	body->status = p->status;
	body->usage = p->last;
	bproc_msgq_post(&m->msgq, w->exit_msg);
	w->exit_msg = NULL;
}

/**
 * bproc_watched_ends - a process of which nodes have ghosts ends
 * @m: the master; its table of processes is locked
 * @p: the process's entry
 * @status: wait status
 * @usage: final figures
 */
void bproc_watched_ends(struct bproc_space *m, struct bproc_proc *p, int status,
			const struct bproc_rusage *usage)
{
	struct bproc_watcher *w;

	lockdep_assert_held(&m->procs.xa_lock);
	p->exited = true;
	p->status = status;
	p->last = *usage;
	for (w = p->watchers; w; w = w->next)
		tell_end(m, p, w);
}

/**
 * bproc_tell_watchers - tell those nodes that have a ghost of a process
 * @m: the master; its table of processes is locked
 * @p: the process's entry
 * @type: BPROC_MSG_*
 * @result: for the message
 */
void bproc_tell_watchers(struct bproc_space *m, struct bproc_proc *p, u16 type, int result)
{
	struct bproc_watcher *w;
	struct bproc_msgbuf *buf;

	lockdep_assert_held(&m->procs.xa_lock);
	for (w = p->watchers; w; w = w->next) {
		buf = bproc_msg_alloc(type, w->node, p->nr, 0, GFP_ATOMIC);
		if (!buf)
			return;
		buf->msg.result = result;
		bproc_msgq_post(&m->msgq, buf);
	}
}

/**
 * bproc_tell_watchers_of - the same, of a task
 * @m: the master
 * @task: the process
 * @type: BPROC_MSG_*
 * @result: for the message
 */
void bproc_tell_watchers_of(struct bproc_space *m, struct task_struct *task, u16 type,
			    int result)
{
	struct bproc_proc *p;

	xa_lock_irq(&m->procs);
	p = xa_load(&m->procs, task->tgid);
	if (p)
		bproc_tell_watchers(m, p, type, result);
	xa_unlock_irq(&m->procs);
}

/* Return: false without memory. */
static bool send_ids(struct bproc_space *m, int node, pid_t nr, const struct bproc_msg_ids *ids,
		     gfp_t gfp)
{
	struct bproc_msgbuf *buf = bproc_msg_alloc(BPROC_MSG_IDS, node, nr, sizeof(*ids), gfp);

	if (!buf)
		return false;
	memcpy(buf->body, ids, sizeof(*ids));
	bproc_msgq_post(&m->msgq, buf);
	return true;
}

static struct bproc_ghost *parents_ghost(struct bproc_space *m, struct task_struct *task)
{
	return bproc_ghost_find(m, task_ppid_nr_ns(task, m->ns));
}

/**
 * bproc_tell_watchers_ids - a process has another session or group
 * @m: the master
 * @task: the process
 * @ids: both
 * @but: a node that knows
 */
void bproc_tell_watchers_ids(struct bproc_space *m, struct task_struct *task,
			     const struct bproc_msg_ids *ids, int but)
{
	struct bproc_watcher *w;
	struct bproc_proc *p;

	xa_lock_irq(&m->procs);
	p = xa_load(&m->procs, task->tgid);
	for (w = p ? p->watchers : NULL; w; w = w->next)
		if (w->node != but && !send_ids(m, w->node, p->nr, ids, GFP_ATOMIC))
			break;
	xa_unlock_irq(&m->procs);
}

/* May the node speak for the parent of a process that is elsewhere? */
static bool parent_is_on(struct bproc_space *m, struct task_struct *task, int node)
{
	struct bproc_ghost *g = parents_ghost(m, task);
	bool ret = g && READ_ONCE(g->node) == node;

	bproc_ghost_put(g);
	return ret;
}

/*
 * setpgid(2): a group of the same session, and not a session's leader. The group's first
 * member's ghost may yet have to found it.
 */
static bool may_join(struct bproc_space *m, struct task_struct *task, pid_t pgrp)
{
	struct task_struct *member;
	struct pid *pid;
	bool ret;

	read_lock(ks_tasklist_lock);
	pid = find_pid_ns(pgrp, m->ns);
	member = pid_task(pid, PIDTYPE_PGID) ?: pid_task(pid, PIDTYPE_TGID);
	ret = member && task_session(member) == task_session(task) &&
	      (!task->signal->leader || pgrp == task_tgid_nr_ns(task, m->ns));
	read_unlock(ks_tasklist_lock);
	return ret;
}

/**
 * bproc_child_ids - BPROC_MSG_IDS: a parent on a node put a child elsewhere into a group
 * @m: the master
 * @msg: the message; its body is long enough
 *
 * Return: 0, -EINVAL, -ESRCH if the process is no child of one on that node, or -EPERM if the
 * group is of another session.
 */
int bproc_child_ids(struct bproc_space *m, const struct bproc_msg *msg)
{
	const struct bproc_msg_ids *ids = (const void *)(msg + 1);
	struct task_struct *task = bproc_space_task(m, msg->pid);
	struct bproc_ghost *g = NULL;
	int err = -ESRCH;

	if (!task)
		return err;
	if (ids->pgrp <= 0) {
		err = -EINVAL;
	} else if (thread_group_leader(task) && parent_is_on(m, task, msg->node)) {
		g = bproc_ghost_find(m, msg->pid);
		err = -EPERM;
		if (may_join(m, task, ids->pgrp)) {
			bproc_tell_watchers_ids(m, task, ids, msg->node);
			err = g ? bproc_ghost_order_ids(g, ids->pgrp) :
				  bproc_proc_join_group(m, task, ids->pgrp);
		}
	}
	if (g && !err)
		send_ids(m, g->node, g->nr, ids, GFP_KERNEL | __GFP_NOFAIL);
	bproc_ghost_put(g);
	put_task_struct(task);
	return err;
}

/* The rules of setpgid(2), for the process that a ghost stands for. */
static int may_set_group(struct bproc_space *m, struct task_struct *caller,
			 struct task_struct *task, pid_t pgrp)
{
	struct task_struct *member;
	int err = -EPERM;

	read_lock(ks_tasklist_lock);
	member = pid_task(find_pid_ns(pgrp, m->ns), PIDTYPE_PGID);
	if (task != caller && bproc_parent_of(task) != caller)
		err = -ESRCH;
	else if (task != caller && !(task->flags & PF_FORKNOEXEC))
		err = -EACCES;
	else if (member && !task->signal->leader &&
		 task_session(task) == task_session(caller) &&
		 task_session(member) == task_session(caller))
		err = 0;
	read_unlock(ks_tasklist_lock);
	return err;
}

/**
 * bproc_serve_setpgid - BPROC_CALL_SETPGID: a process on a node joins a group elsewhere
 * @m: the master
 * @g: the ghost of the caller
 * @nr: the process, or a child of it
 * @pgrp: the group
 *
 * Return: 0, and the nodes concerned are told; or as setpgid(2) has it.
 */
int bproc_serve_setpgid(struct bproc_space *m, struct bproc_ghost *g, pid_t nr, pid_t pgrp)
{
	struct task_struct *task = bproc_space_task(m, nr);
	struct bproc_msg_ids ids = { .pgrp = pgrp };
	struct bproc_ghost *own;
	int err = -ESRCH;

	if (!task)
		return err;
	if (pgrp <= 0)
		err = -EINVAL;
	else if (thread_group_leader(task))
		err = may_set_group(m, g->task, task, pgrp);
	if (!err)
		err = bproc_proc_join_group(m, task, pgrp);
	if (err) {
		put_task_struct(task);
		return err == -ESRCH && nr == g->nr ? -EPERM : err;
	}
	ids.session = task_session_nr_ns(task, m->ns);
	bproc_tell_watchers_ids(m, task, &ids, BPROC_NODE_ANY);
	own = bproc_ghost_find(m, nr);
	if (own)
		send_ids(m, own->node, nr, &ids, GFP_KERNEL | __GFP_NOFAIL);
	bproc_ghost_put(own);
	put_task_struct(task);
	return 0;
}

static bool is_on_or_goes_to(struct bproc_ghost *g, int node)
{
	bool ret;

	if (!g)
		return false;
	spin_lock(&g->lock);
	ret = g->node == node || (g->in_transit && g->transit_to == node);
	spin_unlock(&g->lock);
	return ret;
}

/* Is the process itself, or its parent, on that node, or on the way there? */
static bool may_watch(struct bproc_space *m, struct task_struct *task, int node)
{
	struct bproc_ghost *g = bproc_ghost_find(m, task_tgid_nr_ns(task, m->ns));
	pid_t parent = task_ppid_nr_ns(task, m->ns);
	bool ret = is_on_or_goes_to(g, node);

	bproc_ghost_put(g);
	if (!ret) {
		g = bproc_ghost_find(m, parent);
		ret = is_on_or_goes_to(g, node);
		bproc_ghost_put(g);
	}
	return ret || bproc_transfer_is_under_way(m, parent, node);
}

static void say_ended(struct bproc_space *m, int node, pid_t nr)
{
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_EXIT, node, nr, sizeof(struct bproc_msg_exit),
			      GFP_KERNEL | __GFP_NOFAIL);
	((struct bproc_msg_exit *)buf->body)->status = SIGKILL;
	bproc_msgq_post(&m->msgq, buf);
}

/* Return: its entry, a new one if need be, or NULL if the process is gone. RCU is held. */
static struct bproc_proc *get_entry(struct bproc_space *m, struct task_struct *task,
				    struct bproc_proc *new)
{
	struct bproc_proc *p = NULL;

	lockdep_assert_held(&m->procs.xa_lock);
	/* The entry goes when the task does, after a grace period from here on. */
	if (!pid_alive(task))
		return NULL;
	p = xa_load(&m->procs, task->tgid);
	if (p)
		return p;
	if (xa_err(__xa_store(&m->procs, task->tgid, new, GFP_ATOMIC | __GFP_NOWARN)))
		return NULL;
	return new;
}

/* @stopped: for a node that asks only after the others were told; posted if it is needed. */
static bool add_watcher(struct bproc_space *m, struct task_struct *task,
			struct bproc_proc **new, struct bproc_watcher **w,
			struct bproc_msgbuf **stopped)
{
	struct bproc_watcher *old;
	struct bproc_proc *p;

	rcu_read_lock();
	xa_lock_irq(&m->procs);
	p = get_entry(m, task, *new);
	if (p == *new)
		*new = NULL;
	old = p ? find_watcher(p, (*w)->node) : NULL;
	if (old && !old->exit_msg) {
		/* It was told, but had no use for it then. */
		swap(old->exit_msg, (*w)->exit_msg);
	} else if (p && !old) {
		(*w)->next = p->watchers;
		p->watchers = *w;
		*w = NULL;
	}
	/* If it goes on meanwhile, all watchers will be told of that. */
	if (p && p->stopped && (*stopped)->msg.result) {
		bproc_msgq_post(&m->msgq, *stopped);
		*stopped = NULL;
	}
	if (p && p->exited)
		bproc_watched_ends(m, p, p->status, &p->last);
	xa_unlock_irq(&m->procs);
	rcu_read_unlock();
	return p;
}

/* Had it passed the exit probe before the entry was there? */
static void look_for_end(struct bproc_space *m, struct task_struct *task)
{
	struct bproc_rusage usage;
	struct bproc_proc *p;

	/* Pairs with the probe, which looks for the entry when nobody lives any more. */
	smp_mb();
	if (atomic_read(&task->signal->live))
		return;
	/* The exit code is set a moment later. */
	if (!READ_ONCE(task->exit_state))
		msleep(20);
	bproc_usage_get(task, &usage);
	xa_lock_irq(&m->procs);
	p = xa_load(&m->procs, task->tgid);
	if (p && !p->exited)
		bproc_watched_ends(m, p, bproc_exit_status(task), &usage);
	xa_unlock_irq(&m->procs);
}

/**
 * bproc_watch - BPROC_MSG_WATCH: a node has a ghost of a process
 * @m: the master
 * @msg: the message
 *
 * Return: 0, or -ESRCH if it is none that has to do with the node; that hears of an end
 * all the same, so that nobody waits for ever.
 */
int bproc_watch(struct bproc_space *m, const struct bproc_msg *msg)
{
	struct task_struct *task = bproc_space_task(m, msg->pid);
	struct bproc_msgbuf *stopped;
	struct bproc_watcher *w;
	struct bproc_proc *new;
	bool done = false;

	if (task && thread_group_leader(task) && may_watch(m, task, msg->node)) {
		new = kzalloc(sizeof(*new), GFP_KERNEL | __GFP_NOFAIL);
		new->nr = msg->pid;
		new->key = task->tgid;
		new->born = true;
		w = kzalloc(sizeof(*w), GFP_KERNEL | __GFP_NOFAIL);
		w->node = msg->node;
		w->exit_msg = bproc_msg_alloc(BPROC_MSG_EXIT, msg->node, msg->pid,
					      sizeof(struct bproc_msg_exit),
					      GFP_KERNEL | __GFP_NOFAIL);
		stopped = bproc_msg_alloc(BPROC_MSG_STOPPED, msg->node, msg->pid, 0,
					  GFP_KERNEL | __GFP_NOFAIL);
		stopped->msg.result = bproc_stop_signal(task);
		done = add_watcher(m, task, &new, &w, &stopped);
		if (done)
			look_for_end(m, task);
		bproc_msg_free(stopped);
		if (w)
			bproc_msg_free(w->exit_msg);
		kfree(w);
		kfree(new);
	}
	if (task)
		put_task_struct(task);
	if (done) {
		bproc_procs_check_stops(m);
		return 0;
	}
	say_ended(m, msg->node, msg->pid);
	return -ESRCH;
}

/* Return: has the node to do with it, as far as is known? */
static bool set_reaped(struct bproc_space *m, struct task_struct *task, int node)
{
	struct bproc_ghost *g = parents_ghost(m, task);
	bool any = node == BPROC_NODE_ANY;
	bool ours = any || (g && READ_ONCE(g->node) == node);
	struct bproc_proc *p;

	xa_lock_irq(&m->procs);
	p = xa_load(&m->procs, task->tgid);
	if (p && (any || find_watcher(p, node))) {
		p->reaped = true;
		ours = true;
	}
	xa_unlock_irq(&m->procs);
	if (g && ours)
		bproc_ghost_reap_soon(g);
	bproc_ghost_put(g);
	return ours;
}

/**
 * bproc_child_was_reaped - a process on a node is waited for, by a parent on the same
 * @m: the master
 * @task: its ghost
 */
void bproc_child_was_reaped(struct bproc_space *m, struct task_struct *task)
{
	set_reaped(m, task, BPROC_NODE_ANY);
}

/**
 * bproc_child_reaped - BPROC_MSG_REAPED: a parent on a node has waited for a process
 * @m: the master
 * @msg: the message
 *
 * Return: 0, or -ESRCH if nobody of that node could wait for it.
 */
int bproc_child_reaped(struct bproc_space *m, const struct bproc_msg *msg)
{
	struct task_struct *task = bproc_space_task(m, msg->pid);
	bool ours = false;

	if (task) {
		ours = set_reaped(m, task, msg->node);
		put_task_struct(task);
	}
	return ours ? 0 : -ESRCH;
}
