/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls without a C library, for the code that runs in bproc-ghost as well as
 * in a fresh child of bpslave. All return -errno instead of setting errno.
 */
#ifndef BPROC_SYS_H
#define BPROC_SYS_H

#include <asm/unistd.h>
#include <linux/types.h>

#ifndef __x86_64__
#error "bproc-ghost has system call glue for x86-64 only"
#endif

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return ret;
}

static inline long sys4(long nr, long a, long b, long c, long d)
{
	register long r10 asm("r10") = d;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
		     : "rcx", "r11", "memory");
	return ret;
}

static inline long sys3(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "0"(nr), "D"(a), "S"(b), "d"(c)
		     : "rcx", "r11", "memory");
	return ret;
}

static inline long sys_close(int fd)
{
	return sys3(__NR_close, fd, 0, 0);
}

static inline long sys_ioctl(int fd, unsigned long request, void *arg)
{
	return sys3(__NR_ioctl, fd, (long)request, (long)arg);
}

static inline long sys_fcntl(int fd, int op, long arg)
{
	return sys3(__NR_fcntl, fd, op, arg);
}

/* Closes @first .. @last; nothing if the range is empty. */
static inline void sys_close_range(unsigned int first, unsigned int last)
{
	if (first <= last)
		sys3(__NR_close_range, first, last, 0);
}

static inline long sys_prctl(long op, long a, long b)
{
	/* the kernel insists on zeroes in what an operation does not use */
	return sys6(__NR_prctl, op, a, b, 0, 0, 0);
}

static inline void __attribute__((noreturn)) sys_exit(int status)
{
	for (;;)
		sys3(__NR_exit_group, status, 0, 0);
}

/*
 * A child with the number @pid in the caller's PID namespace; 0: the kernel chooses.
 * @flags: CLONE_*.
 * Returns the child's PID and 0 in the child, like fork(2).
 */
long sys_fork_pid(int pid, unsigned long long flags);

#endif
