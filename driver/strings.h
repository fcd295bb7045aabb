/* SPDX-License-Identifier: GPL-2.0-only */
/* Argument and environment arrays of a caller, in kernel memory. */
#ifndef BPROC_STRINGS_H
#define BPROC_STRINGS_H

#include <linux/types.h>

/**
 * struct bproc_strings - a NULL-terminated array of strings
 * @list: the array, as kernel_execve() wants it
 * @text: where the strings are
 */
struct bproc_strings {
	const char **list;
	char *text;
};

struct bproc_strings *bproc_strings_get(void __user *array);
void bproc_strings_put(struct bproc_strings *s);

#endif
