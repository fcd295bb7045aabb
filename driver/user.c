// SPDX-License-Identifier: GPL-2.0-only
/* /dev/bproc: the calls of programs. */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "call.h"
#include "control.h"
#include "debug.h"
#include "device.h"
#include "ghost.h"
#include "ksyms.h"
#include "move.h"
#include "node.h"
#include "notifier.h"
#include "space.h"
#include "strings.h"
#include "version.h"
#include "vmadump/vmadump.h"

static long get_version(struct bproc_version __user *to)
{
	struct bproc_version v = {
		.magic = { 'B', 'P', 'r' },
		.arch = 4,
		.abi = BPROC_ABI,
		.version = BPROC_VERSION,
	};

	return copy_to_user(to, &v, sizeof(v)) ? -EFAULT : 0;
}

/* How many elements are fetched at a time. */
#define NODES_AT_ONCE (BPROC_CALL_ROOM / sizeof(struct bproc_node_info))
#define PROCS_AT_ONCE (BPROC_CALL_ROOM / sizeof(struct bproc_proc_info))

static long some_nodes(struct bproc_space *s, int after, struct bproc_node_info *to, u32 n)
{
	struct bproc_msg_call call = {
		.call = BPROC_CALL_INFO,
		.after = after,
		.count = n,
	};

	if (bproc_is_master(s))
		return bproc_nodes_info(s, after, to, n);
	return bproc_call_master(s, &call, to, n * sizeof(*to));
}

static long get_nodes(struct bproc_space *s, struct bproc_node_list __user *from)
{
	struct bproc_node_info __user *to;
	struct bproc_node_info *info;
	struct bproc_node_list list;
	u32 n = 0, want;
	long got;

	if (copy_from_user(&list, from, sizeof(list)))
		return -EFAULT;
	if (!list.count || list.after < -1)
		return -EINVAL;
	to = u64_to_user_ptr(list.info);
	info = kmalloc_array(NODES_AT_ONCE, sizeof(*info), GFP_KERNEL_ACCOUNT);
	if (!info)
		return -ENOMEM;
	do {
		want = min_t(u32, list.count - n, NODES_AT_ONCE);
		got = some_nodes(s, list.after, info, want);
		if (got > 0 && copy_to_user(&to[n], info, got * sizeof(*info)))
			got = -EFAULT;
		if (got > 0) {
			n += got;
			list.after = info[got - 1].node;
		}
		cond_resched();
	} while (got == want && n < list.count);
	kfree(info);
	return got < 0 ? got : n;
}

static long some_procs(struct bproc_space *s, int after, int node, struct bproc_proc_info *to,
		       u32 n)
{
	struct bproc_msg_call call = {
		.call = BPROC_CALL_PINFO,
		.after = after,
		.node = node,
		.count = n,
	};

	if (bproc_is_master(s))
		return bproc_ghosts_list(s, after, node, to, n);
	return bproc_call_master(s, &call, to, n * sizeof(*to));
}

static long get_procs(struct bproc_space *s, struct bproc_proc_list __user *from)
{
	struct bproc_proc_info __user *to;
	struct bproc_proc_info *info;
	struct bproc_proc_list list;
	u32 n = 0, want;
	long got;

	if (copy_from_user(&list, from, sizeof(list)))
		return -EFAULT;
	if (!list.count || list.reserved || list.after < -1)
		return -EINVAL;
	to = u64_to_user_ptr(list.info);
	info = kmalloc_array(PROCS_AT_ONCE, sizeof(*info), GFP_KERNEL_ACCOUNT);
	if (!info)
		return -ENOMEM;
	do {
		want = min_t(u32, list.count - n, PROCS_AT_ONCE);
		got = some_procs(s, list.after, list.node, info, want);
		if (got > 0 && copy_to_user(&to[n], info, got * sizeof(*info)))
			got = -EFAULT;
		if (got > 0) {
			n += got;
			list.after = info[got - 1].pid;
		}
		cond_resched();
	} while (got == want && n < list.count);
	kfree(info);
	return got < 0 ? got : n;
}

static long open_notifier(struct bproc_space *s)
{
	struct bproc_msg_call call = { .call = BPROC_CALL_NOTIFY };
	int err = 0;

	if (!bproc_is_master(s))
		err = bproc_call_master(s, &call, NULL, 0);
	return err ? err : bproc_notifier_open(s->changes);
}

/* Return: the I/O list, NULL for none, or an error. */
static struct bproc_io *get_io(const struct bproc_move *m)
{
	struct bproc_io *io;
	int i, err = -EINVAL;

	if (m->iolen == BPROC_IO_DEFAULT || m->iolen == 0)
		return NULL;
	if (m->iolen < 0 || m->iolen > BPROC_IO_MAX)
		return ERR_PTR(-EINVAL);
	io = memdup_user(u64_to_user_ptr(m->io), m->iolen * sizeof(*io));
	if (IS_ERR(io))
		return io;
	for (i = 0; i < m->iolen; i++) {
		if (io[i].type == BPROC_IO_MEMFILE) {
			err = -EPERM;
			goto err;
		}
		if (io[i].type > BPROC_IO_MEMFILE || io[i].fd < 0 ||
		    io[i].flags & ~(BPROC_IO_SEND_INFO | BPROC_IO_DELAY))
			goto err;
		if (io[i].type == BPROC_IO_FILE &&
		    strnlen(io[i].d.file.name, BPROC_IO_NAME_LEN) == BPROC_IO_NAME_LEN) {
			err = -ENAMETOOLONG;
			goto err;
		}
	}
	return io;
err:
	kfree(io);
	return ERR_PTR(err);
}

