/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file with a line for each message that passes ("-m").
 */
#ifndef BPROC_TRACE_H
#define BPROC_TRACE_H

#include <stdio.h>
#include <linux/bproc_msg.h>

/* Opens @path to append to it; NULL after it was logged why not. */
FILE *trace_open(const char *path);

/* @from and @to are node numbers, -1 is the master; @trace may be NULL. */
void trace_message(FILE *trace, int from, int to, const struct bproc_msg *msg);

#endif
