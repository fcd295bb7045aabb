// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * legacy-traced - the original's system call as debuggers and filters see it
 */
#include "old.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#ifdef __x86_64__
#define NUMBER_AT offsetof(struct user_regs_struct, orig_rax)
#define RESULT_AT offsetof(struct user_regs_struct, rax)
#define THIS_ARCH AUDIT_ARCH_X86_64
#else
#define NUMBER_AT offsetof(struct user_regs_struct, orig_eax)
#define RESULT_AT offsetof(struct user_regs_struct, eax)
#define THIS_ARCH AUDIT_ARCH_I386
#endif
static long peek(pid_t pid, size_t where)
{
	return ptrace(PTRACE_PEEKUSER, pid, where, 0);
}

static bool stops(pid_t pid)
{
	int status;

	return ptrace(PTRACE_SYSCALL, pid, 0, 0) == 0 &&
	       waitpid(pid, &status, 0) == pid && WIFSTOPPED(status);
}

/* Until the entry of a system call. */
static bool enters(pid_t pid, long number)
{
	int i;

	for (i = 0; i < 100 && stops(pid); i++)
		if (peek(pid, NUMBER_AT) == number)
			return true;
	return false;
}

static void set_number(pid_t pid, long number)
{
	ptrace(PTRACE_POKEUSER, pid, NUMBER_AT, number);
}

/* Ours is turned into getppid, getppid into ours, and ours into none. */
static void test_ptrace(void)
{
	struct old_version v = { .arch = 99 };
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		if (old(VERSION, &v, 0) != getpid() || v.arch != 99)
			_exit(1);
		if (raw(SYS_getppid, VERSION, (long)&v, 0) != 0 || v.arch == 99)
			_exit(2);
		if (old(VERSION, &v, 0) != -ENOSYS)
			_exit(3);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	check(enters(pid, CALL_NUMBER), "ptrace: sees the number", "it does not");
	same("ptrace: ENOSYS at the entry, as always", -ENOSYS, peek(pid, RESULT_AT));
	set_number(pid, SYS_getpid);
	stops(pid);
	check(enters(pid, SYS_getppid), "ptrace: another call", "none");
	set_number(pid, CALL_NUMBER);
	stops(pid);
	same("ptrace: sees the result", 0, peek(pid, RESULT_AT));
	check(enters(pid, CALL_NUMBER), "ptrace: the call once more", "none");
	set_number(pid, -1);
	stops(pid);
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	check(exited(status, 0), "ptrace: changes the number", "%x", status);
}

static int filtered(unsigned int action)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)CALL_NUMBER, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(f) / sizeof(f[0]), f };
	struct old_version v;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
			_exit(99);
		_exit((int)-old(VERSION, &v, 0));
	}
	return end_of(pid);
}

static void traced(void)
{
	int status;

	test_ptrace();
	status = filtered(SECCOMP_RET_ERRNO | 77);
	check(exited(status, 77), "seccomp: refuses it", "%x", status);
	status = filtered(SECCOMP_RET_ALLOW);
	check(exited(status, 0), "seccomp: lets it through", "%x", status);
	status = filtered(SECCOMP_RET_KILL_PROCESS);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "seccomp: kills", "%x",
	      status);
}

int main(void)
{
	alarm(100 * slowness());
	traced();
	return failures != 0;
}
