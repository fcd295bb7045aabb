// SPDX-License-Identifier: GPL-2.0-only
/*
 * Node control. States and permissions are the driver's own; the rest is done by the
 * node's daemon. bpmaster carries question and answer, and the caller waits.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "calls.h"
#include "control.h"
#include "device.h"
#include "migrate.h"
#include "node.h"
#include "space.h"

/*
 * A call that waits for its answer: on the stack of the caller, or, with @reply, on behalf of
 * a process on a node, which gets that.
 */
struct control {
	wait_queue_head_t wait;
	struct bproc_msgbuf *reply;
	u64 id;
	int node;
	u32 op;
	bool done;
	int result;
	u32 why;
};

/* Beside BPROC_CONTROL_*: answered by the node's driver. */
#define MIGRATE 0

/*
 * Caller holds the table's lock: the waiter's stack is gone once it saw the answer. Without a
 * waiter @c is gone now.
 */
static void control_done(struct bproc_space *master, struct control *c, int result)
{
	if (c->reply) {
		__xa_erase(&master->controls, c->id);
		bproc_migrate_reply(master, c->reply, result, c->why);
		kfree(c);
		return;
	}
	if (c->done)
		return;
	c->result = result;
	c->done = true;
	wake_up_all(&c->wait);
}

/**
 * bproc_control_answered - CONTROLLED or MIGRATED came
 * @master: the master's space
 * @m: the message
 *
 * A caller that was killed meanwhile does not hear it.
 *
 * Return: false if it answers what somebody else was asked.
 */
bool bproc_control_answered(struct bproc_space *master, const struct bproc_msg *m)
{
	int result = m->result <= 0 && m->result >= -MAX_ERRNO ? m->result : -EIO;
	const struct bproc_msg_migrated *migrated = (const void *)(m + 1);
	bool from_driver = m->type == BPROC_MSG_MIGRATED;
	struct control *c;
	bool ours;

	xa_lock(&master->controls);
	c = m->id <= ULONG_MAX ? xa_load(&master->controls, m->id) : NULL;
	ours = !c || (c->node == m->node && (c->op == MIGRATE) == from_driver);
	if (c && ours) {
		if (from_driver)
			c->why = migrated->why;
		control_done(master, c, result);
	}
	xa_unlock(&master->controls);
	return ours;
}

/**
 * bproc_controls_abort - no answer will come
 * @master: the master's space
 * @node: from this node, which is down; BPROC_NODE_ANY: the daemon is gone
 */
void bproc_controls_abort(struct bproc_space *master, int node)
{
	struct control *c;
	unsigned long id;

	xa_lock(&master->controls);
	xa_for_each(&master->controls, id, c) {
		if (node == BPROC_NODE_ANY)
			control_done(master, c, -BPROC_BE_SLAVEDIED);
		else if (c->node == node)
			control_done(master, c,
				     c->op == BPROC_CONTROL_DOWN ? 0 : -BPROC_BE_SLAVEDIED);
	}
	xa_unlock(&master->controls);
}

static bool is_done(struct bproc_space *master, struct control *c)
{
	bool done;

	xa_lock(&master->controls);
	done = c->done;
	xa_unlock(&master->controls);
	return done;
}

/*
 * Of an entry that is in the table: why no answer will come. Pairs with
 * bproc_space_shutdown() and bproc_node_set_state(): they make it known, then walk the table.
 */
static int no_answer(struct bproc_space *master, int node)
{
	bool dead;

	spin_lock(&master->lock);
	dead = master->dead;
	spin_unlock(&master->lock);
	return dead ? -ENOSYS : bproc_node_check(master, node);
}

/* Post a message, and wait. Return: the answer, or why there is none. */
static int post_and_wait(struct bproc_space *master, struct control *c,
			 struct bproc_msgbuf *buf)
{
	u64 id = atomic64_inc_return(&master->next_id);
	int err;

	init_waitqueue_head(&c->wait);
	buf->msg.id = id;
	err = xa_insert(&master->controls, id, c, GFP_KERNEL);
	if (err) {
		bproc_msg_free(buf);
		return err;
	}
	err = no_answer(master, c->node);
	if (err) {
		bproc_msg_free(buf);
	} else {
		bproc_msgq_post(&master->msgq, buf);
		err = wait_event_killable(c->wait, is_done(master, c)) ? -EINTR : 0;
	}
	xa_erase(&master->controls, id);
	/* An answer that came together with the kill is one. */
	if (err == -EINTR && c->done)
		err = 0;
	return err ? err : c->result;
}

/* Have the daemons do it, and wait. Return: the answer, or why there is none. */
static int ask(struct bproc_space *master, int node, u32 op, const void *payload, size_t len)
{
	struct control c = { .node = node, .op = op };
	struct bproc_msg_control *body;
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_CONTROL, node, 0, sizeof(*body) + len,
			      GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	body = (void *)buf->body;
	body->op = op;
	body->len = len;
	memcpy(body + 1, payload, len);
	return post_and_wait(master, &c, buf);
}

static struct bproc_msgbuf *migrate_message(int node, const struct bproc_migrate *arg)
{
	struct bproc_msg_migrate *body;
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_MIGRATE, node, arg->pid, sizeof(*body),
			      GFP_KERNEL_ACCOUNT);
	if (!buf)
		return NULL;
	body = (void *)buf->body;
	body->to = arg->node;
	body->flags = arg->flags;
	return buf;
}

