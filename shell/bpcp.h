/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpcp: files to and from nodes. */
#ifndef BPROC_BPCP_H
#define BPROC_BPCP_H

#include <stdbool.h>
#include <stddef.h>

struct bpcp_options {
	bool recursive, preserve, into, quiet;
};

/* What passed, and what went wrong. */
struct bpcp_count {
	unsigned long long bytes, files;
	int errors;
	bool shows;	 /* progress, on standard error */
	double begin, shown;
	char name[64];
};

/*
 * Writes files and trees to @fd, for bpcp_sink() at its other end; paths are "@prefix:path"
 * in what is said of them.
 */
void bpcp_source(int fd, char *const *paths, int n, const struct bpcp_options *o,
		 struct bpcp_count *count);
/*
 * Takes what comes on @fd into @target. What goes wrong is printed, or, if @report is not
 * NULL, goes there: at most @room bytes.
 */
void bpcp_sink(int fd, const char *target, const struct bpcp_options *o,
	       struct bpcp_count *count, char *report, size_t room);
/* Counts, and shows now and then. */
void bpcp_passed(struct bpcp_count *count, size_t bytes, const char *name);
void bpcp_progress_end(struct bpcp_count *count);

/* One end of a copy: @node's, or with BPROC_NODE_MASTER the caller's own. */
struct bpcp_end {
	int node;
	char *const *paths;
	int n;
};

/* Copies from one end to the other. Returns an exit status. */
int bpcp_copy(const struct bpcp_end *from, const struct bpcp_end *to,
	      const struct bpcp_options *o);

/* The program bpcp, as a function: exit status. */
int bpcp_command(int argc, char **argv);

#endif
