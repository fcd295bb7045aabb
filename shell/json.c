// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON (RFC 8259). */
#include <stdio.h>
#include "json.h"

void json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if ((unsigned char)*text < ' ')
			printf("\\u%04x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

void json_member(const char *name, const char *text)
{
	json_string(name);
	fputs(": ", stdout);
	json_string(text);
}
