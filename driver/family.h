/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parents and children on different machines. Wherever a process runs it has a child, real
 * or a ghost, for each child it has, so that wait(2) is the kernel's own code. The master's
 * process table is what counts: it has them all, and a zombie stays there until the parent
 * has waited for it, wherever that is.
 */
#ifndef BPROC_FAMILY_H
#define BPROC_FAMILY_H

#include <linux/bproc_msg.h>
#include <linux/bproc_stream.h>
#include <linux/sched.h>

struct bproc_ghost;
struct bproc_msgbuf;
struct bproc_proc;
struct bproc_space;

/**
 * struct bproc_watcher - a node that has a ghost of a process
 * @next: the next one
 * @node: the node
 * @exit_msg: made beforehand, NULL when it is sent
 */
struct bproc_watcher {
	struct bproc_watcher *next;
	int node;
	struct bproc_msgbuf *exit_msg;
};

/**
 * struct bproc_family - the ghosts that were made for children of a process that arrives
 * @s: where it arrives, once there may be some
 * @ghosts: with a reference each
 * @n: how many
 */
struct bproc_family {
	struct bproc_space *s;
	struct bproc_ghost **ghosts;
	u32 n;
};

/* The master's side. */
int bproc_watch(struct bproc_space *m, const struct bproc_msg *msg);
int bproc_child_reaped(struct bproc_space *m, const struct bproc_msg *msg);
void bproc_child_was_reaped(struct bproc_space *m, struct task_struct *task);
void bproc_watched_ends(struct bproc_space *m, struct bproc_proc *p, int status,
			const struct bproc_rusage *usage);
void bproc_tell_watchers(struct bproc_space *m, struct bproc_proc *p, u16 type, int result);
void bproc_tell_watchers_of(struct bproc_space *m, struct task_struct *task, u16 type,
			    int result);
void bproc_tell_watchers_ids(struct bproc_space *m, struct task_struct *task,
			     const struct bproc_msg_ids *ids, int but);
int bproc_serve_setpgid(struct bproc_space *m, struct bproc_ghost *g, pid_t nr, pid_t pgrp);
int bproc_child_ids(struct bproc_space *m, const struct bproc_msg *msg);
void bproc_watchers_free(struct bproc_proc *p);

/* A node's side. */
void bproc_ask_to_watch(struct bproc_space *s, pid_t nr);
int bproc_watched_ended(struct bproc_space *s, const struct bproc_msg *msg);
int bproc_watched_stopped(struct bproc_space *s, const struct bproc_msg *msg);
bool bproc_family_is_here(struct bproc_space *s);

/* tasklist_lock is held. */
static inline struct task_struct *bproc_parent_of(struct task_struct *task)
{
	return rcu_dereference_protected(task->real_parent, true);
}

/* Both. */
void bproc_family_give(struct task_struct *task, struct task_struct *parent);
void bproc_family_reap(struct bproc_ghost *g);
struct bproc_child *bproc_family_list(struct bproc_space *s, u32 *n);
int bproc_family_make(struct bproc_space *s, const struct bproc_stream *h,
		      const struct bproc_stream __user *uh, struct bproc_family *fam);
void bproc_family_settle(struct bproc_family *fam);
void bproc_family_undo(struct bproc_family *fam);

#endif
