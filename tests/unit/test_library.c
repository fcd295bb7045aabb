// SPDX-License-Identifier: GPL-2.0-or-later
/* libbproc's calls. The test plays the driver. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"

static int driver_errno = ENOSYS;

int __wrap_handle_open(void);
int __wrap_handle_ioctl(unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_handle_open(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int __wrap_handle_ioctl(unsigned long request, void *arg)
{
	(void)request;
	(void)arg;
	errno = driver_errno;
	return -1;
}

/* There are no nodes. */
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	(void)fd;
	(void)request;
	return 0;
}

START_TEST(a_notifier_that_has_ended)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	close(ends[1]);
	ck_assert_int_eq(bproc_nodelist_(&set, ends[0]), 0);
}
END_TEST

static int move_in_namespace(void)
{
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return ENOSYS;
	pid = fork();
	if (!pid)
		_exit(bproc_move(BPROC_NODE_MASTER) ? errno : 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

START_TEST(moving_to_the_master)
{
	/* perhaps on a node whose root directory has no device */
	ck_assert_int_eq(move_in_namespace(), ENOSYS);
	driver_errno = EBUSY;
	ck_assert_int_eq(bproc_move(BPROC_NODE_MASTER), -1);
	ck_assert_int_eq(errno, EBUSY);
	driver_errno = BE_SAMENODE;
	ck_assert_int_eq(bproc_move(BPROC_NODE_MASTER), 0);
}
END_TEST

START_TEST(a_constant_environment)
{
	char *argv[] = { "sh", "-c", "[ $BPROC_RANK$A = 0000001x ]", NULL };
	char *envp[] = { "BPROC_RANK=XXXXXXX", "A=x", NULL };
	int nodes[2] = { BPROC_NODE_MASTER, BPROC_NODE_MASTER }, pids[2], status;

	ck_assert_int_eq(bproc_vexecmove(2, nodes, pids, "/bin/sh", argv, envp), 2);
	ck_assert_int_gt(pids[1], 0);
	ck_assert_int_eq(waitpid(pids[1], &status, 0), pids[1]);
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(envp[0], "BPROC_RANK=XXXXXXX");
}
END_TEST

static void nothing(int sig)
{
	(void)sig;
}

START_TEST(errors_while_signals_come)
{
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = nothing };
	char *argv[] = { "x", NULL }, *envp[] = { NULL };
	int node = BPROC_NODE_MASTER, pid, i, wrong = 0;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; i < 300; i++) {
		ck_assert_int_eq(bproc_vexecmove(1, &node, &pid, "/no/program", argv, envp), 1);
		wrong += pid != -ENOENT;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

UNIT_MAIN("library", a_notifier_that_has_ended, moving_to_the_master, a_constant_environment,
	  errors_while_signals_come)
