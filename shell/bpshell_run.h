/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What running a command consists of. */
#ifndef BPROC_BPSHELL_RUN_H
#define BPROC_BPSHELL_RUN_H

#include "bpshell.h"
#include "bpshell_parse.h"

/* --- on nodes (bpshell_nodes.c) --- */

/* Options and a program, or nothing, of a command on nodes; exit status. */
int bpshell_run_on_nodes(struct bpshell *sh, const char *spec, char **word);

/* --- files and descriptors (bpshell_redirect.c) --- */

/* Descriptors that users name are below it. */
#define DESCRIPTORS 10

/* @fd, which commands do not have, with a number that users do not name; -1: none. */
int bpshell_above(int fd);

/* All of a command's, in the process that they are for; exit status after it was said why
 * not, else 0.
 */
int bpshell_redirect(const struct bpshell_command *c, int status);
bool bpshell_redirects_input(const struct bpshell_command *c);

/* The shell's own, while one of its built-ins has others. */
struct bpshell_saved {
	bool saved[DESCRIPTORS];
	int copy[DESCRIPTORS], flags[DESCRIPTORS];
};

bool bpshell_save(struct bpshell_saved *s, const struct bpshell_command *c);
void bpshell_restore(const struct bpshell_saved *s);

#endif
