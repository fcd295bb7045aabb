/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of nodes as people write them. */
#ifndef BPROC_RANGES_H
#define BPROC_RANGES_H

/* "0-3,7" of @n numbers in ascending order, to be freed; NULL for lack of memory. */
char *node_ranges(const int *node, int n);

#endif
