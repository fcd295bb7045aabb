// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving bytes and pages to and from a descriptor, strictly in order.
 */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <net/sock.h>
#include "image.h"
#include "vmadump.h"

/**
 * vmad_buf_reserve - make room behind the end of a buffer
 * @buf: the buffer
 * @more: bytes wanted
 *
 * Return: 0 or -ENOMEM.
 */
int vmad_buf_reserve(struct vmad_buf *buf, size_t more)
{
	size_t room;
	char *data;

	if (more <= buf->room - buf->len)
		return 0;
	if (more > INT_MAX / 2 || buf->len > INT_MAX / 2 - more)
		return -ENOMEM;
	room = max_t(size_t, buf->len + more, buf->room + buf->room / 2);
	room = PAGE_ALIGN(room);
	data = kvmalloc(room, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;
	if (buf->len)
		memcpy(data, buf->data, buf->len);
	kvfree(buf->data);
	buf->data = data;
	buf->room = room;
	return 0;
}

/**
 * vmad_buf_add - append to a buffer
 * @buf: the buffer
 * @data: what to append, or NULL for zeros
 * @len: bytes of it
 *
 * Return: 0 or -ENOMEM.
 */
int vmad_buf_add(struct vmad_buf *buf, const void *data, size_t len)
{
	int err = vmad_buf_reserve(buf, len);

	if (err)
		return err;
	if (data)
		memcpy(buf->data + buf->len, data, len);
	else
		memset(buf->data + buf->len, 0, len);
	buf->len += len;
	return 0;
}

/**
 * vmad_buf_free - empty a buffer
 * @buf: the buffer; can be used again
 */
void vmad_buf_free(struct vmad_buf *buf)
{
	kvfree(buf->data);
	*buf = (struct vmad_buf){};
}

/*
 * A read or write was interrupted. Signals are blocked while a stream moves, so it is fatal, or
 * work that somebody gave the task, or something like the freezer. Work waits until the task
 * goes to user mode: it cannot be done now, and as long as the task is told of it all it does is
 * interrupted. Return: 0: do it again; -EINTR: the caller was killed; -EIO: it was none of that,
 * and would be so for ever.
 */
static int go_on(void)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	if (!signal_pending(current))
		return -EIO;
	if (!test_thread_flag(TIF_NOTIFY_SIGNAL)) {
		schedule_timeout_killable(1);
		return 0;
	}
	set_notify_resume(current);
	clear_notify_signal();
	return 0;
}

static int interrupted(int err)
{
	switch (err) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -EINTR:
		return go_on();
	case -EAGAIN:
		/* A non-blocking descriptor: what is not taken now is not taken. */
		return -EIO;
	default:
		return err;
	}
}

/*
 * An encrypted connection that is interrupted while it waits to send a record is broken for
 * good, on some kernels (6.12 is one). So what waits for room is not the socket.
 */
static struct socket *socket_of(struct file *file)
{
	struct socket *sock = sock_from_file(file);

	return sock && sock->type == SOCK_STREAM && !(file->f_flags & O_NONBLOCK) ? sock : NULL;
}

/* Sockets wake those that a signal would wake, too. */
static int wake_killable(struct wait_queue_entry *wait, unsigned int mode, int flags, void *key)
{
	return default_wake_function(wait, TASK_NORMAL, flags, key);
}

