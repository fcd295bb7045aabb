/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls that place processes: REXEC, MOVE, RFORK, EXECMOVE. */
#ifndef BPROC_MOVE_H
#define BPROC_MOVE_H

#include "stream.h"

struct bproc_space;

int bproc_may_be_image(struct bproc_space *s);
int bproc_may_be_ghost(struct bproc_space *s);
int bproc_may_go(struct bproc_space *s, int node);
long bproc_rexec(struct bproc_space *s, struct bproc_order *order);
long bproc_move(struct bproc_space *s, struct bproc_order *order);
long bproc_rfork(struct bproc_space *s, struct bproc_order *order);
long bproc_execmove(struct bproc_space *s, struct bproc_order *order,
		    const struct bproc_program *program);
void bproc_move_linked(struct bproc_space *s, struct bproc_order *order);

#endif
