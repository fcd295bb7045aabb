// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <readline/history.h>
#include "bpshell.h"
#include "json.h"

/* How many lines are kept. */
#define LINES_MAX 1000

static char *file;

/* Makes the directories on the way to @path's last part, for the user alone. */
static bool make_way(char *path)
{
	char *p;

	for (p = path + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		if (mkdir(path, 0700) && errno != EEXIST) {
			*p = '/';
			return false;
		}
		*p = '/';
	}
	return true;
}

/* The file's name in the state folder of the XDG base directories; NULL: no history. */
static char *find_file(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *name = NULL;
	int ret = -1, fd;

	if (state && *state == '/')
		ret = asprintf(&name, "%s/bpshell/history", state);
	else if (home && *home == '/')
		ret = asprintf(&name, "%s/.local/state/bpshell/history", home);
	if (ret < 0)
		return NULL;
	/* What is typed may be secret: from its first byte on it is the user's. */
	fd = make_way(name) ? open(name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
			    : -1;
	if (fd < 0 || fchmod(fd, 0600)) {
		fprintf(stderr, "bpshell: %s: %m: what you type is not kept\n", name);
		free(name);
		name = NULL;
	}
	if (fd >= 0)
		close(fd);
	return name;
}

void bpshell_history_load(void)
{
	using_history();
	stifle_history(LINES_MAX);
	/* With times in the file a line of several lines stays one. */
	history_comment_char = '#';
	history_write_timestamps = 1;
	file = find_file();
	if (file)
		read_history(file);
}

static bool is_blank(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return !*s;
}

void bpshell_history_add(const char *line)
{
	HIST_ENTRY *last =
		history_length ? history_get(history_base + history_length - 1) : NULL;

	/* as in bash: a blank in front keeps a line out */
	if (is_blank(line) || *line == ' ' || (last && !strcmp(last->line, line)))
		return;
	add_history(line);
	/* At once: another shell of the user adds to the same file. */
	if (file)
		append_history(1, file);
}

void bpshell_history_save(void)
{
	if (!file)
		return;
	history_truncate_file(file, LINES_MAX);
	chmod(file, 0600);
	free(file);
	file = NULL;
}

/* The time is known of what was typed in this shell, or is in the file. */
static void print_json(int number, HIST_ENTRY *entry, bool first)
{
	time_t when = history_get_time(entry);

	printf("%s\n  {\"number\": %d, ", first ? "" : ",", number);
	if (when)
		printf("\"time\": %lld, ", (long long)when);
	json_member("command", entry->line);
	putchar('}');
}

int bpshell_history(struct bpshell *sh, int argc, char **argv)
{
	bool json = argc > 1 && (!strcmp(argv[1], "--json") || !strcmp(argv[1], "-j"));
	const char *last = argc > 1 + json ? argv[1 + json] : NULL;
	int i, first = 0;

	(void)sh;
	if (argc == 2 && !strcmp(argv[1], "-c")) {
		clear_history();
		if (file)
			write_history(file);
		return 0;
	}
	if (argc > 2 + json || (last && !isdigit((unsigned char)*last)))
		return bpshell_usage("history");
	if (last)
		first = history_length - atoi(last);
	if (first < 0)
		first = 0;
	if (json)
		printf("[");
	for (i = first; i < history_length; i++) {
		HIST_ENTRY *entry = history_get(i + history_base);

		if (json)
			print_json(i + history_base, entry, i == first);
		else
			printf("%5d  %s\n", i + history_base, entry->line);
	}
	if (json)
		printf("%s]\n", i > first ? "\n" : "");
	return 0;
}
