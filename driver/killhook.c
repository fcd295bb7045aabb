// SPDX-License-Identifier: GPL-2.0-only
/*
 * kill(2), sigqueue(3) and tgkill(2) on a node reach the whole process space. A process that is
 * on the node is the kernel's business. For all else, also where a ghost has the number, and for
 * groups, the master is asked: it alone knows where everybody is, and whose.
 */
#include <linux/compat.h>
#include <linux/compiler.h>
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>

#include "arrival.h"
#include "call.h"
#include "ghost.h"
#include "hook.h"
#include "kcompat.h"
#include "kill.h"
#include "ksyms.h"
#include "proc.h"
#include "serve.h"
#include "space.h"

enum which {
	KILL,
	SIGQUEUE,
	TGKILL,
	KILL_32,
	SIGQUEUE_32,
	TGKILL_32,
};

/* Not in tail position: the hook knows our calls by where they return to. */
static noinline long original(int which, const struct pt_regs *regs)
{
	long ret = -ENOSYS;

	switch (which) {
	case KILL:
		ret = ks_kill(regs);
		break;
	case SIGQUEUE:
		ret = ks_sigqueue(regs);
		break;
	case TGKILL:
		ret = ks_tgkill(regs);
		break;
#ifdef CONFIG_IA32_EMULATION
	case KILL_32:
		ret = ks_kill_32(regs);
		break;
	case SIGQUEUE_32:
		ret = ks_sigqueue_32(regs);
		break;
	case TGKILL_32:
		ret = ks_tgkill_32(regs);
		break;
#endif
	default:
		break;
	}
	OPTIMIZER_HIDE_VAR(ret);
	return ret;
}

static pid_t target_of(enum which which, const struct pt_regs *regs)
{
	return which < KILL_32 ? regs->di : regs->bx;
}

static long kill_myself(enum which which, const struct pt_regs *regs, pid_t me)
{
	struct pt_regs mine = *regs;

	if (which < KILL_32)
		mine.di = me;
	else
		mine.bx = me;
	return original(which, &mine);
}

/* Who changes it meanwhile says nothing that he could not have said. */
static int get_info(enum which which, const struct pt_regs *regs,
		    struct bproc_msg_signal *sig)
{
	if (which == SIGQUEUE) {
		struct kernel_siginfo info;

		if (copy_from_user(&info, (void __user *)regs->dx, sizeof(info)))
			return -EFAULT;
		sig->code = info.si_code;
		sig->errno_ = info.si_errno;
		sig->value = (unsigned long)info.si_ptr;
#ifdef CONFIG_IA32_EMULATION
	} else if (which == SIGQUEUE_32) {
		struct compat_siginfo info;

		if (copy_from_user(&info, compat_ptr(regs->dx), sizeof(info)))
			return -EFAULT;
		sig->code = info.si_code;
		sig->errno_ = info.si_errno;
		sig->value = info.si_ptr;
#endif
	} else {
		return 0;
	}
	/* The kernel's rule, for others than the caller. */
	return sig->code >= 0 || sig->code == SI_TKILL ? -EPERM : 0;
}

static int make_call(struct bproc_space *s, enum which which, const struct pt_regs *regs,
		     pid_t target, struct bproc_msg_call *call)
{
	int err;

	memset(call, 0, sizeof(*call));
	call->call = BPROC_CALL_KILL;
	call->after = target;
	call->signal.signo = which < KILL_32 ? regs->si : regs->cx;
	call->signal.code = SI_USER;
	err = get_info(which, regs, &call->signal);
	bproc_call_sign(s, call);
	return err;
}

static long ask_master(struct bproc_space *s, enum which which, const struct pt_regs *regs,
		       pid_t target)
{
	struct bproc_msg_call call;
	int err = make_call(s, which, regs, target, &call);

	return err ? err : bproc_call_master(s, &call, NULL, 0);
}

static void fill_killer(struct bproc_killer *k, struct bproc_space *s, int signo)
{
	const struct cred *cred = current_cred();

	memset(k, 0, sizeof(*k));
	k->space = s;
	k->sender = current;
	k->node = BPROC_NODE_NONE;
	k->uid = cred->uid;
	k->euid = cred->euid;
	k->capable = capable(CAP_KILL);
	clear_siginfo(&k->info);
	k->info.si_signo = signo;
	k->info.si_code = SI_USER;
	k->info.si_pid = task_tgid_nr_ns(current, s->ns);
	k->info.si_uid = from_kuid_munged(&init_user_ns, cred->uid);
}

/* The signals of kill(2) alone; sigqueue(3) is for one process. */
static int kill_here(struct bproc_space *s, int signo, pid_t target)
{
	struct bproc_killer k;

	fill_killer(&k, s, signo);
	return bproc_kill(&k, target);
}

