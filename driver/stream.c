// SPDX-License-Identifier: GPL-2.0-only
/* Writing the header of a stream from what the kernel knows of the caller. */
#include <linux/cred.h>
#include <linux/fs_struct.h>
#include <linux/net.h>
#include <linux/oom.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "cred.h"
#include "family.h"
#include "kcompat.h"
#include "signals.h"
#include "space.h"
#include "stream.h"
#include "usage.h"
#include "vmadump/vmadump.h"

static_assert(RLIM_NLIMITS == BPROC_NRLIMITS);

/**
 * bproc_stream_error - all ways in which a connection breaks are one to callers
 * @err: 0, or the -errno of reading or writing a stream
 *
 * Return: -EIO for those, or @err.
 */
int bproc_stream_error(int err)
{
	switch (err) {
	case -EPIPE:
	case -ECONNRESET:
	case -ECONNABORTED:
	case -ETIMEDOUT:
	case -EHOSTUNREACH:
	case -ENETUNREACH:
		return -EIO;
	}
	return err;
}

/**
 * bproc_stream_write - write all of it
 * @stream: where to
 * @data: what
 * @len: bytes
 *
 * The caller holds back its signals, SIGPIPE among them.
 *
 * Return: 0 or -errno.
 */
int bproc_stream_write(struct file *stream, const void *data, size_t len)
{
	return bproc_stream_error(vmad_write_all(stream, data, len));
}

/* The other side is gone: whoever reads or writes the stream now or later has an end. */
void bproc_stream_shut(struct file *stream)
{
	struct socket *sock = sock_from_file(stream);

	if (sock)
		kernel_sock_shutdown(sock, SHUT_RDWR);
}

static u64 limit(unsigned long value)
{
	return value == RLIM_INFINITY ? ~0ULL : value;
}

/* Executing a program does not change the supplementary groups. */
static void fill_io_rights(struct bproc_stream *h, const struct cred *cred)
{
	h->io_uid = from_kuid_munged(&init_user_ns, cred->fsuid);
	h->io_gid = from_kgid_munged(&init_user_ns, cred->fsgid);
	/* Capabilities in a user namespace are none outside of it. */
	if (cred->user_ns == &init_user_ns)
		h->io_caps = bproc_cap_u64(cred->cap_effective);
}

static void fill_limits(struct bproc_stream *h)
{
	int i;

	task_lock(current->group_leader);
	for (i = 0; i < BPROC_NRLIMITS; i++) {
		h->rlim[i].soft = limit(current->signal->rlim[i].rlim_cur);
		h->rlim[i].hard = limit(current->signal->rlim[i].rlim_max);
	}
	task_unlock(current->group_leader);
}

/* What exec keeps of them. */
static void fill_signals(struct bproc_stream *h, const sigset_t *blocked)
{
	int sig;

	h->blocked = blocked->sig[0];
	spin_lock_irq(&bproc_sighand()->siglock);
	for (sig = 1; sig <= _NSIG; sig++)
		if (bproc_sighand()->action[sig - 1].sa.sa_handler == SIG_IGN)
			h->ignored |= 1ULL << (sig - 1);
	spin_unlock_irq(&bproc_sighand()->siglock);
}

static u32 put_groups(u32 *to)
{
	const struct group_info *groups = current_cred()->group_info;
	int i;

	for (i = 0; i < groups->ngroups; i++)
		to[i] = from_kgid_munged(&init_user_ns, groups->gid[i]);
	return ALIGN(groups->ngroups * sizeof(u32), 8);
}

static u32 count_strings(const char *const *list, u32 *len)
{
	u32 n = 0;

	for (; list && list[n]; n++)
		*len += strlen(list[n]) + 1;
	return n;
}

static u8 *put_strings(u8 *to, const char *const *list)
{
	size_t len;

	for (; list && *list; list++) {
		len = strlen(*list) + 1;
		memcpy(to, *list, len);
		to += len;
	}
	return to;
}

/**
 * bproc_stream_write_header - describe the caller
 * @stream: where to
 * @s: the caller's space
 * @order: what it asked for
 * @id: the transfer, 0 for a vector call
 * @pid: PID of the process that will be, 0 for a vector call
 * @ppid: its parent
 *
 * Return: 0, -E2BIG, -ENOMEM, or -errno of the write.
 */
