// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON (RFC 8259). */
#include <stdio.h>
#include "json.h"

/* Bytes of the UTF-8 sequence that @s begins with (RFC 3629); 0: it is none. */
static int sequence(const unsigned char *s)
{
	int n = *s < 0x80		   ? 1
		: *s >= 0xc2 && *s <= 0xdf ? 2
		: (*s & 0xf0) == 0xe0	   ? 3
		: *s >= 0xf0 && *s <= 0xf4 ? 4
					   : 0;
	int i;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* longer than need be, surrogates, beyond the last */
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

void json_string(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	int n;

	putchar('"');
	for (; *s; s += n ? n : 1) {
		n = sequence(s);
		if (*s == '"' || *s == '\\')
			putchar('\\');
		if (!n)
			fputs("\\ufffd", stdout);
		else if (*s < ' ' || *s == 0x7f)
			printf("\\u%04x", *s);
		else if (*s == 0xc2 && s[1] < 0xa0) /* terminals obey these, too */
			printf("\\u%04x", s[1]);
		else
			fwrite(s, 1, (size_t)n, stdout);
	}
	putchar('"');
}

void json_member(const char *name, const char *text)
{
	json_string(name);
	fputs(": ", stdout);
	json_string(text);
}
