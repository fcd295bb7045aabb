// SPDX-License-Identifier: GPL-2.0-or-later
/* The ends of a copy: children of ours, here and on nodes. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bpcp.h"
#include "whole.h"

/* The connection's descriptor in a child on a node. */
#define THERE 3
/* How long a child may take to come, in s. */
#define PATIENCE 30
/* Who came and has not said who it is. */
#define NEWCOMERS 64
#define REPORT_MAX 65536

struct copy {
	const struct bpcp_end *from, *to;
	const struct bpcp_options *o;
};

/* Tells our child on a node from anybody else who connects. */
static unsigned char secret[16];

struct child {
	pid_t pid;
	int fd;
	int node;
};

/* Those that are there: from where, and to where. */
static struct child source, sink;

/* --- in the child --- */

__attribute__((noreturn)) static void be(int fd, const struct copy *copy, bool is_sink)
{
	struct bpcp_count count = { .errors = 0 };
	static char report[REPORT_MAX];

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	if (is_sink) {
		bpcp_sink(fd, copy->from->path, copy->to->path, copy->o, &count, report,
			  sizeof(report));
		if (!write_whole(fd, report, strlen(report)))
			count.errors++;
	} else {
		bpcp_source(fd, copy->from->path, copy->o, &count);
	}
	shutdown(fd, SHUT_WR);
	_exit(count.errors ? 1 : 0);
}

/* --- making one --- */

/*
 * The child on a node that is lost is killed, but nothing ends its connection, where we
 * might wait for ever.
 */
static void look_after(const struct child *c)
{
	siginfo_t info = { .si_pid = 0 };

	if (c->pid > 0 && !waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	    info.si_pid && info.si_code != CLD_EXITED)
		shutdown(c->fd, SHUT_RDWR);
}

static void look_after_both(int sig)
{
	int err = errno;

	(void)sig;
	look_after(&source);
	look_after(&sink);
	errno = err;
}

static int local_child(struct child *c, const struct copy *copy, bool is_sink)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	fflush(stdout);
	c->pid = fork();
	if (!c->pid) {
		close(pair[0]);
		be(pair[1], copy, is_sink);
	}
	close(pair[1]);
	c->fd = pair[0];
	if (c->pid < 0)
		close(pair[0]);
	return c->pid < 0 ? -1 : 0;
}

static int listen_anywhere(struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	if (fd >= 0 && (bind(fd, (struct sockaddr *)a, len) || listen(fd, SOMAXCONN) ||
			getsockname(fd, (struct sockaddr *)a, &len))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* One more who came, in place of the oldest if there are too many. */
static void add_newcomer(struct pollfd *p, int *n)
{
	int fd = accept4(p[0].fd, NULL, NULL, SOCK_CLOEXEC), all = sizeof(secret);

	if (fd < 0)
		return;
	/* It is ready when all has come. */
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &all, sizeof(all));
	if (*n > NEWCOMERS) {
		close(p[1].fd);
		memmove(p + 1, p + 2, (size_t)(--*n - 1) * sizeof(*p));
	}
	p[*n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	++*n;
}

/* A node that is lost when its child has ended already is heard of in a minute. */
static void keep_alive(int fd)
{
	int on = 1, idle = 30, between = 10, times = 3;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof(between));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
}

/* The one who knows the secret, or -1. Others are sent away. */
static int find_child(struct pollfd *p, int *n)
{
	unsigned char said[sizeof(secret)];
	int i, fd, any = 1;

	for (i = *n - 1; i > 0; i--) {
		if (!p[i].revents)
			continue;
		fd = p[i].fd;
		p[i] = p[--*n];
		if (read_whole(fd, said, sizeof(said)) && !memcmp(said, secret, sizeof(said))) {
			setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &any, sizeof(any));
			keep_alive(fd);
			return fd;
		}
		close(fd);
	}
	return -1;
}

/* Anybody may connect, and say nothing. */
static int accept_child(int listener)
{
	struct pollfd p[NEWCOMERS + 1] = { { .fd = listener, .events = POLLIN } };
	long long end = now_ms() + PATIENCE * 1000, left;
	int n = 1, fd = -1;

	while (fd < 0 && (left = end - now_ms()) > 0) {
		if (poll(p, (nfds_t)n, (int)left) <= 0)
			continue;
		fd = find_child(p, &n);
		if (p[0].revents)
			add_newcomer(p, &n);
	}
	while (--n > 0)
		close(p[n].fd);
	errno = ETIMEDOUT;
	return fd;
}

