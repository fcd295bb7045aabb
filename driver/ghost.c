// SPDX-License-Identifier: GPL-2.0-only
/* Ghosts: the objects, and what others do to them. */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "arrival.h"
#include "ghost.h"
#include "iod.h"
#include "ksyms.h"
#include "signals.h"
#include "space.h"
#include "stream.h"

/**
 * bproc_ghost_alloc - a ghost that no task is yet
 * @s: where it will stand
 * @node: where its process is
 *
 * Return: the ghost with one reference, or NULL.
 */
struct bproc_ghost *bproc_ghost_alloc(struct bproc_space *s, int node)
{
	struct bproc_ghost *g = kzalloc(sizeof(*g), GFP_KERNEL_ACCOUNT);

	if (!g)
		return NULL;
	kref_init(&g->ref);
	bproc_space_get(s);
	g->space = s;
	g->node = node;
	spin_lock_init(&g->lock);
	init_waitqueue_head(&g->wait);
	INIT_LIST_HEAD(&g->ops);
	g->state = BPROC_GHOST_PENDING;
	g->needed = jiffies;
	return g;
}

static void ghost_free(struct kref *ref)
{
	struct bproc_ghost *g = container_of(ref, struct bproc_ghost, ref);
	struct bproc_ghost_order *op, *next;

	list_for_each_entry_safe(op, next, &g->ops, entry)
		bproc_ghost_order_free(op);
	if (g->task)
		put_task_struct(g->task);
	if (g->cred)
		put_cred(g->cred);
	if (g->incoming)
		fput(g->incoming);
	kfree(g->name);
	bproc_space_put(g->space);
	kfree(g);
}

/**
 * bproc_ghost_get - take a reference
 * @g: a ghost that the caller has one of
 */
void bproc_ghost_get(struct bproc_ghost *g)
{
	kref_get(&g->ref);
}

/**
 * bproc_ghost_put - give a reference back
 * @g: the ghost, or NULL
 */
void bproc_ghost_put(struct bproc_ghost *g)
{
	if (g)
		kref_put(&g->ref, ghost_free);
}

/**
 * bproc_ghost_find - the ghost with a PID
 * @s: the space
 * @nr: its PID there
 *
 * Return: the ghost with a reference, or NULL.
 */
struct bproc_ghost *bproc_ghost_find(struct bproc_space *s, pid_t nr)
{
	struct bproc_ghost *g;

	if (nr <= 0)
		return NULL;
	xa_lock(&s->ghosts);
	g = xa_load(&s->ghosts, nr);
	if (g)
		bproc_ghost_get(g);
	xa_unlock(&s->ghosts);
	return g;
}

/**
 * bproc_ghost_find_from - the first ghost with a PID of at least this
 * @s: the space
 * @nr: where to begin; the ghost's PID afterwards
 *
 * Return: the ghost with a reference, or NULL.
 */
struct bproc_ghost *bproc_ghost_find_from(struct bproc_space *s, unsigned long *nr)
{
	struct bproc_ghost *g;

	xa_lock(&s->ghosts);
	g = xa_find(&s->ghosts, nr, ULONG_MAX, XA_PRESENT);
	if (g)
		bproc_ghost_get(g);
	xa_unlock(&s->ghosts);
	return g;
}

/**
 * bproc_ghost_is_local - will the process that it stands for be here, in its task?
 * @g: the ghost
 *
 * A vector call's entry that stays where its caller is. What is sent to it is the process's.
 */
bool bproc_ghost_is_local(const struct bproc_ghost *g)
{
	return READ_ONCE(g->node) == g->space->node;
}

/**
 * bproc_task_is_ghost - does a process stand for one that is elsewhere?
 * @s: the space that it is in
 * @task: the process, or a thread of it
 */
bool bproc_task_is_ghost(struct bproc_space *s, struct task_struct *task)
{
	struct bproc_ghost *g;
	bool ret;

	xa_lock(&s->ghosts);
	g = xa_load(&s->ghosts, task_tgid_nr_ns(task, s->ns));
	ret = g && g->task == task->group_leader;
	xa_unlock(&s->ghosts);
	return ret;
}

/**
 * bproc_ghost_bind - the calling process is this ghost from now on
 * @g: a ghost that no task is yet
 *
 * Return: 0, -ENOMEM, -EEXIST, -ESHUTDOWN when the daemon is gone.
 */
