// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "internal.h"

int bproc_nodesetstatus(int node, const char *status)
{
	struct bproc_node_status arg = { .node = node };
	size_t len = strlen(status);

	if (len >= sizeof(arg.state)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(arg.state, status, len);
	return handle_ioctl(BPROC_IOC_STATUS, &arg);
}

int bproc_nodechroot(int node, const char *path)
{
	struct bproc_node_chroot arg = { .node = node, .path = (uintptr_t)path };

	return handle_ioctl(BPROC_IOC_CHROOT, &arg);
}

static int order(unsigned long request, int node)
{
	struct bproc_node_order arg = { .node = node };

	return handle_ioctl(request, &arg);
}

int bproc_nodereboot(int node)
{
	return order(BPROC_IOC_REBOOT, node);
}

int bproc_nodehalt(int node)
{
	return order(BPROC_IOC_HALT, node);
}

int bproc_nodepwroff(int node)
{
	return order(BPROC_IOC_PWROFF, node);
}

/* None of them waits for more than the node's word. */

int bproc_nodereboot_async(int node)
{
	return order(BPROC_IOC_REBOOT, node);
}

int bproc_nodehalt_async(int node)
{
	return order(BPROC_IOC_HALT, node);
}

int bproc_nodepwroff_async(int node)
{
	return order(BPROC_IOC_PWROFF, node);
}

static int copy_address(__u8 *to, const struct sockaddr *addr, int size)
{
	if (!addr || !size)
		return 0;
	if (size < 0 || size > BPROC_ADDR_LEN) {
		errno = EINVAL;
		return -1;
	}
	memcpy(to, addr, (size_t)size);
	return 0;
}

int bproc_nodereconnect(int node, const struct sockaddr *rem, int remsize,
			const struct sockaddr *loc, int locsize)
{
	struct bproc_connect arg = { .node = node };

	if (copy_address(arg.remote, rem, remsize) ||
	    copy_address(arg.local, loc, locsize))
		return -1;
	return handle_ioctl(BPROC_IOC_RECONNECT, &arg);
}
