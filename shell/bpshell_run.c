// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bpshell_jobs.h"
#include "bpshell_run.h"
#include "bpshell_signal.h"
#include "bpshell_word.h"

/* Of sh: found, but no program; not found. */
#define EXIT_NO_PROGRAM 126
#define EXIT_NOT_FOUND 127
/* Files that source files. */
#define DEPTH_MAX 32

/* --- a command in a process of its own --- */

static int run_here(char **word)
{
	struct stat st;
	int err;

	execvp(word[0], word);
	err = errno;
	if (err == ENOENT && !strchr(word[0], '/')) {
		fprintf(stderr, "bpshell: %s: command not found\n", word[0]);
		return EXIT_NOT_FOUND;
	}
	if (err == EACCES && !stat(word[0], &st) && S_ISDIR(st.st_mode))
		err = EISDIR;
	fprintf(stderr, "bpshell: %s: %s\n", word[0], strerror(err));
	return err == ENOENT ? EXIT_NOT_FOUND : EXIT_NO_PROGRAM;
}

/* Those whose arguments are names of files here. */
static bool takes_files(const struct bpshell_builtin *builtin)
{
	static const char *const names[] = {
		"cd", "cp", "dump", "lib", "source", "undump"
	};
	size_t i;

	for (i = 0; builtin && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], builtin->name))
			return true;
	return false;
}

static void run_list(struct bpshell *sh, const struct bpshell_list *list);

/* @builtin: what its first word is; NULL: a program */
static int run_command(struct bpshell *sh, const struct bpshell_command *c, bool first,
		       const struct bpshell_builtin *builtin)
{
	bool here = c->where == WHERE_HERE || (c->where == WHERE_DEFAULT && !first);
	char **word = bpshell_expand_all(c->word, c->words, sh->status,
					 here || takes_files(builtin));
	char *set;
	int n;

	if (c->list) {
		/* these are not its children */
		sh->job = NULL;
		run_list(sh, c->list);
		return sh->status;
	}
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
	if (c->where == WHERE_NODES) {
		set = bpshell_expand(c->set, sh->status);
		return set ? bpshell_run_on_nodes(sh, set, word) : EXIT_USAGE;
	}
	/* a variable that is empty */
	if (!word[0])
		return 0;
	/* "| reboot 3" would restart this machine, not node 3 */
	if (c->where == WHERE_DEFAULT && here && bpshell_builtin(word[0])) {
		fprintf(stderr,
			"bpshell: %s: not behind a |, as a built-in; !%s is the "
			"program\n",
			word[0], word[0]);
		return EXIT_USAGE;
	}
	return here ? run_here(word) : bpshell_run_on_nodes(sh, sh->set, word);
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

/* What a built-in has printed; its exit status then. */
static int flush_output(int status)
{
	if (!fflush(stdout))
		return status;
	fprintf(stderr, "bpshell: standard output: %m\n");
	/* it is not for who comes next */
	__fpurge(stdout);
	clearerr(stdout);
	return status ? status : 1;
}

/* In the child. */
static void child(struct bpshell *sh, const struct bpshell_command *c,
		  const struct bpshell_builtin *builtin, const struct plumbing *p)
{
	int null, status;

	if (p->group) {
		setpgid(0, p->pgrp);
		if (p->foreground)
			tcsetpgrp(STDIN_FILENO, getpgrp());
	}
	bpshell_signals_child();
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
	if (p->in < 0 && (p->background || sh->input_is_script) &&
	    !bpshell_redirects_input(c)) {
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
	status = bpshell_redirect(c, sh->status);
	if (status)
		_exit(status);
	status = run_command(sh, c, p->first, builtin);
	_exit(flush_output(status));
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

/* False after it was said why not all of it has been started. */
static bool start(struct bpshell *sh, struct bpshell_job *job,
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
		pid = bpshell_fork();
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
	return i == line->commands;
}

/* A built-in of the shell itself, with its redirections for its time. */
static int run_in_shell(struct bpshell *sh, const struct bpshell_command *c,
			const struct bpshell_builtin *builtin)
{
	struct bpshell_saved saved = { 0 };
	int ret = 1;

	fflush(stdout);
	if (bpshell_save(&saved, c)) {
		ret = bpshell_redirect(c, sh->status);
		if (!ret)
			ret = run_command(sh, c, true, builtin);
	}
	ret = flush_output(ret);
	bpshell_restore(&saved);
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
	if (!start(sh, job, line)) {
		bpshell_job_signal(job, SIGTERM);
		bpshell_job_wait(sh, job);
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

/* The end was said, or came: by Ctrl-C while no job had the terminal, by a hang-up. */
static bool is_over(struct bpshell *sh)
{
	if (bpshell_signal_pending(SIGINT)) {
		sh->interrupted = true;
		sh->status = 128 + SIGINT;
	}
	if (bpshell_signal_pending(SIGHUP))
		sh->done = true;
	return sh->done || sh->interrupted;
}

static void run_list(struct bpshell *sh, const struct bpshell_list *list)
{
	int i;

	for (i = 0; i < list->pipelines && !is_over(sh); i++) {
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

	while (!is_over(sh) && (n = getline(&line, &size, f)) > 0) {
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
	if (ferror(f) && !is_over(sh)) {
		fprintf(stderr, "bpshell: %s: %m\n", name);
		sh->status = 1;
	} else if (len && !is_over(sh)) {
		bpshell_run(sh, text);
	}
	free(line);
	free(text);
}

bool bpshell_run_file(struct bpshell *sh, const char *name)
{
	int fd = bpshell_above(open(name, O_RDONLY | O_CLOEXEC));
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
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
