// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <string.h>
#include "bpshell_lex.h"

void bpshell_lex_begin(struct bpshell_lexer *l, const char *text)
{
	memset(l, 0, sizeof(*l));
	l->at = l->start = text;
	l->fd = -1;
}

/* Behind the quotation that begins at @s; NULL if it does not end. */
static const char *skip_quotation(const char *s)
{
	char mark = *s++;

	for (; *s && *s != mark; s++)
		if (mark == '"' && *s == '\\' && s[1])
			s++;
	return *s ? s + 1 : NULL;
}

size_t bpshell_word_length(const char *s, bool is_set)
{
	static const char ends[] = " \t\n|&;<>()";
	const char *begin = s;

	while (*s) {
		if (*s == '\'' || *s == '"') {
			s = skip_quotation(s);
			if (!s)
				return 0;
			continue;
		}
		if (*s == '\\') {
			/* the last line goes on */
			if (!s[1] || (s[1] == '\n' && !s[2]))
				return 0;
			s += 2;
			continue;
		}
		/* In a set "up&0-3" and "up&$RACK" are one word, "up &" is not. */
		if (is_set && *s == '&' && !strchr(ends, s[1])) {
			s++;
			continue;
		}
		if (strchr(ends, *s))
			break;
		s++;
	}
	return (size_t)(s - begin);
}

/* Blanks, comments, and ends of lines that a backslash takes away. */
static bool skip_blanks(struct bpshell_lexer *l)
{
	for (;;) {
		if (*l->at == ' ' || *l->at == '\t') {
			l->at++;
		} else if (*l->at == '\\' && l->at[1] == '\n') {
			l->at += 2;
			if (!*l->at)
				return false;
		} else if (*l->at == '\\' && !l->at[1]) {
			return false;
		} else if (*l->at == '#') {
			l->at += strcspn(l->at, "\n");
		} else {
			return true;
		}
	}
}

static enum bpshell_token take(struct bpshell_lexer *l, size_t len, enum bpshell_token t)
{
	l->start = l->at;
	l->len = len;
	l->at += len;
	return t;
}

/* A redirection, with the digits in front of it. */
static enum bpshell_token redirection(struct bpshell_lexer *l, size_t digits)
{
	const char *op = l->at + digits;

	l->fd = digits ? l->at[0] - '0' : -1;
	if (op[0] == '<' && op[1] != '<')
		return take(l, digits + 1, TOKEN_FROM);
	if (op[0] == '>' && op[1] == '>')
		return take(l, digits + 2, TOKEN_APPEND);
	if (op[0] == '>' && op[1] == '&')
		return take(l, digits + 2, TOKEN_DUP);
	if (op[0] == '>')
		return take(l, digits + 1, TOKEN_TO);
	return take(l, digits + 2, TOKEN_WRONG);
}

enum bpshell_token bpshell_lex(struct bpshell_lexer *l, bool command)
{
	size_t len;

	if (!skip_blanks(l))
		return TOKEN_MORE;
	l->fd = -1;
	switch (*l->at) {
	case 0:
		return take(l, 0, TOKEN_END);
	case '\n':
	case ';':
		return take(l, 1, TOKEN_SEPARATOR);
	case '|':
		return l->at[1] == '|' ? take(l, 2, TOKEN_OR) : take(l, 1, TOKEN_PIPE);
	case '&':
		if (l->at[1] == '>')
			return take(l, 2, TOKEN_BOTH);
		return l->at[1] == '&' ? take(l, 2, TOKEN_AND)
				       : take(l, 1, TOKEN_BACKGROUND);
	case '(':
	case ')':
		return take(l, 1, TOKEN_WRONG);
	case '<':
	case '>':
		return redirection(l, 0);
	}
	/* one digit, as in "2>": no more descriptors are needed here */
	if (isdigit((unsigned char)*l->at) && (l->at[1] == '<' || l->at[1] == '>'))
		return redirection(l, 1);
	len = bpshell_word_length(l->at, command && *l->at == '@');
	if (!len)
		return TOKEN_MORE;
	return take(l, len, TOKEN_WORD);
}
