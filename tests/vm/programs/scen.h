/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For programs of scenarios: results, calls on /dev/bproc, and a channel to a remote
 * process. All waits are bounded.
 */
#ifndef SCEN_H
#define SCEN_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/bproc.h>
#include <linux/vmadump.h>

#include "checks.h"

/* The channel's descriptor in a remote process. */
#define CHANNEL 10

#define ALL VMAD_DUMP_ALL

#define fails(name, error, ret)                                                             \
	do {                                                                                  \
		long ret_ = (ret);                                                              \
		int errno_ = errno;                                                             \
		check(ret_ == -1 && errno_ == (error), name, "%ld, errno %d, not %d", ret_,       \
		      errno_, error);                                                           \
	} while (0)

static inline void *ptr64(uint64_t v)
{
	return (void *)(uintptr_t)v;
}

#define P64(p) ((uint64_t)(uintptr_t)(p))

static inline long bp(unsigned long request, void *arg)
{
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC);
	int err;
	long ret;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, request, arg);
	err = errno;
	close(fd);
	errno = err;
	return ret;
}

/* --- the channel --- */

/* An I/O element: @fd is connected to @port of the master, whence or where it goes. */
static inline struct bproc_io channel_io(int fd, unsigned short port, int to_node)
{
	struct bproc_io io = { .fd = fd, .type = BPROC_IO_SOCKET };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (to_node == BPROC_NODE_MASTER)
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(io.d.addr, &a, sizeof(a));
	return io;
}

static inline int accept_channel(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	if (poll(&p, 1, (int)PATIENCE * 1000) != 1) {
		errno = ETIMEDOUT;
		return -1;
	}
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static inline bool put(int fd, const void *data, size_t len)
{
	return send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* False at the end of the stream, or when it takes too long. */
static inline bool get(int fd, void *data, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char *to = data;
	double end = now() + PATIENCE;
	ssize_t n;

	while (len) {
		if (poll(&p, 1, (int)((end - now()) * 1000) + 1) <= 0 && now() < end)
			continue;
		if (now() >= end) {
			errno = ETIMEDOUT;
			return false;
		}
		n = read(fd, to, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

static inline void put_int(int fd, int value)
{
	put(fd, &value, sizeof(value));
}

/* -1 when nothing came. */
static inline int get_int(int fd)
{
	int value;

	return get(fd, &value, sizeof(value)) ? value : -1;
}

/* --- placing --- */

static inline long move_io(unsigned long request, int node, struct bproc_io *io, int n)
{
	struct bproc_move m = { .node = node, .flags = ALL, .io = P64(io), .iolen = n };

	return bp(request, &m);
}

static inline long run_io(unsigned long request, int node, const char *path, char **argv,
			  char **envp, struct bproc_io *io, int n)
{
	struct bproc_move m = {
		.node = node,
		.flags = ALL,
		.path = P64(path),
		.argv = P64(argv),
		.envp = P64(envp),
		.io = P64(io),
		.iolen = n,
	};

	return bp(request, &m);
}

/* Fork a child onto a node; @chan connects the two. */
static inline pid_t remote_fork(int node, int *chan)
{
	unsigned short port;
	int l = listener(&port), err;
	struct bproc_io io = channel_io(CHANNEL, port, node);
	pid_t pid = move_io(BPROC_IOC_RFORK, node, &io, 1);

	err = errno;
	if (pid == 0) {
		*chan = CHANNEL;
		return 0;
	}
	*chan = pid > 0 ? accept_channel(l) : -1;
	close(l);
	errno = err;
	return pid;
}

/* Fork a local child with a channel on which it can be found wherever it goes. */
struct channel {
	int listener;
	unsigned short port;
};

static inline struct channel channel_new(void)
{
	struct channel c;

	c.listener = listener(&c.port);
	return c;
}

/* The caller moves; its channel is connected anew there. */
static inline long move_with(struct channel *c, int node)
{
	struct bproc_io io = channel_io(CHANNEL, c->port, node);

	return move_io(BPROC_IOC_MOVE, node, &io, 1);
}

/* --- waiting --- */

/* Kill a child and wait for its end. */
static inline void get_rid_of(pid_t pid)
{
	if (pid > 0) {
		kill(pid, SIGKILL);
		end_of(pid);
	}
}

/* --- /proc --- */

/* A field of /proc/PID/stat, counted from 1 as in proc(5); empty if it is not there. */
static inline const char *stat_field(pid_t pid, int field)
{
	static char buf[1024];
	char path[64], *p;
	ssize_t n;
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return "";
	buf[n] = '\0';
	p = strrchr(buf, ')');
	if (!p)
		return "";
	p += 2;
	for (i = 3; i < field && p; i++)
		p = strchr(p, ' ') ? strchr(p, ' ') + 1 : NULL;
	if (!p)
		return "";
	p[strcspn(p, " ")] = '\0';
	return p;
}

/* A whole small file; its length, or -1. */
static inline ssize_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	buf[0] = '\0';
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

static inline ssize_t proc_file(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return slurp(path, buf, size);
}

/* The user of a process, or -1 if it is not one: real, effective, saved and file system. */
static inline int user_of(pid_t pid)
{
	char text[4096];
	int uid[4] = { 0 };
	const char *line = proc_file(pid, "status", text, sizeof(text)) > 0 ?
				   strstr(text, "\nUid:\t") :
				   NULL;

	if (!line || sscanf(line, " Uid: %d %d %d %d", &uid[0], &uid[1], &uid[2], &uid[3]) != 4)
		return -1;
	return uid[0] == uid[1] && uid[0] == uid[2] && uid[0] == uid[3] ? uid[0] : -1;
}

/* The node where a process runs, or BPROC_NODE_MASTER. */
static inline int node_of(pid_t pid)
{
	struct bproc_proc_info info;
	struct bproc_proc_list list = {
		.info = P64(&info),
		.count = 1,
		.after = pid - 1,
		.node = BPROC_NODE_ANY,
	};

	if (bp(BPROC_IOC_PINFO, &list) == 1 && info.pid == pid)
		return info.node;
	return BPROC_NODE_MASTER;
}

/* The node to use: the first argument, or 0. */
static inline int scen_init(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	return argc > 1 ? atoi(argv[1]) : 0;
}

#endif
