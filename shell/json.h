/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands say to programs. */
#ifndef BPROC_JSON_H
#define BPROC_JSON_H

/* A string in quotes, on standard output; what is not UTF-8 becomes U+FFFD. */
void json_string(const char *text);
/* "NAME": "TEXT" */
void json_member(const char *name, const char *text);

#endif
