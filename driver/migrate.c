// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that are moved, or dumped, by others.
 *
 * Only a process itself can be read and replaced in safety. So it gets task work, which
 * interrupts its system call if it sleeps in one, and moves, or writes its image, on its way
 * to user mode. One on a node gets that from the driver there.
 */
#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/kref.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "call.h"
#include "calls.h"
#include "control.h"
#include "ghost.h"
#include "kcompat.h"
#include "kill.h"
#include "ksyms.h"
#include "migrate.h"
#include "move.h"
#include "obstacle.h"
#include "proc.h"
#include "signals.h"
#include "space.h"
#include "stream.h"
#include "trace.h"
#include "vmadump/vmadump.h"

/* A process that is not at the right place will soon be: so often, and so long between. */
#define TRIES 400
#define PAUSE_MS 5

/**
 * struct migration - something that a process is to do
 * @ref: one for who asked, one for the work
 * @work: the process's
 * @space: where it is
 * @task: the process
 * @out: where to write its image; NULL: it is to move
 * @node: where to
 * @flags: as in struct bproc_migrate, and BPROC_MIGRATE_ANY
 * @reply: the message that says what became of it; NULL: somebody waits here
 * @cancelled: nobody wants it any more
 * @done: what follows is there
 * @result: 0 or -errno
 * @why: BPROC_WHY_*
 * @bytes: written to @out
 */
struct migration {
	struct kref ref;
	struct callback_head work;
	struct bproc_space *space;
	struct task_struct *task;
	struct file *out;
	int node;
	u32 flags;
	struct bproc_msgbuf *reply;
	bool cancelled;
	struct completion done;
	int result;
	u32 why;
	u64 bytes;
};

static void migration_free(struct kref *ref)
{
	struct migration *m = container_of(ref, struct migration, ref);

	if (m->out)
		fput(m->out);
	put_task_struct(m->task);
	bproc_space_put(m->space);
	kfree(m);
}

static void migration_put(struct migration *m)
{
	kref_put(&m->ref, migration_free);
}

/**
 * bproc_migrate_reply - say what became of a migration, to whoever asked for it elsewhere
 * @s: where it was done
 * @reply: MIGRATED or RESULT; it goes
 * @result: 0 or -errno
 * @why: BPROC_WHY_*
 */
void bproc_migrate_reply(struct bproc_space *s, struct bproc_msgbuf *reply, int result, u32 why)
{
	struct bproc_msg_migrated *body = (void *)reply->body;

	reply->msg.result = result;
	body->why = why;
	bproc_msgq_post(&s->msgq, reply);
}

