// SPDX-License-Identifier: GPL-2.0-only
/* Parents and children on different machines. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bsearch.h>
#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uaccess.h>
#include <uapi/linux/wait.h>

#include "arrival.h"
#include "family.h"
#include "ghost.h"
#include "iod.h"
#include "kcompat.h"
#include "ksyms.h"
#include "proc.h"
#include "signals.h"
#include "space.h"
#include "usage.h"

/* How often, at intervals of 2 ms, a number that is still in use is tried. */
#define TRIES 500

/* --- a node: ghosts of children --- */

/**
 * bproc_ask_to_watch - the master shall tell us of a process
 * @s: the node, where a ghost of it stands
 * @nr: the process
 */
void bproc_ask_to_watch(struct bproc_space *s, pid_t nr)
{
	bproc_msgq_post(&s->msgq, bproc_msg_alloc(BPROC_MSG_WATCH, s->node, nr, 0,
						  GFP_KERNEL | __GFP_NOFAIL));
}

/**
 * bproc_watched_ended - BPROC_MSG_EXIT: a process of which a ghost is here ended
 * @s: the node
 * @msg: the message; its body is long enough
 *
 * Return: 0 or -ESRCH.
 */
int bproc_watched_ended(struct bproc_space *s, const struct bproc_msg *msg)
{
	const struct bproc_msg_exit *e = (const void *)(msg + 1);
	struct bproc_ghost *g = bproc_ghost_find(s, msg->pid);

	if (!g || !g->watching) {
		bproc_ghost_put(g);
		return -ESRCH;
	}
	bproc_usage_set(g->task, &e->usage);
	bproc_iod_end_ghost(s, g, e->status & 0xffff);
	bproc_ghost_put(g);
	return 0;
}

/**
 * bproc_watched_stopped - BPROC_MSG_STOPPED: such a process stopped or goes on
 * @s: the node
 * @msg: the message
 *
 * Return: 0, -EINVAL, or -ESRCH.
 */
int bproc_watched_stopped(struct bproc_space *s, const struct bproc_msg *msg)
{
	struct bproc_ghost *g;
	int err = -ESRCH;

	if (msg->result < 0 || !valid_signal(msg->result))
		return -EINVAL;
	g = bproc_ghost_find(s, msg->pid);
	if (g && g->watching) {
		bproc_ghost_stopped(g, msg->result);
		err = 0;
	}
	bproc_ghost_put(g);
	return err;
}

/* tasklist_lock is held. */
static bool leads_others(enum pid_type type)
{
	struct task_struct *task;

	do_each_pid_task(task_tgid(current), type, task) {
		if (task != current)
			return true;
	} while_each_pid_task(task_tgid(current), type, task);
	return false;
}

/**
 * bproc_family_is_here - would anybody on this node miss the caller?
 * @s: the node
 *
 * A parent, be it a ghost: its process may come here at this very moment; or children; or
 * those of a group or session that has its number, by which nobody could come back then.
 */
bool bproc_family_is_here(struct bproc_space *s)
{
	bool ret;

	read_lock(ks_tasklist_lock);
	ret = !list_empty(&current->children) ||
	      !is_child_reaper(task_tgid(bproc_parent_of(current))) ||
	      leads_others(PIDTYPE_PGID) || leads_others(PIDTYPE_SID);
	read_unlock(ks_tasklist_lock);
	return ret;
}

/* --- zombies of a ghost's children --- */

static bool is_zombie(struct task_struct *task)
{
	return task->exit_state == EXIT_ZOMBIE && thread_group_empty(task);
}

/*
 * The master keeps those for which the process on its node has still to wait. On a node
 * they are none of the ghost's business: the process has ghosts of them where it is now.
 */
static bool may_reap(struct bproc_space *s, struct task_struct *task)
{
	if (bproc_is_master(s))
		return !bproc_proc_is_awaited(s, task->tgid);
	bproc_proc_set_waited(s, task->tgid, false);
	return true;
}

/**
 * bproc_family_reap - take away zombies that nobody will wait for
 * @g: the calling ghost
 */
