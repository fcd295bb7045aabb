// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of the master that processes on nodes look for. A shell looks at the files in
 * the directories of PATH before it executes one. What is missing there, and would be
 * executed on the master, is shown to it; nothing else is.
 */
#include <linux/bproc_msg.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "call.h"
#include "find.h"
#include "ghost.h"
#include "kcompat.h"
#include "space.h"

/* Where shells look without PATH. */
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
/* More environment than this is not read. */
#define ENVIRON_MAX (128U << 10)

/* The environment that the caller's program was started with; @len bytes, and a NUL. */
static char *get_environ(size_t *len)
{
	struct mm_struct *mm = current->mm;
	unsigned long start, end;
	char *text;

	spin_lock(&mm->arg_lock);
	start = mm->env_start;
	end = mm->env_end;
	spin_unlock(&mm->arg_lock);
	*len = end > start ? min_t(size_t, end - start, ENVIRON_MAX) : 0;
	text = kvmalloc(*len + 1, GFP_KERNEL_ACCOUNT);
	if (!text)
		return NULL;
	if (copy_from_user(text, (void __user *)start, *len))
		*len = 0;
	text[*len] = '\0';
	return text;
}

static bool lists(const char *search, const char *dir, size_t len)
{
	size_t n;

	for (;; search += n + 1) {
		n = strcspn(search, ":");
		if (n == len && !memcmp(search, dir, len))
			return true;
		if (!search[n])
			return false;
	}
}

/**
 * bproc_find_is_searched - is it a file in a directory of PATH?
 * @path: what the caller looks for
 */
bool bproc_find_is_searched(const char *path)
{
	const char *name = strrchr(path, '/');
	const char *search = DEFAULT_PATH;
	char *text, *p;
	size_t len;
	bool ret;

	if (path[0] != '/' || name == path || !name[1])
		return false;
	text = get_environ(&len);
	if (!text)
		return false;
	for (p = text; p < text + len; p += strlen(p) + 1)
		if (!strncmp(p, "PATH=", 5)) {
			search = p + 5;
			break;
		}
	ret = lists(search, path, name - path);
	kvfree(text);
	return ret;
}

/**
 * bproc_find - ask the master for a program
 * @s: the caller's space, a node
 * @path: its path
 * @found: receives what it is
 *
 * Return: 0, or -errno and there is none.
 */
int bproc_find(struct bproc_space *s, const char *path, struct bproc_msg_found *found)
{
	struct bproc_call c = { .to = found, .room = sizeof(*found) };
	size_t len = strlen(path) + 1;
	struct bproc_msg_call *call;
	struct bproc_msgbuf *buf;
	int err;

	memset(found, 0, sizeof(*found));
	buf = bproc_msg_alloc(BPROC_MSG_CALL, s->node, task_tgid_nr_ns(current, s->ns),
			      sizeof(*call) + len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	call = (void *)buf->body;
	call->call = BPROC_CALL_FIND;
	call->count = len;
	memcpy(call + 1, path, len);
	err = bproc_call_and_wait(s, buf, &c);
	return err ? err : c.result;
}

static int look(const char *path, struct bproc_msg_found *to)
{
	struct file *file = filp_open(path, O_PATH | O_CLOEXEC, 0);
	struct kstat stat;
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	err = vfs_getattr(&file->f_path, &stat, STATX_BASIC_STATS, AT_STATX_SYNC_AS_STAT);
	if (!err && !S_ISREG(stat.mode))
		err = -EACCES;
	if (!err)
		err = file_permission(file, MAY_EXEC);
	fput(file);
	if (err)
		return err;
	to->ino = stat.ino;
	to->size = stat.size;
	to->blocks = stat.blocks;
	to->mtime = stat.mtime.tv_sec;
	to->mode = stat.mode;
	to->nlink = stat.nlink;
	to->uid = from_kuid_munged(&init_user_ns, stat.uid);
	to->gid = from_kgid_munged(&init_user_ns, stat.gid);
	return 0;
}

/**
 * bproc_find_answer - a process looks for a program
 * @g: its ghost, which is the caller
 * @id: the call
 * @path: where it looks
 */
void bproc_find_answer(struct bproc_ghost *g, u64 id, const char *path)
{
	struct bproc_msgbuf *buf;

	buf = bproc_msg_alloc(BPROC_MSG_RESULT, g->node, g->nr, sizeof(struct bproc_msg_found),
			      GFP_KERNEL | __GFP_NOFAIL);
	buf->msg.id = id;
	buf->msg.result = look(path, (void *)buf->body) ? -ENOENT : 0;
	bproc_msgq_post(&g->space->msgq, buf);
}
