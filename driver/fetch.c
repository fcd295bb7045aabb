// SPDX-License-Identifier: GPL-2.0-only
/*
 * EXEC: a program of the master in a process on a node. The process stays where it is, in
 * the kernel, with all that exec keeps. Its ghost executes the program, as the process would
 * if it were here, and sends the image to the process, which becomes it. Then the ghost is
 * one again. Until the image is on its way nothing of the process has changed.
 */
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/mm.h>
#include <linux/path.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "arrival.h"
#include "calls.h"
#include "cred.h"
#include "fetch.h"
#include "ghost.h"
#include "kcompat.h"
#include "ksyms.h"
#include "later.h"
#include "linked.h"
#include "move.h"
#include "script.h"
#include "signals.h"
#include "space.h"
#include "stream.h"
#include "transfer.h"
#include "vmadump/vmadump.h"

/* --- on the node --- */

/* The path that means here what @path does. */
static char *absolute(const char *path, char **buf)
{
	struct path pwd;
	char *p = NULL;

	*buf = NULL;
	if (path[0] == '/')
		return (char *)path;
	*buf = kmalloc(2 * PATH_MAX, GFP_KERNEL);
	if (!*buf)
		return ERR_PTR(-ENOMEM);
	get_fs_pwd(current->fs, &pwd);
	p = d_path(&pwd, *buf, PATH_MAX);
	path_put(&pwd);
	if (IS_ERR(p))
		return p;
	/* Deleted, or outside of the root. */
	if (p[0] != '/')
		return ERR_PTR(-ENOENT);
	memmove(*buf, p, strlen(p) + 1);
	if (strlen(*buf) + strlen(path) + 2 > PATH_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	if ((*buf)[1])
		strcat(*buf, "/");
	return strcat(*buf, path);
}

/* A script becomes a descriptor; if there is none that is given back. */
static int take_script(struct bproc_order *order, struct file *stream)
{
	struct file *script;
	int err = bproc_script_receive(stream, &script);

	if (err)
		return err;
	if (order->script_fd < 0) {
		if (script)
			fput(script);
		return 0;
	}
	if (script) {
		fd_install(order->script_fd, script);
		order->has_script = true;
	} else {
		put_unused_fd(order->script_fd);
		order->script_fd = -1;
	}
	return 0;
}

/* After an exec that failed. */
static void drop_script(struct bproc_order *order)
{
	if (order->has_script)
		close_fd(order->script_fd);
	else if (order->script_fd >= 0)
		put_unused_fd(order->script_fd);
}

/* Header out, image in. */
static int fetch(struct bproc_space *s, struct bproc_order *order, struct bproc_transfer *t)
{
	pid_t ppid = task_ppid_nr_ns(current, s->ns);
	int err;

	err = bproc_transfer_wait_stream(t);
	if (!err)
		err = bproc_stream_write_header(t->stream, s, order, t->id, t->pid, ppid);
	if (err == -EIO)
		err = bproc_transfer_wait_answer(t, err);
	if (!err)
		err = bproc_transfer_wait_arrived(t);
	if (err)
		return err;
	if (t->status) {
		order->exits = true;
		order->exit_status = t->status & 0xffff;
		return 0;
	}
	bproc_transfer_expect_answer(t);
	err = take_script(order, t->stream);
	if (!err)
		err = vmad_restore_program(t->stream);
	err = bproc_stream_error(err);
	if (err == -EIO)
		err = bproc_transfer_wait_answer(t, -EIO);
	return err;
}

/**
 * bproc_exec - BPROC_IOC_EXEC
 * @s: the caller's space
 * @order: how; @order->exits is set if the program ended while it was linked
 * @program: what
 *
 * Return: 0 to the new program, or -errno to the caller, which has not changed.
 */
long bproc_exec(struct bproc_space *s, struct bproc_order *order,
		const struct bproc_program *program)
{
	struct bproc_program absolved = *program;
	struct bproc_transfer *t;
	sigset_t saved;
	bool had_pipe;
	char *buf;
	long err;

	if (!program->path[0])
		return -ENOENT;
	if (bproc_is_master(s) || (order->iolen && order->iolen != BPROC_IO_DEFAULT))
		return -EINVAL;
	/* Dynamic linker and constructors run without it on the master. */
	if (current->seccomp.mode != SECCOMP_MODE_DISABLED)
		return -EOPNOTSUPP;
	absolved.path = absolute(program->path, &buf);
	if (IS_ERR(absolved.path)) {
		kfree(buf);
		return PTR_ERR(absolved.path);
	}
	order->program = &absolved;
	order->fetch = true;
	order->iolen = BPROC_IO_DEFAULT;
	order->io_id = 0;
	/* Without one a script cannot be executed. */
	order->script_fd = get_unused_fd_flags(0);
	order->has_script = false;
	had_pipe = bproc_hold_signals(&saved);
	order->blocked = &saved;
	t = bproc_transfer_start(s, BPROC_NODE_MASTER, task_tgid_nr_ns(current, s->ns),
				 task_ppid_nr_ns(current, s->ns));
	if (IS_ERR(t)) {
		err = PTR_ERR(t);
	} else {
		err = fetch(s, order, t);
		bproc_transfer_finish(t);
	}
	bproc_release_signals(&saved, had_pipe);
	if (err)
		drop_script(order);
	kfree(buf);
	return err;
}

/* --- on the master --- */

/**
 * struct fetched - a program that a ghost executes for its process
 * @ghost: the ghost
 * @file: of it, while it has no stub that holds one
 * @stream: where the image goes
 * @cred: what the ghost itself has
 * @nsproxy: its namespaces, to be compared only
 * @root: its root directory, once it executed
 * @id: the transfer, as the node numbers it
 * @flags: VMAD_DUMP_* bits
 * @script: what the program interprets, if it is a script
 * @told: the process knows that the image comes
 * @over: this ended, well or not
 * @close: closes the stream
 */
struct fetched {
	struct bproc_ghost *ghost;
	struct file *file;
	struct file *stream;
	const struct cred *cred;
	const struct nsproxy *nsproxy;
	struct path root;
	u64 id;
	u32 flags;
	struct bproc_script script;
	bool told;
	bool over;
	struct work_struct close;
};

static void answer(const struct fetched *f, int result)
{
	struct bproc_ghost *g = f->ghost;
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_ARRIVED, g->node, g->nr, 0, GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = f->id;
	buf->msg.result = result;
	bproc_msgq_post(&g->space->msgq, buf);
}

/* See bproc_transfer_finish(): the closer of a broken stream gets SIGPIPE. */
static void fetched_close(struct work_struct *work)
{
	struct fetched *f = container_of(work, struct fetched, close);

	fput(f->stream);
	kfree(f);
}

static void fetched_free(void *data)
{
	struct fetched *f = data;

	bproc_ghost_expect_no_more(f->ghost);
	if (f->file)
		fput(f->file);
	bproc_script_close(&f->script);
	path_put(&f->root);
	put_cred(f->cred);
	bproc_ghost_put(f->ghost);
	bproc_do_later(&f->close);
}

/* The ghost ends in the midst of it. */
static void fetched_exits(void *data)
{
	struct fetched *f = data;
	int status = current->signal->flags & SIGNAL_GROUP_EXIT ?
			     current->signal->group_exit_code :
			     current->exit_code;

	if (current != f->ghost->task || f->over)
		return;
	f->over = true;
	/* The program is the process's own: it ends like that. Too late, and it is killed. */
	if (!f->told && bproc_ghost_expect_end(f->ghost, status))
		answer(f, BPROC_FETCH_ENDED | (status & 0xffff));
	bproc_stream_shut(f->stream);
	fput(f->file);
	f->file = NULL;
}

/* Would exec have given the process something that it has not? */
static bool gained(const struct cred *old, const struct cred *new)
{
	if (!uid_eq(old->euid, new->euid) || !gid_eq(old->egid, new->egid))
		return true;
	if (uid_eq(new->uid, GLOBAL_ROOT_UID) || uid_eq(new->euid, GLOBAL_ROOT_UID))
		return false;
	return !cap_issubset(new->cap_permitted, old->cap_permitted);
}

/* The ghost's own credentials again. */
static int take_cred(const struct cred *cred)
{
	struct cred *copy = bproc_cred_copy(cred);

	return copy ? commit_creds(copy) : -ENOMEM;
}

/*
 * The program is in place and linked: off it goes, or not, and the ghost is one again.
 * Return: -errno if it is not, and has to die.
 */
static int send_program(struct fetched *f, int err)
{
	struct bproc_name *name = bproc_name_of_current();
	struct vmad_dump_opts opts = {
		.flags = f->flags,
		.moving = true,
	};
	struct bproc_ghost *g = f->ghost;
	struct file *file = f->file;
	ssize_t n;

	if (!err && !thread_group_empty(current))
		err = -EOPNOTSUPP;
	if (!err) {
		f->told = true;
		answer(f, 0);
		err = bproc_script_send(&f->script, f->stream);
		n = err ? err : vmad_dump(f->stream, &opts);
		err = n < 0 ? n : 0;
	}
	if (err) {
		answer(f, err);
		bproc_stream_shut(f->stream);
	}
	err = take_cred(f->cred);
	/*
	 * The exec closes the descriptor that this call came by. A child of the constructors
	 * may hold the last one then, and close it any time: @f is not to be used any more,
	 * nor to keep the ghost's file.
	 */
	f->file = NULL;
	f->over = true;
	bproc_ghost_get(g);
	if (err)
		kfree(name);
	else
		err = bproc_ghost_again(g, name);
	if (!err)
		bproc_ghost_set_executing(g, false);
	bproc_ghost_put(g);
	fput(file);
	return err;
}

/*
 * May the caller be the ghost again? What a constructor did to itself for good the ghost would
 * have, too. It gets its credentials back, and would have them among the mounts that a
 * constructor made as root of a user namespace, and so would the process when it comes home.
 */
static bool is_as_before(const struct fetched *f)
{
	struct path root;
	bool same;

	get_fs_root(current->fs, &root);
	same = path_equal(&root, &f->root);
	path_put(&root);
	return same && current_user_ns() == f->cred->user_ns &&
	       current->nsproxy == f->nsproxy && !bproc_may_be_ghost(f->ghost->space);
}

static long fetched_linked(void *data)
{
	struct fetched *f = data;

	/* A child of the program's constructors has the descriptor too. */
	if (current != f->ghost->task || f->over)
		return -EBUSY;
	/* Freed with the descriptor that this call came by, on the way to user mode. */
	if (!is_as_before(f) || send_program(f, 0))
		bproc_call_exit(SIGKILL);
	return 0;
}

static const struct bproc_linked_ops fetched_ops = {
	.linked = fetched_linked,
	.exits = fetched_exits,
	.free = fetched_free,
};

static int execute(struct fetched *f, const struct bproc_stream *h,
		   struct bproc_stream __user *uh, bool *done)
{
	struct bproc_ghost *g = f->ghost;
	const struct cred *before;
	int err;

	f->file = bproc_ghost_file(g);
	if (IS_ERR(f->file)) {
		err = PTR_ERR(f->file);
		f->file = NULL;
		return err;
	}
	err = bproc_cred_follow(g, h, uh);
	if (err)
		return err;
	put_cred(f->cred);
	f->cred = get_current_cred();
	current->personality = h->personality;
	before = get_current_cred();
	err = bproc_arrival_exec(h, uh, &f->script);
	if (!err) {
		*done = true;
		f->nsproxy = current->nsproxy;
		get_fs_root(current->fs, &f->root);
		if (gained(before, current_cred()))
			err = -EPERM;
	}
	put_cred(before);
	return err;
}

/**
 * bproc_fetch_execute - a process wants the ghost that the caller is to execute a program
 * @g: the ghost
 * @h: the header of its stream
 * @uh: the same in the caller's memory, with its variable part
 * @stream: where the image goes; the reference goes
 *
 * Return: 0: the caller returns to user mode as the program, or as a ghost anew; -errno to
 * the ghost, which goes on as it was.
 */
long bproc_fetch_execute(struct bproc_ghost *g, const struct bproc_stream *h,
			 struct bproc_stream __user *uh, struct file *stream)
{
	struct fetched *f = kzalloc(sizeof(*f), GFP_KERNEL | __GFP_NOFAIL);
	bool done = false;
	int err;

	INIT_WORK(&f->close, fetched_close);
	bproc_ghost_get(g);
	f->ghost = g;
	f->stream = stream;
	f->cred = get_current_cred();
	f->id = h->id;
	f->flags = h->dump_flags & VMAD_DUMP_ALL;
	err = bproc_ghost_set_executing(g, true) ? 0 : -ESRCH;
	if (!err)
		err = execute(f, h, uh, &done);
	if (done) {
		if (!err)
			err = bproc_linked_arm_with(g->space, &fetched_ops, f);
		if (err > 0)
			return 0;
		err = send_program(f, err);
		fetched_free(f);
		if (err)
			bproc_call_exit(SIGKILL);
		return 0;
	}
	if (take_cred(f->cred)) {
		fetched_free(f);
		bproc_call_exit(SIGKILL);
	}
	bproc_ghost_set_executing(g, false);
	answer(f, err);
	fetched_free(f);
	return err;
}
