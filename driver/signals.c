// SPDX-License-Identifier: GPL-2.0-only
/* Signals between the parts of the process space. */
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/signal.h>

#include "ghost.h"
#include "kcompat.h"
#include "ksyms.h"
#include "proc.h"
#include "report.h"
#include "signals.h"
#include "space.h"

/**
 * bproc_signals_wait - are there signals in the caller's queue, held back or not?
 *
 * Under the lock: a sender wakes signalfd's queue before it adds the signal.
 */
bool bproc_signals_wait(void)
{
	bool ret;

	spin_lock_irq(&bproc_sighand()->siglock);
	ret = !sigisemptyset(&current->pending.signal) ||
	      !sigisemptyset(&current->signal->shared_pending.signal);
	spin_unlock_irq(&bproc_sighand()->siglock);
	return ret;
}

static bool take_signal_but(sigset_t *these, kernel_siginfo_t *info)
{
	enum pid_type type;
	int sig;

	spin_lock_irq(&bproc_sighand()->siglock);
	sig = bproc_dequeue_signal(these, info, &type);
	spin_unlock_irq(&bproc_sighand()->siglock);
	return sig > 0;
}

/* Take a signal from the caller's queue, held back or not. Return: was there one? */
bool bproc_take_signal(kernel_siginfo_t *info)
{
	sigset_t none;

	sigemptyset(&none);
	return take_signal_but(&none, info);
}

static void pack_signal(struct bproc_msg_signal *m, pid_t nr, const kernel_siginfo_t *info,
			u32 owner)
{
	m->signo = info->si_signo;
	m->code = info->si_code;
	m->errno_ = info->si_errno;
	m->owner = owner;
	/* To a thread: it has no other. */
	if (info->si_code == SI_TKILL)
		m->tid = nr;
	switch (ks_siginfo_layout(info->si_signo, info->si_code)) {
	case SIL_RT:
		m->value = (unsigned long)info->si_ptr;
		fallthrough;
	case SIL_KILL:
		m->pid = info->si_pid;
		m->uid = info->si_uid;
		break;
	default:
		m->code = SI_KERNEL;
		break;
	}
}

/**
 * bproc_pack_signals - take what waits in the queue of the caller, who is about to leave
 * @nr: its PID
 * @to: filled; zeroed before
 * @room: how many fit
 *
 * Those that tell of children stay: their ghosts tell of them anew where it goes.
 *
 * Return: how many there were.
 */
size_t bproc_pack_signals(pid_t nr, struct bproc_msg_signal *to, size_t room)
{
	kernel_siginfo_t info;
	sigset_t but;
	size_t n;

	siginitset(&but, sigmask(SIGCHLD));
	for (n = 0; n < room && take_signal_but(&but, &info); n++)
		pack_signal(&to[n], nr, &info, BPROC_SIGNAL_OWN);
	return n;
}

/**
 * bproc_forward_signal - send a signal to where the process is
 * @s: the space from which it goes
 * @node: where the process is
 * @nr: the process
 * @info: the signal as it was queued
 * @owner: as in struct bproc_msg_signal
 */
void bproc_forward_signal(struct bproc_space *s, int node, pid_t nr,
			  const kernel_siginfo_t *info, u32 owner)
{
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_SIGNAL, node, nr, sizeof(struct bproc_msg_signal),
			      GFP_KERNEL | __GFP_NOFAIL);
	pack_signal((void *)buf->body, nr, info, owner);
	bproc_msgq_post(&s->msgq, buf);
}

/**
 * bproc_signal_info - what a process gets with a signal that came in a message
 * @info: filled
 * @m: the signal; hostile until checked here
 *
 * Return: 0 or -EINVAL.
 */
int bproc_signal_info(struct kernel_siginfo *info, const struct bproc_msg_signal *m)
{
	if (m->signo <= 0 || !valid_signal(m->signo))
		return -EINVAL;
	clear_siginfo(info);
	info->si_signo = m->signo;
	info->si_errno = m->errno_;
	/* Only what a process can send: the kernel's own codes select other layouts. */
	info->si_code = m->code <= 0 && m->code != SI_TKILL ? m->code : SI_USER;
	if (info->si_code == SI_TIMER || info->si_code == SI_SIGIO)
		info->si_code = SI_QUEUE;
	info->si_pid = m->pid;
	info->si_uid = m->uid;
	if (info->si_code != SI_USER)
		info->si_ptr = (void __user *)(unsigned long)m->value;
	if (m->tid)
		info->si_code = SI_TKILL;
	return 0;
}

/*
 * Who may signal a ghost on a node was asked by that kernel; but the process that it stood
 * for may have ended, and somebody else's have its number.
 */
static bool is_meant(struct bproc_space *s, pid_t nr, struct task_struct *task,
		     const struct bproc_msg_signal *m)
{
	kuid_t owner = make_kuid(&init_user_ns, m->owner);
	const struct cred *cred;
	struct bproc_ghost *g;
	bool ret;

	if (m->owner == BPROC_SIGNAL_OWN || !m->owner)
		return true;
	/* Codes that only the kernel can give. Of SIGKILL it does not keep who sent it. */
	if ((m->code == SI_USER || m->code == SI_TKILL) && !m->uid && m->pid)
		return true;
	g = bproc_ghost_find(s, nr);
	if (g) {
		ret = bproc_ghost_is_users(g, owner);
		bproc_ghost_put(g);
		return ret;
	}
	rcu_read_lock();
	cred = __task_cred(task);
	ret = uid_eq(owner, cred->uid) || uid_eq(owner, cred->suid);
	rcu_read_unlock();
	return ret;
}

