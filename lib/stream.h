/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a finished handshake to a descriptor that the driver can read and write.
 */
#ifndef BPROC_STREAM_H
#define BPROC_STREAM_H

#include <event2/event.h>
#include "tls.h"

/*
 * Takes over @ssl (NULL: plain) and @fd. TLS goes on in the kernel if that can, else in
 * a relay in @base. Returns a descriptor, close-on-exec, or -errno.
 */
int stream_descriptor(struct event_base *base, SSL *ssl, int fd);

/* Options that all our TCP connections have. */
void stream_socket_options(int fd);

#endif
