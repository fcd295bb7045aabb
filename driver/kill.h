/* SPDX-License-Identifier: GPL-2.0-only */
/* kill(2), carried out in one part of the process space. */
#ifndef BPROC_KILL_H
#define BPROC_KILL_H

#include <linux/sched/signal.h>
#include <linux/uidgid.h>

struct bproc_space;

/**
 * struct bproc_killer - who kills, and with what
 * @space: where
 * @sender: the caller or its ghost, which is never hit
 * @node: master: the caller's node, whose processes are none of its business
 * @coming: master: but those that are still on their way there
 * @n_coming: their number
 * @uid: real user ID of the caller
 * @euid: effective one
 * @capable: it has CAP_KILL
 * @info: the signal; its number may be 0
 */
struct bproc_killer {
	struct bproc_space *space;
	struct task_struct *sender;
	int node;
	const s32 *coming;
	u32 n_coming;
	kuid_t uid;
	kuid_t euid;
	bool capable;
	struct kernel_siginfo info;
};

int bproc_kill(struct bproc_killer *k, pid_t target);
int bproc_kill_thread(struct bproc_killer *k, pid_t nr, pid_t tid);
int bproc_kill_merge(int ret, int err);

#endif
