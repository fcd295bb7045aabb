// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that did not ask to be dumped, and were in the midst of something.
 *
 * A system call that was interrupted is left as it is: its result register says how it may
 * be restarted, and where the program goes on the kernel decides that, as it would have
 * here, when it knows whether a signal has a handler. What restart_syscall(2) needs for it
 * is in the image as a time that is left: clocks differ between machines.
 */
#include <linux/compat.h>
#include <linux/ktime.h>
#include <linux/restart_block.h>
#include <linux/sched/signal.h>
#include <linux/syscalls.h>
#include <linux/time_namespace.h>
#include <asm/syscall.h>
#include <asm/vdso.h>
#include "image.h"

/* Ones of 32-bit programs; that with times of 64 bits has one number for all. */
#define NR_IA32_CLOCK_NANOSLEEP 267
#define NR_IA32_CLOCK_NANOSLEEP_TIME64 407
#define NR_IA32_FUTEX 240
#define NR_IA32_FUTEX_TIME64 422

static bool clock_now(clockid_t clock, ktime_t *now)
{
	switch (clock) {
	case CLOCK_REALTIME:
		*now = ktime_get_real();
		return true;
	case CLOCK_MONOTONIC:
		*now = ktime_get();
		return true;
	case CLOCK_BOOTTIME:
		*now = ktime_get_boottime();
		return true;
	case CLOCK_TAI:
		*now = ktime_get_clocktai();
		return true;
	}
	return false;
}

static bool take_sleep(struct vmad_resume *r, const struct restart_block *rb)
{
	ktime_t now;

	if (!clock_now(rb->nanosleep.clockid, &now))
		return false;
	r->wait = rb->nanosleep.type == TT_COMPAT ? VMAD_WAIT_SLEEP_OLD : VMAD_WAIT_SLEEP;
	r->clock = rb->nanosleep.clockid;
	r->left = rb->nanosleep.expires - now;
	if (rb->nanosleep.type != TT_NONE)
		r->address = (unsigned long)rb->nanosleep.rmtp;
	return true;
}

static void take_poll(struct vmad_resume *r, const struct restart_block *rb)
{
	r->wait = rb->poll.has_timeout ? VMAD_WAIT_POLL : VMAD_WAIT_FOREVER;
	r->address = (unsigned long)rb->poll.ufds;
	r->count = rb->poll.nfds;
	if (rb->poll.has_timeout)
		r->left = bproc_poll_end(rb) - ktime_get();
}

static bool is_futex(int nr)
{
	if (in_32bit_syscall())
		return nr == NR_IA32_FUTEX || nr == NR_IA32_FUTEX_TIME64;
	return nr == __NR_futex;
}

/*
 * A sleep until a time of a clock that counts from the machine's start: turned into one for
 * the time that is left. Return: is it one?
 */
static bool take_absolute_sleep(struct vmad_resume *r, const struct pt_regs *regs, int nr)
{
	bool compat = in_32bit_syscall();
	bool time64 = nr == NR_IA32_CLOCK_NANOSLEEP_TIME64;
	struct timespec64 until, now;
	clockid_t clock;
	int flags, err;
	void __user *at;

	if (compat ? nr != NR_IA32_CLOCK_NANOSLEEP && !time64 : nr != __NR_clock_nanosleep)
		return false;
	clock = compat ? regs->bx : regs->di;
	flags = compat ? regs->cx : regs->si;
	at = (void __user *)(compat ? (unsigned long)(u32)regs->dx : regs->dx);
	if (!(flags & TIMER_ABSTIME) || (clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME))
		return false;
	err = compat && !time64 ? get_old_timespec32(&until, at) : get_timespec64(&until, at);
	if (err)
		return false;
	if (clock == CLOCK_MONOTONIC) {
		ktime_get_ts64(&now);
		timens_add_monotonic(&now);
	} else {
		ktime_get_boottime_ts64(&now);
		timens_add_boottime(&now);
	}
	r->wait = VMAD_WAIT_SLEEP;
	r->clock = clock;
	r->left = timespec64_to_ktime(until) - timespec64_to_ktime(now);
	return true;
}

/**
 * vmad_resume_describe - in the midst of what is the caller?
 * @r: filled
 * @result: what its result register is to be
 *
 * Called on the way to user mode.
 *
 * Return: 0, or -EOPNOTSUPP if it sleeps in a way that an image cannot say.
 */
