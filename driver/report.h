/* SPDX-License-Identifier: GPL-2.0-only */
/* What is told of processes that run here while they do: stops, and what they used. */
#ifndef BPROC_REPORT_H
#define BPROC_REPORT_H

struct bproc_space;
struct task_struct;

int bproc_stop_signal(struct task_struct *task);
void bproc_procs_check_stops(struct bproc_space *s);
void bproc_proc_continued(struct bproc_space *s, struct task_struct *task);
void bproc_procs_report(struct bproc_space *s);

#endif
