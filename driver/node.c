// SPDX-License-Identifier: GPL-2.0-only
/* The nodes of a master: table and states. */
#include <linux/ctype.h>
#include <linux/slab.h>

#include "arrival.h"
#include "control.h"
#include "device.h"
#include "ghost.h"
#include "node.h"
#include "notifier.h"
#include "space.h"
#include "tid.h"
#include "transfer.h"
#include "transit.h"

/**
 * bproc_nodes_alloc - a table without nodes
 *
 * Return: the table, for bproc_nodes_free(), or NULL.
 */
struct bproc_nodes *bproc_nodes_alloc(void)
{
	struct bproc_nodes *nodes = kvzalloc(sizeof(*nodes), GFP_KERNEL);

	if (!nodes)
		return NULL;
	spin_lock_init(&nodes->lock);
	mutex_init(&nodes->setup);
	return nodes;
}

/**
 * bproc_nodes_free - the master's space goes
 * @nodes: its table, empty by now; or NULL
 */
void bproc_nodes_free(struct bproc_nodes *nodes)
{
	if (!nodes)
		return;
	WARN_ON(nodes->count);
	kvfree(nodes);
}

static bool node_is_down(const struct bproc_node *node)
{
	return !strcmp(node->state, "down");
}

static void nodes_changed(struct bproc_space *master)
{
	struct bproc_nodes *nodes = master->nodes;
	struct bproc_msgbuf *buf;
	bool watches;
	int nr;

	bproc_changes_note(master->changes);
	for (nr = 0; nr < BPROC_NODES_MAX; nr++) {
		spin_lock(&nodes->lock);
		watches = nr < nodes->count && nodes->node[nr]->watches;
		spin_unlock(&nodes->lock);
		if (!watches)
			continue;
		buf = bproc_msg_alloc(BPROC_MSG_CHANGED, nr, 0, 0, GFP_KERNEL | __GFP_NOFAIL);
		bproc_msgq_post(&master->msgq, buf);
	}
}

static int node_add(struct bproc_nodes *nodes, int nr)
{
	struct bproc_node *node = kzalloc(sizeof(*node), GFP_KERNEL);
	int err;

	if (!node)
		return -ENOMEM;
	node->nodes = nodes;
	node->nr = nr;
	strscpy(node->state, "down", sizeof(node->state));
	err = bproc_node_device_add(node);
	if (err) {
		kfree(node);
		return err;
	}
	spin_lock(&nodes->lock);
	nodes->node[nr] = node;
	nodes->count = nr + 1;
	spin_unlock(&nodes->lock);
	return 0;
}

static void node_del(struct bproc_nodes *nodes, int nr)
{
	struct bproc_node *node = nodes->node[nr];

	/* Its sysfs files read the node: they go first, then the table lets go of it. */
	bproc_node_device_del(node);
	spin_lock(&nodes->lock);
	nodes->node[nr] = NULL;
	nodes->count = nr;
	spin_unlock(&nodes->lock);
	kfree(node);
}

/**
 * bproc_nodes_resize - have nodes 0 .. @count-1
 * @master: the master's space
 * @count: number of nodes
 *
 * Return: 0, -EINVAL, -EBUSY if a node that should go is not down, -ENOMEM.
 */
int bproc_nodes_resize(struct bproc_space *master, u32 count)
{
	struct bproc_nodes *nodes = master->nodes;
	int err = 0;
	int i;

	if (count > BPROC_NODES_MAX)
		return -EINVAL;
	mutex_lock(&nodes->setup);
	for (i = count; i < nodes->count && !err; i++)
		if (!node_is_down(nodes->node[i]))
			err = -EBUSY;
	while (!err && nodes->count > (int)count)
		node_del(nodes, nodes->count - 1);
	while (!err && nodes->count < (int)count)
		err = node_add(nodes, nodes->count);
	mutex_unlock(&nodes->setup);
	nodes_changed(master);
	return err;
}

/* The master ends: all devices go, notifiers report it. */
void bproc_nodes_down(struct bproc_space *master)
{
	struct bproc_nodes *nodes = master->nodes;

	mutex_lock(&nodes->setup);
	while (nodes->count > 0)
		node_del(nodes, nodes->count - 1);
	mutex_unlock(&nodes->setup);
}

static bool state_valid(const char *state)
{
	size_t len = strnlen(state, BPROC_STATE_LEN);
	size_t i;

	if (len == 0 || len == BPROC_STATE_LEN || !isalpha(state[0]))
		return false;
	for (i = 1; i < len; i++)
		if (!isalnum(state[i]) && state[i] != '_')
			return false;
	return true;
}

/* Caller holds @nodes->setup. */
static void node_new_state(struct bproc_nodes *nodes, struct bproc_node *node,
			   const char *state, const u8 *addr)
{
	spin_lock(&nodes->lock);
	memcpy(node->state, state, sizeof(node->state));
	if (addr)
		memcpy(node->addr, addr, sizeof(node->addr));
	if (node_is_down(node))
		node->watches = false;
	spin_unlock(&nodes->lock);
}

/**
 * bproc_node_set_state - bpmaster says how a node is
 * @master: the master's space
 * @st: number, state, address
 *
 * Return: 0, -EINVAL, -BPROC_BE_INVALIDNODE.
 */
