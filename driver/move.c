// SPDX-License-Identifier: GPL-2.0-only
/* The calls that place processes: REXEC, MOVE, RFORK, EXECMOVE. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "family.h"
#include "ghost.h"
#include "iod.h"
#include "kcompat.h"
#include "ksyms.h"
#include "linked.h"
#include "move.h"
#include "node.h"
#include "pidhook.h"
#include "proc.h"
#include "signals.h"
#include "space.h"
#include "stream.h"
#include "transfer.h"
#include "vmadump/vmadump.h"

/**
 * bproc_may_go - may the caller start a process on another node?
 * @s: the caller's space
 * @node: which
 *
 * Return: 0, or the -errno that the calls document.
 */
int bproc_may_go(struct bproc_space *s, int node)
{
	if (bproc_is_master(s))
		return bproc_node_may_run(s, node);
	/* All else the master decides, when the stream is made. */
	return node < BPROC_NODE_MASTER || node >= BPROC_NODES_MAX ? -BPROC_BE_INVALIDNODE : 0;
}

/**
 * bproc_may_be_image - may the caller be an image?
 * @s: the caller's space
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int bproc_may_be_image(struct bproc_space *s)
{
	return thread_group_empty(current) ? bproc_may_be_ghost(s) : -EOPNOTSUPP;
}

static bool has_user_ns_of_init(struct bproc_space *s)
{
	bool ret;

	rcu_read_lock();
	ret = __task_cred(s->ns->child_reaper)->user_ns == current_user_ns();
	rcu_read_unlock();
	return ret;
}

/**
 * bproc_may_be_ghost - may the caller, or a child of it, be a ghost?
 * @s: the caller's space
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int bproc_may_be_ghost(struct bproc_space *s)
{
	/*
	 * A ghost on a node has the privileges of the node's init, and sets up there what
	 * arrives: not among mounts that a user made, who has his own idea of /proc. Whoever
	 * makes some without a user namespace is root anyway. On the master a ghost has no more
	 * than its process, and stays in its namespaces.
	 */
	if (!bproc_is_master(s) && !has_user_ns_of_init(s))
		return -EOPNOTSUPP;
	/*
	 * Its children, ghosts among them, would be of another process space: the first is
	 * init there, and finds its stub where the caller put it.
	 */
	if (current->nsproxy->pid_ns_for_children != task_active_pid_ns(current))
		return -EOPNOTSUPP;
	/* A filter does not travel, and nobody may leave one behind. */
	return current->seccomp.mode == SECCOMP_MODE_DISABLED ? 0 : -EOPNOTSUPP;
}

/**
 * move_check - may the caller go there?
 * @s: the caller's space
 * @node: where to
 *
 * Return: 0, or the -errno that the calls document.
 */
static int move_check(struct bproc_space *s, int node)
{
	int err = node == s->node ? -BPROC_BE_SAMENODE : bproc_may_go(s, node);

	return err ? err : bproc_may_be_image(s);
}

/*
 * Send header and image, and wait until the other side has restored it. The signals are
 * held back.
 */
static int send(struct bproc_space *s, struct bproc_transfer *t,
		struct bproc_order *order, pid_t ppid, bool moving)
{
	struct vmad_dump_opts opts = {
		.flags = order->flags,
		.result = 0,
		.moving = moving,
		.forking = !moving,
		.resuming = order->resuming,
		.blocked = order->blocked,
	};
	ssize_t n = 0;
	int err;

	err = bproc_transfer_wait_stream(t);
	if (err)
		return err;
	/* Who comes to the master has a ghost there, with descriptors. */
	if (order->iolen == BPROC_IO_DEFAULT && order->node != BPROC_NODE_MASTER)
		order->io_id = bproc_iod_take(s, order->node, t->pid);
	err = bproc_stream_write_header(t->stream, s, order, t->id, t->pid, ppid);
	if (!err && !order->program)
		n = vmad_dump(t->stream, &opts);
	if (n < 0)
		err = bproc_stream_error(n);
	/* The receiver may have said why it hung up. */
	if (err == -EIO)
		err = bproc_transfer_wait_answer(t, -EIO);
	return err ? err : bproc_transfer_wait_arrived(t);
}

