/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results, and waits that end, for programs of scenarios. It knows nothing of BProc: old.h
 * is to do without our headers.
 */
#ifndef CHECKS_H
#define CHECKS_H

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "slow.h"

/* How long anything may take. */
#define PATIENCE (40 * slowness())

static int failures;
/* Stands in front of each name. */
static const char *about = "";

__attribute__((format(printf, 3, 4))) static inline bool
check(bool good, const char *name, const char *why, ...)
{
	va_list ap;

	va_start(ap, why);
	printf(good ? "ok %s%s" : "not ok %s%s: ", about, name);
	if (!good)
		vprintf(why, ap);
	putchar('\n');
	fflush(stdout);
	va_end(ap);
	failures += !good;
	return good;
}

#define same(name, wanted, got)                                                          \
	({                                                                               \
		long wanted_ = (wanted), got_ = (got);                                   \
		check(wanted_ == got_, name, "%ld, not %ld", got_, wanted_);             \
	})

__attribute__((noreturn)) static inline void give_up(const char *what)
{
	printf("not ok %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* until(COND): look again and again, for PATIENCE seconds at most; true if it came. */
#define until(cond)                                                                      \
	({                                                                               \
		double end_ = now() + PATIENCE;                                          \
		bool came_;                                                              \
		while (!(came_ = (cond)) && now() < end_)                                \
			usleep(20000);                                                   \
		came_;                                                                   \
	})

/* waitpid() that gives up; 0: nothing happened. */
static inline pid_t wait_for(pid_t pid, int *status, int options)
{
	double end = now() + PATIENCE;
	pid_t got;

	while (!(got = waitpid(pid, status, options | WNOHANG)) && now() < end)
		usleep(5000);
	return got;
}

/* As waitpid() has it; -1 if it did not end; it is killed then. */
static inline int end_of(pid_t pid)
{
	int status;

	if (pid <= 0)
		return -1;
	if (wait_for(pid, &status, 0) == pid)
		return status;
	kill(pid, SIGKILL);
	return -1;
}

static inline int listener(unsigned short *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&a, &len))
		give_up("listener");
	*port = ntohs(a.sin_port);
	return fd;
}

#endif
