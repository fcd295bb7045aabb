/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams between this node and others (slave_peer.c), and what comes of them:
 * vector calls (slave_vector.c), moves between nodes (slave_direct.c).
 */
#ifndef BPROC_SLAVE_PEER_H
#define BPROC_SLAVE_PEER_H

#include "pool.h"
#include "slave.h"
#include "wire.h"

struct slave_peers;

/*
 * The stream that @preface announced, blocking and the callee's; -1: it did not come.
 * @by_master: straight from another node it did not come.
 */
typedef void slave_peer_got(void *arg, const struct link_preface *preface, int fd,
			    bool by_master);

/* A stream to another node, its preface written; or -errno. */
typedef void slave_peer_connected(void *arg, int fd);

/* Listens at the address that @link, a socket, has here. NULL: it cannot go on. */
struct slave_peers *slave_peers_new(struct event_base *base,
				    const struct slave_options *options,
				    struct tls *client, int link);

/* For a child that is to have no key: nobody can connect there. */
void slave_peers_forget_key(struct slave_peers *p);

/* Where it listens; 0: it does not. */
unsigned int slave_peers_port(const struct slave_peers *p);

/* CONFIG has come. */
void slave_peers_configure(struct slave_peers *p, const struct link_config *config);

/*
 * The master announces a stream. @got comes once, maybe at once. 0 or -ENOMEM (@got does
 * not come then).
 */
int slave_peers_expect(struct slave_peers *p, const struct link_preface *preface,
		       slave_peer_got *got, void *arg);

/* What was announced is not wanted any more; without calling back. */
void slave_peers_forget(struct slave_peers *p, const __u8 *token);

/*
 * What was announced for @got of the process of @preface, which comes from the same node,
 * will not come any more.
 */
void slave_peers_give_up(struct slave_peers *p, const struct link_preface *preface,
			 slave_peer_got *got);

/* A stream with a token came from the master or another node; @fd is the callee's. */
void slave_peers_brought(struct slave_peers *p, const struct link_preface *preface,
			 int fd, bool by_master);

/* Connects to @addr, struct sockaddr_in. @connected may come at once. */
void slave_peers_connect(struct slave_peers *p, const __u8 *addr,
			 const struct link_preface *preface,
			 slave_peer_connected *connected, void *arg);

/* --- slave_vector.c --- */

struct slave_vectors;

/* Messages go out over *@wire. NULL: out of memory. */
struct slave_vectors *slave_vectors_new(struct event_base *base, struct device *dev,
					struct wire *const *wire,
					struct slave_peers *peers,
					const struct slave_options *options,
					const struct link_config *config);

/* VECTOR, and CUT, came from the master. */
void slave_vector(struct slave_vectors *v, const struct bproc_msg *msg);
void slave_vector_cut(struct slave_vectors *v, const struct bproc_msg *msg);

/* ABORT is on its way to the driver. */
void slave_vector_abort(struct slave_vectors *v, const struct bproc_msg *msg);

/* --- slave_direct.c --- */

struct slave_direct;

/* Messages go out over *@wire; @up: streams to the master. NULL: out of memory. */
struct slave_direct *slave_direct_new(struct event_base *base, struct device *dev,
				      struct wire *const *wire, struct slave_peers *peers,
				      struct pool *up);

/* The driver of this node, @node, wants a stream to another one. */
void slave_direct_want(struct slave_direct *d, const struct bproc_msg *msg, int node);

/* CONNECT, and EXPECT, came from the master. */
void slave_direct_connect(struct slave_direct *d, const struct bproc_msg *msg);
void slave_direct_expect(struct slave_direct *d, const struct bproc_msg *msg);

#endif
