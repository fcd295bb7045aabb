/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node, for those parts of bpmaster that know what it is made of. */
#ifndef BPROC_NODE_H
#define BPROC_NODE_H

#include <netinet/in.h>
#include <time.h>
#include "log.h"
#include "master.h"
#include "nodeup.h"
#include "rejoin.h"

struct node {
	struct master *m;
	int number;
	in_addr_t addr;
	/* where it connects from since RECONNECT, and where a RECONNECT lets it */
	in_addr_t other;
	in_addr_t asked;
	struct wire *wire;
	/* what holds for this link: the slave was told so */
	unsigned int pingtimeout;
	bool encryption;
	struct wire *old;	 /* brings what the slave sent before it switched */
	struct rejoin *rejoin;	 /* a connection that wants to be the link */
	struct sockaddr_in here; /* our end of the link, and of @rejoin */
	struct sockaddr_in there;
	__u8 cookie[LINK_COOKIE_LEN];
	bool has_cookie;
	bool reconnecting;
	bool configured; /* HELLO was answered */
	bool ready;	 /* the node's driver knows its number */
	struct pool *down;
	struct prefaces up;
	struct event *ping;
	struct event *silence;
	struct nodeup *nodeup;
	/* where other nodes bring streams; port 0: nowhere */
	struct sockaddr_in peer;
	time_t shunned; /* others did not reach it: not before then again */
	struct log_limit misdeeds;
};

/* --- node.c --- */

extern const struct wire_ops node_link_ops;

void node_set_state(struct node *n, const char *state);
void node_down(struct node *n, const char *why);

/*
 * A line about what a node has done, with its number in front. It may do it any number of
 * times: then only some are written.
 */
void node_complain(struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* --- node_control.c --- */

/* Its link begins over @fd. */
void node_new_link(struct node *n, int fd);

/* Its link has ended. */
void node_forget_rejoin(struct node *n);

/* CONTROLLED and SWITCH came. */
void node_controlled(struct node *n, const struct bproc_msg *msg);
void node_switched(struct node *n);

#endif
