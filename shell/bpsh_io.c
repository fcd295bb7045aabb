// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bpsh.h"

/* Longest line that -L and -p keep together, in bytes. */
#define LINE_MAX_LEN 65536
/* How often a node is asked for after one of its processes was killed, in ms. */
#define NODE_CHECK 1000

/* A connection that has not said yet what it is. */
struct newcomer {
	int fd;
	struct sockaddr_in addr;
	bool local; /* from this machine itself */
	int said[2];
	size_t have;
};

struct loop {
	const struct bpsh_options *o;
	struct bpsh_process *p;
	int n;
	int listener;
	int signals;
	struct newcomer *newcomer;
	int newcomers;
	/* input: the same bytes for all */
	char *in;
	size_t in_len;
	bool in_open;
	int current; /* of -s: whose output is shown */
	bool divided;
	char *buf;
	struct pollfd *poll;
	int polls;
};

int bpsh_io_prepare(const struct bpsh_options *o, struct bproc_io_t *io, int *listener)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	int fd, n = 0;

	*listener = -1;
	for (fd = 0; fd < 3; fd++) {
		memset(&io[n], 0, sizeof(io[n]));
		io[n].fd = fd;
		if (o->fd[fd].target == BPSH_FILE) {
			io[n].type = BPROC_IO_FILE;
			io[n].d.file.flags = fd ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY;
			io[n].d.file.mode = 0666;
			if (strlen(o->fd[fd].file) >= sizeof(io[n].d.file.name)) {
				fprintf(stderr, "bpsh: %s: the name is too long\n",
					o->fd[fd].file);
				return -1;
			}
			strcpy(io[n++].d.file.name, o->fd[fd].file);
			continue;
		}
		if (*listener < 0) {
			*listener = socket(AF_INET,
					   SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
			if (*listener < 0 ||
			    bind(*listener, (struct sockaddr *)&addr, sizeof(addr)) ||
			    listen(*listener, SOMAXCONN) ||
			    getsockname(*listener, (struct sockaddr *)&addr, &len)) {
				perror("bpsh: socket for the output");
				return -1;
			}
		}
		io[n].type = BPROC_IO_SOCKET;
		io[n].flags = BPROC_IO_SEND_INFO;
		/* an address of zero: where the process comes from */
		addr.sin_addr.s_addr = 0;
		memcpy(&io[n++].d.addr, &addr, sizeof(addr));
	}
	return n;
}

/* --- output --- */

static void write_all(int fd, const char *buf, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	while (len) {
		n = write(fd, buf, len);
		if (n < 0 && errno == EAGAIN) {
			poll(&p, 1, -1);
			continue;
		}
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		}
	}
}

static void divide(struct loop *l, const struct bpsh_process *p)
{
	char text[128];
	int n;

	if (!l->o->divider || l->divided)
		return;
	l->divided = true;
	n = snprintf(
		text, sizeof(text), "%d\t%.70s\n", p->node,
		"----------------------------------------------------------------------");
	write_all(STDOUT_FILENO, text, (size_t)n);
}

static void write_line(struct loop *l, const struct bpsh_process *p, int fd,
		       const char *line, size_t len)
{
	char prefix[16];

	if (l->o->prefix)
		write_all(fd, prefix,
			  (size_t)snprintf(prefix, sizeof(prefix), "%3d: ", p->node));
	write_all(fd, line, len);
}

/* Whole lines go out, what is left is kept. */
static void add_lines(struct loop *l, struct bpsh_process *p, int fd, const char *buf,
		      size_t len)
{
	char *line = p->line[fd];

	if (!line)
		line = p->line[fd] = malloc(LINE_MAX_LEN);
	if (!line) {
		write_line(l, p, fd, buf, len);
		return;
	}
	while (len) {
		const char *end = memchr(buf, '\n', len);
		size_t part = end ? (size_t)(end - buf) + 1 : len;

		if (part > LINE_MAX_LEN - p->line_len[fd]) {
			part = LINE_MAX_LEN - p->line_len[fd];
			end = buf;
		}
		memcpy(line + p->line_len[fd], buf, part);
		p->line_len[fd] += part;
		buf += part;
		len -= part;
		if (end) {
			write_line(l, p, fd, line, p->line_len[fd]);
			p->line_len[fd] = 0;
		}
	}
}

