// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <readline/readline.h>
#include "bpshell_jobs.h"
#include "bpshell_complete.h"
#include "bpshell_lex.h"

/* --- where we are --- */

/* Built-ins and what their arguments are, from the first on; the last one repeats. */
static const struct {
	const char *name;
	enum bpshell_completion argument[2];
} arguments[] = {
	{ "use", { COMPLETE_PLAIN_SET, COMPLETE_NOTHING } },
	{ "nodes", { COMPLETE_PLAIN_SET, COMPLETE_PLAIN_SET } },
	{ "ps", { COMPLETE_PLAIN_SET, COMPLETE_NOTHING } },
	{ "state", { COMPLETE_PLAIN_SET, COMPLETE_STATE } },
	{ "chmod", { COMPLETE_NOTHING, COMPLETE_PLAIN_SET } },
	{ "chown", { COMPLETE_NOTHING, COMPLETE_PLAIN_SET } },
	{ "chgrp", { COMPLETE_NOTHING, COMPLETE_PLAIN_SET } },
	{ "setfacl", { COMPLETE_NOTHING, COMPLETE_PLAIN_SET } },
	{ "chroot", { COMPLETE_FILE, COMPLETE_PLAIN_SET } },
	{ "reboot", { COMPLETE_PLAIN_SET, COMPLETE_PLAIN_SET } },
	{ "halt", { COMPLETE_PLAIN_SET, COMPLETE_PLAIN_SET } },
	{ "pwroff", { COMPLETE_PLAIN_SET, COMPLETE_PLAIN_SET } },
	{ "fg", { COMPLETE_JOB, COMPLETE_NOTHING } },
	{ "bg", { COMPLETE_JOB, COMPLETE_NOTHING } },
	{ "wait", { COMPLETE_JOB, COMPLETE_JOB } },
	{ "kill", { COMPLETE_PID, COMPLETE_PID } },
	{ "move", { COMPLETE_PROCESS, COMPLETE_PLAIN_SET } },
	{ "top", { COMPLETE_PLAIN_SET, COMPLETE_NOTHING } },
	{ "dump", { COMPLETE_PROCESS, COMPLETE_FILE } },
	{ "drain", { COMPLETE_PLAIN_SET, COMPLETE_PLAIN_SET } },
	{ "help", { COMPLETE_BUILTIN, COMPLETE_NOTHING } },
	{ "watch", { COMPLETE_COMMAND, COMPLETE_FILE } },
};

static enum bpshell_completion argument_of(const char *name, size_t len, int index)
{
	size_t i;

	for (i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		if (strlen(arguments[i].name) == len &&
		    !memcmp(arguments[i].name, name, len))
			return arguments[i].argument[index > 1];
	return COMPLETE_FILE;
}

/* What has been read of a command. */
struct place {
	bool command; /* the next word is its first */
	bool placed;  /* @SET or ! was there */
	bool piped;
	const char *name; /* a built-in, perhaps */
	size_t len;
	int words;
};

static void take_word(struct place *at, const struct bpshell_lexer *l)
{
	if (at->command && !at->placed && (*l->start == '@' || *l->start == '!')) {
		at->placed = true;
		/* "!ls" is a command already */
		if (*l->start == '@' || l->len == 1)
			return;
	}
	/* options between @SET and the command */
	if (at->command && at->placed && *l->start == '-')
		return;
	if (at->command && !at->placed && !at->piped) {
		at->name = l->start;
		at->len = l->len;
	}
	at->command = false;
	/* an option of a built-in does not count */
	if (*l->start != '-')
		at->words++;
}

static enum bpshell_completion judge(const struct place *at, const char *word)
{
	if (at->command && !at->placed && *word == '@')
		return COMPLETE_SET;
	if (at->command)
		return at->placed || at->piped || *word == '!' ? COMPLETE_PROGRAM
							       : COMPLETE_COMMAND;
	if (!at->name)
		return COMPLETE_FILE;
	if (*word == '%')
		return COMPLETE_JOB;
	return argument_of(at->name, at->len, at->words);
}

enum bpshell_completion bpshell_completion(const char *line, size_t point)
{
	char *text = strndup(line, point);
	struct place at = { .command = true };
	enum bpshell_completion what = COMPLETE_NOTHING;
	struct bpshell_lexer l;
	enum bpshell_token t;
	bool file = false;