static struct bproc_msgbuf *reply_to(const struct bproc_msg *msg, u16 type, int node)
{
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(type, node, msg->pid, sizeof(struct bproc_msg_migrated),
			      GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = msg->id;
	return buf;
}

/* The work is done, or never will be. */
static void migration_end(struct migration *m, int result)
{
	m->result = result;
	if (m->reply)
		bproc_migrate_reply(m->space, m->reply, result, m->why);
	complete(&m->done);
	migration_put(m);
}

/* What can only be seen by the process itself. Return: BPROC_WHY_* */
static u32 obstacle_of_current(const struct migration *m)
{
	bool force = m->flags & BPROC_MIGRATE_FORCE;
	u32 why = bproc_obstacle(current, force);

	if (why)
		return why;
	if (!(m->flags & BPROC_MIGRATE_ANY) && bproc_dumpable() != BPROC_DUMPABLE)
		return BPROC_WHY_PRIVATE;
	if (current->vfork_done)
		return BPROC_WHY_VFORK;
	if (vmad_resume_later())
		return BPROC_WHY_MOMENT;
	if (!vmad_resume_possible())
		return BPROC_WHY_CLOCK;
	return force ? BPROC_WHY_NONE : bproc_obstacle_in_memory();
}

static int write_image(struct migration *m)
{
	struct vmad_dump_opts opts = {
		.flags = m->flags & VMAD_DUMP_ALL,
		.resuming = true,
	};
	bool had = sigismember(&current->pending.signal, SIGXFSZ);
	ssize_t n = vmad_dump(m->out, &opts);

	/* A limit of the process's is not to end it for what it did not write itself. */
	if (!had && sigismember(&current->pending.signal, SIGXFSZ))
		bproc_signal_drop(SIGXFSZ);
	if (n < 0)
		return n;
	m->bytes = n;
	return 0;
}

/* Return: 0: the caller is a ghost, or @order->exits; or -errno: it is what it was. */
static int leave(struct migration *m, struct bproc_order *order)
{
	int err;

	*order = (struct bproc_order){
		.node = m->node,
		.flags = m->flags & VMAD_DUMP_ALL,
		.iolen = BPROC_IO_DEFAULT,
		.resuming = true,
	};
	err = bproc_move(m->space, order);
	if (err)
		return err;
	/* What the process was in the midst of is none of its ghost's business. */
	clear_restore_sigmask();
	current_pt_regs()->orig_ax = -1;
	return 0;
}

static int carry_out(struct migration *m, struct bproc_order *order)
{
	int err;

	/* On a node it may only have left: the master looks where it is. */
	if ((current->flags & PF_EXITING) || fatal_signal_pending(current))
		return bproc_is_master(m->space) ? -ESRCH : -BPROC_BE_INVALIDPROC;
	if (READ_ONCE(m->cancelled))
		return -EINTR;
	/* Another was first, and only the process's ghost is here; by force it would go, too. */
	if (bproc_task_is_ghost(m->space, current)) {
		m->why = BPROC_WHY_MOMENT;
		return -EBUSY;
	}
	m->why = obstacle_of_current(m);
	if (m->why)
		return bproc_obstacle_errno(m->why);
	err = m->out ? write_image(m) : leave(m, order);
	if (err == -EOPNOTSUPP)
		m->why = BPROC_WHY_IMAGE;
	return err;
}

static void migration_work(struct callback_head *work)
{
	struct migration *m = container_of(work, struct migration, work);
	struct bproc_order order = { .exits = false };

	/* Who ends here would take other work with him that is behind it in the list. */
	if (work->next && !(current->flags & PF_EXITING) &&
	    !task_work_add(current, work, TWA_SIGNAL))
		return;
	migration_end(m, carry_out(m, &order));
	bproc_trace_put();
	if (order.exits)
		bproc_call_exit(order.exit_status);
}

/*
 * Return: the migration with a reference, to be waited for without @reply; or -errno, and
 * @reply is still the caller's.
 */
static struct migration *migration_start(struct bproc_space *s, struct task_struct *task,
					 int node, u32 flags, struct file *out,
					 struct bproc_msgbuf *reply)
{
	struct migration *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);

	if (!m)
		return ERR_PTR(-ENOMEM);
	kref_init(&m->ref);
	kref_get(&m->ref);
	init_task_work(&m->work, migration_work);
	init_completion(&m->done);
	bproc_space_get(s);
	m->space = s;
	m->task = get_task_struct(task);
	m->out = out ? get_file(out) : NULL;
	m->node = node;
	m->flags = flags;
	m->reply = reply;
	bproc_trace_get();
	if (task_work_add(task, &m->work, TWA_SIGNAL)) {
		migration_end(m, -ESRCH);
		bproc_trace_put();
	}
	return m;
}

static bool is_work_of(struct callback_head *work, void *migration)
{
	return work == &((struct migration *)migration)->work;
}

/* Return: what became of it, -EINTR if the caller is killed; then it may still happen. */
static int migration_wait(struct migration *m)
{
	if (!wait_for_completion_killable(&m->done))
		return m->result;
	WRITE_ONCE(m->cancelled, true);
	if (ks_task_work_cancel_match(m->task, is_work_of, m)) {
		migration_put(m);
		bproc_trace_put();
	}
	return -EINTR;
}

/*
 * The process with a number, if it is one of this machine's own that can be asked for
 * something. Return: it with a reference, or -errno.
 */
static struct task_struct *find_local(struct bproc_space *s, pid_t pid)
{
	struct task_struct *task = bproc_space_task(s, pid);
	int err = 0;

	if (!task)
		return ERR_PTR(-ESRCH);
	if (!thread_group_leader(task) || (task->flags & PF_EXITING))
		err = -ESRCH;
	else if ((task->flags & PF_KTHREAD) || bproc_task_is_init(task))
		err = -EPERM;
	if (err) {
		put_task_struct(task);
		return ERR_PTR(err);
	}
	return task;
}

static u32 privilege(void)
{
	return capable(CAP_SYS_PTRACE) ? BPROC_MIGRATE_ANY : 0;
}

static int do_locally(struct bproc_space *s, struct task_struct *task, int node, u32 flags,
		      struct file *out, u32 *why, u64 *bytes)
{
	struct migration *m;
	int err;

