/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing of so many bytes. Who reads has a descriptor that blocks; what is written
 * to may be another's, which does not.
 */
#ifndef WHOLE_H
#define WHOLE_H

#include <stdbool.h>
#include <stddef.h>

/* False on an error, and where it ends before. */
bool write_whole(int fd, const void *from, size_t len);
bool read_whole(int fd, void *to, size_t len);

#endif
