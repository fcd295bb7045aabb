/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program as it was for the original BProc: it knows a system call number, function
 * numbers and layouts, and includes no header of ours.
 */
#ifndef OLD_H
#define OLD_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"

enum {
	VERSION = 0x0001,
	DEBUG = 0x0002,
	MASTER = 0x0003,
	SLAVE = 0x0004,
	IOD = 0x0005,
	NOTIFY = 0x0006,
	NOTIFY_4 = 0x0007,
	INFO = 0x0201,
	STATUS = 0x0202,
	CHOWN = 0x0203,
	CHROOT = 0x0207,
	REBOOT = 0x0208,
	HALT = 0x0209,
	PWROFF = 0x020a,
	PINFO = 0x020b,
	RECONNECT = 0x020e,
	REXEC = 0x0301,
	MOVE = 0x0302,
	RFORK = 0x0303,
	EXECMOVE = 0x0304,
	VRFORK = 0x0306,
	EXEC = 0x0307,
	VEXECMOVE = 0x0309,
	DUMP = 0x1000,
	UNDUMP = 0x1001,
	EXECDUMP = 0x1002,
	LIB_CLEAR = 0x1030,
	LIB_ADD = 0x1031,
	LIB_DEL = 0x1032,
	LIB_LIST = 0x1033,
	LIB_SIZE = 0x1034,
};

enum { INVALIDNODE = 300, NODEDOWN, SAMENODE, SLAVEDIED, INVALIDPROC };
enum { DOWN, UNAVAILABLE, ERROR, UP, REBOOTING, HALTED, PWROFFED, BOOTING };
enum { ON_MASTER = -1 };

struct old_version {
	char magic[3];
	unsigned char arch;
	uint32_t number;
	char string[24];
};

struct old_node {
	int node;
	int status;
	int mode;
	unsigned short user;
	unsigned short group;
	uint32_t addr;
};

struct old_proc {
	int pid;
	int node;
};

struct old_io {
	int fd;
	short type;
	short flags;
	union {
		struct sockaddr addr;
		struct {
			int flags;
			int mode;
			long offset;
			char name[256];
		} file;
		struct {
			void *base;
			long size;
		} mem;
	} d;
};

struct old_move {
	const char *arg0;
	char **argv;
	char **envp;
	int flags;
	int clone_flags;
	int iolen;
	struct old_io *io;
	int nodeslen;
	int *nodes;
	int *pids;
};

struct old_execdump {
	const char *arg0;
	char **argv;
	char **envp;
	int fd;
	int flags;
};

struct old_packed {
	uint32_t raddr, laddr;
	uint16_t rport, lport;
};

#define SIZES(type, for32, for64)                                                        \
	_Static_assert(sizeof(type) == (sizeof(long) == 4 ? (for32) : (for64)), #type)
SIZES(struct old_version, 32, 32);
SIZES(struct old_node, 20, 20);
SIZES(struct old_io, 276, 280);
SIZES(struct old_move, 40, 72);
SIZES(struct old_execdump, 20, 32);

/* The ways into the kernel: int $0x80, the vDSO's (sysenter or syscall), the 3.x number.
 */
static int way __attribute__((unused));
#ifdef __x86_64__
#define WAYS 1
#define CALL_NUMBER 184
#else
#define WAYS 3
#define CALL_NUMBER (way == 2 ? 223 : 17)
#endif

static inline long raw(long number, long function, long arg1, long arg2)
{
	long ret;

#ifdef __x86_64__
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(number), "D"(function), "S"(arg1), "d"(arg2)
			 : "rcx", "r11", "memory");
#else
	if (way == 1)
		__asm__ volatile("call *%%gs:0x10"
				 : "=a"(ret)
				 : "0"(number), "b"(function), "c"(arg1), "d"(arg2)
				 : "memory");
	else
		__asm__ volatile("int $0x80"
				 : "=a"(ret)
				 : "0"(number), "b"(function), "c"(arg1), "d"(arg2)
				 : "memory");
#endif
	return ret;
}

/* Result or -errno, as the kernel has it. */
#define old(function, arg1, arg2) raw(CALL_NUMBER, function, (long)(arg1), (long)(arg2))

static inline bool exited(int status, int code)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

/* Descriptor @fd is connected to @port of the machine that the process comes from. */
static inline void io_socket(struct old_io *io, int fd, unsigned short port, int flags)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	memset(io, 0, sizeof(*io));
	io->fd = fd;
	io->type = 1;
	io->flags = (short)flags;
	memcpy(&io->d.addr, &a, sizeof(a));
}

static inline int accept_in_time(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	return poll(&p, 1, PATIENCE * 1000) == 1 ? accept(listener, NULL, NULL) : -1;
}

/* All that the specification has. */
static const int all_functions[] __attribute__((unused)) = {
	VERSION,  DEBUG,     MASTER,   SLAVE,	IOD,	  NOTIFY,    INFO,	STATUS,
	CHOWN,	  CHROOT,    REBOOT,   HALT,	PWROFF,	  PINFO,     RECONNECT, REXEC,
	MOVE,	  RFORK,     EXECMOVE, VRFORK,	EXEC,	  VEXECMOVE, DUMP,	UNDUMP,
	EXECDUMP, LIB_CLEAR, LIB_ADD,  LIB_DEL, LIB_LIST, LIB_SIZE
};
#define FUNCTIONS (sizeof(all_functions) / sizeof(all_functions[0]))
_Static_assert(FUNCTIONS == 30, "the specification has 30 calls");

#endif
