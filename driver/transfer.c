// SPDX-License-Identifier: GPL-2.0-only
/* Images and programs on their way out: asking for a stream, waiting for the answer. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "arrival.h"
#include "later.h"
#include "signals.h"
#include "space.h"
#include "stream.h"
#include "transfer.h"

static void transfer_close(struct work_struct *work)
{
	struct bproc_transfer *t = container_of(work, struct bproc_transfer, close);

	if (t->stream)
		fput(t->stream);
	bproc_space_put(t->space);
	kfree(t);
}

/*
 * A broken stream is not closed by the process that moves: what an encrypted one has
 * still to send fails then, and the closer is the one who gets SIGPIPE.
 */
static void transfer_free(struct kref *ref)
{
	struct bproc_transfer *t = container_of(ref, struct bproc_transfer, ref);

	bproc_do_later(&t->close);
}

static void transfer_put(struct bproc_transfer *t)
{
	kref_put(&t->ref, transfer_free);
}

static struct bproc_transfer *transfer_find(struct bproc_space *s, u64 id)
{
	struct bproc_transfer *t;

	if (id > ULONG_MAX)
		return NULL;
	xa_lock(&s->transfers);
	t = xa_load(&s->transfers, id);
	if (t)
		kref_get(&t->ref);
	xa_unlock(&s->transfers);
	return t;
}

static void transfer_fail(struct bproc_transfer *t, int error)
{
	spin_lock(&t->lock);
	if (!t->error)
		t->error = error;
	spin_unlock(&t->lock);
	wake_up_all(&t->wait);
}

/* The sender may be in the middle of a write that nobody will take. */
static void transfer_cut(struct bproc_transfer *t)
{
	struct file *stream;

	spin_lock(&t->lock);
	stream = t->stream ? get_file(t->stream) : NULL;
	spin_unlock(&t->lock);
	if (!stream)
		return;
	bproc_stream_shut(stream);
	fput(stream);
}

/*
 * Whose is the process with this number? Root's, if there is none: a stand-in is made for
 * the number all the same, and may not be signalled by anybody who could not before.
 */
static u32 uid_of(struct bproc_space *s, pid_t nr)
{
	struct task_struct *task;
	u32 uid = 0;

	rcu_read_lock();
	task = nr > 0 ? pid_task(find_pid_ns(nr, s->ns), PIDTYPE_TGID) : NULL;
	if (task)
		uid = from_kuid_munged(&init_user_ns, task_uid(task));
	rcu_read_unlock();
	return uid;
}

/**
 * bproc_transfer_new - a move that others may answer
 * @s: the caller's space
 * @node: where to
 * @pid: the process that will arrive there
 *
 * Return: the transfer, to be ended with bproc_transfer_finish(), or an error.
 */
struct bproc_transfer *bproc_transfer_new(struct bproc_space *s, int node, pid_t pid)
{
	struct bproc_transfer *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	int err;

	if (!t)
		return ERR_PTR(-ENOMEM);
	kref_init(&t->ref);
	INIT_WORK(&t->close, transfer_close);
	bproc_space_get(s);
	t->space = s;
	t->node = node;
	t->pid = pid;
	t->id = atomic64_inc_return(&s->next_id);
	spin_lock_init(&t->lock);
	init_waitqueue_head(&t->wait);

	err = xa_insert(&s->transfers, t->id, t, GFP_KERNEL);
	if (!err) {
		kref_get(&t->ref);
		/* Pairs with bproc_space_shutdown(), which walks the table after it. */
		spin_lock(&s->lock);
		if (s->dead)
			err = -ENOSYS;
		spin_unlock(&s->lock);
	}
	if (err) {
		bproc_transfer_finish(t);
		return ERR_PTR(err);
	}
	return t;
}

/**
 * bproc_transfer_want_stream - ask the daemon for a stream
 * @t: from bproc_transfer_new()
 * @type: BPROC_MSG_STREAM or BPROC_MSG_VECTOR
 * @ppid: parent of what will arrive
 *
 * Return: 0 or -ENOMEM.
 */