int bproc_ghost_bind(struct bproc_ghost *g)
{
	struct bproc_space *s = g->space;
	int err;

	g->nr = task_tgid_nr_ns(current, s->ns);
	if (g->nr <= 0)
		return -EINVAL;
	g->task = get_task_struct(current->group_leader);
	g->ppid = task_ppid_nr_ns(current, s->ns);
	err = xa_insert(&s->ghosts, g->nr, g, GFP_KERNEL);
	if (err)
		return err == -EBUSY ? -EEXIST : err;
	bproc_ghost_get(g);
	/* Pairs with the walk in bproc_ghosts_kill(), which comes after @dead is set. */
	spin_lock(&s->lock);
	if (s->dead)
		err = -ESHUTDOWN;
	spin_unlock(&s->lock);
	if (err)
		bproc_ghost_end(g, SIGKILL);
	return err;
}

/* Take the ghost out of the table, so that its PID means an ordinary process. */
static void ghost_unbind(struct bproc_ghost *g)
{
	struct bproc_space *s = g->space;
	bool mine;

	xa_lock(&s->ghosts);
	mine = g->nr && xa_load(&s->ghosts, g->nr) == g;
	if (mine)
		__xa_erase(&s->ghosts, g->nr);
	xa_unlock(&s->ghosts);
	if (mine)
		bproc_ghost_put(g);
}

/* What it stands for runs: from now on the ghost forwards signals. */
void bproc_ghost_go_live(struct bproc_ghost *g)
{
	spin_lock(&g->lock);
	if (g->state == BPROC_GHOST_PENDING)
		g->state = BPROC_GHOST_LIVE;
	spin_unlock(&g->lock);
	wake_up_all(&g->wait);
}

/**
 * bproc_ghost_set_executing - the calling ghost does what a process wants, or does no more
 * @g: the ghost
 * @executing: does it?
 *
 * That may be a program, or may wait for files of anybody's. SIGKILL ends it then; one that had
 * come before ends the waits, and is taken by the ghost if it is still one after that.
 *
 * Return: false if what it stands for has ended.
 */
bool bproc_ghost_set_executing(struct bproc_ghost *g, bool executing)
{
	bool live, late, came;

	spin_lock_irq(&bproc_sighand()->siglock);
	came = sigismember(&current->signal->shared_pending.signal, SIGKILL);
	if (executing) {
		sigdelset(&current->blocked, SIGKILL);
		/* Where what waits for no other signal looks for it; another one would be lost. */
		if (came)
			sigaddset(&current->pending.signal, SIGKILL);
	} else if (!(current->signal->flags & SIGNAL_GROUP_EXIT)) {
		sigaddset(&current->blocked, SIGKILL);
		if (came)
			sigdelset(&current->pending.signal, SIGKILL);
	}
	recalc_sigpending();
	spin_unlock_irq(&bproc_sighand()->siglock);
	spin_lock(&g->lock);
	live = g->state == BPROC_GHOST_LIVE && !g->ended;
	late = executing && g->state == BPROC_GHOST_EXITING;
	g->executing = executing;
	spin_unlock(&g->lock);
	/* As bproc_ghost_end() would have, a moment later. */
	if (late)
		send_sig(SIGKILL, current, 1);
	return live;
}

/**
 * bproc_ghost_expect_word - the calling ghost is restored, and may be told to be the process
 * @g: the ghost
 *
 * Its end no more ends the task: who tells it waits for no file of anybody's.
 */
void bproc_ghost_expect_word(struct bproc_ghost *g)
{
	spin_lock(&g->lock);
	g->executing = false;
	spin_unlock(&g->lock);
}

/* There may be zombies among its children that it need not keep any more. */
void bproc_ghost_reap_soon(struct bproc_ghost *g)
{
	WRITE_ONCE(g->reap, true);
	wake_up_all(&g->wait);
}

/* The calling ghost became the process that it stood for. */
void bproc_ghost_leave(struct bproc_ghost *g)
{
	/* In this order: at no time is it taken for a ghost whose process has ended. */
	ghost_unbind(g);
	spin_lock(&g->lock);
	g->state = BPROC_GHOST_GONE;
	spin_unlock(&g->lock);
}

/**
 * bproc_ghost_get_cred - what the ghost's process has, as far as the master believes it
 * @g: the ghost, on the master
 *
 * Return: to be released with put_cred().
 */
