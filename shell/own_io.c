// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "own_io.h"

static bool keep(int fd, int *kept)
{
	*kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *kept >= 0 || errno == EBADF;
}

static void put_back(int kept, int fd)
{
	if (kept >= 0) {
		dup2(kept, fd);
		close(kept);
	} else {
		close(fd);
	}
}

bool own_io_put_aside(struct own_io *own, int to)
{
	int null = -1, err;

	fflush(stdout);
	own->out = -1;
	if (keep(STDIN_FILENO, &own->in) && keep(STDOUT_FILENO, &own->out))
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0) {
		err = errno;
		if (own->in >= 0)
			close(own->in);
		if (own->out >= 0)
			close(own->out);
		errno = err;
		return false;
	}
	dup2(to, STDOUT_FILENO);
	dup2(null, STDIN_FILENO);
	if (null != STDIN_FILENO)
		close(null);
	return true;
}

void own_io_take_back(const struct own_io *own)
{
	put_back(own->out, STDOUT_FILENO);
	put_back(own->in, STDIN_FILENO);
}
