// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Attributes of nodes. State and address are the driver's; others that an administrator
 * gives a node hang on its device file, where all may read them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include "internal.h"

#define PREFIX "security.bproc."
#define NAME_MAX_LEN 63
#define VALUE_MAX_LEN 64

static int find(int node, const char *name, char *path, size_t path_len, char *attr,
		size_t attr_len)
{
	if (node < 0) {
		errno = node == BPROC_NODE_MASTER ? ENODATA : BE_INVALIDNODE;
		return -1;
	}
	if (!name[0] || strlen(name) > NAME_MAX_LEN) {
		errno = EINVAL;
		return -1;
	}
	snprintf(path, path_len, "/dev/bpnode%d", node);
	snprintf(attr, attr_len, PREFIX "%s", name);
	return 0;
}

static int done(int ret)
{
	if (ret < 0 && errno == ENOENT)
		errno = BE_INVALIDNODE;
	return ret;
}

/* As getxattr(2) does: the length; of a value that does not fit ERANGE. */
static int give(const void *from, int len, void *to, int size)
{
	if (size && size < len) {
		errno = ERANGE;
		return -1;
	}
	if (size)
		memcpy(to, from, (size_t)len);
	return len;
}

int bproc_getnodeattr(int node, const char *name, void *value, int size)
{
	char path[32], attr[sizeof(PREFIX) + NAME_MAX_LEN];
	struct bproc_node_info_t info;

	if (size < 0) {
		errno = EINVAL;
		return -1;
	}
	if (!strcmp(name, "state") || !strcmp(name, "addr")) {
		if (bproc_nodeinfo(node, &info))
			return -1;
		if (name[0] == 's')
			return give(info.status, (int)strlen(info.status), value, size);
		return give(&info.addr, sizeof(info.addr), value, size);
	}
	if (find(node, name, path, sizeof(path), attr, sizeof(attr)))
		return -1;
	return done((int)getxattr(path, attr, value, (size_t)size));
}

int bproc_setnodeattr(int node, const char *name, const void *value, int size)
{
	char path[32], attr[sizeof(PREFIX) + NAME_MAX_LEN], state[BPROC_STATE_LEN] = "";

	if (size < 0 || size > VALUE_MAX_LEN || !strcmp(name, "addr") ||
	    (!strcmp(name, "state") && size >= BPROC_STATE_LEN)) {
		errno = EINVAL;
		return -1;
	}
	if (!strcmp(name, "state")) {
		memcpy(state, value, (size_t)size);
		return bproc_nodesetstatus(node, state);
	}
	if (find(node, name, path, sizeof(path), attr, sizeof(attr)))
		return -1;
	return done(setxattr(path, attr, value, (size_t)size, 0));
}
