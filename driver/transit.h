/* SPDX-License-Identifier: GPL-2.0-only */
/* Moves from node to node, as the master sees them pass. */
#ifndef BPROC_TRANSIT_H
#define BPROC_TRANSIT_H

#include <linux/bproc_daemon.h>
#include <linux/bproc_msg.h>

struct bproc_space;

int bproc_transit_start(struct bproc_space *m, const struct bproc_transit *arg);
bool bproc_transit_message(struct bproc_space *m, const struct bproc_msg *msg);
void bproc_transits_node_down(struct bproc_space *m, int node);

#endif
