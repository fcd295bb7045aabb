// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "nodeup.h"
#include "unit.h"

/* This machine's logs, and who runs scripts on it, are none of a test's. */
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
int __wrap_socket(int domain, int type, int protocol);

int __wrap_mkdir(const char *path, mode_t mode)
{
	(void)path, (void)mode;
	errno = EACCES;
	return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
	(void)path, (void)flags;
	errno = EACCES;
	return -1;
}

int __wrap_socket(int domain, int type, int protocol)
{
	(void)domain, (void)type, (void)protocol;
	errno = EACCES;
	return -1;
}

static char *script(const char *text)
{
	static char path[] = "/tmp/test_nodeup.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert(!fchmod(fd, 0700));
	close(fd);
	return path;
}

static void on_done(void *arg, bool ok)
{
	(void)arg, (void)ok;
	ck_abort_msg("called back");
}

/* The node goes down at once: the script has no group of its own yet. */
START_TEST(cancelled_at_once)
{
	char *path = script("#!/bin/sh\nexec sleep 10\n");
	int status;

	nodeup_cancel(nodeup_start(NULL, path, 0, on_done, NULL));
	ck_assert_int_gt(wait(&status), 0);
	unlink(path);
	ck_assert_msg(WIFSIGNALED(status), "status 0x%x", (unsigned int)status);
	ck_assert_int_eq(WTERMSIG(status), SIGTERM);
}
END_TEST

UNIT_MAIN("nodeup", cancelled_at_once)
