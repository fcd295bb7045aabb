/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of nodes as people write them. */
#ifndef BPROC_RANGES_H
#define BPROC_RANGES_H

#include <errno.h>
#include <stdio.h>
#include <sys/bproc.h>
#include "usage.h"

/* "0-3,7" of @n numbers in ascending order, to be freed; NULL for lack of memory. */
char *node_ranges(const int *node, int n);

/* After bproc_nodespec() failed: says why. What @program exits with. */
static inline int nodespec_failed(const char *program, const char *spec)
{
	int status = errno == EINVAL ? EXIT_USAGE : 1;

	fprintf(stderr, "%s: %s: %s\n", program, spec,
		errno == EINVAL ? "not a list of nodes" : bproc_strerror(errno));
	return status;
}

#endif
