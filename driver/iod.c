// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors 0, 1, 2 of processes that leave go to the I/O daemon, and what it makes
 * instead of them comes back to the processes that arrive.
 */
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ghost.h"
#include "iod.h"
#include "space.h"

/* How long a process that arrives waits for its descriptors. */
#define MAKE_TIMEOUT (30 * HZ)
/* How long one that has come home waits for its output, if the daemon does not answer. */
#define HOME_TIMEOUT (60 * HZ)
/* How long the end of a process waits for its output, if the daemon does not answer. */
#define FLUSH_TIMEOUT (15 * HZ)

/* An arrival that waits, on the stack of its system call. */
struct make {
	wait_queue_head_t wait;
	bool done;
	int result;
	struct file *file[3];
};

/* The end of a process whose output is still on its way. */
struct flush {
	struct bproc_ghost *ghost;
	int status;
	unsigned long deadline;
};

/* --- processes that leave --- */

/**
 * bproc_iod_take - the caller, or a child of it, goes to a node with default I/O
 * @s: its space
 * @node: where to
 * @pid: the process that goes
 *
 * The daemon reads nothing before bproc_iod_go(): until then the caller may keep its input.
 *
 * Return: the name under which the I/O daemon serves the caller's 0, 1, 2, for
 * bproc_iod_go() or bproc_iod_drop(); or 0: there is no daemon, or no memory.
 */
u64 bproc_iod_take(struct bproc_space *s, int node, pid_t pid)
{
	struct bproc_iod *iod = bproc_iod_of(s);
	struct bproc_io_msg *m = NULL;
	u64 id = 0;
	int i;

	if (!iod)
		return 0;
	/* Nobody else may guess it. */
	do
		id = get_random_u64();
	while (!id);
	m = bproc_io_msg_alloc(BPROC_MSG_IO_TAKE, node, pid, id, sizeof(m->msg.take),
			       GFP_KERNEL_ACCOUNT);
	if (m)
		for (i = 0; i < 3; i++)
			m->file[i] = fget(i);
	if (!m || !bproc_iod_post(iod, m))
		id = 0;
	bproc_iod_put(iod);
	return id;
}

/* What became of a process that was to go. */
static void tell(struct bproc_space *s, u16 type, u64 id, pid_t pid)
{
	struct bproc_iod *iod = id ? bproc_iod_of(s) : NULL;

	if (!iod)
		return;
	bproc_iod_post(iod, bproc_io_msg_alloc(type, BPROC_NODE_NONE, pid, id, 0,
					       GFP_KERNEL | __GFP_NOFAIL));
	bproc_iod_put(iod);
}

/**
 * bproc_iod_go - the process goes: what is its input may be read
 * @s: the space that it leaves
 * @id: from bproc_iod_take(), may be 0
 * @pid: the process
 *
 * Before GO: the daemon then hears of this before it is asked for the input of one that has
 * come home.
 */
void bproc_iod_go(struct bproc_space *s, u64 id, pid_t pid)
{
	tell(s, BPROC_MSG_IO_GO, id, pid);
}

/**
 * bproc_iod_drop - the process did not go after all
 * @s: its space
 * @id: from bproc_iod_take(), may be 0
 * @pid: the process
 */
void bproc_iod_drop(struct bproc_space *s, u64 id, pid_t pid)
{
	tell(s, BPROC_MSG_IO_DROP, id, pid);
}

/**
 * bproc_iod_input - the caller may go home to the master, and has an input here
 * @s: its space
 *
 * Return: a message for bproc_iod_leave(), or for bproc_io_msg_free(); NULL: its input is
 * none, or there is no memory, and what it has not read is lost to it.
 */
struct bproc_io_msg *bproc_iod_input(struct bproc_space *s)
{
	struct bproc_io_msg *m;

	m = bproc_io_msg_alloc(BPROC_MSG_IO_LEAVE, BPROC_NODE_MASTER,
			       task_tgid_nr_ns(current, s->ns), 0, sizeof(m->msg.take),
			       GFP_KERNEL_ACCOUNT);
	if (!m)
		return NULL;
	m->file[0] = fget(0);
	if (m->file[0])
		return m;
	bproc_io_msg_free(m);
	return NULL;
}

/**
 * bproc_iod_leave - the caller goes home: its input goes with it
 * @s: its space
 * @input: from bproc_iod_input(), or NULL
 *
 * Before GO: the master asks for it as soon as the process is there.
 */
void bproc_iod_leave(struct bproc_space *s, struct bproc_io_msg *input)
{
	struct bproc_iod *iod = input ? bproc_iod_of(s) : NULL;

	if (iod) {
		bproc_iod_post(iod, input);
		bproc_iod_put(iod);
	} else if (input) {
		bproc_io_msg_free(input);
	}
}

