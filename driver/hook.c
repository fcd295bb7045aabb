// SPDX-License-Identifier: GPL-2.0-only
/* System calls of processes on nodes, few of the master's, are led to functions of ours. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>

#include "hook.h"
#include "kcompat.h"
#include "ksyms.h"
#include "proc.h"
#include "space.h"
#include "trace.h"

static void notrace divert(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *op,
			   struct ftrace_regs *fregs)
{
	struct bproc_hook *h = op->private;
	struct bproc_space *s;

	if (within_module(parent_ip, THIS_MODULE))
		return;
	rcu_read_lock();
	s = bproc_space_of_rcu(task_active_pid_ns(current));
	if (s && (h->on_master || !bproc_is_master(s)))
		ftrace_regs_set_instruction_pointer(fregs, (unsigned long)h->instead);
	rcu_read_unlock();
}

/**
 * bproc_hook_register - from now on @ops is called where a function of the kernel begins
 * @ops: with function and flags
 * @address: the kernel's function
 * @function: its name
 *
 * Return: 0 or -errno.
 */
int bproc_hook_register(struct ftrace_ops *ops, unsigned long address, const char *function)
{
	int err = ftrace_set_filter_ip(ops, address, 0, 0);

	if (!err)
		err = register_ftrace_function(ops);
	if (err) {
		pr_err("cannot hook %s (error %d)%s\n", function, -err,
		       ops->flags & FTRACE_OPS_FL_IPMODIFY ? "; a live patch may hold it" : "");
		ftrace_free_filter(ops);
	}
	return err;
}

/**
 * bproc_hook_unregister - the end of bproc_hook_register(); calls may still be under way
 * @ops: as there
 */
void bproc_hook_unregister(struct ftrace_ops *ops)
{
	unregister_ftrace_function(ops);
	ftrace_free_filter(ops);
}

/**
 * bproc_hooks_set - from now on processes on nodes call our functions
 * @hooks: which; those calls from this module go to the kernel's own
 * @n: their number
 *
 * Return: 0, or -errno, and none is set.
 */
int bproc_hooks_set(struct bproc_hook *hooks, int n)
{
	struct bproc_hook *h;
	int i, err;

	for (i = 0; i < n; i++) {
		h = &hooks[i];
		/* After a failure something of the first try is left in it. */
		memset(&h->ops, 0, sizeof(h->ops));
		h->ops.func = divert;
		h->ops.flags = BPROC_HOOK_FLAGS | FTRACE_OPS_FL_IPMODIFY;
		h->ops.private = h;
		err = bproc_hook_register(&h->ops, bproc_ksym_address(h->function), h->function);
		if (err) {
			bproc_hooks_clear(hooks, i);
			return err;
		}
	}
	return 0;
}

/**
 * bproc_hook_call - what a hook does with a system call
 * @which: which call it is
 * @regs: its registers
 * @from_node: what it is for a process that is at home on a node
 * @from_master: for one of the master's; NULL: nothing special
 * @original: what it is for all others, such as ghosts and daemons
 *
 * Return: the call's result.
 */
long bproc_hook_call(int which, const struct pt_regs *regs,
		     bproc_hooked_call from_node, bproc_hooked_call from_master,
		     long (*original)(int which, const struct pt_regs *regs))
{
	struct bproc_space *s;
	long ret;

	bproc_trace_get();
	s = bproc_space_current();
	if (s && bproc_is_master(s) && from_master)
		ret = from_master(s, which, regs);
	else if (s && !bproc_is_master(s) && bproc_proc_is_here(s, current->tgid))
		ret = from_node(s, which, regs);
	else
		ret = original(which, regs);
	bproc_space_put(s);
	bproc_trace_put();
	return ret;
}

/**
 * bproc_hooks_clear - the end of bproc_hooks_set(); calls may still be under way
 * @hooks: the hooks
 * @n: their number
 */
void bproc_hooks_clear(struct bproc_hook *hooks, int n)
{
	while (n--)
		bproc_hook_unregister(&hooks[n].ops);
	/* A task may be between the kernel's code and a hook's first instruction. */
	synchronize_rcu_tasks();
}