static void end_output(struct loop *l, struct bpsh_process *p, int fd)
{
	close(p->fd[fd]);
	p->fd[fd] = -1;
	if (!fd)
		p->in_closed = true;
	if (fd && p->line_len[fd]) {
		write_line(l, p, fd, p->line[fd], p->line_len[fd]);
		p->line_len[fd] = 0;
	}
	free(p->line[fd]);
	p->line[fd] = NULL;
}

static void read_output(struct loop *l, struct bpsh_process *p, int fd)
{
	ssize_t n = read(p->fd[fd], l->buf, l->o->buffer);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_output(l, p, fd);
		return;
	}
	divide(l, p);
	if (l->o->line_buffered)
		add_lines(l, p, fd, l->buf, (size_t)n);
	else
		write_all(fd, l->buf, (size_t)n);
}

/* --- input --- */

static bool takes_input(const struct bpsh_process *p)
{
	return p->fd[0] >= 0 || (p->pid && !p->ended && !p->in_closed);
}

static void write_input(struct loop *l, struct bpsh_process *p)
{
	ssize_t n =
		send(p->fd[0], l->in + p->in_done, l->in_len - p->in_done, MSG_NOSIGNAL);

	if (n > 0)
		p->in_done += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		/* it does not want any more */
		end_output(l, p, 0);
}

/* All have what was read: the next part may come. */
static bool input_is_wanted(struct loop *l)
{
	bool anybody = false;
	int i;

	if (!l->in_open)
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

static void end_input(struct loop *l)
{
	int i;

	l->in_open = false;
	for (i = 0; i < l->n; i++)
		if (l->p[i].fd[0] >= 0)
			end_output(l, &l->p[i], 0);
}

static void read_input(struct loop *l)
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

/* --- connections --- */

/*
 * The connection has to come from the node where the process runs. A node that is a
 * namespace of this machine connects from our own address.
 */
static bool belongs(const struct newcomer *c, const struct bpsh_process *p)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&p->info.addr;

	return c->local || (in->sin_family == AF_INET &&
			    in->sin_addr.s_addr == c->addr.sin_addr.s_addr);
}

static void welcome(struct loop *l, struct newcomer *c)
{
	int i, fd = c->said[1];

	for (i = 0; i < l->n; i++) {
		struct bpsh_process *p = &l->p[i];

		if (!p->pid || p->pid != c->said[0] || fd < 0 || fd > 2 ||
		    p->fd[fd] >= 0 || !belongs(c, p))
			continue;
		if (!fd && !l->in_open) {
			close(c->fd);
			return;
		}
		p->fd[fd] = c->fd;
		/* What was read before it was there is not for it; the rest is. */
		if (!fd)
			p->in_done = l->in_len;
		return;
	}
	close(c->fd);
}

static void read_newcomer(struct loop *l, int i)
{
	struct newcomer *c = &l->newcomer[i];
	ssize_t n = read(c->fd, (char *)c->said + c->have, sizeof(c->said) - c->have);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->have += (size_t)n;
	if (n > 0 && c->have < sizeof(c->said))
		return;
	if (n <= 0)
		close(c->fd);
	else
		welcome(l, c);
	*c = l->newcomer[--l->newcomers];
}

static void accept_all(struct loop *l)
{
	struct newcomer *more;
	struct sockaddr_in own;
	socklen_t len;
	int fd;

	if (l->listener < 0)
		return;
	for (;;) {
		struct newcomer c = { 0 };

		len = sizeof(c.addr);
		fd = accept4(l->listener, (struct sockaddr *)&c.addr, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		c.fd = fd;
		len = sizeof(own);
		c.local = !getsockname(fd, (struct sockaddr *)&own, &len) &&
			  own.sin_addr.s_addr == c.addr.sin_addr.s_addr;
		more = realloc(l->newcomer, (size_t)(l->newcomers + 1) * sizeof(*more));
		if (!more) {
			close(fd);
			return;
		}
		l->newcomer = more;
		more[l->newcomers++] = c;
		read_newcomer(l, l->newcomers - 1);
	}
}

/* --- processes --- */

static void reap(struct loop *l)
{
	int i, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < l->n; i++)
			if (l->p[i].pid == pid) {
				l->p[i].ended = true;
				l->p[i].status = status;
			}
	}
	/* A process that has ended had connected before; its last words may still wait.
	 */
	accept_all(l);
}

