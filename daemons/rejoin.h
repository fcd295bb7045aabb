/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The new connection of a link that moves, until it is the link: at the master and at the
 * slave. See link.h.
 */
#ifndef BPROC_REJOIN_H
#define BPROC_REJOIN_H

#include "wire.h"

struct rejoin;

/*
 * @wire, held, is the node's, and the callee's now. NULL with @err (-errno): it came to
 * nothing. The rejoin is gone in both cases.
 */
typedef void rejoin_done(void *arg, struct wire *wire, int err);

/*
 * Master: waits for REJOIN of node @node with @cookie on a connection. NULL: out of
 * memory.
 */
struct rejoin *rejoin_await(struct event_base *base, SSL *ssl, int fd, int node,
			    const __u8 *cookie, rejoin_done *done, void *arg);

/*
 * Slave: says REJOIN over @fd, a nonblocking socket on its way to the master, which is
 * the callee's. @done is called only when that failed. NULL: out of memory.
 */
struct rejoin *rejoin_start(struct event_base *base, struct tls *tls, int fd,
			    const struct link_config *config, rejoin_done *done,
			    void *arg);

/* Slave: the master said SWITCH. The wire, held, or NULL if REJOIN was not said yet. */
struct wire *rejoin_take(struct rejoin *r);

/* Gives up without calling back. */
void rejoin_cancel(struct rejoin *r);

#endif