	/* Seen from here it need not even be interrupted. */
	*why = bproc_obstacle(task, flags & BPROC_MIGRATE_FORCE);
	if (*why)
		return bproc_obstacle_errno(*why);
	m = migration_start(s, task, node, flags | privilege(), out, NULL);
	if (IS_ERR(m))
		return PTR_ERR(m);
	err = migration_wait(m);
	if (err != -EINTR) {
		*why = m->why;
		*bytes = m->bytes;
	}
	migration_put(m);
	return err;
}

/* The node where a process is, BPROC_NODE_MASTER, or -ESRCH if it is about to end. */
static int where_is(struct bproc_space *s, pid_t pid, int *node)
{
	struct bproc_ghost *g = bproc_ghost_find(s, pid);
	int err = 0;

	*node = BPROC_NODE_MASTER;
	if (!g)
		return 0;
	*node = READ_ONCE(g->node);
	/* Just come back, or not yet gone: it will be the one or the other. */
	if (READ_ONCE(g->state) != BPROC_GHOST_LIVE)
		err = READ_ONCE(g->state) == BPROC_GHOST_EXITING ? -ESRCH : -EAGAIN;
	bproc_ghost_put(g);
	return err;
}

/* Where is it, and may @k, who could signal it, send it to where it is to go? */
static int look_up(struct bproc_killer *k, struct bproc_migrate *arg, int *node)
{
	int err = where_is(k->space, arg->pid, node);

	arg->why = BPROC_WHY_NONE;
	if (!err)
		err = bproc_kill(k, arg->pid);
	if (err == -EAGAIN) {
		arg->why = BPROC_WHY_MOMENT;
		err = -EBUSY;
	}
	if (!err && arg->node == *node)
		err = -BPROC_BE_SAMENODE;
	return err;
}

static int migrate_once(struct bproc_space *s, struct bproc_migrate *arg)
{
	struct bproc_killer k = {
		.space = s,
		.sender = current,
		.node = BPROC_NODE_NONE,
		.uid = current_uid(),
		.euid = current_euid(),
		.capable = capable(CAP_KILL),
	};
	struct task_struct *task;
	int node, err;
	u64 bytes;

	clear_siginfo(&k.info);
	err = look_up(&k, arg, &node);
	if (err)
		return err;
	if (node != BPROC_NODE_MASTER) {
		struct bproc_migrate there = *arg;

		there.flags |= privilege();
		err = bproc_control_migrate(s, node, &there);
		arg->why = there.why;
		return err;
	}
	task = find_local(s, arg->pid);
	if (IS_ERR(task))
		return PTR_ERR(task);
	err = do_locally(s, task, arg->node, arg->flags, NULL, &arg->why, &bytes);
	put_task_struct(task);
	return err;
}

/* On a node: the master knows where everybody is. */
static int ask_master(struct bproc_space *s, struct bproc_migrate *arg)
{
	struct bproc_msg_migrated said = { .why = BPROC_WHY_NONE };
	struct bproc_msg_call call = {
		.call = BPROC_CALL_MIGRATE,
		.flags = privilege() ? BPROC_CALL_TRACER : 0,
		.after = arg->pid,
		.node = arg->node,
		.count = arg->flags,
	};
	int err;

	bproc_call_sign(s, &call);
	err = bproc_call_master(s, &call, &said, sizeof(said));
	arg->why = said.why;
	return err;
}

/* Will it be gone soon, and may be tried again? */
static bool wait_if_it_passes(u32 why, int *tries)
{
	if ((why != BPROC_WHY_MOMENT && why != BPROC_WHY_VFORK) || ++*tries >= TRIES)
		return false;
	return !schedule_timeout_killable(msecs_to_jiffies(PAUSE_MS)) &&
	       !fatal_signal_pending(current);
}

/**
 * bproc_migrate_process - have a process move
 * @s: the caller's space
 * @arg: as in BPROC_IOC_MIGRATE
 *
 * Return: 0, or -errno with arg->why.
 */
int bproc_migrate_process(struct bproc_space *s, struct bproc_migrate *arg)
{
	int tries = 0, err;

	do {
		err = bproc_is_master(s) ? migrate_once(s, arg) : ask_master(s, arg);
		/* It moved by itself in between. */
		if (err == -BPROC_BE_INVALIDPROC)
			arg->why = BPROC_WHY_MOMENT;
	} while (err && wait_if_it_passes(arg->why, &tries));
	return err;
}

/**
 * bproc_migrate - BPROC_IOC_MIGRATE
 * @c: the call
 *
 * Return: 0 or -errno.
 */
