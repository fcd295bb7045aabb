// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "log.h"

static struct {
	const char *name;
	bool verbose;
	bool terminal;
	bool background;
} state = { .name = "bproc" };

void log_init(const char *name, bool verbose)
{
	state.name = name;
	state.verbose = verbose;
	state.terminal = isatty(STDERR_FILENO);
}

void log_background(int facility)
{
	openlog(state.name, LOG_PID, facility);
	state.background = true;
}

void log_line(int level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (level == LOG_DEBUG && !state.verbose)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);

	if (state.background)
		syslog(level, "%s", line);
	else if (state.terminal)
		fprintf(stderr, "%s: %s\n", state.name, line);
	else
		fprintf(stderr, "<%d>%s: %s\n", level, state.name, line);
}
