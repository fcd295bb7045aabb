/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both daemons do when their driver says BPROC_MSG_STREAM.
 */
#ifndef BPROC_WANT_STREAM_H
#define BPROC_WANT_STREAM_H

#include "device.h"
#include "pool.h"

/*
 * Gets a stream from @pool for the move that @msg is about, which comes from node @from,
 * and hands it to the driver, now or later. @pool: NULL if there can be none.
 */
void want_stream(struct device *dev, struct pool *pool, const struct bproc_msg *msg,
		 int from);

/* Its two halves: what the stream begins with, and the rest. */
struct link_preface want_preface(const struct bproc_msg *msg, int from);
void want_stream_with(struct device *dev, struct pool *pool,
		      const struct link_preface *preface);

/* The driver gets @fd, which is the callee's, or hears of -errno, for move @id. */
void want_stream_give(struct device *dev, __u64 id, int fd);

#endif