int bproc_node_set_state(struct bproc_space *master, const struct bproc_node_state *st)
{
	struct bproc_nodes *nodes = master->nodes;
	struct bproc_node *node;

	if (st->reserved || st->reserved2 || !state_valid(st->state))
		return -EINVAL;
	mutex_lock(&nodes->setup);
	if (st->node < 0 || st->node >= nodes->count) {
		mutex_unlock(&nodes->setup);
		return -BPROC_BE_INVALIDNODE;
	}
	node = nodes->node[st->node];
	node_new_state(nodes, node, st->state, st->addr);
	if (node_is_down(node)) {
		bproc_transfers_abort(master, st->node);
		bproc_transits_node_down(master, st->node);
		bproc_ghosts_kill(master, st->node);
		bproc_arrivals_abort(master, st->node);
		bproc_tids_free(master, st->node);
		bproc_controls_abort(master, st->node);
	}
	bproc_node_device_changed(node);
	mutex_unlock(&nodes->setup);
	nodes_changed(master);
	return 0;
}

/**
 * bproc_node_watch - a node wants to hear of changes, from now on
 * @master: the master's space
 * @nr: node number
 */
void bproc_node_watch(struct bproc_space *master, int nr)
{
	struct bproc_nodes *nodes = master->nodes;

	spin_lock(&nodes->lock);
	if (nr >= 0 && nr < nodes->count)
		nodes->node[nr]->watches = true;
	spin_unlock(&nodes->lock);
}

/**
 * bproc_node_order_state - an administrator gives a connected node another state
 * @master: the master's space
 * @nr: node number
 * @state: the state; "down" is for bpmaster to make true, and refused here
 *
 * Return: 0, -EINVAL, -EINTR, -BPROC_BE_INVALIDNODE, -BPROC_BE_NODEDOWN.
 */
int bproc_node_order_state(struct bproc_space *master, int nr, const char *state)
{
	struct bproc_nodes *nodes = master->nodes;
	int err;

	if (!state_valid(state) || !strcmp(state, "down"))
		return -EINVAL;
	if (mutex_lock_killable(&nodes->setup))
		return -EINTR;
	err = bproc_node_check(master, nr);
	if (!err) {
		node_new_state(nodes, nodes->node[nr], state, NULL);
		bproc_node_device_changed(nodes->node[nr]);
	}
	mutex_unlock(&nodes->setup);
	if (!err)
		nodes_changed(master);
	return err;
}

/**
 * bproc_node_check - is there such a node, and is it connected?
 * @master: the master's space
 * @nr: node number
 *
 * Return: 0, -BPROC_BE_INVALIDNODE, -BPROC_BE_NODEDOWN.
 */
int bproc_node_check(struct bproc_space *master, int nr)
{
	struct bproc_nodes *nodes = master->nodes;
	int err = 0;

	spin_lock(&nodes->lock);
	if (nr < 0 || nr >= nodes->count)
		err = -BPROC_BE_INVALIDNODE;
	else if (node_is_down(nodes->node[nr]))
		err = -BPROC_BE_NODEDOWN;
	spin_unlock(&nodes->lock);
	return err;
}

/**
 * bproc_node_connected - is there a slave that messages and streams can go to?
 * @master: the master's space
 * @nr: node number
 */
bool bproc_node_connected(struct bproc_space *master, int nr)
{
	struct bproc_nodes *nodes = master->nodes;
	bool ret;

	spin_lock(&nodes->lock);
	ret = nr >= 0 && nr < nodes->count && !node_is_down(nodes->node[nr]);
	spin_unlock(&nodes->lock);
	return ret;
}

/**
 * bproc_node_may_run - may the caller start a process on a node, now?
 * @master: the master's space
 * @nr: node number
 *
 * Return: 0, -BPROC_BE_INVALIDNODE, -BPROC_BE_NODEDOWN, or -EACCES.
 */
int bproc_node_may_run(struct bproc_space *master, int nr)
{
	struct bproc_nodes *nodes = master->nodes;
	bool up = false;
	int err = 0;

	spin_lock(&nodes->lock);
	if (nr < 0 || nr >= nodes->count)
		err = -BPROC_BE_INVALIDNODE;
	else if (node_is_down(nodes->node[nr]))
		err = -BPROC_BE_NODEDOWN;
	else
		up = !strcmp(nodes->node[nr]->state, "up");
	spin_unlock(&nodes->lock);
	if (err)
		return err;
	if (!up && !capable(CAP_SYS_ADMIN))
		return -BPROC_BE_NODEDOWN;
	return bproc_node_device_access(nr);
}

static int node_info(struct bproc_nodes *nodes, int nr, struct bproc_node_info *info)
{
	int err;

	memset(info, 0, sizeof(*info));
	info->node = nr;
	spin_lock(&nodes->lock);
	if (nr >= nodes->count) {
		spin_unlock(&nodes->lock);
		return -ENOENT;
	}
	memcpy(info->state, nodes->node[nr]->state, sizeof(info->state));
	memcpy(info->addr, nodes->node[nr]->addr, sizeof(info->addr));
	spin_unlock(&nodes->lock);
	err = bproc_node_device_owner(nr, &info->mode, &info->uid, &info->gid);
	if (err == -ENOMEM)
		return err;
	/* A device file that somebody removed: nobody may run there. */
	if (err)
		info->mode = 0;
	return 0;
}

/**
 * bproc_nodes_info - numbers, states, addresses, owners
 * @master: the master's space
 * @after: the last node already seen; -1 starts at the first
 * @to: array to fill
 * @n: its elements
 *
 * Return: number of elements filled, or -ENOMEM.
 */
int bproc_nodes_info(struct bproc_space *master, int after, struct bproc_node_info *to, u32 n)
{
	int err = 0;
	u32 i;

	for (i = 0; i < n && after < BPROC_NODES_MAX; i++) {
		err = node_info(master->nodes, ++after, &to[i]);
		if (err)
			break;
	}
	return err == -ENOMEM ? err : i;
}
