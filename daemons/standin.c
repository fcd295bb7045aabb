// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/sched.h>
#include "arrive.h"
#include "log.h"
#include "slave.h"
#include "sys.h"

/* How long a stand-in may take to start, in ms. */
#define START_TIMEOUT 5000
/* How long one may take to end, in ms. */
#define END_TIMEOUT 200

/* bproc-ghost, the whole file: a node needs no files but bpslave. */
extern const char ghost_file[], ghost_file_end[];

int standin_program(void)
{
	static int fd = -1;
	size_t len = (size_t)(ghost_file_end - ghost_file);

	if (fd >= 0)
		return fd;
	fd = memfd_create("bproc-ghost", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (write(fd, ghost_file, len) != (ssize_t)len || fchmod(fd, 0755) ||
	    fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) {
		int err = errno ? -errno : -ENOSPC;

		close(fd);
		fd = -1;
		return err;
	}
	return fd;
}

/*
 * The child. Its real user ID is the process's, so that its children see the parent
 * they would have; it keeps root's privileges, which it needs to give them their PIDs.
 */
static void __attribute__((noreturn))
become_standin(int dev, int program, __u32 uid, int report)
{
	static char *const argv[] = { "bproc-ghost", NULL };
	static char *const envp[] = { NULL };
	int err, fd;

	/* not the C library's: it would look for threads of its own */
	if (syscall(SYS_setresuid, uid, 0, 0))
		goto fail;
	fd = ioctl(dev, BPROC_IOC_STANDIN);
	if (fd < 0 || (fd != 3 && dup2(fd, 3) < 0))
		goto fail;
	syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
fail:
	err = errno;
	if (write(report, &err, sizeof(err)) < 0)
		sys_exit(126);
	sys_exit(127);
}

/*
 * A child with a number, in which no signal does anything: soon others may send it some,
 * and our handlers would tell us of those.
 */
static long fork_child(int pid)
{
	sigset_t all, old;
	long child;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	child = sys_fork_pid(pid, CLONE_CLEAR_SIGHAND);
	if (child)
		sigprocmask(SIG_SETMASK, &old, NULL);
	return child;
}

static int start_standin(struct device *device, int pid, __u32 uid)
{
	struct pollfd p = { .events = POLLIN };
	int program = standin_program();
	int dev = device_fd(device);
	int report[2], err = 0;
	long child;

	if (pid <= 1)
		return -EINVAL;
	if (program < 0)
		return program;
	if (pipe2(report, O_CLOEXEC))
		return -errno;
	/* 3 will be the stand-in's ghost descriptor; keep what exec needs away from it */
	if (program == 3 || report[1] == 3 || dev == 3) {
		err = -EBADF;
	} else {
		child = fork_child(pid);
		if (!child)
			become_standin(dev, program, uid, report[1]);
		err = child < 0 ? (int)child : 0;
	}
	close(report[1]);
	if (!err) {
		/* ends by itself when the exec succeeded */
		p.fd = report[0];
		if (poll(&p, 1, START_TIMEOUT) == 0)
			err = -ETIMEDOUT;
		else if (read(report[0], &err, sizeof(err)) == sizeof(err))
			err = -err;
	}
	close(report[0]);
	return err;
}

/* Has it ended, or does it now? Its number is free then. */
static void await_end(int pid)
{
	struct pollfd p = { .events = POLLIN };

	/* only a child of ours can be a stand-in */
	if (waitpid(pid, NULL, WNOHANG | __WALL))
		return;
	p.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p.fd < 0)
		return;
	poll(&p, 1, END_TIMEOUT);
	close(p.fd);
	waitpid(pid, NULL, WNOHANG | __WALL);
}

int standin_make(struct device *device, int pid, __u32 uid)
{
	int err = start_standin(device, pid, uid);

	if (err != -EEXIST)
		return err;
	await_end(pid);
	err = start_standin(device, pid, uid);
	return err == -EEXIST ? 0 : err;
}

static int make_child(int dev, int pid, int stream)
{
	struct arrival a = { .ghost = dev, .stream = stream, .on_node = true };
	long child = fork_child(pid);

	if (!child) {
		arrive(&a);
		sys_exit(127);
	}
	return child < 0 ? (int)child : 0;
}

static int give(int dev, const struct link_preface *preface, int fd)
{
	struct bproc_stream_fd arg = {
		.id = preface->id,
		.fd = fd,
		.result = preface->from,
		.pid = preface->pid,
		.ppid = preface->ppid,
	};

	return ioctl(dev, BPROC_IOC_ARRIVAL, &arg) < 0 ? -errno : 0;
}

/* Makes those stand-ins that an arriving process needs and that are not here. */
static int make_standins(struct device *dev, const struct link_preface *preface)
{
	const struct {
		int pid;
		__u32 uid;
	} needed[] = {
		{ preface->ppid, preface->uid },
		{ preface->session, preface->session_uid },
		{ preface->pgrp, preface->pgrp_uid },
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (needed[i].pid <= 1 || needed[i].pid == preface->pid ||
		    !kill(needed[i].pid, 0))
			continue;
		err = start_standin(dev, needed[i].pid, needed[i].uid);
		/* It arrives itself at this moment, made by another stand-in. */
		if (err == -EEXIST)
			err = 0;
		if (err) {
			log_err("stand-in of process %d: %s", needed[i].pid,
				strerror(-err));
			return err;
		}
	}
	return 0;
}

int standin_arrival(struct device *device, const struct link_preface *preface, int fd)
{
	int dev = device_fd(device);
	int err;

	if (preface->pid <= 1 || preface->ppid < 0)
		return -EPROTO;
	err = make_standins(device, preface);
	if (!err)
		err = give(dev, preface, fd);
	/* A ghost of it that begins or ends says nothing about its parent's. */
	if (err != -ESRCH || !kill(preface->pid, 0))
		return err;
	if (preface->ppid <= 1)
		return make_child(dev, preface->pid, fd);
	/* The driver dismisses stand-ins that nobody needs; this one at that moment. */
	await_end(preface->ppid);
	err = make_standins(device, preface);
	return err ? err : give(dev, preface, fd);
}
