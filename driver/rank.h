/* SPDX-License-Identifier: GPL-2.0-only */
/* The number of a vector call's child, in its environment. */
#ifndef BPROC_RANK_H
#define BPROC_RANK_H

#include <linux/types.h>

void bproc_rank_set(u32 rank);

#endif
