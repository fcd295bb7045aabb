// SPDX-License-Identifier: GPL-2.0-only
/* The master's answers to calls of processes on nodes. */
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "cred.h"
#include "family.h"
#include "ghost.h"
#include "kill.h"
#include "migrate.h"
#include "node.h"
#include "serve.h"
#include "signals.h"
#include "space.h"
#include "tid.h"

static int fill_killer(struct bproc_killer *k, struct bproc_space *m, struct bproc_ghost *g,
		       const struct bproc_msg_call *call)
{
	int err = 0;

	memset(k, 0, sizeof(*k));
	k->space = m;
	k->sender = g->task;
	k->node = call->after < 0 ? g->node : BPROC_NODE_NONE;
	k->uid = make_kuid(&init_user_ns, call->signal.uid);
	k->euid = make_kuid(&init_user_ns, call->euid);
	k->capable = call->flags & BPROC_CALL_CAPABLE;
	if (call->signal.signo)
		err = bproc_signal_info(&k->info, &call->signal);
	if (call->signal.signo && !err)
		k->info.si_pid = g->nr;
	return err;
}

static int serve_kill(struct bproc_space *m, struct bproc_ghost *g,
		      const struct bproc_msg *msg, const struct bproc_msg_call *call)
{
	size_t room = msg->size - sizeof(*msg) - sizeof(*call);
	struct bproc_killer k;
	int err = fill_killer(&k, m, g, call);

	if (call->count > room / sizeof(s32))
		return -EINVAL;
	if (err)
		return err;
	k.coming = (const s32 *)(call + 1);
	k.n_coming = call->count;
	return call->after ? bproc_kill(&k, call->after) : -EINVAL;
}

/**
 * bproc_send_to_thread - tgkill(2) of a thread elsewhere
 * @m: the master
 * @sender: who signals it, and may
 * @call: as in BPROC_CALL_TGKILL
 *
 * Its node knows whose thread it is.
 *
 * Return: 0 or -ESRCH.
 */
int bproc_send_to_thread(struct bproc_space *m, pid_t sender, const struct bproc_msg_call *call)
{
	struct bproc_ghost *to = bproc_ghost_find(m, call->after);
	pid_t tid = call->node;
	int node = to ? READ_ONCE(to->node) : BPROC_NODE_NONE;
	struct bproc_msg_signal *sig;
	struct bproc_msgbuf *buf;
	u32 owner = to ? bproc_ghost_owner(to) : 0;

	bproc_ghost_put(to);
	if (!to || (tid != call->after && !bproc_tid_is_on(m, node, tid)))
		return -ESRCH;
	if (!call->signal.signo)
		return 0;
	buf = bproc_msg_alloc(BPROC_MSG_SIGNAL, node, call->after, sizeof(*sig),
			      GFP_KERNEL | __GFP_NOFAIL);
	sig = (void *)buf->body;
	*sig = call->signal;
	sig->pid = sender;
	sig->tid = tid;
	sig->owner = owner;
	bproc_msgq_post(&m->msgq, buf);
	return 0;
}

static int serve_tgkill(struct bproc_space *m, struct bproc_ghost *g,
			const struct bproc_msg_call *call)
{
	struct bproc_killer k;
	pid_t tid = call->node;
	int err = call->after > 0 && tid > 0 ? fill_killer(&k, m, g, call) : -EINVAL;

	if (!err)
		err = bproc_kill_thread(&k, call->after, tid);
	return err == -EREMOTE ? bproc_send_to_thread(m, g->nr, call) : err;
}

/* The ghost answers. */
static int serve_find(struct bproc_ghost *g, const struct bproc_msg *msg,
		      const struct bproc_msg_call *call)
{
	size_t room = msg->size - sizeof(*msg) - sizeof(*call);
	int err;

	if (!call->count || call->count > room || call->count > PATH_MAX)
		return -EINVAL;
	err = bproc_ghost_order_find(g, msg->id, (const char *)(call + 1), call->count - 1);
	return err ? err : -EINPROGRESS;
}

