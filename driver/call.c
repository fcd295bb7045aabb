// SPDX-License-Identifier: GPL-2.0-only
/* What a node's processes ask of the master, and wait for. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>

#include "call.h"
#include "space.h"

static bool call_done(struct bproc_space *s, struct bproc_call *c)
{
	bool done;

	xa_lock(&s->calls);
	done = c->done;
	xa_unlock(&s->calls);
	return done;
}

static void call_end(struct bproc_call *c, int result)
{
	c->result = result;
	c->done = true;
	/* Under the table's lock: the waiter's stack is gone once it saw it. */
	wake_up_all(&c->wait);
}

/**
 * bproc_call_start - post a message and do not wait for its answer yet
 * @s: the node
 * @buf: the message; it goes, and gets a number
 * @c: zeroed, but for @c->to and @c->room
 *
 * Return: 0, and bproc_call_wait() has to follow; -EIO when the daemon is gone, -ENOMEM.
 */
int bproc_call_start(struct bproc_space *s, struct bproc_msgbuf *buf, struct bproc_call *c)
{
	int err;

	c->id = atomic64_inc_return(&s->next_id);
	init_waitqueue_head(&c->wait);
	buf->msg.id = c->id;
	err = xa_insert(&s->calls, c->id, c, GFP_KERNEL);
	if (err) {
		bproc_msg_free(buf);
		return err;
	}
	/* Pairs with bproc_space_shutdown(), which walks the table after it. */
	spin_lock(&s->lock);
	if (s->dead)
		err = -EIO;
	spin_unlock(&s->lock);
	if (err) {
		bproc_msg_free(buf);
		xa_erase(&s->calls, c->id);
		return err;
	}
	bproc_msgq_post(&s->msgq, buf);
	return 0;
}

/**
 * bproc_call_wait - wait for the answer to bproc_call_start()
 * @s: the node
 * @c: the answer afterwards
 *
 * Return: 0 with the answer in @c, -EINTR when killed (the answer may still come).
 */
int bproc_call_wait(struct bproc_space *s, struct bproc_call *c)
{
	wait_event_killable(c->wait, call_done(s, c));
	xa_erase(&s->calls, c->id);
	/* Seen after the erase: an answer that came with the signal counts. */
	return c->done ? 0 : -EINTR;
}

/**
 * bproc_call_and_wait - post a message and wait for its answer
 * @s: the node
 * @buf: as for bproc_call_start()
 * @c: likewise; the answer afterwards
 *
 * Return: 0 with the answer in @c, or -errno of one of the two.
 */
int bproc_call_and_wait(struct bproc_space *s, struct bproc_msgbuf *buf, struct bproc_call *c)
{
	int err = bproc_call_start(s, buf, c);

	return err ? err : bproc_call_wait(s, c);
}

/**
 * bproc_call_answered - FORKED or RESULT came
 * @s: the node
 * @m: the message
 *
 * Return: false if nobody waits for it any more.
 */
bool bproc_call_answered(struct bproc_space *s, const struct bproc_msg *m)
{
	struct bproc_call *c;

	xa_lock(&s->calls);
	c = m->id <= ULONG_MAX ? xa_load(&s->calls, m->id) : NULL;
	if (c) {
		c->pid = m->pid;
		memcpy(c->to, m + 1, min_t(size_t, c->room, m->size - sizeof(*m)));
		call_end(c, max(m->result, -MAX_ERRNO));
	}
	xa_unlock(&s->calls);
	return c;
}

/* The daemon is gone: no answer will come. Waits until no task is in the PID hook. */
void bproc_calls_abort(struct bproc_space *s)
{
	struct bproc_call *c;
	unsigned long id;

	xa_lock(&s->calls);
	xa_for_each(&s->calls, id, c)
		call_end(c, -EIO);
	xa_unlock(&s->calls);
	wait_event(s->idle, !atomic_read(&s->hooked));
}

/**
 * bproc_call_sign - say by whose rights the current process makes a call
 * @s: the node
 * @call: the call; as for a signal that is sent
 */
void bproc_call_sign(struct bproc_space *s, struct bproc_msg_call *call)
{
	const struct cred *cred = current_cred();

	if (capable(CAP_KILL))
		call->flags |= BPROC_CALL_CAPABLE;
	call->euid = from_kuid_munged(&init_user_ns, cred->euid);
	call->signal.pid = task_tgid_nr_ns(current, s->ns);
	call->signal.uid = from_kuid_munged(&init_user_ns, cred->uid);
}

/**
 * bproc_call_master - have the master answer a call of the current process
 * @s: the node
 * @call: the call
 * @to: where what it gives goes
 * @room: bytes there
 *
 * Return: the master's result, -EINTR when killed, -EIO, -ENOMEM.
 */
int bproc_call_master(struct bproc_space *s, const struct bproc_msg_call *call, void *to,
		      size_t room)
{
	struct bproc_call c = { .to = to, .room = room };
	struct bproc_msgbuf *buf;
	int err;

	buf = bproc_msg_alloc(BPROC_MSG_CALL, s->node, task_tgid_nr_ns(current, s->ns),
			      sizeof(*call), GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	memcpy(buf->body, call, sizeof(*call));
	err = bproc_call_and_wait(s, buf, &c);
	return err ? err : c.result;
}
