// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bpsh.h"
#include "bpshell_jobs.h"
#include "bpshell_parse.h"
#include "bpshell_word.h"
#include "ranges.h"

/* Of sh: found, but no program; not found. */
#define EXIT_NO_PROGRAM 126
#define EXIT_NOT_FOUND 127
/* Files that source files. */
#define DEPTH_MAX 32

int bpshell_nodes(struct bproc_node_set_t *set, const char *spec)
{
	int n = bproc_nodespec(set, spec);

	if (n < 0)
		fprintf(stderr, "bpshell: @%s: %s\n", spec,
			errno == EINVAL && *spec == '@' ? "no such group"
			: errno == EINVAL		? "not a set of nodes"
							: bproc_strerror(errno));
	return n;
}

void bpshell_say_none(const char *spec)
{
	static const char *const states[] = { "up", "down", "boot", "error",
					      "unavailable" };
	const char *why = "no such node";
	size_t i, digits = strspn(spec + 1, "0123456789");

	/* "n3" is a number, too */
	if (isalpha((unsigned char)*spec) && !spec[strcspn(spec, ",!&^@")] &&
	    !(*spec == 'n' && digits && !spec[1 + digits])) {
		why = "no such group, and no node in such a state";
		for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
			if (!strcmp(states[i], spec))
				why = "no node in that state now";
	}
	fprintf(stderr, "bpshell: @%s: %s\n", spec, why);
}

/* --- a command in a process of its own --- */

/* How a command on nodes runs: the options between @SET and it. */
struct placing {
	bool fold, labels, input, no_input, pty;
};

/* One of them, by its letter; false: there is none. */
static bool set_placing(struct placing *p, char option)
{
	switch (option) {
	case 'b':
		p->fold = true;
		return true;
	case 'l':
		p->fold = false;
		return true;
	case 'N':
		p->labels = false;
		return true;
	case 'i':
		p->input = true;
		return true;
	case 'n':
		p->no_input = true;
		return true;
	case 'T':
		p->pty = true;
		return true;
	}
	return false;
}

/* The letter of a long option, 0: there is none. */
static char placing_letter(const char *name)
{
	static const struct {
		const char *name;
		char letter;
	} names[] = { { "fold", 'b' },	{ "live", 'l' },     { "no-labels", 'N' },
		      { "input", 'i' }, { "no-input", 'n' }, { "pty", 'T' } };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, name))
			return names[i].letter;
	return 0;
}

