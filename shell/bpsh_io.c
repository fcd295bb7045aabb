// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bpsh_io.h"

/* How often a node is asked for that has what a process of ours left behind, in ms. */
#define NODE_CHECK 1000
/* How long the connections of a process that has ended may be late, in ms. */
#define STRAGGLE 500
/* How often a job in the background looks whether it still is there, in ms. */
#define FOREGROUND_CHECK 1000
/* How often connections that say nothing are looked at, in ms. */
#define NEWCOMER_CHECK 1000
/* How long a run is before progress is shown, and how often it is, in ms. */
#define PROGRESS_START 1000
#define PROGRESS_STEP 500

/* --- input --- */

static bool takes_input(const struct bpsh_process *p)
{
	return p->fd[0] >= 0 || (p->pid && !p->ended && !p->in_closed);
}

static void write_input(struct bpsh_loop *l, struct bpsh_process *p)
{
	ssize_t n =
		send(p->fd[0], l->in + p->in_done, l->in_len - p->in_done, MSG_NOSIGNAL);

	if (n > 0)
		p->in_done += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		/* it does not want any more */
		bpsh_end_output(l, p, 0);
}

/* A terminal's input is for the job in its foreground; the others would be stopped. */
static bool in_foreground(void)
{
	pid_t pgrp = tcgetpgrp(STDIN_FILENO);

	return pgrp < 0 || pgrp == getpgrp();
}

/* All have what was read: the next part may come. */
static bool input_is_wanted(struct bpsh_loop *l)
{
	bool anybody = false;
	int i;

	if (!l->in_open || (l->terminal && !in_foreground()))
		return false;
	for (i = 0; i < l->n; i++) {
		if (!takes_input(&l->p[i]))
			continue;
		if (l->p[i].fd[0] < 0 || l->p[i].in_done < l->in_len)
			return false;
		anybody = true;
	}
	return anybody;
}

static void end_input(struct bpsh_loop *l)
{
	int i;

	l->in_open = false;
	for (i = 0; i < l->n; i++)
		if (l->p[i].fd[0] >= 0)
			bpsh_end_output(l, &l->p[i], 0);
}

static void read_input(struct bpsh_loop *l)
{
	ssize_t n = read(STDIN_FILENO, l->in, l->o->buffer);
	int i;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_input(l);
		return;
	}
	l->in_len = (size_t)n;
	for (i = 0; i < l->n; i++)
		l->p[i].in_done = 0;
}

/* --- processes --- */

/* A connection and the news of the end come by two ways: it may still be on its way. */
static bool may_connect(const struct bpsh_loop *l, const struct bpsh_process *p)
{
	return p->ended && p->brought != bpsh_io_sockets(l->o) &&
	       bpsh_now() < p->end_time + STRAGGLE;
}

static void reap(struct bpsh_loop *l)
{
	int i, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < l->n; i++)
			if (l->p[i].pid == pid) {
				l->p[i].ended = true;
				l->p[i].node_down = bpsh_lost_node(l->p[i].node, status);
				l->p[i].status = status;
				l->p[i].end_time = bpsh_now();
			}
	}
	/* A process that has ended had connected before; its last words may still wait.
	 */
	bpsh_accept(l);
}

static void pass_signal(struct bpsh_loop *l, int sig)
{
	int i;

	if (sig == SIGINT || sig == SIGQUIT)
		l->end.signal = sig;
	for (i = 0; i < l->n; i++)
		if (l->p[i].pid > 0 && !l->p[i].ended)
			kill(l->p[i].pid, sig);
}

static void on_signal(struct bpsh_loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof(info)) == sizeof(info)) {
		int sig = (int)info.ssi_signo;

		if (sig == SIGCHLD)
			reap(l);
		else if (sig == SIGCONT)
			/* perhaps in the foreground: the loop will see */
			continue;
		else if (info.ssi_code != SI_KERNEL)
			pass_signal(l, sig);
		else if (sig == SIGINT || sig == SIGQUIT)
			/* The terminal has sent it to them, too. */
			l->end.signal = sig;
	}
}

static bool anybody_late(const struct bpsh_loop *l)
{
	int i;

	for (i = 0; i < l->n; i++)
		if (may_connect(l, &l->p[i]))
			return true;
	return false;
}

/* What has come already is for us, whatever became of the node. */
static bool is_silent(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return !poll(&p, 1, 0);
}

/*
 * What a process has started may still have its output when it ends. Where the machine is
 * gone, too, nothing ends these connections.
 */
