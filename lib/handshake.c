// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>
#include "handshake.h"
#include "loop.h"

struct handshake {
	struct event_base *base;
	struct event *ev;
	SSL *ssl;
	int fd;
	int kind;
	bool connecting;
	bool ending; /* the handshake is over, TLS is being ended */
	struct timeval deadline;
	handshake_done *done;
	void *arg;
};

static void destroy(struct handshake *h)
{
	if (h->ev)
		event_free(h->ev);
	SSL_free(h->ssl);
	if (h->fd >= 0)
		close(h->fd);
	free(h);
}

void handshake_cancel(struct handshake *h)
{
	if (h)
		destroy(h);
}

static void finish(struct handshake *h, const char *error)
{
	handshake_done *done = h->done;
	void *arg = h->arg;
	int fd = h->fd, kind = h->kind;
	SSL *ssl = h->ssl;

	if (error) {
		destroy(h);
		done(arg, NULL, -1, kind, error);
		return;
	}
	h->fd = -1;
	if (h->ending)
		ssl = NULL;
	else
		h->ssl = NULL;
	destroy(h);
	done(arg, ssl, fd, kind, NULL);
}

static int socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		return errno;
	return error;
}

static void on_event(evutil_socket_t fd, short what, void *arg);

/* Not by the clock on the wall: a node sets that when it has found the time. */
static struct timeval monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
}

/* Waits for @what until the deadline; false if that has passed. */
static bool wait_for(struct handshake *h, short what)
{
	struct timeval now = monotonic(), left;

	if (evutil_timercmp(&now, &h->deadline, >=))
		return false;
	evutil_timersub(&h->deadline, &now, &left);
	event_assign(h->ev, h->base, h->fd, what, on_event, h);
	/* messages of running processes come first, where the loop has priorities */
	event_priority_set(h->ev, LOOP_BULK);
	return event_add(h->ev, &left) == 0;
}

static void step(struct handshake *h)
{
	int ret, code;

	ERR_clear_error();
	errno = 0;
	if (!h->ending) {
		ret = SSL_do_handshake(h->ssl);
		if (ret == 1) {
			ret = tls_kind(h->ssl);
			if (ret < 0 || (!SSL_is_server(h->ssl) && ret != h->kind)) {
				finish(h, "the other side speaks another protocol");
				return;
			}
			h->kind = ret;
			if (!tls_kind_is_plain(h->kind)) {
				finish(h, NULL);
				return;
			}
			h->ending = true;
		}
	}
	if (h->ending) {
		/* Both close_notify alerts must be through before plain bytes may follow.
		 */
		ret = SSL_shutdown(h->ssl);
		if (ret == 0)
			ret = SSL_shutdown(h->ssl);
		if (ret == 1) {
			finish(h, NULL);
			return;
		}
	}

	code = SSL_get_error(h->ssl, ret);
	if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE)
		finish(h, tls_error(code));
	else if (!wait_for(h, code == SSL_ERROR_WANT_READ ? EV_READ : EV_WRITE))
		finish(h, "timed out");
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct handshake *h = arg;

	if (what & EV_TIMEOUT) {
		finish(h, h->connecting ? "connection timed out" : "timed out");
		return;
	}
	if (h->connecting) {
		int error = socket_error((int)fd);

		if (error) {
			finish(h, strerror(error));
			return;
		}
		h->connecting = false;
	}
	step(h);
}

struct handshake *handshake_start(struct event_base *base, struct tls *tls, int fd,
				  enum tls_kind kind, int timeout, handshake_done *done,
				  void *arg)
{
	struct handshake *h = calloc(1, sizeof(*h));
	struct timeval now, span = { timeout, 0 };

	if (!h) {
		close(fd);
		return NULL;
	}
	h->base = base;
	h->fd = fd;
	h->kind = kind;
	h->done = done;
	h->arg = arg;
	h->ssl = tls_connection(tls, fd, kind);
	h->ev = event_new(base, fd, 0, on_event, h);
	if (!h->ssl || !h->ev)
		goto fail;
	now = monotonic();
	evutil_timeradd(&now, &span, &h->deadline);
	/* A client's socket becomes writable when it is connected. */
	h->connecting = !SSL_is_server(h->ssl);
	if (!wait_for(h, h->connecting ? EV_WRITE : EV_READ))
		goto fail;
	return h;
fail:
	destroy(h);
	return NULL;
}