/* --- processes that arrive --- */

static bool make_done(struct bproc_iod *iod, struct make *make)
{
	bool ret;

	xa_lock(&iod->makes);
	ret = make->done;
	xa_unlock(&iod->makes);
	return ret;
}

/**
 * bproc_iod_made - the daemon answers, or its end
 * @iod: the daemon
 * @request: which question
 * @file: three files, whose references the one who asked gets; or NULL
 * @result: 0 or -errno
 *
 * Return: false if nobody waits any more; the references stay the caller's.
 */
bool bproc_iod_made(struct bproc_iod *iod, u64 request, struct file **file, int result)
{
	struct make *make;
	bool found;

	xa_lock(&iod->makes);
	make = xa_load(&iod->makes, request);
	found = make && !make->done;
	if (found) {
		make->done = true;
		make->result = result;
		if (file)
			memcpy(make->file, file, sizeof(make->file));
		/* Under the lock: the waiter's stack is gone once it saw the answer. */
		wake_up_all(&make->wait);
	}
	xa_unlock(&iod->makes);
	return found;
}

/* Ask the daemon, by @m, which goes. Return: 0 with what it gave, or -errno. */
static int ask(struct bproc_iod *iod, struct bproc_io_msg *m, long timeout, struct file **file)
{
	u64 request = atomic64_inc_return(&iod->next);
	struct make make = { .done = false };
	long left;
	int err;

	m->msg.head.id = request;
	init_waitqueue_head(&make.wait);
	err = xa_insert(&iod->makes, request, &make, GFP_KERNEL);
	if (err) {
		bproc_io_msg_free(m);
		return err;
	}
	/* Either the post sees that the daemon is gone, or its end sees the entry. */
	if (!bproc_iod_post(iod, m)) {
		xa_erase(&iod->makes, request);
		return -ENOTCONN;
	}
	left = wait_event_killable_timeout(make.wait, make_done(iod, &make), timeout);
	xa_erase(&iod->makes, request);
	if (make.done) {
		memcpy(file, make.file, sizeof(make.file));
		return make.result;
	}
	return left < 0 ? -EINTR : -ETIMEDOUT;
}

/* Return: 0 with three files, or -errno. */
static int make_files(struct bproc_iod *iod, int from, u64 id, struct file **file)
{
	struct bproc_io_msg *m;
	int err;

	m = bproc_io_msg_alloc(BPROC_MSG_IO_MAKE, from,
			       task_tgid_nr_ns(current, iod->space->ns), 0, sizeof(m->msg.make),
			       GFP_KERNEL_ACCOUNT);
	if (!m)
		return -ENOMEM;
	m->msg.make.io_id = id;
	m->msg.make.uid = from_kuid_munged(&init_user_ns, current_fsuid());
	m->msg.make.gid = from_kgid_munged(&init_user_ns, current_fsgid());
	err = ask(iod, m, MAKE_TIMEOUT, file);
	if (!err && (!file[0] || !file[1] || !file[2]))
		err = -EINVAL;
	return err;
}

/* All or nothing. */
static int install(struct file **file, struct bproc_arrive_io *arg,
		   struct bproc_arrive_io __user *uarg)
{
	int i, err = 0;

	for (i = 0; i < 3; i++) {
		arg->fd[i] = get_unused_fd_flags(O_CLOEXEC);
		if (arg->fd[i] < 0) {
			err = arg->fd[i];
			goto undo;
		}
	}
	if (copy_to_user(uarg, arg, sizeof(*arg))) {
		err = -EFAULT;
		goto undo;
	}
	for (i = 0; i < 3; i++) {
		fd_install(arg->fd[i], file[i]);
		file[i] = NULL;
	}
	return 0;
undo:
	while (--i >= 0)
		put_unused_fd(arg->fd[i]);
	return err;
}

/**
 * bproc_iod_arrive - BPROC_IOC_ARRIVE_IO: the caller, who arrives, wants its 0, 1, 2
 * @s: the space where it arrives
 * @uarg: under which name they are served, and where; the descriptors
 *
 * Return: 0, -ENOTCONN without an I/O daemon, another -errno.
 */
long bproc_iod_arrive(struct bproc_space *s, struct bproc_arrive_io __user *uarg)
{
	struct file *file[3] = { NULL };
	struct bproc_arrive_io arg;
	struct bproc_iod *iod;
	int err;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (bproc_is_master(s) || !arg.io_id)
		return -EINVAL;
	iod = bproc_iod_of(s);
	if (!iod)
		return -ENOTCONN;
	err = make_files(iod, arg.from, arg.io_id, file);
	if (!err)
		err = install(file, &arg, uarg);
	bproc_io_files_put(file);
	bproc_iod_put(iod);
	return err;
}

