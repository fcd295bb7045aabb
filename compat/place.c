// SPDX-License-Identifier: GPL-2.0-only
/* The original's calls that place processes, whose structures depend on the word size. */
#include <linux/compat.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "legacy.h"

static void convert_io(struct bproc_io *to, const struct bproc_legacy_io_64 *from)
{
	memset(to, 0, sizeof(*to));
	to->fd = from->fd;
	to->type = from->type;
	to->flags = from->flags;
	if (from->type == BPROC_IO_FILE) {
		to->d.file.flags = from->d.file.flags;
		to->d.file.mode = from->d.file.mode;
		to->d.file.offset = from->d.file.offset;
		memcpy(to->d.file.name, from->d.file.name, sizeof(to->d.file.name));
	} else {
		memcpy(to->d.addr, from->d.addr, sizeof(from->d.addr));
	}
}

static void widen_io(struct bproc_legacy_io_64 *to, const struct bproc_legacy_io_32 *from)
{
	memset(to, 0, sizeof(*to));
	to->fd = from->fd;
	to->type = from->type;
	to->flags = from->flags;
	if (from->type == BPROC_IO_FILE) {
		to->d.file.flags = from->d.file.flags;
		to->d.file.mode = from->d.file.mode;
		to->d.file.offset = (s64)from->d.file.offset;
		memcpy(to->d.file.name, from->d.file.name, sizeof(to->d.file.name));
	} else {
		memcpy(to->d.addr, from->d.addr, sizeof(to->d.addr));
	}
}

/**
 * legacy_get_io - copy an I/O list from the caller
 * @to: where to
 * @from: the caller's array
 * @n: its elements
 *
 * Return: 0, -EFAULT, -ENOMEM.
 */
int legacy_get_io(struct bproc_io *to, u64 from, int n)
{
	const struct bproc_legacy_io_32 __user *from32 = u64_to_user_ptr(from);
	const struct bproc_legacy_io_64 __user *from64 = u64_to_user_ptr(from);
	struct {
		struct bproc_legacy_io_32 io32;
		struct bproc_legacy_io_64 io64;
	} *copy;
	bool is32 = in_ia32_syscall();
	int i, err = 0;

	copy = kmalloc(sizeof(*copy), GFP_KERNEL_ACCOUNT);
	if (!copy)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		if (is32) {
			if (copy_from_user(&copy->io32, &from32[i], sizeof(copy->io32)))
				err = -EFAULT;
			else
				widen_io(&copy->io64, &copy->io32);
		} else if (copy_from_user(&copy->io64, &from64[i], sizeof(copy->io64))) {
			err = -EFAULT;
		}
		if (!err)
			convert_io(&to[i], &copy->io64);
	}
	kfree(copy);
	return err;
}

static int copy_move(struct bproc_legacy_move_64 *to, const void __user *from)
{
	struct bproc_legacy_move_32 m;

	if (!in_ia32_syscall())
		return copy_from_user(to, from, sizeof(*to)) ? -EFAULT : 0;
	if (copy_from_user(&m, from, sizeof(m)))
		return -EFAULT;
	*to = (struct bproc_legacy_move_64){
		.arg0 = m.arg0,
		.argv = m.argv,
		.envp = m.envp,
		.flags = m.flags,
		.iolen = m.iolen,
		.io = m.io,
		.nodeslen = m.nodeslen,
		.nodes = m.nodes,
		.pids = m.pids,
	};
	return 0;
}

enum {
	PROGRAM = 1 << 0,	/* executes something */
	VECTOR = 1 << 1,	/* several nodes, in the structure */
	IMAGE = 1 << 2,		/* looks at the flags */
	LINKED = 1 << 3,	/* as libbproc: nodes have no libraries */
};

static int get_place(struct legacy_call *l, const void __user *from, unsigned int what)
{
	struct bproc_move *to = &l->c.args.move;
	struct bproc_legacy_move_64 m;
	int err;

	err = copy_move(&m, from);
	if (err)
		return err;
	if (m.nodeslen < 0 || ((what & VECTOR) && !m.nodeslen) ||
	    ((what & IMAGE) && m.flags & ~VMAD_DUMP_ALL))
		return -EINVAL;
	to->iolen = m.iolen;
	to->io = m.io;
	if (what & IMAGE)
		to->flags = m.flags;
	if (what & LINKED)
		to->flags |= BPROC_MOVE_LINKED;
	if (what & PROGRAM) {
		to->path = m.arg0;
		to->argv = m.argv;
		to->envp = m.envp;
	}
	if (what & VECTOR) {
		to->nodes_len = m.nodeslen;
		to->nodes = m.nodes;
		to->pids = m.pids;
	} else {
		to->node = l->arg[0];
	}
	return 0;
}

