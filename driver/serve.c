// SPDX-License-Identifier: GPL-2.0-only
/* The master's answers to calls of processes on nodes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>

#include "ghost.h"
#include "ksyms.h"
#include "node.h"
#include "serve.h"
#include "signals.h"
#include "space.h"

/* Who kills, as its node says. */
struct killer {
	struct bproc_space *space;
	pid_t pid;
	struct task_struct *ghost;
	kuid_t uid;
	kuid_t euid;
	bool capable;
	struct kernel_siginfo info;
};

/* The kernel's rule for kill(2). RCU read lock or tasklist_lock is held. */
static bool may_kill(const struct killer *k, struct task_struct *task)
{
	const struct cred *to = rcu_dereference_check(task->real_cred, true);

	if (k->capable || uid_eq(k->euid, to->suid) || uid_eq(k->euid, to->uid) ||
	    uid_eq(k->uid, to->suid) || uid_eq(k->uid, to->uid))
		return true;
	return k->info.si_signo == SIGCONT && task_session(task) == task_session(k->ghost);
}

/* tasklist_lock is held. */
static int kill_one(struct killer *k, struct task_struct *task)
{
	if (!may_kill(k, task))
		return -EPERM;
	if (!k->info.si_signo)
		return 0;
	if (is_child_reaper(task_pid(task)))
		return -EPERM;
	return ks_do_send_sig_info(k->info.si_signo, &k->info, task, PIDTYPE_TGID);
}

/* As kill(2) has it: one success is success. */
static int merge(int ret, int err)
{
	if (ret == -ESRCH || !err)
		return err;
	return ret;
}

static int kill_group(struct killer *k, struct pid *pgrp)
{
	struct task_struct *task;
	int ret = -ESRCH;

	do_each_pid_task(pgrp, PIDTYPE_PGID, task) {
		if (task != k->ghost)
			ret = merge(ret, kill_one(k, task));
	} while_each_pid_task(pgrp, PIDTYPE_PGID, task);
	return ret;
}

/* All in the namespace itself: those of nodes of this kernel are met by their ghosts. */
static int kill_all(struct killer *k)
{
	struct task_struct *task;
	int ret = -ESRCH;

	for_each_process(task) {
		if (task_active_pid_ns(task) != k->space->ns || task == k->ghost ||
		    is_child_reaper(task_pid(task)))
			continue;
		ret = merge(ret, kill_one(k, task));
	}
	return ret;
}

static int serve_kill(struct bproc_space *m, struct bproc_ghost *g,
		      const struct bproc_msg_call *call)
{
	struct killer k = {
		.space = m,
		.pid = g->nr,
		.ghost = g->task,
		.uid = make_kuid(&init_user_ns, call->signal.uid),
		.euid = make_kuid(&init_user_ns, call->euid),
		.capable = call->flags & BPROC_CALL_CAPABLE,
	};
	struct task_struct *task;
	struct pid *pgrp;
	int err;

	if (call->signal.signo) {
		err = bproc_signal_info(&k.info, &call->signal);
		if (err)
			return err;
		k.info.si_pid = g->nr;
	}
	err = -ESRCH;
	read_lock(ks_tasklist_lock);
	if (call->after > 0) {
		task = pid_task(find_pid_ns(call->after, m->ns), PIDTYPE_PID);
		if (task)
			err = kill_one(&k, task);
	} else if (call->after == -1) {
		err = kill_all(&k);
	} else if (call->after != INT_MIN) {
		pgrp = find_pid_ns(-call->after, m->ns);
		if (pgrp)
			err = kill_group(&k, pgrp);
	}
	read_unlock(ks_tasklist_lock);
	return err;
}

static size_t element_size(const struct bproc_msg_call *call)
{
	switch (call->call) {
	case BPROC_CALL_INFO:
		return sizeof(struct bproc_node_info);
	case BPROC_CALL_PINFO:
		return sizeof(struct bproc_proc_info);
	}
	return 0;
}

/* Fill the body, @n elements at most. Return: the result. */
static int serve(struct bproc_space *m, const struct bproc_msg *msg,
		 const struct bproc_msg_call *call, void *body, u32 n)
{
	struct bproc_ghost *g = bproc_ghost_find(m, msg->pid);
	int ret = -BPROC_BE_INVALIDPROC;

	/* A node speaks for its own processes. */
	if (!g || READ_ONCE(g->node) != msg->node || READ_ONCE(g->state) != BPROC_GHOST_LIVE)
		goto out;
	switch (call->call) {
	case BPROC_CALL_INFO:
		ret = bproc_nodes_info(m, max(call->after, -1), body, n);
		break;
	case BPROC_CALL_PINFO:
		ret = bproc_ghosts_list(m, call->after, call->node, body, n);
		break;
	case BPROC_CALL_NOTIFY:
		bproc_node_watch(m, msg->node);
		ret = 0;
		break;
	case BPROC_CALL_KILL:
		ret = serve_kill(m, g, call);
		break;
	default:
		ret = -EINVAL;
	}
out:
	bproc_ghost_put(g);
	return ret;
}

/**
 * bproc_serve_call - BPROC_MSG_CALL came from a node
 * @m: the master
 * @msg: the message; its body is long enough
 */
void bproc_serve_call(struct bproc_space *m, const struct bproc_msg *msg)
{
	const struct bproc_msg_call *call = (const void *)(msg + 1);
	size_t size = element_size(call);
	u32 n = size ? min_t(u32, call->count, BPROC_CALL_ROOM / size) : 0;
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_RESULT, msg->node, msg->pid, n * size,
			      GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = msg->id;
	buf->msg.result = serve(m, msg, call, buf->body, n);
	buf->msg.size = sizeof(buf->msg) + max(buf->msg.result, 0) * size;
	bproc_msgq_post(&m->msgq, buf);
}
