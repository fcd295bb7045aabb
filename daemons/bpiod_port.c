// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "bpiod_port.h"

#define CHUNK 32768
#define STACK (CHUNK + 65536)
/* How often to look whose turn it is at a terminal, in ms. */
#define GATE_INTERVAL 250

/* A thread that waits in our place; half of it is the thread's. */
struct proxy {
	atomic_int users;
	int fd;
	int pipe;
	bool input;
	bool terminal;
	struct port_process process;
	atomic_ullong done; /* bytes written to @fd, or read from it */
	atomic_llong at;    /* position after a read */
	atomic_bool ended;  /* @fd is closed */
};

struct port {
	struct event_base *base;
	int fd;
	bool socket;
	bool always; /* cannot be waited for: always ready */
	bool stream; /* a pipe or the like */
	int file;    /* input from a file: a descriptor to put it back with, or -1 */
	off_t at;    /* its position after a read, without a thread */
	struct event *ready;
	struct event *gone;
	struct proxy *proxy;
	unsigned long long written;
	unsigned long long got;
	const struct port_ops *ops;
	void *arg;
};

/* --- whose turn it is at a terminal --- */

struct stat_line {
	int pgrp;
	int tpgid;
	unsigned long long start;
};

static bool read_stat(pid_t pid, struct stat_line *line)
{
	char path[32], buf[1024], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = 0;
	p = strrchr(buf, ')');
	/* state ppid pgrp session tty tpgid, then the 22nd field of all */
	return p && sscanf(p + 1,
			   " %*c %*d %d %*d %*d %d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
			   "%*d %*d %*d %*d %llu",
			   &line->pgrp, &line->tpgid, &line->start) == 3;
}

void port_process_init(struct port_process *p, pid_t pid)
{
	struct stat_line line;

	p->pid = pid;
	p->start = read_stat(pid, &line) ? line.start : 0;
}

static bool in_foreground(const struct port_process *p)
{
	struct stat_line line;

	return read_stat(p->pid, &line) && line.start == p->start &&
	       line.pgrp == line.tpgid;
}

/* --- threads --- */

static void proxy_put(struct proxy *x)
{
	if (atomic_fetch_sub(&x->users, 1) == 1)
		free(x);
}

