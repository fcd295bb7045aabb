// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat(2) and access(2) on a node of a program that only the master has: a shell sees what
 * it can execute there. See find.c for which those are, exechook.c for the execution.
 */
#include <linux/compiler.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/stat.h>

#include "find.h"
#include "hook.h"
#include "kcompat.h"
#include "ksyms.h"
#include "proc.h"
#include "space.h"
#include "trace.h"

enum which {
	FSTATAT,
	ACCESS,
	FACCESSAT,
	FACCESSAT2,
};

/* Not in tail position: the hook knows our calls by where they return to. */
static noinline long original(enum which which, const struct pt_regs *regs)
{
	long ret = -ENOSYS;

	switch (which) {
	case FSTATAT:
		ret = ks_newfstatat(regs);
		break;
	case ACCESS:
		ret = ks_access(regs);
		break;
	case FACCESSAT:
		ret = ks_faccessat(regs);
		break;
	case FACCESSAT2:
		ret = ks_faccessat2(regs);
		break;
	}
	OPTIMIZER_HIDE_VAR(ret);
	return ret;
}

static const char __user *path_of(enum which which, const struct pt_regs *regs)
{
	return (const char __user *)(which == ACCESS ? regs->di : regs->si);
}

/* Is it asked for something that a program elsewhere has? */
static bool can_answer(enum which which, const struct pt_regs *regs)
{
	switch (which) {
	case FSTATAT:
		return !((int)regs->r10 & ~AT_NO_AUTOMOUNT);
	case ACCESS:
		return !(regs->si & ~MAY_EXEC);
	case FACCESSAT:
		return !(regs->dx & ~MAY_EXEC);
	default:
		return !(regs->dx & ~MAY_EXEC) && !(regs->r10 & AT_SYMLINK_NOFOLLOW);
	}
}

static int put_stat(struct stat __user *to, const struct bproc_msg_found *found)
{
	struct stat stat = {
		.st_ino = found->ino,
		.st_nlink = found->nlink,
		.st_mode = found->mode,
		.st_uid = found->uid,
		.st_gid = found->gid,
		.st_size = found->size,
		.st_blksize = PAGE_SIZE,
		.st_blocks = found->blocks,
		.st_atime = found->mtime,
		.st_mtime = found->mtime,
		.st_ctime = found->mtime,
	};

	return copy_to_user(to, &stat, sizeof(stat)) ? -EFAULT : 0;
}

/* Return: 0, or what it was before. */
static long look_on_master(struct bproc_space *s, enum which which, const struct pt_regs *regs)
{
	char *path = strndup_user(path_of(which, regs), PATH_MAX);
	struct bproc_msg_found found;
	long ret = -ENOENT;

	if (IS_ERR(path))
		return ret;
	if (bproc_find_is_searched(path) && !bproc_find(s, path, &found))
		ret = which == FSTATAT ? put_stat((void __user *)regs->dx, &found) : 0;
	kfree(path);
	return ret;
}

static long hooked(enum which which, const struct pt_regs *regs)
{
	struct bproc_space *s;
	long ret;

	bproc_trace_get();
	ret = original(which, regs);
	if (ret == -ENOENT && bproc_exechook_is_on() && can_answer(which, regs)) {
		s = bproc_space_current();
		if (s && !bproc_is_master(s) && bproc_proc_is_here(s, current->tgid))
			ret = look_on_master(s, which, regs);
		bproc_space_put(s);
	}
	bproc_trace_put();
	return ret;
}

static asmlinkage long hooked_fstatat(const struct pt_regs *regs)
{
	return hooked(FSTATAT, regs);
}

static asmlinkage long hooked_access(const struct pt_regs *regs)
{
	return hooked(ACCESS, regs);
}

static asmlinkage long hooked_faccessat(const struct pt_regs *regs)
{
	return hooked(FACCESSAT, regs);
}

static asmlinkage long hooked_faccessat2(const struct pt_regs *regs)
{
	return hooked(FACCESSAT2, regs);
}

static struct bproc_hook hooks[] = {
	{ "__x64_sys_newfstatat", hooked_fstatat },
	{ "__x64_sys_access", hooked_access },
	{ "__x64_sys_faccessat", hooked_faccessat },
	{ "__x64_sys_faccessat2", hooked_faccessat2 },
};

static DEFINE_MUTEX(lock);
static bool set;

/**
 * bproc_findhook_set - there is a node in this kernel
 *
 * These calls are frequent; a kernel that never had a node is spared the hooks.
 *
 * Return: 0 or -errno.
 */
int bproc_findhook_set(void)
{
	int err = 0;

	mutex_lock(&lock);
	if (!set)
		err = bproc_hooks_set(hooks, ARRAY_SIZE(hooks));
	if (!err)
		set = true;
	mutex_unlock(&lock);
	return err;
}

/* At unload; calls that are under way are waited for by bproc_trace_exit(). */
void bproc_findhook_exit(void)
{
	if (set)
		bproc_hooks_clear(hooks, ARRAY_SIZE(hooks));
}
