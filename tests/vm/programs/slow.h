/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits are for Debian's kernels; the rig tells how much longer others may take. */
#ifndef SLOW_H
#define SLOW_H

#include <stdlib.h>

static inline unsigned int slowness(void)
{
	const char *factor = getenv("RIG_SLOWNESS");

	return factor ? (unsigned int)atoi(factor) : 1;
}

#endif
