// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>
#include "bpiod.h"
#include "files.h"
#include "log.h"
#include "loop.h"

/*
 * What may wait for a peer that does not read: so much, and what its windows allow. Input
 * that comes back from several nodes has no window.
 */
#define QUEUE_BASE (1U << 22)
/* The windows of channels between nodes, which may be two that lie, count up to here. */
#define QUEUE_FORWARDS (1U << 30)

/* --- connections --- */

struct route *bpiod_route(const struct bpiod *b, int peer)
{
	struct route *r;

	/* From a node all ways lead over the master. */
	if (b->node != BPROC_NODE_MASTER)
		r = b->routes ? b->route[0] : NULL;
	else
		r = peer >= 0 && (unsigned int)peer < b->routes ? b->route[peer] : NULL;
	return r && r->mux ? r : NULL;
}

static void on_broken(void *arg, const char *why)
{
	struct iod_control lost = { .what = IOD_LOST };
	struct route *r = arg;
	struct bpiod *b = r->b;

	if (b->node == BPROC_NODE_MASTER)
		log_info("node %d: connection ended: %s", r->node, why);
	else
		log_warn("connection to the master: %s", why);
	mux_free(r->mux);
	r->mux = NULL;
	r->channels = r->forwards = r->granted = 0;
	channels_lost(b, r);
	if (b->node == BPROC_NODE_MASTER)
		forwards_lost(b, r->node);
	else
		iod_control_send(b->control, &lost, -1);
}

static size_t queue_limit(const struct route *r)
{
	size_t own = (size_t)r->channels * MUX_STREAMS * MUX_WINDOW;
	size_t others = (size_t)r->granted * MUX_STREAMS * MUX_WINDOW;

	return QUEUE_BASE + own + (others < QUEUE_FORWARDS ? others : QUEUE_FORWARDS);
}

void bpiod_send(struct route *r, const struct mux_frame *f, const void *data)
{
	if (!r || !r->mux)
		return;
	mux_send(r->mux, f, data);
	/* Not at once: who sends may be in the midst of a list. */
	if (mux_queued(r->mux) > queue_limit(r))
		event_active(r->overflow, EV_TIMEOUT, 0);
}

static void on_overflow(evutil_socket_t fd, short what, void *arg)
{
	struct route *r = arg;

	(void)fd, (void)what;
	if (r->mux)
		on_broken(r, "it does not read what it asks for");
}

static void on_frame(void *arg, const struct mux_frame *f, const void *data)
{
	struct route *r = arg;
	struct bpiod *b = r->b;
	bool ok;

	if (b->node == BPROC_NODE_MASTER && f->peer != BPROC_NODE_MASTER)
		ok = forward_frame(b, r, f, data);
	else
		ok = channel_frame(b, r, f, data);
	if (!ok && r->mux)
		on_broken(r, "it breaks the rules");
}

static struct route *make_route(struct bpiod *b, int node)
{
	unsigned int i = b->node == BPROC_NODE_MASTER ? (unsigned int)node : 0;
	struct route **table, *r;

	if (i >= b->routes) {
		table = realloc(b->route, (i + 1) * sizeof(struct route *));
		if (!table)
			return NULL;
		memset(table + b->routes, 0,
		       (i + 1 - b->routes) * sizeof(struct route *));
		b->route = table;
		b->routes = i + 1;
	}
	r = b->route[i];
	if (r)
		return r;
	r = calloc(1, sizeof(*r));
	if (r)
		r->overflow = evtimer_new(b->base, on_overflow, r);
	if (!r || !r->overflow) {
		free(r);
		return NULL;
	}
	r->b = b;
	r->node = node;
	b->route[i] = r;
	return r;
}

static void connection(struct bpiod *b, int node, int fd)
{
	static const struct mux_ops ops = { on_frame, on_broken };
	struct route *r;

	if (b->node == BPROC_NODE_MASTER && (node < 0 || node >= BPROC_NODES_MAX)) {
		close(fd);
		return;
	}
	r = make_route(b, node);
	if (r && r->mux)
		on_broken(r, fd < 0 ? "the node is gone" : "there is a new one");
	if (fd < 0)
		return;
	if (r)
		r->mux = mux_new(b->base, fd, &ops, r);
	else
		close(fd);
	if (!r || !r->mux)
		log_err("no memory for a connection");
	else
		channels_connected(b);
}

