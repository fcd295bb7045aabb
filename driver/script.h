/* SPDX-License-Identifier: GPL-2.0-only */
/* Scripts (#!), whose interpreter goes where the script is not. */
#ifndef BPROC_SCRIPT_H
#define BPROC_SCRIPT_H

#include <linux/binfmts.h>
#include <linux/types.h>

struct file;

/**
 * struct bproc_script - a script and who interprets it
 * @file: the script, open; NULL: none
 * @size: bytes of it that go along
 * @interpreter: path, from its first line
 * @argument: the one argument that may be there, or NULL
 * @name: what the interpreter gets as the script's path
 * @line: where the first two are
 */
struct bproc_script {
	struct file *file;
	u64 size;
	const char *interpreter;
	const char *argument;
	char name[32];
	char line[BINPRM_BUF_SIZE + 1];
};

int bproc_script_open(struct bproc_script *script, const char *path, int fd);
void bproc_script_close(struct bproc_script *script);
int bproc_script_send(const struct bproc_script *script, struct file *stream);
int bproc_script_receive(struct file *stream, struct file **file);

#endif