	if (!text)
		return what;
	bpshell_lex_begin(&l, text);
	for (;;) {
		t = bpshell_lex(&l, at.command);
		if (t == TOKEN_END || t == TOKEN_MORE || t == TOKEN_WRONG) {
			/* a new word, or one with an open quotation mark */
			what = t == TOKEN_WRONG || file ? COMPLETE_FILE
							: judge(&at, l.at);
			break;
		}
		if (t == TOKEN_WORD && l.at == text + point) {
			what = file ? COMPLETE_FILE : judge(&at, l.start);
			break;
		}
		if (t == TOKEN_WORD && !file)
			take_word(&at, &l);
		else if (t < TOKEN_FROM && t != TOKEN_WORD)
			at = (struct place){ .command = true, .piped = t == TOKEN_PIPE };
		file = t >= TOKEN_FROM;
	}
	free(text);
	return what;
}

size_t bpshell_set_prefix(const char *text)
{
	const char *p, *start = text;

	/* the @ of a command, not that of a group */
	for (p = text; *p; p++)
		if (strchr(",!&^", *p) || (*p == '@' && p == text))
			start = p + 1;
	return (size_t)(start - text);
}

/* --- candidates --- */

struct candidates {
	char **text;
	size_t n, next;
};

static struct candidates found;

static void forget(void)
{
	while (found.n)
		free(found.text[--found.n]);
	found.next = 0;
}

/* @prefix @name, if it begins as @text does. */
static void offer(const char *text, const char *prefix, size_t len, const char *name)
{
	char **more, *whole;

	if (asprintf(&whole, "%.*s%s", (int)len, prefix, name) < 0)
		return;
	more = strncmp(whole, text, strlen(text))
		       ? NULL
		       : realloc(found.text, (found.n + 1) * sizeof(*more));
	if (!more) {
		free(whole);
		return;
	}
	found.text = more;
	more[found.n++] = whole;
}

static void offer_builtins(const char *text)
{
	const struct bpshell_builtin *b;

	for (b = bpshell_builtins; b->name; b++)
		offer(text, "", 0, b->name);
}

static void offer_directory(const char *text, const char *dir, size_t len)
{
	char name[4096];
	struct dirent *e;
	struct stat st;
	DIR *d;

	snprintf(name, sizeof(name), "%.*s", (int)len, dir);
	d = opendir(len ? name : ".");
	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, text, strlen(text)) &&
		    !faccessat(dirfd(d), e->d_name, X_OK, 0) &&
		    !fstatat(dirfd(d), e->d_name, &st, 0) && S_ISREG(st.st_mode))
			offer(text, "", 0, e->d_name);
	if (d)
		closedir(d);
}

static void offer_programs(const char *text)
{
	const char *path = getenv("PATH"), *end;

	/* all of them would help nobody */
	if (!*text)
		return;
	for (; path; path = *end ? end + 1 : NULL) {
		end = strchrnul(path, ':');
		offer_directory(text, path, (size_t)(end - path));
	}
}

static void offer_set(const char *text)
{
	static const char *const usual[] = { "all",  "up",    "down",
					     "boot", "error", "master" };
	const struct bproc_node_set_t *nodes = bpshell_notice_nodes();
	size_t prefix = bpshell_set_prefix(text), i;
	char *groups = NULL, *g, number[16];
	int n;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		offer(text, text, prefix, usual[i]);
	for (n = 0; n < nodes->size; n++) {
		/* states of their own */
		offer(text, text, prefix, nodes->node[n].status);
		snprintf(number, sizeof(number), "%d", nodes->node[n].node);
		if (text[prefix])
			offer(text, text, prefix, number);
	}
	if (bproc_grouplist(&groups))
		return;
	for (g = groups; *g; g += strlen(g) + 1) {
		char name[256];

		snprintf(name, sizeof(name), "%s%s", text[prefix] == '@' ? "@" : "", g);
		offer(text, text, prefix, name);
	}
	free(groups);
}

static void offer_states(const char *text)
{
	static const char *const usual[] = { "up", "down", "boot", "error",
					     "unavailable" };
	size_t i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		offer(text, "", 0, usual[i]);
}

