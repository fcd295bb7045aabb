// SPDX-License-Identifier: GPL-2.0-only
/* What is told of processes that run here while they do: stops, and what they used. */
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "family.h"
#include "proc.h"
#include "report.h"
#include "signals.h"
#include "space.h"
#include "usage.h"

/**
 * bproc_stop_signal - does a process stand stopped?
 * @task: the process; the caller holds a reference
 *
 * Return: 0 if it runs, else the signal that stopped it.
 */
int bproc_stop_signal(struct task_struct *task)
{
	struct sighand_struct *sighand;
	unsigned long flags;
	int sig = 0;

	sighand = bproc_lock_sighand(task, &flags);
	if (!sighand)
		return 0;
	if (task->signal->flags & SIGNAL_STOP_STOPPED) {
		sig = task->signal->group_exit_code;
		/* A parent here took it already. */
		if (!sig || !valid_signal(sig))
			sig = SIGSTOP;
	}
	bproc_unlock_sighand(sighand, flags);
	return sig;
}

/* The entry that @was is a copy of, if it still is of that process. The table is locked. */
static struct bproc_proc *still_there(struct bproc_space *s, const struct bproc_proc *was)
{
	struct bproc_proc *p = xa_load(&s->procs, was->key);

	lockdep_assert_held(&s->procs.xa_lock);
	return p && p->nr == was->nr && !p->exited && !p->moved ? p : NULL;
}

static void check_stop(struct bproc_space *s, const struct bproc_proc *was,
		       struct task_struct *task, void *data)
{
	struct bproc_msgbuf *buf;
	struct bproc_proc *p;
	int sig = bproc_stop_signal(task);

	if (was->stopped == !!sig)
		return;
	buf = bproc_msg_alloc(BPROC_MSG_STOPPED, s->node, was->nr, 0, GFP_KERNEL);
	if (!buf)
		return;
	buf->msg.result = sig;
	xa_lock_irq(&s->procs);
	p = still_there(s, was);
	/* Another task may have seen and told it meanwhile. */
	if (p && p->stopped != !!sig) {
		p->stopped = !!sig;
		if (bproc_is_master(s)) {
			bproc_tell_watchers(s, p, BPROC_MSG_STOPPED, sig);
		} else {
			bproc_msgq_post(&s->msgq, buf);
			buf = NULL;
		}
	}
	xa_unlock_irq(&s->procs);
	bproc_msg_free(buf);
}

/* Call @what for each process here, with a copy of its entry and without a lock. */
static void for_each_proc(struct bproc_space *s,
			  void (*what)(struct bproc_space *, const struct bproc_proc *,
				       struct task_struct *, void *),
			  void *data)
{
	struct task_struct *task;
	struct bproc_proc *p, copy;
	unsigned long key = 0;

	for (;; key++) {
		xa_lock_irq(&s->procs);
		p = xa_find(&s->procs, &key, ULONG_MAX, XA_PRESENT);
		if (p)
			copy = *p;
		xa_unlock_irq(&s->procs);
		if (!p)
			return;
		cond_resched();
		if (copy.thread || !copy.born || copy.exited || copy.moved)
			continue;
		task = bproc_space_task(s, copy.nr);
		if (!task)
			continue;
		if (thread_group_leader(task))
			what(s, &copy, task, data);
		put_task_struct(task);
	}
}

/**
 * bproc_procs_check_stops - tell which processes stopped or went on
 * @s: the space
 *
 * The master hears of it, or who has ghosts of them.
 */
void bproc_procs_check_stops(struct bproc_space *s)
{
	for_each_proc(s, check_stop, NULL);
}

/**
 * bproc_proc_continued - a process of this node got SIGCONT from elsewhere
 * @s: the node
 * @task: the process
 *
 * Its ghost goes on already. If the process stops again before somebody looks at it, it
 * would seem never to have gone on, and nobody would hear of the second stop.
 */
void bproc_proc_continued(struct bproc_space *s, struct task_struct *task)
{
	struct bproc_msgbuf *buf;
	struct bproc_proc *p;

	if (bproc_is_master(s) || !bproc_proc_is_here(s, task->tgid))
		return;
	buf = bproc_msg_alloc(BPROC_MSG_STOPPED, s->node, task_tgid_nr_ns(task, s->ns), 0,
			      GFP_KERNEL | __GFP_NOFAIL);
	xa_lock_irq(&s->procs);
	p = xa_load(&s->procs, task->tgid);
	if (p && p->stopped && !p->exited && !p->moved) {
		p->stopped = false;
		bproc_msgq_post(&s->msgq, buf);
		buf = NULL;
	}
	xa_unlock_irq(&s->procs);
	bproc_msg_free(buf);
}

#define USAGES_PER_MSG 64

struct report {
	struct bproc_msgbuf *buf;
	int n;
};

static void report_post(struct bproc_space *s, struct report *r)
{
	if (!r->n)
		return;
	r->buf->msg.size = sizeof(r->buf->msg) + r->n * sizeof(struct bproc_msg_usage);
	bproc_msgq_post(&s->msgq, r->buf);
	r->buf = NULL;
	r->n = 0;
}

static void report_one(struct bproc_space *s, const struct bproc_proc *was,
		       struct task_struct *task, void *data)
{
	struct bproc_msg_usage *u;
	struct report *r = data;
	struct bproc_proc *p;

	check_stop(s, was, task, NULL);
	if (!r->buf)
		r->buf = bproc_msg_alloc(BPROC_MSG_USAGE, s->node, 0,
					 USAGES_PER_MSG * sizeof(*u), GFP_KERNEL);
	if (!r->buf)
		return;
	u = (struct bproc_msg_usage *)r->buf->body + r->n;
	bproc_usage_get(task, &u->usage);
	if (!memcmp(&u->usage, &was->last, sizeof(was->last)))
		return;
	u->pid = was->nr;
	xa_lock_irq(&s->procs);
	p = still_there(s, was);
	if (p)
		p->last = u->usage;
	xa_unlock_irq(&s->procs);
	/* Its end tells the final figures. */
	if (p && ++r->n == USAGES_PER_MSG)
		report_post(s, r);
}

/**
 * bproc_procs_report - tell the master what processes here used, and if they stand stopped
 * @s: the node
 *
 * Who used nothing since the last time is not in it.
 */
void bproc_procs_report(struct bproc_space *s)
{
	struct report r = { NULL, 0 };

	for_each_proc(s, report_one, &r);
	report_post(s, &r);
	bproc_msg_free(r.buf);
}
