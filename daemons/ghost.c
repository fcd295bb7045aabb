// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bproc-ghost: stands for a process that runs on another machine.
 *
 * Does with ordinary system calls what the driver tells it. There may be thousands of
 * these, so there is no C library, and all memory is one page of code and one or two of
 * data: the stack that the kernel provides is given back, with its page tables.
 */
#include <asm/errno.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include "arrive.h"
#include "sys.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

/* The ghost descriptor of a stand-in, which was executed as any program is. */
#define STANDIN_FD 3
/* End of the user's half of the address space, with four levels of page tables. */
#define USER_END 0x7ffffffff000

#define STACK_SIZE 1536

/*
 * Stack and arguments share a page as long as the arguments are short. The driver makes
 * ps(1) show @args.
 */
struct memory {
	char stack[STACK_SIZE];
	char args[BPROC_ARGS_MAX];
};

struct memory ghost_memory __attribute__((aligned(4096)));

extern char ghost_end[]; /* of the program, from the linker */

void *memcpy(void *to, const void *from, unsigned long len);
void *memset(void *to, int c, unsigned long len);
void ghost_main(long fd, long how);

/* The compiler may call these two at its own choice. */
void *memcpy(void *to, const void *from, unsigned long len)
{
	void *ret = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
	return ret;
}

void *memset(void *to, int c, unsigned long len)
{
	void *ret = to;

	asm volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(c) : "memory");
	return ret;
}

asm(".globl _start\n"
    "_start:\n"
    "	xorl %ebp, %ebp\n"
    "	lea ghost_memory(%rip), %rsp\n"
    "	add $" STRING(STACK_SIZE) ", %rsp\n"
				  "	call ghost_main\n"
				  "	hlt\n");

/*
 * What ps(1) shows of a stand-in; a ghost's name is the driver's business. The start
 * first: it lies below the end, which must stay so.
 */
static void set_name(void)
{
	static const char name[] = "bproc-ghost";
	long args = (long)ghost_memory.args;

	memcpy(ghost_memory.args, name, sizeof(name));
	sys_prctl(PR_SET_NAME, (long)name, 0);
	sys_prctl(PR_SET_MM, PR_SET_MM_ARG_START, args);
	sys_prctl(PR_SET_MM, PR_SET_MM_ARG_END, args + (long)sizeof(name));
}

/* Returns the child's PID or -errno to the parent; in the child *fd is its own. */
static long do_fork(const struct bproc_ghost_next *next, int *fd)
{
	unsigned long flags = SIGCHLD;
	long pid;

	if (next->flags & BPROC_FORK_SIBLING)
		flags |= CLONE_PARENT;
	pid = sys6(__NR_clone, (long)flags, 0, 0, 0, 0, 0);
	if (pid) {
		sys_close(next->fd);
		return pid;
	}
	sys_close(*fd);
	*fd = next->fd;
	return 0;
}

static long do_arrive_child(const struct bproc_ghost_next *next, int ghost)
{
	struct arrival a = { .ghost = ghost, .stream = next->fd, .on_node = true };
	long pid;

	pid = next->pid > 0 ? sys_fork_pid(next->pid, 0) : -EINVAL;
	if (!pid) {
		arrive(&a);
		sys_exit(127);
	}
	/* The driver takes back what it can try again. */
	if (pid != -EEXIST)
		sys_close(next->fd);
	return pid;
}

/*
 * The driver starts a ghost with its descriptor and what it is in two registers, which
 * are zero in a program that was executed as any is: a stand-in.
 */
void ghost_main(long start_fd, long how)
{
	struct bproc_ghost_next next = {
		.args = (__u64)(unsigned long)ghost_memory.args,
		.args_len = sizeof(ghost_memory.args),
	};
	bool driver_started = how & BPROC_GHOST_STARTED;
	bool on_node = !driver_started || how & BPROC_GHOST_ON_NODE;
	bool keeps = !on_node || how & BPROC_GHOST_KEEPS;
	int fd = driver_started ? (int)start_fd : STANDIN_FD;
	int first = keeps ? 3 : 0;
	long err;

	/* A process that comes back to the master finds the terminal it left. */
	if (fd > first)
		sys_close_range((unsigned int)first, (unsigned int)fd - 1);
	sys_close_range((unsigned int)(fd >= first ? fd + 1 : first), ~0U);
	sys3(__NR_munmap, (long)ghost_end, USER_END - (long)ghost_end, 0);
	sys_prctl(PR_SET_DUMPABLE, 0, 0);
	if (!driver_started)
		set_name();

	for (;;) {
		err = sys_ioctl(fd, BPROC_IOC_GHOST_NEXT, &next);
		if (err == -EINTR)
			continue;
		if (err < 0)
			sys_exit(127);
		next.result = 0;

		switch (next.op) {
		case BPROC_GHOST_NONE:
			break;
		case BPROC_GHOST_FORK:
			next.result = (int)do_fork(&next, &fd);
			break;
		case BPROC_GHOST_ARRIVE: {
			struct arrival a = {
				.ghost = fd,
				.stream = next.fd,
				.on_node = on_node,
				.keeps = keeps,
			};

			next.result = arrive(&a);
			fd = a.ghost;
			break;
		}
		case BPROC_GHOST_ARRIVE_CHILD:
			next.result = (int)do_arrive_child(&next, fd);
			break;
		case BPROC_GHOST_IDS:
			if (next.pid)
				next.result = (int)sys3(__NR_setpgid, 0, next.pid, 0);
			else
				next.result = (int)sys3(__NR_setsid, 0, 0, 0);
			break;
		default:
			next.result = -ENOSYS;
		}
	}
}
