/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entries of a vector call that name the machine the caller is on: plain children, with
 * the descriptors that they would have on a node.
 */
#ifndef BPROC_LOCAL_H
#define BPROC_LOCAL_H

#include <stdbool.h>
#include "internal.h"

/* Is @node where the caller is? */
bool local_is(int node);

/*
 * Sets up the caller's descriptors. *@keep, a close-on-exec descriptor, gets another
 * number if @io wants its own. 0, or -1 with errno.
 */
int local_io(const struct bproc_io_t *io, int iolen, int *keep);

#endif
