/* SPDX-License-Identifier: GPL-2.0-only */
/* The small program that ghosts run, and through which images are restored. */
#ifndef BPROC_STUB_H
#define BPROC_STUB_H

int bproc_exec_stub(const char *const *argv, const char *const *envp);

#endif
