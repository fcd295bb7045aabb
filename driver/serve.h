/* SPDX-License-Identifier: GPL-2.0-only */
/* The master's answers to calls of processes on nodes. */
#ifndef BPROC_SERVE_H
#define BPROC_SERVE_H

#include <linux/bproc_msg.h>

struct bproc_space;

int bproc_serve_call(struct bproc_space *m, const struct bproc_msg *msg);
int bproc_send_to_thread(struct bproc_space *m, pid_t sender, const struct bproc_msg_call *call);

#endif
