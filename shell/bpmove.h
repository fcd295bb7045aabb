/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpmove: processes that run move elsewhere. */
#ifndef BPROC_BPMOVE_H
#define BPROC_BPMOVE_H

/* The program bpmove, as a function: exit status. */
int bpmove_command(int argc, char **argv);

#endif
