// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bproc-nodeup: runs node_up for a bpmaster that is locked in. Standard input is the
 * connection; when bpmaster closes it, the script is to end.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "nodeup_run.h"

static bool get_request(struct nodeup_request *request)
{
	ssize_t n = recv(STDIN_FILENO, request, sizeof(*request), 0);

	return n == (ssize_t)sizeof(*request) && request->number >= 0 &&
	       memchr(request->script, 0, sizeof(request->script)) &&
	       request->script[0] == '/';
}

static int run(const struct nodeup_request *request, int child_signal)
{
	struct pollfd p[] = { { .fd = STDIN_FILENO, .events = POLLIN },
			      { .fd = child_signal, .events = POLLIN } };
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return W_EXITCODE(126, 0);
	if (!pid) {
		int null = dup(STDERR_FILENO);

		/* The connection is none of the script's. */
		dup2(null, STDIN_FILENO);
		nodeup_run(request->script, request->number);
	}
	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return W_EXITCODE(126, 0);
		if (p[0].revents) {
			setpgid(pid, pid);
			kill(-pid, SIGTERM);
			p[0].fd = -1;
		}
		if (p[1].revents) {
			struct signalfd_siginfo info;

			(void)!read(child_signal, &info, sizeof(info));
		}
	}
	return status;
}

int main(void)
{
	struct nodeup_request request;
	sigset_t child;
	int child_signal, status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	child_signal = signalfd(-1, &child, SFD_CLOEXEC);
	if (child_signal < 0 || !get_request(&request)) {
		fprintf(stderr,
			"bproc-nodeup: standard input is no connection from bpmaster\n");
		return 2;
	}
	status = run(&request, child_signal);
	send(STDIN_FILENO, &status, sizeof(status), MSG_NOSIGNAL);
	return 0;
}
