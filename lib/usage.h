/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BPROC_USAGE_H
#define BPROC_USAGE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exit status of every program and command of this package after a wrong call. */
#define EXIT_USAGE 2

/*
 * Was something of standard output lost since begin_output()? A command may be a function
 * of a shell's, and what that could not write is no fault of the command's.
 */
static inline bool output_lost(void)
{
	return fflush(stdout) || ferror(stdout);
}

static inline void begin_output(void)
{
	clearerr(stdout);
}

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

/*
 * A file's name for who will have another working directory; NULL with errno. Links
 * are not followed: what they lead to may change.
 */
static inline char *absolute_path(const char *path)
{
	char *here, *whole = NULL;

	if (*path == '/')
		return strdup(path);
	here = get_current_dir_name();
	if (!here || asprintf(&whole, "%s/%s", here, path) < 0)
		whole = NULL;
	free(here);
	return whole;
}

#endif