static bool write_all(int fd, const char *buf, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	while (len) {
		n = write(fd, buf, len);
		if (n < 0 && errno == EAGAIN)
			poll(&p, 1, -1);
		else if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* False: the event loop does not want any more. */
static bool wait_for_input(struct proxy *x)
{
	struct pollfd p[2] = { { .fd = x->pipe }, { .fd = x->fd, .events = POLLIN } };

	for (;;) {
		bool mine = !x->terminal || in_foreground(&x->process);

		if (poll(p, mine ? 2 : 1, x->terminal ? GATE_INTERVAL : -1) < 0 &&
		    errno != EINTR)
			return false;
		if (p[0].revents)
			return false;
		if (mine && p[1].revents)
			return true;
	}
}

static void proxy_in(struct proxy *x)
{
	char buf[CHUNK];
	ssize_t n;

	while (wait_for_input(x)) {
		n = read(x->fd, buf, sizeof(buf));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return;
		atomic_store(&x->at, lseek(x->fd, 0, SEEK_CUR));
		atomic_fetch_add(&x->done, (unsigned long long)n);
		if (!write_all(x->pipe, buf, (size_t)n))
			return;
	}
}

static void proxy_out(struct proxy *x)
{
	char buf[CHUNK];
	ssize_t n;

	for (;;) {
		n = read(x->pipe, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || !write_all(x->fd, buf, (size_t)n))
			return;
		atomic_fetch_add(&x->done, (unsigned long long)n);
	}
}

static void *proxy_run(void *arg)
{
	struct proxy *x = arg;

	if (x->input)
		proxy_in(x);
	else
		proxy_out(x);
	close(x->fd);
	atomic_store(&x->ended, true);
	close(x->pipe);
	proxy_put(x);
	return NULL;
}

/* Returns our end of the pipe; takes over @fd. */
static int proxy_start(struct port *p, int fd, bool input, bool terminal,
		       const struct port_process *process)
{
	struct proxy *x = calloc(1, sizeof(*x));
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_t thread;
	int ends[2], err;

	if (!x || pipe2(ends, O_CLOEXEC)) {
		free(x);
		close(fd);
		return -1;
	}
	atomic_init(&x->users, 2);
	x->fd = fd;
	x->pipe = ends[input ? 1 : 0];
	x->input = input;
	x->terminal = terminal;
	x->process = *process;
	fcntl(ends[input ? 0 : 1], F_SETFL, O_NONBLOCK);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, &attr, proxy_run, x);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (err) {
		free(x);
		close(fd);
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	p->proxy = x;
	return ends[input ? 0 : 1];
}

/* --- ports --- */

/* The same file, with a description of our own; or -1. */
static int open_anew(int fd)
{
	int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct port *p = arg;

	(void)fd, (void)what;
	p->ops->ready(p->arg);
}

/* A pipe's writing end is never readable; what shows there is that nobody reads. */
static void on_gone(evutil_socket_t fd, short what, void *arg)
{
	struct port *p = arg;

	(void)fd, (void)what;
	p->ops->gone(p->arg);
}

static struct port *finish(struct port *p, bool input, bool pipe)
{
	int fd = p->always ? -1 : p->fd;

	p->ready = event_new(p->base, fd,
			     p->always ? 0
			     : input   ? EV_READ
				       : EV_WRITE,
			     on_ready, p);
	if (!input && pipe)
		p->gone = event_new(p->base, fd, EV_READ, on_gone, p);
	if (p->ready && (input || !pipe || (p->gone && !event_add(p->gone, NULL))))
		return p;
	port_free(p);
	return NULL;
}

static struct port *new_port(struct event_base *base, const struct port_ops *ops,
			     void *arg)
{
	struct port *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->base = base;
	p->ops = ops;
	p->arg = arg;
	p->file = -1;
	return p;
}

struct port *port_own(struct event_base *base, int fd, bool input,
		      const struct port_ops *ops, void *arg)
{
	struct port *p = new_port(base, ops, arg);

	if (!p) {
		close(fd);
		return NULL;
	}
	p->fd = fd;
	return finish(p, input, true);
}

struct port *port_new(struct event_base *base, int fd, bool input, bool threads,
		      const struct port_process *process, const struct port_ops *ops,
		      void *arg)
{
	struct port *p = new_port(base, ops, arg);
	bool terminal = isatty(fd), pipe;
	int own = -1;
	struct stat st;

	if (!p || fstat(fd, &st)) {
		free(p);
		close(fd);
		return NULL;
	}
	pipe = S_ISFIFO(st.st_mode);
	p->socket = S_ISSOCK(st.st_mode);
	p->stream = pipe || p->socket;
	if (input && S_ISREG(st.st_mode))
		p->file = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	/* Known not to wait for anybody. */
	p->always = S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
	if (pipe || terminal)
		own = open_anew(fd);
	if (own >= 0) {
		close(fd);
		fd = own;
	}
	if (!threads && !p->socket && own < 0)
		p->always = true;
	if (!p->socket && !p->always && (own < 0 || (terminal && input && threads))) {
		fd = proxy_start(p, fd, input, terminal, process);
		pipe = true;
	}
	p->fd = fd;
	if (fd < 0) {
		port_free(p);
		return NULL;
	}
	return finish(p, input, pipe);
}

void port_hand_over(struct port *p, const struct port_ops *ops, void *arg)
{
	if (p->ready)
		event_del(p->ready);
	p->ops = ops;
	p->arg = arg;
}

ssize_t port_read(struct port *p, void *buf, size_t len)
{
	ssize_t n;

	n = p->socket ? recv(p->fd, buf, len, MSG_DONTWAIT) : read(p->fd, buf, len);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	p->got += (unsigned long long)n;
	if (p->file >= 0 && !p->proxy)
		p->at = lseek(p->fd, 0, SEEK_CUR);
	return n;
}

ssize_t port_write(struct port *p, struct evbuffer *from)
{
	struct evbuffer_iovec v;
	ssize_t n, sum = 0;

	while (evbuffer_peek(from, -1, NULL, &v, 1) > 0) {
		if (p->socket)
			n = send(p->fd, v.iov_base, v.iov_len,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			n = write(p->fd, v.iov_base, v.iov_len);
		if (n < 0)
			return sum ? sum : errno == EINTR ? -EAGAIN : -errno;
		evbuffer_drain(from, (size_t)n);
		p->written += (unsigned long long)n;
		sum += n;
	}
	return sum;
}

void port_wait(struct port *p, bool again)
{
	/* Not event_active(): libevent would come back here before it looks at others. */
	struct timeval now = { 0, 0 };

	event_add(p->ready, again || p->always ? &now : NULL);
}

size_t port_readable(const struct port *p)
{
	int n = 0;

	return p->fd >= 0 && !ioctl(p->fd, FIONREAD, &n) && n > 0 ? (size_t)n : 0;
}

bool port_drained(const struct port *p)
{
	if (!p->proxy || atomic_load(&p->proxy->ended))
		return true;
	return p->fd >= 0 && atomic_load(&p->proxy->done) == p->written;
}

unsigned long long port_passed(const struct port *p)
{
	return p->proxy ? atomic_load(&p->proxy->done) : p->written;
}

bool port_is_stream(const struct port *p)
{
	return p->stream;
}

int port_give_back(struct port *p, size_t n)
{
	off_t at = p->at;

	if (p->file < 0)
		return -ESPIPE;
	/* The thread sees that nobody takes what it reads. */
	port_end(p);
	if (p->proxy) {
		if (!atomic_load(&p->proxy->ended))
			return -EAGAIN;
		n += (size_t)(atomic_load(&p->proxy->done) - p->got);
		at = (off_t)atomic_load(&p->proxy->at);
	}
	if (!n)
		return 0;
	if (lseek(p->file, 0, SEEK_CUR) != at)
		return -EBUSY;
	return lseek(p->file, -(off_t)n, SEEK_CUR) < 0 ? -errno : 0;
}

ssize_t port_take_all(struct port *p, struct evbuffer *to)
{
	ssize_t n, sum = 0;
	char buf[4096];
	size_t left;

	/* Others may take of it meanwhile; what they write is not counted. */
	for (left = port_readable(p); left; left -= (size_t)n) {
		n = port_read(p, buf, left < sizeof(buf) ? left : sizeof(buf));
		if (n <= 0)
			break;
		if (evbuffer_add(to, buf, (size_t)n))
			return -ENOMEM;
		sum += n;
	}
	return sum;
}

void port_end(struct port *p)
{
	if (p->ready)
		event_free(p->ready);
	if (p->gone)
		event_free(p->gone);
	p->ready = NULL;
	p->gone = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void port_free(struct port *p)
{
	if (!p)
		return;
	port_end(p);
	if (p->file >= 0)
		close(p->file);
	if (p->proxy)
		proxy_put(p->proxy);
	free(p);
}