static void on_signal(struct loop *l)
{
	struct signalfd_siginfo info;
	int i;

	while (read(l->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			reap(l);
			continue;
		}
		/* Sent to us alone; a terminal would have sent it to them too. */
		for (i = 0; i < l->n; i++)
			if (l->p[i].pid > 0 && !l->p[i].ended)
				kill(l->p[i].pid, (int)info.ssi_signo);
	}
}

/* The machine of a killed process may be gone; then nothing ends its connections. */
static bool check_dead_nodes(struct loop *l)
{
	char state[BPROC_STATE_LEN + 1];
	bool any = false;
	int i, fd;

	for (i = 0; i < l->n; i++) {
		struct bpsh_process *p = &l->p[i];

		if (!p->ended || !WIFSIGNALED(p->status) ||
		    (p->fd[1] < 0 && p->fd[2] < 0))
			continue;
		any = true;
		if (bproc_nodestatus(p->node, state, sizeof(state)) < 0 ||
		    strcmp(state, "down"))
			continue;
		for (fd = 0; fd < 3; fd++)
			if (p->fd[fd] >= 0)
				end_output(l, p, fd);
	}
	return any;
}

/* --- the loop --- */

static void watch(struct loop *l, int fd, short events)
{
	l->poll[l->polls].fd = fd;
	l->poll[l->polls].revents = 0;
	l->poll[l->polls++].events = events;
}

static bool is_shown(const struct loop *l, int i)
{
	return !l->o->sequential || i == l->current;
}

/* True when all is done. */
static bool build(struct loop *l)
{
	bool done = true;
	int i, fd;

	while (l->o->sequential && l->current < l->n && !l->newcomers &&
	       (!l->p[l->current].pid || l->p[l->current].ended) &&
	       l->p[l->current].fd[1] < 0 && l->p[l->current].fd[2] < 0) {
		l->current++;
		l->divided = false;
	}
	l->polls = 0;
	watch(l, l->signals, POLLIN);
	watch(l, l->listener, POLLIN);
	watch(l, input_is_wanted(l) ? STDIN_FILENO : -1, POLLIN);
	for (i = 0; i < l->n; i++) {
		struct bpsh_process *p = &l->p[i];

		if (p->pid && !p->ended)
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

static void serve(struct loop *l)
{
	const struct pollfd *ready = l->poll;
	int i, fd, old = l->newcomers;

	/* newcomers from the end: one that is done gives its place to the last */
	for (i = old - 1; i >= 0; i--)
		if (ready[3 + 3 * l->n + i].revents)
			read_newcomer(l, i);
	for (i = 0; i < l->n; i++) {
		struct bpsh_process *p = &l->p[i];
		const struct pollfd *r = &ready[3 + 3 * i];

		if (r[0].revents && r[0].fd == p->fd[0] && p->fd[0] >= 0)
			write_input(l, p);
		for (fd = 1; fd < 3; fd++)
			if (r[fd].revents && r[fd].fd == p->fd[fd] && p->fd[fd] >= 0)
				read_output(l, p, fd);
	}
	if (ready[2].revents && ready[2].fd >= 0)
		read_input(l);
	if (ready[1].revents)
		accept_all(l);
	if (ready[0].revents)
		on_signal(l);
}

void bpsh_io_run(const struct bpsh_options *o, struct bpsh_process *p, int n,
		 int listener)
{
	struct loop l = { .o = o, .p = p, .n = n, .listener = listener };
	struct pollfd *more;
	int polls = 0, need;
	sigset_t mask, old;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_BLOCK, &mask, &old);
	l.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	l.in_open = o->fd[0].target == BPSH_HERE;
	l.in = malloc(o->buffer);
	l.buf = malloc(o->buffer);
	if (l.signals < 0 || !l.in || !l.buf) {
		perror("bpsh");
		exit(1);
	}
	reap(&l);
	for (;;) {
		need = 3 + 3 * n + l.newcomers;
		if (need > polls) {
			more = realloc(l.poll, (size_t)(need + 16) * sizeof(*more));
			if (!more) {
				perror("bpsh");
				exit(1);
			}
			l.poll = more;
			polls = need + 16;
		}
		if (build(&l))
			break;
		if (poll(l.poll, (nfds_t)l.polls,
			 check_dead_nodes(&l) ? NODE_CHECK : -1) > 0)
			serve(&l);
	}
	end_input(&l);
	close(l.signals);
	if (listener >= 0)
		close(listener);
	sigprocmask(SIG_SETMASK, &old, NULL);
	free(l.in);
	free(l.buf);
	free(l.poll);
	free(l.newcomer);
}