/**
 * bproc_control_migrate - have a node's driver move a process of that node
 * @master: the master's space
 * @node: where it is
 * @arg: the process, and where to; @arg->why is filled
 *
 * Return: the answer; -BPROC_BE_SLAVEDIED, -EINTR, ... if there is none.
 */
int bproc_control_migrate(struct bproc_space *master, int node, struct bproc_migrate *arg)
{
	struct control c = { .node = node, .op = MIGRATE };
	struct bproc_msgbuf *buf = migrate_message(node, arg);
	int err;

	if (!buf)
		return -ENOMEM;
	err = post_and_wait(master, &c, buf);
	arg->why = c.why;
	return err;
}

/**
 * bproc_control_migrate_for - the same, for somebody on a node
 * @master: the master's space
 * @node: where it is
 * @arg: the process, and where to
 * @reply: goes when the answer comes, or it is known that none will
 *
 * Nobody waits here: the caller is the daemon.
 */
void bproc_control_migrate_for(struct bproc_space *master, int node,
			       const struct bproc_migrate *arg, struct bproc_msgbuf *reply)
{
	struct bproc_msgbuf *buf = migrate_message(node, arg);
	u64 id = atomic64_inc_return(&master->next_id);
	struct control *c;
	int err = -ENOMEM;

	c = kmalloc(sizeof(*c), GFP_KERNEL);
	if (!buf || !c)
		goto err;
	*c = (struct control){ .node = node, .op = MIGRATE, .reply = reply, .id = id };
	buf->msg.id = id;
	err = xa_insert(&master->controls, id, c, GFP_KERNEL);
	if (err)
		goto err;
	err = no_answer(master, node);
	if (!err) {
		bproc_msgq_post(&master->msgq, buf);
		return;
	}
	/* Unless somebody else has found that, too, and answered. */
	if (!xa_erase(&master->controls, id)) {
		bproc_msg_free(buf);
		return;
	}
err:
	bproc_migrate_reply(master, reply, err, BPROC_WHY_NONE);
	kfree(c);
	if (buf)
		bproc_msg_free(buf);
}

/**
 * bproc_control_status - BPROC_IOC_STATUS
 * @c: the call
 */
long bproc_control_status(struct bproc_calling *c)
{
	const struct bproc_node_status *st = &c->args.status;

	if (st->reserved)
		return -EINVAL;
	if (!strncmp(st->state, "down", sizeof(st->state)))
		return ask(c->space, st->node, BPROC_CONTROL_DOWN, NULL, 0);
	return bproc_node_order_state(c->space, st->node, st->state);
}

/**
 * bproc_control_mode - BPROC_IOC_CHOWN
 * @c: the call
 *
 * The device's mode says who may open it; libbproc's bproc_chmod() does the same.
 */
long bproc_control_mode(struct bproc_calling *c)
{
	const struct bproc_node_mode *m = &c->args.mode;
	int err;

	if (m->mode & ~0111U)
		return -EPERM;
	err = bproc_node_check(c->space, m->node);
	if (err && err != -BPROC_BE_NODEDOWN)
		return err;
	err = bproc_node_device_chmod(m->node, m->mode << 1 | m->mode << 2);
	/* It was taken from the configuration, or somebody removed the file. */
	return err == -ENOENT ? -BPROC_BE_INVALIDNODE : err;
}

/**
 * bproc_control_chroot - BPROC_IOC_CHROOT
 * @c: the call
 */
long bproc_control_chroot(struct bproc_calling *c)
{
	const struct bproc_node_chroot *r = &c->args.chroot;
	char *path;
	int err;

	if (r->reserved)
		return -EINVAL;
	path = strndup_user(u64_to_user_ptr(r->path), PATH_MAX);
	if (IS_ERR(path))
		return PTR_ERR(path) == -EINVAL ? -ENAMETOOLONG : PTR_ERR(path);
	err = ask(c->space, r->node, BPROC_CONTROL_CHROOT, path, strlen(path) + 1);
	kfree(path);
	return err;
}

/**
 * bproc_control_order - BPROC_IOC_REBOOT, BPROC_IOC_HALT, BPROC_IOC_PWROFF
 * @c: the call
 */
long bproc_control_order(struct bproc_calling *c)
{
	const struct bproc_node_order *o = &c->args.order;
	u32 op = c->cmd == BPROC_IOC_REBOOT ? BPROC_CONTROL_REBOOT :
		 c->cmd == BPROC_IOC_HALT   ? BPROC_CONTROL_HALT :
					      BPROC_CONTROL_PWROFF;

	return o->reserved ? -EINVAL : ask(c->space, o->node, op, NULL, 0);
}

static int family(const u8 *addr)
{
	sa_family_t f;

	memcpy(&f, addr, sizeof(f));
	return f;
}

/**
 * bproc_control_reconnect - BPROC_IOC_RECONNECT
 * @c: the call
 */
long bproc_control_reconnect(struct bproc_calling *c)
{
	const struct bproc_connect *to = &c->args.connect;
	int remote = family(to->remote), local = family(to->local);

	if (to->reserved || (remote != AF_INET && remote != AF_INET6))
		return -EINVAL;
	if (local ? local != remote : memchr_inv(to->local, 0, sizeof(to->local)) != NULL)
		return -EINVAL;
	return ask(c->space, to->node, BPROC_CONTROL_RECONNECT, to, sizeof(*to));
}