static void call_off(struct bproc_space *s, struct bproc_transfer *t,
		     const struct bproc_order *order)
{
	bproc_transfer_say(t, BPROC_MSG_ABORT);
	bproc_iod_drop(s, order->io_id, t->pid);
}

/* What the caller says at its very last. */
struct farewell {
	struct bproc_space *space;
	struct bproc_transfer *transfer;
	const struct bproc_order *order;
	struct bproc_io_msg *input;
};

static void say_go(void *data)
{
	struct farewell *f = data;

	bproc_iod_leave(f->space, f->input);
	f->input = NULL;
	bproc_iod_go(f->space, f->order->io_id, f->transfer->pid);
	bproc_transfer_go(f->transfer);
}

static struct bproc_name *name_of_program(const struct bproc_program *prog)
{
	struct bproc_name *name;
	size_t len = 0, n;
	int i;

	for (i = 0; prog->argv && prog->argv[i] && len < BPROC_ARGS_MAX; i++)
		len += strlen(prog->argv[i]) + 1;
	len = min_t(size_t, len, BPROC_ARGS_MAX);
	name = kzalloc(struct_size(name, args, len), GFP_KERNEL);
	if (!name)
		return NULL;
	strscpy(name->comm, kbasename(prog->path), sizeof(name->comm));
	for (i = 0; name->args_len < len; i++) {
		n = min_t(size_t, strlen(prog->argv[i]) + 1, len - name->args_len);
		memcpy(name->args + name->args_len, prog->argv[i], n);
		name->args_len += n;
	}
	return name;
}

/* The caller, that may, goes there. Return: 0 in the ghost that stays, or -errno. */
static int move_self(struct bproc_space *s, struct bproc_order *order)
{
	pid_t pid = task_tgid_nr_ns(current, s->ns);
	pid_t ppid = task_ppid_nr_ns(current, s->ns);
	struct farewell farewell = { .space = s, .order = order };
	struct bproc_transfer *t;
	struct bproc_name *name;
	sigset_t saved;
	bool had_pipe;
	int err;

	/* Again: a program that was linked here may have changed that. */
	err = bproc_may_be_image(s);
	if (err)
		return err;
	name = order->program ? name_of_program(order->program) : bproc_name_of_current();
	if (!name)
		return -ENOMEM;
	had_pipe = bproc_hold_signals(&saved);
	order->blocked = &saved;
	t = bproc_transfer_start(s, order->node, pid, ppid);
	if (IS_ERR(t)) {
		err = PTR_ERR(t);
		goto out;
	}
	farewell.transfer = t;
	/* An exec may close it, so it is held from here on. */
	if (order->iolen == BPROC_IO_DEFAULT && order->node == BPROC_NODE_MASTER)
		farewell.input = bproc_iod_input(s);
	err = send(s, t, order, ppid, true);
	if (err) {
		call_off(s, t, order);
	} else if (!bproc_is_master(s) && !bproc_family_is_here(s)) {
		/* Nobody here would miss it: it ends without a word. */
		mutex_lock(&s->coming_and_going);
		say_go(&farewell);
		bproc_proc_moved(s);
		mutex_unlock(&s->coming_and_going);
		order->exits = true;
		order->exit_status = 0;
	} else {
		err = bproc_ghost_become(s, bproc_is_master(s) ? order->node : BPROC_NODE_MASTER,
					 order->io_id, name, say_go, &farewell);
		if (err)
			call_off(s, t, order);
		else
			name = NULL;
	}
	bproc_transfer_finish(t);
	if (farewell.input)
		bproc_io_msg_free(farewell.input);
out:
	/* A ghost keeps holding them back. */
	if (err)
		bproc_release_signals(&saved, had_pipe);
	kfree(name);
	return err;
}

/**
 * bproc_move - BPROC_IOC_MOVE
 * @s: the caller's space
 * @order: where to, and how
 *
 * Return: to the ghost, or -errno to the caller. The process returns from its restore;
 * @order->exits says that what is left here has to end.
 */
