/* SPDX-License-Identifier: GPL-2.0-only */
/* Hooks on functions of the kernel, for processes of nodes alone. */
#ifndef BPROC_HOOK_H
#define BPROC_HOOK_H

int bproc_idhook_init(void);
void bproc_idhook_exit(void);
int bproc_killhook_init(void);
void bproc_killhook_exit(void);

#endif
