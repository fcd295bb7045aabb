/* SPDX-License-Identifier: GPL-2.0-only */
/* Hooks on functions of the kernel, for processes of nodes, and few for the master's. */
#ifndef BPROC_HOOK_H
#define BPROC_HOOK_H

#include <linux/ftrace.h>

struct bproc_space;
struct pt_regs;

/* Permanent: the sysctl that switches ftrace off is refused while the hooks are there. */
#define BPROC_HOOK_FLAGS (FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_PERMANENT)

/**
 * struct bproc_hook - a system call that is led to a function of ours
 * @function: the kernel's function
 * @instead: ours
 * @on_master: for the master's processes, too
 * @ops: internal
 */
struct bproc_hook {
	const char *function;
	asmlinkage long (*instead)(const struct pt_regs *regs);
	bool on_master;
	struct ftrace_ops ops;
};

int bproc_hook_register(struct ftrace_ops *ops, unsigned long address, const char *function);
void bproc_hook_unregister(struct ftrace_ops *ops);
int bproc_hooks_set(struct bproc_hook *hooks, int n);
void bproc_hooks_clear(struct bproc_hook *hooks, int n);

typedef long (*bproc_hooked_call)(struct bproc_space *s, int which, const struct pt_regs *regs);

long bproc_hook_call(int which, const struct pt_regs *regs,
		     bproc_hooked_call from_node, bproc_hooked_call from_master,
		     long (*original)(int which, const struct pt_regs *regs));

int bproc_exechook_init(void);
void bproc_exechook_exit(void);
bool bproc_exechook_is_on(void);
int bproc_findhook_set(void);
void bproc_findhook_exit(void);
int bproc_idhook_init(void);
void bproc_idhook_exit(void);
int bproc_getidhook_init(void);
void bproc_getidhook_exit(void);
int bproc_killhook_init(void);
void bproc_killhook_exit(void);

#endif
