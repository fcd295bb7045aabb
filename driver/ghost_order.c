// SPDX-License-Identifier: GPL-2.0-only
/* What a ghost's task is told to do. */
#include <linux/file.h>
#include <linux/slab.h>

#include "ghost.h"
#include "space.h"

/**
 * bproc_ghost_order_free - an order is done, or nobody will do it
 * @op: the order; its file's last close tells who waits for it
 */
void bproc_ghost_order_free(struct bproc_ghost_order *op)
{
	if (op->file)
		fput(op->file);
	kfree(op->path);
	kfree(op);
}

static int ghost_queue(struct bproc_ghost *g, struct bproc_ghost_order *op)
{
	int err = 0;

	spin_lock(&g->lock);
	/* A ghost that may become a process soon has a ghost for the child to arrive in then. */
	if ((op->op == BPROC_GHOST_ARRIVE && g->state == BPROC_GHOST_PENDING) ||
	    (op->op == BPROC_GHOST_ARRIVE_CHILD && g->arrivals))
		err = -EAGAIN;
	else if (g->state != BPROC_GHOST_LIVE)
		err = -ESRCH;
	else
		list_add_tail(&op->entry, &g->ops);
	if (!err && op->op == BPROC_GHOST_ARRIVE)
		g->arrivals++;
	spin_unlock(&g->lock);
	if (err)
		bproc_ghost_order_free(op);
	else
		wake_up_all(&g->wait);
	return err;
}

static int ghost_order(struct bproc_ghost *g, u32 what, u32 flags, pid_t pid,
		       struct file *file)
{
	struct bproc_ghost_order *op = kzalloc(sizeof(*op), GFP_KERNEL_ACCOUNT);

	if (!op)
		return -ENOMEM;
	op->op = what;
	op->flags = flags;
	op->pid = pid;
	op->file = file ? get_file(file) : NULL;
	return ghost_queue(g, op);
}

/**
 * bproc_ghost_take_order - what is the ghost to do next?
 * @g: the ghost
 *
 * Return: an order for bproc_ghost_order_free(), or NULL.
 */
struct bproc_ghost_order *bproc_ghost_take_order(struct bproc_ghost *g)
{
	struct bproc_ghost_order *op;

	spin_lock(&g->lock);
	op = list_first_entry_or_null(&g->ops, struct bproc_ghost_order, entry);
	if (op)
		list_del(&op->entry);
	spin_unlock(&g->lock);
	return op;
}

/**
 * bproc_ghost_order_fork - the process forks: make a ghost of the child
 * @g: the process's ghost
 * @id: the node's number of the fork; the child's ghost answers it
 * @flags: BPROC_FORK_*
 *
 * Return: 0 (an answer will be sent), or -errno.
 */
int bproc_ghost_order_fork(struct bproc_ghost *g, u64 id, u32 flags)
{
	struct bproc_ghost *child = bproc_ghost_alloc(g->space, g->node);
	struct file *file;
	int err;

	if (!child)
		return -ENOMEM;
	file = bproc_ghost_file(child);
	if (IS_ERR(file)) {
		bproc_ghost_put(child);
		return PTR_ERR(file);
	}
	/* Once it is ordered the last close of the file answers, if the child does not. */
	child->fork_id = id;
	/* What the child writes goes where its parent's output does. */
	child->io_id = g->io_id;
	err = ghost_order(g, BPROC_GHOST_FORK, flags, 0, file);
	if (err)
		child->fork_id = 0;
	fput(file);
	bproc_ghost_put(child);
	return err;
}

/**
 * bproc_ghost_order_ids - the process has another session or group
 * @g: the process's ghost
 * @pgrp: its group; 0: it called setsid(2)
 *
 * Return: 0, -ESRCH if the ghost is about to end, -ENOMEM.
 */
int bproc_ghost_order_ids(struct bproc_ghost *g, pid_t pgrp)
{
	return ghost_order(g, BPROC_GHOST_IDS, 0, pgrp, NULL);
}

/**
 * bproc_ghost_order_find - look for a program, as the process would
 * @g: the process's ghost
 * @id: the call that it answers
 * @path: where, not terminated
 * @len: bytes of it
 *
 * Not in the daemon's task: a file system may take its time.
 *
 * Return: 0 (an answer will be sent), or -errno.
 */
int bproc_ghost_order_find(struct bproc_ghost *g, u64 id, const char *path, size_t len)
{
	struct bproc_ghost_order *op = kzalloc(sizeof(*op), GFP_KERNEL_ACCOUNT);

	if (!op)
		return -ENOMEM;
	op->op = BPROC_GHOST_FIND;
	op->id = id;
	op->path = kmemdup_nul(path, len, GFP_KERNEL_ACCOUNT);
	if (!op->path) {
		kfree(op);
		return -ENOMEM;
	}
	return ghost_queue(g, op);
}

/**
 * bproc_ghost_order_arrival - a process arrives in, or as a child of, a ghost
 * @g: the ghost
 * @op: BPROC_GHOST_ARRIVE or BPROC_GHOST_ARRIVE_CHILD
 * @pid: the process
 * @stream: where it comes from
 *
 * Return: 0; -EAGAIN as long as another process that arrives decides what the ghost will be;
 * -ESRCH if it is about to end; -ENOMEM.
 */
int bproc_ghost_order_arrival(struct bproc_ghost *g, u32 op, pid_t pid, struct file *stream)
{
	return ghost_order(g, op, 0, pid, stream);
}

/**
 * bproc_ghost_order_again - the number of a child that was to arrive was in use
 * @g: the calling ghost
 * @tries: how often that was so
 * @pid: the child
 * @stream: where it comes from
 *
 * By a stand-in perhaps, made for the number at the same time. Before all other orders: one
 * may be to become the process.
 *
 * Return: 0, or -errno when nobody will take the stream.
 */
int bproc_ghost_order_again(struct bproc_ghost *g, u32 tries, pid_t pid, struct file *stream)
{
	struct bproc_ghost *other = bproc_ghost_find(g->space, pid);
	struct bproc_ghost_order *op;
	int err = -EAGAIN;

	if (other) {
		err = bproc_ghost_order_arrival(other, BPROC_GHOST_ARRIVE, pid, stream);
		bproc_ghost_put(other);
	}
	if (err != -EAGAIN && err != -ESRCH)
		return err;
	op = kzalloc(sizeof(*op), GFP_KERNEL_ACCOUNT);
	if (!op)
		return -ENOMEM;
	op->op = BPROC_GHOST_ARRIVE_CHILD;
	op->flags = tries;
	op->pid = pid;
	op->file = get_file(stream);
	spin_lock(&g->lock);
	list_add(&op->entry, &g->ops);
	spin_unlock(&g->lock);
	return 0;
}

/**
 * bproc_ghost_arrival_failed - the ghost did not become the process that was to arrive
 * @g: the ghost
 */
void bproc_ghost_arrival_failed(struct bproc_ghost *g)
{
	spin_lock(&g->lock);
	if (g->arrivals)
		g->arrivals--;
	spin_unlock(&g->lock);
}
