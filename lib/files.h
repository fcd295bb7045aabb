/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many descriptors a daemon may have: as many as it is allowed to. What it executes for
 * others gets back what is usual, since programs that use select(2) can do with no more.
 */
#ifndef BPROC_FILES_H
#define BPROC_FILES_H

void files_raise_limit(void);

/* In a child; nothing if it was not raised. */
void files_restore_limit(void);

#endif
