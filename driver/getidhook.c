// SPDX-License-Identifier: GPL-2.0-only
/*
 * getpgid(2) and getsid(2) on a node know every process of the space. A stand-in has the
 * number of a process and not its group or session, so the master answers for these too.
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
#include "trace.h"

enum which {
	GETPGID,
	GETSID,
	GETPGID_32,
	GETSID_32,
};

/* Not in tail position: the hook knows our calls by where they return to. */
static noinline long original(enum which which, const struct pt_regs *regs)
{
	long ret = -ENOSYS;

	switch (which) {
	case GETPGID:
		ret = ks_getpgid(regs);
		break;
	case GETSID:
		ret = ks_getsid(regs);
		break;
#ifdef CONFIG_IA32_EMULATION
	case GETPGID_32:
		ret = ks_getpgid_32(regs);
		break;
	case GETSID_32:
		ret = ks_getsid_32(regs);
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

static long hooked(enum which which, const struct pt_regs *regs)
{
	struct bproc_space *s;
	long ret;

	bproc_trace_get();
	s = bproc_space_current();
	if (s && !bproc_is_master(s) && bproc_proc_is_here(s, current->tgid))
		ret = get_from_node(s, which, regs);
	else
		ret = original(which, regs);
	bproc_space_put(s);
	bproc_trace_put();
	return ret;
}

static asmlinkage long hooked_getpgid(const struct pt_regs *regs)
{
	return hooked(GETPGID, regs);
}

static asmlinkage long hooked_getsid(const struct pt_regs *regs)
{
	return hooked(GETSID, regs);
}

#ifdef CONFIG_IA32_EMULATION
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
#ifdef CONFIG_IA32_EMULATION
	{ "__ia32_sys_getpgid", hooked_getpgid_32 },
	{ "__ia32_sys_getsid", hooked_getsid_32 },
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
