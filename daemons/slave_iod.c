// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worker's bpiod: a child that executes nothing, for a node has no files. The worker
 * makes its connection, because that takes the key.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "bpiod.h"
#include "handshake.h"
#include "iod_control.h"
#include "log.h"
#include "slave.h"
#include "slave_peer.h"
#include "stream.h"

static struct {
	struct event_base *base;
	const struct slave_options *options;
	struct tls *tls;
	struct slave_peers *peers;
	struct link_config config;
	int pid; /* 0: it does not run */
	int control;
	struct event *lost;
	struct event *retry;
	bool connecting;
	bool connected;
} iod;

static void try_later(void)
{
	struct timeval second = { 1, 0 };

	evtimer_add(iod.retry, &second);
}

static void on_connected(void *arg, SSL *ssl, int fd, int kind, const char *error)
{
	struct iod_control msg = { .what = IOD_CONNECTION, .node = BPROC_NODE_MASTER };
	int err;

	(void)arg, (void)kind;
	iod.connecting = false;
	if (!error) {
		fd = stream_descriptor(iod.base, ssl, fd);
		if (fd < 0)
			error = "TLS cannot go on outside of the handshake";
	}
	if (error) {
		log_warn("connection for input and output: %s", error);
		try_later();
		return;
	}
	err = iod.pid ? iod_control_send(iod.control, &msg, fd) : -ENOTCONN;
	close(fd);
	iod.connected = !err;
	if (err)
		try_later();
}

static void connect_it(void)
{
	int fd = slave_connect(iod.options);

	iod.connecting =
		fd >= 0 && handshake_start(iod.base, iod.tls, fd,
					   iod.config.encryption ? TLS_IO : TLS_IO_PLAIN,
					   LINK_HANDSHAKE_TIMEOUT, on_connected, NULL);
	if (!iod.connecting)
		try_later();
}

static void on_lost(evutil_socket_t control, short what, void *arg)
{
	struct iod_control msg;
	int fd, ret;

	(void)what, (void)arg;
	while ((ret = iod_control_receive((int)control, &msg, &fd)) > 0) {
		if (fd >= 0)
			close(fd);
		if (msg.what != IOD_LOST)
			continue;
		iod.connected = false;
		try_later();
	}
	/* The child's end is seen when it is reaped. */
	if (ret != -EAGAIN)
		event_del(iod.lost);
}

static void start(void)
{
	int pid = iod_fork(&iod.control);

	if (!pid) {
		/* It handles what users give it: the cluster's key is not for it. */
		tls_free(iod.tls);
		slave_peers_forget_key(iod.peers);
		prctl(PR_SET_NAME, "bpiod");
		_exit(bpiod_run(IOD_CONTROL_FD, IOD_DEVICE_FD, iod.config.node));
	}
	if (pid < 0) {
		log_err("cannot start bpiod: %s", strerror(-pid));
		try_later();
		return;
	}
	iod.pid = pid;
	iod.connected = false;
	iod.lost = event_new(iod.base, iod.control, EV_READ | EV_PERSIST, on_lost, NULL);
	if (iod.lost)
		event_add(iod.lost, NULL);
	if (!iod.connecting)
		connect_it();
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	if (!iod.pid)
		start();
	else if (!iod.connected && !iod.connecting)
		connect_it();
}

void slave_iod_start(struct event_base *base, const struct slave_options *options,
		     struct tls *tls, struct slave_peers *peers,
		     const struct link_config *config)
{
	iod.base = base;
	iod.options = options;
	iod.tls = tls;
	iod.peers = peers;
	iod.config = *config;
	iod.retry = evtimer_new(base, on_retry, NULL);
	if (iod.retry)
		start();
}

void slave_iod_reaped(int pid)
{
	if (!pid || pid != iod.pid)
		return;
	log_err("bpiod has ended");
	iod.pid = 0;
	if (iod.lost)
		event_free(iod.lost);
	close(iod.control);
	try_later();
}

void slave_iod_moved(void)
{
	struct iod_control msg = { .what = IOD_MOVE, .node = BPROC_NODE_MASTER };

	if (iod.pid && iod.connected)
		iod_control_send(iod.control, &msg, -1);
}