int bproc_transfer_want_stream(struct bproc_transfer *t, u16 type, pid_t ppid)
{
	struct bproc_space *s = t->space;
	struct bproc_msg_stream *body;
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(type, t->node, t->pid, sizeof(*body), GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	body = (void *)buf->body;
	body->ppid = ppid;
	body->uid = uid_of(s, ppid);
	body->pgrp = task_pgrp_nr_ns(current, s->ns);
	body->pgrp_uid = uid_of(s, body->pgrp);
	body->session = task_session_nr_ns(current, s->ns);
	body->session_uid = uid_of(s, body->session);
	buf->msg.id = t->id;
	bproc_msgq_post(&s->msgq, buf);
	return 0;
}

/**
 * bproc_transfer_start - ask the daemon for a stream to a node
 * @s: the caller's space
 * @node: where to
 * @pid: the process that will arrive there
 * @ppid: its parent
 *
 * Return: the transfer, to be ended with bproc_transfer_finish(), or an error.
 */
struct bproc_transfer *bproc_transfer_start(struct bproc_space *s, int node, pid_t pid,
					    pid_t ppid)
{
	struct bproc_transfer *t = bproc_transfer_new(s, node, pid);
	int err;

	if (IS_ERR(t))
		return t;
	err = bproc_transfer_want_stream(t, BPROC_MSG_STREAM, ppid);
	if (err) {
		bproc_transfer_finish(t);
		return ERR_PTR(err);
	}
	return t;
}

static bool transfer_has(struct bproc_transfer *t, bool arrived)
{
	bool ret;

	spin_lock(&t->lock);
	ret = t->error || (arrived ? t->arrived : t->stream != NULL);
	spin_unlock(&t->lock);
	return ret;
}

/* Wait for the connection. Return: 0, -EINTR when killed, or why there is none. */
int bproc_transfer_wait_stream(struct bproc_transfer *t)
{
	int err;

	/* The daemon and the link's pings bound it: a dead node fails every transfer. */
	err = wait_event_killable(t->wait, transfer_has(t, false));
	return err ? -EINTR : t->error;
}

static bool hung_up(struct bproc_transfer *t)
{
	return t->stream && vfs_poll(t->stream, NULL) & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
}

/* How long an answer may come after its stream's end, by its other way. */
#define ANSWER_TIME (3 * HZ)

/**
 * bproc_transfer_wait_arrived - wait for the other side, that has all it needs
 * @t: the transfer
 *
 * A receiver that was killed before it could answer leaves nothing but the stream's end.
 *
 * Return: 0, -EINTR when killed, the other side's -errno, -EIO.
 */
int bproc_transfer_wait_arrived(struct bproc_transfer *t)
{
	bool last;
	long left;

	do {
		last = hung_up(t);
		left = wait_event_killable_timeout(t->wait, transfer_has(t, true),
						   last ? ANSWER_TIME : HZ);
	} while (!left && !last);
	if (left < 0)
		return -EINTR;
	return left ? t->error : -EIO;
}

/* The other side may answer once more: bproc_transfer_wait_answer() is for that. */
void bproc_transfer_expect_answer(struct bproc_transfer *t)
{
	spin_lock(&t->lock);
	t->arrived = false;
	spin_unlock(&t->lock);
}

/**
 * bproc_transfer_wait_answer - the stream broke: did the other side say why?
 * @t: the transfer
 * @err: what to make of it if not
 *
 * The answer takes another way than the stream, and may come a little later.
 *
 * Return: -errno.
 */
int bproc_transfer_wait_answer(struct bproc_transfer *t, int err)
{
	long left;

	left = wait_event_killable_timeout(t->wait, transfer_has(t, true), HZ);
	return left > 0 && t->error ? t->error : err;
}

static void say(struct bproc_transfer *t, struct bproc_msgbuf *buf)
{
	buf->msg.id = t->id;
	/* What stays here is its own other side. */
	if (t->node == t->space->node) {
		bproc_arrival_word(t->space, &buf->msg);
		bproc_msg_free(buf);
		return;
	}
	bproc_msgq_post(&t->space->msgq, buf);
}

/**
 * bproc_transfer_say - tell the other side GO or ABORT
 * @t: the transfer
 * @type: BPROC_MSG_GO or BPROC_MSG_ABORT
 */
void bproc_transfer_say(struct bproc_transfer *t, u16 type)
{
	say(t, bproc_msg_alloc(type, t->node, t->pid, 0, GFP_KERNEL | __GFP_NOFAIL));
}

/* More of them, which is rare, are sent on behind GO. */
#define SIGNALS_WITH_GO 64

/**
 * bproc_transfer_go - tell the other side GO, and the signals that wait for the caller
 * @t: the transfer, of the caller
 */
void bproc_transfer_go(struct bproc_transfer *t)
{
	size_t room = bproc_signals_wait() ? SIGNALS_WITH_GO : 0;
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_GO, t->node, t->pid,
			      room * sizeof(struct bproc_msg_signal),
			      GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.size = sizeof(buf->msg) + bproc_pack_signals(t->pid, (void *)buf->body, room) *
					   sizeof(struct bproc_msg_signal);
	say(t, buf);
}

/**
 * bproc_transfer_is_under_way - does a process go to a node now?
 * @s: the master
 * @pid: the process
 * @node: the node
 */
bool bproc_transfer_is_under_way(struct bproc_space *s, pid_t pid, int node)
{
	struct bproc_transfer *t;
	unsigned long id;
	bool ret = false;

	xa_lock(&s->transfers);
	xa_for_each(&s->transfers, id, t) {
		ret = t->pid == pid && t->node == node;
		if (ret)
			break;
	}
	xa_unlock(&s->transfers);
	return ret;
}

/* The move is over, well or not. */
void bproc_transfer_finish(struct bproc_transfer *t)
{
	struct bproc_space *s = t->space;
	bool mine;

	xa_lock(&s->transfers);
	mine = xa_load(&s->transfers, t->id) == t;
	if (mine)
		__xa_erase(&s->transfers, t->id);
	xa_unlock(&s->transfers);
	if (mine)
		transfer_put(t);
	transfer_put(t);
}

/**
 * bproc_transfer_give_stream - BPROC_IOC_STREAM: the daemon has a connection, or not
 * @s: the daemon's space
 * @arg: which transfer, and the descriptor or the error
 *
 * Return: 0, -ENOENT if nobody waits for it any more, -EBADF, -EINVAL.
 */
int bproc_transfer_give_stream(struct bproc_space *s, const struct bproc_stream_fd *arg)
{
	struct bproc_transfer *t = transfer_find(s, arg->id);
	struct file *file = NULL;
	int err = 0;

	if (!t)
		return -ENOENT;
	if (arg->result < 0 && arg->result >= -MAX_ERRNO) {
		transfer_fail(t, arg->result);
		goto out;
	}
	file = fget(arg->fd);
	if (!file) {
		err = -EBADF;
		goto out;
	}
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE)) {
		err = -EBADF;
		goto out_file;
	}
	spin_lock(&t->lock);
	if (t->stream) {
		err = -EINVAL;
	} else {
		t->stream = file;
		file = NULL;
	}
	spin_unlock(&t->lock);
	wake_up_all(&t->wait);
