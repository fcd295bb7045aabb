/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and trees as a stream of records. Who takes one does not trust it: a name is that
 * of an entry of the present directory, and nothing is written through a link.
 */
#ifndef BPROC_BPCP_STREAM_H
#define BPROC_BPCP_STREAM_H

#include <stdint.h>

#define MAGIC 0x32504342 /* "BCP2" */
#define CHUNK 65536
/* As deep as paths can be at all. */
#define DEPTH_MAX 2048

enum record_type {
	FILE_FOLLOWS = 1, /* in pieces, each behind its length: a uint32_t, 0 at last */
	DIRECTORY,	  /* what follows is in it */
	UP,		  /* so much for the last directory; its times and mode */
	LINK,		  /* @size bytes: where to */
	TROUBLE,	  /* @size bytes: what went wrong at the source */
	END,
};

/* Where something went wrong, in front of each line of a sink's report. */
#define AT_SOURCE '<'
#define AT_SINK '>'

struct record {
	uint32_t magic;
	uint32_t type;
	uint32_t mode;
	uint32_t name_len;
	int64_t seconds[2];
	uint32_t nanoseconds[2];
	uint64_t size;
	uint64_t device, inode; /* tells what is copied onto itself, on one node */
};

#endif
