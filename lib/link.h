/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bpmaster and bpslave say to each other. Private to this project: both ends
 * must be of one version, which is checked first.
 *
 * All connections go from a slave to the master's port, over TLS 1.3 with the
 * cluster's key. The protocol name that the slave asks for (ALPN) says what the
 * connection is:
 *
 *	link	one for each node; messages with struct bproc_msg in front, driver
 *		messages among them. Over TLS for its whole life.
 *	down	a stream from the master to the node, idle at first: the slave keeps
 *		some, so that a move needs no handshake. Begins with the master's
 *		struct link_preface.
 *	up	the same from the node to the master.
 *
 *	rejoin	another link of a node that has one, to another address of the master;
 *		see below
 *	io	one for each node: standard input and output of processes, between the
 *		two bpiods (mux.h). Made after CONFIG.
 *
 * "down-plain", "up-plain", "io-plain" stop TLS after the handshake ("encryption no").
 *
 *	slave			master
 *	HELLO	------------->
 *		<-------------	CONFIG
 *	READY	------------->	(the node is "boot", then "up")
 *		<------------>	driver messages, PING answered by PONG, STREAMS, GOODBYE
 *		<-------------	CONTROL
 *	CONTROLLED ---------->
 *
 * RECONNECT moves the link to another connection and keeps the order of messages. In each
 * direction SWITCH is the last message of the old connection, and what comes over the new
 * one waits for it:
 *
 *	slave, old	slave, new			master
 *	<---------------------------------------------	CONTROL
 *			REJOIN, with the cookie ------>
 *	<---------------------------------------------	SWITCH
 *	SWITCH --------------------------------------->
 *			CONTROLLED ------------------->
 */
#ifndef BPROC_LINK_H
#define BPROC_LINK_H

#include <linux/bproc_msg.h>

#define LINK_VERSION 2
#define LINK_PORT 2223

enum link_type {
	/* slave: body link_hello; the first message */
	LINK_HELLO = BPROC_MSG_DAEMON,
	/* master: body link_config; the answer to HELLO */
	LINK_CONFIG,
	/* slave: its driver knows which node it is */
	LINK_READY,
	/* master: answer at once */
	LINK_PING,
	/* slave */
	LINK_PONG,
	/* master: bring @result more "down" streams now, beyond the usual number */
	LINK_STREAMS,
	/* either: the link ends on purpose; body: text, why */
	LINK_GOODBYE,
	/* master: body bproc_msg_control; @id */
	LINK_CONTROL,
	/* slave: @result and @id of CONTROL; body bproc_msg_control, its first part */
	LINK_CONTROLLED,
	/* slave: body link_rejoin; the first message of a "rejoin" connection */
	LINK_REJOIN,
	/* either: what follows comes over the new connection */
	LINK_SWITCH,
};

/**
 * struct link_hello - body of LINK_HELLO
 * @version: LINK_VERSION
 * @abi: abi of struct bproc_version, from the node's driver
 */
struct link_hello {
	__u32 version;
	__u32 abi;
};

/* Bytes of the secret that a node must know to move its link. */
#define LINK_COOKIE_LEN 16

/**
 * struct link_config - body of LINK_CONFIG
 * @node: the node's number
 * @pingtimeout: silence after which either side gives up, in seconds; the master
 *	sends a PING at least twice as often
 * @encryption: 0: streams are plain after the handshake
 * @streams: idle streams to keep, for each direction
 * @cookie: for LINK_REJOIN
 */
struct link_config {
	__s32 node;
	__u32 pingtimeout;
	__u32 encryption;
	__u32 streams;
	__u8 cookie[LINK_COOKIE_LEN];
};

/**
 * struct link_rejoin - body of LINK_REJOIN
 * @node: the node's number
 * @reserved: zero
 * @cookie: as in link_config
 */
struct link_rejoin {
	__s32 node;
	__u32 reserved;
	__u8 cookie[LINK_COOKIE_LEN];
};

/**
 * struct link_preface - the first bytes of a stream that is put to use
 * @id: the move
 * @pid: the process
 * @ppid: its parent, or 0
 * @uid: real user ID of the parent
 * @pgrp: its process group
 * @session: its session
 * @node: where the process goes
 * @from: where it comes from; what a slave says here is not believed
 * @pgrp_uid: real user ID of process @pgrp
 * @session_uid: real user ID of process @session
 * @reserved: zero
 */
struct link_preface {
	__aligned_u64 id;
	__s32 pid;
	__s32 ppid;
	__u32 uid;
	__s32 pgrp;
	__s32 session;
	__s32 node;
	__s32 from;
	__u32 pgrp_uid;
	__u32 session_uid;
	__u32 reserved;
};

/* Most idle streams that a node may have at the master, of each direction. */
#define LINK_STREAMS_MAX 64
/* How long a move waits for a stream, in seconds. */
#define LINK_STREAM_TIMEOUT 60
/* How long a handshake may take, in seconds. */
#define LINK_HANDSHAKE_TIMEOUT 30
/* Most bytes that may wait for a peer that does not read, before the link is cut. */
#define LINK_QUEUE_MAX (8U << 20)

#endif
