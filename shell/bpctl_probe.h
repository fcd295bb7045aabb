/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bpctl check finds out by looking. */
#ifndef BPROC_BPCTL_PROBE_H
#define BPROC_BPCTL_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* First line of a file without its end, or NULL; static. */
const char *probe_line(const char *path);
/* Is a process with this name running? */
bool probe_runs(const char *name);
/* Does somebody here listen on this TCP port? */
bool probe_listens(unsigned int port);
/* Is there a module of this name for the running kernel? */
bool probe_module_file(const char *name);
/* 1: the kernel was built with it, 0: not, -1: it does not say. */
int probe_kernel_config(const char *option);

struct probe_clock {
	bool answered;
	double ahead; /* seconds that the node's clock is ahead of ours */
	char release[65];
};

/* Asks nodes for their time; elements of @clock as of @node. */
void probe_clocks(const int *node, int n, struct probe_clock *clock);

#endif