out_file:
	if (file)
		fput(file);
out:
	transfer_put(t);
	return err;
}

/* Has the word that was said of it come before who is to hear it? Then once more. */
static void say_again(struct bproc_space *s, const struct bproc_msg *m)
{
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_ABORT, bproc_is_master(s) ? m->node : BPROC_NODE_MASTER,
			      m->pid, 0, GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = m->id;
	bproc_msgq_post(&s->msgq, buf);
}

/**
 * bproc_transfer_arrived - BPROC_MSG_ARRIVED came
 * @s: the space
 * @m: the message
 *
 * If nobody waits for it any more the process must not, either.
 */
void bproc_transfer_arrived(struct bproc_space *s, const struct bproc_msg *m)
{
	if (!bproc_transfer_answered(s, m) && !m->result)
		say_again(s, m);
}

/**
 * bproc_transfer_answered - the other side has restored the process, or not
 * @s: the space
 * @m: ARRIVED
 *
 * Return: false if nobody waits for it any more.
 */
bool bproc_transfer_answered(struct bproc_space *s, const struct bproc_msg *m)
{
	struct bproc_transfer *t = transfer_find(s, m->id);
	bool ours;

	if (!t)
		return false;
	ours = t->pid == m->pid && (!bproc_is_master(s) || t->node == m->node);
	if (!ours) {
		pr_notice_ratelimited("node %d answers for a move of process %d that is not its own\n",
			  m->node, m->pid);
	} else if (m->result < 0 && m->result >= -MAX_ERRNO) {
		/*
		 * The first word counts: a daemon may take it for lost later. Of a node that is
		 * dead the master says it, and nothing ends the connection to that one.
		 */
		if (!READ_ONCE(t->arrived)) {
			transfer_fail(t, m->result);
			transfer_cut(t);
		}
	} else {
		spin_lock(&t->lock);
		t->arrived = true;
		t->status = max(m->result, 0);
		spin_unlock(&t->lock);
		wake_up_all(&t->wait);
	}
	transfer_put(t);
	return ours;
}

/**
 * bproc_transfers_abort - a node, or the daemon, is gone
 * @s: the space
 * @node: the node, or BPROC_NODE_ANY
 */
void bproc_transfers_abort(struct bproc_space *s, int node)
{
	struct bproc_transfer *t;
	unsigned long id = 0;
	bool ours;

	for (;; id++) {
		xa_lock(&s->transfers);
		t = xa_find(&s->transfers, &id, ULONG_MAX, XA_PRESENT);
		ours = t && (node == BPROC_NODE_ANY || t->node == node);
		if (ours)
			kref_get(&t->ref);
		xa_unlock(&s->transfers);
		if (!t)
			return;
		if (!ours)
			continue;
		transfer_fail(t, -BPROC_BE_SLAVEDIED);
		transfer_cut(t);
		transfer_put(t);
	}
}
