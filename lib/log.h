/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemons have to say. Lines go to stderr: with a "<level>" in front when
 * that is not a terminal (the journal reads it), or to syslog in the background.
 */
#ifndef BPROC_LOG_H
#define BPROC_LOG_H

#include <stdbool.h>
#include <syslog.h>

/* @name precedes each line on a terminal; @verbose lets LOG_DEBUG lines through. */
void log_init(const char *name, bool verbose);

/* From now on to syslog, with @facility (LOG_DAEMON, ...). */
void log_background(int facility);

/* In a child that has closed the descriptors of its parent. */
void log_reopen(void);

/* LOG_DAEMON for "daemon", ...; -1 if @name is none. */
int log_facility(const char *name);

void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_err(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
