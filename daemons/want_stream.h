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

#endif
