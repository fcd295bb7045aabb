/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpcp: files to and from nodes. */
#ifndef BPROC_BPCP_H
#define BPROC_BPCP_H

#include <stdbool.h>
#include <stddef.h>

struct bpcp_options {
	bool recursive, preserve, into, quiet;
	int from, to; /* the nodes; BPROC_NODE_MASTER: here */
};

/* What passed, and what went wrong. */
struct bpcp_count {
	unsigned long long bytes, files;
	int errors;
	bool said;	 /* what went wrong */
	bool shows;	 /* progress, on standard error */
	double begin, shown;
	char name[64];
};

/* Writes a file or tree to @fd, for bpcp_sink() at its other end. */
void bpcp_source(int fd, const char *path, const struct bpcp_options *o,
		 struct bpcp_count *count);
/*
 * Takes what comes on @fd into @target, if it can be @path's. What goes wrong is said,
 * or, if @report is not NULL, goes there: at most @room bytes, in lines for bpcp_say_line().
 */
void bpcp_sink(int fd, const char *path, const char *target, const struct bpcp_options *o,
	       struct bpcp_count *count, char *report, size_t room);
/* Says what went wrong on @node. */
void bpcp_say(struct bpcp_count *count, int node, const char *text);
/* The same with a line of a sink's report, which says where. */
void bpcp_say_line(struct bpcp_count *count, const struct bpcp_options *o, const char *line);
/* What a path is called elsewhere. "." and "/" have nothing that one could use. */
char *bpcp_last_part(char *copy);
/* Counts, and shows now and then. */
void bpcp_passed(struct bpcp_count *count, size_t bytes, const char *name);
void bpcp_progress_end(struct bpcp_count *count);

/* One end of a copy: @node's, or with BPROC_NODE_MASTER the caller's own. */
struct bpcp_end {
	int node;
	const char *path;
};

/* Copies from one end to the other. Returns an exit status. */
int bpcp_copy(const struct bpcp_end *from, const struct bpcp_end *to,
	      const struct bpcp_options *o);

/* The program bpcp, as a function: exit status. */
int bpcp_command(int argc, char **argv);

#endif
