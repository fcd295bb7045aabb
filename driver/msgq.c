// SPDX-License-Identifier: GPL-2.0-only
/* Queues of messages from the driver to a daemon. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "msgq.h"

static bool trace;
module_param(trace, bool, 0644);
MODULE_PARM_DESC(trace, "write every message between driver and daemons to the kernel log");

/* Write a message to the kernel log, if the administrator wants that. */
void bproc_msg_trace(const char *direction, const struct bproc_msg *m)
{
	if (READ_ONCE(trace))
		pr_info("%s: type %u id %llu node %d process %d result %d, %u bytes\n", direction,
			m->type, m->id, m->node, m->pid, m->result, m->size);
}

/**
 * bproc_msgq_init - an empty queue
 * @q: the queue
 */
void bproc_msgq_init(struct bproc_msgq *q)
{
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->msgs);
	init_waitqueue_head(&q->wait);
	q->closed = false;
}

/**
 * bproc_msgq_close - nobody reads any more: drop what is there and what will come
 * @q: the queue
 */
void bproc_msgq_close(struct bproc_msgq *q)
{
	struct bproc_msgbuf *buf, *next;
	LIST_HEAD(drop);

	spin_lock_irq(&q->lock);
	q->closed = true;
	list_splice_init(&q->msgs, &drop);
	spin_unlock_irq(&q->lock);
	wake_up_all(&q->wait);
	list_for_each_entry_safe(buf, next, &drop, entry)
		bproc_msg_free(buf);
}

/**
 * bproc_msg_alloc - a message with a zeroed body
 * @type: BPROC_MSG_*
 * @node: node it is for, or comes from
 * @pid: process it is about
 * @body: bytes behind the header
 * @gfp: allocation flags
 *
 * Return: the message, to be given to bproc_msgq_post() or bproc_msg_free(), or NULL.
 */
struct bproc_msgbuf *bproc_msg_alloc(u16 type, int node, pid_t pid, size_t body, gfp_t gfp)
{
	struct bproc_msgbuf *buf;

	if (WARN_ON_ONCE(body > BPROC_MSG_MAX - sizeof(buf->msg)))
		return NULL;
	buf = kzalloc(struct_size(buf, body, body), gfp);
	if (!buf)
		return NULL;
	buf->msg.size = sizeof(buf->msg) + body;
	buf->msg.type = type;
	buf->msg.node = node;
	buf->msg.pid = pid;
	return buf;
}

/**
 * bproc_msg_free - drop a message that was not posted
 * @buf: the message, or NULL
 */
void bproc_msg_free(struct bproc_msgbuf *buf)
{
	kfree(buf);
}

/**
 * bproc_msgq_post - append a message; the queue owns it then
 * @q: the queue
 * @buf: the message
 *
 * May be called from any context. A message for a closed queue is dropped: whoever
 * waits for an answer learns of the daemon's end by other means.
 */
void bproc_msgq_post(struct bproc_msgq *q, struct bproc_msgbuf *buf)
{
	unsigned long flags;
	bool closed;

	bproc_msg_trace("out", &buf->msg);
	spin_lock_irqsave(&q->lock, flags);
	closed = q->closed;
	if (!closed)
		list_add_tail(&buf->entry, &q->msgs);
	spin_unlock_irqrestore(&q->lock, flags);
	if (closed)
		bproc_msg_free(buf);
	else
		wake_up_interruptible(&q->wait);
}

/**
 * bproc_msgq_pending - is there something to read?
 * @q: the queue
 */
bool bproc_msgq_pending(struct bproc_msgq *q)
{
	return !list_empty_careful(&q->msgs);
}

static struct bproc_msgbuf *msgq_take(struct bproc_msgq *q)
{
	struct bproc_msgbuf *buf;

	spin_lock_irq(&q->lock);
	buf = list_first_entry_or_null(&q->msgs, struct bproc_msgbuf, entry);
	if (buf)
		list_del(&buf->entry);
	spin_unlock_irq(&q->lock);
	return buf;
}

static void msgq_put_back(struct bproc_msgq *q, struct bproc_msgbuf *buf)
{
	spin_lock_irq(&q->lock);
	if (q->closed) {
		spin_unlock_irq(&q->lock);
		bproc_msg_free(buf);
		return;
	}
	list_add(&buf->entry, &q->msgs);
	spin_unlock_irq(&q->lock);
}

/**
 * bproc_msgq_read - give the first message to user space
 * @q: the queue
 * @to: where to
 * @len: room there, BPROC_MSG_MAX or more (else -EMSGSIZE)
 * @nonblock: -EAGAIN instead of waiting
 *
 * Return: bytes of the message, or -errno (the message stays in the queue).
 */
ssize_t bproc_msgq_read(struct bproc_msgq *q, char __user *to, size_t len, bool nonblock)
{
	struct bproc_msgbuf *buf;
	ssize_t ret;

	if (len < BPROC_MSG_MAX)
		return -EMSGSIZE;
	while (!(buf = msgq_take(q))) {
		if (nonblock)
			return -EAGAIN;
		ret = wait_event_interruptible(q->wait, bproc_msgq_pending(q) || q->closed);
		if (ret)
			return ret;
		if (q->closed)
			return -ESHUTDOWN;
	}
	ret = buf->msg.size;
	if (copy_to_user(to, &buf->msg, buf->msg.size)) {
		msgq_put_back(q, buf);
		return -EFAULT;
	}
	bproc_msg_free(buf);
	return ret;
}
