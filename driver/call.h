/* SPDX-License-Identifier: GPL-2.0-only */
/* What a node's processes ask of the master, and wait for. */
#ifndef BPROC_CALL_H
#define BPROC_CALL_H

#include <linux/bproc_msg.h>
#include <linux/wait.h>

struct bproc_msgbuf;
struct bproc_space;

/**
 * struct bproc_call - an answer that is waited for; on the stack of the waiter
 * @wait: the waiter
 * @id: of the question
 * @done: there is an answer
 * @pid: of the answer's header
 * @result: of the answer's header, or -errno if there will be none
 * @to: where the answer's body goes
 * @room: bytes there
 */
struct bproc_call {
	wait_queue_head_t wait;
	u64 id;
	bool done;
	pid_t pid;
	int result;
	void *to;
	size_t room;
};

int bproc_call_start(struct bproc_space *s, struct bproc_msgbuf *buf, struct bproc_call *c);
int bproc_call_wait(struct bproc_space *s, struct bproc_call *c);
int bproc_call_and_wait(struct bproc_space *s, struct bproc_msgbuf *buf, struct bproc_call *c);
bool bproc_call_answered(struct bproc_space *s, const struct bproc_msg *m);
void bproc_calls_abort(struct bproc_space *s);
void bproc_call_sign(struct bproc_space *s, struct bproc_msg_call *call);
int bproc_call_master(struct bproc_space *s, const struct bproc_msg_call *call, void *to,
		      size_t room);

#endif
