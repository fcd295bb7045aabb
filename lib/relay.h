/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copying between two connections in an event loop, both ways, until both have ended.
 */
#ifndef BPROC_RELAY_H
#define BPROC_RELAY_H

#include <event2/event.h>
#include <sys/socket.h>
#include "tls.h"

/*
 * Copies between @fd_a and @fd_b, which it makes nonblocking, owns and closes; if
 * @ssl_a is not NULL it is TLS over @fd_a. An end of file on one side is passed on to
 * the other. The relay frees itself. Returns 0 or -ENOMEM (both are closed then).
 */
int relay_start(struct event_base *base, SSL *ssl_a, int fd_a, int fd_b);

/*
 * A descriptor for the data of the connection @ssl on @fd, which a relay serves from
 * now on; both are owned by it, also after an error. getpeername(2) on the descriptor
 * gives a name that holds @peer (peer.h). Returns the descriptor or -errno.
 */
int relay_descriptor(struct event_base *base, SSL *ssl, int fd,
		     const struct sockaddr *peer, socklen_t peer_len);

/*
 * Two connected Unix sockets, close-on-exec. getpeername(2) on the first gives a name
 * that holds @peer (peer.h). 0 or -errno.
 */
int relay_pair(int pair[2], const struct sockaddr *peer, socklen_t peer_len);

#endif
