// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bpshell_lex.h"
#include "bpshell_parse.h"

struct parser {
	struct bpshell_lexer lexer;
	enum bpshell_token token;
	const char *text;
	struct bpshell_list *list;
	char *error;
	size_t size;
};

/* --- memory --- */

static void free_command(struct bpshell_command *c)
{
	int i;

	for (i = 0; i < c->words; i++)
		free(c->word[i]);
	for (i = 0; i < c->redirects; i++)
		free(c->redirect[i].target);
	if (c->list)
		bpshell_list_free(c->list);
	free(c->list);
	free(c->word);
	free(c->redirect);
	free(c->set);
}

void bpshell_list_free(struct bpshell_list *list)
{
	int i, j;

	for (i = 0; i < list->pipelines; i++) {
		for (j = 0; j < list->pipeline[i].commands; j++)
			free_command(&list->pipeline[i].command[j]);
		free(list->pipeline[i].command);
		free(list->pipeline[i].text);
	}
	free(list->pipeline);
	memset(list, 0, sizeof(*list));
}

/* One more element, of zeros, at the end of an array. */
static void *grow(void *array, int *n, size_t size)
{
	char *more = realloc(array, (size_t)(*n + 1) * size);

	if (!more) {
		perror("bpshell");
		exit(1);
	}
	memset(more + (size_t)*n * size, 0, size);
	++*n;
	return more;
}

static char *copy(const char *s, size_t len)
{
	char *text = strndup(s, len);

	if (!text) {
		perror("bpshell");
		exit(1);
	}
	return text;
}

/* What stands between two places, without blanks at its end. */
static char *copy_text(const char *begin, const char *end)
{
	while (end > begin && isspace((unsigned char)end[-1]))
		end--;
	return copy(begin, (size_t)(end - begin));
}

/* --- the grammar --- */

static enum bpshell_parsed not_here(struct parser *p, const char *what, size_t len)
{
	snprintf(p->error, p->size, "%.*s: not in this shell; !sh -c '...' has it",
		 (int)len, what);
	return PARSED_WRONG;
}

static enum bpshell_parsed wrong(struct parser *p)
{
	const char *start = p->lexer.start;
	size_t len = p->lexer.len;

	if (p->token == TOKEN_MORE)
		return PARSED_MORE;
	if (p->token == TOKEN_WRONG && *start == '(')
		return start > p->text && start[-1] == '$' ? not_here(p, "$(...)", 6)
							   : not_here(p, "(...)", 5);
	if (p->token == TOKEN_WRONG && *start == '<')
		return not_here(p, start, len);
	if (p->token == TOKEN_END)
		snprintf(p->error, p->size, "unexpected end");
	else if (*start == '\n')
		snprintf(p->error, p->size, "unexpected end of the line");
	else
		snprintf(p->error, p->size, "unexpected '%.*s'",
			 (int)(len < 40 ? len : 40), start);
	return PARSED_WRONG;
}

static void next(struct parser *p, bool command)
{
	p->token = bpshell_lex(&p->lexer, command);
}

/* "2>&1" and ">&FILE" begin alike. */
static bool is_descriptor(const struct bpshell_lexer *l)
{
	return l->len == 1 && isdigit((unsigned char)*l->start);
}

/* "-" or a number: in sh these are no files, either. */
static bool looks_like_descriptor(const struct bpshell_lexer *l)
{
	return (l->len == 1 && *l->start == '-') ||
	       strspn(l->start, "0123456789") >= l->len;
}

static void add_redirect(struct bpshell_command *c, int fd, int flags, int from,
			 const struct bpshell_lexer *l)
{
	struct bpshell_redirect *r;

	c->redirect = grow(c->redirect, &c->redirects, sizeof(*r));
	r = &c->redirect[c->redirects - 1];
	r->fd = fd;
	r->flags = flags;
	r->from = from;
	if (l)
		r->target = copy(l->start, l->len);
}

