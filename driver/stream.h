/* SPDX-License-Identifier: GPL-2.0-only */
/* The header of a stream: everything about a process but its image. */
#ifndef BPROC_STREAM_H
#define BPROC_STREAM_H

#include <linux/bproc_stream.h>
#include <linux/fs.h>
#include <linux/signal_types.h>

struct bproc_space;

/* A program to execute, in kernel memory. */
struct bproc_program {
	const char *path;
	const char *const *argv;
	const char *const *envp;
};

/**
 * struct bproc_order - what a call asks for, in kernel memory
 * @node: where to
 * @flags: VMAD_DUMP_* bits
 * @iolen: number of elements of @io, or BPROC_IO_DEFAULT
 * @io: descriptors to set up there
 * @io_cred: with whose rights: the caller's before it executed the program that moves; NULL:
 *	as it is
 * @program: REXEC, EXEC: what to execute there; else NULL
 * @fetch: EXEC: the ghost is to execute @program and send its image back
 * @script_fd: EXEC: descriptor that a script is to have
 * @has_script: out: @script_fd is one
 * @blocked: the signals that the caller itself blocks
 * @io_id: name under which the descriptors are served, or 0
 * @ranked: one header for all processes of a vector call
 * @resuming: MIGRATE: the process did not ask for it, and goes on from wherever it was
 * @linked: EXECMOVE: let the dynamic linker do its work first
 * @exits: out: the caller has to end, with wait status @exit_status
 * @exit_status: see @exits
 */
struct bproc_order {
	int node;
	u32 flags;
	int iolen;
	struct bproc_io *io;
	const struct cred *io_cred;
	const struct bproc_program *program;
	bool fetch;
	int script_fd;
	bool has_script;
	const sigset_t *blocked;
	u64 io_id;
	bool ranked;
	bool resuming;
	bool linked;
	bool exits;
	int exit_status;
};

int bproc_stream_write_header(struct file *stream, struct bproc_space *s,
			      const struct bproc_order *order, u64 id, pid_t pid, pid_t ppid);
void bproc_stream_shut(struct file *stream);
int bproc_stream_error(int err);
int bproc_stream_write(struct file *stream, const void *data, size_t len);

#endif
