// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel keeps about a program beside its memory and registers: signal actions and
 * mask, alternate stack, robust list, rseq, membarrier, where its parts lie, its name.
 */
#include <linux/binfmts.h>
#include <linux/compat.h>
#include <linux/membarrier.h>
#include <linux/mm.h>
#include <linux/personality.h>
#include <linux/rseq.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "image.h"

#define EACH_MM_FIELD(F)                                                                    \
	F(start_code) F(end_code) F(start_data) F(end_data) F(start_brk) F(brk)               \
	F(start_stack) F(arg_start) F(arg_end) F(env_start) F(env_end)

#ifdef CONFIG_MEMBARRIER
#define REGISTERED(what) MEMBARRIER_STATE_##what##_READY
#else
#define REGISTERED(what) 0
#endif

/* Registrations of membarrier(2), as the image has them and as the kernel has them. */
static const struct {
	u8 bit;
	int ready;
	int command;
} membarriers[] = {
	{ VMAD_MEMBARRIER_GLOBAL, REGISTERED(GLOBAL_EXPEDITED),
	  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED },
	{ VMAD_MEMBARRIER_PRIVATE, REGISTERED(PRIVATE_EXPEDITED),
	  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED },
	{ VMAD_MEMBARRIER_SYNC_CORE, REGISTERED(PRIVATE_EXPEDITED_SYNC_CORE),
	  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE },
	{ VMAD_MEMBARRIER_RSEQ, REGISTERED(PRIVATE_EXPEDITED_RSEQ),
	  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ },
};

static u8 membarrier_bits(struct mm_struct *mm)
{
	u8 bits = 0;
#ifdef CONFIG_MEMBARRIER
	int state = atomic_read(&mm->membarrier_state);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(membarriers); i++)
		if (state & membarriers[i].ready)
			bits |= membarriers[i].bit;
#endif
	return bits;
}

/**
 * vmad_task_membarrier - register the caller for membarrier(2), after exec
 * @bits: VMAD_MEMBARRIER_*
 *
 * Should this kernel not have one of them, the program finds out when it uses it.
 */
void vmad_task_membarrier(u8 bits)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(membarriers); i++) {
		struct pt_regs args = { .di = membarriers[i].command };
		long err = bits & membarriers[i].bit ? ks_membarrier(&args) : 0;

		if (err)
			pr_debug("%s: membarrier command %d: %ld\n", current->comm,
				 membarriers[i].command, err);
	}
}

/**
 * vmad_task_describe - the caller, for its image
 * @task: to be filled, but for @task->exe
 * @blocked: its blocked signals
 */
void vmad_task_describe(struct vmad_task *task, const sigset_t *blocked)
{
	struct mm_struct *mm = current->mm;

	task->personality = current->personality;
	task->altstack = current->sas_ss_sp;
	task->altstack_size = current->sas_ss_size;
	task->altstack_flags = current->sas_ss_flags;
	task->sigmask = vmad_sigset_bits(blocked);
	task->robust_list = (unsigned long)bproc_robust_list(current);
#ifdef CONFIG_COMPAT
	if (!task->robust_list)
		task->robust_list = (unsigned long)bproc_compat_robust_list(current);
#endif
	task->clear_child_tid = (unsigned long)current->clear_child_tid;
#ifdef CONFIG_RSEQ
	task->rseq = bproc_rseq_area(current);
	if (task->rseq) {
		task->rseq_len = bproc_rseq_len(current);
		task->rseq_sig = bproc_rseq_sig(current);
	}
#endif
	spin_lock(&mm->arg_lock);
#define COPY(field) task->field = mm->field;
	EACH_MM_FIELD(COPY)
#undef COPY
	spin_unlock(&mm->arg_lock);
	savesegment(ds, task->ds);
	savesegment(es, task->es);
	savesegment(fs, task->fs);
	savesegment(gs, task->gs);
	task->membarrier = membarrier_bits(mm);
	task->undumpable = bproc_dumpable() != BPROC_DUMPABLE;
	get_task_comm(task->comm, current);
}

static bool below(u64 address, u64 limit)
{
	return address < limit;
}

/* As PR_SET_MM_MAP would: within bounds, and in order. */
static bool layout_ok(const struct vmad_task *task, u64 limit)
{
	const u64 address[] = {
#define VALUE(field) task->field,
		EACH_MM_FIELD(VALUE)
#undef VALUE
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(address); i++)
		if (address[i] < *ks_mmap_min_addr || !below(address[i], limit))
			return false;
	return task->start_code < task->end_code && task->start_data <= task->end_data &&
	       task->start_brk <= task->brk && task->arg_start <= task->arg_end &&
	       task->env_start <= task->env_end;
}

