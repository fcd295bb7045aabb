// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "handshake.h"
#include "log.h"
#include "pool.h"
#include "preface.h"
#include "slave.h"
#include "stream.h"

/*
 * Connections under way at once, for each direction: few that end soon are better than
 * many that all end late.
 */
#define CONNECTING_MAX 4

struct slave_streams {
	struct event_base *base;
	const struct slave_options *options;
	struct tls *tls;
	struct link_config config;
	slave_arrival *arrival;
	void *arg;

	struct prefaces down;
	unsigned int down_connecting;
	unsigned int down_more; /* beyond the usual number */
	struct pool *up;
	unsigned int up_connecting;
	unsigned int up_waiting;
	struct event *retry;
};

static void top_up(struct slave_streams *s);

static void try_later(struct slave_streams *s)
{
	struct timeval second = { 1, 0 };

	if (!evtimer_pending(s->retry, NULL))
		evtimer_add(s->retry, &second);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	top_up(arg);
}

static void on_preface(void *arg, const struct link_preface *preface, int fd)
{
	struct slave_streams *s = arg;

	if (preface) {
		s->arrival(s->arg, preface, fd);
		top_up(s);
	} else {
		try_later(s);
	}
}

/* A connection that was begun before the master's address changed is soon of no use. */
static bool goes_there(const struct slave_streams *s, int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return !getpeername(fd, (struct sockaddr *)&peer, &len) &&
	       len == s->options->master_len && !memcmp(&peer, &s->options->master, len);
}

static void on_connected(void *arg, SSL *ssl, int fd, int kind, const char *error)
{
	struct slave_streams *s = arg;
	bool up = kind == TLS_UP || kind == TLS_UP_PLAIN;

	--*(up ? &s->up_connecting : &s->down_connecting);
	if (!error && up && !goes_there(s, fd)) {
		SSL_free(ssl);
		close(fd);
		try_later(s);
		return;
	}
	if (!error) {
		fd = stream_descriptor(s->base, ssl, fd);
		if (fd < 0)
			error = "TLS cannot go on outside of the handshake";
	}
	if (error) {
		log_warn("stream to the master: %s", error);
		try_later(s);
		return;
	}
	if (up) {
		pool_add(s->up, fd);
		if (s->up_waiting)
			s->up_waiting--;
	} else if (preface_wait(s->base, &s->down, fd, 0, on_preface, s)) {
		try_later(s);
	}
	top_up(s);
}

/* False when this did not work and is to be tried later. */
static bool start(struct slave_streams *s, enum tls_kind kind, unsigned int *connecting)
{
	int fd = slave_connect(s->options);

	if (fd < 0)
		return false;
	if (!handshake_start(s->base, s->tls, fd, kind, LINK_HANDSHAKE_TIMEOUT,
			     on_connected, s))
		return false;
	++*connecting;
	return true;
}

static void top_up(struct slave_streams *s)
{
	bool plain = !s->config.encryption;
	bool ok = true;

	while (ok && s->down_connecting < CONNECTING_MAX &&
	       preface_count(&s->down) + s->down_connecting <
		       s->config.streams + s->down_more)
		ok = start(s, plain ? TLS_DOWN_PLAIN : TLS_DOWN, &s->down_connecting);
	if (ok && preface_count(&s->down) >= s->config.streams)
		s->down_more = 0;
	while (ok && s->up_connecting < CONNECTING_MAX &&
	       pool_idle(s->up) + s->up_connecting < s->config.streams + s->up_waiting)
		ok = start(s, plain ? TLS_UP_PLAIN : TLS_UP, &s->up_connecting);
	if (!ok)
		try_later(s);
}

static void on_up_low(void *arg, unsigned int waiting)
{
	struct slave_streams *s = arg;

	s->up_waiting = waiting;
	/* An idle stream that ended at once must not make us spin. */
	if (waiting)
		top_up(s);
	else
		try_later(s);
}

struct slave_streams *slave_streams_new(struct event_base *base,
					const struct slave_options *options,
					struct tls *tls, const struct link_config *config,
					slave_arrival *arrival, void *arg)
{
	struct slave_streams *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->base = base;
	s->options = options;
	s->tls = tls;
	s->config = *config;
	s->arrival = arrival;
	s->arg = arg;
	TAILQ_INIT(&s->down);
	s->up = pool_new(base, LINK_STREAM_TIMEOUT, on_up_low, s);
	s->retry = evtimer_new(base, on_retry, s);
	if (!s->up || !s->retry)
		return NULL; /* the worker ends then */
	if (s->config.streams > LINK_STREAMS_MAX / 2)
		s->config.streams = LINK_STREAMS_MAX / 2;
	top_up(s);
	return s;
}

struct pool *slave_streams_up(struct slave_streams *s)
{
	return s->up;
}

void slave_streams_more(struct slave_streams *s, unsigned int count)
{
	s->down_more = count < LINK_STREAMS_MAX / 2 ? count : LINK_STREAMS_MAX / 2;
	top_up(s);
}

void slave_streams_moved(struct slave_streams *s)
{
	/* Those from the master are the master's to close: it may just use one. */
	pool_drop_idle(s->up);
	top_up(s);
}
