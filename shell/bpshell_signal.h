/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals: what is the shell's, and what is its jobs'. */
#ifndef BPROC_BPSHELL_SIGNAL_H
#define BPROC_BPSHELL_SIGNAL_H

#include <stdbool.h>
#include <sys/types.h>

/* For a shell with job control; false: errno says why not. */
bool bpshell_signals_begin(void);

/* Something to read here: signals came. bpshell_signals_drain() before they are taken. */
int bpshell_signals_fd(void);
void bpshell_signals_drain(void);

/* Has it come since it was taken last? */
bool bpshell_signal_pending(int sig);
bool bpshell_signal_take(int sig);

/* A hang-up reaches the shell alone: it is passed on to this group; 0: there is none. */
void bpshell_signals_foreground(pid_t pgrp);

/*
 * Without job control the keys of the terminal reach the shell, too. While it waits for a
 * job they are the job's; if the job ended by one, @sig, so does the shell.
 */
void bpshell_signals_hold(void);
void bpshell_signals_release(int sig);

/*
 * fork(2); in the child no signal comes before bpshell_signals_child(), which leaves them
 * as they were when the shell began.
 */
pid_t bpshell_fork(void);
void bpshell_signals_child(void);

#endif
