/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals between the parts of the process space. */
#ifndef BPROC_SIGNALS_H
#define BPROC_SIGNALS_H

#include <linux/sched/signal.h>

#include "ksyms.h"

struct bproc_msg;
struct bproc_msg_signal;
struct bproc_space;

/* The caller's own; nobody else can replace it. */
static inline struct sighand_struct *bproc_sighand(void)
{
	return rcu_dereference_raw(current->sighand);
}

/**
 * bproc_lock_sighand - hold a process's signals and accounts still
 * @task: the process; the caller holds a reference
 * @flags: for bproc_unlock_sighand()
 *
 * Return: its sighand, or NULL if the process is gone.
 */
static inline struct sighand_struct *bproc_lock_sighand(struct task_struct *task,
							unsigned long *flags)
{
	return bproc_lock_task_sighand(task, flags);
}

static inline void bproc_unlock_sighand(struct sighand_struct *sighand, unsigned long flags)
{
	/* The lock was taken where sparse cannot see it. */
	__acquire(&sighand->siglock);
	spin_unlock_irqrestore(&sighand->siglock, flags);
}

int bproc_hold_back_signals(void);
bool bproc_hold_signals(sigset_t *saved);
void bproc_release_signals(const sigset_t *saved, bool had_pipe);
bool bproc_signals_wait(void);
bool bproc_take_signal(kernel_siginfo_t *info);
size_t bproc_pack_signals(pid_t nr, struct bproc_msg_signal *to, size_t room);
bool bproc_signal_drop(int sig);
void bproc_forward_signal(struct bproc_space *s, int node, pid_t nr,
			  const kernel_siginfo_t *info, u32 owner);
int bproc_signal_info(struct kernel_siginfo *info, const struct bproc_msg_signal *m);
int bproc_deliver_signal(struct bproc_space *s, pid_t nr, const struct bproc_msg_signal *m);
void bproc_give_signals(struct task_struct *task, const struct bproc_msg *m);

#endif