static long place(struct bproc_space *s, unsigned int cmd, struct bproc_order *order,
		  const struct bproc_program *prog)
{
	switch (cmd) {
	case BPROC_IOC_REXEC:
		order->program = prog;
		return bproc_rexec(s, order);
	case BPROC_IOC_MOVE:
		return bproc_move(s, order);
	case BPROC_IOC_RFORK:
		return bproc_rfork(s, order);
	default:
		return bproc_execmove(s, order, prog);
	}
}

static bool wants_program(unsigned int cmd)
{
	return cmd == BPROC_IOC_REXEC || cmd == BPROC_IOC_EXECMOVE;
}

/* Strings of the caller in kernel memory, for calls that execute something. */
static int get_program(const struct bproc_move *m, struct bproc_strings **argv,
		       struct bproc_strings **envp, char **path)
{
	int err;

	*path = strndup_user(u64_to_user_ptr(m->path), PATH_MAX);
	if (IS_ERR(*path)) {
		err = PTR_ERR(*path);
		*path = NULL;
		/* What execve(2) says of a path that is too long. */
		return err == -EINVAL ? -ENAMETOOLONG : err;
	}
	*argv = bproc_strings_get(u64_to_user_ptr(m->argv));
	/* A program has at least a name; exec in the kernel insists. */
	if (!IS_ERR(*argv) && (!*argv || !(*argv)->list[0]))
		return -EINVAL;
	if (IS_ERR(*argv)) {
		err = PTR_ERR(*argv);
		*argv = NULL;
		return err;
	}
	*envp = bproc_strings_get(u64_to_user_ptr(m->envp));
	if (IS_ERR(*envp)) {
		err = PTR_ERR(*envp);
		*envp = NULL;
		return err;
	}
	return 0;
}

static long move_call(struct bproc_space *s, unsigned int cmd, struct bproc_move __user *from,
		      struct bproc_order *order)
{
	struct bproc_strings *argv = NULL, *envp = NULL;
	struct bproc_program prog;
	struct bproc_move m;
	char *path = NULL;
	long ret;

	if (copy_from_user(&m, from, sizeof(m)))
		return -EFAULT;
	if (m.reserved[0] || m.reserved[1] || m.nodes || m.pids || m.nodes_len ||
	    m.flags & ~(VMAD_DUMP_ALL | (cmd == BPROC_IOC_EXECMOVE ? BPROC_MOVE_LINKED : 0)))
		return -EINVAL;
	order->node = m.node == BPROC_NODE_SELF ? s->node : m.node;
	order->flags = m.flags & VMAD_DUMP_ALL;
	order->linked = m.flags & BPROC_MOVE_LINKED;
	order->iolen = m.iolen;
	order->io = get_io(&m);
	if (IS_ERR(order->io))
		return PTR_ERR(order->io);
	ret = wants_program(cmd) ? get_program(&m, &argv, &envp, &path) : 0;
	if (!ret) {
		prog.path = path;
		prog.argv = argv ? argv->list : NULL;
		prog.envp = envp ? envp->list : NULL;
		ret = place(s, cmd, order, &prog);
	}
	bproc_strings_put(argv);
	bproc_strings_put(envp);
	kfree(path);
	kfree(order->io);
	return ret;
}

static long space_call(struct bproc_space *s, unsigned int cmd, void __user *arg,
		       struct bproc_order *order)
{
	switch (cmd) {
	case BPROC_IOC_NOTIFY:
		return open_notifier(s);
	case BPROC_IOC_INFO:
		return get_nodes(s, arg);
	case BPROC_IOC_PINFO:
		return get_procs(s, arg);
	case BPROC_IOC_DEBUG:
		return bproc_debug(s, arg);
	default:
		if (bproc_is_control(cmd))
			return bproc_control(s, cmd, arg);
		return move_call(s, cmd, arg, order);
	}
}

static long user_ioctl(struct file *file, unsigned int cmd, unsigned long uarg)
{
	struct bproc_order order = { .exits = false };
	void __user *arg = (void __user *)uarg;
	struct bproc_space *s;
	long ret;

	switch (cmd) {
	case BPROC_IOC_VERSION:
		return get_version(arg);
	case BPROC_IOC_DEBUG:
	case BPROC_IOC_NOTIFY:
	case BPROC_IOC_INFO:
	case BPROC_IOC_PINFO:
	case BPROC_IOC_REXEC:
	case BPROC_IOC_MOVE:
	case BPROC_IOC_RFORK:
	case BPROC_IOC_EXECMOVE:
		break;
	default:
		if (bproc_is_control(cmd))
			break;
		return vmad_ioctl(file, cmd, uarg);
	}
	s = bproc_space_current();
	if (!s)
		return -ENOSYS;
	ret = space_call(s, cmd, arg, &order);
	bproc_space_put(s);
	if (order.exits)
		ks_do_group_exit(order.exit_status);
	return ret;
}

const struct file_operations bproc_user_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = user_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};
