// SPDX-License-Identifier: LGPL-2.1-or-later
/* Terminals obey what they are shown (ECMA-48). */
#include <stdarg.h>
#include <stdlib.h>
#include "printable.h"

/* Bytes that follow the first one of a character; -1: it is none. */
static int follow(unsigned char c)
{
	if (c < 0x80)
		return c < ' ' || c == 0x7f ? -1 : 0;
	if (c < 0xc2 || c > 0xf4)
		return -1;
	return c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

char *printable(char *text)
{
	unsigned char *s = (unsigned char *)text;
	int i, n;

	for (; *s; s += n + 1) {
		n = follow(*s);
		for (i = 1; i <= n; i++)
			if ((s[i] & 0xc0) != 0x80)
				n = -1;
		/* control characters, and longer than need be */
		if ((*s == 0xc2 && s[1] < 0xa0) || (*s == 0xe0 && s[1] < 0xa0) ||
		    (*s == 0xf0 && s[1] < 0x90))
			n = -1;
		if (n < 0) {
			*s = '?';
			n = 0;
		}
	}
	return text;
}

void print_line(FILE *f, const char *format, ...)
{
	char *line;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&line, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	fprintf(f, "%s\n", printable(line));
	free(line);
}