void bproc_family_reap(struct bproc_ghost *g)
{
	struct bproc_space *s = g->space;
	struct task_struct *task;
	pid_t nr;

	do {
		nr = 0;
		read_lock(ks_tasklist_lock);
		list_for_each_entry(task, &current->children, sibling) {
			if (is_zombie(task) && may_reap(s, task)) {
				nr = task_tgid_nr_ns(task, s->ns);
				break;
			}
		}
		read_unlock(ks_tasklist_lock);
	} while (nr > 0 && ks_kernel_wait4(nr, NULL, WNOHANG | __WALL, NULL) == nr);
}

/* --- the list of children in a stream's header --- */

static bool is_listed(struct bproc_space *s, struct task_struct *task)
{
	if (task->exit_state && task->exit_state != EXIT_ZOMBIE)
		return false;
	/* A namespace of its own on a node has numbers that nobody else knows. */
	return bproc_is_master(s) || bproc_proc_is_known(s, task->tgid);
}

static u32 fill_list(struct bproc_space *s, struct bproc_child *list, u32 room)
{
	struct task_struct *task;
	u32 n = 0;

	read_lock(ks_tasklist_lock);
	list_for_each_entry(task, &current->children, sibling) {
		if (!is_listed(s, task))
			continue;
		if (n < room) {
			list[n].pid = task_tgid_nr_ns(task, s->ns);
			list[n].exit_signal = task->exit_signal;
			list[n].pgrp = task_pgrp_nr_ns(task, s->ns);
			list[n].session = task_session_nr_ns(task, s->ns);
		}
		n++;
	}
	read_unlock(ks_tasklist_lock);
	return n;
}

/**
 * bproc_family_list - the caller's children
 * @s: the caller's space
 * @n: receives their number
 *
 * Return: them, for kvfree(); or NULL without memory.
 */
struct bproc_child *bproc_family_list(struct bproc_space *s, u32 *n)
{
	struct bproc_child *list;
	u32 room = 16;

	for (;;) {
		list = kvcalloc(room, sizeof(*list), GFP_KERNEL_ACCOUNT);
		if (!list)
			return NULL;
		*n = fill_list(s, list, room);
		if (*n <= room)
			return list;
		kvfree(list);
		room = *n + 16;
	}
}

/* --- a process arrives: it has its children --- */

