/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion of what is being typed. */
#ifndef BPROC_BPSHELL_COMPLETE_H
#define BPROC_BPSHELL_COMPLETE_H

#include "bpshell.h"

enum bpshell_completion {
	COMPLETE_NOTHING,
	COMPLETE_COMMAND, /* a built-in or a program */
	COMPLETE_PROGRAM, /* behind @SET, ! or | */
	COMPLETE_SET,	  /* with @ in front */
	COMPLETE_PLAIN_SET,
	COMPLETE_STATE,
	COMPLETE_PROCESS,
	COMPLETE_PID, /* or a job */
	COMPLETE_JOB,
	COMPLETE_BUILTIN,
	COMPLETE_FILE,
};

/* What belongs where the word at @point of @line begins. */
enum bpshell_completion bpshell_completion(const char *line, size_t point);

/* How much of @text, a set, stands in front of the operand that is being typed. */
size_t bpshell_set_prefix(const char *text);

/* A file's name as a word; free(). */
char *bpshell_quote(const char *name);

/* Tells readline. */
void bpshell_complete_init(struct bpshell *sh);

#endif