/*
 * Whom it is about answers, or the node where that is. Memory and rights go to a node, so
 * here it is the master that says who asks: in a signal nodes are trusted, in this not.
 */
static int serve_migrate(struct bproc_space *m, struct bproc_ghost *g,
			 const struct bproc_msg *msg, const struct bproc_msg_call *call)
{
	struct bproc_killer k;
	const struct cred *cred;
	bool tracer;

	/* No signal goes with it, and no signal's rule of who may send it. */
	if (call->signal.signo)
		return -EINVAL;
	fill_killer(&k, m, g, call);
	cred = bproc_ghost_get_cred(g);
	k.uid = cred->uid;
	k.euid = cred->euid;
	k.capable = k.capable && bproc_cred_can(cred, CAP_KILL);
	tracer = call->flags & BPROC_CALL_TRACER && bproc_cred_can(cred, CAP_SYS_PTRACE);
	put_cred(cred);
	bproc_migrate_for(&k, msg, call, tracer);
	return -EINPROGRESS;
}

/* Ghosts have the numbers of their processes. */
static int serve_ids(struct bproc_space *m, const struct bproc_msg_call *call)
{
	struct task_struct *task = bproc_space_task(m, call->after);
	pid_t ret;

	if (!task)
		return -ESRCH;
	ret = call->call == BPROC_CALL_GETSID ? task_session_nr_ns(task, m->ns) :
						task_pgrp_nr_ns(task, m->ns);
	put_task_struct(task);
	/* 0: it began outside of the space. */
	return ret;
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
static int serve(struct bproc_space *m, struct bproc_ghost *g, const struct bproc_msg *msg,
		 const struct bproc_msg_call *call, void *body, u32 n)
{
	int ret;

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
		ret = serve_kill(m, g, msg, call);
		break;
	case BPROC_CALL_TGKILL:
		ret = serve_tgkill(m, g, call);
		break;
	case BPROC_CALL_SETPGID:
		ret = bproc_serve_setpgid(m, g, call->after, call->node);
		break;
	case BPROC_CALL_GETPGID:
	case BPROC_CALL_GETSID:
		ret = serve_ids(m, call);
		break;
	case BPROC_CALL_MIGRATE:
		ret = serve_migrate(m, g, msg, call);
		break;
	case BPROC_CALL_FIND:
		ret = serve_find(g, msg, call);
		break;
	default:
		ret = -EINVAL;
	}
	return ret;
}

/**
 * bproc_serve_call - BPROC_MSG_CALL came from a node
 * @m: the master
 * @msg: the message; its body is long enough
 *
 * Return: 0, or -ESRCH if it is for no process of the node's, which is answered all the same.
 */
int bproc_serve_call(struct bproc_space *m, const struct bproc_msg *msg)
{
	struct bproc_ghost *g = bproc_ghost_find(m, msg->pid);
	const struct bproc_msg_call *call = (const void *)(msg + 1);
	size_t size = element_size(call);
	u32 n = size ? min_t(u32, call->count, BPROC_CALL_ROOM / size) : 0;
	struct bproc_msgbuf *buf;
	bool known;

	known = g && READ_ONCE(g->node) == msg->node && READ_ONCE(g->state) == BPROC_GHOST_LIVE;
	buf = bproc_msg_alloc(BPROC_MSG_RESULT, msg->node, msg->pid, n * size,
			      GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = msg->id;
	buf->msg.result = known ? serve(m, g, msg, call, buf->body, n) : -BPROC_BE_INVALIDPROC;
	bproc_ghost_put(g);
	if (buf->msg.result == -EINPROGRESS) {
		bproc_msg_free(buf);
		return 0;
	}
	buf->msg.size = sizeof(buf->msg) + max(buf->msg.result, 0) * size;
	bproc_msgq_post(&m->msgq, buf);
	return known ? 0 : -ESRCH;
}
