/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS handshakes in an event loop, with a time limit.
 */
#ifndef BPROC_HANDSHAKE_H
#define BPROC_HANDSHAKE_H

#include <event2/event.h>
#include "tls.h"

struct handshake;

/*
 * Called once when a handshake ended; the handshake is gone then. After success
 * @error is NULL and the callee owns @ssl and @fd; for a kind that is plain afterwards
 * @ssl is NULL: TLS was ended by both sides. Otherwise both are freed already.
 * @kind: what the connection is for.
 */
typedef void handshake_done(void *arg, SSL *ssl, int fd, int kind, const char *error);

/*
 * Starts a handshake on @fd, a nonblocking TCP socket that is connected or (for a
 * client) under way to be; owns @fd from now on. NULL if out of memory, @fd is closed
 * then. @timeout in seconds, for everything together.
 */
struct handshake *handshake_start(struct event_base *base, struct tls *tls, int fd,
				  enum tls_kind kind, int timeout, handshake_done *done,
				  void *arg);

/* Gives up without calling back. */
void handshake_cancel(struct handshake *h);

#endif
