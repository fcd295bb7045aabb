/* SPDX-License-Identifier: GPL-2.0-only */
/* Node control: states, permissions, and what a node's own daemon is asked to do. */
#ifndef BPROC_CONTROL_H
#define BPROC_CONTROL_H

#include <linux/bproc_msg.h>

struct bproc_calling;
struct bproc_msgbuf;
struct bproc_space;

long bproc_control_status(struct bproc_calling *c);
long bproc_control_mode(struct bproc_calling *c);
long bproc_control_chroot(struct bproc_calling *c);
long bproc_control_order(struct bproc_calling *c);
long bproc_control_reconnect(struct bproc_calling *c);
int bproc_control_migrate(struct bproc_space *master, int node, struct bproc_migrate *arg);
void bproc_control_migrate_for(struct bproc_space *master, int node,
			       const struct bproc_migrate *arg, struct bproc_msgbuf *reply);
bool bproc_control_answered(struct bproc_space *master, const struct bproc_msg *m);
void bproc_controls_abort(struct bproc_space *master, int node);

#endif
