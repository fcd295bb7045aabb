// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <readline/readline.h>
#include "bpshell_complete.h"
#include "bpshell_jobs.h"
#include "bpshell_parse.h"
#include "bpshell_signal.h"

/* How often a cluster that is not there is looked for, in ms. */
#define NO_CLUSTER 2000

static struct bpshell *shell;
/* Lines that are not complete yet. */
static char *pending;
static bool editing;
/* What is read now was typed while a command ran. */
static bool ahead;
/* What came at once with the end of a line. */
static struct typed {
	char byte[4096];
	size_t at, len;
} read_ahead;

/* --- the terminal --- */

/*
 * The terminal is ours when whoever started us has put us into its foreground. The group
 * that has it then, -1: it is nobody's.
 */
static pid_t wait_for_terminal(void)
{
	pid_t before = tcgetpgrp(STDIN_FILENO);
	int tries;

	/* an orphaned group is not stopped by this */
	for (tries = 0; before >= 0 && before != getpgrp() && tries < 16; tries++) {
		kill(0, SIGTTIN);
		before = tcgetpgrp(STDIN_FILENO);
	}
	return before;
}

/* A group of our own, so that what the terminal sends to jobs is not for us. */
static void take_terminal(struct bpshell *sh, pid_t before)
{
	/* whoever leads a session does so already */
	setpgid(0, 0);
	sh->pgrp = getpgrp();
	if (before < 0 || tcsetpgrp(STDIN_FILENO, sh->pgrp))
		fputs("bpshell: this terminal has no job control\n", stderr);
	tcgetattr(STDIN_FILENO, &sh->modes);
}

/* --- the line that is being typed --- */

static bool input_waits(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && p.revents & POLLIN;
}

static int next_byte(FILE *f)
{
	if (read_ahead.at < read_ahead.len)
		return (unsigned char)read_ahead.byte[read_ahead.at++];
	return rl_getc(f);
}

/*
 * Is the next line there with this one? Then a text was pasted, and the terminal does not
 * say so. It is done as a whole, or the first command would read the rest.
 */
static bool is_paste(void)
{
	struct typed *r = &read_ahead;
	ssize_t n;

	if (ahead)
		return false;
	memmove(r->byte, r->byte + r->at, r->len -= r->at);
	r->at = 0;
	while (r->len < sizeof(r->byte) && input_waits()) {
		n = read(STDIN_FILENO, r->byte + r->len, sizeof(r->byte) - r->len);
		if (n <= 0)
			break;
		r->len += (size_t)n;
	}
	return memchr(r->byte, '\r', r->len) || memchr(r->byte, '\n', r->len);
}

static void on_line(char *line);

static void show_prompt(void)
{
	char *prompt = pending ? strdup("> ") : bpshell_prompt(shell->set);

	rl_callback_handler_install(prompt ? prompt : "> ", on_line);
	free(prompt);
	editing = true;
}

/* Puts a text above the line; the prompt may have changed with it. */
static void say_above(const char *text)
{
	char *prompt = pending ? strdup("> ") : bpshell_prompt(shell->set);

	rl_clear_visible_line();
	fputs(text, rl_outstream);
	fflush(rl_outstream);
	if (prompt)
		rl_set_prompt(prompt);
	free(prompt);
	rl_on_new_line();
	rl_redisplay();
}

static void tell_of_nodes(void)
{
	char *text;

	/* A bpmaster that has ended may be there again. */
	while (bpshell_notice_fd(), (text = bpshell_notice_take())) {
		if (editing)
			say_above(text);
		else
			fputs(text, stderr);
		free(text);
	}
}

static void tell_of_jobs(void)
{
	char *text = NULL;
	size_t size;
	FILE *f;

	bpshell_jobs_update(shell);
	if (!bpshell_jobs_have_news(shell))
		return;
	f = open_memstream(&text, &size);
	if (!f)
		return;
	bpshell_jobs_tell(shell, f);
	fclose(f);
	if (editing)
		say_above(text);
	else
		fputs(text, stderr);
	free(text);
}

/* Ctrl-C: a new line. */
static void abandon_line(void)
{
	rl_free_line_state();
	rl_callback_sigcleanup();
	rl_replace_line("", 0);
	fputs("^C\n", rl_outstream);
	free(pending);
	pending = NULL;
	rl_callback_handler_remove();
	shell->status = 128 + SIGINT;
	show_prompt();
}

