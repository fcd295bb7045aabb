/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of channels: bpiod_channel.c has their beginnings and ends, bpiod_stream.c
 * what flows through them, bpiod_flush.c who waits for it.
 */
#ifndef BPROC_BPIOD_CHANNEL_H
#define BPROC_BPIOD_CHANNEL_H

#include <sys/stat.h>
#include "bpiod.h"

struct stream {
	struct channel *c;
	unsigned int nr;
	bool source; /* we read it here and send it */
	bool done;
	bool eof; /* a sink whose last byte has come */
	struct port *port;
	dev_t dev;		  /* of its file, by which two streams find each other */
	ino_t ino;		  /* 0: none */
	__u64 moved;		  /* bytes: source: sent; sink: received */
	__u32 credit;		  /* source: bytes that may be sent */
	struct mux_window window; /* sink */
	struct evbuffer *queue;	  /* sink: to be written */
};

struct channel {
	LIST_ENTRY(channel) hash;
	TAILQ_ENTRY(channel) entry;
	struct bpiod *b;
	__u64 id;
	int peer;    /* where the other side is */
	bool keeper; /* we have the descriptors; the process is there */
	bool open;
	bool lost; /* there is nobody to send to */
	bool gone; /* keeper: its process is not the caller of a move that may fail */
	bool kept; /* user: the keeper has said that it is one */
	struct port_process process;
	int fd[MUX_STREAMS]; /* keeper, not open yet, or not gone yet */
	struct stream stream[MUX_STREAMS];
	struct event *timer; /* until it is open */
	struct event *reap;  /* when all streams are done */
	struct event *drain;
	/* keeper */
	TAILQ_HEAD(waits, wait) waits;
	__u32 asked;	       /* SYNCs that were sent */
	__u32 answered;	       /* SYNCEDs that came */
	bool settled;	       /* its process has come home, or has ended */
	bool lingers;	       /* for that, though its streams are over */
	bool feeds;	       /* its input can go on in a pipe */
	struct port *input;    /* which is read no more, or is a file that was read */
	struct evbuffer *back; /* that the process had not read */
	/* user */
	TAILQ_HEAD(syncs, sync) syncs; /* that are not answered yet */
	struct port *left;	       /* the input of a process that has gone home */
};

/*
 * Somebody who waits until a channel's output, as of now, has gone where it belongs: the
 * driver, or a SYNC of the channel into which that leads, on a node.
 */
struct wait {
	TAILQ_ENTRY(wait) entry;
	struct channel *c; /* the keeper */
	__u64 request;	   /* of the driver */
	struct sync *sync;
	bool came;  /* the driver is told by what a process that came home is told by */
	bool own;   /* it is for the channel's own process, and the last one for that */
	int home;   /* that has gone home, where its input goes, too: PID; else 0 */
	__u32 nr;   /* its SYNC */
	bool asked; /* the SYNC was sent */
	bool synced;
	__u64 mark[MUX_STREAMS]; /* what is to have been written */
	struct event *late;
};

/* Sends a frame to the other side, if there is one. */
void channel_send(struct channel *c, unsigned int type, unsigned int stream, __u32 value,
		  const void *data);

/*
 * Has output gone where it belongs? Answers those who wait, and has the channel freed,
 * later, if all three streams are over. Looks again if a thread is at it.
 */
void channel_check_drained(struct channel *c);

/* Nothing more goes over the connection; what came is still written. */
void channel_reset(struct channel *c);

/* The one that has the descriptors of this name, or NULL. */
struct channel *channel_keeper(__u64 id);

/* --- waits (bpiod_flush.c) --- */

/* The channel has a connection now, or none any more. */
void waits_opened(struct channel *c);
void waits_lost(struct channel *c);

/* Answers those whose output is written. True: a thread is at it, look again. */
bool waits_check(struct channel *c);

/* SYNCED came; false if nobody asked. */
bool waits_synced(struct channel *c);

/* Input came back; false if it cannot be. */
bool waits_back(struct channel *c, const void *data, size_t len);

/* SYNC came, @home as in a wait. False: out of memory. */
bool sync_start(struct channel *c, int home);

/* Answers the SYNCs whose output is sent. */
void syncs_check(struct channel *c);

/* Does the process have another channel, by way of this one? */
bool syncs_expected(const struct channel *c);

/* The channel goes. */
void flush_free(struct channel *c);

/* Gives @data, and then what @from gives, to whom reads the returned descriptor. */
int feed_start(struct event_base *base, struct evbuffer *data, struct port *from);

/* --- streams (bpiod_stream.c) --- */

/* A source: sends what it can. */
void stream_send(struct stream *s);

/* A sink: no more will come. When all is written, it closes. */
void stream_eof(struct stream *s);

/* A sink: nobody takes what is written. */
void stream_failed(struct stream *s);

/* It is over, at once. */
void stream_done(struct stream *s);

/* A source: it is over, but its port is kept for input that comes back. */
void stream_rest(struct stream *s);

/* A frame about it; false if the other side breaks the rules. */
bool stream_frame(struct stream *s, const struct mux_frame *f, const void *data);

/* For ports, whose argument is the stream. */
extern const struct port_ops stream_port_ops;

#endif