/* Processes that may be on their way here at once, as far as group signals know of them. */
#define COMING_MAX 3000

/*
 * Signals those here, and tells the master to do so with those elsewhere; in between nobody
 * comes or goes, so that each process is hit once.
 */
static int kill_here_and_start(struct bproc_space *s, const struct bproc_msg_call *call,
			       int *ret, struct bproc_call *c)
{
	struct bproc_msg_call *body;
	struct bproc_msgbuf *buf;
	u32 n, room;
	int err;

	mutex_lock(&s->coming_and_going);
	*ret = kill_here(s, call->signal.signo, call->after);
	room = min_t(u32, bproc_arrivals_list(s, NULL, 0) + 16, COMING_MAX);
	buf = bproc_msg_alloc(BPROC_MSG_CALL, s->node, task_tgid_nr_ns(current, s->ns),
			      sizeof(*call) + room * sizeof(s32), GFP_KERNEL);
	if (buf) {
		body = (struct bproc_msg_call *)buf->body;
		*body = *call;
		n = bproc_arrivals_list(s, (s32 *)(body + 1), room);
		body->count = min(n, room);
		buf->msg.size = sizeof(buf->msg) + sizeof(*body) + body->count * sizeof(s32);
	}
	err = buf ? bproc_call_start(s, buf, c) : -ENOMEM;
	mutex_unlock(&s->coming_and_going);
	return err;
}

/*
 * To a group, or to all: to those here, by the driver and not by the kernel, which would
 * signal stand-ins as well; to those elsewhere; and to the caller, for which it may be
 * the end.
 */
static long kill_many(struct bproc_space *s, enum which which, const struct pt_regs *regs,
		      pid_t target)
{
	int signo = which == KILL ? regs->si : regs->cx;
	pid_t mine = task_pgrp_nr_ns(current, s->ns);
	struct bproc_call c = { .done = false };
	struct bproc_msg_call call;
	int ret, err;

	if (signo && !valid_signal(signo))
		return -EINVAL;
	if (!target)
		target = -mine;
	make_call(s, which, regs, target, &call);
	err = kill_here_and_start(s, &call, &ret, &c);
	if (!err)
		err = bproc_call_wait(s, &c);
	if (!err)
		err = c.result;
	if (err != -EIO)
		ret = bproc_kill_merge(ret, err);
	if (target == -mine)
		ret = bproc_kill_merge(ret, kill_myself(which, regs,
							task_tgid_nr_ns(current, s->ns)));
	return ret;
}

/* Who has just left is not here any more, though a task of it may be for a moment. */
static bool has_left(struct bproc_space *s, pid_t target)
{
	struct task_struct *task = bproc_space_task(s, target);
	bool ret;

	if (!task)
		return false;
	ret = bproc_proc_left(s, task->tgid);
	put_task_struct(task);
	return ret;
}

/*
 * Is it a ghost here? It has the user of the time when it was made, and the process may have
 * another one: the master knows.
 */
static bool is_elsewhere(struct bproc_space *s, pid_t target)
{
	struct bproc_ghost *g = bproc_ghost_find(s, target);
	bool ret = g && READ_ONCE(g->state) == BPROC_GHOST_LIVE && !READ_ONCE(g->ended) &&
		   !bproc_ghost_is_local(g);

	bproc_ghost_put(g);
	return ret;
}

static void make_tgkill(enum which which, const struct pt_regs *regs, struct bproc_msg_call *call)
{
	bool compat = which == TGKILL_32;

	memset(call, 0, sizeof(*call));
	call->call = BPROC_CALL_TGKILL;
	call->after = compat ? regs->bx : regs->di;
	call->node = compat ? regs->cx : regs->si;
	call->signal.signo = regs->dx;
	call->signal.code = SI_USER;
}

/* The master's kernel knows a ghost's number, and not those of its process's threads. */
static long tgkill_from_master(struct bproc_space *s, int which,
			       const struct pt_regs *regs)
{
	long ret = original(which, regs);
	struct bproc_msg_call call;
	struct bproc_killer k;
	bool valid;

	make_tgkill(which, regs, &call);
	if (ret != -ESRCH || call.after <= 0 || call.node <= 0)
		return ret;
	/* The kernel looks for the thread first. */
	valid = valid_signal((unsigned int)regs->dx);
	if (!valid)
		call.signal.signo = 0;
	bproc_call_sign(s, &call);
	fill_killer(&k, s, call.signal.signo);
	ret = bproc_kill_thread(&k, call.after, call.node);
	if (ret == -EREMOTE)
		ret = bproc_send_to_thread(s, call.signal.pid, &call);
	return valid || ret == -ESRCH ? ret : -EINVAL;
}

