/* SPDX-License-Identifier: GPL-2.0-only */
/* What keeps a process from being taken elsewhere without having asked for it. */
#ifndef BPROC_OBSTACLE_H
#define BPROC_OBSTACLE_H

#include <linux/bproc.h>

struct task_struct;

u32 bproc_obstacle(struct task_struct *task, bool force);
u32 bproc_obstacle_in_memory(void);
int bproc_obstacle_errno(u32 why);

#endif
