// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "log.h"
#include "want_stream.h"

struct request {
	struct device *dev;
	__u64 id;
	int node;
};

static void give_stream(struct device *dev, __u64 id, int fd)
{
	struct bproc_stream_fd arg = {
		.id = id,
		.fd = fd < 0 ? -1 : fd,
		.result = fd < 0 ? -EIO : 0,
	};

	if (ioctl(device_fd(dev), BPROC_IOC_STREAM, &arg) < 0)
		log_debug("stream %llu: %m", (unsigned long long)id);
	if (fd >= 0)
		close(fd);
}

static void on_stream(void *arg, int fd)
{
	struct request *r = arg;

	if (fd < 0)
		log_warn("no stream for a move to node %d: %s", r->node, strerror(-fd));
	give_stream(r->dev, r->id, fd);
	free(r);
}

void want_stream(struct device *dev, struct pool *pool, const struct bproc_msg *msg,
		 int from)
{
	const struct bproc_msg_stream *body = (const void *)(msg + 1);
	struct request *r = malloc(sizeof(*r));
	struct link_preface preface = {
		.id = msg->id,
		.pid = msg->pid,
		.ppid = body->ppid,
		.uid = body->uid,
		.pgrp = body->pgrp,
		.session = body->session,
		.pgrp_uid = body->pgrp_uid,
		.session_uid = body->session_uid,
		.node = msg->node,
		.from = from,
	};

	if (!r || !pool) {
		free(r);
		give_stream(dev, msg->id, -EIO);
		return;
	}
	r->dev = dev;
	r->id = msg->id;
	r->node = msg->node;
	pool_get(pool, &preface, on_stream, r);
}