static enum bpshell_parsed parse_redirect(struct parser *p, struct bpshell_command *c)
{
	enum bpshell_token op = p->token;
	int fd = p->lexer.fd, flags = O_WRONLY | O_CREAT | O_TRUNC;

	next(p, false);
	if (p->token != TOKEN_WORD)
		return wrong(p);
	if (op == TOKEN_FROM)
		flags = O_RDONLY;
	else if (op == TOKEN_APPEND)
		flags = O_WRONLY | O_CREAT | O_APPEND;
	if (op == TOKEN_DUP && !is_descriptor(&p->lexer) &&
	    (fd >= 0 || looks_like_descriptor(&p->lexer))) {
		snprintf(p->error, p->size, "%.*s: not a descriptor, which are 0 to 9",
			 (int)(p->lexer.len < 30 ? p->lexer.len : 30), p->lexer.start);
		return PARSED_WRONG;
	}
	if (op == TOKEN_DUP && is_descriptor(&p->lexer)) {
		add_redirect(c, fd < 0 ? 1 : fd, 0, *p->lexer.start - '0', NULL);
	} else {
		add_redirect(c,
			     fd >= 0		? fd
			     : op == TOKEN_FROM ? 0
						: 1,
			     flags, -1, &p->lexer);
		if (op == TOKEN_BOTH || op == TOKEN_DUP)
			add_redirect(c, 2, 0, 1, NULL);
	}
	return PARSED;
}

/* The word in front of a command: "@SET" or "!", also as "!COMMAND". */
static bool take_place(struct parser *p, struct bpshell_command *c)
{
	const char *word = p->lexer.start;

	if (*word == '@' && p->lexer.len > 1) {
		c->where = WHERE_NODES;
		c->set = copy(word + 1, p->lexer.len - 1);
	} else if (*word == '!') {
		c->where = WHERE_HERE;
		/* what stands behind it is the next word */
		p->lexer.at = word + 1;
	} else {
		return false;
	}
	next(p, false);
	return true;
}

/*
 * What in sh is no program, but would be looked for as one here. Those who mean a program
 * of that name quote it.
 */
static enum bpshell_parsed refuse_language(struct parser *p)
{
	static const char *const words[] = { "if",     "then",	   "elif", "else",
					     "fi",     "for",	   "do",   "done",
					     "while",  "until",	   "case", "esac",
					     "select", "function", "{",	   "}",
					     "[[" };
	const char *s = p->lexer.start;
	size_t len = p->lexer.len, i, n = 0;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && !memcmp(words[i], s, len))
			return not_here(p, s, len);
	while (n < len && (isalpha((unsigned char)s[n]) || s[n] == '_' ||
			   (n && isdigit((unsigned char)s[n]))))
		n++;
	if (!n || n == len || s[n] != '=')
		return PARSED;
	snprintf(p->error, p->size, "%.*s: variables are set by 'export NAME=VALUE'",
		 (int)(n < 30 ? n : 30), s);
	return PARSED_WRONG;
}

static bool is_redirection(enum bpshell_token t)
{
	return t >= TOKEN_FROM;
}

static enum bpshell_parsed parse_command(struct parser *p, struct bpshell_command *c)
{
	enum bpshell_parsed ret;

	if (p->token == TOKEN_WORD)
		take_place(p, c);
	for (;; next(p, false)) {
		if (p->token == TOKEN_WORD) {
			ret = c->words || c->set ? PARSED : refuse_language(p);
			if (ret != PARSED)
				return ret;
			c->word = grow(c->word, &c->words, sizeof(*c->word));
			c->word[c->words - 1] = copy(p->lexer.start, p->lexer.len);
		} else if (is_redirection(p->token)) {
			ret = parse_redirect(p, c);
			if (ret != PARSED)
				return ret;
		} else {
			break;
		}
	}
	/* "@SET" alone says which nodes these are */
	if (p->token == TOKEN_MORE || p->token == TOKEN_WRONG || (!c->words && !c->set))
		return wrong(p);
	return PARSED;
}

