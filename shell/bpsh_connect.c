// SPDX-License-Identifier: GPL-2.0-or-later
/* The processes' connections: who they are, and whether it is true. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bpsh_io.h"

/* How long a connection has to say what it is, in ms. */
#define NEWCOMER_PATIENCE 10000
/* When a connection that is silent is asked whether its machine still is there, in s. */
#define KEEPALIVE 60
/* How often in vain; no sooner than a stream that waits for an answer is given up. */
#define KEEPALIVE_TIMES 15

long long bpsh_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

bool bpsh_is_here(const struct bproc_node_info_t *node)
{
	struct sockaddr_in addr;
	bool own;
	int fd;

	memcpy(&addr, &node->addr, sizeof(addr));
	if (node->node == BPROC_NODE_MASTER)
		return true;
	if (addr.sin_family != AF_INET || !addr.sin_addr.s_addr)
		return false;
	/* No other can be bound to. */
	addr.sin_port = 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	own = fd >= 0 && !bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	if (fd >= 0)
		close(fd);
	return own;
}

bool bpsh_is_local(int fd, const struct sockaddr_in *from)
{
	struct sockaddr_in own;
	socklen_t len = sizeof(own);

	return !getsockname(fd, (struct sockaddr *)&own, &len) &&
	       own.sin_addr.s_addr == from->sin_addr.s_addr;
}

bool bpsh_is_from(const struct sockaddr_in *from, bool local,
		  const struct bproc_node_info_t *node, bool here)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&node->addr;

	return (local && here) || (in->sin_family == AF_INET &&
				   in->sin_addr.s_addr == from->sin_addr.s_addr);
}

static bool belongs(const struct newcomer *c, const struct bpsh_process *p)
{
	return bpsh_is_from(&c->addr, c->local, &p->info, p->here);
}

/* Others need not be listened to. */
static bool belongs_to_any(const struct bpsh_loop *l, const struct newcomer *c)
{
	int i;

	for (i = 0; i < l->n; i++)
		if (l->p[i].pid && belongs(c, &l->p[i]))
			return true;
	return false;
}

static void keep_alive(int fd)
{
	int on = 1, after = KEEPALIVE, times = KEEPALIVE_TIMES;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &after, sizeof(after));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &after, sizeof(after));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
}

static void welcome(struct bpsh_loop *l, struct newcomer *c)
{
	int i, fd = c->said[1];

	for (i = 0; i < l->n; i++) {
		struct bpsh_process *p = &l->p[i];

		/* Each comes once, so that nobody can go on where a process has ended. */
		if (!p->pid || p->pid != c->said[0] || fd < 0 || fd > 2 ||
		    l->o->fd[fd].target != BPSH_HERE || p->brought & 1U << fd)
			continue;
		if (!belongs(c, p)) {
			fprintf(stderr,
				"bpsh: a connection of process %d is not from node %d\n",
				p->pid, p->node);
			continue;
		}
		p->brought |= 1U << fd;
		keep_alive(c->fd);
		if (fd ? l->gone[fd] : !l->in_open) {
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

bool bpsh_read_newcomer(struct bpsh_loop *l, int i)
{
	struct newcomer *c = &l->newcomer[i];
	ssize_t n = read(c->fd, (char *)c->said + c->have, sizeof(c->said) - c->have);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n > 0)
		c->have += (size_t)n;
	if (n > 0 && c->have < sizeof(c->said))
		return false;
	if (n <= 0)
		close(c->fd);
	else
		welcome(l, c);
	*c = l->newcomer[--l->newcomers];
	return true;
}

void bpsh_drop_silent(struct bpsh_loop *l)
{
	int i;

	/* We may have been busy while they spoke. */
	for (i = l->newcomers - 1; i >= 0; i--)
		if (bpsh_now() >= l->newcomer[i].due && !bpsh_read_newcomer(l, i)) {
			close(l->newcomer[i].fd);
			l->newcomer[i] = l->newcomer[--l->newcomers];
		}
}

static void add_newcomer(struct bpsh_loop *l, struct newcomer c)
{
	struct newcomer *more;

	c.local = bpsh_is_local(c.fd, &c.addr);
	c.due = bpsh_now() + NEWCOMER_PATIENCE;
	more = belongs_to_any(l, &c)
		       ? realloc(l->newcomer, (size_t)(l->newcomers + 1) * sizeof(*more))
		       : NULL;
	if (!more) {
		close(c.fd);
		return;
	}
	l->newcomer = more;
	more[l->newcomers++] = c;
	bpsh_read_newcomer(l, l->newcomers - 1);
}

static void accept_of(struct bpsh_loop *l, int listener)
{
	struct newcomer c;
	socklen_t len;

	while (listener >= 0 && l->newcomers < l->room) {
		memset(&c, 0, sizeof(c));
		len = sizeof(c.addr);
		c.fd = accept4(listener, (struct sockaddr *)&c.addr, &len,
			       SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c.fd < 0) {
			/* They would wait for ever. */
			if (errno == EMFILE || errno == ENFILE) {
				perror("bpsh: connections of the processes");
				exit(1);
			}
			return;
		}
		add_newcomer(l, c);
	}
}

void bpsh_accept(struct bpsh_loop *l)
{
	int i;

	for (i = 0; i < 3; i++)
		accept_of(l, l->listener[i]);
}