/* --- processes that come home --- */

/**
 * bproc_iod_home - the caller came back to the master, and waits for what it wrote elsewhere
 * @s: the master's space
 * @id: the name under which its descriptors were served there
 *
 * What it had not read of its input comes back, too; in another descriptor 0 if need be.
 */
void bproc_iod_home(struct bproc_space *s, u64 id)
{
	struct bproc_iod *iod = bproc_iod_of(s);
	struct file *file[3] = { NULL };
	struct bproc_io_msg *m = NULL;
	int fd;

	if (!iod)
		return;
	m = bproc_io_msg_alloc(BPROC_MSG_IO_HOME, BPROC_NODE_MASTER,
			       task_tgid_nr_ns(current, s->ns), 0, sizeof(m->msg.flush),
			       GFP_KERNEL_ACCOUNT);
	if (!m)
		goto out;
	m->msg.flush.io_id = id;
	m->msg.flush.uid = from_kuid_munged(&init_user_ns, current_fsuid());
	m->msg.flush.gid = from_kgid_munged(&init_user_ns, current_fsgid());
	if (ask(iod, m, HOME_TIMEOUT, file) || !file[0])
		goto out;
	/* It has one thread and its own table, so this gives 0. */
	close_fd(0);
	fd = get_unused_fd_flags(0);
	if (fd == 0) {
		fd_install(fd, file[0]);
		file[0] = NULL;
	} else if (fd > 0) {
		put_unused_fd(fd);
	}
out:
	bproc_io_files_put(file);
	bproc_iod_put(iod);
}

/* --- the end of a process --- */

static void flush_end(struct flush *f)
{
	bproc_ghost_end(f->ghost, f->status);
	bproc_ghost_put(f->ghost);
	kfree(f);
}

/* BPROC_IOC_IO_FLUSHED. Return: 0, or -ENOENT if the ghost ended meanwhile. */
long bproc_iod_flushed(struct bproc_iod *iod, u64 request)
{
	struct flush *f = xa_erase(&iod->flushes, request);

	if (!f)
		return -ENOENT;
	flush_end(f);
	return 0;
}

/* End those that wait for too long, or all. Return: true if some are left. */
bool bproc_iod_flushes_end(struct bproc_iod *iod, bool all)
{
	unsigned long request;
	struct flush *f;
	bool left = false;

	for (request = 0;; request++) {
		xa_lock(&iod->flushes);
		f = xa_find(&iod->flushes, &request, ULONG_MAX, XA_PRESENT);
		if (f && !all && time_before(jiffies, f->deadline)) {
			/* In the order of their requests, and so of their deadlines. */
			xa_unlock(&iod->flushes);
			left = true;
			break;
		}
		if (f)
			__xa_erase(&iod->flushes, request);
		xa_unlock(&iod->flushes);
		if (!f)
			break;
		flush_end(f);
	}
	return left;
}

/* Return: true if the daemon, or its end, will end the ghost. */
static bool flush_start(struct bproc_iod *iod, struct bproc_ghost *g, int status)
{
	u64 request = atomic64_inc_return(&iod->next);
	struct flush *f;
	struct bproc_io_msg *m;

	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	m = bproc_io_msg_alloc(BPROC_MSG_IO_FLUSH, g->node, g->nr, request, sizeof(m->msg.flush),
			       GFP_KERNEL_ACCOUNT);
	if (!f || !m)
		goto err;
	m->msg.flush.io_id = g->io_id;
	bproc_ghost_get(g);
	f->ghost = g;
	f->status = status;
	f->deadline = jiffies + FLUSH_TIMEOUT;
	if (xa_insert(&iod->flushes, request, f, GFP_KERNEL)) {
		bproc_ghost_put(g);
		goto err;
	}
	bproc_ghost_ended(g, status);
	/* If it is gone, nobody may have seen the entry. */
	if (!bproc_iod_post(iod, m))
		bproc_iod_flushed(iod, request);
	else
		bproc_iod_watch(iod, FLUSH_TIMEOUT);
	return true;
err:
	kfree(f);
	kfree(m);
	return false;
}

/**
 * bproc_iod_end_ghost - a process ended: end its ghost, when its output has arrived
 * @s: the ghost's space
 * @g: the ghost
 * @status: wait status to end with
 */
void bproc_iod_end_ghost(struct bproc_space *s, struct bproc_ghost *g, int status)
{
	struct bproc_iod *iod = READ_ONCE(g->io_id) ? bproc_iod_of(s) : NULL;

	if (!iod || !flush_start(iod, g, status))
		bproc_ghost_end(g, status);
	if (iod)
		bproc_iod_put(iod);
}
