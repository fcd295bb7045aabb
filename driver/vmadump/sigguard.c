// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals wait while an image is written or read.
 *
 * A program with an interval timer could otherwise never finish a dump to a slow
 * descriptor. SIGKILL is let through, so every wait stays killable. A SIGPIPE that writing to
 * a broken pipe raises is taken back: the error tells it.
 */
#include <linux/sched/signal.h>
#include "image.h"

static bool sigpipe_pending(void)
{
	return sigismember(&current->pending.signal, SIGPIPE);
}

/**
 * vmad_sigguard_enter - block all signals but SIGKILL
 * @guard: remembers the signals blocked so far
 */
void vmad_sigguard_enter(struct vmad_sigguard *guard)
{
	sigset_t all;

	siginitsetinv(&all, sigmask(SIGKILL));
	sigprocmask(SIG_SETMASK, &all, &guard->blocked);
	guard->had_sigpipe = sigpipe_pending();
}

/**
 * vmad_sigguard_leave - let signals through again
 * @guard: as vmad_sigguard_enter() left it
 */
void vmad_sigguard_leave(struct vmad_sigguard *guard)
{
	if (!guard->had_sigpipe && sigpipe_pending()) {
		kernel_siginfo_t info;
		enum pid_type type;
		sigset_t others;

		siginitsetinv(&others, sigmask(SIGPIPE));
		spin_lock_irq(&vmad_sighand()->siglock);
		bproc_dequeue_signal(&others, &info, &type);
		spin_unlock_irq(&vmad_sighand()->siglock);
	}
	sigprocmask(SIG_SETMASK, &guard->blocked, NULL);
}
