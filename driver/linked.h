/* SPDX-License-Identifier: GPL-2.0-only */
/* Moving a new program when its dynamic linker is done. */
#ifndef BPROC_LINKED_H
#define BPROC_LINKED_H

struct bproc_order;
struct bproc_space;

int bproc_linked_arm(struct bproc_space *s, const struct bproc_order *order);

#endif
