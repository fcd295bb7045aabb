// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "iod_control.h"
#include "log.h"

union ancillary {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int iod_control_send(int control, const struct iod_control *msg, int fd)
{
	struct iovec iov = { (void *)msg, sizeof(*msg) };
	union ancillary a = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
					.cmsg_level = SOL_SOCKET,
					.cmsg_type = SCM_RIGHTS } };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&a.head), &fd, sizeof(fd));
		m.msg_control = &a;
		m.msg_controllen = sizeof(a);
	}
	return sendmsg(control, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int iod_control_receive(int control, struct iod_control *msg, int *fd)
{
	struct iovec iov = { msg, sizeof(*msg) };
	union ancillary a;
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &a,
			    .msg_controllen = sizeof(a) };
	struct cmsghdr *c;
	ssize_t n;

	*fd = -1;
	n = recvmsg(control, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (!n)
		return 0;
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return n == sizeof(*msg) ? 1 : -EPROTO;
}

/* Both numbers may be taken, even by each other. */
static int place(int control, int device)
{
	control = fcntl(control, F_DUPFD, IOD_DEVICE_FD + 1);
	device = fcntl(device, F_DUPFD, IOD_DEVICE_FD + 1);
	if (control < 0 || device < 0 || dup2(control, IOD_CONTROL_FD) < 0 ||
	    dup2(device, IOD_DEVICE_FD) < 0)
		return -errno;
	return close_range(IOD_DEVICE_FD + 1, ~0U, 0) ? -errno : 0;
}

int iod_fork(int *control)
{
	int device = open(IOD_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int pair[2], err, pid;
	sigset_t none;

	if (device < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
		err = -errno;
		close(device);
		return err;
	}
	pid = fork();
	err = -errno;
	if (!pid) {
		sigemptyset(&none);
		signal(SIGCHLD, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (place(pair[1], device))
			_exit(1);
		log_reopen();
		/* Signals from a terminal are for those who started it. */
		setsid();
		return 0;
	}
	close(pair[1]);
	close(device);
	if (pid < 0) {
		close(pair[0]);
		return err;
	}
	*control = pair[0];
	return pid;
}