static bool add_pending(const char *line)
{
	char *more;

	if (asprintf(&more, "%s%s%s", pending ? pending : "", pending ? "\n" : "", line) <
	    0)
		return false;
	free(pending);
	pending = more;
	return true;
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

static void at_end(void)
{
	const char *bracketed = rl_variable_value("enable-bracketed-paste");

	/* With these readline has ended the line; it would do so again and again. */
	if (!bracketed || strcmp(bracketed, "on"))
		putchar('\n');
	rl_eof_found = 0;
	if (pending) {
		free(pending);
		pending = NULL;
		show_prompt();
		return;
	}
	if (bpshell_jobs_stopped(shell) && !shell->warned) {
		fputs("bpshell: there are stopped jobs; once more to leave them\n",
		      stderr);
		shell->warned = true;
		show_prompt();
		return;
	}
	shell->done = true;
}

/* What was typed, perhaps several lines, NULL for Ctrl-D. */
static void on_line(char *line)
{
	bool warned = shell->warned;
	bool pasted = line && is_paste();
	char *text;

	rl_callback_handler_remove();
	editing = false;
	if (!line) {
		at_end();
		return;
	}
	if (!add_pending(line))
		perror("bpshell");
	free(line);
	if (pasted || !is_complete(pending)) {
		show_prompt();
		return;
	}
	text = pending;
	pending = NULL;
	bpshell_history_add(text);
	bpshell_run(shell, text);
	free(text);
	if (warned)
		shell->warned = false;
	if (shell->done)
		return;
	tell_of_jobs();
	tell_of_nodes();
	/* What was interrupted is over; the prompt is not for the line with ^C. */
	if (bpshell_signal_take(SIGINT))
		fputc('\n', stderr);
	show_prompt();
	ahead = input_waits();
}

/* --- the loop --- */

static void take_signals(void)
{
	bpshell_signals_drain();
	if (bpshell_signal_take(SIGINT) && editing)
		abandon_line();
	if (bpshell_signal_take(SIGWINCH))
		rl_resize_terminal();
	if (bpshell_signal_take(SIGCHLD))
		tell_of_jobs();
	if (bpshell_signal_pending(SIGHUP))
		shell->done = true;
}

static void wait_and_serve(void)
{
	bool has_input = read_ahead.at < read_ahead.len;
	int notices = bpshell_notice_fd();
	int timeout = notices < 0 ? NO_CLUSTER : -1;
	struct pollfd p[3] = { { .fd = STDIN_FILENO, .events = POLLIN },
			       { .fd = bpshell_signals_fd(), .events = POLLIN },
			       { .fd = notices, .events = POLLIN } };

	ahead = ahead && input_waits();
	if (has_input)
		timeout = 0;
	if (poll(p, 3, timeout) < 0 && errno != EINTR)
		shell->done = true;
	if (p[1].revents)
		take_signals();
	if (p[2].revents || notices < 0)
		tell_of_nodes();
	if ((p[0].revents || has_input) && !shell->done)
		rl_callback_read_char();
}

void bpshell_interact(struct bpshell *sh)
{
	pid_t before;

	shell = sh;
	before = wait_for_terminal();
	if (!bpshell_signals_begin()) {
		perror("bpshell");
		sh->status = 1;
		return;
	}
	take_terminal(sh, before);
	rl_readline_name = "bpshell";
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	/* else it exports LINES and COLUMNS, which programs take for the user's wish */
	rl_change_environment = 0;
	rl_outstream = stderr;
	rl_getc_function = next_byte;
	bpshell_complete_init(sh);
	bpshell_history_load();
	if (bpshell_notice_fd() < 0)
		fprintf(stderr, "bpshell: %s\n", bproc_strerror(errno));
	show_prompt();
	while (!sh->done)
		wait_and_serve();
	if (bpshell_signal_pending(SIGHUP))
		bpshell_jobs_hang_up(sh);
	if (editing)
		rl_callback_handler_remove();
	bpshell_history_save();
	if (before > 0)
		tcsetpgrp(STDIN_FILENO, before);
	bproc_nodeset_free((struct bproc_node_set_t *)bpshell_notice_nodes());
}
