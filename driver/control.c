// SPDX-License-Identifier: GPL-2.0-only
/*
 * Node control. States and permissions are the driver's own; the rest is done by the
 * node's daemon. bpmaster carries question and answer, and the caller waits.
 */
#include <linux/capability.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "control.h"
#include "device.h"
#include "node.h"
#include "space.h"

/* A call that waits for its answer; on the stack of the caller. */
struct control {
	wait_queue_head_t wait;
	int node;
	u32 op;
	bool done;
	int result;
};

/* Caller holds the table's lock: the waiter's stack is gone once it saw the answer. */
static void control_done(struct control *c, int result)
{
	if (c->done)
		return;
	c->result = result;
	c->done = true;
	wake_up_all(&c->wait);
}

/**
 * bproc_control_answered - CONTROLLED came
 * @master: the master's space
 * @m: the message
 *
 * A caller that was killed meanwhile does not hear it.
 */
void bproc_control_answered(struct bproc_space *master, const struct bproc_msg *m)
{
	int result = m->result <= 0 && m->result >= -MAX_ERRNO ? m->result : -EIO;
	struct control *c;

	xa_lock(&master->controls);
	c = m->id <= ULONG_MAX ? xa_load(&master->controls, m->id) : NULL;
	if (c && c->node == m->node)
		control_done(c, result);
	xa_unlock(&master->controls);
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
			control_done(c, -BPROC_BE_SLAVEDIED);
		else if (c->node == node)
			control_done(c, c->op == BPROC_CONTROL_DOWN ? 0 : -BPROC_BE_SLAVEDIED);
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

/* Have the daemons do it, and wait. Return: the answer, or why there is none. */
static int ask(struct bproc_space *master, int node, u32 op, const void *payload, size_t len)
{
	struct control c = { .node = node, .op = op };
	struct bproc_msg_control *body;
	struct bproc_msgbuf *buf;
	u64 id = atomic64_inc_return(&master->next_id);
	int err;

	init_waitqueue_head(&c.wait);
	buf = bproc_msg_alloc(BPROC_MSG_CONTROL, node, 0, sizeof(*body) + len,
			      GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	buf->msg.id = id;
	body = (void *)buf->body;
	body->op = op;
	body->len = len;
	memcpy(body + 1, payload, len);
	err = xa_insert(&master->controls, id, &c, GFP_KERNEL);
	if (err) {
		bproc_msg_free(buf);
		return err;
	}
	/*
	 * Pairs with bproc_space_shutdown() and bproc_node_set_state(): they make it known
	 * that no answer will come, then walk the table.
	 */
	spin_lock(&master->lock);
	if (master->dead)
		err = -ENOSYS;
	spin_unlock(&master->lock);
	if (!err)
		err = bproc_node_check(master, node);
	if (err) {
		bproc_msg_free(buf);
	} else {
		bproc_msgq_post(&master->msgq, buf);
		err = wait_event_killable(c.wait, is_done(master, &c)) ? -EINTR : 0;
	}
	xa_erase(&master->controls, id);
	/* An answer that came together with the kill is one. */
	if (err == -EINTR && c.done)
		err = 0;
	return err ? err : c.result;
}

static int set_status(struct bproc_space *master, const void __user *arg)
{
	struct bproc_node_status st;

	if (copy_from_user(&st, arg, sizeof(st)))
		return -EFAULT;
	if (st.reserved)
		return -EINVAL;
	if (!strncmp(st.state, "down", sizeof(st.state)))
		return ask(master, st.node, BPROC_CONTROL_DOWN, NULL, 0);
	return bproc_node_order_state(master, st.node, st.state);
}

/* The device's mode says who may open it; libbproc's bproc_chmod() does the same. */
static int set_mode(struct bproc_space *master, const void __user *arg)
{
	struct bproc_node_mode m;
	int err;

	if (copy_from_user(&m, arg, sizeof(m)))
		return -EFAULT;
	if (m.mode & ~0111U)
		return -EPERM;
	err = bproc_node_check(master, m.node);
	if (err && err != -BPROC_BE_NODEDOWN)
		return err;
	err = bproc_node_device_chmod(m.node, m.mode << 1 | m.mode << 2);
	/* It was taken from the configuration, or somebody removed the file. */
	return err == -ENOENT ? -BPROC_BE_INVALIDNODE : err;
}

static int change_root(struct bproc_space *master, const void __user *arg)
{
	struct bproc_node_chroot r;
	char *path;
	int err;

	if (copy_from_user(&r, arg, sizeof(r)))
		return -EFAULT;
	if (r.reserved)
		return -EINVAL;
	path = strndup_user(u64_to_user_ptr(r.path), PATH_MAX);
	if (IS_ERR(path))
		return PTR_ERR(path) == -EINVAL ? -ENAMETOOLONG : PTR_ERR(path);
	err = ask(master, r.node, BPROC_CONTROL_CHROOT, path, strlen(path) + 1);
	kfree(path);
	return err;
}

static int order(struct bproc_space *master, u32 op, const void __user *arg)
{
	struct bproc_node_order o;

	if (copy_from_user(&o, arg, sizeof(o)))
		return -EFAULT;
	if (o.reserved)
		return -EINVAL;
	return ask(master, o.node, op, NULL, 0);
}

static int family(const u8 *addr)
{
	sa_family_t f;

	memcpy(&f, addr, sizeof(f));
	return f;
}

static int reconnect(struct bproc_space *master, const void __user *arg)
{
	struct bproc_connect c;
	int remote, local;

	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	remote = family(c.remote);
	local = family(c.local);
	if (c.reserved || (remote != AF_INET && remote != AF_INET6))
		return -EINVAL;
	if (local ? local != remote : memchr_inv(c.local, 0, sizeof(c.local)) != NULL)
		return -EINVAL;
	return ask(master, c.node, BPROC_CONTROL_RECONNECT, &c, sizeof(c));
}

/**
 * bproc_is_control - is this one of the calls of node control?
 * @cmd: BPROC_IOC_*
 */
bool bproc_is_control(unsigned int cmd)
{
	switch (cmd) {
	case BPROC_IOC_STATUS:
	case BPROC_IOC_CHOWN:
	case BPROC_IOC_CHROOT:
	case BPROC_IOC_REBOOT:
	case BPROC_IOC_HALT:
	case BPROC_IOC_PWROFF:
	case BPROC_IOC_RECONNECT:
		return true;
	}
	return false;
}

/**
 * bproc_control - one of the calls of node control
 * @s: the caller's space
 * @cmd: BPROC_IOC_*
 * @arg: its argument
 *
 * Return: 0 or -errno.
 */
long bproc_control(struct bproc_space *s, unsigned int cmd, void __user *arg)
{
	if (!bproc_is_master(s))
		return -ENOSYS;
	if (cmd == BPROC_IOC_CHOWN)
		return set_mode(s, arg);
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (cmd) {
	case BPROC_IOC_STATUS:
		return set_status(s, arg);
	case BPROC_IOC_CHROOT:
		return change_root(s, arg);
	case BPROC_IOC_REBOOT:
		return order(s, BPROC_CONTROL_REBOOT, arg);
	case BPROC_IOC_HALT:
		return order(s, BPROC_CONTROL_HALT, arg);
	case BPROC_IOC_PWROFF:
		return order(s, BPROC_CONTROL_PWROFF, arg);
	case BPROC_IOC_RECONNECT:
		return reconnect(s, arg);
	}
	return -ENOTTY;
}
