// SPDX-License-Identifier: GPL-2.0-only
/* Resources that a process used: read them here, show them there. */
#include <linux/mm.h>
#include <linux/sched/cputime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/task_io_accounting_ops.h>

#include "ksyms.h"
#include "signals.h"
#include "usage.h"

static u64 max_rss_kib(struct task_struct *task)
{
	unsigned long pages = 0;
	struct mm_struct *mm;

	task_lock(task);
	mm = task->mm;
	if (mm)
		pages = get_mm_hiwater_rss(mm);
	task_unlock(task);
	return max_t(u64, task->signal->maxrss, pages) << (PAGE_SHIFT - 10);
}

/**
 * bproc_usage_get - what a process used, over all its threads and its life
 * @task: the process; the caller holds a reference
 * @u: filled
 *
 * Does not sleep.
 */
void bproc_usage_get(struct task_struct *task, struct bproc_rusage *u)
{
	struct signal_struct *sig = task->signal;
	struct task_struct *t;
	struct sighand_struct *sighand;
	unsigned long flags;

	memset(u, 0, sizeof(*u));
	sighand = bproc_lock_sighand(task, &flags);
	if (!sighand)
		return;
	ks_thread_group_cputime_adjusted(task, &u->utime, &u->stime);
	u->cutime = sig->cutime;
	u->cstime = sig->cstime;
	u->minflt = sig->min_flt;
	u->majflt = sig->maj_flt;
	u->cminflt = sig->cmin_flt;
	u->cmajflt = sig->cmaj_flt;
	u->inblock = sig->inblock;
	u->oublock = sig->oublock;
	u->nvcsw = sig->nvcsw;
	u->nivcsw = sig->nivcsw;
	u->cinblock = sig->cinblock;
	u->coublock = sig->coublock;
	u->cnvcsw = sig->cnvcsw;
	u->cnivcsw = sig->cnivcsw;
	u->cmaxrss = (u64)sig->cmaxrss << (PAGE_SHIFT - 10);
	for_each_thread(task, t) {
		u->inblock += task_io_get_inblock(t);
		u->oublock += task_io_get_oublock(t);
		u->minflt += t->min_flt;
		u->majflt += t->maj_flt;
		u->nvcsw += t->nvcsw;
		u->nivcsw += t->nivcsw;
	}
	bproc_unlock_sighand(sighand, flags);
	u->maxrss = max_rss_kib(task);
}

/* Some 36 years of work, in nanoseconds. */
#define USAGE_MAX (1ULL << 60)

static u64 rest(u64 total, u64 own)
{
	return total > own ? total - own : 0;
}

/**
 * bproc_usage_set - let a process look as if it had used this
 * @task: a process with one thread; the caller holds a reference
 * @u: totals
 *
 * What its thread used itself, here and till now, is part of the totals.
 */
void bproc_usage_set(struct task_struct *task, const struct bproc_rusage *u)
{
	/* The kernel divides by their sum, which comes from other machines. */
	u64 utime = min(u->utime, USAGE_MAX), stime = min(u->stime, USAGE_MAX);
	struct sighand_struct *sighand;
	struct signal_struct *sig;
	unsigned long flags;

	sighand = bproc_lock_sighand(task, &flags);
	if (!sighand)
		return;
	sig = task->signal;
	write_seqlock(&sig->stats_lock);
	sig->utime = rest(utime, task->utime);
	sig->stime = rest(stime, task->stime);
	/* The kernel scales utime and stime so that their sum is this. */
	sig->sum_sched_runtime = rest(utime + stime, task->se.sum_exec_runtime);
	sig->cutime = u->cutime;
	sig->cstime = u->cstime;
	sig->min_flt = rest(u->minflt, task->min_flt);
	sig->maj_flt = rest(u->majflt, task->maj_flt);
	sig->cmin_flt = u->cminflt;
	sig->cmaj_flt = u->cmajflt;
	sig->inblock = rest(u->inblock, task_io_get_inblock(task));
	sig->oublock = rest(u->oublock, task_io_get_oublock(task));
	sig->nvcsw = rest(u->nvcsw, task->nvcsw);
	sig->nivcsw = rest(u->nivcsw, task->nivcsw);
	sig->maxrss = u->maxrss >> (PAGE_SHIFT - 10);
	sig->cinblock = u->cinblock;
	sig->coublock = u->coublock;
	sig->cnvcsw = u->cnvcsw;
	sig->cnivcsw = u->cnivcsw;
	sig->cmaxrss = u->cmaxrss >> (PAGE_SHIFT - 10);
	write_sequnlock(&sig->stats_lock);
	bproc_unlock_sighand(sighand, flags);
}
