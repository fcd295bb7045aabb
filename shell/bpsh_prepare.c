// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
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

int bpsh_listen(struct sockaddr_in *addr, const char *what)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memset(addr, 0, len);
	addr->sin_family = AF_INET;
	if (fd >= 0 && !bind(fd, (struct sockaddr *)addr, len) &&
	    !listen(fd, SOMAXCONN) && !getsockname(fd, (struct sockaddr *)addr, &len))
		return fd;
	fprintf(stderr, "bpsh: socket for the %s: %m\n", what);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* One for each descriptor: all processes connect before the first connection is taken. */
int bpsh_io_prepare(const struct bpsh_options *o, struct bproc_io_t *io, int listener[3])
{
	struct sockaddr_in addr;
	int fd, n = 0;

	memset(io, 0, 3 * sizeof(*io));
	/* Files first: a process that has brought all its sockets could open them. */
	for (fd = 0; fd < 3; fd++) {
		listener[fd] = -1;
		if (o->fd[fd].target == BPSH_FILE && prepare_file(o, fd, &io[n++]))
			return -1;
	}
	for (fd = 0; fd < 3; fd++) {
		if (o->fd[fd].target != BPSH_HERE)
			continue;
		listener[fd] = bpsh_listen(&addr, fd ? "output" : "input");
		if (listener[fd] < 0)
			return -1;
		/* an address of zero: where the process comes from */
		addr.sin_addr.s_addr = 0;
		io[n].fd = fd;
		io[n].type = BPROC_IO_SOCKET;
		io[n].flags = BPROC_IO_SEND_INFO;
		memcpy(&io[n++].d.addr, &addr, sizeof(addr));
	}
	return n;
}

/* Beside the processes' sockets. */
#define OWN_FILES 16
/* So many more, if they may be: for what we were given, and connections of others. */
#define SPARE_FILES 1024

bool bpsh_io_fits(int n)
{
	rlim_t need = 3 * (rlim_t)n + OWN_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_max >= need)
		return true;
	fprintf(stderr,
		"bpsh: %d processes need %llu open files, and no more than %llu may be "
		"(ulimit -Hn)\n",
		n, (unsigned long long)need, (unsigned long long)limit.rlim_max);
	return false;
}

void bpsh_io_raise_limit(int n)
{
	rlim_t want = 6 * (rlim_t)n + SPARE_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
	setrlimit(RLIMIT_NOFILE, &limit);
}
