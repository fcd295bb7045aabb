/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpmaster: the nodes' links, and the driver's messages for them.
 */
#ifndef BPROC_MASTER_H
#define BPROC_MASTER_H

#include <stdbool.h>
#include <netinet/in.h>
#include "config.h"
#include "device.h"
#include "pool.h"
#include "preface.h"
#include "tls.h"
#include "wire.h"

struct node;

struct master {
	struct event_base *base;
	struct config *config;
	struct tls *tls;
	struct device *dev;
	__u32 abi;
	struct node **node; /* @nodes of them */
	unsigned int nodes;
	FILE *trace;
	bool failed; /* it cannot go on */
};

/* --- nodes (node.c) --- */

/*
 * Makes the nodes fit the configuration, which may have changed; 0 or -errno. Links stay
 * as they were agreed on.
 */
int nodes_configure(struct master *m);

/* The link of a node, fresh from its handshake. */
void node_link(struct master *m, int number, SSL *ssl, int fd);

/*
 * A second link of a node that has one; the first goes on until the node has proved that
 * it is the same bpslave.
 */
void node_rejoin(struct master *m, int number, SSL *ssl, int fd);

/* The node with an address, by configuration or since RECONNECT; -1: none. */
int node_with_address(const struct master *m, in_addr_t addr);

/* Does @fd, from a node, go to the address that its link goes to? */
bool node_goes_there(const struct master *m, int number, int fd);

/* A stream of a node, usable, in direction @up. */
void node_stream(struct master *m, int number, int fd, bool up);

/* True if there is a link that a stream could belong to, and room for one more. */
bool node_takes_stream(const struct master *m, int number, bool up);

/* Are the streams of its link encrypted? The configuration may have changed since. */
bool node_encrypts(const struct master *m, int number);

/* A driver's message for a node. */
void node_send(struct master *m, const struct bproc_msg *msg);

/* The driver wants a stream to a node. */
void node_want_stream(struct master *m, const struct bproc_msg *msg);

/* The driver wants something done with a node. */
void node_control(struct master *m, const struct bproc_msg *msg);

/* Ends all links: "why" is told to the nodes. */
void nodes_goodbye(struct master *m, const char *why);

/* --- moves between nodes (node_relay.c) --- */

/*
 * May process @pid go from one node to another, in move @id? The driver knows it and its
 * rights, and from then on that it is on its way. 0 or -errno.
 */
int node_may_pass(struct master *m, __u64 id, int pid, int from, int to);

/* A node's driver hears, as an answer to move @id, that a process did not get there. */
void node_say_lost(struct node *n, __u64 id, int pid, int err);

/* WANT came from a node. */
void node_wants_pass(struct node *n, const struct bproc_msg *msg);

/* Brings a stream that came up from a node to the node that it is for. */
void node_relay(struct node *n, const struct link_preface *preface, int fd);

/* --- vector calls (vector.c) --- */

/* The driver wants a stream for one. */
void vector_want_stream(struct master *m, const struct bproc_msg *msg);

/* A node's driver has one: what it wrote comes over @fd, which is the callee's. */
void vector_from_node(struct node *n, const struct link_preface *preface, int fd);

/* GO or ABORT for a process is on its way; @from: the sender's node, or the driver's. */
void vector_word(const struct bproc_msg *msg, int from);

/* UNFED came from a node. */
void vector_unfed(struct node *n, const struct bproc_msg *msg);

/* A node is down. */
void vector_node_down(struct node *n);

/* A node is no more. */
void vector_node_gone(const struct node *n);

/* --- who comes in (admit.c) --- */

/*
 * Listens where @config says instead of where we do; 0, or -errno after it was logged,
 * and nothing has changed.
 */
int admit_listen(struct master *m, const struct config *config);

/* Closes the listening sockets. */
void admit_close(void);

/* --- the I/O daemon (iod.c) --- */

/* Starts bpiod, and starts it again when it ends. @facility: -1: it logs to stderr. */
void iod_start(struct master *m, bool verbose, int facility);

/* A child has ended. */
void iod_reap(void);

/* A connection of a node's bpiod, which becomes the callee's; -1: the node is gone. */
void iod_connection(int node, int fd);

#endif
