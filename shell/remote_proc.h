/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remote processes, as master and nodes know them. */
#ifndef BPROC_REMOTE_PROC_H
#define BPROC_REMOTE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

struct remote_proc {
	pid_t pid, ppid;
	int node;
	uid_t uid;
	char state;	   /* as ps(1) has it */
	long long cpu;	   /* in ms */
	long long elapsed; /* since its begin, in ms */
	long long memory;  /* resident, in bytes; -1: the node did not say */
	char command[256];
};

/*
 * Processes of @node (BPROC_NODE_ANY: of all), in order of their numbers, into *@list;
 * free() it. How many, or -1 with errno. Asks the nodes themselves where it may.
 */
int remote_procs(int node, struct remote_proc **list);

/* A process's line of "PID STATE TICKS KIB PID"; false if it is none. */
bool remote_proc_parse(const char *line, pid_t *pid, char *state, long long *ticks,
		       long long *kib);

#endif
