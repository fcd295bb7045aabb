// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include "bpshell_run.h"
#include "bpshell_signal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A byte in this pipe wakes whoever polls it. */
static int wake[2] = { -1, -1 };
static volatile sig_atomic_t came[NSIG];
/* Who has the terminal. */
static volatile sig_atomic_t foreground;

static void on_signal(int sig)
{
	int err = errno;
	pid_t pgrp = foreground;

	came[sig] = 1;
	if (sig == SIGHUP && pgrp > 1) {
		kill(-pgrp, SIGHUP);
		kill(-pgrp, SIGCONT);
	}
	/* a full pipe has enough to wake us */
	(void)!write(wake[1], "", 1);
	errno = err;
}

static const struct {
	int sig;
	void (*handler)(int sig);
	int flags;
} ours[] = {
	{ SIGQUIT, SIG_IGN, 0 },
	{ SIGTERM, SIG_IGN, 0 },
	{ SIGTSTP, SIG_IGN, 0 },
	{ SIGTTIN, SIG_IGN, 0 },
	{ SIGTTOU, SIG_IGN, 0 },
	/* These two end "wait". */
	{ SIGINT, on_signal, 0 },
	{ SIGHUP, on_signal, 0 },
	{ SIGCHLD, on_signal, SA_RESTART },
	{ SIGWINCH, on_signal, SA_RESTART },
};

static struct sigaction before[COUNT(ours)];
static bool begun;

bool bpshell_signals_begin(void)
{
	size_t i;

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK))
		return false;
	wake[0] = bpshell_above(wake[0]);
	wake[1] = bpshell_above(wake[1]);
	if (wake[0] < 0 || wake[1] < 0)
		return false;
	for (i = 0; i < COUNT(ours); i++) {
		struct sigaction action = { .sa_handler = ours[i].handler,
					    .sa_flags = ours[i].flags };

		sigaction(ours[i].sig, &action, &before[i]);
	}
	begun = true;
	return true;
}

int bpshell_signals_fd(void)
{
	return wake[0];
}

void bpshell_signals_drain(void)
{
	char bytes[64];

	while (read(wake[0], bytes, sizeof(bytes)) > 0)
		;
}

bool bpshell_signal_pending(int sig)
{
	return came[sig];
}

bool bpshell_signal_take(int sig)
{
	bool ret = came[sig];

	came[sig] = 0;
	return ret;
}

void bpshell_signals_foreground(pid_t pgrp)
{
	foreground = pgrp;
}

/* --- without job control --- */

static const int keys[] = { SIGINT, SIGQUIT };
static struct sigaction held[COUNT(keys)];

void bpshell_signals_hold(void)
{
	static const struct sigaction action = { .sa_handler = on_signal };
	size_t i;

	for (i = 0; i < COUNT(keys); i++) {
		sigaction(keys[i], NULL, &held[i]);
		if (held[i].sa_handler != SIG_IGN)
			sigaction(keys[i], &action, NULL);
	}
}

void bpshell_signals_release(int sig)
{
	size_t i;

	for (i = 0; i < COUNT(keys); i++) {
		sigaction(keys[i], &held[i], NULL);
		if (bpshell_signal_take(keys[i]) && keys[i] == sig)
			raise(sig);
	}
}

/* --- children --- */

static sigset_t mask;

pid_t bpshell_fork(void)
{
	sigset_t all;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	pid = fork();
	if (pid)
		sigprocmask(SIG_SETMASK, &mask, NULL);
	return pid;
}

void bpshell_signals_child(void)
{
	size_t i;

	for (i = 0; begun && i < COUNT(ours); i++)
		sigaction(ours[i].sig, &before[i], NULL);
	begun = false;
	foreground = 0;
	for (i = 0; i < NSIG; i++)
		came[i] = 0;
	sigprocmask(SIG_SETMASK, &mask, NULL);
}
