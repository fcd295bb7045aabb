// SPDX-License-Identifier: GPL-2.0-only
/*
 * kill(2), sigqueue(3) and tgkill(2) on a node reach the whole process space. A number that is
 * in use on the node is the kernel's business: a process, or a stand-in that sends the signal
 * on. For all else, and for groups, the master is asked: it alone knows where everybody is.
 */
#include <linux/compat.h>
#include <linux/compiler.h>
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>

#include "call.h"
#include "hook.h"
#include "kcompat.h"
#include "kill.h"
#include "ksyms.h"
#include "proc.h"
#include "space.h"

enum which {
	KILL,
	SIGQUEUE,
	TGKILL,
	KILL_32,
	SIGQUEUE_32,
	TGKILL_32,
};

/* Not in tail position: the hook knows our calls by where they return to. */
static noinline long original(int which, const struct pt_regs *regs)
{
	long ret = -ENOSYS;

	switch (which) {
	case KILL:
		ret = ks_kill(regs);
		break;
	case SIGQUEUE:
		ret = ks_sigqueue(regs);
		break;
	case TGKILL:
		ret = ks_tgkill(regs);
		break;
#ifdef CONFIG_IA32_EMULATION
	case KILL_32:
		ret = ks_kill_32(regs);
		break;
	case SIGQUEUE_32:
		ret = ks_sigqueue_32(regs);
		break;
	case TGKILL_32:
		ret = ks_tgkill_32(regs);
		break;
#endif
	default:
		break;
	}
	OPTIMIZER_HIDE_VAR(ret);
	return ret;
}

static pid_t target_of(enum which which, const struct pt_regs *regs)
{
	return which < KILL_32 ? regs->di : regs->bx;
}

static long kill_myself(enum which which, const struct pt_regs *regs, pid_t me)
{
	struct pt_regs mine = *regs;

	if (which < KILL_32)
		mine.di = me;
	else
		mine.bx = me;
	return original(which, &mine);
}

/* The original has found it right, but for the process. */
static int get_info(enum which which, const struct pt_regs *regs,
		    struct bproc_msg_signal *sig)
{
	if (which == SIGQUEUE) {
		struct kernel_siginfo info;

		if (copy_from_user(&info, (void __user *)regs->dx, sizeof(info)))
			return -EFAULT;
		sig->code = info.si_code;
		sig->errno_ = info.si_errno;
		sig->value = (unsigned long)info.si_ptr;
#ifdef CONFIG_IA32_EMULATION
	} else if (which == SIGQUEUE_32) {
		struct compat_siginfo info;

		if (copy_from_user(&info, compat_ptr(regs->dx), sizeof(info)))
			return -EFAULT;
		sig->code = info.si_code;
		sig->errno_ = info.si_errno;
		sig->value = info.si_ptr;
#endif
	}
	return 0;
}

static long ask_master(struct bproc_space *s, enum which which, const struct pt_regs *regs,
		       pid_t target)
{
	struct bproc_msg_call call = {
		.call = BPROC_CALL_KILL,
		.after = target,
		.signal = {
			.signo = which < KILL_32 ? regs->si : regs->cx,
			.code = SI_USER,
		},
	};
	int err = get_info(which, regs, &call.signal);

	bproc_call_sign(s, &call);

	return err ? err : bproc_call_master(s, &call, NULL, 0);
}

/* The signals of kill(2) alone; sigqueue(3) is for one process. */
static int kill_here(struct bproc_space *s, int signo, pid_t target)
{
	const struct cred *cred = current_cred();
	struct bproc_killer k = {
		.space = s,
		.sender = current,
		.uid = cred->uid,
		.euid = cred->euid,
		.capable = capable(CAP_KILL),
	};

	clear_siginfo(&k.info);
	k.info.si_signo = signo;
	k.info.si_code = SI_USER;
	k.info.si_pid = task_tgid_nr_ns(current, s->ns);
	k.info.si_uid = from_kuid_munged(&init_user_ns, cred->uid);
	return bproc_kill(&k, target);
}

/*
 * To a group, or to all: to those here, by the driver and not by the kernel, which would
 * signal stand-ins as well; to those elsewhere; and to the caller, for which it may be
 * the end.
 */
