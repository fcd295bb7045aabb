/* SPDX-License-Identifier: GPL-2.0-only */
/* Queues of messages from the driver to a daemon. */
#ifndef BPROC_MSGQ_H
#define BPROC_MSGQ_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/bproc_msg.h>

struct bproc_msgbuf {
	struct list_head entry;
	struct bproc_msg msg;
	u8 body[];
};

struct bproc_msgq {
	spinlock_t lock;	/* taken from softirq too */
	struct list_head msgs;
	wait_queue_head_t wait;
	bool closed;
};

void bproc_msgq_init(struct bproc_msgq *q);
void bproc_msgq_close(struct bproc_msgq *q);
struct bproc_msgbuf *bproc_msg_alloc(u16 type, int node, pid_t pid, size_t body, gfp_t gfp);
void bproc_msg_free(struct bproc_msgbuf *buf);
void bproc_msgq_post(struct bproc_msgq *q, struct bproc_msgbuf *buf);
ssize_t bproc_msgq_read(struct bproc_msgq *q, char __user *to, size_t len, bool nonblock);
void bproc_msg_trace(const char *direction, const struct bproc_msg *m);
bool bproc_msgq_pending(struct bproc_msgq *q);

#endif
