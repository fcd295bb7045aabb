// SPDX-License-Identifier: GPL-2.0-only
/* What a ghost's own task does: wait, forward signals, show what it stands for. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/freezer.h>
#include <linux/mm.h>
#include <linux/sched/cputime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cred.h"
#include "family.h"
#include "find.h"
#include "ghost.h"
#include "kcompat.h"
#include "ksyms.h"
#include "orphan.h"
#include "report.h"
#include "signals.h"
#include "space.h"

/*
 * A ghost holds back every signal, SIGKILL and SIGSTOP too: they are queued, and the
 * ghost takes them from its queue and sends them on. So no signal can end or stop a
 * ghost while the process that it stands for has not ended or stopped.
 */
static int hold_back_all_signals(struct bproc_space *s)
{
	struct k_sigaction *child = &bproc_sighand()->action[SIGCHLD - 1];
	int err = bproc_hold_back_signals();

	if (err)
		return err;
	spin_lock_irq(&bproc_sighand()->siglock);
	/*
	 * On a node children of a ghost that end are nobody's here. On the master they may
	 * stay: see bproc_family_reap().
	 */
	child->sa.sa_handler = SIG_DFL;
	child->sa.sa_flags = bproc_is_master(s) ? 0 : SA_NOCLDWAIT;
	spin_unlock_irq(&bproc_sighand()->siglock);
	return 0;
}

/* Let the task stop by @sig when it returns to user mode, and be killed while it is. */
static void stop_on_return(int sig)
{
	spin_lock_irq(&bproc_sighand()->siglock);
	bproc_sighand()->action[sig - 1].sa.sa_handler = SIG_DFL;
	sigdelset(&current->blocked, sig);
	sigdelset(&current->blocked, SIGKILL);
	recalc_sigpending();
	spin_unlock_irq(&bproc_sighand()->siglock);
	send_sig(sig, current, 0);
}

/* Has the parent ended since the last look? */
static bool parent_changed(struct bproc_ghost *g)
{
	pid_t ppid = task_ppid_nr_ns(current, g->space->ns);
	pid_t old = g->ppid;

	g->ppid = ppid;
	return ppid != old;
}

/*
 * The kernel's own are for the process, whoever's it is; but not those that tell of a file,
 * which anybody can have told to whom he may signal. For all others that was asked, too.
 */
static u32 meant_for(const struct bproc_ghost *g, const kernel_siginfo_t *info)
{
	if (info->si_code == SI_KERNEL && info->si_signo != SIGIO && info->si_signo != SIGURG)
		return 0;
	return bproc_ghost_owner(g);
}

static void handle_signal(struct bproc_ghost *g, const kernel_siginfo_t *info)
{
	int sig = info->si_signo;
	bool swallow;

	if (sig == BPROC_PARENT_DIED && bproc_orphan_signal(g, info))
		return;
	if (sig == SIGCHLD && info->si_code > 0) {
		bproc_procs_check_stops(g->space);
		WRITE_ONCE(g->reap, true);
		return;
	}
	if (READ_ONCE(g->ended)) {
		/* Nobody is there; who is in a hurry does not wait for output. */
		if (sig == SIGKILL)
			bproc_ghost_end(g, g->status);
		return;
	}
	if (sig == SIGCONT) {
		spin_lock(&g->lock);
		swallow = g->cont;
		g->cont = false;
		spin_unlock(&g->lock);
		if (swallow)
			return;
	}
	bproc_forward_signal(g->space, g->node, g->nr, info, meant_for(g, info));
}

/* The arguments go into memory that the stub set aside; ps(1) reads them from there. */
static void show_name(struct bproc_name *name, const struct bproc_ghost_next *arg)
{
	struct mm_struct *mm = current->mm;
	u32 len = min(name->args_len, arg->args_len);

	ks___set_task_comm(current, name->comm, false);
	/* From then on its parent cannot change its group any more. */
	if (name->executed)
		current->flags &= ~PF_FORKNOEXEC;
	if (!len || copy_to_user(u64_to_user_ptr(arg->args), name->args, len))
		return;
	if (put_user('\0', (char __user *)(unsigned long)arg->args + len - 1))
		return;
	spin_lock(&mm->arg_lock);
	mm->arg_start = arg->args;
	mm->arg_end = arg->args + len;
	/* Else a text without a NUL at its end would be taken to go on there. */
	mm->env_start = mm->arg_end;
	mm->env_end = mm->arg_end;
	spin_unlock(&mm->arg_lock);
}

