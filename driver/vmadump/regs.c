// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of a restored program: checked before the old one goes, loaded at the end.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/regset.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/desc.h>
#include <asm/fpu/api.h>
#include <asm/fpu/xcr.h>
#include <asm/fpu/xstate.h>
#include <asm/pkru.h>
#include <asm/prctl.h>
#include <asm/segment.h>
#include <asm/user32.h>
#include "image.h"

/* The standard (not compacted) form of vector state, as in NT_X86_XSTATE. */
#define FXSAVE_SIZE 512
#define FXSAVE_MXCSR 24
#define XSAVE_HEADER_BV 512
#define XSAVE_MIN 576

/* Bits of MXCSR that all processors with SSE2 have, and one of AMD's: misaligned operands. */
#define MXCSR_KNOWN 0xffff
#define MXCSR_MM BIT(17)

/* Bits of the flags register that are the program's. */
#define FLAGS_USER                                                                          \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | X86_EFLAGS_SF |      \
	 X86_EFLAGS_DF | X86_EFLAGS_OF | X86_EFLAGS_AC | X86_EFLAGS_RF | X86_EFLAGS_NT |      \
	 X86_EFLAGS_TF)

static const struct user_regset *find_regset(unsigned int type)
{
	const struct user_regset_view *view = task_user_regset_view(current);
	unsigned int i;

	for (i = 0; i < view->n; i++)
		if (view->regsets[i].core_note_type == type)
			return &view->regsets[i];
	return NULL;
}

static u64 xstate_bv(const void *xsave)
{
	return *(const u64 *)(xsave + XSAVE_HEADER_BV);
}

