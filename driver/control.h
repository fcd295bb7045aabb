/* SPDX-License-Identifier: GPL-2.0-only */
/* Node control: states, permissions, and what a node's own daemon is asked to do. */
#ifndef BPROC_CONTROL_H
#define BPROC_CONTROL_H

#include <linux/bproc_msg.h>

struct bproc_space;

bool bproc_is_control(unsigned int cmd);
long bproc_control(struct bproc_space *s, unsigned int cmd, void __user *arg);
void bproc_control_answered(struct bproc_space *master, const struct bproc_msg *m);
void bproc_controls_abort(struct bproc_space *master, int node);

#endif
