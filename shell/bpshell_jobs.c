// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bpshell_jobs.h"
#include "bpshell_signal.h"
#include "json.h"

/* --- the list --- */

/* Which job was started or stopped last. */
static unsigned long turns;

struct bpshell_job *bpshell_job_new(struct bpshell *sh, const char *text, bool background)
{
	struct bpshell_job *job = calloc(1, sizeof(*job)), **end;

	if (!job || !(job->text = strdup(text))) {
		perror("bpshell");
		exit(1);
	}
	job->id = 1;
	for (end = &sh->job; *end; end = &(*end)->next)
		job->id = (*end)->id + 1;
	job->background = background;
	job->turn = ++turns;
	*end = job;
	return job;
}

void bpshell_job_add(struct bpshell_job *job, pid_t pid)
{
	struct bpshell_process *more =
		realloc(job->process, (size_t)(job->processes + 1) * sizeof(*more));

	if (!more) {
		perror("bpshell");
		exit(1);
	}
	job->process = more;
	memset(&more[job->processes], 0, sizeof(*more));
	more[job->processes++].pid = pid;
}

void bpshell_job_free(struct bpshell *sh, struct bpshell_job *job)
{
	struct bpshell_job **at = &sh->job;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	free(job->process);
	free(job->text);
	free(job);
}

/* --- states --- */

static bool has_ended(const struct bpshell_job *job)
{
	int i;

	for (i = 0; i < job->processes; i++)
		if (!job->process[i].ended)
			return false;
	return true;
}

/* All that have not ended are. */
static bool is_stopped(const struct bpshell_job *job)
{
	bool any = false;
	int i;

	for (i = 0; i < job->processes; i++) {
		if (job->process[i].ended)
			continue;
		if (!job->process[i].stopped)
			return false;
		any = true;
	}
	return any;
}

/* That of the last process, as in sh. */
static int exit_status(const struct bpshell_job *job)
{
	int status = job->processes ? job->process[job->processes - 1].status : 0;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return 128 + (WIFSIGNALED(status) ? WTERMSIG(status) : WSTOPSIG(status));
}

/* The signal that ended the last process; 0: none. */
static int ended_by(const struct bpshell_job *job)
{
	int status = job->processes ? job->process[job->processes - 1].status : 0;

	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void note(struct bpshell *sh, pid_t pid, int status)
{
	struct bpshell_job *job;
	int i;

	for (job = sh->job; job; job = job->next)
		for (i = 0; i < job->processes; i++) {
			struct bpshell_process *p = &job->process[i];

			if (p->pid != pid || p->ended)
				continue;
			p->status = status;
			p->stopped = WIFSTOPPED(status);
			p->ended = WIFEXITED(status) || WIFSIGNALED(status);
			if (has_ended(job) || is_stopped(job))
				job->told = false;
			if (is_stopped(job))
				job->turn = ++turns;
			if (WIFCONTINUED(status))
				job->told = true;
		}
}

void bpshell_jobs_update(struct bpshell *sh)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0)
		note(sh, pid, status);
}

static const char *state_text(const struct bpshell_job *job)
{
	static char text[32];
	int status = job->process[job->processes - 1].status;

	if (is_stopped(job))
		return "Stopped";
	if (!has_ended(job))
		return "Running";
	if (WIFSIGNALED(status))
		return strsignal(WTERMSIG(status));
	if (!WEXITSTATUS(status))
		return "Done";
	snprintf(text, sizeof(text), "Exit %d", WEXITSTATUS(status));
	return text;
}

static bool comes_before(const struct bpshell_job *a, const struct bpshell_job *b)
{
	if (is_stopped(a) != is_stopped(b))
		return is_stopped(a);
	return a->turn > b->turn;
}

/* The one that fg means is that which was stopped last, else that which was started last.
 */
static struct bpshell_job *current(const struct bpshell *sh)
{
	struct bpshell_job *job, *best = NULL;

	for (job = sh->job; job; job = job->next)
		if (!has_ended(job) && (!best || comes_before(job, best)))
			best = job;
	return best;
}

static void print_job(const struct bpshell *sh, const struct bpshell_job *job, FILE *out)
{
	fprintf(out, "[%d]%c  %-24s%s%s\n", job->id, job == current(sh) ? '+' : ' ',
		state_text(job), job->text,
		!has_ended(job) && !is_stopped(job) ? " &" : "");
}

bool bpshell_jobs_have_news(const struct bpshell *sh)
{
	const struct bpshell_job *job;

	for (job = sh->job; job; job = job->next)
		if (!job->told && (has_ended(job) || is_stopped(job)))
			return true;
	return false;
}

bool bpshell_jobs_tell(struct bpshell *sh, FILE *out)
{
	struct bpshell_job *job, *next;
	bool any = false;

	for (job = sh->job; job; job = next) {
		next = job->next;
		if (!job->told && (has_ended(job) || is_stopped(job))) {
			print_job(sh, job, out);
			job->told = true;
			any = true;
		}
		if (has_ended(job))
			bpshell_job_free(sh, job);
	}
	return any;
}

