/* SPDX-License-Identifier: GPL-2.0-only */
/* What is to be done in a task that no process is, and that may sleep. */
#ifndef BPROC_LATER_H
#define BPROC_LATER_H

struct work_struct;

int bproc_later_init(void);
void bproc_later_exit(void);
void bproc_do_later(struct work_struct *work);

#endif
