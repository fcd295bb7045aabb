/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: births, programs and ends of a node's processes. */
#ifndef BPROC_TRACE_H
#define BPROC_TRACE_H

struct bproc_space;

void bproc_tell_name(struct bproc_space *s);
int bproc_trace_init(void);
void bproc_trace_exit(void);

/* A task will run, or runs, code of ours that no file holds: the module stays till it did. */
void bproc_trace_get(void);
void bproc_trace_put(void);

#endif
