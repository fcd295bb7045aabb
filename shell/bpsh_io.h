/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of bpsh's loop, which copies input and output.
 */
#ifndef BPROC_BPSH_IO_H
#define BPROC_BPSH_IO_H

#include <netinet/in.h>
#include <poll.h>
#include "bpsh.h"

/* A connection that has not said yet what it is. */
struct newcomer {
	int fd;
	struct sockaddr_in addr;
	bool local;    /* from this machine itself */
	long long due; /* when it is given up, in ms */
	int said[2];
	size_t have;
};

struct bpsh_loop {
	const struct bpsh_options *o;
	struct bpsh_process *p;
	int n;
	int listener[3];
	int signals;
	struct newcomer *newcomer;
	int newcomers, room; /* so many can be */
	/* input: the same bytes for all */
	char *in;
	size_t in_len;
	bool in_open;
	int current; /* of -s: whose output is shown */
	bool divided;
	char *buf;
	struct pollfd *poll;
	int polls, polls_max;
	bool terminal;		/* standard input is one */
	long long progress_due; /* when to show it next, in ms; -1: never */
	bool progress_shown;
	long long nodes_due; /* when nodes of those that ended are asked for, in ms */
	bool gone[3];	     /* nobody takes this output any more */
	struct bpsh_end end;
};

/* --- connections (bpsh_connect.c) --- */

/* Takes what has connected, from where processes of ours are. */
void bpsh_accept(struct bpsh_loop *l);

/*
 * What one says. True if that is all, or it is gone: it is no newcomer any more, and the
 * last one has its place.
 */
bool bpsh_read_newcomer(struct bpsh_loop *l, int i);

/* Those that have been silent for too long. */
void bpsh_drop_silent(struct bpsh_loop *l);

/* --- output (bpsh_output.c) --- */

/* Copies what can be read from a process's descriptor @fd. */
void bpsh_read_output(struct bpsh_loop *l, struct bpsh_process *p, int fd);

/* Closes descriptor @fd (0 too), after what is left of its last line was written. */
void bpsh_end_output(struct bpsh_loop *l, struct bpsh_process *p, int fd);

/* A line on the terminal that says how many have ended, and away with it. */
void bpsh_show_progress(struct bpsh_loop *l);
void bpsh_hide_progress(struct bpsh_loop *l);

#endif
