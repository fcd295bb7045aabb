// SPDX-License-Identifier: GPL-2.0-only
/*
 * getpgid(2) and getsid(2) on a node know every process of the space. A stand-in has the
 * number of a process and not its group or session, so the master answers for these too.
 * And setpgid(2) knows groups whose members are all elsewhere.
 */
#include <linux/compiler.h>
#include <linux/sched.h>

#include "call.h"
#include "ghost.h"
#include "hook.h"
#include "kcompat.h"
#include "ksyms.h"
#include "proc.h"
#include "space.h"

enum which {
	GETPGID,
	GETSID,
	SETPGID,
	GETPGID_32,
	GETSID_32,
	SETPGID_32,
};

/* Not in tail position: the hook knows our calls by where they return to. */
static noinline long original(int which, const struct pt_regs *regs)
{
	long ret = -ENOSYS;

	switch (which) {
	case GETPGID:
		ret = ks_getpgid(regs);
		break;
	case GETSID:
		ret = ks_getsid(regs);
		break;
	case SETPGID:
		ret = ks_setpgid(regs);
		break;
#ifdef CONFIG_IA32_EMULATION
	case GETPGID_32:
		ret = ks_getpgid_32(regs);
		break;
	case GETSID_32:
		ret = ks_getsid_32(regs);
		break;
	case SETPGID_32:
		ret = ks_setpgid_32(regs);
		break;
#endif
	default:
		break;
	}
	OPTIMIZER_HIDE_VAR(ret);
	return ret;
}

static bool is_standin(struct bproc_space *s, pid_t nr)
{
	struct bproc_ghost *g = bproc_ghost_find(s, nr);

	bproc_ghost_put(g);
	return g;
}

static long get_from_node(struct bproc_space *s, enum which which, const struct pt_regs *regs)
{
	pid_t nr = which < GETPGID_32 ? regs->di : regs->bx;
	struct bproc_msg_call call = {
		.call = which == GETPGID || which == GETPGID_32 ? BPROC_CALL_GETPGID :
								  BPROC_CALL_GETSID,
		.after = nr,
	};
	long ret = original(which, regs);
	int answer;

	if (nr <= 0 || (ret >= 0 ? !is_standin(s, nr) : bproc_proc_was_here(s, nr)))
		return ret;
	answer = bproc_call_master(s, &call, NULL, 0);
	if (answer >= 0 || answer == -ESRCH)
		return answer;
	return ret;
}

/*
 * EPERM is also what the kernel says to a group that it does not know. The master knows
 * all, by the same rules; it has a stand-in made for the group's number here first.
 */
static long set_from_node(struct bproc_space *s, enum which which, const struct pt_regs *regs)
{
	pid_t me = task_tgid_nr_ns(current, s->ns);
	pid_t nr = which < GETPGID_32 ? regs->di : regs->bx;
	pid_t pgrp = which < GETPGID_32 ? regs->si : regs->cx;
	struct bproc_msg_call call = {
		.call = BPROC_CALL_SETPGID,
		.after = nr ? nr : me,
		.node = pgrp ? pgrp : nr ? nr : me,
	};
	long ret = original(which, regs);
	int answer;

	if (ret != -EPERM || call.after == call.node)
		return ret;
	answer = bproc_call_master(s, &call, NULL, 0);
	return answer == -EIO || answer == -ENOMEM ? ret : answer;
}

static long call_from_node(struct bproc_space *s, int which, const struct pt_regs *regs)
{
	if (which == SETPGID || which == SETPGID_32)
		return set_from_node(s, which, regs);
	return get_from_node(s, which, regs);
}

static long hooked(enum which which, const struct pt_regs *regs)
{
	return bproc_hook_call(which, regs, call_from_node, NULL, original);
}

static asmlinkage long hooked_getpgid(const struct pt_regs *regs)
{
	return hooked(GETPGID, regs);
}

static asmlinkage long hooked_getsid(const struct pt_regs *regs)
{
	return hooked(GETSID, regs);
}

static asmlinkage long hooked_setpgid(const struct pt_regs *regs)
{
	return hooked(SETPGID, regs);
}

#ifdef CONFIG_IA32_EMULATION
static asmlinkage long hooked_setpgid_32(const struct pt_regs *regs)
{
	return hooked(SETPGID_32, regs);
}

static asmlinkage long hooked_getpgid_32(const struct pt_regs *regs)
{
	return hooked(GETPGID_32, regs);
}

static asmlinkage long hooked_getsid_32(const struct pt_regs *regs)
{
	return hooked(GETSID_32, regs);
}
#endif

static struct bproc_hook hooks[] = {
	{ "__x64_sys_getpgid", hooked_getpgid },
	{ "__x64_sys_getsid", hooked_getsid },
	{ "__x64_sys_setpgid", hooked_setpgid },
#ifdef CONFIG_IA32_EMULATION
	{ "__ia32_sys_getpgid", hooked_getpgid_32 },
	{ "__ia32_sys_getsid", hooked_getsid_32 },
	{ "__ia32_sys_setpgid", hooked_setpgid_32 },
#endif
};

/**
 * bproc_getidhook_init - set the hooks, at load
 *
 * Return: 0 or -errno.
 */
int bproc_getidhook_init(void)
{
	return bproc_hooks_set(hooks, ARRAY_SIZE(hooks));
}

/* At unload; calls that are under way are waited for by bproc_trace_exit(). */
void bproc_getidhook_exit(void)
{
	bproc_hooks_clear(hooks, ARRAY_SIZE(hooks));
}