static bool check_dead_nodes(struct bpsh_loop *l)
{
	bool any = false, due = bpsh_now() >= l->nodes_due;
	char state[BPROC_STATE_LEN + 1];
	int i, fd;

	for (i = 0; i < l->n; i++) {
		struct bpsh_process *p = &l->p[i];

		if (!p->ended || (p->fd[1] < 0 && p->fd[2] < 0))
			continue;
		any = true;
		if (!due || bproc_nodestatus(p->node, state, sizeof(state)) < 0 ||
		    strcmp(state, "down"))
			continue;
		for (fd = 0; fd < 3; fd++)
			if (p->fd[fd] >= 0 && (!fd || is_silent(p->fd[fd])))
				bpsh_end_output(l, p, fd);
	}
	if (any && due)
		l->nodes_due = bpsh_now() + NODE_CHECK;
	return any;
}

/* --- the loop --- */

/* Places in the list of poll(2); then come three for each process, and the newcomers. */
enum { SIGNALS, LISTENER, INPUT = LISTENER + 3, FIXED };

static void watch(struct bpsh_loop *l, int fd, short events)
{
	l->poll[l->polls].fd = fd;
	l->poll[l->polls].revents = 0;
	l->poll[l->polls++].events = events;
}

static bool is_shown(const struct bpsh_loop *l, int i)
{
	return !l->o->sequential || i == l->current;
}

/* True when all is done. */
static bool build(struct bpsh_loop *l)
{
	bool done = true;
	int i, fd;

	while (l->o->sequential && l->current < l->n && !l->newcomers &&
	       (!l->p[l->current].pid || l->p[l->current].ended) &&
	       !may_connect(l, &l->p[l->current]) && l->p[l->current].fd[1] < 0 &&
	       l->p[l->current].fd[2] < 0) {
		l->current++;
		l->divided = false;
	}
	l->polls = 0;
	watch(l, l->signals, POLLIN);
	for (fd = 0; fd < 3; fd++)
		watch(l, l->newcomers < l->room ? l->listener[fd] : -1, POLLIN);
	watch(l, input_is_wanted(l) ? STDIN_FILENO : -1, POLLIN);
	for (i = 0; i < l->n; i++) {
		struct bpsh_process *p = &l->p[i];

		if ((p->pid && !p->ended) || may_connect(l, p))
			done = false;
		watch(l, p->fd[0] >= 0 && p->in_done < l->in_len ? p->fd[0] : -1,
		      POLLOUT);
		for (fd = 1; fd < 3; fd++) {
			if (p->fd[fd] >= 0)
				done = false;
			watch(l, is_shown(l, i) ? p->fd[fd] : -1, POLLIN);
		}
	}
	for (i = 0; i < l->newcomers; i++)
		watch(l, l->newcomer[i].fd, POLLIN);
	return done && !l->newcomers;
}

static void serve(struct bpsh_loop *l)
{
	const struct pollfd *ready = l->poll;
	int i, fd, old = l->newcomers;

	/* newcomers from the end: one that is done gives its place to the last */
	for (i = old - 1; i >= 0; i--)
		if (ready[FIXED + 3 * l->n + i].revents)
			bpsh_read_newcomer(l, i);
	for (i = 0; i < l->n; i++) {
		struct bpsh_process *p = &l->p[i];
		const struct pollfd *r = &ready[FIXED + 3 * i];

		if (r[0].revents && r[0].fd == p->fd[0] && p->fd[0] >= 0)
			write_input(l, p);
		for (fd = 1; fd < 3; fd++)
			if (r[fd].revents && r[fd].fd == p->fd[fd] && p->fd[fd] >= 0)
				bpsh_read_output(l, p, fd);
	}
	if (ready[INPUT].revents && ready[INPUT].fd >= 0)
		read_input(l);
	for (fd = 0; fd < 3; fd++)
		if (ready[LISTENER + fd].revents)
			bpsh_accept(l);
	if (ready[SIGNALS].revents)
		on_signal(l);
}

