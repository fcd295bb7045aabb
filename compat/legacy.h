/* SPDX-License-Identifier: GPL-2.0-only */
/* The original's system call, in the terms of the driver. */
#ifndef BPROC_COMPAT_LEGACY_H
#define BPROC_COMPAT_LEGACY_H

#include <linux/bproc_legacy.h>

#include "../driver/calls.h"

struct legacy_function;
struct pt_regs;

/**
 * struct legacy_call - a call under way; on the stack of the caller
 * @c: as the driver sees it
 * @function: what is called
 * @nr: function number
 * @arg: its arguments, as they are in the registers
 */
struct legacy_call {
	struct bproc_calling c;
	const struct legacy_function *function;
	u32 nr;
	unsigned long arg[2];
};

/**
 * struct legacy_function - how a function of the original is made
 * @nr: function number
 * @cmd: the call of the driver's that does it
 * @get: fill l->c.args from the caller's arguments; NULL if there are none
 * @put: answer from l->c.args
 * @device: not a call: open this device
 */
struct legacy_function {
	u16 nr;
	unsigned int cmd;
	int (*get)(struct legacy_call *l);
	int (*put)(const struct legacy_call *l);
	const char *device;
};

void legacy_get_registers(struct legacy_call *l, const struct pt_regs *regs);
long legacy_make(struct legacy_call *l);

/* place.c: calls that place processes */
int legacy_get_io(struct bproc_io *to, u64 from, int n);
int legacy_get_rexec(struct legacy_call *l);
int legacy_get_move(struct legacy_call *l);
int legacy_get_rfork(struct legacy_call *l);
int legacy_get_execmove(struct legacy_call *l);
int legacy_get_vrfork(struct legacy_call *l);
int legacy_get_vexecmove(struct legacy_call *l);
int legacy_get_exec(struct legacy_call *l);
int legacy_get_execdump(struct legacy_call *l);
long legacy_placed(const struct legacy_call *l, long ret);

static inline void __user *legacy_pointer(const struct legacy_call *l, int i)
{
	return (void __user *)l->arg[i];
}

#endif
