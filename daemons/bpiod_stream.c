// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <event2/buffer.h>
#include "bpiod_channel.h"

/* Frames of one stream before others get their turn. */
#define ROUNDS 4
/* How often to look whether a thread has written all, in us. */
#define DRAIN_INTERVAL 5000

void channel_send(struct channel *c, unsigned int type, unsigned int stream, __u32 value,
		  const void *data)
{
	struct mux_frame f = {
		.id = c->id,
		/* The master says who it is, a node whom it means. */
		.peer = c->b->node == BPROC_NODE_MASTER ? BPROC_NODE_MASTER : c->peer,
		.type = (__u8)type,
		.stream = (__u8)stream,
		.value = value,
	};

	if (!c->lost)
		bpiod_send(bpiod_route(c->b, c->peer), &f, data);
}

void channel_check_drained(struct channel *c)
{
	struct timeval soon = { 0, DRAIN_INTERVAL };
	bool wait = false;
	int i;

	for (i = 0; i < MUX_STREAMS; i++) {
		struct stream *s = &c->stream[i];

		/* Where there is a queue, sink_pump() comes here again. */
		if (s->done || s->source || !s->eof || evbuffer_get_length(s->queue))
			continue;
		if (s->port && !port_drained(s->port)) {
			wait = true;
			continue;
		}
		s->done = true;
		port_free(s->port);
		s->port = NULL;
	}
	if (waits_check(c) || wait)
		evtimer_add(c->drain, &soon);
	if (c->stream[0].done && c->stream[1].done && c->stream[2].done && !c->lingers)
		event_active(c->reap, EV_TIMEOUT, 0);
}

void stream_done(struct stream *s)
{
	if (s->done)
		return;
	s->done = true;
	port_free(s->port);
	s->port = NULL;
	if (s->queue)
		evbuffer_drain(s->queue, evbuffer_get_length(s->queue));
	syncs_check(s->c);
	channel_check_drained(s->c);
}

void stream_rest(struct stream *s)
{
	if (s->done)
		return;
	s->c->input = s->port;
	s->port = NULL;
	channel_send(s->c, MUX_EOF, s->nr, 0, NULL);
	stream_done(s);
}

void stream_send(struct stream *s)
{
	char buf[MUX_DATA_MAX];
	int rounds = ROUNDS;
	ssize_t n;

	/* Whoever passes it on has no room for it before the keeper has said so. */
	if (!s->c->keeper && !s->c->kept)
		return;
	while (!s->done && s->port && s->credit && s->c->open) {
		if (!rounds--) {
			port_wait(s->port, true);
			return;
		}
		n = port_read(s->port, buf,
			      s->credit < sizeof(buf) ? s->credit : sizeof(buf));
		if (n == -EAGAIN) {
			port_wait(s->port, false);
			return;
		}
		if (n <= 0) {
			/* A file is kept, to have back what its process does not read. */
			if (s->nr || port_is_stream(s->port)) {
				channel_send(s->c, MUX_EOF, s->nr, 0, NULL);
				stream_done(s);
			} else {
				stream_rest(s);
			}
			return;
		}
		s->credit -= (__u32)n;
		s->moved += (__u64)n;
		channel_send(s->c, MUX_DATA, s->nr, (__u32)n, buf);
		syncs_check(s->c);
	}
}

void stream_failed(struct stream *s)
{
	if (s->done || s->eof)
		evbuffer_drain(s->queue, evbuffer_get_length(s->queue));
	else
		channel_send(s->c, MUX_CLOSE, s->nr, 0, NULL);
	stream_done(s);
}

void stream_eof(struct stream *s)
{
	s->eof = true;
	if (s->done || evbuffer_get_length(s->queue))
		return;
	if (s->port)
		port_end(s->port);
	channel_check_drained(s->c);
}

static void sink_pump(struct stream *s)
{
	ssize_t n = 0;
	__u32 credit;

	if (s->done || !s->port)
		return;
	if (evbuffer_get_length(s->queue))
		n = port_write(s->port, s->queue);
	if (n == -EAGAIN) {
		port_wait(s->port, false);
		return;
	}
	if (n < 0) {
		stream_failed(s);
		return;
	}
	credit = mux_window_pass(&s->window, (__u32)n);
	if (credit && !s->eof)
		channel_send(s->c, MUX_CREDIT, s->nr, credit, NULL);
	if (evbuffer_get_length(s->queue))
		port_wait(s->port, false);
	else if (s->eof)
		stream_eof(s);
	else
		channel_check_drained(s->c);
}

static void on_ready(void *arg)
{
	struct stream *s = arg;

	if (s->source)
		stream_send(s);
	else
		sink_pump(s);
}

static void on_gone(void *arg)
{
	stream_failed(arg);
}

const struct port_ops stream_port_ops = { on_ready, on_gone };

bool stream_frame(struct stream *s, const struct mux_frame *f, const void *data)
{
	/* DATA and EOF go to the sink, CREDIT and CLOSE to the source. */
	if (s->source != (f->type == MUX_CREDIT || f->type == MUX_CLOSE))
		return false;
	switch (f->type) {
	case MUX_DATA:
		if (s->done)
			return true;
		if (s->eof || !mux_window_receive(&s->window, f->value) ||
		    evbuffer_add(s->queue, data, f->value))
			return false;
		s->moved += f->value;
		sink_pump(s);
		return true;
	case MUX_EOF:
		stream_eof(s);
		return true;
	case MUX_CREDIT:
		if (f->value > MUX_WINDOW - s->credit)
			return false;
		s->credit += f->value;
		stream_send(s);
		return true;
	default:
		stream_done(s);
		return true;
	}
}
