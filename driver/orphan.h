/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes whose parent ended elsewhere. */
#ifndef BPROC_ORPHAN_H
#define BPROC_ORPHAN_H

#include <linux/bproc_msg.h>

/* Sent by the kernel to a ghost when its parent ends; others may send it, too. */
#define BPROC_PARENT_DIED 64

struct bproc_ghost;
struct kernel_siginfo;
struct bproc_space;

void bproc_orphan_listen(struct bproc_ghost *g);
bool bproc_orphan_signal(struct bproc_ghost *g, const struct kernel_siginfo *info);
void bproc_orphan_tell(struct bproc_ghost *g);
int bproc_orphan_here(struct bproc_space *s, pid_t nr, pid_t new_parent);
void bproc_orphan_leave_ghost(struct bproc_ghost *g, int death_signal);

#endif
