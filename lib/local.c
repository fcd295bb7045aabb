// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "local.h"

bool local_is(int node)
{
	return node == BPROC_NODE_SELF || node == bproc_currnode();
}

static int connect_socket(const struct bproc_io_t *io)
{
	struct sockaddr_in addr;
	int info[2] = { getpid(), io->fd };
	int fd;

	memcpy(&addr, &io->d.addr, sizeof(addr));
	if (addr.sin_family != AF_INET) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	if (!addr.sin_addr.s_addr)
		addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    (io->flags & BPROC_IO_SEND_INFO &&
	     write(fd, info, sizeof(info)) != (ssize_t)sizeof(info))) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static int open_file(const struct bproc_io_t *io)
{
	/* close-on-exec would take effect before the program could use it */
	int fd = open(io->d.file.name, io->d.file.flags & ~O_CLOEXEC, io->d.file.mode);

	if (fd >= 0 && io->d.file.offset &&
	    lseek(fd, io->d.file.offset, SEEK_SET) == (off_t)-1) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static int place(int fd, int target)
{
	int ret;

	if (fd < 0)
		return -1;
	if (fd == target)
		return fcntl(fd, F_SETFD, 0);
	ret = dup2(fd, target);
	close(fd);
	return ret < 0 ? -1 : 0;
}

int local_io(const struct bproc_io_t *io, int iolen, int *keep)
{
	int highest = 2, fd, i;

	if (iolen == BPROC_IO_DEFAULT)
		return 0;
	for (i = 0; i < iolen; i++)
		if (io[i].fd > highest)
			highest = io[i].fd;
	fd = fcntl(*keep, F_DUPFD_CLOEXEC, highest + 1);
	if (fd < 0)
		return -1;
	close(*keep);
	*keep = fd;
	for (i = 0; i < 3; i++)
		close(i);
	for (i = 0; i < iolen; i++) {
		fd = io[i].type == BPROC_IO_SOCKET ? connect_socket(&io[i])
						   : open_file(&io[i]);
		if (place(fd, io[i].fd))
			return -1;
	}
	return 0;
}
