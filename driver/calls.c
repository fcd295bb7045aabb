// SPDX-License-Identifier: GPL-2.0-only
/* The calls of programs: what each needs, and who makes it. */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "call.h"
#include "calls.h"
#include "control.h"
#include "debug.h"
#include "fetch.h"
#include "ghost.h"
#include "kcompat.h"
#include "ksyms.h"
#include "migrate.h"
#include "move.h"
#include "node.h"
#include "notifier.h"
#include "signals.h"
#include "space.h"
#include "strings.h"
#include "vector.h"
#include "version.h"
#include "vmadump/vmadump.h"

static long get_version(struct bproc_calling *c)
{
	c->args.version = (struct bproc_version){
		.magic = { 'B', 'P', 'r' },
		.arch = 4,
		.abi = BPROC_ABI,
		.version = BPROC_VERSION,
	};
	c->answers = true;
	return 0;
}

/* How many elements are fetched at a time. */
#define NODES_AT_ONCE (BPROC_CALL_ROOM / sizeof(struct bproc_node_info))
#define PROCS_AT_ONCE (BPROC_CALL_ROOM / sizeof(struct bproc_proc_info))

/* As many elements as asked for, or fewer. */
static long list_of_master(struct bproc_space *s, const struct bproc_msg_call *call, void *to,
			   size_t size)
{
	long got = bproc_call_master(s, call, to, call->count * size);

	return got > call->count ? -EIO : got;
}

static long some_nodes(struct bproc_space *s, int after, struct bproc_node_info *to, u32 n)
{
	struct bproc_msg_call call = {
		.call = BPROC_CALL_INFO,
		.after = after,
		.count = n,
	};

	if (bproc_is_master(s))
		return bproc_nodes_info(s, after, to, n);
	return list_of_master(s, &call, to, sizeof(*to));
}

