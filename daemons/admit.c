// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who comes in. A connection from an address that is no node's is closed at once; one
 * from a node gets a few seconds to prove that it has the key. Neither costs more than
 * a bounded amount of memory, time and log.
 */
#include <errno.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>
#include "acceptor.h"
#include "handshake.h"
#include "log.h"
#include "master.h"
#include "stream.h"

/* Handshakes under way at once: all together, and from one node. */
#define PENDING_MAX 512
#define PENDING_NODE_MAX 64

struct pending {
	LIST_ENTRY(pending) entry;
	struct master *m;
	int node;
	in_addr_t addr;
	struct handshake *handshake;
};

/* A socket on which we listen. */
struct listener {
	struct sockaddr_in addr;
	struct acceptor *acceptor;
};

/* All of them; an interface's socket is at the same place as the interface. */
struct listeners {
	struct listener at[CONFIG_INTERFACES];
	unsigned int count;
};

static struct {
	struct listeners listeners;
	LIST_HEAD(, pending) pending;
	unsigned int pending_count;
	struct log_limit refusals;
} state;

static void refuse(in_addr_t addr, const char *why)
{
	struct in_addr in = { addr };
	unsigned int left_out;
	bool is_said = log_limit(&state.refusals, &left_out);

	if (left_out)
		log_warn("%u more connections refused", left_out);
	if (is_said)
		log_warn("connection from %s refused: %s", inet_ntoa(in), why);
}

static unsigned int pending_of(int node)
{
	const struct pending *p;
	unsigned int n = 0;

	LIST_FOREACH(p, &state.pending, entry)
	n += p->node == node;
	return n;
}

static void admit_stream(struct pending *p, SSL *ssl, int fd, int kind)
{
	bool up = kind == TLS_UP || kind == TLS_UP_PLAIN;
	bool io = kind == TLS_IO || kind == TLS_IO_PLAIN;
	bool plain = tls_kind_is_plain(kind);
	const char *why = NULL;

	/* Begun before its node was told to use another address: soon of no use. */
	if (!node_goes_there(p->m, p->node, fd)) {
		SSL_free(ssl);
		close(fd);
		return;
	}
	if (!node_takes_stream(p->m, p->node, up))
		why = "a stream without a link, or too many";
	else if (plain == node_encrypts(p->m, p->node))
		why = "its idea of encryption is not ours";
	if (why) {
		refuse(p->addr, why);
		SSL_free(ssl);
		close(fd);
		return;
	}
	fd = stream_descriptor(p->m->base, ssl, fd);
	if (fd < 0)
		log_err("stream of node %d: %s", p->node, strerror(-fd));
	else if (io)
		iod_connection(p->node, fd);
	else
		node_stream(p->m, p->node, fd, up);
}

static void on_handshake(void *arg, SSL *ssl, int fd, int kind, const char *error)
{
	struct pending *p = arg;

	LIST_REMOVE(p, entry);
	state.pending_count--;
	if (error)
		refuse(p->addr, error);
	else if (node_with_address(p->m, p->addr) != p->node ||
		 (unsigned int)p->node >= p->m->nodes) {
		/* the configuration has changed meanwhile */
		SSL_free(ssl);
		close(fd);
	} else if (kind == TLS_LINK)
		node_link(p->m, p->node, ssl, fd);
	else if (kind == TLS_REJOIN)
		node_rejoin(p->m, p->node, ssl, fd);
	else
		admit_stream(p, ssl, fd, kind);
	free(p);
}

static void admit(void *arg, int fd, const struct sockaddr_in *addr)
{
	struct master *m = arg;
	int node = node_with_address(m, addr->sin_addr.s_addr);
	const char *why = NULL;
	struct pending *p;

	if (node < 0 || (unsigned int)node >= m->nodes)
		why = "not the address of a node";
	else if (state.pending_count >= PENDING_MAX ||
		 pending_of(node) >= PENDING_NODE_MAX)
		why = "too many handshakes under way";
	p = why ? NULL : calloc(1, sizeof(*p));
	if (!p) {
		refuse(addr->sin_addr.s_addr, why ? why : "out of memory");
		close(fd);
		return;
	}
	p->m = m;
	p->node = node;
	p->addr = addr->sin_addr.s_addr;
	stream_socket_options(fd);
	p->handshake = handshake_start(m->base, m->tls, fd, TLS_LINK,
				       LINK_HANDSHAKE_TIMEOUT, on_handshake, p);
	if (!p->handshake) {
		free(p);
		return;
	}
	LIST_INSERT_HEAD(&state.pending, p, entry);
	state.pending_count++;
}