/* Takes the components that are in use from where the image's processor puts them. */
static int take_components(struct vmad_plan *plan, size_t room)
{
	u64 bv = xstate_bv(plan->xsave);
	unsigned int i;

	for (i = 2; i < VMAD_XSTATES; i++) {
		u32 from = plan->cpu->xstate[i].offset;
		u32 len = plan->cpu->xstate[i].size;
		u32 size, offset, ecx, edx;

		if (!(bv & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &size, &offset, &ecx, &edx);
		if (from < XSAVE_MIN || from > plan->xsave_len || len > plan->xsave_len - from)
			return -EINVAL;
		if (size != len || offset > room || size > room - offset) {
			pr_notice_ratelimited("%s[%d]: processor state %u has another size here\n",
					      current->comm, task_pid_nr(current), i);
			return -EOPNOTSUPP;
		}
		memcpy(plan->xstate + offset, plan->xsave + from, len);
	}
	return 0;
}

static int check_mxcsr(u32 mxcsr)
{
	if (mxcsr & ~(MXCSR_KNOWN | MXCSR_MM))
		return -EINVAL;
	if (!(mxcsr & MXCSR_MM) || boot_cpu_has(X86_FEATURE_MISALIGNSSE))
		return 0;
	pr_notice_ratelimited("%s[%d]: image needs processor features misalignsse\n",
			      current->comm, task_pid_nr(current));
	return -EOPNOTSUPP;
}

/**
 * vmad_fpu_prepare - bring an image's vector state into the form that this kernel loads
 * @plan: the image; @plan->xstate is set
 *
 * Return: 0; -EINVAL; -EOPNOTSUPP if this processor does not have a part that is in use;
 * -ENOMEM.
 */
int vmad_fpu_prepare(struct vmad_plan *plan)
{
	const struct user_regset *set = find_regset(NT_X86_XSTATE);
	bool have_xsave = boot_cpu_has(X86_FEATURE_OSXSAVE) && set;
	/* Tile data needs a permission that exec takes away. */
	u64 known = have_xsave ? xgetbv(0) & ~BIT_ULL(18) : 3;
	size_t room = have_xsave ? set->n * set->size : FXSAVE_SIZE;
	u64 bv = plan->xsave ? xstate_bv(plan->xsave) : 3;
	const void *legacy = plan->xsave ?: plan->fxstate;
	int err;

	if (!legacy)
		return -EINVAL;
	if (bv & ~known) {
		pr_notice_ratelimited("%s[%d]: image of %.16s uses processor state %#llx\n",
				      current->comm, task_pid_nr(current), plan->task->comm,
				      bv & ~known);
		return -EOPNOTSUPP;
	}
	err = check_mxcsr(*(const u32 *)(legacy + FXSAVE_MXCSR));
	if (err)
		return err;
	room = max_t(size_t, room, XSAVE_MIN);
	plan->xstate = kvzalloc(room, GFP_KERNEL);
	if (!plan->xstate)
		return -ENOMEM;
	memcpy(plan->xstate, legacy, FXSAVE_SIZE);
	*(u64 *)(plan->xstate + XSAVE_HEADER_BV) = bv;
	return plan->xsave ? take_components(plan, room) : 0;
}

static int fpu_load(const struct vmad_plan *plan)
{
	struct fpu *fpu = bproc_task_fpu(current);
	int err = 0;

	/* After exec the state is in memory, to be loaded on the way to user mode. */
	if (boot_cpu_has(X86_FEATURE_OSXSAVE))
		err = ks_copy_uabi_from_kernel_to_xstate(fpu->fpstate, plan->xstate,
							 &current->thread.pkru);
	else
		memcpy(&fpu->fpstate->regs.fxsave, plan->xstate, FXSAVE_SIZE);
	fpu->last_cpu = -1;
	if (!err && cpu_feature_enabled(X86_FEATURE_OSPKE)) {
		preempt_disable();
		write_pkru(current->thread.pkru);
		preempt_enable();
	}
	return err;
}

/* As set_thread_area(2) would check them. */
static bool tls_ok(const struct vmad_plan *plan)
{
	unsigned int i, n = plan->tls_len / sizeof(struct user_desc);

	if (plan->tls_len % sizeof(struct user_desc) || n > GDT_ENTRY_TLS_ENTRIES)
		return false;
	for (i = 0; i < n; i++) {
		const struct user_desc *desc = &plan->tls[i];

		if (LDT_empty(desc) || LDT_zero(desc))
			continue;
		if (!desc->seg_32bit || desc->contents > 1 || desc->seg_not_present)
			return false;
	}
	return true;
}

/**
 * vmad_regs_check - may a program have these registers?
 * @plan: the image
 *
 * Return: 0 or -EINVAL.
 */
int vmad_regs_check(const struct vmad_plan *plan)
{
	if (plan->is32) {
		const struct user_regs_struct32 *regs = plan->gregs;

		if (regs->cs != __USER32_CS || !tls_ok(plan))
			return -EINVAL;
	} else {
		const struct user_regs_struct *regs = plan->gregs;

		if (regs->cs != __USER_CS || regs->ip >= TASK_SIZE_MAX ||
		    regs->sp >= TASK_SIZE_MAX || regs->fs_base >= TASK_SIZE_MAX ||
		    regs->gs_base >= TASK_SIZE_MAX)
			return -EINVAL;
	}
	return 0;
}

/**
 * vmad_regs_result - what the program is to find as its system call's result
 * @plan: the image
 */
long vmad_regs_result(const struct vmad_plan *plan)
{
	if (plan->is32)
		return (s32)((const struct user_regs_struct32 *)plan->gregs)->eax;
	return ((const struct user_regs_struct *)plan->gregs)->ax;
}

static int load64(const struct vmad_plan *plan, struct pt_regs *regs)
{
	const struct user_regs_struct *from = plan->gregs;
	int err;

	regs->r15 = from->r15;
	regs->r14 = from->r14;
	regs->r13 = from->r13;
	regs->r12 = from->r12;
	regs->r11 = from->r11;
	regs->r10 = from->r10;
	regs->r9 = from->r9;
	regs->r8 = from->r8;
	regs->bp = from->bp;
	regs->bx = from->bx;
	regs->cx = from->cx;
	regs->dx = from->dx;
	regs->si = from->si;
	regs->di = from->di;
	regs->ax = from->ax;
	regs->flags = (from->flags & FLAGS_USER) | X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	err = ks_do_arch_prctl_64(current, ARCH_SET_FS, from->fs_base);
	if (!err)
		err = ks_do_arch_prctl_64(current, ARCH_SET_GS, from->gs_base);
	return err;
}

static int load32(const struct vmad_plan *plan, struct pt_regs *regs)
{
	const struct user_regs_struct32 *from = plan->gregs;
	const struct user_regset *tls;
	int err = 0;

	/* From here on the task has the register sets of a 32-bit one. */
	regs->cs = __USER32_CS;
	regs->ss = __USER_DS;
	regs->r8 = regs->r9 = regs->r10 = regs->r11 = 0;
	regs->r12 = regs->r13 = regs->r14 = regs->r15 = 0;
	regs->bp = from->ebp;
	regs->bx = from->ebx;
	regs->cx = from->ecx;
	regs->dx = from->edx;
	regs->si = from->esi;
	regs->di = from->edi;
	regs->ax = from->eax;
	regs->flags = (from->eflags & FLAGS_USER) | X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	tls = find_regset(NT_386_TLS);
	if (plan->tls_len)
		err = tls ? tls->set(current, tls, 0, plan->tls_len, plan->tls, NULL) :
			    -EINVAL;
	if (err)
		return err;
	/* A selector that is none loads as zero. */
	loadsegment(ds, plan->task->ds | 3);
	loadsegment(es, plan->task->es | 3);
	loadsegment(fs, plan->task->fs ? plan->task->fs | 3 : 0);
	load_gs_index(plan->task->gs ? plan->task->gs | 3 : 0);
	return 0;
}

/**
 * vmad_regs_load - give the caller the registers of an image
 * @plan: the image
 *
 * Return: 0 or -errno.
 */
int vmad_regs_load(const struct vmad_plan *plan)
{
	struct pt_regs *regs = task_pt_regs(current);
	int err;

	if (plan->is32) {
		const struct user_regs_struct32 *from = plan->gregs;

		start_thread(regs, from->eip, from->esp);
		err = load32(plan, regs);
	} else {
		const struct user_regs_struct *from = plan->gregs;

		start_thread(regs, from->ip, from->sp);
		err = load64(plan, regs);
	}
	/* If it is in none there is none that a signal could restart. */
	regs->orig_ax = plan->resume ? (long)plan->resume->call : -1L;
	return err ?: fpu_load(plan);
}
