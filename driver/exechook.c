// SPDX-License-Identifier: GPL-2.0-only
/*
 * execve(2) on a node of a file that is not there is an EXEC of the same: a node has no
 * files to speak of, and a shell there can run the master's programs all the same.
 */
#include <linux/compat.h>
#include <linux/compiler.h>
#include <linux/fcntl.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fetch.h"
#include "hook.h"
#include "kcompat.h"
#include "ksyms.h"
#include "proc.h"
#include "space.h"
#include "stream.h"
#include "strings.h"
#include "trace.h"
#include "vmadump/vmadump.h"

static bool exechook = true;
module_param(exechook, bool, 0644);
MODULE_PARM_DESC(exechook, "execve of a file that a node does not have executes the master's");

/* Does a node look for programs on the master, and execute them? */
bool bproc_exechook_is_on(void)
{
	return READ_ONCE(exechook);
}

enum which {
	EXECVE,
	EXECVEAT,
	EXECVE_32,
	EXECVEAT_32,
};

/* Not in tail position: the hook knows our calls by where they return to. */
static noinline long original(enum which which, const struct pt_regs *regs)
{
	long ret = -ENOSYS;

	switch (which) {
	case EXECVE:
		ret = ks_execve(regs);
		break;
	case EXECVEAT:
		ret = ks_execveat(regs);
		break;
#ifdef CONFIG_IA32_EMULATION
	case EXECVE_32:
		ret = ks_execve_32(regs);
		break;
	case EXECVEAT_32:
		ret = ks_execveat_32(regs);
		break;
#endif
	default:
		break;
	}
	OPTIMIZER_HIDE_VAR(ret);
	return ret;
}

/* The arguments of a call; @dir is AT_FDCWD where the call has none. */
struct arguments {
	int dir;
	const char __user *path;
	void __user *argv;
	void __user *envp;
};

static struct arguments arguments_of(enum which which, const struct pt_regs *regs)
{
	struct arguments a = { .dir = AT_FDCWD };

	switch (which) {
	case EXECVE:
		a.path = (void __user *)regs->di;
		a.argv = (void __user *)regs->si;
		a.envp = (void __user *)regs->dx;
		break;
	case EXECVEAT:
		a.dir = regs->di;
		a.path = (void __user *)regs->si;
		a.argv = (void __user *)regs->dx;
		a.envp = (void __user *)regs->r10;
		break;
	case EXECVE_32:
		a.path = compat_ptr(regs->bx);
		a.argv = compat_ptr(regs->cx);
		a.envp = compat_ptr(regs->dx);
		break;
	case EXECVEAT_32:
		a.dir = regs->bx;
		a.path = compat_ptr(regs->cx);
		a.argv = compat_ptr(regs->dx);
		a.envp = compat_ptr(regs->si);
		break;
	}
	return a;
}

/* What execve(2) says; trouble of ours is none of its, and the file is not there. */
static long errno_of_exec(long err)
{
	switch (err) {
	case -EIO:
	case -EOPNOTSUPP:
	case -ENOSYS:
		return -ENOENT;
	}
	return err <= -BPROC_BE_BASE ? -ENOENT : err;
}

/* What the kernel has found good, but for the file. */
static long exec_on_master(struct bproc_space *s, const struct arguments *a,
			   struct bproc_order *order)
{
	static const char *const nothing[] = { "", NULL };
	struct bproc_strings *argv, *envp;
	struct bproc_program prog;
	char *path;
	long ret;

	path = strndup_user(a->path, PATH_MAX);
	if (IS_ERR(path))
		return PTR_ERR(path);
	if (!path[0] || (path[0] != '/' && a->dir != AT_FDCWD)) {
		kfree(path);
		return -ENOENT;
	}
	argv = bproc_strings_get(a->argv);
	envp = IS_ERR(argv) ? NULL : bproc_strings_get(a->envp);
	ret = IS_ERR(argv) ? PTR_ERR(argv) : PTR_ERR_OR_ZERO(envp);
	if (!ret) {
		prog.path = path;
		prog.argv = argv && argv->list[0] ? (const char *const *)argv->list : nothing;
		prog.envp = envp ? (const char *const *)envp->list : NULL;
		ret = errno_of_exec(bproc_exec(s, order, &prog));
	}
	if (!IS_ERR(argv))
		bproc_strings_put(argv);
	if (!IS_ERR(envp))
		bproc_strings_put(envp);
	kfree(path);
	return ret;
}

static long hooked(enum which which, const struct pt_regs *regs)
{
	struct arguments a = arguments_of(which, regs);
	struct bproc_order order = { .flags = VMAD_DUMP_EXEC | VMAD_DUMP_OTHER };
	struct bproc_space *s;
	long ret;

	bproc_trace_get();
	/* After success @regs are the new program's. */
	ret = original(which, regs);
	if (ret == -ENOENT && bproc_exechook_is_on()) {
		s = bproc_space_current();
		if (s && !bproc_is_master(s) && bproc_proc_is_here(s, current->tgid))
			ret = exec_on_master(s, &a, &order);
		bproc_space_put(s);
	}
	bproc_trace_put();
	if (order.exits)
		ks_do_group_exit(order.exit_status);
	return ret;
}

static asmlinkage long hooked_execve(const struct pt_regs *regs)
{
	return hooked(EXECVE, regs);
}

static asmlinkage long hooked_execveat(const struct pt_regs *regs)
{
	return hooked(EXECVEAT, regs);
}

#ifdef CONFIG_IA32_EMULATION
static asmlinkage long hooked_execve_32(const struct pt_regs *regs)
{
	return hooked(EXECVE_32, regs);
}

static asmlinkage long hooked_execveat_32(const struct pt_regs *regs)
{
	return hooked(EXECVEAT_32, regs);
}
#endif

static struct bproc_hook hooks[] = {
	{ "__x64_sys_execve", hooked_execve },
	{ "__x64_sys_execveat", hooked_execveat },
#ifdef CONFIG_IA32_EMULATION
	{ "__ia32_compat_sys_execve", hooked_execve_32 },
	{ "__ia32_compat_sys_execveat", hooked_execveat_32 },
#endif
};

/**
 * bproc_exechook_init - set the hooks, at load
 *
 * Return: 0 or -errno.
 */
int bproc_exechook_init(void)
{
	return bproc_hooks_set(hooks, ARRAY_SIZE(hooks));
}

/* At unload; calls that are under way are waited for by bproc_trace_exit(). */
void bproc_exechook_exit(void)
{
	bproc_hooks_clear(hooks, ARRAY_SIZE(hooks));
}
