/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bptop: remote processes and nodes, over and over. */
#ifndef BPROC_BPTOP_H
#define BPROC_BPTOP_H

/* The program bptop, as a function: exit status. */
int bptop_command(int argc, char **argv);

#endif