/* The process has others than it had. */
static void change_cred(struct bproc_ghost *g)
{
	WRITE_ONCE(g->cred_changed, false);
	if (bproc_cred_wear(g))
		pr_notice_ratelimited("ghost %d keeps its credentials: no memory\n", g->nr);
	/* To the kernel this ends the wish to hear of the parent's end. */
	bproc_orphan_listen(g);
}

static bool something_to_do(struct bproc_ghost *g)
{
	/* Reads without the lock: a waker changes the state first, then wakes. */
	return READ_ONCE(g->state) > BPROC_GHOST_LIVE || READ_ONCE(g->name) ||
	       READ_ONCE(g->reap) || READ_ONCE(g->cred_changed) ||
	       (READ_ONCE(g->state) == BPROC_GHOST_LIVE &&
		((bproc_signals_wait() && !bproc_ghost_is_local(g)) || READ_ONCE(g->stop) || !list_empty(&g->ops) ||
		 task_ppid_nr_ns(current, g->space->ns) != g->ppid));
}

/*
 * signalfd's queue is woken for every signal that is sent, held back or not; it lives
 * as long as the sighand of the current task.
 */
static int ghost_sleep(struct bproc_ghost *g)
{
	DEFINE_WAIT_FUNC(by_signal, woken_wake_function);
	DEFINE_WAIT_FUNC(by_others, woken_wake_function);
	int ret = 0;

	add_wait_queue(&bproc_sighand()->signalfd_wqh, &by_signal);
	add_wait_queue(&g->wait, &by_others);
	while (!something_to_do(g)) {
		if (signal_pending(current)) {
			/* Not a signal, they are held back: freezer, debugger, task work. */
			ret = -ERESTARTNOINTR;
			break;
		}
		set_current_state(TASK_INTERRUPTIBLE);
		if (!something_to_do(g) && !signal_pending(current))
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	remove_wait_queue(&g->wait, &by_others);
	remove_wait_queue(&bproc_sighand()->signalfd_wqh, &by_signal);
	return ret;
}

/* A child's ghost is to have what a child of the process has. */
static bool give_cred(struct bproc_ghost *g, struct bproc_ghost *child)
{
	const struct cred *parents = bproc_ghost_get_cred(g), *own = bproc_cred_of_fork(parents);

	put_cred(parents);
	if (own) {
		bproc_ghost_replace_cred(child, NULL, own);
		bproc_ghost_said_users(child, g->said_uid, g->said_suid);
	}
	return own;
}

static int hand_out(struct bproc_ghost *g, struct bproc_ghost_order *op,
		    struct bproc_ghost_next *arg)
{
	int fd = -1;

	if (op->file) {
		bool arrives = op->op == BPROC_GHOST_ARRIVE;
		bool expected = true;

		if (arrives)
			expected = bproc_ghost_expect(g, op->file);
		else if (op->op == BPROC_GHOST_FORK)
			expected = give_cred(g, op->file->private_data);
		if (expected)
			fd = get_unused_fd_flags(0);
		if (fd < 0) {
			if (arrives && expected)
				bproc_ghost_expect_no_more(g);
			/* A stream or a new ghost: its last close tells who waits for it. */
			if (arrives)
				bproc_ghost_arrival_failed(g);
			bproc_ghost_order_free(op);
			return 0;
		}
		fd_install(fd, op->file);
		op->file = NULL;
		/*
		 * The files that the process wants to have may keep it waiting for ever. Where a
		 * vector call's caller is, that one waits for the answer.
		 */
		if (arrives && !bproc_ghost_is_local(g))
			bproc_ghost_set_executing(g, true);
	}
	arg->op = op->op;
	arg->flags = op->flags;
	arg->pid = op->pid;
	arg->fd = fd;
	bproc_ghost_order_free(op);
	return 1;
}

/* How often, at intervals of 2 ms, a number that is in use is tried. */
#define CHILD_TRIES 500

/* The stub could not make a child: the stream comes back. */
static void try_child_again(struct bproc_ghost *g, const struct bproc_ghost_next *arg)
{
	struct file *stream = fget(arg->fd);

	if (!stream)
		return;
	close_fd(arg->fd);
	if (arg->flags < CHILD_TRIES) {
		msleep(2);
		bproc_ghost_order_again(g, arg->flags + 1, arg->pid, stream);
	}
	fput(stream);
}

/* A new ghost's first call. */
static int first_call(struct bproc_ghost *g)
{
	struct bproc_msgbuf *buf;
	int err;

	err = bproc_ghost_bind(g);
	if (err)
		return err;
	if (!g->fork_id)
		return 0;
	buf = bproc_msg_alloc(BPROC_MSG_FORKED, g->node, g->nr, 0, GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = g->fork_id;
	g->fork_id = 0;
	/* Live first: what the child asks of the master is asked by a process that is known. */
	bproc_ghost_go_live(g);
	bproc_msgq_post(&g->space->msgq, buf);
	return 0;
}

static void ghost_exit(struct bproc_ghost *g)
{
	int status;

	spin_lock(&g->lock);
	status = g->status;
	g->state = BPROC_GHOST_GONE;
	spin_unlock(&g->lock);
	ks_do_group_exit(status);
}

/* Do what can be done here. Return: 1 if there is something for user space. */
static int ghost_work(struct bproc_ghost *g, struct bproc_ghost_next *arg)
{
	struct bproc_ghost_order *op;
	struct bproc_name *name;
	kernel_siginfo_t info;
	bool goes_on;
	int stop = 0;

	spin_lock(&g->lock);
	name = g->name;
	g->name = NULL;
	spin_unlock(&g->lock);
	if (name) {
		show_name(name, arg);
		kfree(name);
	}
	if (parent_changed(g))
		bproc_orphan_tell(g);
	if (READ_ONCE(g->state) == BPROC_GHOST_LIVE && !bproc_ghost_is_local(g))
		while (bproc_take_signal(&info))
			handle_signal(g, &info);
	if (READ_ONCE(g->reap)) {
		WRITE_ONCE(g->reap, false);
		bproc_family_reap(g);
	}
	/* Before the exit: the children of a process are there before it ends. */
	op = bproc_ghost_take_order(g);
	/* After that, so that a child has what the process had when it forked, or less. */
	if (READ_ONCE(g->cred_changed))
		change_cred(g);
	if (op && op->op == BPROC_GHOST_FIND) {
		/* On a file system that may be anybody's. */
		bproc_ghost_set_executing(g, true);
		bproc_find_answer(g, op->id, op->path);
		bproc_ghost_order_free(op);
		bproc_ghost_set_executing(g, false);
		return fatal_signal_pending(current);
	}
	if (op)
		return hand_out(g, op, arg);
	if (READ_ONCE(g->state) == BPROC_GHOST_EXITING)
		ghost_exit(g);
	spin_lock(&g->lock);
	if (g->state == BPROC_GHOST_LIVE && g->stop) {
		stop = g->stop;
		g->stop = 0;
		g->stopping = true;
		/* A signal that stops has taken away one that would let it go on. */
		g->cont = false;
	}
	spin_unlock(&g->lock);
	if (stop) {
		stop_on_return(stop);
		/* The stop has taken away one that came between the two. */
		spin_lock(&g->lock);
		goes_on = g->cont;
		spin_unlock(&g->lock);
		if (goes_on)
			send_sig(SIGCONT, current, 1);
		return 1;
	}
	return 0;
}

/**
 * bproc_ghost_next - BPROC_IOC_GHOST_NEXT
 * @g: the ghost
 * @uarg: what the stub says, and is told
 *
 * Return: 0 with something to do in @uarg, or -errno, upon which the stub ends.
 */
long bproc_ghost_next(struct bproc_ghost *g, struct bproc_ghost_next __user *uarg)
{
	struct bproc_ghost_next arg;
	int ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (!thread_group_empty(current) || (g->nr && g->task != current))
		return -EINVAL;
	ret = hold_back_all_signals(g->space);
	if (ret)
		return ret;
	if (!g->nr) {
		ret = first_call(g);
		if (ret && READ_ONCE(g->state) != BPROC_GHOST_EXITING)
			return ret;
	} else if (arg.op == BPROC_GHOST_ARRIVE_CHILD && arg.result == -EEXIST) {
		try_child_again(g, &arg);
	}
	ret = bproc_is_master(g->space) ? 0 : bproc_cred_regain_root(g->space);
	if (ret)
		return ret;
	bproc_orphan_listen(g);
	WRITE_ONCE(g->reap, true);
	spin_lock(&g->lock);
	g->stopping = false;
	g->executing = false;
	spin_unlock(&g->lock);

	arg.op = BPROC_GHOST_NONE;
	arg.flags = 0;
	arg.fd = -1;
	arg.pid = 0;
	while (!(ret = ghost_work(g, &arg))) {
		ret = ghost_sleep(g);
		if (ret)
			return ret;
	}
	return copy_to_user(uarg, &arg, sizeof(arg)) ? -EFAULT : 0;
}