int vmad_resume_describe(struct vmad_resume *r, long *result)
{
	const struct restart_block *rb = &current->restart_block;
	struct pt_regs *regs = task_pt_regs(current);
	int nr = syscall_get_nr(current, regs);

	*r = (struct vmad_resume){ .call = -1 };
	*result = regs->ax;
	if (test_restore_sigmask()) {
		r->has_saved = 1;
		r->saved = vmad_sigset_bits(&current->saved_sigmask);
	}
	if (nr == -1)
		return 0;
	switch (syscall_get_error(current, regs)) {
	case -ERESTARTNOHAND:
		if (take_absolute_sleep(r, regs, nr))
			*result = -ERESTART_RESTARTBLOCK;
		r->call = nr;
		return 0;
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
		r->call = nr;
		return 0;
	case -ERESTART_RESTARTBLOCK:
		r->call = nr;
		if (rb->fn == ks_hrtimer_nanosleep_restart)
			return take_sleep(r, rb) ? 0 : -EOPNOTSUPP;
		if (rb->fn == ks_do_restart_poll) {
			take_poll(r, rb);
			return 0;
		}
		if (!is_futex(nr))
			return -EOPNOTSUPP;
		/* One may wake for no reason, and then looks again. */
		r->call = -1;
		*result = 0;
		return 0;
	}
	return 0;
}

/**
 * vmad_resume_possible - can an image say what the caller is in the midst of?
 */
bool vmad_resume_possible(void)
{
	struct vmad_resume r;
	long result;

	return !vmad_resume_describe(&r, &result);
}

/**
 * vmad_resume_later - is the caller where no image can be taken?
 *
 * In the vDSO it may have read half of what belongs to this machine. A 32-bit program makes
 * its system calls there, by instructions that are the same everywhere.
 */
bool vmad_resume_later(void)
{
	struct pt_regs *regs = task_pt_regs(current);
	unsigned long vdso = (unsigned long)current->mm->context.vdso;
	bool is64 = user_64bit_mode(regs);

	if (!vdso || regs->ip < vdso ||
	    regs->ip - vdso >= (is64 ? ks_vdso_image_64 : ks_vdso_image_32)->size)
		return false;
	return is64 || syscall_get_nr(current, regs) == -1;
}

/**
 * vmad_resume_check - can it be gone on with?
 * @r: from an image
 *
 * Return: 0 or -EINVAL.
 */
int vmad_resume_check(const struct vmad_resume *r)
{
	ktime_t now;

	if (r->wait > VMAD_WAIT_FOREVER || r->has_saved > 1)
		return -EINVAL;
	if ((r->wait == VMAD_WAIT_SLEEP || r->wait == VMAD_WAIT_SLEEP_OLD) &&
	    !clock_now(r->clock, &now))
		return -EINVAL;
	return 0;
}

/**
 * vmad_resume_restore - the caller goes on with what the program was in the midst of
 * @r: checked
 * @is32: a 32-bit program
 * @result: its result register
 *
 * Called on the way to user mode, before the kernel looks at the system call's result.
 */
void vmad_resume_restore(const struct vmad_resume *r, bool is32, long result)
{
	struct restart_block *rb = &current->restart_block;
	ktime_t left = clamp_t(s64, r->left, 0, KTIME_MAX / 4);
	void __user *at = (void __user *)(unsigned long)r->address;
	ktime_t now;

	task_pt_regs(current)->ax = result;
	if (r->has_saved) {
		vmad_sigset_set(&current->saved_sigmask, r->saved);
		set_restore_sigmask();
	}
	rb->arch_data = is32 ? TS_COMPAT : 0;
	switch (r->wait) {
	case VMAD_WAIT_SLEEP:
	case VMAD_WAIT_SLEEP_OLD:
		clock_now(r->clock, &now);
		rb->nanosleep.clockid = r->clock;
		rb->nanosleep.type = !r->address	     ? TT_NONE :
				     r->wait == VMAD_WAIT_SLEEP ? TT_NATIVE :
								  TT_COMPAT;
		rb->nanosleep.rmtp = at;
		rb->nanosleep.expires = ktime_add_safe(now, left);
		rb->fn = ks_hrtimer_nanosleep_restart;
		break;
	case VMAD_WAIT_POLL:
		bproc_set_poll_end(rb, ktime_add_safe(ktime_get(), left));
		fallthrough;
	case VMAD_WAIT_FOREVER:
		rb->poll.has_timeout = r->wait == VMAD_WAIT_POLL;
		rb->poll.ufds = at;
		rb->poll.nfds = r->count;
		rb->fn = ks_do_restart_poll;
		break;
	}
	/* Else nothing would look at the result. */
	set_thread_flag(TIF_NOTIFY_SIGNAL);
}
