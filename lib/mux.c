// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include "mux.h"

/* Bytes to read or write at once. */
#define BATCH 131072

struct mux {
	struct bufferevent *bev;
	const struct mux_ops *ops;
	void *arg;
	bool busy;   /* in a callback */
	bool freed;  /* by a callback; destroyed when that returns */
	bool broken; /* reported */
	char data[MUX_DATA_MAX];
};

bool mux_window_receive(struct mux_window *w, __u32 n)
{
	if (n > MUX_WINDOW - w->ahead)
		return false;
	w->ahead += n;
	return true;
}

__u32 mux_window_pass(struct mux_window *w, __u32 n)
{
	w->passed += n;
	if (w->passed < MUX_WINDOW / 2)
		return 0;
	n = w->passed;
	w->passed = 0;
	w->ahead -= n;
	return n;
}

bool mux_window_credit(struct mux_window *w, __u32 n)
{
	if (n > w->ahead)
		return false;
	w->ahead -= n;
	return true;
}

bool mux_has_data(const struct mux_frame *f)
{
	return f->type == MUX_DATA || f->type == MUX_BACK;
}

int mux_check(const struct mux_frame *f)
{
	bool ok;

	if (!f->type || f->type >= MUX_TYPES || f->stream >= MUX_STREAMS || f->reserved ||
	    f->reserved2 || !f->id)
		return -EPROTO;
	if (mux_has_data(f))
		ok = f->value && f->value <= MUX_DATA_MAX;
	else if (f->type == MUX_CREDIT)
		ok = f->value && f->value <= MUX_WINDOW;
	else if (f->type == MUX_SYNC)
		ok = f->value <= INT_MAX;
	else
		ok = !f->value;
	return ok ? 0 : -EPROTO;
}

static void destroy(struct mux *mux)
{
	bufferevent_free(mux->bev);
	free(mux);
}

static void report(struct mux *mux, const char *why)
{
	if (mux->broken || mux->freed)
		return;
	mux->broken = true;
	bufferevent_disable(mux->bev, EV_READ | EV_WRITE);
	mux->ops->broken(mux->arg, why);
}

static void leave(struct mux *mux)
{
	mux->busy = false;
	if (mux->freed)
		destroy(mux);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct mux *mux = arg;
	struct mux_frame f;

	mux->busy = true;
	while (!mux->freed && !mux->broken && evbuffer_get_length(in) >= sizeof(f)) {
		evbuffer_copyout(in, &f, sizeof(f));
		if (mux_check(&f)) {
			report(mux, "a frame that makes no sense");
			break;
		}
		if (mux_has_data(&f)) {
			if (evbuffer_get_length(in) < sizeof(f) + f.value)
				break;
			evbuffer_drain(in, sizeof(f));
			evbuffer_remove(in, mux->data, f.value);
		} else {
			evbuffer_drain(in, sizeof(f));
		}
		mux->ops->frame(mux->arg, &f, mux->data);
	}
	leave(mux);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct mux *mux = arg;

	(void)bev;
	mux->busy = true;
	if (what & BEV_EVENT_ERROR)
		report(mux, errno ? strerror(errno) : "error");
	else if (what & BEV_EVENT_EOF)
		report(mux, "the other side hung up");
	leave(mux);
}

struct mux *mux_new(struct event_base *base, int fd, const struct mux_ops *ops, void *arg)
{
	struct mux *mux = calloc(1, sizeof(*mux));

	if (mux && !evutil_make_socket_nonblocking(fd))
		mux->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!mux || !mux->bev) {
		free(mux);
		close(fd);
		return NULL;
	}
	mux->ops = ops;
	mux->arg = arg;
	bufferevent_setcb(mux->bev, on_read, NULL, on_event, mux);
	bufferevent_setwatermark(mux->bev, EV_READ, 0, 2 * BATCH);
	/* Each call costs a good deal more where TLS is behind it. */
	bufferevent_set_max_single_read(mux->bev, BATCH);
	bufferevent_set_max_single_write(mux->bev, BATCH);
	bufferevent_enable(mux->bev, EV_READ | EV_WRITE);
	return mux;
}

void mux_free(struct mux *mux)
{
	if (!mux)
		return;
	mux->freed = true;
	if (!mux->busy)
		destroy(mux);
}

void mux_send(struct mux *mux, const struct mux_frame *f, const void *data)
{
	if (mux->broken || mux->freed)
		return;
	bufferevent_write(mux->bev, f, sizeof(*f));
	if (mux_has_data(f))
		bufferevent_write(mux->bev, data, f->value);
}

size_t mux_queued(const struct mux *mux)
{
	return evbuffer_get_length(bufferevent_get_output(mux->bev));
}
