// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/vmadump.h>
#include "internal.h"

int bproc_dump(int fd, int flags)
{
	struct vmad_dump arg = { .fd = fd, .flags = (unsigned int)flags };

	return handle_ioctl(VMAD_IOC_DO_DUMP, &arg);
}

int bproc_undump(int fd)
{
	struct vmad_undump arg = { .fd = fd };

	return handle_ioctl(VMAD_IOC_DO_UNDUMP, &arg);
}

int bproc_undump_check(int fd)
{
	struct vmad_undump arg = { .fd = fd, .flags = VMAD_UNDUMP_CHECK };

	return handle_ioctl(VMAD_IOC_DO_UNDUMP, &arg);
}

int bproc_execdump(int fd, int flags, const char *cmd, char *const argv[],
		   char *const envp[])
{
	struct vmad_execdump arg = {
		.path = (uintptr_t)cmd,
		.argv = (uintptr_t)argv,
		.envp = (uintptr_t)envp,
		.fd = fd,
		.flags = (unsigned int)flags,
	};

	return handle_ioctl(VMAD_IOC_EXECDUMP, &arg);
}

int bproc_libclear(void)
{
	return handle_ioctl(VMAD_IOC_LIB_CLEAR, NULL);
}

int bproc_libadd(const char *name)
{
	struct vmad_lib arg = { .name = (uintptr_t)name };

	return handle_ioctl(VMAD_IOC_LIB_ADD, &arg);
}

int bproc_libdel(const char *name)
{
	struct vmad_lib arg = { .name = (uintptr_t)name };

	return handle_ioctl(VMAD_IOC_LIB_DEL, &arg);
}

int bproc_liblist(char **list)
{
	struct vmad_lib_list arg = { 0 };
	char *buf = NULL, *more;
	int size;

	/* The list may grow between the two calls. */
	do {
		size = handle_ioctl(VMAD_IOC_LIB_SIZE, NULL);
		more = size < 0 ? NULL : realloc(buf, (size_t)size);
		if (!more)
			goto fail;
		buf = more;
		arg.buffer = (uintptr_t)buf;
		arg.size = (uint64_t)size;
		size = handle_ioctl(VMAD_IOC_LIB_LIST, &arg);
	} while (size < 0 && errno == ENOSPC);
	if (size < 0)
		goto fail;
	*list = buf;
	return 0;
fail:
	size = errno;
	free(buf);
	errno = size;
	return -1;
}
