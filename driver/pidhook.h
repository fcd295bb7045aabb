/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook on the kernel's PID allocator: forks on a node get their PID from the master. */
#ifndef BPROC_PIDHOOK_H
#define BPROC_PIDHOOK_H

#include <linux/bproc_msg.h>
#include <linux/list.h>
#include <linux/types.h>

struct bproc_space;
struct task_struct;

/**
 * struct bproc_number - which number the driver wants for a child that it makes
 * @entry: in a list
 * @task: who makes it, on its own behalf
 * @nr: the number, or 0 for one that the master gives
 * @flags: for that: CLONE_PARENT or 0
 */
struct bproc_number {
	struct list_head entry;
	struct task_struct *task;
	pid_t nr;
	u64 flags;
};

void bproc_number_want(struct bproc_number *number);
void bproc_number_got(struct bproc_number *number);
void bproc_unfork(struct bproc_space *s, pid_t nr);

int bproc_pidhook_init(void);
void bproc_pidhook_exit(void);
void bproc_fork_answered(struct bproc_space *s, const struct bproc_msg *m);

#endif
