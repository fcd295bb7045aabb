// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "files.h"
#include "log.h"
#include "nodeup.h"
#include "nodeup_run.h"

/* A script that runs: our child, or at the other end of a connection. */
struct nodeup {
	LIST_ENTRY(nodeup) entry;
	pid_t pid; /* 0: not ours */
	int fd;
	struct event *answer;
	int number;
	nodeup_done *done; /* NULL: cancelled */
	void *arg;
};

static LIST_HEAD(, nodeup) running = LIST_HEAD_INITIALIZER(running);

static void release(struct nodeup *n)
{
	if (n->answer)
		event_free(n->answer);
	if (n->fd >= 0)
		close(n->fd);
	free(n);
}

static void ended(struct nodeup *n, int status)
{
	nodeup_done *done = n->done;
	void *arg = n->arg;

	if (status && done)
		log_err("node %d: its script failed (status 0x%x); see " NODEUP_LOG_DIR
			"/node.%d",
			n->number, status, n->number);
	LIST_REMOVE(n, entry);
	release(n);
	if (done)
		done(arg, !status);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
	int status;

	(void)what;
	if (recv(fd, &status, sizeof(status), 0) != (ssize_t)sizeof(status))
		status = W_EXITCODE(126, 0);
	ended(arg, status);
}

/* Whoever runs scripts for us, if there is one. */
static int find_runner(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = NODEUP_SOCKET };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof(un))) {
		if (errno != ENOENT && errno != ECONNREFUSED)
			log_warn("%s: %m", NODEUP_SOCKET);
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool ask_runner(struct nodeup *n, struct event_base *base, const char *script)
{
	struct nodeup_request request = { .number = n->number };

	if (strlen(script) >= sizeof(request.script))
		return false;
	strcpy(request.script, script);
	n->answer = event_new(base, n->fd, EV_READ, on_answer, n);
	return n->answer && !event_add(n->answer, NULL) &&
	       send(n->fd, &request, sizeof(request), MSG_NOSIGNAL) ==
		       (ssize_t)sizeof(request);
}

static bool start(struct nodeup *n, struct event_base *base, const char *script)
{
	sigset_t all, old;

	n->fd = find_runner();
	if (n->fd >= 0)
		return ask_runner(n, base, script);
	/* A signal to it alone is not to reach our handlers, by which we would hear of it. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	n->pid = fork();
	if (!n->pid) {
		/* They would leave no number for its log below the limit. */
		close_range(3, ~0U, 0);
		files_restore_limit();
		nodeup_run(script, n->number);
	}
	/* Both do this: it may be cancelled before the child has run at all. */
	if (n->pid > 0)
		setpgid(n->pid, n->pid);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return n->pid > 0;
}

struct nodeup *nodeup_start(struct event_base *base, const char *script, int number,
			    nodeup_done *done, void *arg)
{
	struct nodeup *n;

	if (access(script, X_OK)) {
		bool none = errno == ENOENT;

		if (!none)
			log_err("node %d: cannot run %s: %m", number, script);
		done(arg, none);
		return NULL;
	}
	n = calloc(1, sizeof(*n));
	if (n) {
		n->fd = -1;
		n->number = number;
		n->done = done;
		n->arg = arg;
	}
	if (!n || !start(n, base, script)) {
		log_err("node %d: cannot run %s: %m", number, script);
		if (n)
			release(n);
		done(arg, false);
		return NULL;
	}
	LIST_INSERT_HEAD(&running, n, entry);
	return n;
}

void nodeup_cancel(struct nodeup *n)
{
	if (!n)
		return;
	n->done = NULL;
	if (n->pid > 1) {
		kill(-n->pid, SIGTERM);
	} else {
		/* The runner sees the connection's end. */
		LIST_REMOVE(n, entry);
		release(n);
	}
}

void nodeup_reap(void)
{
	struct nodeup *n, *next;
	int status;

	for (n = LIST_FIRST(&running); n; n = next) {
		next = LIST_NEXT(n, entry);
		if (n->pid && waitpid(n->pid, &status, WNOHANG) == n->pid)
			ended(n, status);
	}
}
