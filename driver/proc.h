/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes and threads of the process space that run on this node; on the master,
 * those processes, ghosts or not, of which nodes have ghosts.
 */
#ifndef BPROC_PROC_H
#define BPROC_PROC_H

#include <linux/bproc_msg.h>
#include <linux/sched.h>

struct bproc_msgbuf;
struct bproc_space;

/**
 * struct bproc_proc - one process or thread of a node
 * @nr: its PID in the process space
 * @key: its PID in the initial namespace, by which the space's table finds it
 * @thread: not a process of its own
 * @born: the fork that asked for the number made it
 * @moved: it went elsewhere: its end here means nothing
 * @ghost: it is a ghost here, for a parent that may wait for it: @exit_msg is REAPED
 * @exited: its end was seen, and is in @exit_msg, or @status and @last
 * @stopped: as last told
 * @told: node: its end is told already, @exit_msg is REAPED
 * @unwaited: node: who takes it away is not a parent that waited for it
 * @reaped: master: a parent on a node waited for it
 * @status: master: wait status, once it is @exited
 * @exit_msg: made beforehand, for where nothing can be allocated
 * @reaped_msg: likewise, for when @exit_msg is sent before the task is waited for
 * @watchers: master: nodes that have a ghost of it
 * @last: usage as last told
 */
struct bproc_proc {
	pid_t nr;
	pid_t key;
	bool thread;
	bool born;
	bool moved;
	bool ghost;
	bool exited;
	bool stopped;
	bool told;
	bool unwaited;
	bool reaped;
	int status;
	struct bproc_msgbuf *exit_msg;
	struct bproc_msgbuf *reaped_msg;
	struct bproc_watcher *watchers;
	struct bproc_rusage last;
};

struct bproc_proc *bproc_proc_alloc(struct bproc_space *s, pid_t nr, pid_t key, bool thread);
void bproc_proc_free(struct bproc_proc *p);
int bproc_proc_insert(struct bproc_space *s, struct bproc_proc *p);
void bproc_proc_tell_exit(struct bproc_space *s, struct bproc_proc *p);
void bproc_proc_set_waited(struct bproc_space *s, pid_t key, bool waited);
int bproc_exit_status(const struct task_struct *task);
void bproc_proc_freed(struct bproc_space *s, struct task_struct *task);
bool bproc_proc_is_known(struct bproc_space *s, pid_t key);
bool bproc_proc_is_here(struct bproc_space *s, pid_t key);
bool bproc_proc_is_childs(struct bproc_space *s, pid_t key);
bool bproc_proc_is_over(struct bproc_space *s, pid_t key);
int bproc_proc_join_group(struct bproc_space *s, struct task_struct *task, pid_t pgrp);
bool bproc_proc_is_awaited(struct bproc_space *s, pid_t key);
bool bproc_proc_was_here(struct bproc_space *s, pid_t nr);
bool bproc_proc_discard_unborn(struct bproc_space *s, pid_t key, pid_t nr);
int bproc_proc_join(struct bproc_space *s, pid_t session, pid_t pgrp);
int bproc_proc_set_group(struct bproc_space *s, pid_t nr, const struct bproc_msg_ids *ids);
int bproc_proc_enter(struct bproc_space *s, pid_t nr);
void bproc_proc_moved(struct bproc_space *s);
bool bproc_proc_left(struct bproc_space *s, pid_t key);
int bproc_proc_signal(struct bproc_space *s, struct task_struct *task,
		      struct kernel_siginfo *info, enum pid_type type);
int bproc_proc_ghost(struct bproc_space *s, struct task_struct *task);
void bproc_proc_unghost(struct bproc_space *s);
void bproc_proc_place(struct bproc_space *s, struct task_struct *task, pid_t session,
		      pid_t pgrp);
void bproc_proc_report_lost(struct bproc_space *s, pid_t nr);
void bproc_procs_free(struct bproc_space *s);

#endif
