// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "internal.h"

/* Processes asked for in one call, at first. */
#define CHUNK 256

const char *bproc_strerror(int err)
{
	int saved = errno;
	bool closed;

	if (err < 0)
		err = -err;
	switch (err) {
	case BE_INVALIDNODE:
		return "Invalid node number";
	case BE_NODEDOWN:
		return "Node is down";
	case BE_SAMENODE:
		return "Move to same node";
	case BE_SLAVEDIED:
		return "Slave node died";
	case BE_INVALIDPROC:
		return "Invalid process ID";
	case ENOSYS:
		return "No cluster here, or this is not its master (see bpctl check)";
	case EACCES:
		/* of the whole cluster, or of what was asked for */
		closed = access("/dev/bproc", R_OK | W_OK) && errno == EACCES;
		errno = saved;
		if (closed)
			return "Permission denied: /dev/bproc (see bpctl check)";
		/* fall through */
	default:
		return strerror(err);
	}
}

int bproc_proclist(int node, struct bproc_proc_info_t **list)
{
	struct bproc_proc_info_t *all = NULL, *more;
	struct bproc_proc_list arg = { .after = -1, .node = node };
	int alloc = 0, size = 0, n;
	int fd = handle_open();

	_Static_assert(sizeof(struct bproc_proc_info) == sizeof(struct bproc_proc_info_t),
		       "one layout");
	if (fd < 0)
		return -1;
	do {
		if (size == alloc) {
			alloc = alloc ? alloc * 2 : CHUNK;
			more = realloc(all, (size_t)alloc * sizeof(*all));
			if (!more) {
				n = -1;
				break;
			}
			all = more;
		}
		arg.info = (uintptr_t)(all + size);
		arg.count = (unsigned int)(alloc - size);
		n = ioctl(fd, BPROC_IOC_PINFO, &arg);
		if (n > 0) {
			size += n;
			arg.after = all[size - 1].pid;
		}
	} while (n > 0);
	handle_close(fd);
	if (n < 0) {
		int err = errno;

		free(all);
		errno = err;
		return -1;
	}
	*list = all;
	return size;
}

int bproc_pidnode(int pid)
{
	struct bproc_proc_info info;
	struct bproc_proc_list arg = {
		.info = (uintptr_t)&info,
		.count = 1,
		.after = pid - 1,
		.node = BPROC_NODE_ANY,
	};

	if (pid <= 0 || handle_ioctl(BPROC_IOC_PINFO, &arg) != 1 || info.pid != pid)
		return BPROC_NODE_MASTER;
	return info.node;
}
