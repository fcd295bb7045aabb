// SPDX-License-Identifier: GPL-2.0-only
/*
 * Credentials of a process on a node that change, by setuid(2) and its like or by an exec, are
 * told to the master, so that its ghost can be signalled by those who may signal the process.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/securebits.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "cred.h"
#include "hook.h"
#include "kcompat.h"
#include "ksyms.h"
#include "proc.h"
#include "space.h"
#include "trace.h"

#define GROUPS_MAX                                                                          \
	((BPROC_MSG_MAX - sizeof(struct bproc_msg) - sizeof(struct bproc_msg_cred)) / sizeof(__u32))

struct cred_work {
	struct callback_head work;
	struct bproc_space *space;
};

/**
 * bproc_cred_tell - tell the master the caller's credentials
 * @s: the caller's node
 */
void bproc_cred_tell(struct bproc_space *s)
{
	const struct cred *cred = current_cred();
	u32 i, n = cred->group_info->ngroups;
	bool told = n <= GROUPS_MAX;
	struct bproc_msg_cred *body;
	struct bproc_msgbuf *buf;

	if (!told)
		n = 0;
	buf = bproc_msg_alloc(BPROC_MSG_CRED, s->node, task_tgid_nr_ns(current, s->ns),
			      struct_size(body, groups, n), GFP_KERNEL | __GFP_NOFAIL);
	body = (void *)buf->body;
	bproc_cred_fill(&body->cred, cred);
	body->ngroups = told ? n : BPROC_GROUPS_UNTOLD;
	for (i = 0; i < n; i++)
		body->groups[i] = from_kgid_munged(&init_user_ns, cred->group_info->gid[i]);
	bproc_msgq_post(&s->msgq, buf);
}

/* Is the caller a process of this node, and not one that left? */
static bool runs_here(struct bproc_space *s)
{
	return bproc_proc_is_here(s, current->tgid) && !bproc_proc_is_childs(s, current->tgid);
}

static void cred_work(struct callback_head *work)
{
	struct cred_work *w = container_of(work, struct cred_work, work);
	struct bproc_space *s = w->space;

	/* One that left meanwhile took them along. */
	if (runs_here(s))
		bproc_cred_tell(s);
	bproc_space_put(s);
	kfree(w);
	bproc_trace_put();
}

/* Of those who come from prctl(2) anybody may change as often as he likes, to no effect here. */
static bool is_other(const struct cred *old, const struct cred *new)
{
	struct bproc_cred a, b;

	bproc_cred_fill(&a, old);
	bproc_cred_fill(&b, new);
	a.securebits &= ~issecure_mask(SECURE_KEEP_CAPS);
	b.securebits &= ~issecure_mask(SECURE_KEEP_CAPS);
	return memcmp(&a, &b, sizeof(a)) || old->group_info != new->group_info;
}

/* What a thread that is not its group's leader has is its own affair. */
static struct bproc_space *node_of_current(void)
{
	struct bproc_space *s;

	if (!thread_group_leader(current))
		return NULL;
	rcu_read_lock();
	s = bproc_space_of_rcu(task_active_pid_ns(current));
	if (s && (bproc_is_master(s) || !runs_here(s) || !kref_get_unless_zero(&s->ref)))
		s = NULL;
	rcu_read_unlock();
	return s;
}

static void notrace on_commit_creds(unsigned long ip, unsigned long parent_ip,
				    struct ftrace_ops *op, struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct bproc_space *s;
	struct cred_work *w;

	if (within_module(parent_ip, THIS_MODULE))
		return;
	s = node_of_current();
	if (!s)
		return;
	/* Without memory the master goes on with the old ones. */
	w = is_other(current_cred(), (void *)regs->di) ? kmalloc(sizeof(*w), GFP_ATOMIC) : NULL;
	if (!w) {
		bproc_space_put(s);
		return;
	}
	init_task_work(&w->work, cred_work);
	w->space = s;
	bproc_trace_get();
	if (task_work_add(current, &w->work, TWA_RESUME)) {
		kfree(w);
		bproc_space_put(s);
		bproc_trace_put();
	}
}

static struct ftrace_ops hook = {
	.func = on_commit_creds,
	.flags = BPROC_HOOK_FLAGS,
};

/**
 * bproc_credhook_init - set the hook, at load
 *
 * Return: 0 or -errno.
 */
int bproc_credhook_init(void)
{
	return bproc_hook_register(&hook, (unsigned long)commit_creds, "commit_creds");
}

/* At unload; work that is under way is waited for by bproc_trace_exit(). */
void bproc_credhook_exit(void)
{
	bproc_hook_unregister(&hook);
}
