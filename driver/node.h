/* SPDX-License-Identifier: GPL-2.0-only */
/* The nodes of a master: their state, their device files, who may run there. */
#ifndef BPROC_NODE_H
#define BPROC_NODE_H

#include <linux/bproc_daemon.h>
#include <linux/device.h>
#include <linux/mutex.h>

struct bproc_space;

/**
 * struct bproc_node - one node
 * @nodes: the master's table
 * @nr: its number
 * @dev: /dev/bpnodeN
 * @state: "down", "up", ...; under @nodes->lock
 * @addr: socket address; under @nodes->lock
 * @watches: it wants to hear of changes; under @nodes->lock
 */
struct bproc_node {
	struct bproc_nodes *nodes;
	int nr;
	struct device *dev;
	char state[BPROC_STATE_LEN];
	u8 addr[BPROC_ADDR_LEN];
	bool watches;
};

/**
 * struct bproc_nodes - all nodes of a master
 * @lock: guards the table and the nodes' states
 * @setup: one change of the table's size at a time
 * @node: the nodes, @count of them
 * @count: number of nodes
 */
struct bproc_nodes {
	spinlock_t lock;
	struct mutex setup;
	struct bproc_node *node[BPROC_NODES_MAX];
	int count;
};

struct bproc_nodes *bproc_nodes_alloc(void);
void bproc_nodes_free(struct bproc_nodes *nodes);
int bproc_nodes_resize(struct bproc_space *master, u32 count);
void bproc_nodes_down(struct bproc_space *master);
int bproc_node_set_state(struct bproc_space *master, const struct bproc_node_state *st);
int bproc_node_order_state(struct bproc_space *master, int nr, const char *state);
int bproc_node_check(struct bproc_space *master, int nr);
int bproc_node_may_run(struct bproc_space *master, int nr);
void bproc_node_watch(struct bproc_space *master, int nr);
bool bproc_node_connected(struct bproc_space *master, int nr);
int bproc_nodes_info(struct bproc_space *master, int after, struct bproc_node_info *to, u32 n);

#endif