static void skip_line_ends(struct parser *p)
{
	while (p->token == TOKEN_SEPARATOR && *p->lexer.start == '\n')
		next(p, true);
}

static enum bpshell_parsed parse_pipeline(struct parser *p, enum bpshell_when when)
{
	struct bpshell_pipeline *line;
	const char *begin = p->lexer.start;
	enum bpshell_parsed ret;

	p->list->pipeline = grow(p->list->pipeline, &p->list->pipelines, sizeof(*line));
	line = &p->list->pipeline[p->list->pipelines - 1];
	line->when = when;
	for (;;) {
		line->command =
			grow(line->command, &line->commands, sizeof(*line->command));
		ret = parse_command(p, &line->command[line->commands - 1]);
		if (ret != PARSED)
			return ret;
		if (p->token != TOKEN_PIPE)
			break;
		next(p, true);
		skip_line_ends(p);
		if (p->token == TOKEN_END)
			return PARSED_MORE;
	}
	line->background = p->token == TOKEN_BACKGROUND;
	line->text = copy_text(begin, p->lexer.start);
	return PARSED;
}

/*
 * As in sh all of "a && b &" is in the background: it becomes one command, which does
 * this list in a process of its own. @first: of its pipelines, which begin at @begin.
 */
static void put_in_background(struct parser *p, int first, const char *begin)
{
	struct bpshell_list *list = p->list, *part;
	struct bpshell_pipeline *line;
	int i, n = 0;

	part = grow(NULL, &n, sizeof(*part));
	list->pipeline[list->pipelines - 1].background = false;
	for (i = first; i < list->pipelines; i++) {
		part->pipeline = grow(part->pipeline, &part->pipelines, sizeof(*line));
		part->pipeline[part->pipelines - 1] = list->pipeline[i];
	}
	list->pipelines = first;
	list->pipeline = grow(list->pipeline, &list->pipelines, sizeof(*line));
	line = &list->pipeline[first];
	line->command = grow(NULL, &line->commands, sizeof(*line->command));
	line->command->list = part;
	line->background = true;
	line->text = copy_text(begin, p->lexer.start);
}

static enum bpshell_parsed parse_list(struct parser *p)
{
	enum bpshell_when when = WHEN_ALWAYS;
	enum bpshell_parsed ret;
	const char *begin = NULL;
	int first = 0;

	next(p, true);
	for (;;) {
		while (p->token == TOKEN_SEPARATOR) {
			/* ";" alone is none, as in sh */
			if (*p->lexer.start == ';' &&
			    (when != WHEN_ALWAYS || !p->list->pipelines))
				return wrong(p);
			next(p, true);
		}
		if (p->token == TOKEN_END)
			return when == WHEN_ALWAYS ? PARSED : PARSED_MORE;
		if (when == WHEN_ALWAYS) {
			first = p->list->pipelines;
			begin = p->lexer.start;
		}
		ret = parse_pipeline(p, when);
		if (ret != PARSED)
			return ret;
		if (p->token == TOKEN_BACKGROUND && when != WHEN_ALWAYS)
			put_in_background(p, first, begin);
		when = WHEN_ALWAYS;
		if (p->token == TOKEN_AND)
			when = WHEN_SUCCESS;
		else if (p->token == TOKEN_OR)
			when = WHEN_FAILURE;
		else if (p->token == TOKEN_END)
			return PARSED;
		next(p, true);
	}
}

enum bpshell_parsed bpshell_parse(struct bpshell_list *list, const char *text,
				  char *error, size_t size)
{
	struct parser p = { .text = text, .list = list, .error = error, .size = size };
	enum bpshell_parsed ret;

	memset(list, 0, sizeof(*list));
	bpshell_lex_begin(&p.lexer, text);
	ret = parse_list(&p);
	if (ret != PARSED)
		bpshell_list_free(list);
	return ret;
}
