// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "bpsh.h"
#include "whole.h"

/*
 * A helper of ours on the node has the master side of a terminal there, and copies
 * between it and two connections to us: what is typed and shown; and what it says of the
 * terminal, and the terminal's size from us. The program leads a session here, and so
 * does it there: the terminal, which it opens when it arrives, becomes its controlling
 * one.
 */

/* The helper's descriptors. */
#define DATA_FD 3
#define CONTROL_FD 4
/* How long its connections may take, in ms. */
#define CONNECT_TIMEOUT 10000
/* How long what a program wrote last may take after its end, in ms. */
#define LAST_WORDS 500
/* Largest terminal description that is taken along. */
#define TERMINFO_MAX 32768

struct hello {
	int err;
	int number; /* /dev/pts/NUMBER */
};

/* What was read and could not be written yet. */
struct pending {
	char buf[4096];
	size_t at, len;
};

struct link {
	const struct bproc_node_info_t *node;
	pid_t helper;
	int data, control, signals;
	struct pending in;
	bool in_open;
	bool in_line; /* what was read of it last does not end a line */
	struct termios modes;
	bool raw;
	int matched;	   /* bytes of an order to the screen that have been seen */
	bool other_screen; /* what is shown is not what was there before */
	pid_t pid;
	bool ended;
	bool node_down; /* when it ended */
	int status;
	bool gone;   /* nobody takes the output any more */
	bool failed; /* it could not be written, and it was said why */
};

/* --- both ways at once --- */

/*
 * A program may not read before what it wrote is taken. So whoever waits until input is
 * taken takes output meanwhile.
 */

static bool is_pending(const struct pending *p)
{
	return p->at < p->len;
}