bool bpshell_jobs_stopped(const struct bpshell *sh)
{
	const struct bpshell_job *job;

	for (job = sh->job; job; job = job->next)
		if (is_stopped(job))
			return true;
	return false;
}

/* --- signals --- */

int bpshell_job_signal(const struct bpshell_job *job, int sig)
{
	int i, ret = 0;

	/* Its numbers may be others' by now. */
	if (has_ended(job)) {
		errno = ESRCH;
		return -1;
	}
	if (job->pgrp > 1)
		return kill(-job->pgrp, sig);
	for (i = 0; i < job->processes; i++)
		if (job->process[i].pid > 0 && !job->process[i].ended &&
		    kill(job->process[i].pid, sig))
			ret = -1;
	return ret;
}

static void go_on(struct bpshell_job *job)
{
	int i;

	for (i = 0; i < job->processes; i++)
		job->process[i].stopped = false;
	job->told = true;
	bpshell_job_signal(job, SIGCONT);
}

void bpshell_jobs_hang_up(struct bpshell *sh)
{
	struct bpshell_job *job;

	for (job = sh->job; job; job = job->next) {
		bpshell_job_signal(job, SIGHUP);
		bpshell_job_signal(job, SIGCONT);
	}
}

static void take_terminal_back(struct bpshell *sh, struct bpshell_job *job, int status)
{
	tcsetpgrp(STDIN_FILENO, sh->pgrp);
	if (is_stopped(job))
		job->has_modes = !tcgetattr(STDIN_FILENO, &job->modes);
	/* What stty has changed stays; who died may have left any state. */
	if (status > 128)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &sh->modes);
	else
		tcgetattr(STDIN_FILENO, &sh->modes);
}

/* Until it has ended or is stopped, or there is a hang-up. */
static void wait_for_rest(struct bpshell *sh, struct bpshell_job *job)
{
	int status;
	pid_t pid;

	while (!has_ended(job) && !is_stopped(job) && !bpshell_signal_pending(SIGHUP)) {
		/* Without job control we stop and go on together. */
		pid = waitpid(-1, &status, sh->interactive ? WUNTRACED : 0);
		if (pid > 0)
			note(sh, pid, status);
		else if (errno != EINTR)
			break;
	}
}

int bpshell_job_wait(struct bpshell *sh, struct bpshell_job *job)
{
	int sig, ret;

	if (sh->interactive)
		bpshell_signals_foreground(job->pgrp);
	else
		bpshell_signals_hold();
	wait_for_rest(sh, job);
	ret = exit_status(job);
	sig = ended_by(job);
	if (sh->interactive)
		bpshell_signals_foreground(0);
	else
		bpshell_signals_release(sig);
	if (bpshell_signal_pending(SIGHUP)) {
		sh->done = true;
		return 128 + SIGHUP;
	}
	if (sh->interactive)
		take_terminal_back(sh, job, ret);
	if (is_stopped(job)) {
		job->background = true;
		job->told = true;
		sh->interrupted = true;
		fputc('\n', stderr);
		print_job(sh, job, stderr);
		return ret;
	}
	if (sig == SIGINT) {
		sh->interrupted = true;
		if (sh->interactive)
			fputc('\n', stderr);
	} else if (sig && sig != SIGPIPE && sh->interactive) {
		fprintf(stderr, "%s\n", strsignal(sig));
	}
	bpshell_job_free(sh, job);
	return ret;
}

/* --- built-ins --- */

/* "%N", "%+", "%", "%NAME"; says so if there is none. */
static struct bpshell_job *find(struct bpshell *sh, const char *what, const char *name)
{
	struct bpshell_job *job = NULL;
	const char *key = name + (*name == '%');
	int id = atoi(key);

	if (!*key || !strcmp(key, "+") || !strcmp(key, "%")) {
		job = current(sh);
	} else {
		for (job = sh->job; job; job = job->next)
			if (isdigit((unsigned char)*key)
				    ? job->id == id
				    : !strncmp(job->text, key, strlen(key)))
				break;
	}
	if (!job)
		fprintf(stderr, "bpshell: %s: %s: no such job\n", what,
			*name ? name : "current");
	return job;
}

static void print_json_job(const struct bpshell_job *job, bool first)
{
	printf("%s\n  {\"job\": %d, \"pgrp\": %d, ", first ? "" : ",", job->id,
	       job->pgrp);
	json_member("state", state_text(job));
	printf(", ");
	json_member("command", job->text);
	putchar('}');
}

int bpshell_jobs_builtin(struct bpshell *sh, int argc, char **argv)
{
	bool json = argc == 2 && (!strcmp(argv[1], "--json") || !strcmp(argv[1], "-j"));
	struct bpshell_job *job, *next;
	bool first = true;

	if (argc > 1 && !json)
		return bpshell_usage("jobs");
	bpshell_jobs_update(sh);
	if (json)
		printf("[");
	for (job = sh->job; job; job = next) {
		next = job->next;
		if (json)
			print_json_job(job, first);
		else
			print_job(sh, job, stdout);
		first = false;
		job->told = true;
		if (has_ended(job))
			bpshell_job_free(sh, job);
	}
	if (json)
		printf("%s]\n", first ? "" : "\n");
	return 0;
}

