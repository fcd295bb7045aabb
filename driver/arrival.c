// SPDX-License-Identifier: GPL-2.0-only
/* The receiving side of a move: from a header to a process that runs. */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "arrival.h"
#include "cred.h"
#include "family.h"
#include "fetch.h"
#include "ghost.h"
#include "iod.h"
#include "kcompat.h"
#include "ksyms.h"
#include "orphan.h"
#include "proc.h"
#include "rank.h"
#include "script.h"
#include "signals.h"
#include "space.h"
#include "stream.h"
#include "trace.h"
#include "transfer.h"
#include "usage.h"
#include "vmadump/vmadump.h"

enum arrival_word {
	WORD_NONE,
	/* GO; it is given the signals that came with that, and is not to run before. */
	WORD_GIVEN,
	WORD_GO,
	WORD_ABORT,
};

/*
 * A process that is restored and waits for the sender's word; on the stack of its own
 * system call, in the space's table until it is one of those here.
 */
struct arrival {
	u64 id;
	pid_t pid;
	int from;
	struct task_struct *task;
	struct bproc_ghost *ghost;
	struct file *stream;
	enum arrival_word word;
	wait_queue_head_t wait;
};

/**
 * bproc_arrivals_list - processes that are not here yet
 * @s: the node
 * @to: room for their PIDs
 * @room: how many
 *
 * None of them gets any further as long as @coming_and_going is held.
 *
 * Return: their number, which may be more than @room.
 */
u32 bproc_arrivals_list(struct bproc_space *s, s32 *to, u32 room)
{
	struct arrival *a;
	unsigned long pid;
	u32 n = 0;

	xa_lock(&s->arrivals);
	xa_for_each(&s->arrivals, pid, a) {
		if (n < room)
			to[n] = pid;
		n++;
	}
	xa_unlock(&s->arrivals);
	return n;
}

static void answer(struct bproc_space *s, const struct bproc_stream *h, int result)
{
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_ARRIVED, h->from, h->pid, 0, GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = h->id;
	buf->msg.result = result;
	/* A vector call's entry that stays where its caller is. */
	if (h->from == s->node) {
		if (!bproc_transfer_answered(s, &buf->msg)) {
			buf->msg.type = BPROC_MSG_ABORT;
			bproc_arrival_word(s, &buf->msg);
		}
		bproc_msg_free(buf);
		return;
	}
	/* Who signals a group names it to the master before that takes it for one here. */
	mutex_lock(&s->coming_and_going);
	bproc_msgq_post(&s->msgq, buf);
	mutex_unlock(&s->coming_and_going);
}

static bool arrival_has_word(struct bproc_space *s, struct arrival *a)
{
	bool ret;

	xa_lock(&s->arrivals);
	ret = a->word >= WORD_GO;
	xa_unlock(&s->arrivals);
	return ret;
}

/* One that is under way. Return: NULL if the process does not arrive. The table is locked. */
static struct arrival *arrival_find(struct bproc_space *s, pid_t pid)
{
	return pid > 0 ? xa_load(&s->arrivals, pid) : NULL;
}

static bool is_arriving(struct bproc_space *s, pid_t pid)
{
	bool ret;

	xa_lock(&s->arrivals);
	ret = arrival_find(s, pid);
	xa_unlock(&s->arrivals);
	return ret;
}

/**
 * bproc_arrival_is_off - has the sender, or the daemon, given up?
 * @s: where it arrives
 * @pid: the process
 */
bool bproc_arrival_is_off(struct bproc_space *s, pid_t pid)
{
	struct arrival *a;
	bool ret;

	xa_lock(&s->arrivals);
	a = arrival_find(s, pid);
	ret = !a || a->word == WORD_ABORT;
	xa_unlock(&s->arrivals);
	return ret;
}

/* It may be in the middle of an image that does not go on; @stream may be NULL. */
static void cut(struct file *stream)
{
	if (!stream)
		return;
	bproc_stream_shut(stream);
	fput(stream);
}

/*
 * Before it runs, and before what is sent to it here. One that kills it wakes it, and it finds
 * that it may go.
 */
static void give_signals(struct bproc_space *s, struct task_struct *task,
			 const struct bproc_msg *m)
{
	struct arrival *a;

	bproc_give_signals(task, m);
	xa_lock(&s->arrivals);
	a = arrival_find(s, m->pid);
	if (a && a->task == task) {
		a->word = WORD_GO;
		wake_up_all(&a->wait);
	}
	xa_unlock(&s->arrivals);
	put_task_struct(task);
}