/* False at the end, or after an error. */
static bool read_some(struct pending *p, int fd)
{
	ssize_t n = read(fd, p->buf, sizeof(p->buf));

	p->at = 0;
	p->len = n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* To a descriptor that does not wait. */
static bool write_some(struct pending *p, int fd)
{
	ssize_t n = write(fd, p->buf + p->at, p->len - p->at);

	if (n > 0)
		p->at += (size_t)n;
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static void do_not_wait(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* --- on the node --- */

static bool show(int from, int to)
{
	char buf[8192];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && write_whole(to, buf, (size_t)n);
}

/* The terminal is gone with its last user (EIO), we with the terminal or with bpsh. */
static void help_there(void)
{
	struct pending in = { .len = 0 };
	struct hello hello = { 0 };
	struct winsize size;
	struct pollfd p[3];
	int master;

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || unlockpt(master) || ioctl(master, TIOCGPTN, &hello.number))
		hello.err = errno;
	if (write(CONTROL_FD, &hello, sizeof(hello)) != sizeof(hello) || hello.err)
		_exit(1);
	do_not_wait(master);
	p[0] = (struct pollfd){ .events = POLLIN };
	p[1] = (struct pollfd){ .fd = master };
	p[2] = (struct pollfd){ .fd = CONTROL_FD, .events = POLLIN };
	for (;;) {
		p[0].fd = is_pending(&in) ? -1 : DATA_FD;
		p[1].events = is_pending(&in) ? POLLIN | POLLOUT : POLLIN;
		if (poll(p, 3, -1) < 0) {
			if (errno != EINTR)
				break;
			continue;
		}
		if (p[1].revents & ~POLLOUT && !show(master, DATA_FD))
			break;
		if (p[1].revents & POLLOUT && !write_some(&in, master))
			break;
		if (p[0].fd >= 0 && p[0].revents && !read_some(&in, DATA_FD))
			break;
		if (!p[2].revents)
			continue;
		if (recv(CONTROL_FD, &size, sizeof(size), MSG_WAITALL) != sizeof(size))
			break;
		ioctl(master, TIOCSWINSZ, &size);
	}
	_exit(0);
}

/* --- here: the connections --- */

/* Another's is closed before it has said anything. */
static int take_connection(const struct link *l, int listener)
{
	struct timeval limit = { .tv_sec = CONNECT_TIMEOUT / 1000 };
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd = accept4(listener, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (bpsh_is_from(&from, bpsh_is_local(fd, &from), l->node, bpsh_is_here(l->node)))
		return fd;
	close(fd);
	return -1;
}

static bool take_connections(struct link *l, int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	long long end = bpsh_now() + CONNECT_TIMEOUT;
	int said[2], fd;

	while (l->data < 0 || l->control < 0) {
		if (bpsh_now() >= end || poll(&p, 1, (int)(end - bpsh_now())) <= 0)
			return false;
		fd = take_connection(l, listener);
		if (fd < 0)
			continue;
		if (recv(fd, said, sizeof(said), MSG_WAITALL) != sizeof(said) ||
		    said[0] != l->helper)
			close(fd);
		else if (said[1] == DATA_FD && l->data < 0)
			l->data = fd;
		else if (said[1] == CONTROL_FD && l->control < 0)
			l->control = fd;
		else
			close(fd);
	}
	return true;
}

/* Sends the helper there; the terminal's number, or -1 after it was said why not. */
static int open_terminal(struct link *l)
{
	struct sockaddr_in addr;
	struct bproc_io_t io[2];
	struct hello hello;
	int i, listener = bpsh_listen(&addr, "terminal");
	bool ok;

	if (listener < 0)
		return -1;
	memset(io, 0, sizeof(io));
	/* an address of zero: where the helper comes from */
	addr.sin_addr.s_addr = 0;
	for (i = 0; i < 2; i++) {
		io[i].fd = i ? CONTROL_FD : DATA_FD;
		io[i].type = BPROC_IO_SOCKET;
		io[i].flags = BPROC_IO_SEND_INFO;
		memcpy(&io[i].d.addr, &addr, sizeof(addr));
	}
	fflush(NULL);
	l->helper = bproc_rfork_io(l->node->node, io, 2);
	if (!l->helper)
		help_there();
	if (l->helper < 0) {
		fprintf(stderr, "%d: %s\n", l->node->node, bproc_strerror(errno));
		close(listener);
		return -1;
	}
	ok = take_connections(l, listener) &&
	     recv(l->control, &hello, sizeof(hello), MSG_WAITALL) == sizeof(hello);
	close(listener);
	if (ok && !hello.err)
		return hello.number;
	fprintf(stderr, "%d: no terminal there: %s\n", l->node->node,
		ok ? strerror(hello.err) : "no answer");
	return -1;
}

/* --- the program --- */

/* Finds the description of the terminal; 0: there is none. */
static size_t read_terminfo(const char *term, unsigned char *buf)
{
	static const char *const dirs[] = { "/etc/terminfo", "/lib/terminfo",
					    "/usr/share/terminfo" };
	char name[256];
	size_t i;
	FILE *f;
	size_t n = 0;

	for (i = 0; !n && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(name, sizeof(name), "%s/%c/%s", dirs[i], *term, term);
		f = fopen(name, "re");
		if (!f)
			continue;
		n = fread(buf, 1, TERMINFO_MAX, f);
		fclose(f);
	}
	return n;
}

/*
 * Nodes need not have a database of terminals: the description travels in a variable, in
 * the form that ncurses takes there.
 */
void bpsh_pty_environment(void)
{
	const char *term = getenv("TERM");
	unsigned char *raw;
	size_t i, n;
	char *text;

	if (!term || !*term || strchr(term, '/') || getenv("TERMINFO"))
		return;
	raw = malloc(TERMINFO_MAX);
	n = raw ? read_terminfo(term, raw) : 0;
	text = n ? malloc(2 * n + 5) : NULL;
	if (text) {
		strcpy(text, "hex:");
		for (i = 0; i < n; i++)
			sprintf(text + 4 + 2 * i, "%02X", raw[i]);
		setenv("TERMINFO", text, 1);
	}
	free(text);
	free(raw);
}

/* It leads a session; its terminal is that of the node. */
static bool start(struct link *l, int number, const char *path, char **argv, char **envp)
{
	struct bproc_io_t io[3];
	int report[2], err = 0, fd;

	memset(io, 0, sizeof(io));
	for (fd = 0; fd < 3; fd++) {
		io[fd].fd = fd;
		io[fd].type = BPROC_IO_FILE;
		io[fd].d.file.flags = O_RDWR;
		snprintf(io[fd].d.file.name, sizeof(io[fd].d.file.name), "/dev/pts/%d",
			 number);
	}
	if (pipe2(report, O_CLOEXEC)) {
		perror("bpsh");
		return false;
	}
	l->pid = fork();
	if (!l->pid) {
		setsid();
		bproc_execmove_io(l->node->node, io, 3, path, argv, envp);
		err = errno;
		(void)!write(report[1], &err, sizeof(err));
		_exit(127);
	}
	close(report[1]);
	if (l->pid < 0)
		err = errno;
	else if (!read_whole(report[0], &err, sizeof(err)))
		err = 0;
	close(report[0]);
	if (!err)
		return true;
	fprintf(stderr, "%d: %s: %s\n", l->node->node, path, bproc_strerror(err));
	if (l->pid > 0)
		waitpid(l->pid, NULL, 0);
	return false;
}

/* --- the loop --- */

static void send_size(struct link *l)
{
	struct winsize size;

	if (!ioctl(STDIN_FILENO, TIOCGWINSZ, &size) ||
	    !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		send(l->control, &size, sizeof(size), MSG_NOSIGNAL);
}

static void make_raw(struct link *l)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &l->modes))
		return;
	raw = l->modes;
	cfmakeraw(&raw);
	l->raw = !tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void on_signal(struct link *l)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(l->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			send_size(l);
		else if (info.ssi_signo != SIGCHLD && l->pid > 0 && !l->ended)
			kill(l->pid, (int)info.ssi_signo);
	}
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == l->pid) {
			l->ended = true;
			l->node_down = bpsh_lost_node(l->node->node, status);
			l->status = status;
		} else if (pid == l->helper) {
			l->helper = 0;
		}
	}
}

