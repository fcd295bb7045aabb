// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "handle.h"

static dev_t device;

int handle_open(void)
{
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
			errno = ENOSYS;
		return -1;
	}
	if (!fstat(fd, &st))
		device = st.st_rdev;
	return fd;
}

void handle_close(int fd)
{
	int err = errno;
	struct stat st;

	/* The number of the device may differ where the process has gone; it is ours
	 * then. */
	if (!fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_rdev == device)
		close(fd);
	errno = err;
}

int handle_ioctl(unsigned long request, void *arg)
{
	int fd = handle_open(), ret;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, request, arg);
	handle_close(fd);
	return ret;
}
