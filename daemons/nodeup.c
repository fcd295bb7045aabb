// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "log.h"
#include "nodeup.h"

#define LOG_DIR "/var/log/bproc"

struct nodeup {
	LIST_ENTRY(nodeup) entry;
	pid_t pid;
	int number;
	nodeup_done *done; /* NULL: cancelled */
	void *arg;
};

static LIST_HEAD(, nodeup) running = LIST_HEAD_INITIALIZER(running);

static void __attribute__((noreturn)) run(const char *script, int number)
{
	char log[64], node[16];
	sigset_t none;
	int fd;

	snprintf(log, sizeof(log), LOG_DIR "/node.%d", number);
	snprintf(node, sizeof(node), "%d", number);
	mkdir(LOG_DIR, 0755);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl(script, script, node, (char *)NULL);
	fprintf(stderr, "%s: %m\n", script);
	_exit(127);
}

struct nodeup *nodeup_start(struct event_base *base, const char *script, int number,
			    nodeup_done *done, void *arg)
{
	struct nodeup *n;

	(void)base;
	if (access(script, X_OK)) {
		done(arg, errno == ENOENT);
		return NULL;
	}
	n = calloc(1, sizeof(*n));
	if (n)
		n->pid = fork();
	if (!n || n->pid < 0) {
		log_err("node %d: cannot run %s: %m", number, script);
		free(n);
		done(arg, false);
		return NULL;
	}
	if (!n->pid)
		run(script, number);
	n->number = number;
	n->done = done;
	n->arg = arg;
	LIST_INSERT_HEAD(&running, n, entry);
	return n;
}

void nodeup_cancel(struct nodeup *n)
{
	if (!n)
		return;
	n->done = NULL;
	if (n->pid > 1)
		kill(-n->pid, SIGTERM);
}

void nodeup_reap(void)
{
	struct nodeup *n, *next;
	int status;

	for (n = LIST_FIRST(&running); n; n = next) {
		nodeup_done *done = n->done;
		void *arg = n->arg;

		next = LIST_NEXT(n, entry);
		if (waitpid(n->pid, &status, WNOHANG) != n->pid)
			continue;
		if (status && done)
			log_err("node %d: its script failed (status 0x%x); see " LOG_DIR
				"/node.%d",
				n->number, status, n->number);
		LIST_REMOVE(n, entry);
		free(n);
		if (done)
			done(arg, !status);
	}
}
