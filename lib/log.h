/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemons have to say. Lines go to stderr: with a "<level>" in front when
 * that is not a terminal (the journal reads it), or to syslog in the background.
 */
#ifndef BPROC_LOG_H
#define BPROC_LOG_H

#include <stdbool.h>
#include <syslog.h>
#include <time.h>

/* @name precedes each line on a terminal; @verbose lets LOG_DEBUG lines through. */
void log_init(const char *name, bool verbose);

/* From now on to syslog, with @facility (LOG_DAEMON, ...). */
void log_background(int facility);

/* In a child that has closed the descriptors of its parent. */
void log_reopen(void);

/* Lines of a kind of which somebody else can cause any number; all zero at first. */
struct log_limit {
	time_t second;
	unsigned int lines;
};

/*
 * May one more of them be written? A few in a second; *@left_out is how many were not in
 * the last such second, if that is over now.
 */
bool log_limit(struct log_limit *limit, unsigned int *left_out);

/* LOG_DAEMON for "daemon", ...; -1 if @name is none. */
int log_facility(const char *name);

/* In one line, whatever is in it. */
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_err(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
