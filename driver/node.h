/* SPDX-License-Identifier: GPL-2.0-only */
/* The nodes of a master: their state, their device files, who may run there. */
#ifndef BPROC_NODE_H
#define BPROC_NODE_H

#include <linux/bproc_msg.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/wait.h>

struct bproc_space;

/**
 * struct bproc_node - one node
 * @nodes: the master's table
 * @nr: its number
 * @dev: /dev/bpnodeN
 * @state: "down", "up", ...; under @nodes->lock
 * @addr: socket address; under @nodes->lock
 */
struct bproc_node {
	struct bproc_nodes *nodes;
	int nr;
	struct device *dev;
	char state[BPROC_STATE_LEN];
	u8 addr[BPROC_ADDR_LEN];
};

/**
 * struct bproc_nodes - all nodes of a master
 * @ref: the master's space, each notifier
 * @lock: guards the table and the nodes' states
 * @setup: one change of the table's size at a time
 * @node: the nodes, @count of them
 * @count: number of nodes
 * @changes: how often a state changed
 * @gone: the master ended
 * @wait: woken at each change
 */
struct bproc_nodes {
	struct kref ref;
	spinlock_t lock;
	struct mutex setup;
	struct bproc_node *node[BPROC_NODES_MAX];
	int count;
	u64 changes;
	bool gone;
	wait_queue_head_t wait;
};

struct bproc_nodes *bproc_nodes_alloc(void);
void bproc_nodes_free(struct bproc_nodes *nodes);
int bproc_nodes_resize(struct bproc_space *master, u32 count);
void bproc_nodes_down(struct bproc_space *master);
int bproc_node_set_state(struct bproc_space *master, const struct bproc_node_state *st);
int bproc_node_may_run(struct bproc_space *master, int nr);
bool bproc_node_connected(struct bproc_space *master, int nr);
int bproc_nodes_info(struct bproc_space *master, struct bproc_node_list *list);
int bproc_notifier_open(struct bproc_space *master);

#endif