/* The master has another address: let go of the connection when nobody uses it. */
static void on_move(evutil_socket_t fd, short what, void *arg)
{
	struct bpiod *b = arg;
	struct route *r = b->routes ? b->route[0] : NULL;

	(void)fd, (void)what;
	if (r && r->mux && r->channels)
		return;
	event_del(b->move);
	if (r && r->mux)
		on_broken(r, "it goes to another address");
}

static void on_control(evutil_socket_t control, short what, void *arg)
{
	struct bpiod *b = arg;
	static const struct timeval soon = { 0, 200000 };
	struct iod_control msg;
	int fd, ret;

	(void)what;
	while ((ret = iod_control_receive((int)control, &msg, &fd)) > 0) {
		if (msg.what == IOD_CONNECTION)
			connection(b, msg.node, fd);
		else if (fd >= 0)
			close(fd);
		if (msg.what == IOD_MOVE)
			event_add(b->move, &soon);
	}
	/* Who started us is gone, and with it every process that we could serve. */
	if (ret != -EAGAIN)
		event_base_loopbreak(b->base);
}

/* --- the driver --- */

static void from_driver(void *arg, struct bproc_msg *msg)
{
	const struct bproc_msg_io_take *take = (const void *)(msg + 1);
	const struct bproc_msg_io_flush *flush = (const void *)(msg + 1);
	struct bpiod *b = arg;

	log_debug("driver: type %u node %d pid %d", msg->type, msg->node, msg->pid);
	switch (msg->type) {
	case BPROC_MSG_IO_TAKE:
		if (msg->result)
			log_warn("no room for descriptors of process %d: %s", msg->pid,
				 strerror(-msg->result));
		channel_take(b, msg->id, msg->node, msg->pid, take->fd);
		break;
	case BPROC_MSG_IO_GO:
		channel_go(b, msg->id);
		break;
	case BPROC_MSG_IO_DROP:
		channel_drop(b, msg->id);
		break;
	case BPROC_MSG_IO_MAKE:
		channel_make(b, msg->id, msg->node, msg->pid, (const void *)(msg + 1));
		break;
	case BPROC_MSG_IO_FLUSH:
		channel_flush(b, msg->id, flush->io_id, msg->pid);
		break;
	case BPROC_MSG_IO_HOME:
		channel_home(b, msg->id, flush->io_id, msg->pid);
		break;
	case BPROC_MSG_IO_LEAVE:
		if (take->fd[0] >= 0)
			channel_leave_input(b, msg->pid, take->fd[0]);
		break;
	default:
		log_warn("the driver says %u", msg->type);
	}
}

static void driver_broken(void *arg, int err)
{
	struct bpiod *b = arg;

	log_info(IOD_DEVICE ": %s", strerror(-err));
	/* The process space ends with who started us. */
	b->failed = err != -ESHUTDOWN;
	event_base_loopbreak(b->base);
}

/*
 * The descriptors are users', and so should be the rights with which they are used: no
 * capability that would lift a quota or keep a set-user-ID bit. What is kept opens pipes
 * and terminals anew, and gives pipes to their users.
 */
static int give_up_privileges(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	data[0].permitted = 1U << CAP_DAC_OVERRIDE | 1U << CAP_CHOWN;
	data[0].effective = data[0].permitted;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || syscall(SYS_capset, &head, data))
		return -errno;
	return 0;
}

int bpiod_run(int control, int device, int node)
{
	struct bpiod b = { .node = node, .control = control };
	struct event *ev;
	int err;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	files_raise_limit();
	err = give_up_privileges();
	if (err) {
		log_err("cannot give up privileges: %s", strerror(-err));
		return 1;
	}
	b.base = loop_new();
	b.dev = b.base ? device_new(b.base, device, from_driver, driver_broken, &b)
		       : NULL;
	ev = b.dev ? event_new(b.base, control, EV_READ | EV_PERSIST, on_control, &b)
		   : NULL;
	b.move = ev ? event_new(b.base, -1, EV_PERSIST, on_move, &b) : NULL;
	if (!b.move || event_add(ev, NULL)) {
		log_err("out of memory");
		return 1;
	}
	event_base_dispatch(b.base);
	return b.failed;
}
