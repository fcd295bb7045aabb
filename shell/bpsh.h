/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpsh: a program on many nodes, with its input and output here.
 */
#ifndef BPROC_BPSH_H
#define BPROC_BPSH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/bproc.h>

/* Where one of the program's first three descriptors goes. */
enum bpsh_target {
	BPSH_HERE, /* to us, through a socket */
	BPSH_FILE, /* a file on the node */
};

struct bpsh_options {
	bool line_buffered;
	bool prefix;
	bool sequential;
	bool divider;
	bool time;
	size_t buffer; /* bytes to read and write at once */
	struct {
		enum bpsh_target target;
		const char *file;
	} fd[3];
};

/* One process of ours; @in, @out: its sockets. */
struct bpsh_process {
	int node;
	struct bproc_node_info_t info;
	pid_t pid; /* 0: not started */
	bool ended;
	int status;
	int fd[3];	/* -1: not connected, or ended */
	bool in_closed; /* it does not want input any more */
	size_t in_done; /* bytes of the input buffer that this process has */
	char *line[3];	/* an unfinished line of output */
	size_t line_len[3];
};

/*
 * Listens for the processes' connections; fills @io for those descriptors that come
 * here or are files, returns how many, or -1 after it was said why. *@listener is -1
 * if none is needed.
 */
int bpsh_io_prepare(const struct bpsh_options *o, struct bproc_io_t *io, int *listener);

/*
 * Copies input and output and waits until all @n processes have ended and nothing more
 * comes. @listener is closed.
 */
void bpsh_io_run(const struct bpsh_options *o, struct bpsh_process *p, int n,
		 int listener);

/* The program bpsh, as a function: exit status. */
int bpsh_command(int argc, char **argv);

#endif
