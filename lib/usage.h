/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BPROC_USAGE_H
#define BPROC_USAGE_H

#include <stdio.h>

/* Exit status of every program and command of this package after a wrong call. */
#define EXIT_USAGE 2

/*
 * What getopt_long() says of -h, of -V (or -v), and of what is no option at all: the answer
 * to that. Returns an exit status.
 */
static inline int common_option(int c, const char *version, const char *usage)
{
	if (c == 'h')
		fputs(usage, stdout);
	else if (c == 'V' || c == 'v')
		puts(version);
	else
		fputs(usage, stderr);
	return c == 'h' || c == 'V' || c == 'v' ? 0 : EXIT_USAGE;
}

#endif
