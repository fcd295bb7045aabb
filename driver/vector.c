// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls that place many processes at once: VRFORK, VEXECMOVE.
 *
 * There is one dump, into one stream to the master's daemon, also from a node; the daemons
 * bring it to all nodes along a tree. Each entry has a ghost and a transfer, as if it were a
 * move of its own. An entry of the node where the caller is goes to its ghost as a process does
 * that comes back, so that it is set up like all others.
 *
 * When a node of the tree breaks amid the image, those that got it from there have not been
 * told why: their entries fail with -EIO, and are tried again, with another dump. The caller
 * has not changed meanwhile.
 */
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <uapi/linux/wait.h>

#include "calls.h"
#include "cred.h"
#include "ghost.h"
#include "iod.h"
#include "ksyms.h"
#include "linked.h"
#include "move.h"
#include "node.h"
#include "pidhook.h"
#include "signals.h"
#include "space.h"
#include "stream.h"
#include "trace.h"
#include "transfer.h"
#include "vector.h"
#include "vmadump/vmadump.h"

/* Dumps, at most. */
#define ROUNDS 4

/**
 * struct entry - one process of a vector call
 * @node: where it goes
 * @todo: it is to be part of the next dump
 * @result: its PID or -errno
 * @io_id: as in struct bproc_order
 * @ghost: its ghost, while it is on its way
 * @t: its transfer, likewise
 */
struct entry {
	int node;
	bool todo;
	int result;
	u64 io_id;
	struct bproc_ghost *ghost;
	struct bproc_transfer *t;
};

/**
 * struct bproc_vector_call - a vector call
 * @ref: the caller's, and one for a program that is to be linked
 * @space: the caller's
 * @order: what it asked for; what it points to is the caller's
 * @program: VEXECMOVE: what to execute
 * @blocked: signals that the caller blocks
 * @parent: parent of the processes: the caller
 * @head: VEXECMOVE: who executes the program and is the image
 * @done: VEXECMOVE: @head has done what it is for
 * @dead: VEXECMOVE: children that the caller has to reap
 * @n_dead: number of them
 * @n: number of entries
 * @entries: they
 */
struct bproc_vector_call {
	struct kref ref;
	struct bproc_space *space;
	struct bproc_order order;
	const struct bproc_program *program;
	sigset_t blocked;
	pid_t parent;
	const struct task_struct *head;
	bool done;
	pid_t *dead;
	u32 n_dead;
	u32 n;
	struct entry entries[];
};

static void vector_free(struct kref *ref)
{
	struct bproc_vector_call *v = container_of(ref, struct bproc_vector_call, ref);

	bproc_space_put(v->space);
	put_cred(v->order.io_cred);
	kvfree(v->dead);
	kvfree(v);
}

static void vector_put(struct bproc_vector_call *v)
{
	kref_put(&v->ref, vector_free);
}

static bool is_local(const struct bproc_vector_call *v, const struct entry *e)
{
	return e->node == v->space->node;
}

static struct bproc_vector_call *vector_new(struct bproc_space *s,
					    const struct bproc_order *order,
					    const s32 *nodes, u32 n)
{
	struct bproc_vector_call *v;
	u32 i;

	v = kvzalloc(struct_size(v, entries, n), GFP_KERNEL_ACCOUNT);
	if (!v)
		return NULL;
	kref_init(&v->ref);
	bproc_space_get(s);
	v->space = s;
	v->order = *order;
	v->order.ranked = true;
	v->order.io_cred = get_current_cred();
	v->order.node = BPROC_NODE_NONE;
	v->n = n;
	for (i = 0; i < n; i++) {
		struct entry *e = &v->entries[i];

		e->node = nodes[i] == BPROC_NODE_SELF ? s->node : nodes[i];
		e->result = is_local(v, e) ? 0 : bproc_may_go(s, e->node);
		e->todo = !e->result;
	}
	return v;
}

static void fail_all(struct bproc_vector_call *v, int err)
{
	u32 i;

	for (i = 0; i < v->n; i++) {
		struct entry *e = &v->entries[i];

		if (e->todo)
			e->result = err;
		e->todo = false;
	}
}

