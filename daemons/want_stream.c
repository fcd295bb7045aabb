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

void want_stream_give(struct device *dev, __u64 id, int fd)
{
	struct bproc_stream_fd arg = {
		.id = id,
		.fd = fd < 0 ? -1 : fd,
		.result = fd < 0 ? fd : 0,
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
	want_stream_give(r->dev, r->id, fd < 0 ? -EIO : fd);
	free(r);
}

struct link_preface want_preface(const struct bproc_msg *msg, int from)
{
	const struct bproc_msg_stream *body = (const void *)(msg + 1);

	return (struct link_preface){
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
}

void want_stream_with(struct device *dev, struct pool *pool,
		      const struct link_preface *preface)
{
	struct request *r = malloc(sizeof(*r));

	if (!r || !pool) {
		free(r);
		want_stream_give(dev, preface->id, -EIO);
		return;
	}
	r->dev = dev;
	r->id = preface->id;
	r->node = preface->node;
	pool_get(pool, preface, on_stream, r);
}

void want_stream(struct device *dev, struct pool *pool, const struct bproc_msg *msg,
		 int from)
{
	struct link_preface preface = want_preface(msg, from);

	want_stream_with(dev, pool, &preface);
}
