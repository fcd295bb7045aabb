/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bplib: the list of libraries that are presumed to be on nodes. */
#ifndef BPROC_BPLIB_H
#define BPROC_BPLIB_H

/* The program bplib, as a function: exit status. */
int bplib_command(int argc, char **argv);

#endif