/* A child that nobody will see. */
static void forget_ghost(struct bproc_vector_call *v, struct bproc_ghost *g)
{
	if (v->head)
		v->dead[v->n_dead++] = bproc_ghost_unspawn_sibling(g);
	else
		bproc_ghost_unfork(g);
}

static struct bproc_ghost *make_ghost(struct bproc_vector_call *v, const struct entry *e)
{
	struct bproc_ghost *g;
	int node = e->node;
	pid_t dead;

	/* The master knows where it is. */
	if (!bproc_is_master(v->space) && !is_local(v, e))
		node = BPROC_NODE_MASTER;
	if (!v->head)
		return bproc_ghost_spawn(v->space, node, 0);
	g = bproc_ghost_spawn_sibling(v->space, node, &dead);
	if (dead)
		v->dead[v->n_dead++] = dead;
	return g;
}

/* Return: 0, and the entry is on its way; or -errno. */
static int entry_begin(struct bproc_vector_call *v, struct entry *e)
{
	struct bproc_transfer *t;
	struct bproc_ghost *g;

	if (fatal_signal_pending(current))
		return -EINTR;
	g = make_ghost(v, e);
	if (IS_ERR(g))
		return PTR_ERR(g);
	t = bproc_transfer_new(v->space, e->node, g->nr);
	if (IS_ERR(t)) {
		forget_ghost(v, g);
		return PTR_ERR(t);
	}
	/* Pairs with bproc_transfers_abort(), which comes when the node is down. */
	if (bproc_is_master(v->space) && !is_local(v, e) &&
	    !bproc_node_connected(v->space, e->node)) {
		bproc_transfer_finish(t);
		forget_ghost(v, g);
		return -BPROC_BE_NODEDOWN;
	}
	/* Like one whose process comes back: it takes its orders. */
	if (is_local(v, e))
		bproc_ghost_go_live(g);
	else if (v->order.iolen == BPROC_IO_DEFAULT && e->node != BPROC_NODE_MASTER)
		e->io_id = bproc_iod_take(v->space, e->node, g->nr);
	e->ghost = g;
	e->t = t;
	return 0;
}

static void entry_end(struct bproc_vector_call *v, struct entry *e, int err, bool again)
{
	if (!err) {
		e->ghost->io_id = e->io_id;
		/* Live first: the child may fork, or come back, as soon as it runs. */
		e->result = bproc_ghost_adopt(e->ghost);
		bproc_iod_go(v->space, e->io_id, e->t->pid);
		bproc_transfer_say(e->t, BPROC_MSG_GO);
		bproc_ghost_put(e->ghost);
	} else {
		e->result = err;
		bproc_transfer_say(e->t, BPROC_MSG_ABORT);
		bproc_iod_drop(v->space, e->io_id, e->ghost->nr);
		forget_ghost(v, e->ghost);
	}
	bproc_transfer_finish(e->t);
	e->ghost = NULL;
	e->t = NULL;
	e->io_id = 0;
	e->todo = again && err == -EIO;
}