/*
 * The sender said GO or ABORT; or the master, of a sender that is dead, ABORT. Return: of a
 * process that arrives from there.
 */
bool bproc_arrival_word(struct bproc_space *s, const struct bproc_msg *m)
{
	struct task_struct *task = NULL;
	struct file *stream = NULL;
	struct arrival *a;
	bool found = false;

	xa_lock(&s->arrivals);
	a = arrival_find(s, m->pid);
	if (a && a->id == m->id && (!bproc_is_master(s) || a->from == m->node)) {
		a->word = m->type == BPROC_MSG_GO ? WORD_GIVEN : WORD_ABORT;
		found = true;
		/* From now on it is here, whatever becomes of the node. */
		if (a->word == WORD_GIVEN && a->ghost && bproc_is_master(s))
			WRITE_ONCE(a->ghost->node, s->node);
		if (a->word == WORD_GIVEN)
			task = get_task_struct(a->task);
		else if (a->stream)
			stream = get_file(a->stream);
		/* Under the lock: the waiter's stack is gone once it saw the word. */
		if (!task)
			wake_up_all(&a->wait);
	}
	xa_unlock(&s->arrivals);
	if (task)
		give_signals(s, task, m);
	cut(stream);
	/* It was killed before the word came: the other side has a ghost of it by now. */
	if (!found && m->type == BPROC_MSG_GO)
		bproc_proc_report_lost(s, m->pid);
	return found;
}

/* The daemon, or a node, is gone: nobody will say GO any more. */
void bproc_arrivals_abort(struct bproc_space *s, int node)
{
	struct file *stream;
	struct arrival *a;
	unsigned long pid = 0;

	for (;; pid++) {
		stream = NULL;
		xa_lock(&s->arrivals);
		a = xa_find(&s->arrivals, &pid, ULONG_MAX, XA_PRESENT);
		if (a && (node == BPROC_NODE_ANY || a->from == node)) {
			if (a->word == WORD_NONE)
				a->word = WORD_ABORT;
			wake_up_all(&a->wait);
			if (a->stream)
				stream = get_file(a->stream);
		}
		xa_unlock(&s->arrivals);
		if (!a)
			return;
		cut(stream);
	}
}

static int set_strings(const char **list, u32 n, char **p, char *end)
{
	size_t len;
	u32 i;

	for (i = 0; i < n; i++) {
		len = strnlen(*p, end - *p);
		if (len == (size_t)(end - *p))
			return -EINVAL;
		list[i] = *p;
		*p += len + 1;
	}
	return 0;
}

/* Room in front of the arguments, for those that an interpreter gets. */
#define INTERPRETER_ARGS 2

static int exec_script(const struct bproc_script *script, const char **argv,
		       const char *const *envp)
{
	*argv = script->name;
	if (script->argument)
		*--argv = script->argument;
	*--argv = script->interpreter;
	return ks_kernel_execve(script->interpreter, argv, envp);
}

/**
 * bproc_arrival_exec - execute the program that a header names, from the caller's own root
 * @h: the header
 * @uh: the same in the caller's memory, with its variable part
 * @script: NULL; or zeroed, and it is told whether the program is a script, which then is
 *	executed so that it can go elsewhere
 *
 * Return: 0 with the new program in place, or -errno.
 */
int bproc_arrival_exec(const struct bproc_stream *h, struct bproc_stream __user *uh,
		       struct bproc_script *script)
{
	size_t len = (size_t)h->path_len + h->strings_len;
	const char **list, **argv, **envp;
	char *text, *p;
	u32 n;
	int err;

	if (!h->argc || h->argc > len || h->envc > len || !h->path_len)
		return -EINVAL;
	n = INTERPRETER_ARGS + h->argc + h->envc + 2;
	text = kvmalloc(len, GFP_KERNEL_ACCOUNT);
	list = kvcalloc(n, sizeof(*list), GFP_KERNEL_ACCOUNT);
	err = -ENOMEM;
	if (!text || !list)
		goto out;
	err = -EFAULT;
	if (copy_from_user(text, (char __user *)uh + h->size - len, len))
		goto out;
	err = -EINVAL;
	if (text[h->path_len - 1])
		goto out;
	p = text + h->path_len;
	argv = list + INTERPRETER_ARGS;
	envp = argv + h->argc + 1;
	err = set_strings(argv, h->argc, &p, text + len);
	if (!err)
		err = set_strings(envp, h->envc, &p, text + len);
	if (!err && script)
		err = bproc_script_open(script, text, h->script_fd);
	if (!err) {
		err = ks_kernel_execve(text, argv, envp);
	} else if (err > 0) {
		err = exec_script(script, argv, envp);
		if (!err)
			ks___set_task_comm(current, kbasename(text), true);
	}
out:
	kvfree(list);
	kvfree(text);
	return err;
}

