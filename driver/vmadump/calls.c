// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMADump calls on /dev/bproc.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "../strings.h"
#include "image.h"

static long do_dump(struct vmad_dump __user *uarg)
{
	struct vmad_dump_opts opts = {};
	struct vmad_dump arg;
	struct file *out;
	ssize_t n;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	opts.flags = arg.flags;
	out = fget(arg.fd);
	if (!out)
		return -EBADF;
	n = vmad_dump(out, &opts);
	fput(out);
	if (n < 0)
		return n;
	if (put_user((u64)n, &uarg->bytes))
		return -EFAULT;
	return min_t(ssize_t, n, INT_MAX);
}

static long do_undump(const struct vmad_undump __user *uarg)
{
	struct vmad_undump arg;
	struct file *in;
	long result;
	int err;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags)
		return -EINVAL;
	in = fget(arg.fd);
	if (!in)
		return -EBADF;
	err = vmad_restore(in, &result, NULL);
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
	return bproc_dumpable();
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

static long do_execdump(const struct vmad_execdump __user *uarg)
{
	struct vmad_dump_opts opts = { .at_start = true };
	struct vmad_execdump arg;
	struct file *out;
	ssize_t n;
	long err;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags & ~VMAD_DUMP_ALL)
		return -EINVAL;
	opts.flags = arg.flags;
	out = fget(arg.fd);
	if (!out)
		return -EBADF;
	if (!(out->f_mode & FMODE_WRITE))
		err = -EBADF;
	else
		err = exec_strings(&arg);
	if (err) {
		fput(out);
		return err;
	}
	n = vmad_may_execdump() ? vmad_dump(out, &opts) : -EPERM;
	fput(out);
	ks_do_group_exit((n < 0 ? -n & 0xff : 0) << 8);
	return 0;
}

static long lib_name(long (*call)(const char *path), const struct vmad_lib __user *uarg)
{
	struct vmad_lib arg;
	char *name;
	long err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.reserved)
		return -EINVAL;
	if (arg.length) {
		if (arg.length >= PATH_MAX)
			return -ENAMETOOLONG;
		name = memdup_user_nul(u64_to_user_ptr(arg.name), arg.length);
	} else {
		name = get_path(arg.name);
	}
	if (IS_ERR(name))
		return PTR_ERR(name);
	err = name[0] ? call(name) : -EINVAL;
	kfree(name);
	return err;
}

static long lib_list(const struct vmad_lib_list __user *uarg)
{
	struct vmad_lib_list arg;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	return vmad_libs_list(u64_to_user_ptr(arg.buffer), arg.size);
}

/**
 * vmad_ioctl - the VMADump calls
 * @file: /dev/bproc
 * @cmd: VMAD_IOC_*
 * @arg: its argument; native and compat callers use the same structures
 *
 * Return: as at each call, or -ENOTTY for one that is not ours.
 */
long vmad_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = in_compat_syscall() ? compat_ptr(arg) : (void __user *)arg;

	switch (cmd) {
	case VMAD_IOC_DO_DUMP:
		return do_dump(uarg);
	case VMAD_IOC_DO_UNDUMP:
		return do_undump(uarg);
	case VMAD_IOC_EXECDUMP:
		return do_execdump(uarg);
	case VMAD_IOC_LIB_CLEAR:
		return capable(CAP_SYS_ADMIN) ? vmad_libs_clear() : -EPERM;
	case VMAD_IOC_LIB_ADD:
		return lib_name(vmad_libs_add, uarg);
	case VMAD_IOC_LIB_DEL:
		return lib_name(vmad_libs_del, uarg);
	case VMAD_IOC_LIB_LIST:
		return lib_list(uarg);
	case VMAD_IOC_LIB_SIZE:
		return vmad_libs_size();
	default:
		return -ENOTTY;
	}
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
