/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook on the kernel's PID allocator: forks on a node get their PID from the master. */
#ifndef BPROC_PIDHOOK_H
#define BPROC_PIDHOOK_H

#include <linux/bproc_msg.h>

struct bproc_space;

int bproc_pidhook_init(void);
void bproc_pidhook_exit(void);
void bproc_fork_answered(struct bproc_space *s, const struct bproc_msg *m);

#endif
