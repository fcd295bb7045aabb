// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hook on the kernel's PID allocator: forks on a node get their PID from the master.
 *
 * It acts only for PID namespaces that are nodes; in all others the allocator runs as
 * ever. The master's answer means that the ghost is there already, so that its limits
 * apply and the child is known before it runs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <asm/unistd.h>
#include <uapi/linux/sched.h>

#include "call.h"
#include "ghost.h"
#include "hook.h"
#include "kcompat.h"
#include "ksyms.h"
#include "pidhook.h"
#include "proc.h"
#include "space.h"
#include "trace.h"

/* Looks, when the parent returns to user mode, whether its fork made the child. */
struct fork_check {
	struct callback_head work;
	struct bproc_space *space;
	pid_t nr;
	pid_t key;
};

static const struct cred *root_cred;

static LIST_HEAD(wanted);
static DEFINE_SPINLOCK(wanted_lock);

/**
 * bproc_number_want - the caller is going to make a child, not by a system call of its own
 * @number: on its stack
 */
void bproc_number_want(struct bproc_number *number)
{
	spin_lock(&wanted_lock);
	list_add(&number->entry, &wanted);
	spin_unlock(&wanted_lock);
}

/* The child is made, or not. */
void bproc_number_got(struct bproc_number *number)
{
	spin_lock(&wanted_lock);
	list_del(&number->entry);
	spin_unlock(&wanted_lock);
}

/* Return: -1 if the driver does not want any for the current task. */
static pid_t wanted_number(u64 *flags)
{
	struct bproc_number *number;
	pid_t nr = -1;

	spin_lock(&wanted_lock);
	list_for_each_entry(number, &wanted, entry)
		if (number->task == current) {
			nr = number->nr;
			*flags = number->flags;
		}
	spin_unlock(&wanted_lock);
	return nr;
}

/**
 * bproc_unfork - a number that the master gave is not used after all
 * @s: the node
 * @nr: the number
 */
void bproc_unfork(struct bproc_space *s, pid_t nr)
{
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_UNFORK, s->node, nr, 0, GFP_KERNEL | __GFP_NOFAIL);
	bproc_msgq_post(&s->msgq, buf);
}

/* FORKED came. */
void bproc_fork_answered(struct bproc_space *s, const struct bproc_msg *m)
{
	/* It was killed meanwhile. */
	if (!bproc_call_answered(s, m) && !m->result)
		bproc_unfork(s, m->pid);
}

/*
 * What kind of fork is it? The allocator is not told; the system call's arguments tell.
 * A caller that changes clone3's arguments meanwhile deceives only itself: the driver
 * compares the answer with what was made, and kills what does not fit.
 */
static u64 clone_flags(void)
{
	const struct pt_regs *regs = task_pt_regs(current);
	unsigned long nr = regs->orig_ax & ~__X32_SYSCALL_BIT;
	bool compat = in_32bit_syscall();
	u64 flags;

	if (current->flags & (PF_IO_WORKER | PF_KTHREAD))
		return CLONE_THREAD;
	if (nr == (compat ? __NR_ia32_fork : __NR_fork) ||
	    nr == (compat ? __NR_ia32_vfork : __NR_vfork))
		return 0;
	if (nr == (compat ? __NR_ia32_clone : __NR_clone))
		return compat ? (u32)regs->bx : regs->di;
	if (nr == __NR_clone3) {
		unsigned long args = compat ? (u32)regs->bx : regs->di;

		return get_user(flags, (u64 __user *)args) ? 0 : flags;
	}
	/* The kernel's own helpers of a process, such as io_uring's. */
	return CLONE_THREAD;
}

