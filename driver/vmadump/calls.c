// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMADump calls, with their arguments in kernel memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "../strings.h"
#include "image.h"

/**
 * vmad_call_dump - VMAD_IOC_DO_DUMP
 * @arg: its argument; @arg->bytes is filled
 */
long vmad_call_dump(struct vmad_dump *arg)
{
	struct vmad_dump_opts opts = { .flags = arg->flags };
	struct file *out;
	ssize_t n;

	out = fget(arg->fd);
	if (!out)
		return -EBADF;
	n = vmad_dump(out, &opts);
	fput(out);
	if (n < 0)
		return n;
	arg->bytes = n;
	return min_t(ssize_t, n, INT_MAX);
}

/**
 * vmad_call_undump - VMAD_IOC_DO_UNDUMP
 * @arg: its argument
 *
 * Return: what the restored program is to find as the result of its system call, or -errno.
 */
long vmad_call_undump(const struct vmad_undump *arg)
{
	struct file *in;
	long result;
	int err;

	if (arg->flags & ~VMAD_UNDUMP_CHECK)
		return -EINVAL;
	in = fget(arg->fd);
	if (!in)
		return -EBADF;
	if (arg->flags & VMAD_UNDUMP_CHECK) {
		result = 0;
		err = vmad_restore(in, NULL, NULL, NULL);
	} else {
		err = vmad_restore(in, &result, NULL, NULL);
	}
	fput(in);
	return err ?: result;
}

/**
 * vmad_may_execdump - may the program just executed be dumped for whoever started it?
 *
 * Not one that runs with rights which its user does not have, or cannot read.
 */
bool vmad_may_execdump(void)
{
	return bproc_dumpable() == BPROC_DUMPABLE;
}

static char *get_path(u64 path)
{
	char *copy = strndup_user(u64_to_user_ptr(path), PATH_MAX);

	return copy == ERR_PTR(-EINVAL) ? ERR_PTR(-ENAMETOOLONG) : copy;
}

static long exec_strings(const struct vmad_execdump *arg)
{
	static const char *const none[] = { NULL };
	struct bproc_strings *argv, *envp;
	char *path;
	long err;

	path = get_path(arg->path);
	if (IS_ERR(path))
		return PTR_ERR(path);
	argv = bproc_strings_get(u64_to_user_ptr(arg->argv));
	if (IS_ERR(argv)) {
		err = PTR_ERR(argv);
		goto out_path;
	}
	envp = bproc_strings_get(u64_to_user_ptr(arg->envp));
	if (IS_ERR(envp)) {
		err = PTR_ERR(envp);
		goto out_argv;
	}
	/* As execve(2) does for a program without a name. */
	err = argv && argv->list[0] ?
		      ks_kernel_execve(path, argv->list, envp ? envp->list : none) :
		      -EINVAL;
	bproc_strings_put(envp);
out_argv:
	bproc_strings_put(argv);
out_path:
	kfree(path);
	return err;
}

/**
 * vmad_call_execdump - VMAD_IOC_EXECDUMP
 * @arg: its argument
 * @status: receives the wait status
 *
 * Return: 0: the caller is another program and has to end with @status; -errno of the exec.
 */
long vmad_call_execdump(const struct vmad_execdump *arg, int *status)
{
	struct vmad_dump_opts opts = { .flags = arg->flags, .at_start = true };
	struct file *out;
	ssize_t n;
	long err;

	if (arg->flags & ~VMAD_DUMP_ALL)
		return -EINVAL;
	out = fget(arg->fd);
	if (!out)
		return -EBADF;
	if (!(out->f_mode & FMODE_WRITE))
		err = -EBADF;
	else
		err = exec_strings(arg);
	if (err) {
		fput(out);
		return err;
	}
	n = vmad_may_execdump() ? vmad_dump(out, &opts) : -EPERM;
	fput(out);
	*status = (n < 0 ? -n & 0xff : 0) << 8;
	return 0;
}

static long lib_name(long (*call)(const char *path), const struct vmad_lib *arg)
{
	char *name;
	long err;

	if (arg->reserved)
		return -EINVAL;
	if (arg->length) {
		if (arg->length >= PATH_MAX)
			return -ENAMETOOLONG;
		name = memdup_user_nul(u64_to_user_ptr(arg->name), arg->length);
	} else {
		name = get_path(arg->name);
	}
	if (IS_ERR(name))
		return PTR_ERR(name);
	err = name[0] ? call(name) : -EINVAL;
	kfree(name);
	return err;
}

/**
 * vmad_call_lib_add - VMAD_IOC_LIB_ADD
 * @arg: its argument
 */
long vmad_call_lib_add(const struct vmad_lib *arg)
{
	return lib_name(vmad_libs_add, arg);
}

/**
 * vmad_call_lib_del - VMAD_IOC_LIB_DEL
 * @arg: its argument
 */
long vmad_call_lib_del(const struct vmad_lib *arg)
{
	return lib_name(vmad_libs_del, arg);
}

/**
 * vmad_init - get VMADump ready
 *
 * After bproc_ksyms_resolve().
 *
 * Return: 0 or -errno.
 */
int vmad_init(void)
{
	int err = vmad_blank_init();

	if (!err)
		err = vmad_binfmt_init();
	return err;
}

/**
 * vmad_exit - undo vmad_init(), when nobody calls any more
 */
void vmad_exit(void)
{
	vmad_binfmt_exit();
	vmad_blank_exit();
	vmad_libs_clear();
}
