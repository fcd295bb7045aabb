/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from elsewhere, for a terminal or a log. */
#ifndef BPROC_PRINTABLE_H
#define BPROC_PRINTABLE_H

#include <stdio.h>

/*
 * Replaces what a terminal might obey: control characters, those beyond ASCII among them
 * (U+0080 to U+009F), and bytes that are no character of UTF-8. Returns @text.
 */
char *printable(char *text);
/* Prints a line, with all in it made so. */
__attribute__((format(printf, 2, 3))) void print_line(FILE *f, const char *format, ...);

#endif
