/* SPDX-License-Identifier: GPL-2.0-only */
/* Ghosts on nodes: they stand for parents, group and session leaders elsewhere. */
#ifndef BPROC_STANDIN_H
#define BPROC_STANDIN_H

struct bproc_space;

int bproc_standin_become(struct bproc_space *s);
void bproc_standins_dismiss(struct bproc_space *s);

#endif
