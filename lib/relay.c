// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/un.h>
#include <unistd.h>
#include <openssl/err.h>
#include "loop.h"
#include "peer.h"
#include "relay.h"

/* One TLS record or a pipe full; larger did not make copying faster. */
#define CHUNK 65536
/* Chunks to copy before others get their turn. */
#define ROUNDS 16

struct side {
	int fd;
	SSL *ssl;
	struct event *readable;
	struct event *writable;
	/* what was read here and is to be written to the other side */
	char *buf;
	size_t start, end;
	bool ended;  /* nothing more to read here */
	bool passed; /* the other side was told so */
};

struct relay {
	struct side side[2];
};

static void destroy(struct relay *r)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct side *s = &r->side[i];

		if (s->readable)
			event_free(s->readable);
		if (s->writable)
			event_free(s->writable);
		SSL_free(s->ssl);
		close(s->fd);
		free(s->buf);
	}
	free(r);
}

/* Bytes, 0 at the end, -1 to wait, -2 broken. */
static ssize_t side_read(struct side *s, char *buf, size_t len)
{
	ssize_t n;
	int code;

	if (!s->ssl) {
		n = read(s->fd, buf, len);
		if (n >= 0)
			return n;
		return errno == EAGAIN || errno == EINTR ? -1 : -2;
	}
	ERR_clear_error();
	n = SSL_read(s->ssl, buf, (int)len);
	if (n > 0)
		return n;
	code = SSL_get_error(s->ssl, (int)n);
	if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE)
		return -1;
	/* The end needs no close_notify: the image has an end mark of its own. */
	return 0;
}

static ssize_t side_write(struct side *s, const char *buf, size_t len)
{
	ssize_t n;
	int code;

	if (!s->ssl) {
		n = send(s->fd, buf, len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? -1 : -2;
		return n;
	}
	ERR_clear_error();
	n = SSL_write(s->ssl, buf, (int)len);
	if (n > 0)
		return n;
	code = SSL_get_error(s->ssl, (int)n);
	return code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE ? -1 : -2;
}

/* Moves what it can from @in to @out; false when the relay is broken. */
static bool pump(struct side *in, struct side *out)
{
	int rounds = 0;
	ssize_t n;

	for (;;) {
		while (in->start < in->end) {
			n = side_write(out, in->buf + in->start, in->end - in->start);
			if (n == -2)
				return false;
			if (n < 0) {
				event_add(out->writable, NULL);
				return true;
			}
			in->start += (size_t)n;
		}
		if (in->ended) {
			if (!in->passed)
				shutdown(out->fd, SHUT_WR);
			in->passed = true;
			return true;
		}
		if (++rounds > ROUNDS) {
			/* the loop has other work; data may wait inside OpenSSL */
			event_active(in->readable, EV_READ, 0);
			return true;
		}
		n = side_read(in, in->buf, CHUNK);
		if (n == -2)
			return false;
		if (n < 0) {
			event_add(in->readable, NULL);
			return true;
		}
		in->start = 0;
		in->end = (size_t)n;
		in->ended = n == 0;
	}
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct relay *r = arg;

	(void)fd, (void)what;
	if (!pump(&r->side[0], &r->side[1]) || !pump(&r->side[1], &r->side[0]) ||
	    (r->side[0].passed && r->side[1].passed))
		destroy(r);
}

int relay_start(struct event_base *base, SSL *ssl_a, int fd_a, int fd_b)
{
	struct relay *r = calloc(1, sizeof(*r));
	int i;

	if (!r) {
		SSL_free(ssl_a);
		close(fd_a);
		close(fd_b);
		return -ENOMEM;
	}
	r->side[0].fd = fd_a;
	r->side[0].ssl = ssl_a;
	r->side[1].fd = fd_b;
	for (i = 0; i < 2; i++) {
		struct side *s = &r->side[i];

		evutil_make_socket_nonblocking(s->fd);
		s->buf = malloc(CHUNK);
		s->readable = event_new(base, s->fd, EV_READ, on_event, r);
		s->writable = event_new(base, s->fd, EV_WRITE, on_event, r);
		if (s->readable && s->writable) {
			event_priority_set(s->readable, LOOP_BULK);
			event_priority_set(s->writable, LOOP_BULK);
		}
		if (!s->buf || !s->readable || !s->writable ||
		    event_add(s->readable, NULL)) {
			destroy(r);
			return -ENOMEM;
		}
	}
	return 0;
}

static int name_end(int fd, const struct sockaddr *peer, socklen_t peer_len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	unsigned char raw[sizeof(struct sockaddr_in6)] = { 0 };
	unsigned long long unique;
	char text[PEER_NAME_LEN];
	size_t i;
	int n;

	if (getrandom(&unique, sizeof(unique), 0) != sizeof(unique))
		return -EIO;
	memcpy(raw, peer, peer_len < sizeof(raw) ? peer_len : sizeof(raw));
	n = snprintf(text, sizeof(text), "bproc/%016llx/", unique);
	for (i = 0; i < sizeof(raw); i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%02x", raw[i]);
	memcpy(un.sun_path + 1, text, PEER_NAME_LEN - 1);
	if (bind(fd, (struct sockaddr *)&un,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + PEER_NAME_LEN)))
		return -errno;
	return 0;
}

int relay_pair(int pair[2], const struct sockaddr *peer, socklen_t peer_len)
{
	int err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = name_end(pair[1], peer, peer_len);
	if (err) {
		close(pair[0]);
		close(pair[1]);
	}
	return err;
}

int relay_descriptor(struct event_base *base, SSL *ssl, int fd,
		     const struct sockaddr *peer, socklen_t peer_len)
{
	int pair[2], err;

	err = relay_pair(pair, peer, peer_len);
	if (err) {
		SSL_free(ssl);
		close(fd);
		return err;
	}
	err = relay_start(base, ssl, fd, pair[1]);
	if (!err)
		return pair[0];
	close(pair[0]);
	return err;
}
