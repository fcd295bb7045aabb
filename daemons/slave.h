/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpslave: a supervisor, and a worker that is the init of the node's PID namespace.
 */
#ifndef BPROC_SLAVE_H
#define BPROC_SLAVE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <event2/event.h>
#include "device.h"
#include "link.h"
#include "tls.h"

struct slave_peers;

struct slave_options {
	const char *keyfile;
	FILE *trace;
	struct sockaddr_storage master;
	socklen_t master_len;
	struct sockaddr_storage local; /* ss_family 0: any */
	socklen_t local_len;
	unsigned int peer_port; /* for streams from other nodes; 0: none */
};

/* What the addresses of the options come from. */
struct slave_names {
	const char *master, *port;
	const char *local; /* NULL: any */
	char number[8];	   /* @port, if nobody said one */
};

/*
 * Takes @text apart, which is HOST[:PORT]; @port if that names none, or NULL. False, and
 * a line in the log, if it can never be an address.
 */
bool slave_parse_master(char *text, const char *port, struct slave_names *names);

/* Gives @o the addresses; false, and a line in the log, if they are not there now. */
bool slave_look_up(const struct slave_names *names, struct slave_options *o);

/* How a worker ended. */
enum worker_exit {
	WORKER_STOPPED = 0, /* it was told to */
	WORKER_FAILED = 1,  /* the node never was connected */
	WORKER_LOST = 2,    /* the link broke or the master ended it */
	WORKER_USELESS = 3, /* trying again will not help */
	WORKER_REBOOT = 4,  /* the supervisor shall restart the machine */
	WORKER_HALT = 5,
	WORKER_PWROFF = 6,
};

/*
 * Runs the node in the calling process, the init of a new PID namespace. RECONNECT
 * changes
 * @options.
 */
enum worker_exit worker_run(struct slave_options *options);

/* --- node control (slave_control.c) --- */

/* Before any change of the root directory: where power_allowed() looks; or -1. */
int power_look(void);

/* 0, or -EOPNOTSUPP: this is the master's machine. @look is from power_look(). */
int power_allowed(int look);

/* In the supervisor: WORKER_REBOOT, HALT or PWROFF. Returns only if it failed. */
void power_do(enum worker_exit how);

/*
 * RECONNECT: @to is like @now, but with the addresses of @c. 0 or -EINVAL.
 */
int slave_other_address(const struct slave_options *now, const struct bproc_connect *c,
			struct slave_options *to);

/* Changes the root directory for whoever arrives from now on; 0 or -errno. */
int slave_chroot(const char *path);

/* --- streams of a worker (slave_streams.c) --- */

struct slave_streams;

/* A process arrives, or processes, over @fd, which is the callee's. */
typedef void slave_arrival(void *arg, const struct link_preface *preface, int fd);

struct slave_streams *slave_streams_new(struct event_base *base,
					const struct slave_options *options,
					struct tls *tls, const struct link_config *config,
					slave_arrival *arrival, void *arg);

/* Asks for a stream to the master; @id and @fd go to the driver by @got. */
struct pool *slave_streams_up(struct slave_streams *s);

/* The master wants @count more. */
void slave_streams_more(struct slave_streams *s, unsigned int count);

/* The master has another address in the options: streams go there from now on. */
void slave_streams_moved(struct slave_streams *s);

/* A socket on its way to the master, nonblocking; or -errno. */
int slave_connect(const struct slave_options *options);

/* --- the I/O daemon (slave_iod.c) --- */

/*
 * Starts bpiod for the node that we are by now, and starts it again when it ends. It gets
 * neither @tls nor the key that @peers have.
 */
void slave_iod_start(struct event_base *base, const struct slave_options *options,
		     struct tls *tls, struct slave_peers *peers,
		     const struct link_config *config);

/* Child @pid has ended. */
void slave_iod_reaped(int pid);

/* @options have another address: the connection follows when nobody uses it. */
void slave_iod_moved(void);

/* --- stand-ins (standin.c) --- */

/* A descriptor of bproc-ghost, which is part of this program; or -errno. */
int standin_program(void);

/*
 * Makes the stand-in of a process that is elsewhere, after the end of one that is ending.
 * Returns 0 or -errno.
 */
int standin_make(struct device *dev, int pid, __u32 uid);

/*
 * Gives a stream to whom it may concern on this node, after making that if need be:
 * a stand-in of the parent, or the process itself. Returns 0 or -errno; @fd stays the
 * caller's.
 */
int standin_arrival(struct device *dev, const struct link_preface *preface, int fd);

/* --- processes on their way in (arriving.c) --- */

/*
 * The same, and @fd is the callee's. A ghost of the process, made for its parent that
 * comes at this moment, takes no stream before that is there: then it is tried again.
 */
void arriving_start(struct event_base *base, struct device *dev,
		    const struct link_preface *preface, int fd);

#endif