/* Options up to the first other word; its index, -1 after it was said what is wrong. */
static int parse_placing(struct placing *p, char *const *word)
{
	const char *o;
	bool known;
	int i;

	for (i = 0; word[i] && word[i][0] == '-' && word[i][1]; i++) {
		if (!strcmp(word[i], "--"))
			return i + 1;
		known = true;
		if (word[i][1] == '-')
			known = set_placing(p, placing_letter(word[i] + 2));
		for (o = word[i] + 1; word[i][1] != '-' && known && *o; o++)
			known = set_placing(p, *o);
		if (!known) {
			fprintf(stderr,
				"bpshell: %s: options for nodes are -b (--fold), "
				"-l (--live), -N (--no-labels), -i (--input), "
				"-n (--no-input), -T (--pty)\n",
				word[i]);
			return -1;
		}
	}
	return i;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* "@SET" alone */
static int show_set(const struct bproc_node_set_t *set)
{
	int *node = calloc((size_t)set->size + 1, sizeof(*node)), i;
	char *text;

	for (i = 0; node && i < set->size; i++)
		node[i] = set->node[i].node;
	if (node)
		qsort(node, (size_t)set->size, sizeof(*node), by_number);
	text = node ? node_ranges(node, set->size) : NULL;
	if (set->size && text)
		printf("%s (%d)\n", text, set->size);
	free(text);
	free(node);
	return set->size ? 0 : 1;
}

static int run_on_nodes(struct bpshell *sh, const char *spec, char **word,
			bool background)
{
	struct placing p = { .fold = sh->fold, .labels = true };
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int first = parse_placing(&p, word), n, argc = 0, i;
	char **argv;

	if (first < 0)
		return EXIT_USAGE;
	n = bpshell_nodes(&set, spec);
	if (n < 0)
		return 1;
	if (!word[first])
		return show_set(&set);
	bproc_nodeset_free(&set);
	if (!n) {
		bpshell_say_none(spec);
		return 1;
	}
	for (i = first; word[i]; i++)
		;
	argv = calloc((size_t)i + 8, sizeof(*argv));
	if (!argv) {
		perror("bpshell");
		return 1;
	}
	argv[argc++] = "bpsh";
	if (p.pty) {
		argv[argc++] = "--pty";
	} else {
		argv[argc++] = "-rP";
		if (p.fold)
			argv[argc++] = "-f";
		if (p.labels)
			argv[argc++] = "-p";
		else
			argv[argc++] = "-L";
		/* What was typed ahead is for the shell, unless one node is meant. */
		if (p.no_input || background ||
		    (!p.input && n > 1 && isatty(STDIN_FILENO)))
			argv[argc++] = "-n";
	}
	argv[argc++] = (char *)spec;
	for (i = first; word[i]; i++)
		argv[argc++] = word[i];
	optind = 0;
	return bpsh_command(argc, argv);
}

static int run_here(char **word)
{
	struct stat st;

	execvp(word[0], word);
	if (errno == ENOENT && !strchr(word[0], '/')) {
		fprintf(stderr, "bpshell: %s: command not found\n", word[0]);
		return EXIT_NOT_FOUND;
	}
	if (!stat(word[0], &st) && S_ISDIR(st.st_mode))
		errno = EISDIR;
	fprintf(stderr, "bpshell: %s: %m\n", word[0]);
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NO_PROGRAM;
}

/* One redirection, in the process that it is for; false after it was said why not. */
static bool redirect(const struct bpshell_redirect *r, int status)
{
	char *name;
	int fd;

	if (!r->target) {
		if (dup2(r->from, r->fd) >= 0)
			return true;
		fprintf(stderr, "bpshell: %d: %m\n", r->from);
		return false;
	}
	name = bpshell_expand(r->target, status);
	if (!name)
		return false;
	fd = open(name, r->flags | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0)
		fprintf(stderr, "bpshell: %s: %m\n", name);
	free(name);
	if (fd == r->fd)
		return fcntl(fd, F_SETFD, 0) >= 0;
	if (fd >= 0) {
		dup2(fd, r->fd);
		close(fd);
	}
	return fd >= 0;
}

static bool redirects_input(const struct bpshell_command *c)
{
	int i;

	for (i = 0; i < c->redirects; i++)
		if (c->redirect[i].fd == 0)
			return true;
	return false;
}

static void default_signals(void)
{
	static const int ours[] = { SIGINT,  SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU,
				    SIGCHLD, SIGHUP,  SIGTERM, SIGWINCH };
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		signal(ours[i], SIG_DFL);
}

/* @builtin: what its first word is; NULL: a program */
static int run_command(struct bpshell *sh, const struct bpshell_command *c, bool first,
		       const struct bpshell_builtin *builtin, bool background)
{
	bool here = c->where == WHERE_HERE || (c->where == WHERE_DEFAULT && !first);
	char **word = bpshell_expand_all(c->word, c->words, sh->status, here);
	char *set;
	int n;

	if (!word)
		return EXIT_USAGE;
	if (builtin) {
		for (n = 0; word[n]; n++)
			;
		optind = 0;
		n = builtin->run(sh, n, word);
		/* the others end with their process */
		if (builtin->in_shell)
			bpshell_free_words(word);
		return n;
	}
	if (here)
		return word[0] ? run_here(word) : 0;
	if (c->where == WHERE_DEFAULT)
		return run_on_nodes(sh, sh->set, word, background);
	set = bpshell_expand(c->set, sh->status);
	return set ? run_on_nodes(sh, set, word, background) : EXIT_USAGE;
}

struct plumbing {
	int in, out;	 /* -1: the shell's */
	int spare;	 /* the other end of a pipe, for the next process */
	pid_t pgrp;	 /* 0: a new one, of the child */
	bool group;	 /* there are groups */
	bool foreground; /* the group gets the terminal */
	bool first;
	bool background;
};

/* In the child. */
static void child(struct bpshell *sh, const struct bpshell_command *c,
		  const struct bpshell_builtin *builtin, const struct plumbing *p)
{
	int i, null, status;

	if (p->group) {
		setpgid(0, p->pgrp);
		if (p->foreground)
			tcsetpgrp(STDIN_FILENO, getpgrp());
	}
	default_signals();
	if (p->background && !p->group) {
		/* as in sh: what the terminal sends is not for it */
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
	}
	sh->interactive = false;
	if (p->in >= 0)
		dup2(p->in, STDIN_FILENO);
	if (p->out >= 0)
		dup2(p->out, STDOUT_FILENO);
	if (p->in < 0 && (p->background || sh->input_is_script) && !redirects_input(c)) {
		null = open("/dev/null", O_RDONLY);
		dup2(null, STDIN_FILENO);
		close(null);
	}
	if (p->in >= 0)
		close(p->in);
	if (p->out >= 0)
		close(p->out);
	if (p->spare >= 0)
		close(p->spare);
	for (i = 0; i < c->redirects; i++)
		if (!redirect(&c->redirect[i], sh->status))
			_exit(1);
	status = run_command(sh, c, p->first, builtin, p->background);
	if (fflush(stdout) && !status) {
		fprintf(stderr, "bpshell: standard output: %m\n");
		status = 1;
	}
	_exit(status);
}

/* --- pipelines --- */

/* What the command's first word is, if it may be a built-in. */
static const struct bpshell_builtin *
find_builtin(const struct bpshell *sh, const struct bpshell_command *c, bool first)
{
	const struct bpshell_builtin *b;
	char *name;

	if (c->where != WHERE_DEFAULT || !first || !c->words)
		return NULL;
	name = bpshell_expand(c->word[0], sh->status);
	b = name ? bpshell_builtin(name) : NULL;
	free(name);
	return b;
}

static int start(struct bpshell *sh, struct bpshell_job *job,
		 const struct bpshell_pipeline *line)
{
	struct plumbing p = { .in = -1, .group = sh->interactive };
	int i, ends[2];
	pid_t pid;

	p.foreground = sh->interactive && !line->background;
	p.background = line->background;
	for (i = 0; i < line->commands; i++) {
		const struct bpshell_command *c = &line->command[i];

		ends[0] = ends[1] = -1;
		if (i + 1 < line->commands && pipe2(ends, O_CLOEXEC)) {
			perror("bpshell");
			break;
		}
		p.out = ends[1];
		p.spare = ends[0];
		p.first = i == 0;
		fflush(NULL);
		pid = fork();
		if (!pid)
			child(sh, c, find_builtin(sh, c, i == 0), &p);
		if (pid > 0) {
			if (p.group) {
				/* Both do it, so that neither comes too late. */
				setpgid(pid, p.pgrp);
				if (!p.pgrp)
					p.pgrp = job->pgrp = pid;
				if (p.foreground)
					tcsetpgrp(STDIN_FILENO, p.pgrp);
			}
			bpshell_job_add(job, pid);
		}
		if (p.in >= 0)
			close(p.in);
		if (ends[1] >= 0)
			close(ends[1]);
		p.in = ends[0];
		if (pid < 0) {
			perror("bpshell: fork");
			break;
		}
	}
	if (p.in >= 0)
		close(p.in);
	return job->processes ? 0 : -1;
}

/* A built-in of the shell itself, with its redirections for its time. */
static int run_in_shell(struct bpshell *sh, const struct bpshell_command *c,
			const struct bpshell_builtin *builtin)
{
	int saved[10], i, ret = 0;

	fflush(stdout);
	for (i = 0; i < 10; i++)
		saved[i] = -1;
	for (i = 0; i < c->redirects && !ret; i++) {
		int fd = c->redirect[i].fd;

		if (saved[fd] < 0)
			saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		if (!redirect(&c->redirect[i], sh->status))
			ret = 1;
	}
	if (!ret)
		ret = run_command(sh, c, true, builtin, false);
	fflush(stdout);
	for (i = 0; i < 10; i++)
		if (saved[i] >= 0) {
			dup2(saved[i], i);
			close(saved[i]);
		}
	return ret;
}

static void run_pipeline(struct bpshell *sh, const struct bpshell_pipeline *line)
{
	const struct bpshell_builtin *b = find_builtin(sh, &line->command[0], true);
	struct bpshell_job *job;

	if (line->commands == 1 && b && b->in_shell && !line->background) {
		sh->status = run_in_shell(sh, &line->command[0], b);
		return;
	}
	job = bpshell_job_new(sh, line->text, line->background);
	if (start(sh, job, line)) {
		bpshell_job_free(sh, job);
		sh->status = 1;
	} else if (line->background) {
		if (sh->interactive)
			fprintf(stderr, "[%d] %d\n", job->id,
				job->process[job->processes - 1].pid);
		sh->status = 0;
	} else {
		sh->status = bpshell_job_wait(sh, job);
	}
}

static bool is_due(const struct bpshell *sh, enum bpshell_when when)
{
	return when == WHEN_ALWAYS || (when == WHEN_SUCCESS) == !sh->status;
}

static void run_list(struct bpshell *sh, const struct bpshell_list *list)
{
	int i;

	for (i = 0; i < list->pipelines && !sh->done && !sh->interrupted; i++) {
		const struct bpshell_pipeline *line = &list->pipeline[i];

		if (!is_due(sh, line->when))
			continue;
		run_pipeline(sh, line);
		/* As in sh: what && and || ask for may fail. */
		if (sh->stop_on_error && sh->status &&
		    (i + 1 == list->pipelines || line[1].when == WHEN_ALWAYS))
			sh->done = true;
	}
}

/* --- texts --- */

void bpshell_run(struct bpshell *sh, const char *text)
{
	struct bpshell_list list;
	char error[80];

	sh->interrupted = false;
	switch (bpshell_parse(&list, text, error, sizeof(error))) {
	case PARSED:
		run_list(sh, &list);
		bpshell_list_free(&list);
		break;
	case PARSED_MORE:
		snprintf(error, sizeof(error), "unexpected end");
		/* fall through */
	case PARSED_WRONG:
		fprintf(stderr, "bpshell: %s\n", error);
		sh->status = EXIT_USAGE;
		if (sh->stop_on_error)
			sh->done = true;
	}
	if (!sh->interactive)
		bpshell_jobs_update(sh);
}

static bool is_complete(const char *text)
{
	struct bpshell_list list;
	char error[80];
	enum bpshell_parsed parsed = bpshell_parse(&list, text, error, sizeof(error));

	if (parsed == PARSED)
		bpshell_list_free(&list);
	return parsed != PARSED_MORE;
}

void bpshell_run_stream(struct bpshell *sh, FILE *f, const char *name)
{
	char *line = NULL, *text = NULL, *more;
	size_t size = 0, len = 0;
	ssize_t n;

	while (!sh->done && !sh->interrupted && (n = getline(&line, &size, f)) > 0) {
		more = realloc(text, len + (size_t)n + 1);
		if (!more) {
			perror("bpshell");
			exit(1);
		}
		text = more;
		memcpy(text + len, line, (size_t)n + 1);
		len += (size_t)n;
		if (!is_complete(text))
			continue;
		bpshell_run(sh, text);
		len = 0;
	}
	if (len && !sh->done && !sh->interrupted)
		bpshell_run(sh, text);
	if (ferror(f))
		fprintf(stderr, "bpshell: %s: %m\n", name);
	free(line);
	free(text);
}

bool bpshell_run_file(struct bpshell *sh, const char *name)
{
	FILE *f = fopen(name, "re");
	struct stat st;

	if (f && !fstat(fileno(f), &st) && S_ISDIR(st.st_mode)) {
		fclose(f);
		f = NULL;
		errno = EISDIR;
	}
	if (!f) {
		fprintf(stderr, "bpshell: %s: %m\n", name);
		return false;
	}
	if (sh->depth == DEPTH_MAX) {
		fprintf(stderr, "bpshell: %s: too many files that source files\n", name);
		fclose(f);
		return false;
	}
	sh->depth++;
	bpshell_run_stream(sh, f, name);
	sh->depth--;
	fclose(f);
	return true;
}