/* Did the master not hear of the signal, or not know yet who sends it? */
static bool is_unheard(long ret)
{
	return ret == -EIO || ret == -BPROC_BE_INVALIDPROC;
}

/*
 * What the master said of a ghost's process. To the kernel a child that has ended, and is
 * nobody for the master, is there till a wait.
 */
static long answer_or_original(long ret, int which, const struct pt_regs *regs)
{
	return ret == -ESRCH || is_unheard(ret) ? original(which, regs) : ret;
}

/* To one thread; those of a process here the kernel knows. */
static long tgkill_from_node(struct bproc_space *s, int which, const struct pt_regs *regs)
{
	struct bproc_msg_call call;
	struct task_struct *task;
	bool here = false;
	long ret;

	make_tgkill(which, regs, &call);
	if (call.node > 0 && is_elsewhere(s, call.after)) {
		bproc_call_sign(s, &call);
		return answer_or_original(bproc_call_master(s, &call, NULL, 0), which, regs);
	}
	ret = original(which, regs);
	if (ret != -ESRCH || call.after <= 0 || call.node <= 0 ||
	    bproc_proc_was_here(s, call.after))
		return ret;
	task = bproc_space_task(s, call.after);
	if (task) {
		here = bproc_proc_is_here(s, task->tgid);
		put_task_struct(task);
	}
	if (here)
		return ret;
	bproc_call_sign(s, &call);
	ret = bproc_call_master(s, &call, NULL, 0);
	return is_unheard(ret) ? -ESRCH : ret;
}

static long kill_from_node(struct bproc_space *s, int which, const struct pt_regs *regs)
{
	pid_t target = target_of(which, regs);
	long ret;

	if (target <= 0 && (which == KILL || which == KILL_32))
		return kill_many(s, which, regs, target);
	if (is_elsewhere(s, target))
		return answer_or_original(ask_master(s, which, regs, target), which, regs);
	ret = has_left(s, target) ? -ESRCH : original(which, regs);
	/* One that was here, and whose parent here knows of its end, is gone everywhere. */
	if (ret != -ESRCH || target <= 0 || bproc_proc_was_here(s, target))
		return ret;
	ret = ask_master(s, which, regs, target);
	return is_unheard(ret) ? -ESRCH : ret;
}

static long hooked(enum which which, const struct pt_regs *regs)
{
	return bproc_hook_call(which, regs, kill_from_node, NULL, original);
}

static long hooked_thread(enum which which, const struct pt_regs *regs)
{
	return bproc_hook_call(which, regs, tgkill_from_node, tgkill_from_master, original);
}

static asmlinkage long hooked_kill(const struct pt_regs *regs)
{
	return hooked(KILL, regs);
}

static asmlinkage long hooked_sigqueue(const struct pt_regs *regs)
{
	return hooked(SIGQUEUE, regs);
}

static asmlinkage long hooked_tgkill(const struct pt_regs *regs)
{
	return hooked_thread(TGKILL, regs);
}

#ifdef CONFIG_IA32_EMULATION
static asmlinkage long hooked_tgkill_32(const struct pt_regs *regs)
{
	return hooked_thread(TGKILL_32, regs);
}

static asmlinkage long hooked_kill_32(const struct pt_regs *regs)
{
	return hooked(KILL_32, regs);
}

static asmlinkage long hooked_sigqueue_32(const struct pt_regs *regs)
{
	return hooked(SIGQUEUE_32, regs);
}
#endif

static struct bproc_hook hooks[] = {
	{ "__x64_sys_kill", hooked_kill },
	{ "__x64_sys_rt_sigqueueinfo", hooked_sigqueue },
	{ "__x64_sys_tgkill", hooked_tgkill, .on_master = true },
#ifdef CONFIG_IA32_EMULATION
	{ "__ia32_sys_kill", hooked_kill_32 },
	{ "__ia32_compat_sys_rt_sigqueueinfo", hooked_sigqueue_32 },
	{ "__ia32_sys_tgkill", hooked_tgkill_32, .on_master = true },
#endif
};

/**
 * bproc_killhook_init - set the hooks, at load
 *
 * Return: 0 or -errno.
 */
int bproc_killhook_init(void)
{
	return bproc_hooks_set(hooks, ARRAY_SIZE(hooks));
}

/* At unload; calls that are under way are waited for by bproc_trace_exit(). */
void bproc_killhook_exit(void)
{
	bproc_hooks_clear(hooks, ARRAY_SIZE(hooks));
}
