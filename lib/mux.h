/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many channels over one connection between two bpiods. Private to this project.
 *
 * A channel is standard input, output and error output of one process. The side where
 * the process is ("user") opens it; the side that has the descriptors ("keeper") knows
 * it under a random number. Frames between two nodes pass the master, which puts the
 * sender in the place of the receiver.
 *
 *	user			keeper
 *	OPEN	------------->	(or RESET comes back: not for you)
 *		<-------------	OPENED; no DATA before it
 *		<-------------	DATA of stream 0, then EOF
 *	DATA	------------->	of streams 1 and 2, then EOF
 *	CREDIT, CLOSE <------>	by whoever gets data: send more; nobody reads this
 *		<-------------	SYNC: say when what was written up to now is sent
 *	BACK	------------->	if the process went home: input that it had not read
 *	SYNCED	------------->	one for each SYNC, in order
 *		<-------------	RESET: the channel is over
 *
 * A stream is over after EOF or CLOSE, a channel after its three streams, and for the
 * master, which passes frames on, after RESET. What comes later is ignored, for the two
 * sides need not learn of an end at the same time; a SYNC is answered all the same.
 *
 * Each stream has a window: its sender may be MUX_WINDOW bytes ahead of what the
 * receiver has passed on. So a receiver can always take what comes in, and no stream
 * waits for another.
 */
#ifndef BPROC_MUX_H
#define BPROC_MUX_H

#include <stdbool.h>
#include <event2/event.h>
#include <linux/types.h>

#define MUX_STREAMS 3
#define MUX_WINDOW 262144U
/* Most data in one frame, which then fits a TLS record: others get their turn after it.
 */
#define MUX_DATA_MAX (16384U - 24U)

enum mux_type {
	MUX_OPEN = 1,
	MUX_DATA,
	MUX_CREDIT,
	MUX_EOF,
	MUX_CLOSE,
	MUX_RESET,
	MUX_SYNC,
	MUX_SYNCED,
	MUX_BACK,
	MUX_OPENED,
	MUX_TYPES,
};

/**
 * struct mux_frame - a frame's header
 * @id: the channel
 * @peer: to the master: node that the frame is for; from the master: node it comes from.
 *	BPROC_NODE_MASTER for the master itself
 * @type: MUX_*
 * @stream: 0, 1, 2; 0 where it does not matter
 * @reserved: zero
 * @value: DATA, BACK: bytes that follow; CREDIT: bytes that may be sent in addition;
 *	SYNC: the process, if it has gone home, where its input goes, too; else 0
 * @reserved2: zero
 */
struct mux_frame {
	__aligned_u64 id;
	__s32 peer;
	__u8 type;
	__u8 stream;
	__u16 reserved;
	__u32 value;
	__u32 reserved2;
};

/* --- windows --- */

/**
 * struct mux_window - a stream as its receiver sees it
 * @ahead: bytes that came in and were not credited yet
 * @passed: of these, bytes that were passed on
 */
struct mux_window {
	__u32 ahead;
	__u32 passed;
};

/* @n bytes came in; false if the sender may not have sent so many. */
bool mux_window_receive(struct mux_window *w, __u32 n);

/*
 * @n bytes were passed on. Returns what to tell the sender in a CREDIT now, or 0: small
 * amounts are saved up, but never so many that the sender could run dry.
 */
__u32 mux_window_pass(struct mux_window *w, __u32 n);

/* Somebody else credits @n bytes; false if that is more than what came in. */
bool mux_window_credit(struct mux_window *w, __u32 n);

/* --- connections --- */

struct mux;

struct mux_ops {
	/* A frame that is well-formed, with its data. Both until the callee returns. */
	void (*frame)(void *arg, const struct mux_frame *frame, const void *data);
	/* The connection broke; the callee calls mux_free(). Comes once. */
	void (*broken)(void *arg, const char *why);
};

/* Do @frame->value bytes follow? */
bool mux_has_data(const struct mux_frame *frame);

/* 0 if it is well-formed, else -EPROTO. */
int mux_check(const struct mux_frame *frame);

/* Takes over @fd, a stream socket. NULL: out of memory, @fd is closed. */
struct mux *mux_new(struct event_base *base, int fd, const struct mux_ops *ops,
		    void *arg);

/* May be called from the callbacks. What was not sent yet is lost. */
void mux_free(struct mux *mux);

/* Queues a frame, with @frame->value bytes at @data if it has data. */
void mux_send(struct mux *mux, const struct mux_frame *frame, const void *data);

/* Bytes in the queue. */
size_t mux_queued(const struct mux *mux);

#endif
