// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Streams between this node and others. Who has the cluster's key may connect, but brings
 * only what the master has announced: the stream's first bytes hold a token that nobody
 * else knows. Stream and announcement come by different ways, so either may be the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>
#include "acceptor.h"
#include "handshake.h"
#include "log.h"
#include "preface.h"
#include "slave.h"
#include "slave_peer.h"
#include "stream.h"

/* Handshakes under way, and streams that nobody knows yet: of others at once. */
#define PENDING_MAX 256

struct expected {
	TAILQ_ENTRY(expected) entry;
	struct slave_peers *peers;
	struct link_preface preface;
	struct event *timer;
	slave_peer_got *got;
	void *arg;
};

/* A stream whose announcement has not come yet. */
struct early {
	TAILQ_ENTRY(early) entry;
	struct slave_peers *peers;
	struct event *timer;
	__u8 token[LINK_TOKEN_LEN];
	int fd;
	bool by_master;
};

struct slave_peers {
	struct event_base *base;
	const struct slave_options *options;
	struct tls *server;
	struct tls *client;
	struct acceptor *listener;
	unsigned int port;
	bool encryption;
	unsigned int pending;
	struct prefaces prefaces;
	TAILQ_HEAD(, expected) expected;
	TAILQ_HEAD(, early) early;
};

struct connecting {
	struct slave_peers *peers;
	struct link_preface preface;
	slave_peer_connected *connected;
	void *arg;
};

/* Not from how long this takes shall anybody learn a token. */
static bool same_token(const __u8 *a, const __u8 *b)
{
	unsigned int differ = 0, i;

	for (i = 0; i < LINK_TOKEN_LEN; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

static void forget_expected(struct expected *e)
{
	TAILQ_REMOVE(&e->peers->expected, e, entry);
	if (e->timer)
		event_free(e->timer);
	free(e);
}

static void met(struct expected *e, int fd, bool by_master)
{
	struct link_preface preface = e->preface;
	slave_peer_got *got = e->got;
	void *arg = e->arg;

	forget_expected(e);
	got(arg, &preface, fd, by_master);
}

static void on_expected_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	met(arg, -1, false);
}

static void forget_early(struct early *e)
{
	e->peers->pending--;
	TAILQ_REMOVE(&e->peers->early, e, entry);
	if (e->timer)
		event_free(e->timer);
	free(e);
}

static void on_early_late(evutil_socket_t fd, short what, void *arg)
{
	struct early *e = arg;

	(void)fd, (void)what;
	log_warn("a stream that the master has not announced");
	close(e->fd);
	forget_early(e);
}

int slave_peers_expect(struct slave_peers *p, const struct link_preface *preface,
		       slave_peer_got *got, void *arg)
{
	struct timeval limit = { LINK_EXPECT_TIMEOUT, 0 };
	struct expected *e = calloc(1, sizeof(*e));
	struct early *early;

	if (!e)
		return -ENOMEM;
	e->peers = p;
	e->preface = *preface;
	e->got = got;
	e->arg = arg;
	TAILQ_INSERT_TAIL(&p->expected, e, entry);
	TAILQ_FOREACH(early, &p->early, entry)
	if (same_token(early->token, preface->token)) {
		bool by_master = early->by_master;
		int fd = early->fd;

		forget_early(early);
		met(e, fd, by_master);
		return 0;
	}
	e->timer = evtimer_new(p->base, on_expected_late, e);
	if (!e->timer || evtimer_add(e->timer, &limit)) {
		forget_expected(e);
		return -ENOMEM;
	}
	return 0;
}

void slave_peers_forget(struct slave_peers *p, const __u8 *token)
{
	struct expected *e;

	TAILQ_FOREACH(e, &p->expected, entry)
	if (same_token(e->preface.token, token)) {
		forget_expected(e);
		return;
	}
}

void slave_peers_give_up(struct slave_peers *p, const struct link_preface *preface,
			 slave_peer_got *got)
{
	struct expected *e;

	TAILQ_FOREACH(e, &p->expected, entry)
	if (e->got == got && e->preface.from == preface->from &&
	    e->preface.pid == preface->pid) {
		met(e, -1, false);
		return;
	}
}

void slave_peers_brought(struct slave_peers *p, const struct link_preface *preface,
			 int fd, bool by_master)
{
	struct timeval limit = { LINK_HANDSHAKE_TIMEOUT, 0 };
	struct expected *e;
	struct early *early;

	TAILQ_FOREACH(e, &p->expected, entry)
	if (same_token(e->preface.token, preface->token)) {
		met(e, fd, by_master);
		return;
	}
	early = p->pending < PENDING_MAX ? calloc(1, sizeof(*early)) : NULL;
	if (!early) {
		close(fd);
		return;
	}
	early->peers = p;
	early->fd = fd;
	early->by_master = by_master;
	memcpy(early->token, preface->token, sizeof(early->token));
	p->pending++;
	TAILQ_INSERT_TAIL(&p->early, early, entry);
	early->timer = evtimer_new(p->base, on_early_late, early);
	if (!early->timer || evtimer_add(early->timer, &limit)) {
		close(fd);
		forget_early(early);
	}
}

/* --- others to us --- */

static void on_preface(void *arg, const struct link_preface *preface, int fd)
{
	struct slave_peers *p = arg;

	p->pending--;
	if (preface)
		slave_peers_brought(p, preface, fd, false);
}

static void on_handshake(void *arg, SSL *ssl, int fd, int kind, const char *error)
{
	struct slave_peers *p = arg;

	if (error) {
		log_warn("a stream from another node: %s", error);
		p->pending--;
		return;
	}
	if (kind != (p->encryption ? TLS_PEER : TLS_PEER_PLAIN)) {
		log_warn("a stream of another kind than nodes have");
		SSL_free(ssl);
		close(fd);
		p->pending--;
		return;
	}
	fd = stream_descriptor(p->base, ssl, fd);
	if (fd < 0 || preface_wait(p->base, &p->prefaces, fd, LINK_HANDSHAKE_TIMEOUT,
				   on_preface, p))
		p->pending--;
}

static void on_accept(void *arg, int fd, const struct sockaddr_in *addr)
{
	struct slave_peers *p = arg;

	(void)addr;
	if (p->pending >= PENDING_MAX) {
		close(fd);
		return;
	}
	stream_socket_options(fd);
	if (handshake_start(p->base, p->server, fd, TLS_PEER, LINK_HANDSHAKE_TIMEOUT,
			    on_handshake, p))
		p->pending++;
}

/* At the address that the link comes from: each node of a machine has its own. */
static int listen_at(const struct slave_options *options, int link)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	int fd, on = 1;

	if (!options->peer_port || getsockname(link, (struct sockaddr *)&addr, &len))
		return -1;
	if (addr.sin_family != AF_INET)
		return -1;
	addr.sin_port = htons((uint16_t)options->peer_port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, (struct sockaddr *)&addr, sizeof(addr)) && !listen(fd, 256))
		return fd;
	log_warn("port %u: %m: streams from other nodes come by way of the master",
		 options->peer_port);
	close(fd);
	return -1;
}

