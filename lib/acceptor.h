/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A socket that is listened on in an event loop. Without a descriptor or memory for who
 * comes it pauses: connections wait in the kernel, which would wake us for each again.
 */
#ifndef BPROC_ACCEPTOR_H
#define BPROC_ACCEPTOR_H

#include <netinet/in.h>
#include <event2/event.h>

struct acceptor;

/* A connection from @addr, nonblocking, close-on-exec, and the callee's. */
typedef void acceptor_got(void *arg, int fd, const struct sockaddr_in *addr);

/* @fd, nonblocking, is owned by it from now on. NULL: out of memory, @fd is closed. */
struct acceptor *acceptor_new(struct event_base *base, int fd, acceptor_got *got,
			      void *arg);
int acceptor_fd(const struct acceptor *a);

/* Not from within @got. NULL is fine. */
void acceptor_free(struct acceptor *a);

#endif
