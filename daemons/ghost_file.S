/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bproc-ghost as a part of bpslave; GHOST_FILE comes from the makefile. */
	.section .rodata
	.globl ghost_file, ghost_file_end
	.balign 16
ghost_file:
	.incbin GHOST_FILE
ghost_file_end:
	.section .note.GNU-stack, "", @progbits
