// SPDX-License-Identifier: GPL-2.0-only
/* What keeps a process from being taken elsewhere without having asked for it. */
#include <linux/fdtable.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seccomp.h>

#include "kcompat.h"
#include "obstacle.h"

static bool has_more_files(struct task_struct *task)
{
	struct files_struct *files;
	struct fdtable *fdt;
	bool ret = false;

	task_lock(task);
	files = task->files;
	if (files) {
		spin_lock(&files->file_lock);
		fdt = files_fdtable(files);
		ret = find_next_bit(fdt->open_fds, fdt->max_fds, 3) < fdt->max_fds;
		spin_unlock(&files->file_lock);
	}
	task_unlock(task);
	return ret;
}

static bool has_timers(struct signal_struct *sig)
{
	return hrtimer_active(&sig->real_timer) || READ_ONCE(sig->it[0].expires) ||
	       READ_ONCE(sig->it[1].expires) || bproc_has_posix_timers(sig);
}

static bool uses_io_uring(struct task_struct *task)
{
#ifdef CONFIG_IO_URING
	return READ_ONCE(task->io_uring);
#else
	return false;
#endif
}

static bool shares_handlers(struct task_struct *task)
{
	struct sighand_struct *sighand;
	bool ret;

	rcu_read_lock();
	sighand = rcu_dereference(task->sighand);
	ret = sighand && refcount_read(&sighand->count) > 1;
	rcu_read_unlock();
	return ret;
}

/**
 * bproc_obstacle - what is in the way, as far as one can see from outside?
 * @task: a process; the caller has a reference
 * @force: never mind what it loses
 *
 * Return: BPROC_WHY_*
 */
u32 bproc_obstacle(struct task_struct *task, bool force)
{
	struct signal_struct *sig = task->signal;

	if (get_nr_threads(task) != 1)
		return BPROC_WHY_THREADS;
	if (READ_ONCE(task->seccomp.mode) != SECCOMP_MODE_DISABLED)
		return BPROC_WHY_SECCOMP;
	if (READ_ONCE(task->ptrace))
		return BPROC_WHY_TRACED;
	/* It would go when it goes on, and whoever asked would wait till then. */
	if (READ_ONCE(sig->flags) & SIGNAL_STOP_STOPPED)
		return BPROC_WHY_STOPPED;
	if (shares_handlers(task))
		return BPROC_WHY_HANDLERS;
	/* Asked to go amid io_uring_enter(2) it would lose what that call still uses. */
	if (uses_io_uring(task))
		return BPROC_WHY_FILES;
	if (!force && has_more_files(task))
		return BPROC_WHY_FILES;
	if (!force && has_timers(sig))
		return BPROC_WHY_TIMERS;
	return BPROC_WHY_NONE;
}

/**
 * bproc_obstacle_in_memory - what in the caller's memory is in the way?
 *
 * Return: BPROC_WHY_*
 */
u32 bproc_obstacle_in_memory(void)
{
	struct mm_struct *mm = current->mm;
	u32 why = BPROC_WHY_NONE;
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, 0);

	if (mmap_read_lock_killable(mm))
		return BPROC_WHY_MOMENT;
	for_each_vma(vmi, vma)
		if ((vma->vm_flags & VM_SHARED) && vma->vm_file &&
		    (vma->vm_file->f_mode & FMODE_WRITE))
			why = BPROC_WHY_SHARED;
	mmap_read_unlock(mm);
	return why;
}

/**
 * bproc_obstacle_errno - how a call says so
 * @why: BPROC_WHY_*
 *
 * Return: 0 or -errno.
 */
int bproc_obstacle_errno(u32 why)
{
	switch (why) {
	case BPROC_WHY_NONE:
		return 0;
	case BPROC_WHY_FILES:
	case BPROC_WHY_TIMERS:
	case BPROC_WHY_SHARED:
	case BPROC_WHY_STOPPED:
	case BPROC_WHY_TRACED:
	case BPROC_WHY_VFORK:
	case BPROC_WHY_MOMENT:
		return -EBUSY;
	case BPROC_WHY_PRIVATE:
		return -EPERM;
	}
	return -EOPNOTSUPP;
}
