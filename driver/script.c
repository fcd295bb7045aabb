// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scripts (#!), whose interpreter goes where the script is not. The interpreter opens the
 * script when it runs; so the script goes along, as a file in memory that is open in the
 * process, and the interpreter gets the name of that descriptor in place of the path.
 */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kcompat.h"
#include "script.h"
#include "stream.h"
#include "vmadump/vmadump.h"

/* Longer ones are no scripts that anybody wrote. */
#define SCRIPT_MAX (64U << 20)

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* As the kernel takes the first line apart. Return: false if it is no such line. */
static bool parse(struct bproc_script *s, size_t len)
{
	char *p = s->line + 2, *end;

	end = memchr(s->line, '\n', len);
	if (!end)
		return false;
	while (end > p && is_blank(end[-1]))
		end--;
	*end = '\0';
	while (is_blank(*p))
		p++;
	if (!*p)
		return false;
	s->interpreter = p;
	while (*p && !is_blank(*p))
		p++;
	if (*p) {
		*p++ = '\0';
		while (is_blank(*p))
			p++;
		s->argument = *p ? p : NULL;
	}
	return true;
}

static bool no_exec(const struct file *file)
{
	return (file->f_path.mnt->mnt_flags & MNT_NOEXEC) ||
	       (file_inode(file)->i_sb->s_iflags & SB_I_NOEXEC);
}

/**
 * bproc_script_open - is it a script, that the caller may execute and read?
 * @script: zeroed; for bproc_script_close()
 * @path: what the caller is going to execute
 * @fd: the descriptor that the script will be in the process
 *
 * Return: 1: it is. 0: it is something else, or exec will say what is wrong with it.
 * -EMFILE: it is, but @fd is none; -E2BIG: it is too long.
 */
int bproc_script_open(struct bproc_script *script, const char *path, int fd)
{
	struct file *file = filp_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_LARGEFILE, 0);
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(file))
		return 0;
	n = -EACCES;
	if (S_ISREG(file_inode(file)->i_mode) && !no_exec(file) &&
	    !file_permission(file, MAY_EXEC))
		n = kernel_read(file, script->line, sizeof(script->line) - 1, &pos);
	if (n < 2 || script->line[0] != '#' || script->line[1] != '!' || !parse(script, n)) {
		fput(file);
		return 0;
	}
	script->file = file;
	script->size = i_size_read(file_inode(file));
	snprintf(script->name, sizeof(script->name), "/proc/self/fd/%d", fd);
	if (fd < 0)
		return -EMFILE;
	return script->size > SCRIPT_MAX ? -E2BIG : 1;
}

/**
 * bproc_script_close - the end of bproc_script_open()
 * @script: from there
 */
void bproc_script_close(struct bproc_script *script)
{
	if (script->file)
		fput(script->file);
	script->file = NULL;
}

/**
 * bproc_script_send - a script's length, and itself
 * @script: the script; without a file it is sent that there is none
 * @stream: where to
 *
 * Return: 0 or -errno.
 */
int bproc_script_send(const struct bproc_script *script, struct file *stream)
{
	u64 left = script->file ? script->size : 0;
	loff_t pos = 0;
	ssize_t n;
	char *page;
	int err;

	err = bproc_stream_write(stream, &left, sizeof(left));
	if (err || !left)
		return err;
	page = (char *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	while (left && !err) {
		n = kernel_read(script->file, page, min_t(u64, left, PAGE_SIZE), &pos);
		/* It became shorter: there is an end in between. */
		if (n <= 0) {
			err = n ? n : -EIO;
			break;
		}
		err = bproc_stream_write(stream, page, n);
		left -= n;
	}
	free_page((unsigned long)page);
	return err;
}

/**
 * bproc_script_receive - what bproc_script_send() sent
 * @stream: where from
 * @file: receives it, in memory; NULL if there is no script
 *
 * Return: 0 or -errno.
 */
int bproc_script_receive(struct file *stream, struct file **file)
{
	loff_t pos = 0;
	ssize_t n;
	char *page;
	u64 left;
	int err;

	*file = NULL;
	err = vmad_read_all(stream, &left, sizeof(left));
	if (err || !left)
		return err;
	if (left > SCRIPT_MAX)
		return -EIO;
	page = (char *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	*file = bproc_memory_file("script", left);
	err = PTR_ERR_OR_ZERO(*file);
	while (left && !err) {
		size_t want = min_t(u64, left, PAGE_SIZE);

		err = vmad_read_all(stream, page, want);
		n = err ? 0 : kernel_write(*file, page, want, &pos);
		if (!err && n != (ssize_t)want)
			err = n < 0 ? n : -ENOMEM;
		left -= want;
	}
	free_page((unsigned long)page);
	if (err && !IS_ERR(*file))
		fput(*file);
	if (!err)
		(*file)->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	return err;
}
