/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library and the commands look for in sets of nodes. */
#ifndef BPROC_NODESET_H
#define BPROC_NODESET_H

#include <stddef.h>
#include <sys/bproc.h>

/* The node of that number in a set; NULL if it is not in it. */
static inline const struct bproc_node_info_t *
nodeset_find(const struct bproc_node_set_t *set, long node)
{
	int i;

	for (i = 0; i < set->size; i++)
		if (set->node[i].node == node)
			return &set->node[i];
	return NULL;
}

#endif
