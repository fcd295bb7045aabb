/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages over the link between bpmaster and a bpslave.
 */
#ifndef BPROC_WIRE_H
#define BPROC_WIRE_H

#include <event2/event.h>
#include "link.h"
#include "tls.h"

struct wire;

struct wire_ops {
	/* A whole message, aligned, size checked; valid until the callee returns. */
	void (*message)(void *arg, const struct bproc_msg *msg);
	/* The link broke; @why. The callee calls wire_free(). Comes once. */
	void (*broken)(void *arg, const char *why);
};

/* Takes over @ssl and @fd, a finished handshake. NULL: out of memory, both are freed. */
struct wire *wire_new(struct event_base *base, SSL *ssl, int fd,
		      const struct wire_ops *ops, void *arg);

/* May be called from the callbacks. What was not sent yet is lost. */
void wire_free(struct wire *wire);

/*
 * Queues @msg, @msg->size bytes. A peer that does not read its messages is treated as
 * gone: the link is reported broken, later, from the event loop.
 */
void wire_send(struct wire *wire, const struct bproc_msg *msg);

/* A message with a body, made here; @msg->size is set. */
void wire_send_body(struct wire *wire, const struct bproc_msg *msg, const void *body,
		    size_t len);

/*
 * While a wire is held its messages wait, but its end is reported. They come from the
 * event loop, not from inside of this call.
 */
void wire_hold(struct wire *wire, bool held);

/* Another callee from now on; @ops as for wire_new(). */
void wire_set_ops(struct wire *wire, const struct wire_ops *ops, void *arg);

/* 0 if @size can be the size of a message. */
int wire_check_size(__u32 size);

#endif