static bool altstack_ok(const struct vmad_task *task, u64 limit)
{
	u32 mode = task->altstack_flags & ~SS_FLAG_BITS;

	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return false;
	if (!task->altstack_size)
		return true;
	return task->altstack_size >= MINSIGSTKSZ && below(task->altstack, limit) &&
	       task->altstack_size <= limit - task->altstack;
}

/**
 * vmad_task_check - can a program be what its image says?
 * @plan: the image
 *
 * Return: 0 or -EINVAL; -ENOMEM if its data would pass RLIMIT_DATA.
 */
int vmad_task_check(const struct vmad_plan *plan)
{
	const struct vmad_task *task = plan->task;
	u64 limit = vmad_plan_limit(plan);
	unsigned long data_limit = rlimit(RLIMIT_DATA);

	if (!layout_ok(task, limit) || !altstack_ok(task, limit))
		return -EINVAL;
	if (!below(task->robust_list, limit) || !below(task->clear_child_tid, limit) ||
	    !below(task->rseq, limit) || (task->rseq && task->rseq_len > limit - task->rseq))
		return -EINVAL;
	if (memchr_inv(task->reserved, 0, sizeof(task->reserved)) ||
	    (task->membarrier & ~VMAD_MEMBARRIER_ALL) ||
	    !memchr(task->comm, 0, sizeof(task->comm)))
		return -EINVAL;
	if (task->exe != VMAD_NO_FILE && task->exe >= plan->nfiles)
		return -EINVAL;
	if (data_limit < RLIM_INFINITY &&
	    task->brk - task->start_brk + task->end_data - task->start_data > data_limit)
		return -ENOMEM;
	return 0;
}

static int restore_sigactions(const struct vmad_plan *plan)
{
	unsigned int i;

	for (i = 0; i < VMAD_NSIG; i++) {
		const struct vmad_sigaction *from = &plan->sigactions[i];
		struct k_sigaction act = {};
		int sig = i + 1;
		int err;

		if (sig_kernel_only(sig))
			continue;
		act.sa.sa_handler = (__sighandler_t)(unsigned long)from->handler;
		act.sa.sa_flags = from->flags & UAPI_SA_FLAGS;
		act.sa.sa_restorer = (__sigrestore_t)(unsigned long)from->restorer;
		vmad_sigset_set(&act.sa.sa_mask, from->mask);
		err = ks_do_sigaction(sig, &act, NULL);
		if (err)
			return err;
	}
	return 0;
}

static void restore_layout(const struct vmad_plan *plan)
{
	struct mm_struct *mm = current->mm;
	const struct vmad_task *task = plan->task;

	mmap_write_lock(mm);
	spin_lock(&mm->arg_lock);
#define COPY(field) mm->field = task->field;
	EACH_MM_FIELD(COPY)
#undef COPY
	spin_unlock(&mm->arg_lock);
	memset(mm->saved_auxv, 0, sizeof(mm->saved_auxv));
	memcpy(mm->saved_auxv, plan->auxv,
	       min_t(size_t, plan->auxv_len,
		     sizeof(mm->saved_auxv) - 2 * sizeof(mm->saved_auxv[0])));
	mmap_write_unlock(mm);
}

/**
 * vmad_task_restore - make the caller what its image says, after the memory
 * @plan: the image
 *
 * Return: 0 or -errno.
 */
int vmad_task_restore(const struct vmad_plan *plan)
{
	const struct vmad_task *task = plan->task;
	struct file *exe;
	int err;

	restore_layout(plan);
	err = plan->is_exec ? 0 : restore_sigactions(plan);
	if (err)
		return err;
	current->sas_ss_sp = task->altstack;
	current->sas_ss_size = task->altstack_size;
	current->sas_ss_flags = task->altstack_flags;
#ifdef CONFIG_COMPAT
	if (plan->is32)
		bproc_compat_robust_list(current) = compat_ptr(task->robust_list);
	else
#endif
		bproc_robust_list(current) =
			(struct robust_list_head __user *)(unsigned long)task->robust_list;
	current->clear_child_tid = (int __user *)(unsigned long)task->clear_child_tid;
	current->personality = task->personality;
	if (plan->dumpable)
		*plan->dumpable = !task->undumpable;
	else if (task->undumpable)
		bproc_set_dumpable(BPROC_UNDUMPABLE);
	ks___set_task_comm(current, task->comm, true);
	exe = vmad_plan_exe(plan);
	/* Fails when somebody has it open for writing; then the name is missing. */
	if (exe && ks_set_mm_exe_file(current->mm, exe))
		pr_debug("exe of %s not set\n", task->comm);
	return 0;
}