const struct cred *bproc_ghost_get_cred(struct bproc_ghost *g)
{
	const struct cred *cred;

	spin_lock(&g->lock);
	cred = get_cred(g->cred);
	spin_unlock(&g->lock);
	return cred;
}

/**
 * bproc_ghost_replace_cred - it has other credentials
 * @g: the ghost
 * @old: those of which the new ones were made; NULL for a new ghost
 * @new: these; the reference goes, if they are taken
 *
 * Return: false if it has not @old any more.
 */
bool bproc_ghost_replace_cred(struct bproc_ghost *g, const struct cred *old,
			      const struct cred *new)
{
	bool same;

	spin_lock(&g->lock);
	same = g->cred == old;
	if (same)
		g->cred = new;
	spin_unlock(&g->lock);
	if (same && old)
		put_cred(old);
	return same;
}

/**
 * bproc_ghost_owner - whose a signal to its process may be
 * @g: the ghost
 *
 * Return: its ghost's real user ID.
 */
u32 bproc_ghost_owner(const struct bproc_ghost *g)
{
	return from_kuid_munged(&init_user_ns, task_uid(g->task));
}

/**
 * bproc_ghost_said_users - whose the process is, as its node has it
 * @g: its ghost on the master
 * @uid: real user ID
 * @suid: saved user ID
 *
 * They say who could signal it, and nothing else: bproc_ghost_get_cred() does.
 */
void bproc_ghost_said_users(struct bproc_ghost *g, kuid_t uid, kuid_t suid)
{
	spin_lock(&g->lock);
	g->said_uid = uid;
	g->said_suid = suid;
	spin_unlock(&g->lock);
}

/**
 * bproc_ghost_is_users - is its process a user's, in the master's eyes or its node's?
 * @g: the ghost, on the master
 * @uid: the user
 */
bool bproc_ghost_is_users(struct bproc_ghost *g, kuid_t uid)
{
	bool ret;

	spin_lock(&g->lock);
	ret = uid_eq(uid, g->said_uid) || uid_eq(uid, g->said_suid) ||
	      uid_eq(uid, g->cred->uid) || uid_eq(uid, g->cred->suid);
	spin_unlock(&g->lock);
	return ret;
}

/* Show another name and other arguments; takes @name over. */
void bproc_ghost_set_name(struct bproc_ghost *g, struct bproc_name *name)
{
	struct bproc_name *old;

	spin_lock(&g->lock);
	old = g->name;
	g->name = name;
	spin_unlock(&g->lock);
	kfree(old);
	wake_up_all(&g->wait);
}

/**
 * bproc_ghost_stopped - the process stopped or goes on
 * @g: its ghost
 * @sig: the signal that stopped it, 0 if it goes on
 */
void bproc_ghost_stopped(struct bproc_ghost *g, int sig)
{
	bool resume = false;

	spin_lock(&g->lock);
	/* One that stands stopped may be told so again, by the answer to its node's question. */
	if (g->state <= BPROC_GHOST_LIVE && !(sig && g->stopping && !g->cont)) {
		g->stop = sig;
		if (!sig && g->stopping && !g->cont) {
			g->cont = true;
			resume = true;
		}
	}
	spin_unlock(&g->lock);
	if (resume)
		send_sig(SIGCONT, g->task, 1);
	else
		wake_up_all(&g->wait);
}

/**
 * bproc_ghost_expect - the ghost's stub is going to read a stream
 * @g: the ghost
 * @stream: the stream
 *
 * A node that dies in the midst of it would leave the reader waiting.
 *
 * Return: false if the process has ended: nothing will come.
 */
bool bproc_ghost_expect(struct bproc_ghost *g, struct file *stream)
{
	bool live;

	spin_lock(&g->lock);
	live = g->state == BPROC_GHOST_LIVE && !g->incoming;
	if (live)
		g->incoming = get_file(stream);
	spin_unlock(&g->lock);
	return live;
}

static struct file *take_incoming(struct bproc_ghost *g)
{
	struct file *stream;

	spin_lock(&g->lock);
	stream = g->incoming;
	g->incoming = NULL;
	spin_unlock(&g->lock);
	return stream;
}

/**
 * bproc_ghost_expect_no_more - what bproc_ghost_expect() announced is over
 * @g: the ghost
 */
void bproc_ghost_expect_no_more(struct bproc_ghost *g)
{
	struct file *stream = take_incoming(g);

	if (stream)
		fput(stream);
}

