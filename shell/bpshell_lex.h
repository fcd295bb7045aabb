/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words and operators of a line. */
#ifndef BPROC_BPSHELL_LEX_H
#define BPROC_BPSHELL_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum bpshell_token {
	TOKEN_END,
	TOKEN_MORE, /* a quotation is not closed, or the last line goes on */
	TOKEN_WRONG,
	TOKEN_WORD,
	TOKEN_PIPE,
	TOKEN_AND,	  /* && */
	TOKEN_OR,	  /* || */
	TOKEN_BACKGROUND, /* & */
	TOKEN_SEPARATOR,  /* ; or the end of a line */
	TOKEN_FROM,	  /* < */
	TOKEN_TO,	  /* > */
	TOKEN_APPEND,	  /* >> */
	TOKEN_DUP,	  /* >& */
	TOKEN_BOTH,	  /* &> */
};

/* Where we are in a text; and the token that was read last. */
struct bpshell_lexer {
	const char *at;
	const char *start; /* of the token; a word has its quotation marks still */
	size_t len;
	int fd; /* of a redirection; -1: none was said */
};

void bpshell_lex_begin(struct bpshell_lexer *l, const char *text);

/* @command: the next word is a command's first, where @SET may have & in it. */
enum bpshell_token bpshell_lex(struct bpshell_lexer *l, bool command);

/* How long the word at @s is; 0: a quotation is not closed. */
size_t bpshell_word_length(const char *s, bool is_set);

#endif