long bproc_move(struct bproc_space *s, struct bproc_order *order)
{
	int err = move_check(s, order->node);

	return err ? err : move_self(s, order);
}

/**
 * bproc_rexec - BPROC_IOC_REXEC
 * @s: the caller's space
 * @order: where to, and which program
 *
 * Return: to the ghost, or -errno to the caller.
 */
long bproc_rexec(struct bproc_space *s, struct bproc_order *order)
{
	int err = move_check(s, order->node);

	return err ? err : move_self(s, order);
}

/**
 * bproc_rfork - BPROC_IOC_RFORK
 * @s: the caller's space
 * @order: where to, and how
 *
 * Return: the child's PID, or -errno, and there is no child.
 */
long bproc_rfork(struct bproc_space *s, struct bproc_order *order)
{
	pid_t me = task_tgid_nr_ns(current, s->ns);
	struct bproc_transfer *t;
	struct bproc_ghost *g;
	sigset_t saved;
	bool had_pipe;
	long ret;

	ret = move_check(s, order->node);
	if (ret)
		return ret;
	had_pipe = bproc_hold_signals(&saved);
	order->blocked = &saved;
	g = bproc_ghost_spawn(s, bproc_is_master(s) ? order->node : BPROC_NODE_MASTER, 0);
	if (IS_ERR(g)) {
		ret = PTR_ERR(g);
		goto out;
	}
	t = bproc_transfer_start(s, order->node, g->nr, me);
	if (IS_ERR(t)) {
		ret = PTR_ERR(t);
		bproc_ghost_unfork(g);
		goto out;
	}
	ret = send(s, t, order, me, false);
	if (ret) {
		call_off(s, t, order);
		bproc_ghost_unfork(g);
	} else {
		g->io_id = order->io_id;
		/* Live first: the child may fork, or come back, as soon as it runs. */
		ret = bproc_ghost_adopt(g);
		bproc_iod_go(s, order->io_id, t->pid);
		bproc_transfer_say(t, BPROC_MSG_GO);
		bproc_ghost_put(g);
	}
	bproc_transfer_finish(t);
out:
	bproc_release_signals(&saved, had_pipe);
	return ret;
}

static void execmove_failed(struct bproc_space *s, struct bproc_order *order, int err)
{
	pr_notice("%s (process %d) executed but could not move to node %d: error %d\n",
		  current->comm, task_tgid_nr_ns(current, s->ns), order->node, -err);
	order->exits = true;
	order->exit_status = (-err & 0xff) << 8;
}

static void move_executed(struct bproc_space *s, struct bproc_order *order)
{
	int err = order->linked ? bproc_linked_arm(s, order) : 0;

	if (!err)
		bproc_move_linked(s, order);
	else if (err < 0)
		execmove_failed(s, order, err);
}

/**
 * bproc_execmove - BPROC_IOC_EXECMOVE
 * @s: the caller's space
 * @order: where to, and how; @order->program is NULL
 * @program: what to execute here first
 *
 * Return: to the ghost, or the -errno of the exec to the caller. When the exec was done
 * and the move fails, the process ends with errno & 0xff.
 */
long bproc_execmove(struct bproc_space *s, struct bproc_order *order,
		    const struct bproc_program *program)
{
	int err;

	if (!thread_group_empty(current))
		return -EOPNOTSUPP;
	if (order->node == s->node)
		return ks_kernel_execve(program->path, program->argv, program->envp);
	/* Permission is that of the caller now, not of a set-user-ID program. */
	err = move_check(s, order->node);
	if (err)
		return err;
	order->io_cred = get_current_cred();
	err = ks_kernel_execve(program->path, program->argv, program->envp);
	if (!err)
		move_executed(s, order);
	put_cred(order->io_cred);
	return err;
}

/**
 * bproc_move_linked - the second half of bproc_execmove()
 * @s: the caller's space
 * @order: where to
 *
 * The caller is a ghost then, or @order->exits.
 */
void bproc_move_linked(struct bproc_space *s, struct bproc_order *order)
{
	int err = move_self(s, order);

	if (err)
		execmove_failed(s, order, err);
}