/**
 * bproc_ghost_cut - what bproc_ghost_expect() announced will not come
 * @g: the ghost
 */
void bproc_ghost_cut(struct bproc_ghost *g)
{
	struct file *stream = take_incoming(g);

	if (stream) {
		bproc_stream_shut(stream);
		fput(stream);
	}
}

/**
 * bproc_ghosts_list - the processes that are elsewhere
 * @s: the master's space
 * @after: PID of the last one already seen; -1 starts at the first
 * @node: only those of this node, or BPROC_NODE_ANY
 * @to: array to fill
 * @n: its elements
 *
 * Return: number of elements filled.
 */
u32 bproc_ghosts_list(struct bproc_space *s, pid_t after, int node, struct bproc_proc_info *to,
		      u32 n)
{
	unsigned long nr = after < 0 ? 0 : (unsigned long)after + 1;
	struct bproc_ghost *g;
	u32 i = 0;

	while (i < n && (g = bproc_ghost_find_from(s, &nr))) {
		to[i].pid = g->nr;
		to[i].node = READ_ONCE(g->node);
		/* One that becomes a process here is as good as that. */
		if (READ_ONCE(g->state) == BPROC_GHOST_LIVE && to[i].node != g->space->node &&
		    (node == BPROC_NODE_ANY || node == to[i].node))
			i++;
		bproc_ghost_put(g);
		nr++;
		cond_resched();
	}
	return i;
}

/* The child's ghost never came to be: the fork on the node fails. */
static void ghost_refuse_fork(struct bproc_ghost *g)
{
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_FORKED, g->node, 0, 0, GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = g->fork_id;
	buf->msg.result = -EAGAIN;
	bproc_msgq_post(&g->space->msgq, buf);
}

static int ghost_release(struct inode *inode, struct file *file)
{
	struct bproc_ghost *g = file->private_data;
	enum bproc_ghost_state state;

	if (!atomic_dec_and_test(&g->files)) {
		bproc_ghost_put(g);
		return 0;
	}
	spin_lock(&g->lock);
	state = g->state;
	g->state = BPROC_GHOST_GONE;
	spin_unlock(&g->lock);

	if (g->fork_id)
		ghost_refuse_fork(g);
	/* It was killed by the kernel itself, or while it stood stopped. */
	if (state == BPROC_GHOST_LIVE && !g->ended && !bproc_ghost_is_local(g) &&
	    (g->watching || bproc_is_master(g->space)))
		bproc_ghost_kill_process(g);
	if (state == BPROC_GHOST_EXITING && g->task == current &&
	    current->signal->flags & SIGNAL_GROUP_EXIT) {
		current->signal->group_exit_code = g->status;
		current->exit_code = g->status;
	}
	ghost_unbind(g);
	bproc_ghost_put(g);
	return 0;
}

static long ghost_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct bproc_ghost *g = file->private_data;
	long ret;

	switch (cmd) {
	case BPROC_IOC_GHOST_NEXT:
		return bproc_ghost_next(g, (void __user *)arg);
	case BPROC_IOC_ARRIVE_IO:
		return bproc_iod_arrive(g->space, (void __user *)arg);
	case BPROC_IOC_ARRIVE:
		/* A stand-in's new child has its parent's descriptor. */
		if (g->task != current)
			return bproc_arrive(g->space, NULL, (void __user *)arg);
		ret = bproc_arrive(g->space, g, (void __user *)arg);
		/*
		 * Here and not in its next call: the stream is closed on the way to user
		 * mode, and that call sleeps before it goes there.
		 */
		bproc_ghost_expect_no_more(g);
		bproc_ghost_arrival_failed(g);
		return ret;
	}
	return -ENOTTY;
}

static const struct file_operations ghost_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = ghost_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = ghost_release,
	.llseek = noop_llseek,
};

/**
 * bproc_ghost_file - the file through which a ghost's task speaks to the driver
 * @g: the ghost
 *
 * The last close of it is the end of the ghost.
 *
 * Return: the file, or an error.
 */
struct file *bproc_ghost_file(struct bproc_ghost *g)
{
	struct file *file = anon_inode_getfile("[bproc-ghost]", &ghost_fops, g, O_RDWR);

	if (!IS_ERR(file)) {
		bproc_ghost_get(g);
		atomic_inc(&g->files);
	}
	return file;
}
