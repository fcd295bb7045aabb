// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves from node to node, as the master sees them pass. The image does not come by here;
 * what the two nodes say to each other does, so that the ghost knows at any moment to
 * which of them the process belongs: to the old one until that says GO.
 */
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "ghost.h"
#include "node.h"
#include "space.h"
#include "transit.h"

/* The process's right to run there, not the daemon's; its ghost's task may not have it yet. */
static int may_run(struct bproc_space *m, struct bproc_ghost *g, int node)
{
	const struct cred *cred = bproc_ghost_get_cred(g);
	const struct cred *old = override_creds(cred);
	int err = bproc_node_may_run(m, node);

	revert_creds(old);
	put_cred(cred);
	return err;
}

/**
 * bproc_transit_start - BPROC_IOC_TRANSIT: a process wants to go from node to node
 * @m: the master
 * @arg: which process, from where, to where
 *
 * Return: 0, -BPROC_BE_INVALIDPROC if it is not there, -BPROC_BE_SAMENODE, -EBUSY if it
 * is on its way already, or why it may not run there.
 */
int bproc_transit_start(struct bproc_space *m, const struct bproc_transit *arg)
{
	struct bproc_ghost *g = bproc_ghost_find(m, arg->pid);
	int err = -BPROC_BE_INVALIDPROC;

	if (!g)
		return err;
	if (READ_ONCE(g->node) != arg->from)
		goto out;
	err = arg->to == arg->from ? -BPROC_BE_SAMENODE : may_run(m, g, arg->to);
	if (err)
		goto out;
	spin_lock(&g->lock);
	if (g->state != BPROC_GHOST_LIVE) {
		err = -BPROC_BE_INVALIDPROC;
	} else if (g->in_transit) {
		err = -EBUSY;
	} else {
		g->in_transit = true;
		g->transit_arrived = false;
		g->transit_to = arg->to;
		g->transit_id = arg->id;
	}
	spin_unlock(&g->lock);
out:
	bproc_ghost_put(g);
	return err;
}

static void say(struct bproc_space *m, u16 type, int node, pid_t pid, u64 id, int result)
{
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(type, node, pid, 0, GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = id;
	buf->msg.result = result;
	bproc_msgq_post(&m->msgq, buf);
}

/* GO has a body: signals. */
static void pass_on(struct bproc_space *m, const struct bproc_msg *msg, int node)
{
	size_t len = msg->size - sizeof(*msg);
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(msg->type, node, msg->pid, len, GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = msg->id;
	buf->msg.result = msg->result;
	memcpy(buf->body, msg + 1, len);
	bproc_msgq_post(&m->msgq, buf);
}

/**
 * bproc_transit_message - ARRIVED, GO or ABORT came from a node
 * @m: the master
 * @msg: the message
 *
 * The first ARRIVED counts: a daemon may take the process for lost later.
 *
 * Return: true if it belongs to a move between nodes, and was passed on.
 */
bool bproc_transit_message(struct bproc_space *m, const struct bproc_msg *msg)
{
	struct bproc_ghost *g = bproc_ghost_find(m, msg->pid);
	bool ours = false, late = false;
	int to = 0;

	if (!g)
		return false;
	spin_lock(&g->lock);
	if (g->in_transit && g->transit_id == msg->id) {
		if (msg->type == BPROC_MSG_ARRIVED) {
			ours = msg->node == g->transit_to;
			to = g->node;
			late = g->transit_arrived;
			if (ours && !late && msg->result)
				g->in_transit = false;
			g->transit_arrived |= ours && !msg->result;
		} else {
			ours = msg->node == g->node;
			to = g->transit_to;
			if (ours)
				g->in_transit = false;
			if (ours && msg->type == BPROC_MSG_GO)
				WRITE_ONCE(g->node, to);
		}
	}
	spin_unlock(&g->lock);
	/* Pairs with bproc_ghosts_kill(), which comes when the node is down, and saw it elsewhere. */
	if (ours && msg->type == BPROC_MSG_GO && !bproc_node_connected(m, to))
		bproc_ghost_end(g, SIGKILL);
	bproc_ghost_put(g);
	if (ours && !late)
		pass_on(m, msg, to);
	return ours;
}

static void node_down(struct bproc_space *m, struct bproc_ghost *g, int node)
{
	bool was = false;
	int from, to;
	u64 id;

	spin_lock(&g->lock);
	from = g->node;
	to = g->transit_to;
	id = g->transit_id;
	/* Once it arrived the old node does not listen: what it says next shows where it was. */
	if (g->in_transit && (from == node || (to == node && !g->transit_arrived))) {
		g->in_transit = false;
		was = true;
	}
	spin_unlock(&g->lock);
	if (!was)
		return;
	if (to == node)
		say(m, BPROC_MSG_ARRIVED, from, g->nr, id, -BPROC_BE_SLAVEDIED);
	else
		say(m, BPROC_MSG_ABORT, to, g->nr, id, 0);
}

/**
 * bproc_transits_node_down - a node is gone: moves from and to it are off
 * @m: the master
 * @node: the node
 */
void bproc_transits_node_down(struct bproc_space *m, int node)
{
	struct bproc_ghost *g;
	unsigned long nr = 0;

	while ((g = bproc_ghost_find_from(m, &nr))) {
		node_down(m, g, node);
		bproc_ghost_put(g);
		nr++;
		cond_resched();
	}
}
