/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs of the master that processes on nodes look for. */
#ifndef BPROC_FIND_H
#define BPROC_FIND_H

#include <linux/types.h>

struct bproc_ghost;
struct bproc_msg_found;
struct bproc_space;

bool bproc_find_is_searched(const char *path);
int bproc_find(struct bproc_space *s, const char *path, struct bproc_msg_found *found);
void bproc_find_answer(struct bproc_ghost *g, u64 id, const char *path);

#endif