static void offer_pids(const char *text)
{
	struct bproc_proc_info_t *list;
	int i, n = bproc_proclist(BPROC_NODE_ANY, &list);
	char number[16];

	for (i = 0; i < n; i++) {
		snprintf(number, sizeof(number), "%d", list[i].pid);
		offer(text, "", 0, number);
	}
	if (n >= 0)
		free(list);
}

static struct bpshell *of_shell;

static void offer_jobs(const char *text)
{
	const struct bpshell_job *job;
	char name[16];

	for (job = of_shell ? of_shell->job : NULL; job; job = job->next) {
		snprintf(name, sizeof(name), "%%%d", job->id);
		offer(text, "", 0, name);
	}
}

/* --- readline --- */

/* readline wants them one by one, and frees them. */
static char *next_candidate(const char *text, int state)
{
	char *candidate;

	(void)text;
	if (!state)
		found.next = 0;
	if (found.next == found.n)
		return NULL;
	candidate = found.text[found.next];
	found.text[found.next++] = NULL;
	return candidate;
}

static void offer_all(enum bpshell_completion what, const char *text)
{
	switch (what) {
	case COMPLETE_COMMAND:
		offer_builtins(text);
		/* fall through */
	case COMPLETE_PROGRAM:
		offer_programs(text);
		break;
	case COMPLETE_BUILTIN:
		offer_builtins(text);
		break;
	case COMPLETE_SET:
	case COMPLETE_PLAIN_SET:
		offer_set(text);
		rl_completion_suppress_append = 1;
		break;
	case COMPLETE_STATE:
		offer_states(text);
		break;
	case COMPLETE_PROCESS:
		offer_pids(text);
		break;
	case COMPLETE_PID:
		offer_pids(text);
		/* fall through */
	case COMPLETE_JOB:
		offer_jobs(text);
		break;
	default:
		break;
	}
}

static char **complete(const char *text, int start, int end)
{
	enum bpshell_completion what = bpshell_completion(rl_line_buffer, (size_t)end);

	(void)start;
	forget();
	/* files only where they belong */
	rl_attempted_completion_over = what != COMPLETE_FILE;
	if ((what == COMPLETE_COMMAND || what == COMPLETE_PROGRAM) && strchr(text, '/'))
		rl_attempted_completion_over = 0;
	else
		offer_all(what, text);
	return found.n ? rl_completion_matches(text, next_candidate) : NULL;
}

/* "!ls" is "!" and a word; in a set "!" stands in the midst. */
static char *word_breaks(void)
{
	static char breaks[] = " \t\n|;<>()\"'", with_mark[] = " \t\n|;<>()\"'!";
	int begin = rl_point;

	while (begin && !strchr(breaks, rl_line_buffer[begin - 1]))
		begin--;
	return rl_line_buffer[begin] == '!' ? with_mark : breaks;
}

#define SPECIAL " \t\n\"'\\|&;<>()$*?[#`"

char *bpshell_quote(const char *name)
{
	char *word = malloc(3 * strlen(name) + 1), *to = word;

	for (; word && *name; name++) {
		/* \ in front of it would take the end of the line away */
		if (*name == '\n') {
			to = stpcpy(to, "'\n'");
			continue;
		}
		if (strchr(SPECIAL, *name))
			*to++ = '\\';
		*to++ = *name;
	}
	if (word)
		*to = 0;
	return word;
}

/* A quotation mark that was typed in front is not needed then. */
static char *quote(char *name, int matches, char *mark)
{
	(void)matches;
	if (mark)
		*mark = 0;
	return bpshell_quote(name);
}

static char *unquote(char *word, int mark)
{
	char *name = strdup(word), *to = name;

	for (; name && *word; word++) {
		if (*word == '\\' && mark != '\'' && word[1])
			word++;
		*to++ = *word;
	}
	if (name)
		*to = 0;
	return name;
}

static int is_quoted(char *line, int at)
{
	int n = 0;

	while (n < at && line[at - n - 1] == '\\')
		n++;
	return n % 2;
}

void bpshell_complete_init(struct bpshell *sh)
{
	of_shell = sh;
	rl_attempted_completion_function = complete;
	rl_completion_word_break_hook = word_breaks;
	rl_completer_quote_characters = "\"'";
	rl_filename_quote_characters = SPECIAL;
	rl_filename_quoting_function = quote;
	rl_filename_dequoting_function = unquote;
	rl_char_is_quoted_p = is_quoted;
}