static int write_table(struct bproc_vector_call *v, struct file *stream, u32 count)
{
	struct bproc_vector head = { .magic = BPROC_VECTOR_MAGIC, .count = count };
	struct bproc_vector_entry *table, *to;
	int err;
	u32 i;

	table = kvcalloc(count, sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	to = table;
	for (i = 0; i < v->n; i++) {
		const struct entry *e = &v->entries[i];

		if (!e->t)
			continue;
		to->id = e->t->id;
		to->io_id = e->io_id;
		to->pid = e->ghost->nr;
		to->node = e->node;
		to->rank = i;
		to++;
	}
	err = bproc_stream_write(stream, &head, sizeof(head));
	if (!err)
		err = bproc_stream_write(stream, table, count * sizeof(*table));
	kvfree(table);
	return err;
}

/*
 * The stream stays open until all have answered: its end would overtake what an encrypted
 * connection has still to send. Return: 0, -EIO if the stream broke and the entries may know
 * why, or -errno for all.
 */
static int send_image(struct bproc_vector_call *v, struct bproc_transfer *t, u32 count)
{
	struct vmad_dump_opts opts = {
		.flags = v->order.flags,
		.forking = !v->program,
		.blocked = &v->blocked,
	};
	ssize_t n = 0;
	int err;

	err = bproc_transfer_want_stream(t, BPROC_MSG_VECTOR, v->parent);
	if (!err)
		err = bproc_transfer_wait_stream(t);
	if (!err)
		err = write_table(v, t->stream, count);
	if (!err)
		err = bproc_stream_write_header(t->stream, v->space, &v->order, 0, 0,
						v->parent);
	if (!err)
		n = vmad_dump(t->stream, &opts);
	return n < 0 ? bproc_stream_error(n) : err;
}

/* One dump for all entries that are still to do. Return: is there anything left? */
static bool place_some(struct bproc_vector_call *v, bool again)
{
	struct bproc_transfer *t;
	bool left = false;
	u32 i, count = 0;
	int err, sent;

	for (i = 0; i < v->n; i++) {
		struct entry *e = &v->entries[i];

		if (!e->todo)
			continue;
		e->todo = false;
		e->result = entry_begin(v, e);
		count += !e->result;
		cond_resched();
	}
	if (!count)
		return false;
	/* The stream itself goes to no node, and fails with none. */
	t = bproc_transfer_new(v->space, BPROC_NODE_NONE, 0);
	sent = IS_ERR(t) ? PTR_ERR(t) : send_image(v, t, count);
	/* Nobody runs before all are there. */
	for (i = 0; i < v->n; i++) {
		struct entry *e = &v->entries[i];

		if (!e->t || (sent && sent != -EIO))
			continue;
		/* The daemon says why before it closes the stream. */
		e->result = sent ? bproc_transfer_wait_answer(e->t, -EIO) :
				   bproc_transfer_wait_arrived(e->t);
		if (e->result == -EINTR)
			sent = -EINTR;
	}
	if (!IS_ERR(t))
		bproc_transfer_finish(t);
	for (i = 0; i < v->n; i++) {
		struct entry *e = &v->entries[i];

		if (!e->t)
			continue;
		err = sent && sent != -EIO ? sent : e->result;
		entry_end(v, e, err, again);
		left |= e->todo;
	}
	return left;
}

/* The signals are held back. */
static void place_all(struct bproc_vector_call *v)
{
	int i;

	for (i = 1; i <= ROUNDS && place_some(v, i < ROUNDS); i++)
		;
}

static long results(const struct bproc_vector_call *v, s32 *pids)
{
	u32 i;

	for (i = 0; i < v->n; i++)
		pids[i] = v->entries[i].result;
	return v->n;
}

/**
 * bproc_vrfork - BPROC_IOC_VRFORK
 * @s: the caller's space
 * @order: how; @order->node means nothing
 * @nodes: where to
 * @pids: results: PID or -errno for each
 * @n: number of both, 1 or more
 *
 * Return: @n, or -errno, and there are no children. A child returns from its restore, with
 * its index.
 */
long bproc_vrfork(struct bproc_space *s, const struct bproc_order *order, const s32 *nodes,
		  s32 *pids, u32 n)
{
	struct bproc_vector_call *v;
	bool had_pipe;
	long ret;

	ret = bproc_may_be_image(s);
	if (ret)
		return ret;
	v = vector_new(s, order, nodes, n);
	if (!v)
		return -ENOMEM;
	v->parent = task_tgid_nr_ns(current, s->ns);
	had_pipe = bproc_hold_signals(&v->blocked);
	place_all(v);
	bproc_release_signals(&v->blocked, had_pipe);
	ret = results(v, pids);
	vector_put(v);
	return ret;
}

/*
 * An entry that stays on the master has its files opened by its ghost, as what the program
 * is: one with more rights than who asked for it must not.
 */
static void refuse_files(struct bproc_vector_call *v)
{
	bool files = false;
	u32 i;

	for (i = 0; (int)i < v->order.iolen; i++)
		files |= v->order.io[i].type == BPROC_IO_FILE;
	if (!files || !bproc_is_master(v->space) ||
	    !bproc_cred_exceeds(current_cred(), v->order.io_cred))
		return;
	for (i = 0; i < v->n; i++) {
		struct entry *e = &v->entries[i];

		if (!e->todo || !is_local(v, e))
			continue;
		e->todo = false;
		e->result = -EPERM;
	}
}

/* The program is linked, or is static, or it does not work: the caller is the image. */
static void head_is_ready(struct bproc_vector_call *v, int err)
{
	/* The children's ghosts have its name, also if it does not run. */
	if (!err && !bproc_is_master(v->space))
		bproc_tell_name(v->space);
	if (err) {
		fail_all(v, err);
	} else {
		refuse_files(v);
		place_all(v);
	}
	v->done = true;
}

static long head_linked(void *data)
{
	struct bproc_vector_call *v = data;

	/* Children that the linker's work left behind have the descriptor, too. */
	if (READ_ONCE(v->head) != current)
		return -ENOTTY;
	head_is_ready(v, bproc_may_be_image(v->space));
	bproc_call_exit(0);
	return 0;
}

static void head_free(void *data)
{
	vector_put(data);
}

static const struct bproc_linked_ops head_ops = {
	.linked = head_linked,
	.free = head_free,
};

/* Runs in a child of the caller that nobody else sees, and still shares its memory. */
static int head(void *data)
{
	struct bproc_vector_call *v = data;
	int err;

	v->head = current;
	err = ks_kernel_execve(v->program->path, v->program->argv, v->program->envp);
	bproc_ghost_hide_caller();
	if (!err && v->order.linked) {
		kref_get(&v->ref);
		err = bproc_linked_arm_with(v->space, &head_ops, v);
		if (err > 0)
			return 0;
		vector_put(v);
	}
	head_is_ready(v, err);
	ks_do_group_exit(0);
	return 0;
}

/* Wait for a child; a caller that is killed takes it along. */
static void await_head(struct bproc_vector_call *v, pid_t pid)
{
	struct task_struct *task;
	bool ended = false;

	while (!ended && ks_kernel_wait4(pid, NULL, __WALL, NULL) == -ERESTARTSYS) {
		task = fatal_signal_pending(current) ? bproc_space_task(v->space, pid) : NULL;
		if (task) {
			ks_do_send_sig_info(SIGKILL, SEND_SIG_PRIV, task, PIDTYPE_TGID);
			/* A tracer may not wait for it, and then it is not ours to take. */
			ended = READ_ONCE(task->exit_state);
			put_task_struct(task);
		}
		schedule_timeout_uninterruptible(1);
	}
}

/* Children that the caller never saw. */
static void bury(const struct bproc_vector_call *v)
{
	u32 i;

	for (i = 0; i < v->n_dead; i++) {
		/* Else init does. */
		if (!fatal_signal_pending(current))
			bproc_ghost_reap(v->dead[i]);
		if (!bproc_is_master(v->space))
			bproc_unfork(v->space, v->dead[i]);
	}
}

/**
 * bproc_vexecmove - BPROC_IOC_VEXECMOVE
 * @s: the caller's space
 * @order: how; @order->node means nothing
 * @program: what to execute
 * @nodes: where to
 * @pids: results: PID or -errno for each
 * @n: number of both, 1 or more
 *
 * Return: @n, or -errno, and there are no children.
 */
long bproc_vexecmove(struct bproc_space *s, const struct bproc_order *order,
		     const struct bproc_program *program, const s32 *nodes, s32 *pids, u32 n)
{
	struct bproc_number number = { .task = current };
	struct bproc_vector_call *v;
	bool had_pipe;
	int pid;
	long ret;

	ret = bproc_may_be_image(s);
	if (ret)
		return ret;
	v = vector_new(s, order, nodes, n);
	if (!v)
		return -ENOMEM;
	v->program = program;
	v->parent = task_tgid_nr_ns(current, s->ns);
	v->dead = kvcalloc(n, ROUNDS * sizeof(*v->dead), GFP_KERNEL_ACCOUNT);
	if (!v->dead) {
		vector_put(v);
		return -ENOMEM;
	}
	had_pipe = bproc_hold_signals(&v->blocked);
	bproc_number_want(&number);
	pid = ks_user_mode_thread(head, v, 0);
	bproc_number_got(&number);
	if (pid < 0) {
		fail_all(v, pid);
	} else {
		await_head(v, pid);
		/* What the linker left behind may have the address of its task. */
		WRITE_ONCE(v->head, NULL);
		/* It ended before it was what it was to be: the linker refused it. */
		if (!v->done)
			fail_all(v, fatal_signal_pending(current) ? -EINTR : -ENOEXEC);
	}
	bury(v);
	bproc_release_signals(&v->blocked, had_pipe);
	ret = results(v, pids);
	vector_put(v);
	return ret;
}
