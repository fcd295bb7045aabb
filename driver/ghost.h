/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ghosts: small processes that stand for processes running elsewhere. On the master a
 * ghost is the process as parents, ps(1) and kill(2) see it; on a node a stand-in lets a
 * process there have a parent that is elsewhere.
 */
#ifndef BPROC_GHOST_H
#define BPROC_GHOST_H

#include <linux/bproc_daemon.h>
#include <linux/bproc_msg.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

struct bproc_space;

enum bproc_ghost_state {
	BPROC_GHOST_PENDING,	/* what it stands for is not there yet */
	BPROC_GHOST_LIVE,
	BPROC_GHOST_EXITING,	/* the process ended: end in the same way */
	BPROC_GHOST_GONE,	/* became the process, or ended */
};

/* What a ghost is to show as its name and arguments; did the process execute a program? */
struct bproc_name {
	char comm[TASK_COMM_LEN];
	bool executed;
	u32 args_len;
	char args[];
};

/**
 * struct bproc_ghost - one ghost
 * @ref: one for its file, one for the table, one for each user
 * @files: open files of it; the last one's end is the ghost's
 * @space: where it stands
 * @nr: its PID in the space; 0 until it runs
 * @node: where the process is; the space's own node: it will be here, in this task
 * @lock: guards what follows; taken in process context only
 * @wait: the ghost's task sleeps here
 * @state: see above
 * @ops: what it is to do (struct bproc_ghost_order)
 * @task: itself, from its first call on
 * @status: EXITING, or @ended: wait status to end with
 * @fork_id: the node's fork that waits for the PID, or 0
 * @stop: the process stopped by this signal and the ghost has to
 * @stopping: it went off to stop, SIGKILL is not held back
 * @executing: it runs a program that the process wants, or opens its files: SIGKILL is not
 *	held back
 * @cont: a SIGCONT that the process had already is under way to the ghost
 * @name: new name to show, or NULL
 * @ppid: parent that the node knows of
 * @parent: the thread that the kernel has for its parent, as last seen
 * @parent_process: its process
 * @last_parent: the process of the one before
 * @deaths: how many of those ended whose signal has not come
 * @leaving: the task is the process until the ghost is live, and goes on as that if it
 *	cannot go
 * @cred: on the master: what the process may have here, and gets when it returns: that with
 *	which it left, or less
 * @cred_changed: the task does not have it yet
 * @said_uid: on the master: real user of the process, as its node says; root till then
 * @said_suid: likewise, saved user
 * @needed: stand-in: when it was last seen to be needed, in jiffies
 * @in_transit: the process is on its way from @node to @transit_to
 * @transit_to: see @in_transit
 * @transit_arrived: see @in_transit; it is restored there
 * @transit_id: the move's number on @node
 * @ended: the process ended with @status, but its output is still on its way
 * @incoming: the stream on which the process comes back, while the stub reads from it
 * @arrivals: orders to become the process that are not known to have failed
 * @watching: on a node: the master tells of the process's end, for a parent that may wait
 *	for it there
 * @reap: look for zombies
 * @io_id: name under which the I/O daemon here serves the process, or did its parent when it
 *	forked elsewhere; 0: it does not
 */
struct bproc_ghost {
	struct kref ref;
	atomic_t files;
	struct bproc_space *space;
	pid_t nr;
	int node;
	spinlock_t lock;
	wait_queue_head_t wait;
	enum bproc_ghost_state state;
	struct list_head ops;
	struct task_struct *task;
	int status;
	u64 fork_id;
	int stop;
	bool stopping;
	bool executing;
	bool cont;
	struct bproc_name *name;
	pid_t ppid;
	pid_t parent;
	pid_t parent_process;
	pid_t last_parent;
	unsigned int deaths;
	bool leaving;
	const struct cred *cred;
	bool cred_changed;
	kuid_t said_uid;
	kuid_t said_suid;
	unsigned long needed;
	bool in_transit;
	bool transit_arrived;
	int transit_to;
	u64 transit_id;
	bool ended;
	struct file *incoming;
	unsigned int arrivals;
	bool watching;
	bool reap;
	u64 io_id;
};

struct bproc_ghost *bproc_ghost_alloc(struct bproc_space *s, int node);
struct bproc_ghost *bproc_ghost_find(struct bproc_space *s, pid_t nr);
struct bproc_ghost *bproc_ghost_find_from(struct bproc_space *s, unsigned long *nr);
bool bproc_ghost_is_local(const struct bproc_ghost *g);
u32 bproc_ghost_owner(const struct bproc_ghost *g);
void bproc_ghost_get(struct bproc_ghost *g);
void bproc_ghost_put(struct bproc_ghost *g);
struct file *bproc_ghost_file(struct bproc_ghost *g);
int bproc_ghost_bind(struct bproc_ghost *g);
void bproc_ghost_go_live(struct bproc_ghost *g);
void bproc_ghost_leave(struct bproc_ghost *g);
const struct cred *bproc_ghost_get_cred(struct bproc_ghost *g);
bool bproc_ghost_replace_cred(struct bproc_ghost *g, const struct cred *old,
			      const struct cred *new);