/**
 * bproc_deliver_signal - deliver a signal that came in a message
 * @s: the space
 * @nr: the process
 * @m: the signal; hostile until checked here
 *
 * The caller must live in the space's PID namespace, or the kernel takes the sender's
 * PID away from the receiver. Permission was checked where the signal was sent.
 *
 * Return: 0, -EINVAL, or -ESRCH.
 */
int bproc_deliver_signal(struct bproc_space *s, pid_t nr, const struct bproc_msg_signal *m)
{
	struct task_struct *task;
	struct kernel_siginfo info;
	int err;

	err = bproc_signal_info(&info, m);
	if (err)
		return err;
	task = bproc_space_task(s, m->tid ? m->tid : nr);
	if (!task)
		return -ESRCH;
	if (bproc_task_is_init(task)) {
		put_task_struct(task);
		return -EPERM;
	}
	if ((m->tid && task_tgid_nr_ns(task, s->ns) != nr) ||
	    (bproc_is_master(s) && !is_meant(s, nr, task, m))) {
		put_task_struct(task);
		return -ESRCH;
	}
	err = bproc_proc_signal(s, task, &info, m->tid ? PIDTYPE_PID : PIDTYPE_TGID);
	if (m->signo == SIGCONT)
		bproc_proc_continued(s, task);
	put_task_struct(task);
	return err;
}

/**
 * bproc_give_signals - a process that arrives has those with which it left
 * @task: the process
 * @m: GO, with them or without; hostile until checked here
 *
 * Does not sleep. For the caller see bproc_deliver_signal().
 */
void bproc_give_signals(struct task_struct *task, const struct bproc_msg *m)
{
	const struct bproc_msg_signal *sig = (const void *)(m + 1);
	size_t n = (m->size - sizeof(*m)) / sizeof(*sig);
	struct kernel_siginfo info;

	for (; n--; sig++) {
		if (!bproc_signal_info(&info, sig))
			ks_do_send_sig_info(info.si_signo, &info, task,
					    sig->tid ? PIDTYPE_PID : PIDTYPE_TGID);
	}
}

/* One of these in the caller's queue was meant for nobody. siglock is held. */
static bool drop(int sig)
{
	enum pid_type type;
	kernel_siginfo_t info;
	sigset_t others;

	lockdep_assert_held(&bproc_sighand()->siglock);
	sigfillset(&others);
	sigdelset(&others, sig);
	return bproc_dequeue_signal(&others, &info, &type) == sig;
}

/**
 * bproc_signal_drop - take a signal from the caller's queue, if it is there
 * @sig: the signal
 *
 * Return: was it?
 */
bool bproc_signal_drop(int sig)
{
	bool ret;

	spin_lock_irq(&bproc_sighand()->siglock);
	ret = drop(sig);
	recalc_sigpending();
	spin_unlock_irq(&bproc_sighand()->siglock);
	return ret;
}

/**
 * bproc_hold_back_signals - all signals wait for the calling ghost, SIGKILL too
 *
 * Return: 0, or -EINTR if SIGKILL has come before: to hide that would change the status.
 */
int bproc_hold_back_signals(void)
{
	int err = 0;

	spin_lock_irq(&bproc_sighand()->siglock);
	if (current->signal->flags & SIGNAL_GROUP_EXIT)
		err = -EINTR;
	else
		sigfillset(&current->blocked);
	recalc_sigpending();
	spin_unlock_irq(&bproc_sighand()->siglock);
	return err;
}

/**
 * bproc_hold_signals - let all signals but SIGKILL wait
 * @saved: receives what the caller blocks itself
 *
 * While a move is under way none of them is to break it off half-way: afterwards they are
 * taken by the process, or sent on by its ghost. SIGKILL alone ends the caller, and the
 * move.
 *
 * Return: for bproc_release_signals().
 */
bool bproc_hold_signals(sigset_t *saved)
{
	bool had_pipe;

	spin_lock_irq(&bproc_sighand()->siglock);
	*saved = current->blocked;
	had_pipe = sigismember(&current->pending.signal, SIGPIPE);
	sigfillset(&current->blocked);
	sigdelset(&current->blocked, SIGKILL);
	recalc_sigpending();
	spin_unlock_irq(&bproc_sighand()->siglock);
	return had_pipe;
}

/**
 * bproc_release_signals - the end of bproc_hold_signals()
 * @saved: from there
 * @had_pipe: likewise
 */
void bproc_release_signals(const sigset_t *saved, bool had_pipe)
{
	spin_lock_irq(&bproc_sighand()->siglock);
	/* A broken stream's SIGPIPE: nobody sent it. */
	if (!had_pipe && sigismember(&current->pending.signal, SIGPIPE))
		drop(SIGPIPE);
	current->blocked = *saved;
	recalc_sigpending();
	spin_unlock_irq(&bproc_sighand()->siglock);
}
