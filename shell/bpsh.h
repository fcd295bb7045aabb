/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpsh: a program on many nodes, with its input and output here.
 */
#ifndef BPROC_BPSH_H
#define BPROC_BPSH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
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
	bool fold;     /* standard output at the end, equal ones once */
	bool report;   /* say which exit statuses there were */
	bool pty;      /* on a terminal of the node */
	bool progress; /* a line on the terminal that says how many have ended */
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
	bool here; /* on this machine, in a node of its own perhaps */
	pid_t pid; /* 0: not started */
	bool ended;
	bool node_down; /* when it ended */
	int status;
	long long end_time;   /* in ms */
	unsigned int brought; /* sockets, a bit for each: all, or it never started */
	int fd[3];	      /* -1: not connected, or ended */
	bool in_closed;	      /* it does not want input any more */
	size_t in_done;	      /* bytes of the input buffer that this process has */
	char *line[3];	      /* an unfinished line of output */
	size_t line_len[3];
	char *kept; /* standard output, of --fold */
	size_t kept_len, kept_size;
	bool not_moved; /* its status is an error of the move */
};

/* How bpsh_io_run() ended. */
struct bpsh_end {
	int signal;  /* SIGINT or SIGQUIT, which was sent to us */
	bool failed; /* output could not be written, and it was said why */
};

/*
 * Three sockets for each of @n processes, and some more: false after it was said that so
 * many cannot be.
 */
bool bpsh_io_fits(int n);

/* Makes room for them, once that is not theirs. */
void bpsh_io_raise_limit(int n);

/*
 * Listens for the processes' connections; fills @io for those descriptors that come
 * here or are files, returns how many, or -1 after it was said why. @listener has -1
 * where none is needed.
 */
int bpsh_io_prepare(const struct bpsh_options *o, struct bproc_io_t *io, int listener[3]);

/* A socket that listens, at *@addr; -1 after it was said why not. @what: for what. */
int bpsh_listen(struct sockaddr_in *addr, const char *what);

/* A clock in ms. */
long long bpsh_now(void);

/* --- where connections come from (bpsh_connect.c) --- */

/* Is that node this machine? Its processes connect from an address of ours. */
bool bpsh_is_here(const struct bproc_node_info_t *node);

/* Is it connected with this machine itself? */
bool bpsh_is_local(int fd, const struct sockaddr_in *from);

/* Does it come from @node? @local, @here: as the above have it. */
bool bpsh_is_from(const struct sockaddr_in *from, bool local,
		  const struct bproc_node_info_t *node, bool here);

/* Signals wait until bpsh_io_run() can pass them on; for the time of the start. */
void bpsh_io_hold_signals(void);

/*
 * Copies input and output and waits until all @n processes have ended and nothing more
 * comes. The listeners are closed.
 */
struct bpsh_end bpsh_io_run(const struct bpsh_options *o, struct bpsh_process *p, int n,
			    const int listener[3]);

/* The sockets that each process brings, a bit for each descriptor. */
unsigned int bpsh_io_sockets(const struct bpsh_options *o);

/* --- output at the end (bpsh_fold.c) --- */

void bpsh_keep(struct bpsh_process *p, const char *buf, size_t len);

/* What was kept, in the order of nodes, equal output once. */
void bpsh_fold(const struct bpsh_process *p, int n, FILE *out);

/* A line for each exit status but 0, with the nodes. */
void bpsh_report(const struct bpsh_process *p, int n, FILE *out);

/* --- on a terminal of the node (bpsh_pty.c) --- */

/* Variables that describe our terminal there. */
void bpsh_pty_environment(void);

/* One program on one node; its exit status. */
int bpsh_pty(const struct bproc_node_info_t *node, const char *path, char **argv,
	     char **envp);

/* --- ends (bpsh.c) --- */

bool bpsh_lost_node(int node, int status);

/* Says what became of a process that a signal has ended. */
void bpsh_say_killed(int node, int status, bool node_down);

/* The program bpsh, as a function: exit status. */
int bpsh_command(int argc, char **argv);

#endif
