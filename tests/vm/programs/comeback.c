// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * comeback MIB: fills memory, goes to node 0, tries to come back, tries once more if that
 * fails. Says in one line what the first try gave and where the program was afterwards,
 * whether its memory is intact, and where it is in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/bproc.h>

static int move(int node)
{
	struct bproc_move m = { .node = node, .flags = 7, .iolen = BPROC_IO_DEFAULT };
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC);
	int err;

	if (fd < 0)
		return errno;
	err = ioctl(fd, BPROC_IOC_MOVE, &m) ? errno : 0;
	close(fd);
	return err;
}

int main(int argc, char **argv)
{
	size_t i, n = (size_t)atoi(argv[argc - 1]) << 18, bad = 0;
	unsigned int *p = malloc(n * sizeof(*p));
	struct utsname there, end;
	int first;

	if (!p || !n)
		return 2;
	for (i = 0; i < n; i++)
		p[i] = i * 2654435761u;
	if (move(0))
		return 3;
	first = move(BPROC_NODE_MASTER);
	uname(&there);
	for (i = 0; i < n; i++)
		bad += p[i] != (unsigned int)(i * 2654435761u);
	if (first && move(BPROC_NODE_MASTER))
		return 4;
	uname(&end);
	printf("%s on %s, %zu bad, then on %s\n", first ? "failed" : "moved", there.nodename,
	       bad, end.nodename);
	return 0;
}