/*
 * The restore executes something, and that takes and gives privileges: saved IDs become
 * the effective ones, root gets all capabilities. A move changes nothing.
 */
static struct cred *as_before(const struct cred *was)
{
	struct cred *new = prepare_creds();

	if (!new)
		return NULL;
	new->uid = was->uid;
	new->euid = was->euid;
	new->suid = was->suid;
	new->fsuid = was->fsuid;
	new->gid = was->gid;
	new->egid = was->egid;
	new->sgid = was->sgid;
	new->fsgid = was->fsgid;
	new->securebits = was->securebits;
	new->cap_inheritable = was->cap_inheritable;
	new->cap_permitted = was->cap_permitted;
	new->cap_effective = was->cap_effective;
	new->cap_ambient = was->cap_ambient;
	return new;
}

static int wait_for_word(struct bproc_space *s, struct arrival *a)
{
	bool go;
	int err;

	err = wait_event_killable(a->wait, arrival_has_word(s, a));
	/* It may have come with the signal. */
	xa_lock(&s->arrivals);
	go = a->word == WORD_GIVEN || a->word == WORD_GO;
	if (!go)
		__xa_erase(&s->arrivals, a->pid);
	xa_unlock(&s->arrivals);
	if (go)
		return 0;
	return err ? err : -EIO;
}

static int arrival_insert(struct bproc_space *s, struct arrival *a, struct bproc_ghost *g,
			  const struct bproc_stream *h, struct file *stream)
{
	int err;

	a->id = h->id;
	a->pid = h->pid;
	a->from = h->from;
	a->task = current;
	a->ghost = g;
	a->stream = stream;
	a->word = WORD_NONE;
	init_waitqueue_head(&a->wait);
	err = xa_insert(&s->arrivals, a->pid, a, GFP_KERNEL);
	if (err)
		return err;
	/* Pairs with bproc_space_shutdown(). */
	spin_lock(&s->lock);
	if (s->dead)
		err = -EIO;
	spin_unlock(&s->lock);
	if (err)
		xa_erase(&s->arrivals, a->pid);
	return err;
}

/* The restored program has what the process had; on the master, what its ghost kept of it. */
static int restore_cred(struct bproc_ghost *g, const struct cred *was,
			const struct bproc_stream *h, struct group_info *groups, bool dumpable)
{
	const struct cred *kept = NULL;
	struct cred *new;
	int err;

	if (groups) {
		err = bproc_cred_change(g, &h->cred, groups);
		if (err)
			return err;
		kept = bproc_ghost_get_cred(g);
		if (h->cred.no_new_privs)
			task_set_no_new_privs(current);
	}
	new = kept ? bproc_cred_copy(kept) : as_before(was);
	put_cred(kept);
	return new ? bproc_cred_put_on(new, dumpable) : -ENOMEM;
}

/* Have the image of the process. Return: 0, or -errno. */
static int restore_image(struct bproc_space *s, struct bproc_ghost *g,
			 const struct bproc_stream *h, struct bproc_stream __user *uh,
			 struct file *stream, long *result, bool *lost)
{
	struct group_info *groups = NULL;
	const struct cred *was;
	bool dumpable = false;
	int err;

	/* The header's memory goes with the restore. */
	if (bproc_is_master(s))
		groups = bproc_cred_groups(h, uh);
	if (IS_ERR(groups))
		return PTR_ERR(groups);
	was = get_current_cred();
	err = bproc_stream_error(vmad_restore(stream, result, g ? lost : NULL, &dumpable));
	if (!err) {
		/* To execute is how it is done, not what the process did. */
		if (!(h->flags & BPROC_STREAM_EXECUTED))
			current->flags |= PF_FORKNOEXEC;
		err = restore_cred(g, was, h, groups, dumpable);
		/* The image is in place, and is not to run. */
		*lost = err;
	}
	put_cred(was);
	if (groups)
		put_group_info(groups);
	return err;
}

