/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that users and administrators give to sets of nodes. */
#ifndef BPROC_GROUPS_H
#define BPROC_GROUPS_H

#include <stddef.h>

/*
 * The set that group @name (@len bytes) stands for, to be freed; NULL if there is no such
 * group (errno 0) or for lack of memory.
 */
char *nodegroup_find(const char *name, size_t len);

#endif