static long kill_many(struct bproc_space *s, enum which which, const struct pt_regs *regs,
		      pid_t target)
{
	int signo = which == KILL ? regs->si : regs->cx;
	pid_t mine = task_pgrp_nr_ns(current, s->ns);
	int ret, err;

	if (signo && !valid_signal(signo))
		return -EINVAL;
	if (!target)
		target = -mine;
	ret = kill_here(s, signo, target);
	err = ask_master(s, which, regs, target);
	if (err != -EIO)
		ret = bproc_kill_merge(ret, err);
	if (target == -mine)
		ret = bproc_kill_merge(ret, kill_myself(which, regs,
							task_tgid_nr_ns(current, s->ns)));
	return ret;
}

/* Who has just left is not here any more, though a task of it may be for a moment. */
static bool has_left(struct bproc_space *s, pid_t target)
{
	struct task_struct *task = bproc_space_task(s, target);
	bool ret;

	if (!task)
		return false;
	ret = bproc_proc_left(s, task->tgid);
	put_task_struct(task);
	return ret;
}

/* To one thread; those of a process here the kernel knows. */
static long tgkill_from_node(struct bproc_space *s, enum which which,
			     const struct pt_regs *regs)
{
	bool compat = which == TGKILL_32;
	struct bproc_msg_call call = {
		.call = BPROC_CALL_TGKILL,
		.after = compat ? regs->bx : regs->di,
		.node = compat ? regs->cx : regs->si,
		.signal = {
			.signo = regs->dx,
			.code = SI_USER,
		},
	};
	long ret = original(which, regs);
	struct task_struct *task;
	bool here = false;

	if (ret != -ESRCH || call.after <= 0 || call.node <= 0 ||
	    bproc_proc_was_here(s, call.after))
		return ret;
	task = bproc_space_task(s, call.after);
	if (task) {
		here = bproc_proc_is_here(s, task->tgid);
		put_task_struct(task);
	}
	if (here)
		return ret;
	bproc_call_sign(s, &call);
	ret = bproc_call_master(s, &call, NULL, 0);
	return ret == -EIO ? -ESRCH : ret;
}

static long kill_from_node(struct bproc_space *s, int which, const struct pt_regs *regs)
{
	pid_t target = target_of(which, regs);
	long ret;

	if (which == TGKILL || which == TGKILL_32)
		return tgkill_from_node(s, which, regs);
	if (target <= 0 && (which == KILL || which == KILL_32))
		return kill_many(s, which, regs, target);
	ret = has_left(s, target) ? -ESRCH : original(which, regs);
	/* One that was here, and whose parent here knows of its end, is gone everywhere. */
	if (ret != -ESRCH || target <= 0 || bproc_proc_was_here(s, target))
		return ret;
	ret = ask_master(s, which, regs, target);
	return ret == -EIO ? -ESRCH : ret;
}

static long hooked(enum which which, const struct pt_regs *regs)
{
	return bproc_hook_call(which, regs, kill_from_node, original);
}

static asmlinkage long hooked_kill(const struct pt_regs *regs)
{
	return hooked(KILL, regs);
}

static asmlinkage long hooked_sigqueue(const struct pt_regs *regs)
{
	return hooked(SIGQUEUE, regs);
}

static asmlinkage long hooked_tgkill(const struct pt_regs *regs)
{
	return hooked(TGKILL, regs);
}

#ifdef CONFIG_IA32_EMULATION
static asmlinkage long hooked_tgkill_32(const struct pt_regs *regs)
{
	return hooked(TGKILL_32, regs);
}

static asmlinkage long hooked_kill_32(const struct pt_regs *regs)
{
	return hooked(KILL_32, regs);
}

static asmlinkage long hooked_sigqueue_32(const struct pt_regs *regs)
{
	return hooked(SIGQUEUE_32, regs);
}
#endif

static struct bproc_hook hooks[] = {
	{ "__x64_sys_kill", hooked_kill },
	{ "__x64_sys_rt_sigqueueinfo", hooked_sigqueue },
	{ "__x64_sys_tgkill", hooked_tgkill },
#ifdef CONFIG_IA32_EMULATION
	{ "__ia32_sys_kill", hooked_kill_32 },
	{ "__ia32_compat_sys_rt_sigqueueinfo", hooked_sigqueue_32 },
	{ "__ia32_sys_tgkill", hooked_tgkill_32 },
#endif
};

/**
 * bproc_killhook_init - set the hooks, at load
 *
 * Return: 0 or -errno.
 */
int bproc_killhook_init(void)
{
	return bproc_hooks_set(hooks, ARRAY_SIZE(hooks));
}

/* At unload; calls that are under way are waited for by bproc_trace_exit(). */
void bproc_killhook_exit(void)
{
	bproc_hooks_clear(hooks, ARRAY_SIZE(hooks));
}