/* Ask the master. Return: the number, or -errno. */
static int request_number(struct bproc_space *s, u64 flags)
{
	struct bproc_call answer = { .done = false };
	struct bproc_msg_fork *body;
	struct bproc_msgbuf *buf;
	int err;

	buf = bproc_msg_alloc(BPROC_MSG_FORK, s->node, task_tgid_nr_ns(current, s->ns),
			      sizeof(*body), GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	body = (void *)buf->body;
	if (flags & CLONE_THREAD)
		body->flags |= BPROC_FORK_THREAD;
	else if (flags & CLONE_PARENT)
		body->flags |= BPROC_FORK_SIBLING;
	err = bproc_call_and_wait(s, buf, &answer);
	if (!err && answer.result < 0)
		err = answer.result;
	if (err)
		return err;
	return answer.pid > 0 ? answer.pid : -EIO;
}

static void fork_check(struct callback_head *work)
{
	struct fork_check *c = container_of(work, struct fork_check, work);

	if (bproc_proc_discard_unborn(c->space, c->key, c->nr))
		bproc_unfork(c->space, c->nr);
	bproc_space_put(c->space);
	kfree(c);
	bproc_trace_put();
}

/* Make the entry, and have its birth checked. Return: 0 or -ENOMEM. */
static int expect_child(struct bproc_space *s, struct pid *pid, pid_t nr, bool thread)
{
	struct fork_check *c = kmalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	struct bproc_proc *p = bproc_proc_alloc(s, nr, pid_nr(pid), thread);
	int err = -ENOMEM;

	if (!c || !p)
		goto err;
	err = bproc_proc_insert(s, p);
	if (err)
		goto err;
	bproc_space_get(s);
	c->space = s;
	c->nr = nr;
	c->key = pid_nr(pid);
	init_task_work(&c->work, fork_check);
	bproc_trace_get();
	if (task_work_add(current, &c->work, TWA_RESUME)) {
		/* The caller is exiting; its fork will not succeed. */
		bproc_trace_put();
		bproc_space_put(s);
		kfree(c);
	}
	return 0;
err:
	kfree(c);
	bproc_proc_free(p);
	return err;
}

static struct pid *alloc_with_number(struct bproc_space *s, pid_t nr)
{
	const struct cred *old;
	struct pid *pid;
	int tries;

	/*
	 * The number's last owner here may not be quite gone: the master heard of its
	 * end when it became a zombie.
	 */
	for (tries = 0; tries < 50; tries++) {
		old = override_creds(root_cred);
		pid = ks_alloc_pid(s->ns, &nr, 1);
		revert_creds(old);
		if (!IS_ERR(pid) || PTR_ERR(pid) != -EEXIST)
			return pid;
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		msleep(2);
	}
	return pid;
}

static struct pid *node_alloc_pid(struct bproc_space *s, u64 flags)
{
	struct pid *pid;
	int nr, err;

	nr = request_number(s, flags);
	if (nr < 0)
		return ERR_PTR(nr);
	pid = alloc_with_number(s, nr);
	if (IS_ERR(pid)) {
		bproc_unfork(s, nr);
		return pid;
	}
	err = expect_child(s, pid, nr, flags & CLONE_THREAD);
	if (err) {
		ks_free_pid(pid);
		bproc_unfork(s, nr);
		return ERR_PTR(err);
	}
	return pid;
}

/* Runs in place of the kernel's alloc_pid() in a node's namespace; may sleep. */
static noinline struct pid *hooked_alloc_pid(struct pid_namespace *ns, pid_t *set_tid,
					     size_t set_tid_size)
{
	struct bproc_space *s;
	struct pid *pid;
	u64 flags = 0;
	pid_t nr;

	bproc_trace_get();
	s = bproc_space_of(ns);
	nr = s && !set_tid_size ? wanted_number(&flags) : -1;
	if (nr > 0) {
		pid = alloc_with_number(s, nr);
	} else if (!s || bproc_is_master(s) || set_tid_size || is_child_reaper(task_pid(current)) ||
	    (nr && bproc_task_is_ghost(s, current))) {
		pid = ks_alloc_pid(ns, set_tid, set_tid_size);
	} else {
		/* Before it counts: they are in the caller's memory. */
		if (nr)
			flags = clone_flags();
		atomic_inc(&s->hooked);
		pid = node_alloc_pid(s, flags);
		if (atomic_dec_and_test(&s->hooked))
			wake_up_all(&s->idle);
	}
	bproc_space_put(s);
	bproc_trace_put();
	return pid;
}

static void notrace divert(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *op,
			   struct ftrace_regs *fregs)
{
	struct pid_namespace *ns = (void *)ftrace_get_regs(fregs)->di;
	struct bproc_space *s;

	if (within_module(parent_ip, THIS_MODULE))
		return;
	rcu_read_lock();
	s = bproc_space_of_rcu(ns);
	if (s && !bproc_is_master(s))
		ftrace_regs_set_instruction_pointer(fregs, (unsigned long)hooked_alloc_pid);
	rcu_read_unlock();
}

static struct ftrace_ops hook = {
	.func = divert,
	.flags = BPROC_HOOK_FLAGS | FTRACE_OPS_FL_IPMODIFY,
};

/**
 * bproc_pidhook_init - set the hook, at load
 *
 * Return: 0 or -errno.
 */
int bproc_pidhook_init(void)
{
	int err;

	root_cred = bproc_prepare_root_cred();
	if (!root_cred)
		return -ENOMEM;
	err = bproc_hook_register(&hook, bproc_ksym_address("alloc_pid"), "alloc_pid");
	if (err)
		put_cred(root_cred);
	return err;
}

/* At unload; forks that are under way are waited for by bproc_trace_exit(). */
void bproc_pidhook_exit(void)
{
	bproc_hook_unregister(&hook);
	/* A task may be between the kernel's code and the hook's first instruction. */
	synchronize_rcu_tasks();
	put_cred(root_cred);
}
