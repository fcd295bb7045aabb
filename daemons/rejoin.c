// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include "handshake.h"
#include "log.h"
#include "rejoin.h"

/* How long the new address may take to answer, in seconds. */
#define CONNECT_TIMEOUT 10

struct rejoin {
	struct event_base *base;
	struct event *ev; /* connecting; then the time limit */
	struct handshake *handshake;
	struct wire *wire;
	struct tls *tls;
	int fd; /* while connecting, else -1 */
	struct link_rejoin say;
	rejoin_done *done;
	void *arg;
};

static void destroy(struct rejoin *r)
{
	handshake_cancel(r->handshake);
	wire_free(r->wire);
	if (r->ev)
		event_free(r->ev);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

void rejoin_cancel(struct rejoin *r)
{
	if (r)
		destroy(r);
}

static void finish(struct rejoin *r, int err)
{
	struct wire *wire = err ? NULL : r->wire;
	rejoin_done *done = r->done;
	void *arg = r->arg;

	if (wire) {
		r->wire = NULL;
		wire_hold(wire, true);
	}
	destroy(r);
	done(arg, wire, err);
}

static void on_broken(void *arg, const char *why)
{
	log_warn("the new connection of a link: %s", why);
	finish(arg, -EACCES);
}

static struct rejoin *rejoin_new(struct event_base *base, rejoin_done *done, void *arg)
{
	struct rejoin *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->base = base;
	r->fd = -1;
	r->done = done;
	r->arg = arg;
	return r;
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	finish(arg, -ETIMEDOUT);
}

static bool set_limit(struct rejoin *r)
{
	struct timeval limit = { LINK_HANDSHAKE_TIMEOUT, 0 };

	if (r->ev)
		event_free(r->ev);
	r->ev = evtimer_new(r->base, on_limit, r);
	return r->ev && !evtimer_add(r->ev, &limit);
}

/* --- master --- */

static void on_message(void *arg, const struct bproc_msg *msg)
{
	const struct link_rejoin *body = (const void *)(msg + 1);
	struct rejoin *r = arg;

	if (msg->type == LINK_REJOIN && msg->size == sizeof(*msg) + sizeof(*body) &&
	    body->node == r->say.node &&
	    !CRYPTO_memcmp(body->cookie, r->say.cookie, LINK_COOKIE_LEN))
		finish(r, 0);
	else
		on_broken(r, "not the bpslave that has the link");
}

struct rejoin *rejoin_await(struct event_base *base, SSL *ssl, int fd, int node,
			    const __u8 *cookie, rejoin_done *done, void *arg)
{
	static const struct wire_ops ops = { on_message, on_broken };
	struct rejoin *r = rejoin_new(base, done, arg);

	if (!r) {
		SSL_free(ssl);
		close(fd);
		return NULL;
	}
	r->say.node = node;
	memcpy(r->say.cookie, cookie, LINK_COOKIE_LEN);
	r->wire = wire_new(base, ssl, fd, &ops, r);
	if (!r->wire || !set_limit(r)) {
		destroy(r);
		return NULL;
	}
	return r;
}

/* --- slave --- */

static void on_early(void *arg, const struct bproc_msg *msg)
{
	(void)arg, (void)msg; /* it is held: cannot be */
}

static void on_link(void *arg, SSL *ssl, int fd, int kind, const char *error)
{
	static const struct wire_ops ops = { on_early, on_broken };
	struct bproc_msg msg = { .type = LINK_REJOIN };
	struct rejoin *r = arg;

	(void)kind;
	r->handshake = NULL;
	if (error) {
		on_broken(r, error);
		return;
	}
	r->wire = wire_new(r->base, ssl, fd, &ops, r);
	if (!r->wire || !set_limit(r)) {
		finish(r, -ENOMEM);
		return;
	}
	wire_hold(r->wire, true);
	wire_send_body(r->wire, &msg, &r->say, sizeof(r->say));
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct rejoin *r = arg;
	int err = 0;
	socklen_t len = sizeof(err);

	if (what & EV_TIMEOUT)
		err = ETIMEDOUT;
	else if (getsockopt((int)fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err) {
		finish(r, -err);
		return;
	}
	r->fd = -1;
	r->handshake = handshake_start(r->base, r->tls, (int)fd, TLS_REJOIN,
				       LINK_HANDSHAKE_TIMEOUT, on_link, r);
	if (!r->handshake)
		finish(r, -ENOMEM);
}

struct rejoin *rejoin_start(struct event_base *base, struct tls *tls, int fd,
			    const struct link_config *config, rejoin_done *done,
			    void *arg)
{
	struct timeval limit = { CONNECT_TIMEOUT, 0 };
	struct rejoin *r = rejoin_new(base, done, arg);

	if (!r) {
		close(fd);
		return NULL;
	}
	r->tls = tls;
	r->say.node = config->node;
	memcpy(r->say.cookie, config->cookie, LINK_COOKIE_LEN);
	r->fd = fd;
	r->ev = event_new(base, fd, EV_WRITE, on_connected, r);
	if (!r->ev || event_add(r->ev, &limit)) {
		destroy(r);
		return NULL;
	}
	return r;
}

struct wire *rejoin_take(struct rejoin *r)
{
	struct wire *wire = r ? r->wire : NULL;

	if (!wire)
		return NULL;
	r->wire = NULL;
	destroy(r);
	return wire;
}
