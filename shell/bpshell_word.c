// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bpshell_word.h"

pid_t bpshell_pid;

/* Two versions of a word: as it is, and as a pattern, with \ before what was quoted. */
struct expansion {
	char *text, *pattern;
	size_t len, pattern_len, size;
	bool has_pattern;
	bool failed;
};

static void add(struct expansion *e, const char *s, size_t len, bool quoted)
{
	size_t need = e->len + len + 1, i;

	if (need > e->size) {
		char *text, *pattern;

		need *= 2;
		text = realloc(e->text, need);
		if (text)
			e->text = text;
		pattern = realloc(e->pattern, 2 * need);
		if (pattern)
			e->pattern = pattern;
		if (!text || !pattern) {
			perror("bpshell");
			exit(1);
		}
		e->size = need;
	}
	if (len)
		memcpy(e->text + e->len, s, len);
	e->len += len;
	e->text[e->len] = 0;
	for (i = 0; i < len; i++) {
		if (quoted && strchr("*?[]\\", s[i]))
			e->pattern[e->pattern_len++] = '\\';
		else if (!quoted && strchr("*?[", s[i]))
			e->has_pattern = true;
		e->pattern[e->pattern_len++] = s[i];
	}
	e->pattern[e->pattern_len] = 0;
}

static const char *refuse(struct expansion *e, const char *what)
{
	fprintf(stderr, "bpshell: %s: not in this shell; !sh -c '...' has it\n", what);
	e->failed = true;
	return NULL;
}

/* At '$'; what follows the variable, or NULL. */
static const char *variable(struct expansion *e, const char *s, int status)
{
	char number[16], *name;
	const char *end, *value;
	bool braces;

	s++;
	if (*s == '?' || *s == '$') {
		snprintf(number, sizeof(number), "%d",
			 *s == '?' ? status : (int)bpshell_pid);
		add(e, number, strlen(number), true);
		return s + 1;
	}
	if (*s == '(')
		return refuse(e, "$(...)");
	braces = *s == '{';
	s += braces;
	for (end = s; isalnum((unsigned char)*end) || *end == '_'; end++)
		;
	if (braces && (*end != '}' || end == s))
		return refuse(e, "${...} with more than a name");
	if (end == s) {
		add(e, "$", 1, true);
		return s;
	}
	name = strndup(s, (size_t)(end - s));
	value = name ? getenv(name) : NULL;
	free(name);
	if (value)
		add(e, value, strlen(value), true);
	return end + braces;
}

static const char *double_quoted(struct expansion *e, const char *s, int status)
{
	while (s && *s && *s != '"') {
		if (*s == '\\' && s[1] && strchr("\"\\$`\n", s[1])) {
			if (s[1] != '\n')
				add(e, s + 1, 1, true);
			s += 2;
		} else if (*s == '$') {
			s = variable(e, s, status);
		} else if (*s == '`') {
			s = refuse(e, "`...`");
		} else {
			add(e, s++, 1, true);
		}
	}
	return s ? s + 1 : NULL;
}

static void expand(struct expansion *e, const char *s, int status)
{
	const char *home = getenv("HOME"), *end;

	memset(e, 0, sizeof(*e));
	add(e, "", 0, true);
	if (*s == '~' && (!s[1] || s[1] == '/') && home) {
		add(e, home, strlen(home), true);
		s++;
	}
	while (s && *s) {
		switch (*s) {
		case '\'':
			end = strchrnul(s + 1, '\'');
			add(e, s + 1, (size_t)(end - s - 1), true);
			s = end + (*end != 0);
			break;
		case '"':
			s = double_quoted(e, s + 1, status);
			break;
		case '\\':
			if (s[1] && s[1] != '\n')
				add(e, s + 1, 1, true);
			s += s[1] ? 2 : 1;
			break;
		case '$':
			s = variable(e, s, status);
			break;
		case '`':
			s = refuse(e, "`...`");
			break;
		default:
			add(e, s++, 1, false);
		}
	}
}

char *bpshell_expand(const char *word, int status)
{
	struct expansion e;

	expand(&e, word, status);
	free(e.pattern);
	if (!e.failed)
		return e.text;
	free(e.text);
	return NULL;
}

static char **append(char **list, size_t *n, const char *text)
{
	char **more = realloc(list, (*n + 2) * sizeof(*more));

	if (!more || !(more[*n] = strdup(text))) {
		perror("bpshell");
		exit(1);
	}
	more[++*n] = NULL;
	return more;
}

char **bpshell_expand_all(char *const *word, int words, int status, bool files)
{
	char **list = calloc(1, sizeof(*list));
	struct expansion e;
	size_t n = 0, j;
	glob_t found;
	int i;

	for (i = 0; list && i < words; i++) {
		expand(&e, word[i], status);
		if (e.failed) {
			bpshell_free_words(list);
			list = NULL;
		} else if (files && e.has_pattern && !glob(e.pattern, 0, NULL, &found)) {
			for (j = 0; j < found.gl_pathc; j++)
				list = append(list, &n, found.gl_pathv[j]);
			globfree(&found);
		} else if (e.len || strpbrk(word[i], "'\"")) {
			/* as in sh a pattern that fits nothing stays, and a variable of
			 * nothing does not */
			list = append(list, &n, e.text);
		}
		free(e.text);
		free(e.pattern);
	}
	return list;
}

void bpshell_free_words(char **word)
{
	int i;

	for (i = 0; word && word[i]; i++)
		free(word[i]);
	free(word);
}
