/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Standard input and output while children for nodes are made, which answer with their
 * output. Input is nobody's then: a node reads it ahead, and it is for whoever comes after us.
 */
#ifndef BPROC_OWN_IO_H
#define BPROC_OWN_IO_H

#include <stdbool.h>

struct own_io {
	int in, out; /* -1: it was closed */
};

/* Input is /dev/null, and output @to, from now on. False, with errno: they are as they were. */
bool own_io_put_aside(struct own_io *own, int to);
void own_io_take_back(const struct own_io *own);

#endif
