// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include "wire.h"

struct wire {
	struct bufferevent *bev;
	const struct wire_ops *ops;
	void *arg;
	bool busy;   /* in a callback */
	bool freed;  /* by a callback; destroyed when that returns */
	bool broken; /* reported */
	bool held;   /* messages wait */
	struct event *overflow;
	__u64 buf[BPROC_MSG_MAX / sizeof(__u64)];
};

int wire_check_size(__u32 size)
{
	return size >= sizeof(struct bproc_msg) && size <= BPROC_MSG_MAX ? 0 : -EPROTO;
}

static void destroy(struct wire *wire)
{
	if (wire->overflow)
		event_free(wire->overflow);
	if (wire->bev)
		bufferevent_free(wire->bev);
	free(wire);
}

static void report(struct wire *wire, const char *why)
{
	if (wire->broken || wire->freed)
		return;
	wire->broken = true;
	bufferevent_disable(wire->bev, EV_READ | EV_WRITE);
	wire->ops->broken(wire->arg, why);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct wire *wire = arg;
	struct bproc_msg head;

	wire->busy = true;
	while (!wire->freed && !wire->broken && !wire->held &&
	       evbuffer_get_length(in) >= sizeof(head)) {
		evbuffer_copyout(in, &head, sizeof(head));
		if (wire_check_size(head.size)) {
			report(wire, "a message of impossible size");
			break;
		}
		if (evbuffer_get_length(in) < head.size)
			break;
		evbuffer_remove(in, wire->buf, head.size);
		wire->ops->message(wire->arg, (const struct bproc_msg *)wire->buf);
	}
	wire->busy = false;
	if (wire->freed)
		destroy(wire);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	unsigned long e = bufferevent_get_openssl_error(bev);
	struct wire *wire = arg;

	wire->busy = true;
	if (what & BEV_EVENT_ERROR && !e && errno)
		report(wire, strerror(errno));
	else if (what & (BEV_EVENT_ERROR | BEV_EVENT_EOF))
		report(wire, "the other side hung up");
	wire->busy = false;
	if (wire->freed)
		destroy(wire);
}

static void on_overflow(evutil_socket_t fd, short what, void *arg)
{
	struct wire *wire = arg;

	(void)fd, (void)what;
	wire->busy = true;
	report(wire, "the other side does not read its messages");
	wire->busy = false;
	if (wire->freed)
		destroy(wire);
}

struct wire *wire_new(struct event_base *base, SSL *ssl, int fd,
		      const struct wire_ops *ops, void *arg)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	if (wire)
		wire->bev = bufferevent_openssl_socket_new(
			base, fd, ssl, BUFFEREVENT_SSL_OPEN, BEV_OPT_CLOSE_ON_FREE);
	if (!wire || !wire->bev) {
		free(wire);
		SSL_free(ssl);
		close(fd);
		return NULL;
	}
	wire->ops = ops;
	wire->arg = arg;
	wire->overflow = evtimer_new(base, on_overflow, wire);
	if (!wire->overflow) {
		destroy(wire);
		return NULL;
	}
	/* A peer that just hangs up is as good as one that says so first. */
	bufferevent_openssl_set_allow_dirty_shutdown(wire->bev, 1);
	bufferevent_setcb(wire->bev, on_read, NULL, on_event, wire);
	bufferevent_setwatermark(wire->bev, EV_READ, 0, 16 * BPROC_MSG_MAX);
	bufferevent_enable(wire->bev, EV_READ | EV_WRITE);
	return wire;
}

void wire_free(struct wire *wire)
{
	if (!wire)
		return;
	wire->freed = true;
	if (!wire->busy)
		destroy(wire);
}

void wire_hold(struct wire *wire, bool held)
{
	wire->held = held;
	if (!held)
		bufferevent_trigger(wire->bev, EV_READ,
				    BEV_TRIG_IGNORE_WATERMARKS |
					    BEV_TRIG_DEFER_CALLBACKS);
}

void wire_set_ops(struct wire *wire, const struct wire_ops *ops, void *arg)
{
	wire->ops = ops;
	wire->arg = arg;
}

static bool has_room(struct wire *wire)
{
	struct timeval now = { 0, 0 };

	if (wire->broken || wire->freed)
		return false;
	if (evbuffer_get_length(bufferevent_get_output(wire->bev)) < LINK_QUEUE_MAX)
		return true;
	evtimer_add(wire->overflow, &now);
	return false;
}

void wire_send(struct wire *wire, const struct bproc_msg *msg)
{
	if (has_room(wire))
		bufferevent_write(wire->bev, msg, msg->size);
}

void wire_send_body(struct wire *wire, const struct bproc_msg *msg, const void *body,
		    size_t len)
{
	struct bproc_msg head = *msg;

	head.size = (__u32)(sizeof(head) + len);
	if (!has_room(wire))
		return;
	bufferevent_write(wire->bev, &head, sizeof(head));
	if (len)
		bufferevent_write(wire->bev, body, len);
}