int legacy_get_rexec(struct legacy_call *l)
{
	return get_place(l, legacy_pointer(l, 1), PROGRAM);
}

/* Its second argument may be the flags alone. */
int legacy_get_move(struct legacy_call *l)
{
	if (l->arg[1] > VMAD_DUMP_ALL)
		return get_place(l, legacy_pointer(l, 1), IMAGE);
	l->c.args.move.node = l->arg[0];
	l->c.args.move.flags = l->arg[1];
	l->c.args.move.iolen = BPROC_IO_DEFAULT;
	return 0;
}

int legacy_get_rfork(struct legacy_call *l)
{
	return get_place(l, legacy_pointer(l, 1), IMAGE);
}

int legacy_get_execmove(struct legacy_call *l)
{
	return get_place(l, legacy_pointer(l, 1), PROGRAM | IMAGE | LINKED);
}

int legacy_get_vrfork(struct legacy_call *l)
{
	return get_place(l, legacy_pointer(l, 0), VECTOR | IMAGE);
}

int legacy_get_vexecmove(struct legacy_call *l)
{
	return get_place(l, legacy_pointer(l, 0), PROGRAM | VECTOR | IMAGE | LINKED);
}

/* Its input and output stay as they are, whatever the structure says. */
int legacy_get_exec(struct legacy_call *l)
{
	int err = get_place(l, legacy_pointer(l, 0), PROGRAM);

	l->c.args.move.node = 0;
	l->c.args.move.iolen = 0;
	/* The node may have none of the files. */
	l->c.args.move.flags = VMAD_DUMP_ALL;
	return err;
}

int legacy_get_execdump(struct legacy_call *l)
{
	struct vmad_execdump *to = &l->c.args.execdump;
	const void __user *from = legacy_pointer(l, 0);
	struct bproc_legacy_execdump_32 e32;
	struct bproc_legacy_execdump_64 e64;

	if (!in_ia32_syscall()) {
		if (copy_from_user(&e64, from, sizeof(e64)))
			return -EFAULT;
		*to = (struct vmad_execdump){ e64.arg0, e64.argv, e64.envp, e64.fd, e64.flags };
		return 0;
	}
	if (copy_from_user(&e32, from, sizeof(e32)))
		return -EFAULT;
	*to = (struct vmad_execdump){ e32.arg0, e32.argv, e32.envp, e32.fd, e32.flags };
	return 0;
}

static bool places_one(unsigned int cmd)
{
	return cmd == BPROC_IOC_REXEC || cmd == BPROC_IOC_MOVE || cmd == BPROC_IOC_RFORK ||
	       cmd == BPROC_IOC_EXECMOVE;
}

static void correct_results(const struct bproc_move *m)
{
	const s32 __user *nodes = u64_to_user_ptr(m->nodes);
	s32 __user *pids = u64_to_user_ptr(m->pids);
	s32 node, pid;
	u32 i;

	for (i = 0; i < m->nodes_len && !fatal_signal_pending(current); i++)
		if (!get_user(pid, &pids[i]) && pid == -EACCES && !get_user(node, &nodes[i]) &&
		    bproc_node_denies(node) && put_user(-EPERM, &pids[i]))
			return;
}

/**
 * legacy_placed - no right to a node is another error than it is for ioctls
 * @l: the call
 * @ret: what it returned
 *
 * Return: what it is to return.
 */
long legacy_placed(const struct legacy_call *l, long ret)
{
	if (ret == -EACCES && places_one(l->c.cmd) && bproc_node_denies(l->c.args.move.node))
		return -EPERM;
	/* In the parent. */
	if ((l->c.cmd == BPROC_IOC_VRFORK || l->c.cmd == BPROC_IOC_VEXECMOVE) && ret > 0 &&
	    ret == l->c.args.move.nodes_len)
		correct_results(&l->c.args.move);
	return ret;
}
