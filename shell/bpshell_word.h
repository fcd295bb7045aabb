/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a word stands for: quotation marks, variables, ~, patterns of file names. */
#ifndef BPROC_BPSHELL_WORD_H
#define BPROC_BPSHELL_WORD_H

#include <stdbool.h>
#include <sys/types.h>

/* What "$$" is: the shell's, in its children, too. */
extern pid_t bpshell_pid;

/*
 * The word without its quotation marks, with the values of variables: "$NAME", "${NAME}",
 * "$?" (@status), "$$". NULL after it was said what is wrong.
 */
char *bpshell_expand(const char *word, int status);

/*
 * The same of a list of words, which ends with NULL; @files: patterns of file names, too.
 * A word of variables alone that are empty is none.
 */
char **bpshell_expand_all(char *const *word, int words, int status, bool files);

void bpshell_free_words(char **word);

#endif
