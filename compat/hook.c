// SPDX-License-Identifier: GPL-2.0-only
/*
 * The original's system call numbers. All numbers that the kernel does not implement end in
 * one function. A kprobe there sends callers of ours on to compat_entry(); calls that are
 * implemented never come by.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/task_stack.h>
#include <linux/wait.h>
#include <asm/syscall.h>

#include "../driver/kcompat.h"
#include "../driver/version.h"
#include "legacy.h"
#include "numbers.h"

static int nr64 = BPROC_LEGACY_NR_64;
module_param(nr64, int, 0444);
MODULE_PARM_DESC(nr64, "number of the call in 64-bit programs; -1: none");

static int nr32[4] = { BPROC_LEGACY_NR_32, BPROC_LEGACY_NR_32_V3 };
static int nr32_count = 2;
module_param_array(nr32, int, &nr32_count, 0444);
MODULE_PARM_DESC(nr32, "numbers of the call in 32-bit programs; -1: none");

/* Tasks that were sent to compat_entry() and have not returned. */
static atomic_t inside;
static DECLARE_WAIT_QUEUE_HEAD(left);

static void leave(void)
{
	if (atomic_dec_and_test(&inside))
		wake_up(&left);
}

static asmlinkage long compat_entry(void)
{
	struct legacy_call call = {};
	long ret;

	legacy_get_registers(&call, current_pt_regs());
	ret = legacy_make(&call);
	/* What a task that is at this point still executes here, compat_exit() waits for. */
	leave();
	if (call.c.exits)
		bproc_call_exit(call.c.exit_status);
	return ret;
}

static bool is_ours(const struct pt_regs *regs)
{
	int i;

	if (!in_ia32_syscall())
		return nr64 >= 0 && regs->orig_ax == nr64;
	for (i = 0; i < nr32_count; i++)
		if (nr32[i] >= 0 && (u32)regs->orig_ax == nr32[i])
			return true;
	return false;
}

/* The number is judged where the call ends up, after tracers and filters had their say. */
static int not_implemented(struct kprobe *kp, struct pt_regs *regs)
{
	if (!is_ours(current_pt_regs()))
		return 0;
	atomic_inc(&inside);
	instruction_pointer_set(regs, (unsigned long)compat_entry);
	return 1;
}
NOKPROBE_SYMBOL(not_implemented);

/* With a post handler kprobes do not turn the probe into a jump, which cannot divert. */
static void afterwards(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(afterwards);

static struct kprobe probes[] = {
	{ .symbol_name = "__x64_sys_ni_syscall" },
	{ .symbol_name = "__ia32_sys_ni_syscall" },
};
static int probes_set;

/* And nobody is on his way through this module any more. */
static void unprobe(void)
{
	while (probes_set)
		unregister_kprobe(&probes[--probes_set]);
	wait_event_idle(left, !atomic_read(&inside));
	synchronize_rcu_tasks();
}

static int probe(void)
{
	struct kprobe *kp;
	int err;

	for (; probes_set < (int)ARRAY_SIZE(probes); probes_set++) {
		kp = &probes[probes_set];
		kp->pre_handler = not_implemented;
		kp->post_handler = afterwards;
		err = register_kprobe(kp);
		if (err) {
			pr_err("cannot probe %s (error %d)\n", kp->symbol_name, -err);
			unprobe();
			return err;
		}
		/* Often one function has both names. */
		if (probes_set && kp->addr == probes[0].addr) {
			unregister_kprobe(kp);
			break;
		}
	}
	return 0;
}

static int check_number(int nr, bool is32)
{
	if (nr == -1 || !compat_number_taken(nr, is32))
		return 0;
	pr_err("%d is a system call of this kernel for %d-bit programs: not taking it over\n",
	       nr, is32 ? 32 : 64);
	return -EBUSY;
}

static int __init compat_init(void)
{
	int err, i;

	err = check_number(nr64, false);
	for (i = 0; i < nr32_count && !err; i++)
		err = check_number(nr32[i], true);
	if (!err)
		err = probe();
	if (!err)
		pr_info("version %s\n", BPROC_VERSION);
	return err;
}

static void __exit compat_exit(void)
{
	unprobe();
}

module_init(compat_init);
module_exit(compat_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The original system call of Beowulf Distributed Process Space");
MODULE_VERSION(BPROC_VERSION);
BPROC_IMPORT;
