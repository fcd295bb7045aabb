// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes whose parent ended elsewhere. The master's kernel gives each ghost another
 * parent, init or a subreaper, as it does to any process; the process's node follows.
 */
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "family.h"
#include "ghost.h"
#include "kcompat.h"
#include "ksyms.h"
#include "orphan.h"
#include "proc.h"
#include "signals.h"
#include "space.h"

/* --- a ghost hears of its parent's end --- */

/*
 * The kernel's parent of a process is a thread, and the end of that is told, even if others
 * of its process are left. Return: its number; its process in @process.
 */
static pid_t parent_thread(struct bproc_space *s, pid_t *process)
{
	struct task_struct *parent;
	pid_t ret;

	rcu_read_lock();
	parent = rcu_dereference(current->real_parent);
	ret = task_pid_nr_ns(parent, s->ns);
	*process = task_tgid_nr_ns(parent, s->ns);
	rcu_read_unlock();
	return ret;
}

/* The kernel changes the parent first, then sends the signal. */
static void look_at_parent(struct bproc_ghost *g)
{
	pid_t process, thread = parent_thread(g->space, &process);

	if (thread == g->parent)
		return;
	g->deaths++;
	g->last_parent = g->parent_process;
	g->parent = thread;
	g->parent_process = process;
}

/**
 * bproc_orphan_listen - the calling ghost hears of its parent's end from now on
 * @g: the ghost
 */
void bproc_orphan_listen(struct bproc_ghost *g)
{
	if (current->pdeath_signal == BPROC_PARENT_DIED)
		return;
	current->pdeath_signal = BPROC_PARENT_DIED;
	/* It may have been heard of before a change of credentials ended the wish. */
	if (g->parent)
		look_at_parent(g);
	else
		g->parent = parent_thread(g->space, &g->parent_process);
}

/**
 * bproc_orphan_signal - is it the kernel's word of the end of a ghost's parent?
 * @g: the calling ghost
 * @info: BPROC_PARENT_DIED
 *
 * Else it is for the process. It looks like one that the parent sends: but there is one for
 * each end of a parent. Who has no room for more signals does not know from whom it is.
 */
bool bproc_orphan_signal(struct bproc_ghost *g, const struct kernel_siginfo *info)
{
	look_at_parent(g);
	if (!g->deaths || info->si_code != SI_USER ||
	    (info->si_pid && info->si_pid != g->last_parent && info->si_pid != g->parent_process))
		return false;
	g->deaths--;
	return true;
}

/* --- the master --- */

static u32 parents_uid(void)
{
	u32 uid;

	rcu_read_lock();
	uid = from_kuid_munged(&init_user_ns, task_uid(rcu_dereference(current->real_parent)));
	rcu_read_unlock();
	return uid;
}

/**
 * bproc_orphan_tell - the calling ghost has another parent
 * @g: the ghost
 */
void bproc_orphan_tell(struct bproc_ghost *g)
{
	struct bproc_msgbuf *buf;

	if (!bproc_is_master(g->space))
		return;
	buf = bproc_msg_alloc(BPROC_MSG_PARENT, g->node, g->nr, 0, GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = parents_uid();
	buf->msg.result = g->ppid;
	bproc_msgq_post(&g->space->msgq, buf);
	bproc_tell_watchers_of(g->space, current, BPROC_MSG_PARENT, g->ppid);
}

/* --- a node --- */

/* As the kernel does when a parent ends. tasklist_lock is held. */
static void tell_death(struct task_struct *task)
{
	struct task_struct *t;

	for_each_thread(task, t)
		if (t->pdeath_signal)
			ks_do_send_sig_info(t->pdeath_signal, SEND_SIG_NOINFO, t, PIDTYPE_TGID);
}

/*
 * Only from one who is nobody here: from a ghost, or from init, to which it may have fallen
 * before this was known; or from a process that is about to give it to init, and whose end the
 * master heard of before. Any other gives its children away itself.
 *
 * Return: 0, or -ENOENT if the new parent's stand-in ends.
 */
static int adopt(struct task_struct *task, const struct bproc_ghost *was,
		 const struct bproc_ghost *g)
{
	struct task_struct *old, *parent = g->task;
	int err = 0;

	write_lock_irq(ks_tasklist_lock);
	old = bproc_parent_of(task);
	if (!pid_alive(task) || task->exit_state) {
		/* It needs no parent any more. */
	} else if (READ_ONCE(g->state) > BPROC_GHOST_LIVE || !pid_alive(parent) ||
		   parent->flags & PF_EXITING || parent->exit_state) {
		err = -ENOENT;
	} else if (is_child_reaper(task_tgid(old)) || (was && was->task == old) ||
		   !atomic_read(&old->signal->live)) {
		if (!is_child_reaper(task_tgid(old)))
			tell_death(task);
		bproc_family_give(task, parent);
		task->exit_signal = SIGCHLD;
	}
	write_unlock_irq(ks_tasklist_lock);
	return err;
}

/* Return: 0, or -ENOENT if nobody here has the new parent's number. */
static int give_to_standin(struct bproc_space *s, struct task_struct *task,
			   const struct bproc_ghost *was, pid_t new_parent)
{
	struct bproc_ghost *g = bproc_ghost_find(s, new_parent);
	struct task_struct *parent;
	int err;

	if (g) {
		err = adopt(task, was, g);
		bproc_ghost_put(g);
		return err;
	}
	/* A process here: the kernel gives it what its children leave. */
	parent = bproc_space_task(s, new_parent);
	if (!parent)
		return -ENOENT;
	put_task_struct(parent);
	return 0;
}

/**
 * bproc_orphan_here - BPROC_MSG_PARENT: a process here has another parent now
 * @s: the node
 * @nr: the process
 * @new_parent: its new parent
 *
 * The old parent's stand-in ends, so the process falls to the node's init, unless its new
 * parent is somebody else.
 *
 * Return: 0, or -ENOENT if there is to be a stand-in of the new parent.
 */
int bproc_orphan_here(struct bproc_space *s, pid_t nr, pid_t new_parent)
{
	struct task_struct *task = bproc_space_task(s, nr);
	struct bproc_ghost *g;
	pid_t ppid;
	int err = 0;

	if (!task)
		return 0;
	ppid = task_ppid_nr_ns(task, s->ns);
	if (ppid == new_parent)
		goto out;
	g = bproc_ghost_find(s, ppid);
	if (new_parent > 1 && thread_group_leader(task) && !bproc_task_is_ghost(s, task))
		err = give_to_standin(s, task, g, new_parent);
	/* For whom a parent may wait EXIT comes, with the right status. */
	if (!err && g && !g->watching)
		bproc_ghost_end(g, 0);
	bproc_ghost_put(g);
out:
	put_task_struct(task);
	return err;
}

/* --- a ghost that becomes the process --- */

/**
 * bproc_orphan_leave_ghost - the calling ghost is the process, which hears of its parent's end
 * @g: the ghost that it was
 * @death_signal: by what, or 0
 *
 * If that was while it came, the signal that told the ghost is still there.
 */
void bproc_orphan_leave_ghost(struct bproc_ghost *g, int death_signal)
{
	bool died = false;

	current->pdeath_signal = death_signal;
	look_at_parent(g);
	for (; g->deaths; g->deaths--)
		died |= bproc_signal_drop(BPROC_PARENT_DIED);
	if (died && death_signal)
		send_sig_info(death_signal, SEND_SIG_NOINFO, current);
}