/* What we pass on. */
static const int passed[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
#define PASSED (sizeof(passed) / sizeof(passed[0]))

static volatile sig_atomic_t held[NSIG];

static void hold(int sig)
{
	held[sig] = 1;
}

/* Handlers, for these end with exec; a mask would be the processes' own. */
void bpsh_io_hold_signals(void)
{
	struct sigaction action = { .sa_handler = hold, .sa_flags = SA_RESTART }, old;
	size_t i;

	/* Who ignores this one never hears of an end. */
	signal(SIGCHLD, SIG_DFL);
	/* What is ignored stays so, as for the processes themselves. */
	for (i = 0; i < PASSED; i++)
		if (!sigaction(passed[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(passed[i], &action, NULL);
}

/* From now on signals are read from l->signals. */
static void catch_signals(struct bpsh_loop *l, sigset_t *old)
{
	struct sigaction action;
	sigset_t mask;
	size_t i;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGCONT);
	for (i = 0; i < PASSED; i++)
		if (!sigaction(passed[i], NULL, &action) && action.sa_handler == hold)
			sigaddset(&mask, passed[i]);
	sigprocmask(SIG_BLOCK, &mask, old);
	l->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	for (i = 0; i < PASSED; i++)
		if (held[passed[i]])
			pass_signal(l, passed[i]);
}

static bool wants_progress(const struct bpsh_options *o, int n)
{
	return o->progress && n > 1 && (o->line_buffered || o->fold) &&
	       isatty(STDERR_FILENO);
}

/* How long the loop may sleep, in ms; -1: until something comes. */
static int patience(struct bpsh_loop *l)
{
	int ms = anybody_late(l) ? STRAGGLE / 10 : check_dead_nodes(l) ? NODE_CHECK : -1;
	long long left;

	/* fg(1) of a job that runs tells nobody. */
	if (ms < 0 && l->in_open && l->terminal && !in_foreground())
		ms = FOREGROUND_CHECK;
	if (ms < 0 && l->newcomers)
		ms = NEWCOMER_CHECK;
	if (l->progress_due < 0)
		return ms;
	left = l->progress_due - bpsh_now();
	if (left <= 0) {
		bpsh_show_progress(l);
		l->progress_due = bpsh_now() + PROGRESS_STEP;
		left = PROGRESS_STEP;
	}
	return ms < 0 || left < ms ? (int)left : ms;
}

/* More may not be watched (poll(2)). */
static int room_for_newcomers(int n)
{
	struct rlimit limit = { 0, 0 };
	rlim_t used = (rlim_t)FIXED + 3 * (rlim_t)n;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur <= used)
		return 1;
	return limit.rlim_cur - used > INT_MAX / 2 ? INT_MAX / 2
						   : (int)(limit.rlim_cur - used);
}

static void make_list(struct bpsh_loop *l)
{
	int need = FIXED + 3 * l->n + l->newcomers;
	struct pollfd *more;

	if (need <= l->polls_max)
		return;
	more = realloc(l->poll, (size_t)(need + 16) * sizeof(*more));
	if (!more) {
		perror("bpsh");
		exit(1);
	}
	l->poll = more;
	l->polls_max = need + 16;
}

struct bpsh_end bpsh_io_run(const struct bpsh_options *o, struct bpsh_process *p, int n,
			    const int listener[3])
{
	struct bpsh_loop l = { .o = o, .p = p, .n = n };
	sigset_t old;
	int i, ready;

	catch_signals(&l, &old);
	l.progress_due = wants_progress(o, n) ? bpsh_now() + PROGRESS_START : -1;
	l.terminal = isatty(STDIN_FILENO);
	l.in_open = o->fd[0].target == BPSH_HERE;
	l.in = malloc(o->buffer);
	l.buf = malloc(o->buffer);
	if (l.signals < 0 || !l.in || !l.buf) {
		perror("bpsh");
		exit(1);
	}
	memcpy(l.listener, listener, sizeof(l.listener));
	l.room = room_for_newcomers(n);
	for (i = 0; i < n; i++)
		p[i].here = bpsh_is_here(&p[i].info);
	reap(&l);
	for (;;) {
		bpsh_drop_silent(&l);
		make_list(&l);
		if (build(&l))
			break;
		ready = poll(l.poll, (nfds_t)l.polls, patience(&l));
		if (ready > 0) {
			serve(&l);
		} else if (ready < 0 && errno != EINTR) {
			perror("bpsh: poll");
			exit(1);
		}
	}
	bpsh_hide_progress(&l);
	end_input(&l);
	close(l.signals);
	for (i = 0; i < 3; i++)
		if (listener[i] >= 0)
			close(listener[i]);
	sigprocmask(SIG_SETMASK, &old, NULL);
	free(l.in);
	free(l.buf);
	free(l.poll);
	free(l.newcomer);
	return l.end;
}
