// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bpmaster's bpiod. It is a program of its own because it handles what users give it, and
 * has none of bpmaster's keys and rights.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "iod_control.h"
#include "log.h"
#include "master.h"

static struct {
	struct master *m;
	bool verbose;
	int facility;
	pid_t pid; /* 0: it does not run */
	int control;
	struct event *retry;
} iod = { .control = -1 };

/* It stands beside us. */
static void __attribute__((noreturn)) run(void)
{
	char self[PATH_MAX], path[PATH_MAX + 8], facility[16];
	char *argv[5] = { (char *)"bpiod" };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int i = 1;

	if (n > 0) {
		self[n] = 0;
		snprintf(path, sizeof(path), "%s/bpiod", dirname(self));
		if (iod.verbose)
			argv[i++] = (char *)"-v";
		if (iod.facility >= 0) {
			snprintf(facility, sizeof(facility), "%d", iod.facility);
			argv[i++] = (char *)"-f";
			argv[i++] = facility;
		}
		execv(path, argv);
	}
	_exit(127);
}

static void start(void)
{
	struct timeval second = { 1, 0 };
	int pid = iod_fork(&iod.control);

	if (!pid)
		run();
	if (pid > 0) {
		iod.pid = pid;
		return;
	}
	log_err("cannot start bpiod: %s", strerror(-pid));
	evtimer_add(iod.retry, &second);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	start();
}

void iod_start(struct master *m, bool verbose, int facility)
{
	iod.m = m;
	iod.verbose = verbose;
	iod.facility = facility;
	iod.retry = evtimer_new(m->base, on_retry, NULL);
	if (iod.retry)
		start();
}

void iod_reap(void)
{
	struct timeval second = { 1, 0 };
	int status;

	if (!iod.pid || waitpid(iod.pid, &status, WNOHANG) != iod.pid)
		return;
	log_err("bpiod has ended (status 0x%x)", status);
	iod.pid = 0;
	close(iod.control);
	iod.control = -1;
	evtimer_add(iod.retry, &second);
}

void iod_connection(int node, int fd)
{
	struct iod_control msg = { .what = IOD_CONNECTION, .node = node };
	int err = iod.control < 0 ? -ENOTCONN : iod_control_send(iod.control, &msg, fd);

	/* The node tries again. */
	if (err && fd >= 0)
		log_warn("node %d: no bpiod for its connection: %s", node,
			 strerror(-err));
	if (fd >= 0)
		close(fd);
}
