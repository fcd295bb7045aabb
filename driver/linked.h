/* SPDX-License-Identifier: GPL-2.0-only */
/* Moving a new program when its dynamic linker is done. */
#ifndef BPROC_LINKED_H
#define BPROC_LINKED_H

struct bproc_order;
struct bproc_space;

/**
 * struct bproc_linked_ops - what is done with a program that its dynamic linker is done with
 * @linked: do it; in the program, whose first instruction comes next
 * @exits: it ends before, and this is its last chance to say so; or NULL
 * @free: frees @data
 */
struct bproc_linked_ops {
	long (*linked)(void *data);
	void (*exits)(void *data);
	void (*free)(void *data);
};

int bproc_linked_arm_with(struct bproc_space *s, const struct bproc_linked_ops *ops,
			  void *data);
int bproc_linked_arm(struct bproc_space *s, const struct bproc_order *order);

#endif
