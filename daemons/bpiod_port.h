/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A descriptor that bpiod reads or writes for somebody else, without ever waiting for it.
 *
 * O_NONBLOCK belongs to the open file description, which programs of the user share, so
 * it is not touched. Pipes and terminals are opened anew through /proc/self/fd, which
 * gives a description of our own; sockets have MSG_DONTWAIT. All else (files, whose file
 * system may be somebody's FUSE program, and terminals to read from) is read and written
 * by a thread that does wait, with a pipe between it and the event loop.
 */
#ifndef BPROC_BPIOD_PORT_H
#define BPROC_BPIOD_PORT_H

#include <stdbool.h>
#include <sys/types.h>
#include <event2/buffer.h>
#include <event2/event.h>

struct port;

struct port_ops {
	/* What port_wait() waited for has come: read or write again. */
	void (*ready)(void *arg);
	/* Nobody will ever read what is written here. */
	void (*gone)(void *arg);
};

/* A process, safe against its number being used again. */
struct port_process {
	pid_t pid;
	unsigned long long start;
};

/* Finds out when process @pid started. */
void port_process_init(struct port_process *p, pid_t pid);

/*
 * Takes over @fd, which the user may share. @input: it is read. A terminal is read only
 * while it belongs to @process's group. Without @threads what would need one is read and
 * written directly: on a node a thread would need a number of the master's. NULL: it is
 * of no use.
 */
struct port *port_new(struct event_base *base, int fd, bool input, bool threads,
		      const struct port_process *process, const struct port_ops *ops,
		      void *arg);

/* The same for an end of a pipe that is ours alone, nonblocking. */
struct port *port_own(struct event_base *base, int fd, bool input,
		      const struct port_ops *ops, void *arg);

/* Bytes, 0 at the end, -EAGAIN: port_wait(), another -errno. */
ssize_t port_read(struct port *p, void *buf, size_t len);
/* Writes from @from what can be written, and takes it out. Bytes or -errno. */
ssize_t port_write(struct port *p, struct evbuffer *from);

/* Calls ready(), once. @again: it could go on already, after others had their turn. */
void port_wait(struct port *p, bool again);

/* Bytes that could be read now. */
size_t port_readable(const struct port *p);

/* All that was written has reached the user's descriptor, or never will. */
bool port_drained(const struct port *p);

/* No more will be written. port_drained() then says when it is closed, too. */
void port_end(struct port *p);

void port_free(struct port *p);

#endif
