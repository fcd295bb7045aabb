/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of the master's PID namespace that threads on nodes have. */
#ifndef BPROC_TID_H
#define BPROC_TID_H

#include <linux/types.h>

struct bproc_space;

int bproc_tid_alloc(struct bproc_space *s, int node);
bool bproc_tid_is_on(struct bproc_space *s, int node, pid_t nr);
bool bproc_tid_is_any(struct bproc_space *s, pid_t nr);
bool bproc_tid_free(struct bproc_space *s, int node, pid_t nr);
void bproc_tids_free(struct bproc_space *s, int node);

#endif
