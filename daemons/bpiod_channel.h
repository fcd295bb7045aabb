/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of channels: bpiod_channel.c has their beginnings and ends, bpiod_stream.c
 * what flows through them.
 */
#ifndef BPROC_BPIOD_CHANNEL_H
#define BPROC_BPIOD_CHANNEL_H

#include "bpiod.h"

struct stream {
	struct channel *c;
	unsigned int nr;
	bool source; /* we read it here and send it */
	bool done;
	bool eof; /* a sink whose last byte has come */
	struct port *port;
	__u32 credit;		  /* source: bytes that may be sent */
	size_t unsynced;	  /* source: bytes that are to be sent before SYNCED */
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
	struct port_process process;
	int fd[MUX_STREAMS]; /* keeper, not open yet */
	struct stream stream[MUX_STREAMS];
	struct event *timer; /* until it is open */
	struct event *reap;  /* when all streams are done */
	struct event *drain;
	bool syncing;  /* user: SYNCED is owed */
	__u64 request; /* keeper: the driver's FLUSH, 0: none */
	bool synced;
	struct event *late; /* for the FLUSH */
};

/* Sends a frame to the other side, if there is one. */
void channel_send(struct channel *c, unsigned int type, unsigned int stream, __u32 value,
		  const void *data);

/* The driver waits for the process's output no longer. */
void channel_answer_flush(struct channel *c);

/*
 * Has the process's output gone where it belongs? Answers the FLUSH then, and has the
 * channel freed, later, if all three streams are over. Looks again if a thread is at it.
 */
void channel_check_drained(struct channel *c);

/* The other side wants to know when what can be read now is sent. */
void channel_start_sync(struct channel *c);

/* A source: sends what it can. */
void stream_send(struct stream *s);

/* A sink: no more will come. When all is written, it closes. */
void stream_eof(struct stream *s);

/* A sink: nobody takes what is written. */
void stream_failed(struct stream *s);

/* It is over, at once. */
void stream_done(struct stream *s);

/* A frame about it; false if the other side breaks the rules. */
bool stream_frame(struct stream *s, const struct mux_frame *f, const void *data);

/* For ports, whose argument is the stream. */
extern const struct port_ops stream_port_ops;

#endif
