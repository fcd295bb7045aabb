/* SPDX-License-Identifier: GPL-2.0-only */
/* Images and programs on their way from here to another part of the process space. */
#ifndef BPROC_TRANSFER_H
#define BPROC_TRANSFER_H

#include <linux/bproc_daemon.h>
#include <linux/bproc_msg.h>
#include <linux/bproc_stream.h>
#include <linux/kref.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct bproc_space;

/**
 * struct bproc_transfer - one move, seen by the sender
 * @ref: one for the table, one for each user
 * @space: where it comes from
 * @id: names it in messages
 * @node: where it goes
 * @pid: the process
 * @lock: guards what follows
 * @wait: the sender sleeps here
 * @stream: the connection, once the daemon made it
 * @close: closes it
 * @arrived: the other side restored it and waits for the word
 * @error: 0, or the -errno that ended it
 * @status: BPROC_STREAM_FETCH: the program ended so before it was here, or 0
 */
struct bproc_transfer {
	struct kref ref;
	struct bproc_space *space;
	u64 id;
	int node;
	pid_t pid;
	spinlock_t lock;
	wait_queue_head_t wait;
	struct file *stream;
	struct work_struct close;
	bool arrived;
	int error;
	int status;
};

struct bproc_transfer *bproc_transfer_new(struct bproc_space *s, int node, pid_t pid);
int bproc_transfer_want_stream(struct bproc_transfer *t, u16 type, pid_t ppid);
struct bproc_transfer *bproc_transfer_start(struct bproc_space *s, int node, pid_t pid,
					    pid_t ppid);
int bproc_transfer_wait_stream(struct bproc_transfer *t);
int bproc_transfer_wait_arrived(struct bproc_transfer *t);
void bproc_transfer_expect_answer(struct bproc_transfer *t);
int bproc_transfer_wait_answer(struct bproc_transfer *t, int err);
void bproc_transfer_say(struct bproc_transfer *t, u16 type);
void bproc_transfer_go(struct bproc_transfer *t);
bool bproc_transfer_is_under_way(struct bproc_space *s, pid_t pid, int node);
void bproc_transfer_finish(struct bproc_transfer *t);
int bproc_transfer_give_stream(struct bproc_space *s, const struct bproc_stream_fd *arg);
void bproc_transfer_arrived(struct bproc_space *s, const struct bproc_msg *m);
bool bproc_transfer_answered(struct bproc_space *s, const struct bproc_msg *m);
void bproc_transfers_abort(struct bproc_space *s, int node);

#endif
