/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BPROC_DEBUG_H
#define BPROC_DEBUG_H

struct bproc_calling;

long bproc_debug(struct bproc_calling *c);

#endif
