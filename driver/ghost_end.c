// SPDX-License-Identifier: GPL-2.0-only
/* How ghosts end with what they stand for, and the other way round. */
#include <linux/cred.h>
#include <linux/sched/signal.h>

#include "ghost.h"
#include "msgq.h"
#include "space.h"

/**
 * bproc_ghost_ended - what it stands for ended, but bproc_ghost_end() is to come later
 * @g: the ghost
 * @status: wait status that it will end with
 *
 * From now on there is nothing to send signals to.
 */
void bproc_ghost_ended(struct bproc_ghost *g, int status)
{
	spin_lock(&g->lock);
	if (g->state == BPROC_GHOST_PENDING || g->state == BPROC_GHOST_LIVE) {
		g->ended = true;
		g->status = status;
	}
	spin_unlock(&g->lock);
}

/**
 * bproc_ghost_end - what it stands for ended
 * @g: the ghost
 * @status: wait status to end with
 */
void bproc_ghost_end(struct bproc_ghost *g, int status)
{
	bool stopped = false;

	spin_lock(&g->lock);
	if (g->state == BPROC_GHOST_PENDING || g->state == BPROC_GHOST_LIVE) {
		g->state = BPROC_GHOST_EXITING;
		g->status = status;
		stopped = g->stopping || g->executing;
	}
	spin_unlock(&g->lock);
	wake_up_all(&g->wait);
	/*
	 * A stopped task takes nothing but SIGKILL, and has not held it back, and one that
	 * runs another program is not to; its file's release then sets the right status.
	 */
	if (stopped)
		send_sig(SIGKILL, g->task, 1);
}

/* Without memory for it the node's EXIT will be taken for a stranger's, and logged. */
static void remember_ended(struct bproc_ghost *g)
{
	xa_store(&g->space->ended, g->nr, xa_mk_value(g->node), GFP_KERNEL_ACCOUNT);
}

/**
 * bproc_ghost_expect_end - the calling ghost ends, and the process is going to do the same
 * @g: the ghost
 * @status: wait status of both
 *
 * Return: false if the process has ended already.
 */
bool bproc_ghost_expect_end(struct bproc_ghost *g, int status)
{
	bool live;

	spin_lock(&g->lock);
	live = g->state == BPROC_GHOST_LIVE && !g->ended;
	if (live) {
		g->ended = true;
		g->status = status;
	}
	spin_unlock(&g->lock);
	if (live)
		remember_ended(g);
	return live;
}

/**
 * bproc_ghost_status - with what does a task of the master really end?
 * @s: the master
 * @task: the task, which is exiting
 * @status: as the kernel has it
 *
 * A ghost that stands stopped can end by SIGKILL alone, see ghost_release().
 *
 * Return: @status, or that of the process that the task stands for.
 */
int bproc_ghost_status(struct bproc_space *s, struct task_struct *task, int status)
{
	struct bproc_ghost *g = bproc_ghost_find(s, task_tgid_nr_ns(task, s->ns));

	if (g && g->task == task && READ_ONCE(g->state) == BPROC_GHOST_EXITING)
		status = g->status;
	bproc_ghost_put(g);
	return status;
}

/**
 * bproc_ghost_kill_process - the ghost is gone, and what it stands for goes, too
 * @g: the ghost
 */
void bproc_ghost_kill_process(struct bproc_ghost *g)
{
	struct bproc_msg_signal *sig;
	struct bproc_msgbuf *buf;

	if (bproc_is_master(g->space))
		remember_ended(g);
	buf = bproc_msg_alloc(BPROC_MSG_SIGNAL, g->node, g->nr, sizeof(*sig),
			      GFP_KERNEL | __GFP_NOFAIL);
	sig = (void *)buf->body;
	sig->signo = SIGKILL;
	/* Who may end the ghost may not be who may end the process. */
	sig->owner = bproc_ghost_owner(g);
	bproc_msgq_post(&g->space->msgq, buf);
}

/**
 * bproc_ghost_was_killed - is this the last word of a process whose ghost went before it?
 * @s: the master's space
 * @m: a message about a process that has no ghost
 */
bool bproc_ghost_was_killed(struct bproc_space *s, const struct bproc_msg *m)
{
	void *entry;
	bool ret;

	xa_lock(&s->ended);
	entry = m->pid > 0 ? xa_load(&s->ended, m->pid) : NULL;
	ret = xa_is_value(entry) && xa_to_value(entry) == m->node;
	if (ret && m->type == BPROC_MSG_EXIT)
		__xa_erase(&s->ended, m->pid);
	xa_unlock(&s->ended);
	return ret;
}

static void forget_ended(struct bproc_space *s, int node)
{
	unsigned long pid;
	void *entry;

	xa_for_each(&s->ended, pid, entry)
		if (node == BPROC_NODE_ANY || xa_to_value(entry) == node)
			xa_erase(&s->ended, pid);
}

/**
 * bproc_ghosts_kill - a node is gone: so are its processes
 * @s: the space
 * @node: the node, or BPROC_NODE_ANY
 */
void bproc_ghosts_kill(struct bproc_space *s, int node)
{
	struct bproc_ghost *g;
	unsigned long nr = 0;

	forget_ended(s, node);
	while ((g = bproc_ghost_find_from(s, &nr))) {
		if (node == BPROC_NODE_ANY || g->node == node) {
			bproc_ghost_end(g, SIGKILL);
			bproc_ghost_cut(g);
		}
		bproc_ghost_put(g);
		nr++;
		cond_resched();
	}
}
