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
 *	peer	a stream between two nodes, from the slave that sends to the port of the
 * one that receives. Begins with a struct link_preface whose token the receiver knows from
 * the master; anything else is refused.
 *
 * "down-plain", "up-plain", "io-plain", "peer-plain" stop TLS after the handshake
 * ("encryption no").
 *
 *	slave			master
 *	HELLO	------------->
 *		<-------------	CONFIG
 *	READY	------------->	(the node is "boot", then "up")
 *		<------------>	driver messages, PING answered by PONG, STREAMS, GOODBYE
 *		<-------------	CONTROL
 *	CONTROLLED ---------->
 *
 * A vector call's image goes along a tree (bproc_stream.h has what it consists of). From a
 * caller on a node it comes to the master over an "up" stream. Each node of the tree hears
 * over its link what it is to do; the stream itself comes from the master or from another
 * node:
 *
 *	master			slave			slaves below it
 *	VECTOR --------------->
 *	VECTOR ---------------------------------------->
 *	preface with the token ===>			(a "down" stream)
 *				preface with the token ===> (a "peer" stream)
 *	header, image ============> header, image =====>
 *	<--------------- UNFED	(that one could not be reached, or does not take it)
 *	CUT ------------------>	(the node below is down)
 *
 * A move from node to node:
 *
 *	slave, old node		master			slave, new node
 *	WANT ------------------>
 *				EXPECT --------------->
 *	<------------- CONNECT
 *	preface with the token =======================>	(a "peer" stream)
 *
 * If it cannot connect, or CONNECT has no address, it uses an "up" stream, with the token
 * in its preface, and the master relays.
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
#include <linux/bproc_stream.h>

#define LINK_VERSION 6
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
	/* master: take part in a vector call; body link_vector */
	LINK_VECTOR,
	/* slave: @id of VECTOR; body: token of a child that does not get the image */
	LINK_UNFED,
	/* master: @id of VECTOR; body: token of a child that is not to get it any more */
	LINK_CUT,
	/* slave: a process wants to go to another node; body link_preface */
	LINK_WANT,
	/* master: a stream will come from another node; body link_passage */
	LINK_EXPECT,
	/* master: where to bring the process of WANT; body link_passage */
	LINK_CONNECT,
};

/* Bytes of the number by which a stream between nodes is known. */
#define LINK_TOKEN_LEN 16

/**
 * struct link_hello - body of LINK_HELLO
 * @version: LINK_VERSION
 * @abi: abi of struct bproc_version, from the node's driver
 * @port: where other nodes bring streams, at the address that the link comes from; 0:
 * they cannot
 * @reserved: zero
 */
struct link_hello {
	__u32 version;
	__u32 abi;
	__u32 port;
	__u32 reserved;
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
 * @pid: the process; 0: a vector call's list and image, from a node to the master
 * @ppid: its parent, or 0
 * @uid: real user ID of the parent
 * @pgrp: its process group
 * @session: its session
 * @node: where the process goes
 * @from: where it comes from; what a slave says here is not believed
 * @pgrp_uid: real user ID of process @pgrp
 * @session_uid: real user ID of process @session
 * @reserved: zero
 * @token: of a stream that the master announced, else zero
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
	__u8 token[LINK_TOKEN_LEN];
};

/**
 * struct link_child - a node that gets a vector call's image from another one
 * @token: what its stream begins with
 * @addr: struct sockaddr_in of its port
 * @node: its number
 * @height: levels of the tree below it
 * @reserved: zero
 */
struct link_child {
	__u8 token[LINK_TOKEN_LEN];
	__u8 addr[BPROC_ADDR_LEN];
	__s32 node;
	__u32 height;
	__u32 reserved;
};

/**
 * struct link_vector - body of LINK_VECTOR
 * @preface: what all entries have in common; @preface.token is that of the stream that
 * will come
 * @addr: struct sockaddr_in of the node where the caller is; all zero: on the master
 * @entries: number of struct bproc_vector_entry that follow, processes of this node
 * @children: number of struct link_child that follow them
 * @reserved: zero
 */
struct link_vector {
	struct link_preface preface;
	__u8 addr[BPROC_ADDR_LEN];
	__u32 entries;
	__u32 children;
	__u32 reserved;
};

/**
 * struct link_passage - body of LINK_CONNECT and LINK_EXPECT
 * @preface: what the stream begins with
 * @addr: struct sockaddr_in: the other node. CONNECT: all zero: there is no way but by the
 *	master. EXPECT: what counts as the other end of a stream that comes by the master
 * @reserved: zero
 */
struct link_passage {
	struct link_preface preface;
	__u8 addr[BPROC_ADDR_LEN];
	__u32 reserved;
};

/* Where a slave listens, if it is not told otherwise. */
#define LINK_PEER_PORT 2224
/* Entries in one VECTOR: a node that has more is more than one part of the tree. */
#define LINK_VECTOR_ENTRIES 256
/* How long a stream that was announced may take to come, in seconds. */
#define LINK_EXPECT_TIMEOUT 120

/* Most idle streams that a node may have at the master, of each direction. */
#define LINK_STREAMS_MAX 64
/* How long a move waits for a stream, in seconds. */
#define LINK_STREAM_TIMEOUT 60
/* How long a handshake may take, in seconds. */
#define LINK_HANDSHAKE_TIMEOUT 30
/* Most bytes that may wait for a peer that does not read, before the link is cut. */
#define LINK_QUEUE_MAX (8U << 20)

#endif