/* Execute the program of the process. Return: 0, or -errno. */
static int execute_program(struct bproc_space *s, struct bproc_ghost *g,
			   const struct bproc_stream *h, struct bproc_stream __user *uh)
{
	int err = bproc_is_master(s) ? bproc_cred_follow(g, h, uh) : 0;

	return err ?: bproc_arrival_exec(h, uh, NULL);
}

/* Have the image or program of the process. Return: 0, or -errno. */
static int become(struct bproc_space *s, struct bproc_ghost *g, const struct bproc_stream *h,
		  struct bproc_stream __user *uh, struct file *stream, long *result, bool *lost,
		  struct bproc_family *fam)
{
	int err = 0;

	if (!bproc_is_master(s))
		err = bproc_proc_join(s, h->session, h->pgrp);
	/* Before there are children: these inherit something of it. */
	current->signal->is_child_subreaper = !!(h->flags & BPROC_STREAM_SUBREAPER);
	if (!err)
		err = bproc_family_make(s, h, uh, fam);
	if (err)
		return err;
	if (h->kind == BPROC_STREAM_EXEC)
		err = execute_program(s, g, h, uh);
	else
		err = restore_image(s, g, h, uh, stream, result, lost);
	/* A ghost still hears of the parent's end itself. */
	if (!err && !g)
		current->pdeath_signal = h->death_signal;
	return err;
}

/* It is one of the processes here now. */
static int enter(struct bproc_space *s, const struct bproc_stream *h)
{
	int err = 0;

	mutex_lock(&s->coming_and_going);
	if (!bproc_is_master(s))
		err = bproc_proc_enter(s, h->pid);
	xa_erase(&s->arrivals, h->pid);
	mutex_unlock(&s->coming_and_going);
	if (err)
		bproc_proc_report_lost(s, h->pid);
	/* What changed last where it comes from may not have been told there. */
	else if (!bproc_is_master(s) && h->from != BPROC_NODE_MASTER)
		bproc_cred_tell(s);
	return err;
}

