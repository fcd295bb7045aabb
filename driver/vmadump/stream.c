// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving bytes and pages to and from a descriptor, strictly in order.
 */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>
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

/**
 * vmad_stream_go_on - a read or write of a stream was interrupted
 *
 * Signals are blocked while a stream moves, so it is fatal, or work that somebody gave the task,
 * or something like the freezer. Work waits until the task goes to user mode: it cannot be done
 * now, and as long as the task is told of it all it writes is interrupted.
 *
 * Return: 0: do it again; -EINTR: the caller was killed.
 */
int vmad_stream_go_on(void)
{
	if (fatal_signal_pending(current))
		return -EINTR;
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
		return vmad_stream_go_on();
	case -EAGAIN:
		/* A non-blocking descriptor: what is not taken now is not taken. */
		return -EIO;
	default:
		return err;
	}
}

static int move_iter(struct vmad_stream *stream, struct iov_iter *iter, bool write)
{
	struct file *file = stream->file;
	loff_t *pos = file->f_mode & FMODE_STREAM ? NULL : &stream->pos;
	ssize_t n;

	while (iov_iter_count(iter)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (write) {
			bproc_start_write(file);
			n = vfs_iter_write(file, iter, pos, 0);
			bproc_end_write(file);
		} else {
			n = vfs_iter_read(file, iter, pos, 0);
		}
		if (!n)
			return -EIO;
		if (n < 0) {
			int err = interrupted(n);

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
