// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPROC_IOC_DEBUG: what the driver knows of the caller's relatives, for tests. Processes
 * are related by the kernel's own means here, so some answers are simple.
 */
#include <linux/ptrace.h>
#include <linux/sched/signal.h>

#include "calls.h"
#include "debug.h"
#include "ghost.h"
#include "ksyms.h"
#include "space.h"

static bool is_child(struct task_struct *task)
{
	bool ret;

	rcu_read_lock();
	ret = pid_alive(task) && same_thread_group(rcu_dereference(task->real_parent), current);
	rcu_read_unlock();
	return ret;
}

/* Its own and those that it traces. */
static int count_children(void)
{
	struct task_struct *t, *child;
	int n = 0;

	read_lock(ks_tasklist_lock);
	for_each_thread(current, t) {
		list_for_each_entry(child, &t->children, sibling)
			n++;
		list_for_each_entry(child, &t->ptraced, ptrace_entry)
			if (!is_child(child))
				n++;
	}
	read_unlock(ks_tasklist_lock);
	return n;
}

static int count_remote_children(struct bproc_space *s)
{
	struct bproc_ghost *g;
	unsigned long nr = 0;
	int n = 0;

	while ((g = bproc_ghost_find_from(s, &nr))) {
		struct task_struct *task = READ_ONCE(g->task);

		if (task && is_child(task))
			n++;
		bproc_ghost_put(g);
		nr++;
		cond_resched();
	}
	return n;
}

static struct task_struct *relative(struct task_struct __rcu **which)
{
	struct task_struct *task;

	rcu_read_lock();
	task = rcu_dereference(*which);
	get_task_struct(task);
	rcu_read_unlock();
	return task;
}

/* Its number in the process space, and the same if it is here. */
static void tell_relative(struct bproc_space *s, struct task_struct *task, s32 *nr, s32 *here)
{
	*nr = task_tgid_nr_ns(task, s->ns);
	*here = bproc_task_is_ghost(s, task) ? -1 : *nr;
	put_task_struct(task);
}

/**
 * bproc_debug - BPROC_IOC_DEBUG
 * @c: the call
 *
 * Return: what was asked for, or -EINVAL.
 */
long bproc_debug(struct bproc_calling *c)
{
	struct bproc_debug *d = &c->args.debug;
	struct bproc_space *s = c->space;

	switch (d->op) {
	case BPROC_DEBUG_CHILDREN:
		return count_children();
	case BPROC_DEBUG_WAIT_LOCAL:
		return 1;
	case BPROC_DEBUG_REMOTE_CHILDREN:
		return count_remote_children(s);
	case BPROC_DEBUG_IDS:
		tell_relative(s, relative(&current->parent), &d->ppid, &d->here_ppid);
		tell_relative(s, relative(&current->real_parent), &d->oppid, &d->here_oppid);
		c->answers = true;
		return 0;
	}
	return -EINVAL;
}