long bproc_migrate(struct bproc_calling *c)
{
	struct bproc_migrate *arg = &c->args.migrate;

	if ((arg->flags & ~BPROC_MIGRATE_FLAGS) ||
	    arg->pid == task_tgid_nr_ns(current, c->space->ns))
		return -EINVAL;
	if (arg->pid <= 0)
		return -ESRCH;
	c->answers = true;
	return bproc_migrate_process(c->space, arg);
}

/**
 * bproc_dump_proc - BPROC_IOC_DUMP_PROC
 * @c: the call
 *
 * Return: 0 or -errno.
 */
long bproc_dump_proc(struct bproc_calling *c)
{
	struct bproc_dump_proc *arg = &c->args.dump_proc;
	struct bproc_space *s = c->space;
	struct task_struct *task;
	struct file *out;
	int node, tries = 0, err;

	if ((arg->flags & ~BPROC_MIGRATE_FLAGS) || arg->pid == task_tgid_nr_ns(current, s->ns))
		return -EINVAL;
	out = fget(arg->fd);
	if (!out)
		return -EBADF;
	c->answers = true;
	do {
		arg->why = BPROC_WHY_NONE;
		arg->bytes = 0;
		err = where_is(s, arg->pid, &node);
		if (!err && node != BPROC_NODE_MASTER)
			err = -EREMOTE;
		task = err ? ERR_PTR(err) : find_local(s, arg->pid);
		if (IS_ERR(task)) {
			err = PTR_ERR(task);
			break;
		}
		err = -EPERM;
		if (ks_ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
			err = do_locally(s, task, BPROC_NODE_MASTER, arg->flags, out, &arg->why,
					 &arg->bytes);
		put_task_struct(task);
	} while (err && wait_if_it_passes(arg->why, &tries));
	fput(out);
	return err;
}

/* @task is to go, and somebody elsewhere to hear of it by @reply. */
static void start_for(struct bproc_space *s, struct task_struct *task, int node, u32 flags,
		      struct bproc_msgbuf *reply)
{
	u32 why = bproc_obstacle(task, flags & BPROC_MIGRATE_FORCE);
	int err = bproc_obstacle_errno(why);
	struct migration *m;

	if (!err) {
		m = migration_start(s, task, node, flags, NULL, reply);
		err = PTR_ERR_OR_ZERO(m);
		if (!err) {
			migration_put(m);
			return;
		}
	}
	bproc_migrate_reply(s, reply, err, why);
}

/**
 * bproc_migrate_for - BPROC_CALL_MIGRATE: MIGRATE for a process on a node
 * @k: who asks, as one who signals; its space is the master's
 * @msg: the message
 * @call: its body
 * @tracer: who asks may trace anybody
 *
 * The answer follows.
 */
void bproc_migrate_for(struct bproc_killer *k, const struct bproc_msg *msg,
		       const struct bproc_msg_call *call, bool tracer)
{
	struct bproc_msgbuf *reply = reply_to(msg, BPROC_MSG_RESULT, msg->node);
	struct bproc_migrate arg = {
		.pid = call->after,
		.node = call->node,
		.flags = call->count | (tracer ? BPROC_MIGRATE_ANY : 0),
	};
	struct task_struct *task;
	int node, err = -EINVAL;

	if (!(call->count & ~BPROC_MIGRATE_FLAGS) && arg.pid > 0 && arg.pid != msg->pid)
		err = look_up(k, &arg, &node);
	if (err)
		goto err;
	if (node != BPROC_NODE_MASTER) {
		bproc_control_migrate_for(k->space, node, &arg, reply);
		return;
	}
	task = find_local(k->space, arg.pid);
	err = PTR_ERR_OR_ZERO(task);
	if (err)
		goto err;
	start_for(k->space, task, arg.node, arg.flags, reply);
	put_task_struct(task);
	return;
err:
	bproc_migrate_reply(k->space, reply, err, arg.why);
}

/**
 * bproc_migrate_here - BPROC_MSG_MIGRATE: a process of this node is to go
 * @s: the node
 * @msg: the message; its body is long enough
 */
void bproc_migrate_here(struct bproc_space *s, const struct bproc_msg *msg)
{
	const struct bproc_msg_migrate *body = (const void *)(msg + 1);
	struct bproc_msgbuf *reply = reply_to(msg, BPROC_MSG_MIGRATED, BPROC_NODE_MASTER);
	struct task_struct *task = bproc_space_task(s, msg->pid);

	if (task && thread_group_leader(task) && bproc_proc_is_here(s, task->pid))
		start_for(s, task, body->to, body->flags, reply);
	else
		bproc_migrate_reply(s, reply, -BPROC_BE_INVALIDPROC, BPROC_WHY_NONE);
	if (task)
		put_task_struct(task);
}