int bproc_stream_write_header(struct file *stream, struct bproc_space *s,
			      const struct bproc_order *order, u64 id, pid_t pid, pid_t ppid)
{
	const struct bproc_program *prog = order->program;
	struct bproc_child *children = NULL;
	size_t children_len;
	struct bproc_stream *h;
	char *page, *cwd;
	struct path pwd;
	size_t size;
	u32 io_len;
	u8 *p;
	int err = -ENOMEM;

	page = (char *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	get_fs_pwd(current->fs, &pwd);
	cwd = d_path(&pwd, page, PAGE_SIZE);
	path_put(&pwd);
	/* Too long, or deleted, or outside of the root: the name means nothing elsewhere. */
	if (IS_ERR(cwd) || cwd[0] != '/')
		cwd = "/";

	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		goto out_page;
	h->magic = BPROC_STREAM_MAGIC;
	h->kind = order->ranked ? BPROC_STREAM_RANKED :
		  !prog ? BPROC_STREAM_IMAGE :
		  order->fetch ? BPROC_STREAM_FETCH : BPROC_STREAM_EXEC;
	h->script_fd = order->fetch ? order->script_fd : 0;
	h->dump_flags = order->fetch ? order->flags : 0;
	h->from = s->node;
	h->id = id;
	h->pid = pid;
	h->ppid = ppid;
	h->pgrp = task_pgrp_nr_ns(current, s->ns);
	h->session = task_session_nr_ns(current, s->ns);
	bproc_cred_fill(&h->cred, current_cred());
	h->cred.no_new_privs = task_no_new_privs(current);
	h->ngroups = current_cred()->group_info->ngroups;
	fill_io_rights(h, order->io_cred ?: current_cred());
	h->umask = current_umask();
	h->nice = task_nice(current);
	h->personality = current->personality;
	h->oom_score_adj = current->signal->oom_score_adj;
	h->iolen = order->iolen;
	h->io_id = order->io_id;
	fill_limits(h);
	if (order->ranked || (pid == task_tgid_nr_ns(current, s->ns) &&
			      !(current->flags & PF_FORKNOEXEC)))
		h->flags |= BPROC_STREAM_EXECUTED;
	/* A child starts at nothing. */
	if (pid == task_tgid_nr_ns(current, s->ns) && !order->fetch) {
		bproc_usage_get(current, &h->usage);
		h->death_signal = current->pdeath_signal;
		if (current->signal->is_child_subreaper)
			h->flags |= BPROC_STREAM_SUBREAPER;
		children = bproc_family_list(s, &h->children);
		if (!children)
			goto out_header;
	}
	children_len = (size_t)h->children * sizeof(*children);
	if (prog)
		fill_signals(h, order->blocked);
	get_task_comm(h->comm, current);
	h->cwd_len = strlen(cwd) + 1;
	if (prog) {
		h->path_len = strlen(prog->path) + 1;
		h->argc = count_strings(prog->argv, &h->strings_len);
		h->envc = count_strings(prog->envp, &h->strings_len);
	}
	io_len = order->iolen > 0 ? order->iolen * sizeof(*order->io) : 0;
	size = sizeof(*h) + ALIGN(h->ngroups * sizeof(u32), 8) + io_len + children_len +
	       h->cwd_len + h->path_len + (size_t)h->strings_len;
	err = -E2BIG;
	if (size > BPROC_STREAM_HEADER_MAX)
		goto out_header;
	h->size = size;
	err = -ENOMEM;
	p = kvzalloc(size, GFP_KERNEL);
	if (!p)
		goto out_header;
	memcpy(p, h, sizeof(*h));
	kfree(h);
	h = (void *)p;
	p += sizeof(*h);
	p += put_groups((u32 *)p);
	if (io_len)
		memcpy(p, order->io, io_len);
	p += io_len;
	if (children_len)
		memcpy(p, children, children_len);
	p += children_len;
	memcpy(p, cwd, h->cwd_len);
	p += h->cwd_len;
	if (prog) {
		memcpy(p, prog->path, h->path_len);
		p = put_strings(p + h->path_len, prog->argv);
		put_strings(p, prog->envp);
	}
	err = bproc_stream_write(stream, h, size);
	kvfree(h);
	goto out_page;

out_header:
	kfree(h);
out_page:
	kvfree(children);
	free_page((unsigned long)page);
	return err;
}
