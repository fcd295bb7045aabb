/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that arrive here. */
#ifndef BPROC_ARRIVAL_H
#define BPROC_ARRIVAL_H

#include <linux/bproc_daemon.h>
#include <linux/bproc_msg.h>
#include <linux/bproc_stream.h>

struct bproc_ghost;
struct bproc_stream;
struct bproc_script;
struct bproc_space;

int bproc_arrival_exec(const struct bproc_stream *h, struct bproc_stream __user *uh,
		       struct bproc_script *script);
long bproc_arrive(struct bproc_space *s, struct bproc_ghost *g,
		  struct bproc_arrive __user *uarg);
int bproc_arrival_stream(struct bproc_space *s, const struct bproc_stream_fd *arg);
bool bproc_arrival_word(struct bproc_space *s, const struct bproc_msg *m);
bool bproc_arrival_is_off(struct bproc_space *s, pid_t pid);
u32 bproc_arrivals_list(struct bproc_space *s, s32 *to, u32 room);
void bproc_arrivals_abort(struct bproc_space *s, int node);

#endif