/* What exec keeps of the signals of its caller; those of a ghost are its own. */
static void take_signals(const struct bproc_stream *h)
{
	struct k_sigaction ignore = { .sa.sa_handler = SIG_IGN };
	sigset_t blocked = { .sig[0] = h->blocked };
	int sig;

	for (sig = 1; sig <= _NSIG; sig++)
		if (h->ignored >> (sig - 1) & 1)
			ks_do_sigaction(sig, &ignore, NULL);
	sigdelsetmask(&blocked, sigmask(SIGKILL) | sigmask(SIGSTOP));
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* It is not the process, and has nothing to do with that one's children. */
static void stay_alone(struct bproc_family *family)
{
	bproc_family_undo(family);
	current->signal->is_child_subreaper = 0;
}

/* As bproc_arrive(). @ends: it is neither the one nor the other any more, and has to end. */
static long arrive(struct bproc_space *s, struct bproc_ghost *g, const struct bproc_stream *h,
		   struct bproc_stream __user *uh, struct file *stream, bool *ends)
{
	struct bproc_family family = { .n = 0 };
	struct bproc_name *name = NULL;
	struct arrival arrival;
	bool lost = false;
	long result = 0;
	u64 io_id = 0;
	int err;

	err = arrival_insert(s, &arrival, g, h, stream);
	if (!err) {
		name = g ? bproc_name_of_current() : NULL;
		/* Pairs with bproc_ghosts_kill(), after which the arrivals are aborted. */
		err = g && READ_ONCE(g->state) != BPROC_GHOST_LIVE ? -EIO : 0;
		if (!err)
			err = become(s, g, h, uh, stream, &result, &lost, &family);
		xa_lock(&s->arrivals);
		arrival.stream = NULL;
		if (err)
			__xa_erase(&s->arrivals, arrival.pid);
		xa_unlock(&s->arrivals);
	}
	fput(stream);
	if (err)
		stay_alone(&family);
	/* If the word is GO its node's end is none of its business any more. */
	if (g && !err)
		bproc_ghost_expect_word(g);
	answer(s, h, err);
	if (!err) {
		err = wait_for_word(s, &arrival);
		lost = err;
		if (!err)
			err = enter(s, h);
		if (err)
			stay_alone(&family);
		*ends = err;
	}
	/* The process goes on where it was, so a ghost goes on too. */
	if (lost)
		*ends = !g || bproc_ghost_again(g, name);
	else
		kfree(name);
	if (err)
		return err;
	if (g && h->kind == BPROC_STREAM_EXEC)
		take_signals(h);
	if (g) {
		io_id = bproc_is_master(s) ? g->io_id : 0;
		bproc_ghost_leave(g);
		bproc_orphan_leave_ghost(g, h->death_signal);
	}
	bproc_family_settle(&family);
	bproc_usage_set(current, &h->usage);
	if (h->kind == BPROC_STREAM_RANKED) {
		bproc_rank_set(h->rank);
		result = h->rank;
	}
	if (io_id)
		bproc_iod_home(s, io_id);
	return result;
}

/**
 * bproc_arrive - BPROC_IOC_ARRIVE: the caller becomes the process that the stream brings
 * @s: the space where it arrives
 * @g: the ghost that the caller is, or NULL if it is an ordinary process of a node
 * @uarg: stream and header
 *
 * Return: the result of the system call that the arrived process was in, or -errno to
 * the caller that it still is.
 */
long bproc_arrive(struct bproc_space *s, struct bproc_ghost *g,
		  struct bproc_arrive __user *uarg)
{
	struct bproc_stream __user *uh;
	struct bproc_arrive arg;
	struct bproc_stream h;
	struct file *stream;
	bool ends = false;
	long ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	uh = u64_to_user_ptr(arg.stream);
	if (copy_from_user(&h, uh, sizeof(h)))
		return -EFAULT;
	if (h.magic != BPROC_STREAM_MAGIC || h.size < sizeof(h) ||
	    h.size > BPROC_STREAM_HEADER_MAX ||
	    (u64)h.path_len + h.strings_len > h.size - sizeof(h) ||
	    !valid_signal(h.death_signal) ||
	    h.pid != task_tgid_nr_ns(current, s->ns) || !thread_group_empty(current))
		return -EINVAL;
	if (g ? READ_ONCE(g->state) != BPROC_GHOST_LIVE : bproc_is_master(s))
		return -EINVAL;
	/* On the master: only from the node where the process is. */
	if (g && bproc_is_master(s) && h.from != g->node)
		return -EINVAL;
	if (arg.result < 0) {
		answer(s, &h, max(arg.result, -MAX_ERRNO));
		return 0;
	}
	stream = fget(arg.fd);
	if (!stream)
		return -EBADF;
	if (h.kind == BPROC_STREAM_FETCH) {
		if (g && bproc_is_master(s))
			return bproc_fetch_execute(g, &h, uh, stream);
		fput(stream);
		return -EINVAL;
	}

	/* The restore closes the caller's descriptor; who else has the file may end, too. */
	bproc_trace_get();
	bproc_space_get(s);
	ret = arrive(s, g, &h, uh, stream, &ends);
	bproc_space_put(s);
	bproc_trace_put();
	if (ends)
		ks_do_group_exit(SIGKILL);
	return ret;
}

/**
 * bproc_arrival_stream - BPROC_IOC_ARRIVAL: a process is on its way here
 * @s: the daemon's space
 * @arg: its PID, its parent, and the stream
 *
 * Return: 0; -ESRCH if neither its ghost nor a stand-in of its parent is here; -EAGAIN if
 * its parent arrives itself; -EBADF.
 */
int bproc_arrival_stream(struct bproc_space *s, const struct bproc_stream_fd *arg)
{
	struct bproc_ghost *g = bproc_ghost_find(s, arg->pid);
	u32 op = BPROC_GHOST_ARRIVE;
	struct file *stream;
	int err;

	if (!g && !bproc_is_master(s)) {
		op = BPROC_GHOST_ARRIVE_CHILD;
		g = bproc_ghost_find(s, arg->ppid);
	}
	if (!g)
		return is_arriving(s, arg->ppid) ? -EAGAIN : -ESRCH;
	/* A node brings its own processes and no others. */
	if (bproc_is_master(s) && READ_ONCE(g->node) != arg->result) {
		bproc_ghost_put(g);
		return -EPERM;
	}
	stream = fget(arg->fd);
	if (!stream) {
		bproc_ghost_put(g);
		return -EBADF;
	}
	err = bproc_ghost_order_arrival(g, op, arg->pid, stream);
	fput(stream);
	bproc_ghost_put(g);
	return err;
}
