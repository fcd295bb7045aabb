/* SPDX-License-Identifier: GPL-2.0-only */
/* Resources that a process used: read them here, show them there. */
#ifndef BPROC_USAGE_H
#define BPROC_USAGE_H

#include <linux/bproc_msg.h>
#include <linux/sched.h>

void bproc_usage_get(struct task_struct *task, struct bproc_rusage *u);
void bproc_usage_set(struct task_struct *task, const struct bproc_rusage *u);

#endif