static int remote_child(struct child *c, const struct copy *copy, bool is_sink)
{
	struct bproc_io_t io = {
		.fd = THERE,
		.type = BPROC_IO_SOCKET,
	};
	struct sockaddr_in addr;
	int err, listener;

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return -1;
	listener = listen_anywhere(&addr);
	if (listener < 0)
		return -1;
	/* No address: the machine that it comes from. */
	memcpy(&io.d.addr, &addr, sizeof(io.d.addr));
	fflush(stdout);
	c->pid = bproc_rfork_io(c->node, &io, 1);
	if (!c->pid) {
		if (!write_whole(THERE, secret, sizeof(secret)))
			_exit(1);
		be(THERE, copy, is_sink);
	}
	c->fd = c->pid < 0 ? -1 : accept_child(listener);
	err = errno;
	close(listener);
	if (c->pid > 0 && c->fd < 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	errno = err;
	return c->fd < 0 ? -1 : 0;
}

static int make_child(struct child *c, const struct copy *copy, bool is_sink)
{
	int ret;

	c->fd = -1;
	c->node = is_sink ? copy->to->node : copy->from->node;
	if (c->node == BPROC_NODE_MASTER)
		ret = local_child(c, copy, is_sink);
	else
		ret = remote_child(c, copy, is_sink);
	if (!ret) {
		look_after(c);
		return 0;
	}
	c->pid = 0;
	if (c->node == BPROC_NODE_MASTER)
		fprintf(stderr, "bpcp: %s\n", strerror(errno));
	else
		fprintf(stderr, "bpcp: node %d: %s\n", c->node, bproc_strerror(errno));
	return 1;
}

/* --- here --- */

/* What a sink says at its end, and no more. Returns whether it was something. */
static bool print_report(const struct copy *copy, struct bpcp_count *count)
{
	FILE *f = fdopen(dup(sink.fd), "r");
	char line[8256];
	size_t all = 0;

	while (f && all < REPORT_MAX && fgets(line, sizeof(line), f)) {
		all += strlen(line) + 1;
		line[strcspn(line, "\n")] = '\0';
		bpcp_say_line(count, copy->o, line);
	}
	if (f)
		fclose(f);
	return all;
}

/* One that failed and could not say so was lost. */
static int end_child(struct child *c, struct bpcp_count *count)
{
	pid_t pid = c->pid;
	int status = 1;

	c->pid = 0;
	close(c->fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status && !count->said)
		bpcp_say(count, c->node, "the connection broke");
	return status ? 1 : 0;
}

/* What one node sends goes to the other. */
static void relay(int from, int to, struct bpcp_count *count)
{
	static char buf[65536];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		if (!write_whole(to, buf, (size_t)n))
			break;
		bpcp_passed(count, (size_t)n, NULL);
	}
	shutdown(to, SHUT_WR);
}

static int do_copy(const struct copy *copy)
{
	struct bpcp_count count = { .shows = !copy->o->quiet && isatty(STDERR_FILENO) };
	bool have_source = copy->from->node != BPROC_NODE_MASTER;
	bool have_sink = copy->to->node != BPROC_NODE_MASTER || !have_source;
	int ret = 0;

	if (have_source && make_child(&source, copy, false))
		return 1;
	if (have_sink && make_child(&sink, copy, true)) {
		/* It was said why; what becomes of this one is no more trouble. */
		count.said = true;
		if (have_source)
			end_child(&source, &count);
		return 1;
	}
	if (!have_source)
		bpcp_source(sink.fd, copy->from->path, copy->o, &count);
	else if (!have_sink)
		bpcp_sink(source.fd, copy->from->path, copy->to->path, copy->o, &count, NULL, 0);
	else
		relay(source.fd, sink.fd, &count);
	bpcp_progress_end(&count);
	if (have_sink) {
		ret |= print_report(copy, &count);
		ret |= end_child(&sink, &count);
	}
	if (have_source)
		ret |= end_child(&source, &count);
	return ret || count.errors ? 1 : 0;
}

int bpcp_copy(const struct bpcp_end *from, const struct bpcp_end *to,
	      const struct bpcp_options *o)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old_pipe;
	struct sigaction look = { .sa_handler = look_after_both, .sa_flags = SA_RESTART }, old;
	const struct copy copy = { from, to, o };
	int ret;

	sigaction(SIGPIPE, &ignore, &old_pipe);
	/* Also so that children have a status, whatever we began with. */
	sigaction(SIGCHLD, &look, &old);
	ret = do_copy(&copy);
	sigaction(SIGCHLD, &old, NULL);
	sigaction(SIGPIPE, &old_pipe, NULL);
	return ret;
}