int bpshell_fg(struct bpshell *sh, int argc, char **argv)
{
	struct bpshell_job *job = find(sh, "fg", argc > 1 ? argv[1] : "");

	if (!job)
		return 1;
	if (!sh->interactive) {
		fputs("bpshell: fg: no job control\n", stderr);
		return 1;
	}
	printf("%s\n", job->text);
	fflush(stdout);
	job->background = false;
	if (job->has_modes)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &job->modes);
	if (job->pgrp > 0)
		tcsetpgrp(STDIN_FILENO, job->pgrp);
	go_on(job);
	return bpshell_job_wait(sh, job);
}

int bpshell_bg(struct bpshell *sh, int argc, char **argv)
{
	struct bpshell_job *job = find(sh, "bg", argc > 1 ? argv[1] : "");

	if (!job)
		return 1;
	job->background = true;
	go_on(job);
	printf("[%d]+ %s &\n", job->id, job->text);
	return 0;
}

/* Until it has ended; a job that stops goes on being waited for. -1: interrupted */
static int wait_for(struct bpshell *sh, struct bpshell_job *job)
{
	int how = WUNTRACED | WCONTINUED | (sh->interactive ? WNOHANG : 0);
	sigset_t ours, before;
	int status, ret;
	pid_t pid;

	/*
	 * Held back, so that none comes between a look at them and the sleep. A script has no
	 * handlers: there Ctrl-C ends the shell.
	 */
	sigemptyset(&ours);
	if (sh->interactive) {
		sigaddset(&ours, SIGCHLD);
		sigaddset(&ours, SIGINT);
		sigaddset(&ours, SIGHUP);
	}
	sigprocmask(SIG_BLOCK, &ours, &before);
	while (!has_ended(job)) {
		pid = waitpid(-1, &status, how);
		if (pid > 0)
			note(sh, pid, status);
		else if (pid < 0 || bpshell_signal_pending(SIGINT) ||
			 bpshell_signal_pending(SIGHUP))
			break;
		else
			sigsuspend(&before);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!has_ended(job)) {
		sh->interrupted = true;
		return 128 + SIGINT;
	}
	ret = exit_status(job);
	bpshell_job_free(sh, job);
	return ret;
}

int bpshell_wait(struct bpshell *sh, int argc, char **argv)
{
	struct bpshell_job *job, *next;
	int i, ret = 0;

	for (i = 1; i < argc && !sh->interrupted; i++) {
		job = find(sh, "wait", argv[i]);
		ret = job ? wait_for(sh, job) : 127;
	}
	for (job = sh->job; argc == 1 && job && !sh->interrupted; job = next) {
		next = job->next;
		/* it would not end */
		if (!is_stopped(job))
			ret = wait_for(sh, job);
	}
	return argc == 1 && !sh->interrupted ? 0 : ret;
}

/* By number or name, with or without SIG; -1: there is none. */
static int parse_signal(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);
	int sig;

	if (isdigit((unsigned char)*text))
		return *end || n >= NSIG ? -1 : (int)n;
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (sig = 1; sig < NSIG; sig++)
		if (sigabbrev_np(sig) && !strcasecmp(sigabbrev_np(sig), text))
			return sig;
	return -1;
}

static int kill_one(struct bpshell *sh, const char *whom, int sig)
{
	struct bpshell_job *job;
	char *end;
	long pid;

	if (*whom == '%') {
		job = find(sh, "kill", whom);
		if (!job)
			return 1;
		if (!bpshell_job_signal(job, sig)) {
			/* or it would never hear of it */
			if (is_stopped(job) && (sig == SIGTERM || sig == SIGHUP))
				go_on(job);
			return 0;
		}
	} else {
		pid = strtol(whom, &end, 10);
		/* 0 and less would be groups, and all of them */
		if (!*whom || *end || pid <= 0 || pid > 0x7fffffff) {
			fprintf(stderr, "bpshell: kill: %s: not a process or a job\n",
				whom);
			return 1;
		}
		if (!kill((pid_t)pid, sig))
			return 0;
	}
	fprintf(stderr, "bpshell: kill: %s: %s\n", whom, strerror(errno));
	return 1;
}

int bpshell_kill(struct bpshell *sh, int argc, char **argv)
{
	int sig = SIGTERM, i = 1, ret = 0;

	if (argc > 2 && !strcmp(argv[1], "-s")) {
		sig = parse_signal(argv[2]);
		i = 3;
	} else if (argc > 1 && argv[1][0] == '-') {
		sig = parse_signal(argv[1] + 1);
		i = 2;
	}
	if (sig < 0 || i >= argc)
		return bpshell_usage("kill");
	for (; i < argc; i++)
		ret |= kill_one(sh, argv[i], sig);
	return ret;
}
