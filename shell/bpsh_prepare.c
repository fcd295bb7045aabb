// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bpsh.h"

unsigned int bpsh_io_sockets(const struct bpsh_options *o)
{
	unsigned int sockets = 0;
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (o->fd[fd].target == BPSH_HERE)
			sockets |= 1U << fd;
	return sockets;
}

static int prepare_file(const struct bpsh_options *o, int fd, struct bproc_io_t *io)
{
	const char *name = o->fd[fd].file;

	io->fd = fd;
	io->type = BPROC_IO_FILE;
	io->d.file.flags = fd ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY;
	io->d.file.mode = 0666;
	if (strlen(name) >= sizeof(io->d.file.name)) {
		fprintf(stderr, "bpsh: %s: the name is too long\n", name);
		return -1;
	}
	strcpy(io->d.file.name, name);
	return 0;
}

static int listen_anywhere(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memset(addr, 0, len);
	addr->sin_family = AF_INET;
	if (fd < 0 || bind(fd, (struct sockaddr *)addr, len) || listen(fd, SOMAXCONN) ||
	    getsockname(fd, (struct sockaddr *)addr, &len)) {
		perror("bpsh: socket for the output");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int bpsh_io_prepare(const struct bpsh_options *o, struct bproc_io_t *io, int *listener)
{
	struct sockaddr_in addr;
	int fd, n = 0;

	*listener = -1;
	memset(io, 0, 3 * sizeof(*io));
	/* Files first: a process that has brought all its sockets could open them. */
	for (fd = 0; fd < 3; fd++)
		if (o->fd[fd].target == BPSH_FILE && prepare_file(o, fd, &io[n++]))
			return -1;
	if (n == 3)
		return n;
	*listener = listen_anywhere(&addr);
	if (*listener < 0)
		return -1;
	/* an address of zero: where the process comes from */
	addr.sin_addr.s_addr = 0;
	for (fd = 0; fd < 3; fd++) {
		if (o->fd[fd].target != BPSH_HERE)
			continue;
		io[n].fd = fd;
		io[n].type = BPROC_IO_SOCKET;
		io[n].flags = BPROC_IO_SEND_INFO;
		memcpy(&io[n++].d.addr, &addr, sizeof(addr));
	}
	return n;
}
