/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpshell: a shell whose commands run on nodes.
 */
#ifndef BPROC_BPSHELL_H
#define BPROC_BPSHELL_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/bproc.h>
#include <sys/types.h>
#include <termios.h>
#include "usage.h"

struct bpshell_list;
struct bpshell_job;

struct bpshell {
	bool interactive; /* somebody types; there is job control */
	bool stop_on_error;
	bool input_is_script; /* standard input is what we read commands from */
	bool fold;	      /* -b unless said otherwise */
	bool done;	      /* exit was said */
	bool warned;	      /* of stopped jobs, by the last command */
	bool interrupted;     /* the last command: the rest of its line is not done */
	int status;	      /* $? */
	char *set;	      /* nodes of commands that name none */
	int depth;	      /* of source */
	pid_t pgrp;
	struct termios modes; /* the terminal's, for us */
	struct bpshell_job *job;
};

/* --- running (bpshell_run.c) --- */

/* Does what a text says; the shell's status is that of its last command. */
void bpshell_run(struct bpshell *sh, const char *text);

/* The lines of a file; false after it was said that it cannot be read. */
bool bpshell_run_file(struct bpshell *sh, const char *name);
void bpshell_run_stream(struct bpshell *sh, FILE *f, const char *name);

/* Nodes that @spec names, into an empty set; how many; -1 after it was said why. */
int bpshell_nodes(struct bproc_node_set_t *set, const char *spec);

/* Says why a set has no node. */
void bpshell_say_none(const char *spec);

/* --- built-in commands (bpshell_builtin.c) --- */

struct bpshell_builtin {
	const char *name;
	/* exit status */
	int (*run)(struct bpshell *sh, int argc, char **argv);
	bool in_shell; /* changes the shell itself; the others are processes of their own
			*/
	const char *arguments;
	const char *help;
};

extern const struct bpshell_builtin bpshell_builtins[];

/* NULL if there is none. */
const struct bpshell_builtin *bpshell_builtin(const char *name);

/* Says how @argv[0] is called; EXIT_USAGE. */
int bpshell_usage(const char *name);

/* Those that need a room of their own. */
int bpshell_jobs_builtin(struct bpshell *sh, int argc, char **argv);
int bpshell_fg(struct bpshell *sh, int argc, char **argv);
int bpshell_bg(struct bpshell *sh, int argc, char **argv);
int bpshell_wait(struct bpshell *sh, int argc, char **argv);
int bpshell_kill(struct bpshell *sh, int argc, char **argv);
int bpshell_ps(struct bpshell *sh, int argc, char **argv);
int bpshell_watch(struct bpshell *sh, int argc, char **argv);
int bpshell_history(struct bpshell *sh, int argc, char **argv);
/* chmod and others: @argv[0] says which (bpshell_control.c) */
int bpshell_control(struct bpshell *sh, int argc, char **argv);
/* commands of their own: @argv[0] says which (bpshell_tools.c) */
int bpshell_tool(struct bpshell *sh, int argc, char **argv);
int bpshell_setfacl(struct bpshell *sh, int argc, char **argv);

/* --- at a terminal (bpshell_edit.c) --- */

/* Reads commands until the end. */
void bpshell_interact(struct bpshell *sh);

/* --- notices of nodes (bpshell_notice.c) --- */

/* Descriptor to poll for changes; -1: none, call again later. */
int bpshell_notice_fd(void);

/* What has changed since the last call, in words with line ends; NULL: nothing. free() */
char *bpshell_notice_take(void);

/* What is to be said of a change from @old to @now; NULL: nothing. */
char *bpshell_notice_words(const struct bproc_node_set_t *old,
			   const struct bproc_node_set_t *now);

/* All nodes as they were seen last. */
const struct bproc_node_set_t *bpshell_notice_nodes(void);

/* The prompt for a default set; free(). */
char *bpshell_prompt(const char *set);

/* --- history (bpshell_history.c) --- */

void bpshell_history_load(void);
void bpshell_history_add(const char *line);
void bpshell_history_save(void);

/* The program bpshell, as a function: exit status. */
int bpshell_command(int argc, char **argv);

#endif
