// SPDX-License-Identifier: GPL-2.0-only
/*
 * System call numbers that this kernel has a use for. The tables are those that the kernel
 * was built from, and a module is loaded by no other kernel than it was built for.
 */
#include <linux/kernel.h>

#include "numbers.h"

#define FREE_sys_ni_syscall 1
#define __SYSCALL(nr, function) [nr] = !__is_defined(FREE_##function),
#define __SYSCALL_NORETURN(nr, function) [nr] = true,
#define __SYSCALL_WITH_COMPAT(nr, native, compat) [nr] = true,

static const bool taken_64[] = {
#include <asm/syscalls_64.h>
};

static const bool taken_32[] = {
#include <asm/syscalls_32.h>
};

/**
 * compat_number_taken - does the kernel implement this system call?
 * @nr: its number
 * @is32: for 32-bit programs
 */
bool compat_number_taken(int nr, bool is32)
{
	if (nr < 0)
		return true;
	return is32 ? nr < ARRAY_SIZE(taken_32) && taken_32[nr] :
		      nr < ARRAY_SIZE(taken_64) && taken_64[nr];
}
