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

/* Somebody else goes on with it; what port_wait() waited for is forgotten. */
void port_hand_over(struct port *p, const struct port_ops *ops, void *arg);

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

/* Bytes that have reached it. */
unsigned long long port_passed(const struct port *p);

/* Input that comes in a stream, which cannot be put back but could go on elsewhere. */
bool port_is_stream(const struct port *p);

/*
 * Input: nothing more is read, and of what port_read() gave the last @n bytes were of no
 * use. A file has them again, and what was read ahead of that. -EAGAIN: a thread is still
 * at it; -ESPIPE: it is no file, and @p is as before; -EBUSY: others read it, too.
 */
int port_give_back(struct port *p, size_t n);

/* Bytes of @p's pipe, in front of what is read from it next; does not wait. */
ssize_t port_take_all(struct port *p, struct evbuffer *to);

/* No more will be written. port_drained() then says when it is closed, too. */
void port_end(struct port *p);

void port_free(struct port *p);

#endif
