/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a stream: checks, and where its parts are. No C library.
 */
#ifndef BPROC_HEADER_H
#define BPROC_HEADER_H

#include <linux/bproc_stream.h>

struct header_parts {
	const __u32 *groups;
	const struct bproc_io *io;
	const char *cwd;
};

/*
 * Checks the fixed part alone: whether it is a header at all and how long it is with
 * its variable part. Returns 0, -EPROTO (no header of ours) or -EMSGSIZE.
 */
int header_check_size(const struct bproc_stream *s);

/*
 * Checks a whole header, s->size bytes of it, which came from another machine, and
 * fills @parts. After success all counts, lengths and terminators can be relied on.
 * Returns 0, or -EPROTO.
 */
int header_check(const struct bproc_stream *s, struct header_parts *parts);

#endif
