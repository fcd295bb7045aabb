// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "internal.h"

/* Nodes asked for in one call. */
#define CHUNK 64

int bproc_version(struct bproc_version_t *version)
{
	struct bproc_version v;

	if (handle_ioctl(BPROC_IOC_VERSION, &v))
		return -1;
	memcpy(version, &v, sizeof(*version));
	return 0;
}

/*
 * The device's mode says who may open it for writing; the original's says who may
 * execute there. The bits are next to each other.
 */
static void convert(const struct bproc_node_info *from, struct bproc_node_info_t *to)
{
	memset(to, 0, sizeof(*to));
	to->node = from->node;
	memcpy(to->status, from->state, sizeof(to->status));
	to->mode = (from->mode & 0222) >> 1;
	to->user = from->uid;
	to->group = from->gid;
	memcpy(&to->addr, from->addr, sizeof(to->addr));
}

/* The master is a node too, but one that has no device. */
static void master_info(struct bproc_node_info_t *info)
{
	memset(info, 0, sizeof(*info));
	info->node = BPROC_NODE_MASTER;
	strcpy(info->status, "up");
	info->mode = 0111;
	info->addr.sa_family = AF_INET;
}

int bproc_nodeinfo(int node, struct bproc_node_info_t *info)
{
	struct bproc_node_info raw;
	struct bproc_node_list list = {
		.info = (uintptr_t)&raw,
		.count = 1,
		.after = node - 1,
	};
	int n;

	if (node == BPROC_NODE_SELF)
		node = bproc_currnode();
	if (node == BPROC_NODE_MASTER) {
		master_info(info);
		return 0;
	}
	if (node < 0) {
		errno = BE_INVALIDNODE;
		return -1;
	}
	list.after = node - 1;
	n = handle_ioctl(BPROC_IOC_INFO, &list);
	if (n < 0)
		return -1;
	if (!n || raw.node != node) {
		errno = BE_INVALIDNODE;
		return -1;
	}
	convert(&raw, info);
	return 0;
}

int bproc_nodelist(struct bproc_node_set_t *set)
{
	struct bproc_node_info raw[CHUNK];
	struct bproc_node_list list = {
		.info = (uintptr_t)raw,
		.count = CHUNK,
		.after = -1,
	};
	struct bproc_node_info_t info;
	int fd = handle_open(), i, n;

	if (fd < 0)
		return -1;
	set->size = 0;
	while ((n = ioctl(fd, BPROC_IOC_INFO, &list)) > 0) {
		for (i = 0; i < n; i++) {
			convert(&raw[i], &info);
			if (bproc_nodeset_add(set, &info)) {
				n = -1;
				goto out;
			}
		}
		list.after = raw[n - 1].node;
	}
out:
	handle_close(fd);
	return n < 0 ? -1 : set->size;
}

int bproc_nodelist_(struct bproc_node_set_t *set, int notifier)
{
	struct pollfd p = { .fd = notifier, .events = POLLIN };
	uint64_t changes;
	ssize_t got;
	int n;

	do {
		got = poll(&p, 1, 0) > 0 ? read(notifier, &changes, sizeof(changes)) : 1;
		if (got < 0)
			return -1;
		n = bproc_nodelist(set);
		/* A notifier of a master that is no more has no more news: got is 0. */
	} while (n >= 0 && got > 0 && poll(&p, 1, 0) > 0);
	return n;
}

int bproc_notifier(void)
{
	return handle_ioctl(BPROC_IOC_NOTIFY, NULL);
}

int bproc_numnodes(void)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int n = bproc_nodelist(&set);

	bproc_nodeset_free(&set);
	return n;
}

int bproc_currnode(void)
{
	/* The master knows of its own processes as being on no node. */
	return bproc_pidnode(getpid());
}

int bproc_nodestatus(int node, char *status, int len)
{
	struct bproc_node_info_t info;
	int n;

	if (bproc_nodeinfo(node, &info))
		return -1;
	n = (int)strnlen(info.status, sizeof(info.status));
	if (n < len)
		status[n] = 0;
	else
		n = len < 0 ? 0 : len;
	memcpy(status, info.status, (size_t)n);
	return n;
}

int bproc_nodeaddr(int node, struct sockaddr *addr, int *size)
{
	struct bproc_node_info_t info;
	size_t room = *size < 0 ? 0 : (size_t)*size;

	if (bproc_nodeinfo(node, &info))
		return -1;
	memcpy(addr, &info.addr, room < sizeof(info.addr) ? room : sizeof(info.addr));
	*size = sizeof(info.addr);
	return 0;
}

/* --- permissions --- */

static int node_path(int node, char *path, size_t len)
{
	if (node < 0) {
		errno = node == BPROC_NODE_MASTER ? EPERM : BE_INVALIDNODE;
		return -1;
	}
	snprintf(path, len, "/dev/bpnode%d", node);
	return 0;
}

static int no_node(int ret)
{
	if (ret < 0 && errno == ENOENT)
		errno = BE_INVALIDNODE;
	return ret;
}

int bproc_access(int node, int mode)
{
	char path[32];

	if (mode & ~BPROC_X_OK) {
		errno = EINVAL;
		return -1;
	}
	if (node == BPROC_NODE_MASTER)
		return 0;
	if (node_path(node, path, sizeof(path)))
		return -1;
	/* as the driver looks at it */
	return no_node(
		faccessat(AT_FDCWD, path, mode & BPROC_X_OK ? W_OK : F_OK, AT_EACCESS));
}

int bproc_chmod(int node, int mode)
{
	char path[32];

	if (mode & ~0111) {
		errno = EPERM;
		return -1;
	}
	if (node_path(node, path, sizeof(path)))
		return -1;
	return no_node(chmod(path, (mode_t)(mode << 1 | mode << 2)));
}

int bproc_chown(int node, int user)
{
	char path[32];

	if (node_path(node, path, sizeof(path)))
		return -1;
	return no_node(chown(path, (uid_t)user, (gid_t)-1));
}

int bproc_chgrp(int node, int group)
{
	char path[32];

	if (node_path(node, path, sizeof(path)))
		return -1;
	return no_node(chown(path, (uid_t)-1, (gid_t)group));
}
