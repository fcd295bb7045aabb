/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs of the master that processes on nodes execute. */
#ifndef BPROC_FETCH_H
#define BPROC_FETCH_H

#include <linux/types.h>

struct bproc_ghost;
struct bproc_order;
struct bproc_program;
struct bproc_space;
struct bproc_stream;
struct file;

long bproc_exec(struct bproc_space *s, struct bproc_order *order,
		const struct bproc_program *program);
long bproc_fetch_execute(struct bproc_ghost *g, const struct bproc_stream *h,
			 struct bproc_stream __user *uh, struct file *stream);

#endif
