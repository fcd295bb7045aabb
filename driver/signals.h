/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals between the parts of the process space. */
#ifndef BPROC_SIGNALS_H
#define BPROC_SIGNALS_H

#include <linux/sched/signal.h>

struct bproc_space;
struct bproc_msg_signal;

bool bproc_take_signal(kernel_siginfo_t *info);
void bproc_forward_signal(struct bproc_space *s, int node, pid_t nr,
			  const kernel_siginfo_t *info);
int bproc_deliver_signal(struct bproc_space *s, pid_t nr, const struct bproc_msg_signal *m);

#endif
