/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a text means, before anything of it is done:
 *	list     := and-or { ";" | "&" | end of line  and-or }
 *	and-or   := pipeline { "&&" | "||"  pipeline }
 *	pipeline := command { "|" command }
 *	command  := [ "@"SET | "!" ] word { word | redirection }
 */
#ifndef BPROC_BPSHELL_PARSE_H
#define BPROC_BPSHELL_PARSE_H

#include <stdbool.h>
#include <stddef.h>

struct bpshell_list;

/* @target: the file's name, a word with its quotation marks */
struct bpshell_redirect {
	int fd;
	int flags; /* of open(2) */
	int from;  /* >&: the descriptor that is doubled; else -1 */
	char *target;
};

enum bpshell_where {
	WHERE_DEFAULT, /* a built-in, or the default set; behind a pipe: here */
	WHERE_NODES,   /* @SET */
	WHERE_HERE,    /* !COMMAND */
};

struct bpshell_command {
	struct bpshell_list *list; /* instead of all else: "a && b", in the background */
	enum bpshell_where where;
	char *set; /* a word like those of @word */
	char **word;
	int words;
	struct bpshell_redirect *redirect;
	int redirects;
};

/* When a pipeline runs. */
enum bpshell_when { WHEN_ALWAYS, WHEN_SUCCESS, WHEN_FAILURE };

struct bpshell_pipeline {
	struct bpshell_command *command;
	int commands;
	enum bpshell_when when;
	bool background;
	char *text; /* as it was typed */
};

struct bpshell_list {
	struct bpshell_pipeline *pipeline;
	int pipelines;
};

enum bpshell_parsed {
	PARSED,
	PARSED_WRONG, /* @error says where */
	PARSED_MORE,  /* a further line may complete it */
};

/* @list is to be freed, if PARSED; @error: room for what is wrong. */
enum bpshell_parsed bpshell_parse(struct bpshell_list *list, const char *text,
				  char *error, size_t size);

void bpshell_list_free(struct bpshell_list *list);

#endif