struct slave_peers *slave_peers_new(struct event_base *base,
				    const struct slave_options *options,
				    struct tls *client, int link)
{
	struct slave_peers *p = calloc(1, sizeof(*p));
	const char *error;
	int fd;

	if (!p)
		return NULL;
	p->base = base;
	p->options = options;
	p->client = client;
	TAILQ_INIT(&p->prefaces);
	TAILQ_INIT(&p->expected);
	TAILQ_INIT(&p->early);
	p->server = tls_new(options->keyfile, true, &error);
	if (!p->server) {
		log_err("%s", error);
		free(p);
		return NULL;
	}
	fd = listen_at(options, link);
	if (fd < 0)
		return p;
	p->listener = acceptor_new(base, fd, on_accept, p);
	if (p->listener)
		p->port = options->peer_port;
	return p;
}

void slave_peers_forget_key(struct slave_peers *p)
{
	tls_free(p->server);
	p->server = NULL;
}

unsigned int slave_peers_port(const struct slave_peers *p)
{
	return p->port;
}

void slave_peers_configure(struct slave_peers *p, const struct link_config *config)
{
	p->encryption = config->encryption;
}

/* --- we to others --- */

static void give(struct connecting *c, int fd)
{
	slave_peer_connected *connected = c->connected;
	void *arg = c->arg;

	free(c);
	connected(arg, fd);
}

static void on_connected(void *arg, SSL *ssl, int fd, int kind, const char *error)
{
	struct connecting *c = arg;

	(void)kind;
	if (error) {
		log_warn("stream to another node: %s", error);
		give(c, -EIO);
		return;
	}
	fd = stream_descriptor(c->peers->base, ssl, fd);
	if (fd >= 0 && send(fd, &c->preface, sizeof(c->preface), MSG_NOSIGNAL) !=
			       (ssize_t)sizeof(c->preface)) {
		close(fd);
		fd = -EIO;
	}
	give(c, fd);
}

void slave_peers_connect(struct slave_peers *p, const __u8 *addr,
			 const struct link_preface *preface,
			 slave_peer_connected *connected, void *arg)
{
	struct connecting *c = calloc(1, sizeof(*c));
	struct slave_options to = *p->options;
	int fd;

	if (!c) {
		connected(arg, -ENOMEM);
		return;
	}
	c->peers = p;
	c->preface = *preface;
	c->connected = connected;
	c->arg = arg;
	memset(&to.master, 0, sizeof(to.master));
	memcpy(&to.master, addr, sizeof(struct sockaddr_in));
	to.master_len = sizeof(struct sockaddr_in);
	/* An address of ours with a port would be taken. */
	if (to.local.ss_family == AF_INET)
		((struct sockaddr_in *)&to.local)->sin_port = 0;
	fd = to.master.ss_family == AF_INET ? slave_connect(&to) : -EAFNOSUPPORT;
	if (fd < 0) {
		give(c, fd);
		return;
	}
	if (!handshake_start(p->base, p->client, fd,
			     p->encryption ? TLS_PEER : TLS_PEER_PLAIN,
			     LINK_HANDSHAKE_TIMEOUT, on_connected, c))
		give(c, -ENOMEM);
}