/* Return: 0: try again; -EINTR: the caller was killed; -EIO: the socket's time-out. */
static int wait_for_room(struct file *file, struct socket *sock)
{
	DEFINE_WAIT_FUNC(wait, wake_killable);
	long left = READ_ONCE(sock->sk->sk_sndtimeo);
	bool waited = false;
	int err = 0;

	add_wait_queue(sk_sleep(sock->sk), &wait);
	for (;;) {
		set_current_state(TASK_KILLABLE);
		if (vfs_poll(file, NULL) & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			break;
		err = fatal_signal_pending(current) ? -EINTR : left ? 0 : -EIO;
		if (err)
			break;
		left = schedule_timeout(left);
		waited = true;
	}
	__set_current_state(TASK_RUNNING);
	remove_wait_queue(sk_sleep(sock->sk), &wait);
	/* It has room, but lacks something else. */
	if (!err && !waited)
		schedule_timeout_killable(1);
	return err;
}

/* Return: bytes that it took, 0 if none now; or -errno. */
static ssize_t send_some(struct file *file, struct socket *sock, struct iov_iter *iter)
{
	struct msghdr msg = { .msg_iter = *iter, .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	int n = sock_sendmsg(sock, &msg);

	if (n == -EAGAIN)
		return wait_for_room(file, sock);
	if (n > 0)
		iov_iter_advance(iter, n);
	return n ?: -EIO;
}

static ssize_t move_some(struct vmad_stream *stream, struct iov_iter *iter, bool write)
{
	struct file *file = stream->file;
	loff_t *pos = file->f_mode & FMODE_STREAM ? NULL : &stream->pos;
	struct socket *sock = write ? socket_of(file) : NULL;
	ssize_t n;

	if (sock)
		return send_some(file, sock, iter);
	if (!write)
		return vfs_iter_read(file, iter, pos, 0) ?: -EIO;
	bproc_start_write(file);
	n = vfs_iter_write(file, iter, pos, 0);
	bproc_end_write(file);
	return n ?: -EIO;
}

static int move_iter(struct vmad_stream *stream, struct iov_iter *iter, bool write)
{
	ssize_t n;
	int err;

	while (iov_iter_count(iter)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		n = move_some(stream, iter, write);
		if (n < 0) {
			err = interrupted(n);
			if (err)
				return err;
			continue;
		}
		stream->done += n;
		cond_resched();
	}
	return 0;
}

static int move_bytes(struct vmad_stream *stream, void *data, size_t len, bool write)
{
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct iov_iter iter;

	iov_iter_kvec(&iter, write ? ITER_SOURCE : ITER_DEST, &vec, 1, len);
	return move_iter(stream, &iter, write);
}

/**
 * vmad_stream_write - write kernel memory
 * @stream: where to
 * @data: what
 * @len: bytes
 *
 * Return: 0, -EIO when the descriptor takes no more, -EINTR when the caller is being killed,
 * or any other error of writing.
 */
int vmad_stream_write(struct vmad_stream *stream, const void *data, size_t len)
{
	return move_bytes(stream, (void *)data, len, true);
}

/**
 * vmad_stream_read - read into kernel memory
 * @stream: where from
 * @data: where to
 * @len: bytes
 *
 * Return: 0, -EIO at the end of the stream, -EINTR when the caller is being killed, or any
 * other error of reading.
 */
int vmad_stream_read(struct vmad_stream *stream, void *data, size_t len)
{
	return move_bytes(stream, data, len, false);
}

/**
 * vmad_stream_pages - write pages, or read into them
 * @stream: where to or from
 * @pages: whole pages, in the order of the stream
 * @n: number of them, VMAD_BATCH at most
 * @write: direction
 *
 * Return: as vmad_stream_write() and vmad_stream_read().
 */
int vmad_stream_pages(struct vmad_stream *stream, struct page **pages, unsigned int n,
		      bool write)
{
	struct bio_vec *vec;
	struct iov_iter iter;
	unsigned int i;
	int err;

	vec = kmalloc_array(n, sizeof(*vec), GFP_KERNEL);
	if (!vec)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		vec[i] = (struct bio_vec){ .bv_page = pages[i], .bv_len = PAGE_SIZE };
	iov_iter_bvec(&iter, write ? ITER_SOURCE : ITER_DEST, vec, n, n * PAGE_SIZE);
	err = move_iter(stream, &iter, write);
	kfree(vec);
	return err;
}

/**
 * vmad_write_all - write kernel memory to a file that has no position
 * @file: where to
 * @data: what
 * @len: bytes
 *
 * Return: as vmad_stream_write().
 */
int vmad_write_all(struct file *file, const void *data, size_t len)
{
	struct vmad_stream stream = { .file = file };

	return vmad_stream_write(&stream, data, len);
}

/**
 * vmad_read_all - read from a file that has no position into kernel memory
 * @file: where from
 * @data: where to
 * @len: bytes
 *
 * Return: as vmad_stream_read().
 */
int vmad_read_all(struct file *file, void *data, size_t len)
{
	struct vmad_stream stream = { .file = file };

	return vmad_stream_read(&stream, data, len);
}
