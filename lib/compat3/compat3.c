// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libbproc-compat3: what programs of release 3 call by the names of release 4, with other
 * arguments. Such a program gets this library first (bproc-compat(7)).
 */
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat3.h"

/* Release 4's function of a name that this library has, too. */
#define RELEASE4(name, version, type)                                                    \
	({                                                                               \
		static type *function;                                                   \
		if (!function)                                                           \
			function = (type *)dlvsym(RTLD_DEFAULT, name, version);          \
		function;                                                                \
	})

static int bproc4_nodeinfo(int node, struct bproc_node_info_t *info)
{
	return RELEASE4("bproc_nodeinfo", "BPROC_4.0", __typeof__(bproc_nodeinfo))(node,
										   info);
}

static int bproc4_nodelist(struct bproc_node_set_t *set)
{
	return RELEASE4("bproc_nodelist", "BPROC_4.0", __typeof__(bproc_nodelist))(set);
}

static int bproc4_nodesetstatus(int node, const char *status)
{
	return RELEASE4("bproc_nodesetstatus", "BPROC_4.1",
			__typeof__(bproc_nodesetstatus))(node, status);
}

static int bproc4_nodespec(struct bproc_node_set_t *set, const char *spec)
{
	return RELEASE4("bproc_nodespec", "BPROC_4.0", __typeof__(bproc_nodespec))(set,
										   spec);
}

/* By their numbers. */
static const char *const states[] = {
	[BPROC_LEGACY_DOWN] = "down",	  [BPROC_LEGACY_UNAVAILABLE] = "unavailable",
	[BPROC_LEGACY_ERROR] = "error",	  [BPROC_LEGACY_UP] = "up",
	[BPROC_LEGACY_REBOOT] = "reboot", [BPROC_LEGACY_HALT] = "halt",
	[BPROC_LEGACY_PWROFF] = "pwroff", [BPROC_LEGACY_BOOT] = "boot",
};
#define STATES ((int)(sizeof(states) / sizeof(states[0])))

static int state_number(const char *name)
{
	int i;

	for (i = 0; i < STATES; i++)
		if (!strcmp(name, states[i]))
			return i;
	return BPROC_LEGACY_ERROR;
}

static uint16_t small(unsigned int id)
{
	return (uint16_t)(id > 65534 ? 65534 : id);
}

static void convert(const struct bproc_node_info_t *from, struct bproc3_node_info *to)
{
	struct sockaddr_in in;

	memset(to, 0, sizeof(*to));
	memcpy(&in, &from->addr, sizeof(in));
	to->node = from->node;
	to->status = state_number(from->status);
	to->mode = (int)from->mode;
	to->user = small(from->user);
	to->group = small(from->group);
	to->addr = in.sin_family == AF_INET ? in.sin_addr.s_addr : 0;
}

int bproc3_nodestatus(int node)
{
	struct bproc_node_info_t info;

	return bproc4_nodeinfo(node, &info) ? -1 : state_number(info.status);
}

int bproc3_nodeinfo(int node, struct bproc3_node_info *to)
{
	struct bproc_node_info_t info;

	if (bproc4_nodeinfo(node, &info))
		return -1;
	convert(&info, to);
	return 0;
}

int bproc3_nodelist(struct bproc3_node_info **list)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int i, n = bproc4_nodelist(&set);

	*list = n < 0 ? NULL : calloc((size_t)n + 1, sizeof(**list));
	for (i = 0; *list && i < n; i++)
		convert(&set.node[i], &(*list)[i]);
	bproc_nodeset_free(&set);
	return *list ? n : -1;
}

int bproc3_nodesetstatus(int node, int state)
{
	if (state < 0 || state >= STATES) {
		errno = EINVAL;
		return -1;
	}
	return bproc4_nodesetstatus(node, states[state]);
}

