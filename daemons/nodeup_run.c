// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "nodeup_run.h"

void nodeup_run(const char *script, int number)
{
	char log[64], node[16];
	sigset_t none;
	int fd, sig;

	snprintf(log, sizeof(log), NODEUP_LOG_DIR "/node.%d", number);
	snprintf(node, sizeof(node), "%d", number);
	mkdir(NODEUP_LOG_DIR, 0755);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	setpgid(0, 0);
	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl(script, script, node, (char *)NULL);
	fprintf(stderr, "%s: %m\n", script);
	_exit(127);
}
