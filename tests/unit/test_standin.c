// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arrivals on a node whose stand-ins come and go, with a driver and processes that are
 * only played.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <linux/sched.h>
#include "arrive.h"
#include "slave.h"
#include "sys.h"
#include "unit.h"

/* Far above what a process of this machine may have. */
#define BASE 100000000
#define PARENT (BASE + 1)
#define CHILD (BASE + 2)
#define LEADER (BASE + 3)
#define OTHERS 8
#define STREAM 77

/* What the stand-ins would execute: one symbol right behind the other. */
asm(".section .rodata\n"
    ".globl ghost_file, ghost_file_end\n"
    "ghost_file: .ascii \"program\"\n"
    "ghost_file_end: .byte 0\n"
    ".text");

/* What there is, by number above BASE. */
static bool there[OTHERS];
static int forks[OTHERS];
static int arrivals;
/* The first arrivals meet a stand-in that ends at that moment. */
static int races;
/* The parent is a real process: the driver knows no stand-in of that number. */
static bool parent_is_real;

int __real_kill(pid_t pid, int sig);
int __wrap_kill(pid_t pid, int sig);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_kill(pid_t pid, int sig)
{
	if (pid < BASE || pid >= BASE + OTHERS)
		return __real_kill(pid, sig);
	ck_assert_int_eq(sig, 0);
	errno = ESRCH;
	return there[pid - BASE] ? 0 : -1;
}

static int arrival(const struct bproc_stream_fd *arg)
{
	arrivals++;
	ck_assert_int_eq(arg->pid, CHILD);
	ck_assert_int_eq(arg->fd, STREAM);
	errno = ESRCH;
	if (arg->ppid <= 1 || parent_is_real)
		return -1;
	ck_assert_int_eq(arg->ppid, PARENT);
	if (races) {
		races--;
		there[PARENT - BASE] = false;
	}
	return there[PARENT - BASE] ? 0 : -1;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == BPROC_IOC_ARRIVAL)
		return arrival(arg);
	return __real_ioctl(fd, request, arg);
}

long sys_fork_pid(int pid, unsigned long long flags)
{
	ck_assert_int_gt(pid, BASE);
	/* Nothing of ours is to run for a signal to it. */
	ck_assert_uint_eq(flags, CLONE_CLEAR_SIGHAND);
	if (there[pid - BASE])
		return -EEXIST;
	forks[pid - BASE]++;
	there[pid - BASE] = true;
	return pid;
}

int arrive(struct arrival *a)
{
	(void)a;
	ck_abort_msg("nobody arrives in the daemon itself");
	return -1;
}

int device_fd(const struct device *dev)
{
	(void)dev;
	return 5;
}

static struct link_preface begin(int ppid)
{
	struct link_preface p = {
		.id = 1,
		.pid = CHILD,
		.ppid = ppid,
		.session = LEADER,
		.pgrp = LEADER,
	};

	/* The worker has something at 3, too. */
	if (fcntl(3, F_GETFD) < 0)
		dup2(open("/dev/null", O_RDONLY), 3);
	memset(there, 0, sizeof(there));
	memset(forks, 0, sizeof(forks));
	arrivals = 0;
	races = 0;
	parent_is_real = false;
	return p;
}

START_TEST(stand_ins_are_made)
{
	struct link_preface p = begin(PARENT);

	ck_assert_int_eq(standin_arrival(NULL, &p, STREAM), 0);
	ck_assert_int_eq(forks[PARENT - BASE], 1);
	ck_assert_int_eq(forks[LEADER - BASE], 1);
	ck_assert_int_eq(forks[CHILD - BASE], 0);
	ck_assert_int_eq(standin_arrival(NULL, &p, STREAM), 0);
	ck_assert_int_eq(forks[PARENT - BASE], 1);
	ck_assert_int_eq(arrivals, 2);
}
END_TEST

START_TEST(orphan)
{
	struct link_preface p = begin(1);

	ck_assert_int_eq(standin_arrival(NULL, &p, STREAM), 0);
	ck_assert_int_eq(forks[PARENT - BASE], 0);
	ck_assert_int_eq(forks[CHILD - BASE], 1);
	ck_assert_int_eq(arrivals, 1);
}
END_TEST

START_TEST(stand_in_ends_meanwhile)
{
	struct link_preface p = begin(PARENT);

	there[PARENT - BASE] = true;
	races = 1;
	ck_assert_int_eq(standin_arrival(NULL, &p, STREAM), 0);
	ck_assert_int_eq(forks[PARENT - BASE], 1);
	ck_assert_int_eq(arrivals, 2);
}
END_TEST

START_TEST(not_for_ever)
{
	struct link_preface p = begin(PARENT);

	races = 100;
	ck_assert_int_eq(standin_arrival(NULL, &p, STREAM), -ESRCH);
	ck_assert_int_eq(forks[PARENT - BASE], 2);
	ck_assert_int_eq(arrivals, 2);
}
END_TEST

START_TEST(parent_is_a_process)
{
	struct link_preface p = begin(PARENT);

	there[PARENT - BASE] = true;
	parent_is_real = true;
	ck_assert_int_eq(standin_arrival(NULL, &p, STREAM), -ESRCH);
	ck_assert_int_eq(forks[PARENT - BASE], 0);
}
END_TEST

START_TEST(nonsense)
{
	struct link_preface p = begin(-5);

	ck_assert_int_eq(standin_arrival(NULL, &p, STREAM), -EPROTO);
	p.ppid = PARENT;
	p.pid = 1;
	ck_assert_int_eq(standin_arrival(NULL, &p, STREAM), -EPROTO);
	ck_assert_int_eq(arrivals, 0);
}
END_TEST

UNIT_MAIN("standin", stand_ins_are_made, orphan, stand_in_ends_meanwhile, not_for_ever,
	  parent_is_a_process, nonsense)
