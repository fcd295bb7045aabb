// SPDX-License-Identifier: GPL-2.0-only
/* /dev/bproc: the door for ioctls. */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "calls.h"
#include "device.h"

static int get(struct bproc_calling *c)
{
	const void __user *from = (const void __force __user *)c->from;

	return copy_from_user(&c->args, from, _IOC_SIZE(c->cmd)) ? -EFAULT : 0;
}

static int put(const struct bproc_calling *c)
{
	void __user *to = (void __force __user *)c->from;

	return copy_to_user(to, &c->args, _IOC_SIZE(c->cmd)) ? -EFAULT : 0;
}

static int get_io(struct bproc_io *to, u64 from, int n)
{
	return copy_from_user(to, u64_to_user_ptr(from), n * sizeof(*to)) ? -EFAULT : 0;
}

static int put_nodes(u64 to, u32 at, const struct bproc_node_info *from, u32 n)
{
	struct bproc_node_info __user *array = u64_to_user_ptr(to);

	return copy_to_user(&array[at], from, n * sizeof(*from)) ? -EFAULT : 0;
}

static const struct bproc_door door = {
	.get = get,
	.put = put,
	.get_io = get_io,
	.put_nodes = put_nodes,
	.fd_flags = O_CLOEXEC,
};

static long user_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct bproc_calling c = {
		.door = &door,
		.cmd = cmd,
		.from = (const void *)arg,
	};
	long ret = bproc_call(&c);

	if (c.exits)
		bproc_call_exit(c.exit_status);
	return ret;
}

const struct file_operations bproc_user_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = user_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};
