// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>
#include "log.h"
#include "printable.h"

/* Lines of a kind in one second. */
#define LIMIT 5

static struct {
	const char *name;
	bool verbose;
	bool terminal;
	bool background;
	bool journal;
	int facility;
} state = { .name = "bproc" };

/* The journal knows the name of a service's first process. */
static bool is_the_service(void)
{
	const char *pid = getenv("SYSTEMD_EXEC_PID");

	return getenv("JOURNAL_STREAM") && pid && atol(pid) == (long)getpid();
}

void log_init(const char *name, bool verbose)
{
	state.name = name;
	state.verbose = verbose;
	state.terminal = isatty(STDERR_FILENO);
	state.journal = is_the_service();
}

void log_background(int facility)
{
	openlog(state.name, LOG_PID, facility);
	state.facility = facility;
	state.background = true;
}

void log_reopen(void)
{
	if (!state.background)
		return;
	closelog();
	openlog(state.name, LOG_PID, state.facility);
}

int log_facility(const char *name)
{
	static const struct {
		const char *name;
		int value;
	} list[] = {
		{ "auth", LOG_AUTH },	  { "authpriv", LOG_AUTHPRIV },
		{ "cron", LOG_CRON },	  { "daemon", LOG_DAEMON },
		{ "kern", LOG_KERN },	  { "user", LOG_USER },
		{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
		{ "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
		{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
		{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (!strcasecmp(name, list[i].name))
			return list[i].value;
	return -1;
}

bool log_limit(struct log_limit *limit, unsigned int *left_out)
{
	struct timespec now;

	*left_out = 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != limit->second) {
		if (limit->lines > LIMIT)
			*left_out = limit->lines - LIMIT;
		limit->second = now.tv_sec;
		limit->lines = 0;
	}
	return limit->lines++ < LIMIT;
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
	/* What others say must not look like lines of ours. */
	printable(line);

	if (state.background)
		syslog(level, "%s", line);
	else if (state.terminal)
		fprintf(stderr, "%s: %s\n", state.name, line);
	else if (state.journal)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "<%d>%s: %s\n", level, state.name, line);
}
