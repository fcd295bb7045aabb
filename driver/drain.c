// SPDX-License-Identifier: GPL-2.0-only
/* A node that is to be without processes. */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "calls.h"
#include "ghost.h"
#include "migrate.h"
#include "node.h"
#include "space.h"

/* Processes start others while they are driven away: so often all of them are looked for. */
#define PASSES 20

/* Return: 0, or -EFAULT. */
static int tell(const struct bproc_drain *arg, u32 at, const struct bproc_stay *stay)
{
	struct bproc_stay __user *to = u64_to_user_ptr(arg->stay);

	if (at >= arg->count)
		return 0;
	return copy_to_user(to + at, stay, sizeof(*stay)) ? -EFAULT : 0;
}

/* Once over all that are there. Return: how many are there still, or -errno. */
static long pass(struct bproc_space *s, struct bproc_drain *arg)
{
	struct bproc_proc_info proc = { .pid = -1 };
	long stay = 0;
	int err;

	while (bproc_ghosts_list(s, proc.pid, arg->node, &proc, 1)) {
		struct bproc_migrate m = { .pid = proc.pid, .node = arg->to, .flags = arg->flags };
		struct bproc_stay one = { .pid = proc.pid };

		err = bproc_migrate_process(s, &m);
		if (!err)
			arg->moved++;
		if (fatal_signal_pending(current))
			return -EINTR;
		/* It went by itself, or ended. */
		if (!err || err == -BPROC_BE_SAMENODE || err == -BPROC_BE_INVALIDPROC ||
		    err == -ESRCH)
			continue;
		one.error = -err;
		one.why = m.why;
		err = tell(arg, stay++, &one);
		if (err)
			return err;
	}
	return stay;
}

/**
 * bproc_drain - BPROC_IOC_DRAIN
 * @c: the call
 *
 * Return: how many stay, or -errno.
 */
long bproc_drain(struct bproc_calling *c)
{
	struct bproc_drain *arg = &c->args.drain;
	struct bproc_space *s = c->space;
	int passes = 0, err;
	u32 before;
	long ret;

	if ((arg->flags & ~BPROC_MIGRATE_FLAGS) || arg->reserved)
		return -EINVAL;
	err = bproc_node_check(s, arg->node);
	if (!err && arg->to != BPROC_NODE_MASTER)
		err = bproc_node_check(s, arg->to);
	if (err)
		return err;
	if (arg->node == arg->to)
		return -BPROC_BE_SAMENODE;
	c->answers = true;
	arg->moved = 0;
	do {
		before = arg->moved;
		ret = pass(s, arg);
	} while (ret >= 0 && arg->moved != before && ++passes < PASSES);
	return ret;
}