static int compare_numbers(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The children's numbers, in order: there may be very many. Return: NULL without memory. */
static pid_t *sorted_numbers(const struct bproc_child *list, u32 n)
{
	pid_t *numbers = kvmalloc_array(max(n, 1U), sizeof(*numbers), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!numbers)
		return NULL;
	for (i = 0; i < n; i++)
		numbers[i] = list[i].pid;
	sort(numbers, n, sizeof(*numbers), compare_numbers, NULL);
	return numbers;
}

static bool is_in(const pid_t *numbers, u32 n, pid_t nr)
{
	return bsearch(&nr, numbers, n, sizeof(nr), compare_numbers);
}

/* From now on a child that ends stays until it is waited for. */
static void keep_zombies(void)
{
	spin_lock_irq(&bproc_sighand()->siglock);
	bproc_sighand()->action[SIGCHLD - 1].sa.sa_flags &= ~SA_NOCLDWAIT;
	spin_unlock_irq(&bproc_sighand()->siglock);
}

/**
 * bproc_family_give - a process gets another parent
 * @task: the process
 * @parent: the parent
 *
 * tasklist_lock is held for writing. A tracer stays the one that waits for it.
 */
void bproc_family_give(struct task_struct *task, struct task_struct *parent)
{
	struct task_struct *thread;

	if (task->ptrace)
		return;
	for_each_thread(task, thread) {
		RCU_INIT_POINTER(thread->real_parent, parent);
		if (!thread->ptrace)
			RCU_INIT_POINTER(thread->parent, parent);
	}
	list_move_tail(&task->sibling, &parent->children);
}

/*
 * Children here that the process waited for elsewhere: they ended, or are about to. The master
 * may hear of that only now, when they are freed where they were.
 */
static int disown_others(struct bproc_space *s, const struct bproc_child *list, u32 n)
{
	pid_t *numbers = sorted_numbers(list, n);
	struct task_struct *task, *next, *init;

	if (!numbers)
		return -ENOMEM;
	write_lock_irq(ks_tasklist_lock);
	init = s->ns->child_reaper;
	list_for_each_entry_safe(task, next, &current->children, sibling) {
		if (is_in(numbers, n, task_tgid_nr_ns(task, s->ns)) ||
		    !(bproc_is_master(s) || is_zombie(task) ||
		      bproc_proc_is_over(s, task->tgid)))
			continue;
		bproc_family_give(task, init);
		task->exit_signal = SIGCHLD;
		if (task->exit_state == EXIT_ZOMBIE)
			send_sig(SIGCHLD, init, 1);
	}
	write_unlock_irq(ks_tasklist_lock);
	kvfree(numbers);
	return 0;
}

enum presence {
	ABSENT,
	PRESENT,
	BUSY,
	STANDIN,
	ARRIVING,
	FAILED,
};

/*
 * A child of the caller's; tasklist_lock is held. One that came here before its parent, and
 * for which nobody has said GO yet, may still have to stay where it is.
 */
static enum presence look_at(struct bproc_space *s, struct task_struct *task)
{
	if (task->exit_state && task->exit_state != EXIT_ZOMBIE)
		return BUSY;
	if (bproc_proc_is_known(s, task->tgid))
		return PRESENT;
	return is_zombie(task) ? FAILED : ARRIVING;
}

/* What has the number of a child here? A stand-in becomes the caller's child. */
static enum presence look_for(struct bproc_space *s, const struct bproc_child *c)
{
	struct bproc_ghost *g = bproc_ghost_find(s, c->pid);
	enum presence ret = BUSY;
	struct task_struct *task;

	write_lock_irq(ks_tasklist_lock);
	task = pid_task(find_pid_ns(c->pid, s->ns), PIDTYPE_TGID);
	if (!find_pid_ns(c->pid, s->ns)) {
		ret = ABSENT;
	} else if (!task) {
		/* Taken away this moment, or the number of a group without a leader. */
	} else if (bproc_parent_of(task) == current) {
		ret = look_at(s, task);
	} else if (g && g->task == task && READ_ONCE(g->state) <= BPROC_GHOST_LIVE &&
		   !task->exit_state) {
		bproc_family_give(task, current);
		task->exit_signal = c->exit_signal;
		/* Of which no signal tells. */
		g->parent = g->parent_process = task_tgid_nr_ns(current, s->ns);
		ret = STANDIN;
	}
	write_unlock_irq(ks_tasklist_lock);
	if (ret == STANDIN)
		g->watching = true;
	bproc_ghost_put(g);
	return ret;
}

static int add_ghost(struct bproc_space *s, const struct bproc_child *c,
		     struct bproc_family *fam)
{
	struct bproc_ghost *g = bproc_ghost_spawn(s, BPROC_NODE_MASTER, c->pid);

	if (IS_ERR(g))
		return PTR_ERR(g);
	bproc_proc_place(s, g->task, c->session, c->pgrp);
	bproc_ghost_watch(g, c->exit_signal);
	fam->ghosts[fam->n++] = g;
	return 0;
}

static int add_standin(struct bproc_space *s, const struct bproc_child *c)
{
	struct task_struct *task = bproc_space_task(s, c->pid);
	int err = -ESRCH;

	if (task) {
		err = bproc_proc_ghost(s, task);
		put_task_struct(task);
	}
	if (!err)
		bproc_ask_to_watch(s, c->pid);
	return err;
}

static int add_child(struct bproc_space *s, const struct bproc_child *c,
		     struct bproc_family *fam)
{
	int tries = 0, err;

	while (tries < TRIES) {
		switch (look_for(s, c)) {
		case PRESENT:
			/* Also of a process: if it has ended the master is to keep it. */
			bproc_ask_to_watch(s, c->pid);
			return 0;
		case STANDIN:
			return add_standin(s, c);
		case ABSENT:
			err = add_ghost(s, c, fam);
			if (err != -EEXIST)
				return err;
			tries++;
			break;
		case BUSY:
			tries++;
			break;
		case ARRIVING:
			/* Its sender, or the end of that, bounds it. */
			break;
		case FAILED:
			bproc_ghost_reap(c->pid);
			break;
		}
		if (fatal_signal_pending(current))
			return -EINTR;
		if (bproc_arrival_is_off(s, task_tgid_nr_ns(current, s->ns)))
			return -EIO;
		msleep(2);
	}
	return -EEXIST;
}

static struct bproc_child *get_list(const struct bproc_stream *h,
				    const struct bproc_stream __user *uh)
{
	u64 at = sizeof(*h) + ALIGN((u64)h->ngroups * sizeof(u32), 8);
	size_t len = (size_t)h->children * sizeof(struct bproc_child);

	if (h->iolen > 0)
		at += (u64)h->iolen * sizeof(struct bproc_io);
	if (at > h->size || len > h->size - at)
		return ERR_PTR(-EINVAL);
	return vmemdup_user((const char __user *)uh + at, len);
}

/* A process without an exit signal would be taken for a thread. */
static bool is_valid(const struct bproc_child *c)
{
	return c->pid > 1 && c->exit_signal >= 0 && c->exit_signal <= CSIGNAL;
}

/**
 * bproc_family_make - the caller, who becomes a process, has that one's children
 * @s: where it arrives
 * @h: the header
 * @uh: the same with its variable part; hostile until checked here
 * @fam: filled with the ghosts that were made
 *
 * Return: 0, or -errno; then nothing is to be undone.
 */
int bproc_family_make(struct bproc_space *s, const struct bproc_stream *h,
		      const struct bproc_stream __user *uh, struct bproc_family *fam)
{
	struct bproc_child *list;
	int err;
	u32 i;

	list = get_list(h, uh);
	if (IS_ERR(list))
		return PTR_ERR(list);
	fam->s = s;
	keep_zombies();
	err = disown_others(s, list, h->children);
	if (!err && !bproc_is_master(s)) {
		fam->ghosts = kvcalloc(h->children, sizeof(*fam->ghosts), GFP_KERNEL_ACCOUNT);
		err = fam->ghosts || !h->children ? 0 : -ENOMEM;
		for (i = 0; !err && i < h->children; i++)
			err = is_valid(&list[i]) ? add_child(s, &list[i], fam) : -EINVAL;
	}
	kvfree(list);
	if (err)
		bproc_family_undo(fam);
	return err;
}

static void family_free(struct bproc_family *fam)
{
	while (fam->n)
		bproc_ghost_put(fam->ghosts[--fam->n]);
	kvfree(fam->ghosts);
	fam->ghosts = NULL;
}

/**
 * bproc_family_settle - the process runs, and so its children's ghosts are what they are
 * @fam: from bproc_family_make()
 *
 * The caller hears of those that ended while it was on its way.
 */
void bproc_family_settle(struct bproc_family *fam)
{
	struct task_struct *task;
	bool ended = false;
	u32 i;

	for (i = 0; i < fam->n; i++)
		bproc_ghost_go_live(fam->ghosts[i]);
	read_lock(ks_tasklist_lock);
	list_for_each_entry(task, &current->children, sibling) {
		ended = ended || (is_zombie(task) && task->exit_signal == SIGCHLD);
		if (fam->s && !bproc_is_master(fam->s))
			bproc_proc_set_waited(fam->s, task->tgid, true);
		if (current->signal->is_child_subreaper)
			task->signal->has_child_subreaper = 1;
	}
	read_unlock(ks_tasklist_lock);
	family_free(fam);
	if (ended)
		send_sig(SIGCHLD, current, 1);
}

/**
 * bproc_family_undo - the process did not come
 * @fam: from bproc_family_make()
 */
void bproc_family_undo(struct bproc_family *fam)
{
	struct task_struct *task;
	u32 i;

	/* Nobody has waited for those that ended meanwhile. */
	if (fam->s && !bproc_is_master(fam->s)) {
		read_lock(ks_tasklist_lock);
		list_for_each_entry(task, &current->children, sibling)
			if (is_zombie(task))
				bproc_proc_set_waited(fam->s, task->tgid, false);
		read_unlock(ks_tasklist_lock);
	}
	for (i = 0; i < fam->n; i++) {
		bproc_ghost_get(fam->ghosts[i]);
		bproc_ghost_unspawn(fam->ghosts[i]);
	}
	family_free(fam);
}
