/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpiod: standard input and output of processes that are elsewhere.
 *
 * The same code serves the master, as a program that bpmaster starts, and a node, as a
 * child of bpslave's worker. There is one thread for all of it, but for descriptors that
 * cannot be served without waiting (bpiod_port.h).
 */
#ifndef BPROC_BPIOD_H
#define BPROC_BPIOD_H

#include <stdbool.h>
#include <sys/queue.h>
#include <event2/event.h>
#include "bpiod_port.h"
#include "device.h"
#include "iod_control.h"
#include "mux.h"

struct channel;

/* A connection to another bpiod, and what may go over it. */
struct route {
	struct bpiod *b;
	int node;
	struct mux *mux;
	unsigned int channels; /* that end here and use it */
	unsigned int forwards; /* between its node and another, on the master */
	unsigned int granted;  /* of these, such as the keeper knows of */
	struct event *overflow;
};

struct bpiod {
	struct event_base *base;
	struct device *dev;
	int node; /* where this is */
	int control;
	/* On a node the connection to the master; on the master one for each node. */
	struct route **route;
	unsigned int routes;
	struct event *move; /* runs as long as the connection is to be made anew */
	bool failed;	    /* it cannot go on */
};

/* --- the daemon (bpiod_run.c) --- */

/*
 * Serves @node, whose I/O device is open as @device. Connections come over @control
 * (iod_control.h). Returns the exit status, when @control ends.
 */
int bpiod_run(int control, int device, int node);

/* The connection over which frames for @peer go, or NULL. */
struct route *bpiod_route(const struct bpiod *b, int peer);

/* Sends a frame, unless there is no connection. */
void bpiod_send(struct route *r, const struct mux_frame *f, const void *data);

/* --- channels that end here (bpiod_channel.c) --- */

/*
 * A process of ours is on its way to @node; its descriptors, -1 for none, are the
 * callee's.
 */
void channel_take(struct bpiod *b, __u64 id, int node, int pid, const int fd[3]);

/* It has gone: its input is read. */
void channel_go(struct bpiod *b, __u64 id);

/* It stays. */
void channel_drop(struct bpiod *b, __u64 id);

/* A process has arrived whose descriptors @from keeps: answers the driver's @request. */
void channel_make(struct bpiod *b, __u64 request, int from, int pid,
		  const struct bproc_msg_io_make *make);

/* Its end waits for its output: answers the driver's @request some time. */
void channel_flush(struct bpiod *b, __u64 request, __u64 id, int pid);

/* The same, but it has come home, and wants its input, too. */
void channel_home(struct bpiod *b, __u64 request, __u64 id, int pid);

/* It goes home from here, and had this as its input, which is the callee's. */
void channel_leave_input(struct bpiod *b, int pid, int fd);

/* All channels, beginning with channel_next(NULL). */
struct channel *channel_next(struct channel *c);

/* A frame for one of these, from @r; false if the other side breaks the rules. */
bool channel_frame(struct bpiod *b, struct route *r, const struct mux_frame *f,
		   const void *data);

/* There is a connection, or none any more. */
void channels_connected(struct bpiod *b);
void channels_lost(struct bpiod *b, struct route *r);

/* --- channels between two nodes, on the master (bpiod_forward.c) --- */

bool forward_frame(struct bpiod *b, struct route *from, const struct mux_frame *f,
		   const void *data);
void forwards_lost(struct bpiod *b, int node);

#endif
