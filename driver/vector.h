/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls that place many processes at once: VRFORK, VEXECMOVE. */
#ifndef BPROC_VECTOR_H
#define BPROC_VECTOR_H

#include "stream.h"

struct bproc_space;

long bproc_vrfork(struct bproc_space *s, const struct bproc_order *order, const s32 *nodes,
		  s32 *pids, u32 n);
long bproc_vexecmove(struct bproc_space *s, const struct bproc_order *order,
		     const struct bproc_program *program, const s32 *nodes, s32 *pids, u32 n);

#endif