void bproc_ghost_set_name(struct bproc_ghost *g, struct bproc_name *name);
bool bproc_ghost_set_executing(struct bproc_ghost *g, bool executing);
void bproc_ghost_said_users(struct bproc_ghost *g, kuid_t uid, kuid_t suid);
bool bproc_ghost_is_users(struct bproc_ghost *g, kuid_t uid);
void bproc_ghost_expect_word(struct bproc_ghost *g);
void bproc_ghost_stopped(struct bproc_ghost *g, int sig);
bool bproc_ghost_expect(struct bproc_ghost *g, struct file *stream);
void bproc_ghost_expect_no_more(struct bproc_ghost *g);
void bproc_ghost_cut(struct bproc_ghost *g);
u32 bproc_ghosts_list(struct bproc_space *s, pid_t after, int node, struct bproc_proc_info *to,
		      u32 n);
void bproc_ghost_reap_soon(struct bproc_ghost *g);
bool bproc_task_is_ghost(struct bproc_space *s, struct task_struct *task);

/* ghost_end.c */
void bproc_ghost_ended(struct bproc_ghost *g, int status);
void bproc_ghost_end(struct bproc_ghost *g, int status);
bool bproc_ghost_expect_end(struct bproc_ghost *g, int status);
int bproc_ghost_status(struct bproc_space *s, struct task_struct *task, int status);
void bproc_ghost_kill_process(struct bproc_ghost *g);
bool bproc_ghost_was_killed(struct bproc_space *s, const struct bproc_msg *m);
void bproc_ghosts_kill(struct bproc_space *s, int node);

/* ghost_order.c */
int bproc_ghost_order_fork(struct bproc_ghost *g, u64 id, u32 flags);
int bproc_ghost_order_ids(struct bproc_ghost *g, pid_t pgrp);
int bproc_ghost_order_find(struct bproc_ghost *g, u64 id, const char *path, size_t len);
int bproc_ghost_order_arrival(struct bproc_ghost *g, u32 op, pid_t pid, struct file *stream);
int bproc_ghost_order_again(struct bproc_ghost *g, u32 tries, pid_t pid, struct file *stream);
void bproc_ghost_arrival_failed(struct bproc_ghost *g);
struct bproc_ghost_order *bproc_ghost_take_order(struct bproc_ghost *g);
void bproc_ghost_order_free(struct bproc_ghost_order *op);

/* ghost_loop.c */
long bproc_ghost_next(struct bproc_ghost *g, struct bproc_ghost_next __user *arg);

/* ghost_spawn.c */
struct bproc_name *bproc_name_of_current(void);
struct bproc_ghost *bproc_ghost_spawn(struct bproc_space *s, int node, pid_t nr);
struct bproc_ghost *bproc_ghost_spawn_sibling(struct bproc_space *s, int node, pid_t *reap);
void bproc_ghost_unspawn(struct bproc_ghost *g);
void bproc_ghost_unfork(struct bproc_ghost *g);
pid_t bproc_ghost_unspawn_sibling(struct bproc_ghost *g);
void bproc_ghost_hide_caller(void);
void bproc_ghost_reap(pid_t pid);
void bproc_ghost_watch(struct bproc_ghost *g, int exit_signal);
pid_t bproc_ghost_adopt(struct bproc_ghost *g);
int bproc_ghost_again(struct bproc_ghost *g, struct bproc_name *name);
int bproc_ghost_become(struct bproc_space *s, int node, u64 io_id, struct bproc_name *name,
		       void (*ready)(void *data), void *data);

/**
 * struct bproc_ghost_order - something a ghost has to do
 * @entry: in its list
 * @op: BPROC_GHOST_*
 * @flags: BPROC_FORK_*; BPROC_GHOST_ARRIVE_CHILD: how often it was tried
 * @pid: the process that arrives
 * @file: descriptor to give it: a stream, or the new ghost of a fork
 * @id: BPROC_GHOST_FIND: the call
 * @path: BPROC_GHOST_FIND: where to look
 */
struct bproc_ghost_order {
	struct list_head entry;
	u32 op;
	u32 flags;
	pid_t pid;
	struct file *file;
	u64 id;
	char *path;
};

/* An order that the driver itself does, in the ghost's task. */
#define BPROC_GHOST_FIND 0x100

#endif