/* From a terminal, Ctrl-D ends what was typed of a line, or else the input. */
static void read_input(struct link *l)
{
	if (read_some(&l->in, STDIN_FILENO)) {
		if (l->in.len)
			l->in_line = l->in.buf[l->in.len - 1] != '\n';
		return;
	}
	l->in_open = false;
	l->in.len = l->in_line ? 2 : 1;
	memset(l->in.buf, 4, l->in.len);
}

/* Remembers whether programs that fill the screen are on a second one, with which they
 * end. */
static void note_screen(struct link *l, const char *buf, ssize_t n)
{
	static const char change[] = "\033[?1049";
	const int len = sizeof(change) - 1;
	ssize_t i;

	for (i = 0; i < n; i++) {
		if (l->matched == len && (buf[i] == 'h' || buf[i] == 'l'))
			l->other_screen = buf[i] == 'h';
		if (l->matched < len && buf[i] == change[l->matched])
			l->matched++;
		else
			l->matched = buf[i] == change[0];
	}
}

static bool show_output(struct link *l)
{
	char buf[8192];
	ssize_t n = read(l->data, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	note_screen(l, buf, n);
	if (write_whole(STDOUT_FILENO, buf, (size_t)n))
		return true;
	/* A reader that has enough is no fault. */
	if (errno != EPIPE) {
		fprintf(stderr, "bpsh: standard output: %m\n");
		l->failed = true;
	}
	l->gone = true;
	return false;
}

/* Hangs the terminal up, for whoever still has it. */
static void hang_up(struct link *l)
{
	close(l->data);
	l->data = -1;
}

/*
 * A program that could not put the terminal in order itself: keys, mouse, colours and
 * cursor as usual, and the screen that was there before.
 */
static void restore_screen(const struct link *l)
{
	static const char usual[] = "\033[?1l\033>\033[?1000l\033[?1002l\033[?1006l"
				    "\033[?2004l\033[m\033[?25h";
	static const char first[] = "\033[?1049l";

	if (!isatty(STDOUT_FILENO))
		return;
	write_whole(STDOUT_FILENO, usual, sizeof(usual) - 1);
	if (l->other_screen)
		write_whole(STDOUT_FILENO, first, sizeof(first) - 1);
	else
		write_whole(STDOUT_FILENO, "\r\n", 2);
}

/*
 * With the program its terminal is hung up, for whoever still has it. If the helper says
 * nothing after that, its node may be gone, or the program never came there.
 */
static void run(struct link *l)
{
	struct pollfd p[3] = { { .events = POLLIN },
			       { .events = 0 },
			       { .events = POLLIN } };
	int n;

	l->in_open = true;
	p[2].fd = l->signals;
	while (l->data >= 0 || !l->ended) {
		/* what is typed after its end is not for it */
		p[0].fd = l->in_open && l->data >= 0 && !l->ended && !is_pending(&l->in)
				  ? STDIN_FILENO
				  : -1;
		p[1].fd = l->data;
		p[1].events = is_pending(&l->in) ? POLLIN | POLLOUT : POLLIN;
		n = poll(p, 3, l->ended ? LAST_WORDS : -1);
		if (!n || (n < 0 && errno != EINTR))
			break;
		if (n < 0)
			continue;
		if (p[2].revents)
			on_signal(l);
		if (p[1].fd >= 0 && p[1].revents & ~POLLOUT && !show_output(l))
			hang_up(l);
		if (l->data >= 0 && p[1].revents & POLLOUT &&
		    !write_some(&l->in, l->data))
			hang_up(l);
		if (l->data >= 0 && p[0].fd >= 0 && p[0].revents)
			read_input(l);
	}
}

static void catch_signals(struct link *l, sigset_t *old)
{
	static const int ours[] = { SIGCHLD, SIGWINCH, SIGTERM, SIGHUP,
				    SIGINT,  SIGQUIT,  SIGUSR1, SIGUSR2 };
	sigset_t mask;
	size_t i;

	/* An error tells as much, and the terminal has to be put in order. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&mask);
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&mask, ours[i]);
	sigprocmask(SIG_BLOCK, &mask, old);
	l->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int exit_status(const struct link *l)
{
	if (WIFEXITED(l->status) && WEXITSTATUS(l->status))
		return WEXITSTATUS(l->status);
	if (WIFEXITED(l->status))
		return l->failed;
	/* Our own doing. */
	if (l->gone && WTERMSIG(l->status) == SIGHUP)
		return l->failed ? 1 : 255;
	bpsh_say_killed(l->node->node, l->status, l->node_down);
	return 255;
}

int bpsh_pty(const struct bproc_node_info_t *node, const char *path, char **argv,
	     char **envp)
{
	struct link l = { .node = node, .data = -1, .control = -1 };
	int number, ret = 1;
	sigset_t old;

	signal(SIGCHLD, SIG_DFL);
	number = open_terminal(&l);
	if (number >= 0) {
		send_size(&l);
		if (start(&l, number, path, argv, envp)) {
			catch_signals(&l, &old);
			make_raw(&l);
			do_not_wait(l.data);
			run(&l);
			if (WIFSIGNALED(l.status))
				restore_screen(&l);
			if (l.raw)
				tcsetattr(STDIN_FILENO, TCSADRAIN, &l.modes);
			sigprocmask(SIG_SETMASK, &old, NULL);
			ret = exit_status(&l);
		}
	}
	if (l.helper > 0) {
		kill(l.helper, SIGTERM);
		waitpid(l.helper, NULL, 0);
	}
	return ret;
}
