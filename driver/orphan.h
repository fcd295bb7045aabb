/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes whose parent ended elsewhere. */
#ifndef BPROC_ORPHAN_H
#define BPROC_ORPHAN_H

#include <linux/bproc_msg.h>

/* Sent by the kernel to a ghost when its parent ends; nothing else uses this number. */
#define BPROC_PARENT_DIED 64

struct bproc_ghost;
struct bproc_space;

void bproc_orphan_tell(struct bproc_ghost *g);
int bproc_orphan_here(struct bproc_space *s, pid_t nr, pid_t new_parent);
void bproc_orphan_leave_ghost(struct bproc_ghost *g, int death_signal);

#endif
