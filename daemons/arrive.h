/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Becoming a process that arrives. The same code runs in bproc-ghost and in a child
 * of bpslave's worker; it needs no C library and allocates no memory but one mapping.
 */
#ifndef BPROC_ARRIVE_H
#define BPROC_ARRIVE_H

#include <stdbool.h>
#include <linux/bproc_daemon.h>
#include "header.h"

/**
 * struct arrival - one arrival
 * @ghost: descriptor that takes BPROC_IOC_ARRIVE; gets another number, see arrive()
 * @stream: where the header and the image come from; gets another number too
 * @on_node: the caller is on a node and has all privileges, which it gives up here.
 *	Otherwise it is a ghost on the master: it has the process's credentials (the
 *	driver completes them).
 * @keeps: 0, 1, 2 are the process's own
 * @saved: copies of a ghost's 0, 1, 2; internal
 */
struct arrival {
	int ghost;
	int stream;
	bool on_node;
	bool keeps;
	int saved[3];
};

/*
 * Reads the header, sets the caller up and gives it to the driver. Closes all
 * descriptors of the caller that are not the process's. Does not return on success.
 * Returns -errno after the sender was told; @a->ghost is then still open, and a
 * ghost's 0, 1, 2, so a ghost goes on as one. A new child exits.
 */
int arrive(struct arrival *a);

/*
 * The rights that the I/O list's files are opened with; -errno. Needs all privileges, and
 * keeps them for arrive_credentials().
 */
int arrive_as_caller(const struct bproc_stream *s, const __u32 *groups);

/* Credentials as in the header; -errno. Gives all privileges up. */
int arrive_credentials(const struct bproc_stream *s, const __u32 *groups);

/*
 * The I/O list or the default descriptors; -errno. Uses the caller's credentials. @ghost
 * takes BPROC_IOC_ARRIVE_IO.
 * @stream tells where an address of all zero is. @keep leaves 0, 1, 2 for the default.
 */
int arrive_descriptors(const struct bproc_stream *s, const struct bproc_io *io, int ghost,
		       int stream, bool keep);

#endif