/* Adds to the list, which is the caller's to free. */
int bproc3_nodespec_(int **list, int *size, const char *spec)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int i, n = bproc4_nodespec(&set, spec), err = errno;
	int *more = NULL;

	if (n >= 0) {
		more = realloc(*list, ((size_t)*size + (size_t)n + 1) * sizeof(*more));
		err = errno;
	}
	if (more) {
		for (i = 0; i < n; i++)
			more[*size + i] = set.node[i].node;
		*list = more;
		*size += n;
	}
	bproc_nodeset_free(&set);
	errno = err;
	return more ? 0 : -1;
}

int bproc3_nodespec(int **list, int *size, const char *spec)
{
	*list = NULL;
	*size = 0;
	return bproc3_nodespec_(list, size, spec);
}

int bproc_getnodebyname(const char *name)
{
	char *end;
	long n;

	if (!strcmp(name, "master"))
		return BPROC_NODE_MASTER;
	if (!strcmp(name, "self"))
		return bproc_currnode();
	if (name[0] == 'n' || name[0] == '.')
		name++;
	n = strtol(name, &end, 10);
	return name[0] && !*end && n >= BPROC_NODE_MASTER && n <= INT32_MAX
		       ? (int)n
		       : BPROC_NODE_NONE;
}

int bproc_nodenumber(const struct sockaddr *addr, int size)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int i, found = BPROC_NODE_NONE;
	struct sockaddr_in in, of;

	if (size < (int)sizeof(in))
		return BPROC_NODE_NONE;
	memcpy(&in, addr, sizeof(in));
	if (in.sin_family == AF_INET && bproc4_nodelist(&set) >= 0)
		for (i = 0; i < set.size && found == BPROC_NODE_NONE; i++) {
			memcpy(&of, &set.node[i].addr, sizeof(of));
			if (of.sin_family == AF_INET &&
			    of.sin_addr.s_addr == in.sin_addr.s_addr)
				found = set.node[i].node;
		}
	bproc_nodeset_free(&set);
	return found;
}

/* On the master only: the one that it has for its nodes. */
int bproc_masteraddr(struct sockaddr *addr, int *size)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	socklen_t len = sizeof(struct sockaddr_in);
	struct sockaddr_in in;
	int fd, i, err = EOPNOTSUPP;

	if (bproc_currnode() != BPROC_NODE_MASTER) {
		errno = err;
		return -1;
	}
	if (bproc4_nodelist(&set) < 0)
		return -1;
	for (i = 0; i < set.size && err; i++) {
		memcpy(&in, &set.node[i].addr, sizeof(in));
		if (in.sin_family != AF_INET)
			continue;
		/* Nothing is sent: the kernel chooses an address for this way. */
		in.sin_port = htons(9);
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (!connect(fd, (struct sockaddr *)&in, sizeof(in)) &&
		    !getsockname(fd, (struct sockaddr *)&in, &len))
			err = 0;
		close(fd);
	}
	bproc_nodeset_free(&set);
	if (err) {
		errno = err;
		return -1;
	}
	in.sin_port = 0;
	memcpy(addr, &in, *size < 0 ? 0 : *size < (int)len ? (size_t)*size : (size_t)len);
	*size = (int)len;
	return 0;
}

int bproc3_setnodestatus(int node, int state)
{
	return bproc3_nodesetstatus(node, state);
}

/* What this library has by the same name is not what it needs itself. */
__asm__(".symver bproc3_nodestatus, bproc_nodestatus@@BPROC_3.0\n"
	".symver bproc3_nodeinfo, bproc_nodeinfo@@BPROC_3.0\n"
	".symver bproc3_nodelist, bproc_nodelist@@BPROC_3.0\n"
	".symver bproc3_nodesetstatus, bproc_nodesetstatus@@BPROC_3.0\n"
	".symver bproc3_setnodestatus, bproc_setnodestatus@@BPROC_3.0\n"
	".symver bproc3_nodespec, bproc_nodespec@@BPROC_3.0\n"
	".symver bproc3_nodespec_, bproc_nodespec_@@BPROC_3.0\n");
