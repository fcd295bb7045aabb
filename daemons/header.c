// SPDX-License-Identifier: GPL-2.0-or-later
#include <asm/errno.h>
#include <linux/limits.h>
#include "header.h"

/* The kernel's own limits for what the header carries. */
#define GROUPS_MAX 65536
#define CWD_MAX PATH_MAX

static __u64 groups_len(const struct bproc_stream *s)
{
	return ((__u64)s->ngroups * sizeof(__u32) + 7) & ~7ULL;
}

static __u64 io_len(const struct bproc_stream *s)
{
	return s->iolen > 0 ? (__u64)s->iolen * sizeof(struct bproc_io) : 0;
}

static __u64 children_len(const struct bproc_stream *s)
{
	return (__u64)s->children * sizeof(struct bproc_child);
}

int header_check_size(const struct bproc_stream *s)
{
	__u64 sum;

	if (s->magic != BPROC_STREAM_MAGIC)
		return -EPROTO;
	if (s->size < sizeof(*s) || s->size > BPROC_STREAM_HEADER_MAX)
		return -EMSGSIZE;
	if (s->kind != BPROC_STREAM_IMAGE && s->kind != BPROC_STREAM_EXEC &&
	    s->kind != BPROC_STREAM_FETCH && s->kind != BPROC_STREAM_RANKED)
		return -EPROTO;
	if (s->iolen < BPROC_IO_DEFAULT || s->iolen > BPROC_IO_MAX ||
	    s->ngroups > GROUPS_MAX || s->cwd_len > CWD_MAX || s->path_len > PATH_MAX)
		return -EPROTO;

	/* no sum of 32-bit lengths can overflow in 64 bits */
	sum = sizeof(*s) + groups_len(s) + io_len(s) + children_len(s) + s->cwd_len +
	      s->path_len + (__u64)s->strings_len;
	return sum == s->size ? 0 : -EPROTO;
}

/* @len bytes at @p are exactly @count strings with their NULs */
static int check_strings(const char *p, __u32 len, __u64 count)
{
	for (; len; len--, p++)
		if (!*p) {
			if (!count--)
				return -EPROTO;
		} else if (len == 1) {
			return -EPROTO;
		}
	return count ? -EPROTO : 0;
}

static int check_io(const struct bproc_io *io)
{
	__u32 i;

	if (io->fd < 0 || (io->type != BPROC_IO_FILE && io->type != BPROC_IO_SOCKET) ||
	    (io->flags & ~(BPROC_IO_SEND_INFO | BPROC_IO_DELAY)))
		return -EPROTO;
	if (io->type == BPROC_IO_SOCKET)
		return 0;
	for (i = 0; i < BPROC_IO_NAME_LEN; i++)
		if (!io->d.file.name[i])
			return 0;
	return -EPROTO;
}

int header_check(const struct bproc_stream *s, struct header_parts *parts)
{
	const char *p = (const char *)(s + 1);
	int err, i;

	err = header_check_size(s);
	if (err)
		return err;
	if (s->pid <= 1)
		return -EPROTO;

	parts->groups = (const __u32 *)p;
	p += groups_len(s);
	parts->io = (const struct bproc_io *)p;
	p += io_len(s);
	p += children_len(s);
	parts->cwd = s->cwd_len ? p : "/";

	for (i = 0; i < s->iolen; i++)
		if (check_io(&parts->io[i]))
			return -EPROTO;
	if (check_strings(p, s->cwd_len, s->cwd_len ? 1 : 0))
		return -EPROTO;
	p += s->cwd_len;
	if (s->kind == BPROC_STREAM_IMAGE || s->kind == BPROC_STREAM_RANKED)
		return s->path_len || s->strings_len || s->argc || s->envc ? -EPROTO : 0;

	if (!s->path_len || check_strings(p, s->path_len, 1))
		return -EPROTO;
	p += s->path_len;
	return check_strings(p, s->strings_len, (__u64)s->argc + s->envc);
}