/* The address of an interface, at this moment. */
static int interface_address(int fd, const char *name, struct sockaddr_in *addr)
{
	struct ifreq req = { .ifr_addr.sa_family = AF_INET };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFADDR, &req))
		return -errno;
	memcpy(addr, &req.ifr_addr, sizeof(*addr));
	return 0;
}

static void close_listener(struct listener *l)
{
	acceptor_free(l->acceptor);
	l->acceptor = NULL;
}

/* Where an interface is to be listened to; NULL: everywhere. */
static int listener_address(const struct config *config, const struct config_interface *i,
			    struct sockaddr_in *addr)
{
	int fd, err = 0;

	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	if (i && i->addr.sin_family) {
		addr->sin_addr = i->addr.sin_addr;
	} else if (i) {
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return -errno;
		err = interface_address(fd, i->name, addr);
		close(fd);
	}
	addr->sin_port = htons(config->port);
	return err;
}

static struct listener *find_listener(struct listeners *all,
				      const struct sockaddr_in *addr)
{
	unsigned int i;

	for (i = 0; i < all->count; i++)
		if (all->at[i].acceptor &&
		    all->at[i].addr.sin_addr.s_addr == addr->sin_addr.s_addr &&
		    all->at[i].addr.sin_port == addr->sin_port)
			return &all->at[i];
	return NULL;
}

/*
 * Listens at l->addr. A socket for all addresses and one for a single address of the same
 * port do not go together; ours may for the moment in which one takes the other's place,
 * another program's may not.
 */
static int open_listener(struct master *m, struct listener *l, bool others)
{
	int fd, err, on = 1;
	unsigned int i;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (others) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
		for (i = 0; i < state.listeners.count; i++)
			if (state.listeners.at[i].acceptor)
				setsockopt(acceptor_fd(state.listeners.at[i].acceptor),
					   SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	}
	if (bind(fd, (struct sockaddr *)&l->addr, sizeof(l->addr)) || listen(fd, 1024)) {
		err = -errno;
		close(fd);
		return err;
	}
	l->acceptor = acceptor_new(m->base, fd, admit, m);
	return l->acceptor ? 0 : -ENOMEM;
}

int admit_listen(struct master *m, const struct config *config)
{
	unsigned int i, n = config->interfaces ? config->interfaces : 1;
	struct listeners old = state.listeners, new = { .count = n };
	bool kept[CONFIG_INTERFACES] = { false };
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		const struct config_interface *where =
			config->interfaces ? &config->interface[i] : NULL;
		struct listener *l = &new.at[i], *same = NULL;

		err = listener_address(config, where, &l->addr);
		/* An interface that is named twice is listened to once. */
		if (!err && find_listener(&new, &l->addr))
			continue;
		if (!err)
			same = find_listener(&old, &l->addr);
		kept[i] = same;
		if (same)
			l->acceptor = same->acceptor;
		else if (!err)
			err = open_listener(m, l, old.count > 0);
		if (err && where)
			log_err("interface %s, port %u: %s", where->name, config->port,
				strerror(-err));
		else if (err)
			log_err("port %u: %s", config->port, strerror(-err));
	}
	for (i = 0; err && i < n; i++)
		if (!kept[i])
			close_listener(&new.at[i]);
	if (err)
		return err;
	for (i = 0; i < old.count; i++)
		if (!find_listener(&new, &old.at[i].addr))
			close_listener(&old.at[i]);
	state.listeners = new;
	return 0;
}

void admit_close(void)
{
	while (state.listeners.count)
		close_listener(&state.listeners.at[--state.listeners.count]);
}
