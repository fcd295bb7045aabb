// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"
#include "groups.h"

#define SYSTEM_FILE "/etc/bproc/groups"
/* $BPROC_GROUPS alone, or the user's file in front of the system's. */
#define FILES_MAX 2

static int find_files(char *file[FILES_MAX])
{
	const char *only = secure_getenv("BPROC_GROUPS");
	const char *config = secure_getenv("XDG_CONFIG_HOME");
	const char *home = secure_getenv("HOME");
	int n = 0, ret = 0;

	if (only) {
		file[n++] = strdup(only);
		return n;
	}
	if (config && *config == '/')
		ret = asprintf(&file[n++], "%s/bproc/groups", config);
	else if (home)
		ret = asprintf(&file[n++], "%s/.config/bproc/groups", home);
	if (ret < 0)
		n--;
	file[n++] = strdup(SYSTEM_FILE);
	return n;
}

/*
 * "NAME: SET", with # for comments. Cuts @line up; false if there is no group in it.
 * Where the set ends does not matter to whom it is for: it is trimmed.
 */
static bool parse_line(char *line, char **name, char **set)
{
	char *colon, *end;

	line[strcspn(line, "#\n")] = 0;
	while (isspace((unsigned char)*line))
		line++;
	colon = strchr(line, ':');
	if (!colon || colon == line)
		return false;
	end = colon;
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	*end = 0;
	*name = line;
	*set = colon + 1;
	return *line != 0;
}

/* Calls @each for every group until that returns true. */
static bool for_each(bool (*each)(const char *name, const char *set, void *arg),
		     void *arg)
{
	char *file[FILES_MAX], *line = NULL, *name, *set;
	int i, n = find_files(file);
	bool done = false;
	size_t size = 0;

	for (i = 0; i < n; i++) {
		FILE *f = file[i] && !done ? fopen(file[i], "re") : NULL;

		while (f && !done && getline(&line, &size, f) > 0)
			done = parse_line(line, &name, &set) && each(name, set, arg);
		if (f)
			fclose(f);
		free(file[i]);
	}
	free(line);
	return done;
}

struct search {
	const char *name;
	size_t len;
	char *set;
};

static bool is_wanted(const char *name, const char *set, void *arg)
{
	struct search *s = arg;

	if (strlen(name) != s->len || memcmp(name, s->name, s->len))
		return false;
	s->set = strdup(set);
	return true;
}

char *nodegroup_find(const char *name, size_t len)
{
	struct search s = { .name = name, .len = len };

	if (!for_each(is_wanted, &s))
		errno = 0;
	return s.set;
}

struct list {
	char *text;
	size_t len;
	bool failed;
};

static bool add_name(const char *name, const char *set, void *arg)
{
	struct list *l = arg;
	size_t len = strlen(name) + 1;
	char *text, *p;

	(void)set;
	for (p = l->text; p && *p; p += strlen(p) + 1)
		if (!strcmp(p, name))
			return false;
	text = realloc(l->text, l->len + len + 1);
	if (!text) {
		l->failed = true;
		return true;
	}
	memcpy(text + l->len, name, len);
	l->text = text;
	l->len += len;
	text[l->len] = 0;
	return false;
}

int bproc_grouplist(char **list)
{
	struct list l = { .text = calloc(1, 1) };

	if (l.text)
		for_each(add_name, &l);
	if (!l.text || l.failed) {
		free(l.text);
		errno = ENOMEM;
		return -1;
	}
	*list = l.text;
	return 0;
}
