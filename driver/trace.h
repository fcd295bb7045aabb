/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: births, programs and ends of a node's processes. */
#ifndef BPROC_TRACE_H
#define BPROC_TRACE_H

int bproc_trace_init(void);
void bproc_trace_exit(void);

/* Work of ours that a task will run later; the module stays until it did. */
void bproc_trace_get(void);
void bproc_trace_put(void);

#endif