static long get_nodes(struct bproc_calling *c)
{
	struct bproc_node_list list = c->args.nodes;
	struct bproc_node_info *info;
	u32 n = 0, want;
	long got;
	int err;

	if (!list.count || list.after < -1)
		return -EINVAL;
	info = kcalloc(NODES_AT_ONCE, sizeof(*info), GFP_KERNEL_ACCOUNT);
	if (!info)
		return -ENOMEM;
	do {
		want = min_t(u32, list.count - n, NODES_AT_ONCE);
		got = some_nodes(c->space, list.after, info, want);
		err = got > 0 ? c->door->put_nodes(list.info, n, info, got) : 0;
		if (err)
			got = err;
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
	return list_of_master(s, &call, to, sizeof(*to));
}

static long get_procs(struct bproc_calling *c)
{
	struct bproc_proc_list list = c->args.procs;
	struct bproc_proc_info __user *to;
	struct bproc_proc_info *info;
	u32 n = 0, want;
	long got;

	if (!list.count || list.reserved || list.after < -1)
		return -EINVAL;
	to = u64_to_user_ptr(list.info);
	info = kcalloc(PROCS_AT_ONCE, sizeof(*info), GFP_KERNEL_ACCOUNT);
	if (!info)
		return -ENOMEM;
	do {
		want = min_t(u32, list.count - n, PROCS_AT_ONCE);
		got = some_procs(c->space, list.after, list.node, info, want);
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

static long open_notifier(struct bproc_calling *c)
{
	struct bproc_msg_call call = { .call = BPROC_CALL_NOTIFY };
	int err = 0;

	if (!bproc_is_master(c->space))
		err = bproc_call_master(c->space, &call, NULL, 0);
	return err ? err : bproc_notifier_open(c->space->changes, c->door->fd_flags);
}

/* Return: the I/O list, NULL for none, or an error. */
static struct bproc_io *get_io(const struct bproc_door *door, const struct bproc_move *m)
{
	struct bproc_io *io;
	int i, err;

	if (m->iolen == BPROC_IO_DEFAULT || m->iolen == 0)
		return NULL;
	if (m->iolen < 0 || m->iolen > BPROC_IO_MAX)
		return ERR_PTR(-EINVAL);
	io = kmalloc_array(m->iolen, sizeof(*io), GFP_KERNEL_ACCOUNT);
	if (!io)
		return ERR_PTR(-ENOMEM);
	err = door->get_io(io, m->io, m->iolen);
	if (err)
		goto err;
	err = -EINVAL;
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
	case BPROC_IOC_EXEC:
		return bproc_exec(s, order, prog);
	default:
		return bproc_execmove(s, order, prog);
	}
}

static bool is_vector(unsigned int cmd)
{
	return cmd == BPROC_IOC_VRFORK || cmd == BPROC_IOC_VEXECMOVE;
}

static bool wants_program(unsigned int cmd)
{
	return cmd == BPROC_IOC_REXEC || cmd == BPROC_IOC_EXECMOVE ||
	       cmd == BPROC_IOC_VEXECMOVE || cmd == BPROC_IOC_EXEC;
}

/* Does the argument have what the call needs, and no more? */
static bool is_well_formed(unsigned int cmd, const struct bproc_move *m)
{
	u32 flags = VMAD_DUMP_ALL;

	if (cmd == BPROC_IOC_EXECMOVE || cmd == BPROC_IOC_VEXECMOVE)
		flags |= BPROC_MOVE_LINKED;
	if (m->reserved[0] || m->reserved[1] || m->flags & ~flags)
		return false;
	if (is_vector(cmd))
		return !m->node && m->nodes_len && m->nodes_len <= BPROC_VECTOR_MAX;
	return !m->nodes && !m->pids && !m->nodes_len;
}

/* A vector call; its lists look the same to all callers. */
static long place_many(struct bproc_space *s, unsigned int cmd, const struct bproc_order *order,
		       const struct bproc_program *prog, const struct bproc_move *m)
{
	size_t len = m->nodes_len * sizeof(s32);
	s32 __user *to = u64_to_user_ptr(m->pids);
	s32 *nodes, *pids;
	long ret;

	nodes = vmemdup_user(u64_to_user_ptr(m->nodes), len);
	if (IS_ERR(nodes))
		return PTR_ERR(nodes);
	/* So in the children; and what cannot be written is known before there are any. */
	ret = clear_user(to, len) ? -EFAULT : 0;
	pids = kvzalloc(len, GFP_KERNEL_ACCOUNT);
	if (!ret && !pids)
		ret = -ENOMEM;
	if (!ret && cmd == BPROC_IOC_VRFORK)
		ret = bproc_vrfork(s, order, nodes, pids, m->nodes_len);
	else if (!ret)
		ret = bproc_vexecmove(s, order, prog, nodes, pids, m->nodes_len);
	if (ret > 0 && copy_to_user(to, pids, len))
		ret = -EFAULT;
	kvfree(pids);
	kvfree(nodes);
	return ret;
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

static long place_call(struct bproc_calling *c)
{
	const struct bproc_move *m = &c->args.move;
	struct bproc_strings *argv = NULL, *envp = NULL;
	struct bproc_order order = { .exits = false };
	struct bproc_space *s = c->space;
	struct bproc_program prog;
	char *path = NULL;
	long ret;

	if (!is_well_formed(c->cmd, m))
		return -EINVAL;
	order.node = m->node == BPROC_NODE_SELF ? s->node : m->node;
	order.flags = m->flags & VMAD_DUMP_ALL;
	order.linked = m->flags & BPROC_MOVE_LINKED;
	order.iolen = m->iolen;
	order.io = get_io(c->door, m);
	if (IS_ERR(order.io))
		return PTR_ERR(order.io);
	ret = wants_program(c->cmd) ? get_program(m, &argv, &envp, &path) : 0;
	if (!ret) {
		prog.path = path;
		prog.argv = argv ? argv->list : NULL;
		prog.envp = envp ? envp->list : NULL;
		ret = is_vector(c->cmd) ? place_many(s, c->cmd, &order, &prog, m) :
					  place(s, c->cmd, &order, &prog);
	}
	bproc_strings_put(argv);
	bproc_strings_put(envp);
	kfree(path);
	kfree(order.io);
	c->exits = order.exits;
	c->exit_status = order.exit_status;
	return ret;
}

static long dump(struct bproc_calling *c)
{
	long ret = vmad_call_dump(&c->args.dump);

	c->answers = ret > 0;
	return ret;
}

static long undump(struct bproc_calling *c)
{
	return vmad_call_undump(&c->args.undump);
}

static long execdump(struct bproc_calling *c)
{
	long ret = vmad_call_execdump(&c->args.execdump, &c->exit_status);

	c->exits = !ret;
	return ret;
}

static long lib_clear(struct bproc_calling *c)
{
	return vmad_libs_clear();
}

static long lib_add(struct bproc_calling *c)
{
	return vmad_call_lib_add(&c->args.lib);
}

static long lib_del(struct bproc_calling *c)
{
	return vmad_call_lib_del(&c->args.lib);
}

static long lib_list(struct bproc_calling *c)
{
	return vmad_libs_list(u64_to_user_ptr(c->args.lib_list.buffer),
			      c->args.lib_list.size);
}

static long lib_size(struct bproc_calling *c)
{
	return vmad_libs_size();
}

/* What a call needs is looked for in this order, before its argument is. */
enum {
	SPACE = 1 << 0,
	MASTER = SPACE | 1 << 1,
	ADMIN = 1 << 2,
};

static const struct call {
	unsigned int cmd;
	unsigned int needs;
	long (*make)(struct bproc_calling *c);
} calls[] = {
	{ BPROC_IOC_VERSION, 0, get_version },
	{ BPROC_IOC_DEBUG, SPACE, bproc_debug },
	{ BPROC_IOC_NOTIFY, SPACE, open_notifier },
	{ BPROC_IOC_INFO, SPACE, get_nodes },
	{ BPROC_IOC_PINFO, SPACE, get_procs },
	{ BPROC_IOC_STATUS, MASTER | ADMIN, bproc_control_status },
	{ BPROC_IOC_CHOWN, MASTER, bproc_control_mode },
	{ BPROC_IOC_CHROOT, MASTER | ADMIN, bproc_control_chroot },
	{ BPROC_IOC_REBOOT, MASTER | ADMIN, bproc_control_order },
	{ BPROC_IOC_HALT, MASTER | ADMIN, bproc_control_order },
	{ BPROC_IOC_PWROFF, MASTER | ADMIN, bproc_control_order },
	{ BPROC_IOC_RECONNECT, MASTER | ADMIN, bproc_control_reconnect },
	{ BPROC_IOC_REXEC, SPACE, place_call },
	{ BPROC_IOC_MOVE, SPACE, place_call },
	{ BPROC_IOC_RFORK, SPACE, place_call },
	{ BPROC_IOC_EXECMOVE, SPACE, place_call },
	{ BPROC_IOC_EXEC, SPACE, place_call },
	{ BPROC_IOC_VRFORK, SPACE, place_call },
	{ BPROC_IOC_VEXECMOVE, SPACE, place_call },
	{ BPROC_IOC_MIGRATE, SPACE, bproc_migrate },
	{ BPROC_IOC_DUMP_PROC, MASTER, bproc_dump_proc },
	{ BPROC_IOC_DRAIN, MASTER, bproc_drain },
	{ VMAD_IOC_DO_DUMP, 0, dump },
	{ VMAD_IOC_DO_UNDUMP, 0, undump },
	{ VMAD_IOC_EXECDUMP, 0, execdump },
	{ VMAD_IOC_LIB_CLEAR, ADMIN, lib_clear },
	{ VMAD_IOC_LIB_ADD, ADMIN, lib_add },
	{ VMAD_IOC_LIB_DEL, ADMIN, lib_del },
	{ VMAD_IOC_LIB_LIST, 0, lib_list },
	{ VMAD_IOC_LIB_SIZE, 0, lib_size },
};

static long make(struct bproc_calling *c, const struct call *call)
{
	long ret;
	int err;

	if ((call->needs & MASTER) == MASTER && !bproc_is_master(c->space))
		return -ENOSYS;
	if ((call->needs & ADMIN) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = _IOC_DIR(c->cmd) & _IOC_WRITE ? c->door->get(c) : 0;
	if (err)
		return err;
	ret = call->make(c);
	err = c->answers ? c->door->put(c) : 0;
	return err && ret >= 0 ? err : ret;
}

/**
 * bproc_call - make a call
 * @c: the call; @c->exits afterwards: the caller has to end
 *
 * Return: what the call returns, -ENOTTY for one that is not there.
 */
long bproc_call(struct bproc_calling *c)
{
	const struct call *call = calls;
	long ret;

	while (call->cmd != c->cmd)
		if (++call == calls + ARRAY_SIZE(calls))
			return -ENOTTY;
	if (!(call->needs & SPACE))
		return make(c, call);
	c->space = bproc_space_current();
	if (!c->space)
		return -ENOSYS;
	ret = make(c, call);
	bproc_space_put(c->space);
	return ret;
}
BPROC_EXPORT(bproc_call);

/**
 * bproc_call_exit - a call has ended its caller
 * @status: wait status
 *
 * It ends on the way to user mode, when the call has given back what it holds: the file that
 * it came by, for one.
 */
void bproc_call_exit(int status)
{
	struct signal_struct *sig = current->signal;
	bool ends;

	/* By the signal that killed it meanwhile. */
	if (READ_ONCE(sig->flags) & SIGNAL_GROUP_EXIT)
		return;
	send_sig(SIGKILL, current, 1);
	spin_lock_irq(&bproc_sighand()->siglock);
	ends = sig->flags & SIGNAL_GROUP_EXIT;
	if (ends && sig->group_exit_code == SIGKILL)
		sig->group_exit_code = status;
	spin_unlock_irq(&bproc_sighand()->siglock);
	/* A ghost may hold it back. */
	if (!ends)
		ks_do_group_exit(status);
}
BPROC_EXPORT(bproc_call_exit);
