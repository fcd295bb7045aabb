// SPDX-License-Identifier: GPL-2.0-only
/* kill(2), carried out in one part of the process space. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>

#include "ghost.h"
#include "kill.h"
#include "ksyms.h"
#include "proc.h"
#include "space.h"

/* The kernel's rule. tasklist_lock is held. */
static bool may_kill(const struct bproc_killer *k, struct task_struct *task)
{
	const struct cred *to = rcu_dereference_check(task->real_cred, true);

	if (k->capable || uid_eq(k->euid, to->suid) || uid_eq(k->euid, to->uid) ||
	    uid_eq(k->uid, to->suid) || uid_eq(k->uid, to->uid))
		return true;
	/* A process that asks itself may be root of the other's user namespace. */
	if (k->sender == current && ns_capable(to->user_ns, CAP_KILL))
		return true;
	return k->info.si_signo == SIGCONT && task_session(task) == task_session(k->sender);
}

static bool is_coming(const struct bproc_killer *k, pid_t nr)
{
	u32 i;

	for (i = 0; i < k->n_coming; i++)
		if (k->coming[i] == nr)
			return true;
	return false;
}

/* A process that is about to be a ghost, and has not left, sends its signals on then. */
static bool is_leaving(struct bproc_ghost *g)
{
	return g->leaving && READ_ONCE(g->state) == BPROC_GHOST_PENDING;
}

/*
 * A node has its processes, and stand-ins for others. The master has its own, and ghosts;
 * one whose process has ended is as good as gone. Of those that are just between a node and
 * the rest, the node says which are not there yet, and has its word with the master before
 * anybody else comes or goes: each of them is signalled by one of the two.
 */
static bool is_ours(const struct bproc_killer *k, struct task_struct *task)
{
	struct bproc_space *s = k->space;
	struct bproc_ghost *g;
	bool ret;

	if (!bproc_is_master(s) && bproc_proc_is_here(s, task->tgid))
		return true;
	ret = bproc_is_master(s);
	g = bproc_ghost_find(s, task_tgid_nr_ns(task, s->ns));
	if (g && g->task == task->group_leader) {
		ret = is_leaving(g);
		if (!ret && bproc_is_master(s))
			ret = READ_ONCE(g->state) == BPROC_GHOST_LIVE && !READ_ONCE(g->ended) &&
			      (READ_ONCE(g->node) != k->node || is_coming(k, g->nr));
	}
	bproc_ghost_put(g);
	return ret;
}

static int kill_one(struct bproc_killer *k, struct task_struct *task)
{
	if (task_active_pid_ns(task) != k->space->ns || same_thread_group(task, k->sender) ||
	    !is_ours(k, task))
		return -ESRCH;
	if (!may_kill(k, task))
		return -EPERM;
	if (!k->info.si_signo)
		return 0;
	if (is_child_reaper(task_tgid(task)))
		return -EPERM;
	return ks_do_send_sig_info(k->info.si_signo, &k->info, task, PIDTYPE_TGID);
}

/**
 * bproc_kill_merge - the result of signals to several
 * @ret: result so far; -ESRCH at first
 * @err: result of one more
 *
 * Return: as kill(2) has it: one success is success, one that is there is one.
 */
int bproc_kill_merge(int ret, int err)
{
	if (!ret || !err)
		return 0;
	return ret == -ESRCH ? err : ret;
}

static int kill_group(struct bproc_killer *k, struct pid *pgrp)
{
	struct task_struct *task;
	int ret = -ESRCH;

	do_each_pid_task(pgrp, PIDTYPE_PGID, task) {
		ret = bproc_kill_merge(ret, kill_one(k, task));
	} while_each_pid_task(pgrp, PIDTYPE_PGID, task);
	return ret;
}

/* To the kernel that others may not be signalled is no error then. */
static int kill_all(struct bproc_killer *k)
{
	struct task_struct *task;
	int ret = -ESRCH, err;

	for_each_process(task) {
		if (is_child_reaper(task_pid(task)))
			continue;
		err = kill_one(k, task);
		ret = bproc_kill_merge(ret, err == -EPERM ? 0 : err);
	}
	return ret;
}

/**
 * bproc_kill - signal those that are in this part of the process space
 * @k: by whom, with what
 * @target: as kill(2) has it, but not 0
 *
 * Return: 0, -ESRCH if there is none here, -EPERM.
 */
int bproc_kill(struct bproc_killer *k, pid_t target)
{
	struct bproc_space *s = k->space;
	struct task_struct *task;
	struct pid *pid;
	int err = -ESRCH;

	if (target == INT_MIN)
		return err;
	read_lock(ks_tasklist_lock);
	if (target == -1) {
		err = kill_all(k);
	} else if (target < 0) {
		pid = find_pid_ns(-target, s->ns);
		if (pid)
			err = kill_group(k, pid);
	} else {
		task = pid_task(find_pid_ns(target, s->ns), PIDTYPE_PID);
		if (task)
			err = kill_one(k, task);
	}
	read_unlock(ks_tasklist_lock);
	return err;
}

/* tasklist_lock is held. */
static int find_and_kill_thread(struct bproc_killer *k, pid_t nr, pid_t tid)
{
	struct task_struct *leader = pid_task(find_pid_ns(nr, k->space->ns), PIDTYPE_TGID);
	struct task_struct *task = pid_task(find_pid_ns(tid, k->space->ns), PIDTYPE_PID);

	if (!leader || !is_ours(k, leader) || task_active_pid_ns(leader) != k->space->ns)
		return -ESRCH;
	if (!may_kill(k, leader))
		return -EPERM;
	if (bproc_task_is_ghost(k->space, leader))
		return -EREMOTE;
	if (!task || task->tgid != leader->tgid)
		return -ESRCH;
	if (!k->info.si_signo)
		return 0;
	if (is_child_reaper(task_tgid(task)))
		return -EPERM;
	k->info.si_code = SI_TKILL;
	return ks_do_send_sig_info(k->info.si_signo, &k->info, task, PIDTYPE_PID);
}

/**
 * bproc_kill_thread - signal a thread that is in this part of the process space
 * @k: by whom, with what
 * @nr: its process
 * @tid: the thread
 *
 * Return: as tgkill(2) has it; -EREMOTE if the process is elsewhere, and may be signalled.
 */
int bproc_kill_thread(struct bproc_killer *k, pid_t nr, pid_t tid)
{
	int err;

	read_lock(ks_tasklist_lock);
	err = find_and_kill_thread(k, nr, tid);
	read_unlock(ks_tasklist_lock);
	return err;
}
