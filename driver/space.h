/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A space is the part of the process space that one PID namespace of this kernel holds:
 * the master's, or that of one node. Everything else hangs on it.
 */
#ifndef BPROC_SPACE_H
#define BPROC_SPACE_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/pid_namespace.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "msgq.h"

struct bproc_changes;
struct bproc_iod;
struct bproc_nodes;

/**
 * struct bproc_space - one PID namespace's part of the process space
 * @ref: one reference for the daemon's open file, one for each ghost, transfer, ...
 * @hash: in the table by @ns, read under RCU
 * @free: takes apart what nobody refers to any more
 * @rcu: frees it
 * @ns: the PID namespace
 * @node: BPROC_NODE_MASTER, or the node's number; BPROC_NODE_NONE till it is published
 * @dead: the daemon is gone; set once, under @lock
 * @lock: guards @dead and @iod, and has signals come before a process leaves, or after; the
 *	arrays below have locks of their own
 * @coming_and_going: node: nobody comes or goes while somebody signals a group
 * @msgq: messages to the daemon
 * @ghosts: stand-ins for processes elsewhere, by PID in @ns
 * @transfers: images under way from here, by id
 * @arrivals: images under way to here, by PID
 * @ended: master: node of processes whose ghost was killed, until that says EXIT, by PID
 * @tids: master: numbers given to threads on nodes (struct tid), by number
 * @procs: node: processes and threads here (struct bproc_proc), by PID in the initial
 *	namespace
 * @calls: node: calls that the master is to answer (struct bproc_call), by id
 * @controls: master: calls of node control that wait for an answer, by id
 * @hooked: node: tasks inside the PID hook
 * @idle: woken when @hooked becomes 0
 * @report: node: tells now and then what the processes used
 * @changes: of nodes' states, as far as they are told of here
 * @nodes: master: the nodes
 * @iod: the I/O daemon, as long as it has its device open
 * @stub: node: the program that ghosts run
 * @next_id: ids of transfers, calls and controls
 */
struct bproc_space {
	struct kref ref;
	struct hlist_node hash;
	struct work_struct free;
	struct rcu_head rcu;
	struct pid_namespace *ns;
	int node;
	bool dead;
	spinlock_t lock;
	struct mutex coming_and_going;
	struct bproc_msgq msgq;
	struct xarray ghosts;
	struct xarray transfers;
	struct xarray arrivals;
	struct xarray ended;
	struct xarray tids;
	struct xarray procs;
	struct xarray calls;
	struct xarray controls;
	atomic_t hooked;
	wait_queue_head_t idle;
	struct delayed_work report;
	struct bproc_changes *changes;
	struct bproc_nodes *nodes;
	struct bproc_iod *iod;
	struct file *stub;
	atomic64_t next_id;
};

static inline bool bproc_is_master(const struct bproc_space *s)
{
	return s->node == BPROC_NODE_MASTER;
}

struct bproc_space *bproc_space_alloc(void);
int bproc_space_publish(struct bproc_space *s, int node);
struct bproc_space *bproc_space_of(struct pid_namespace *ns);
struct bproc_space *bproc_space_of_rcu(struct pid_namespace *ns);
struct bproc_space *bproc_space_current(void);
void bproc_space_get(struct bproc_space *s);
void bproc_space_put(struct bproc_space *s);
void bproc_space_shutdown(struct bproc_space *s);
void bproc_spaces_for_each(void (*what)(struct bproc_space *, struct task_struct *),
			   struct task_struct *task);
struct task_struct *bproc_space_task(struct bproc_space *s, pid_t nr);
bool bproc_task_is_init(struct task_struct *task);
void bproc_spaces_exit(void);

#endif
