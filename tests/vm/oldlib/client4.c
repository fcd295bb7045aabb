// SPDX-License-Identifier: GPL-2.0-or-later
/* A client of the original's library, release 4, with declarations of its own. */
#include "../programs/old.h"

struct node4 {
	int node;
	char status[16];
	unsigned int mode, user, group;
	struct sockaddr addr;
};

struct set4 {
	int size, alloc;
	struct node4 *node;
};

int bproc_numnodes(void);
int bproc_currnode(void);
int bproc_nodestatus(int node, char *status, int len);
int bproc_nodeinfo(int node, struct node4 *info);
int bproc_nodelist(struct set4 *set);
int bproc_nodespec(struct set4 *set, const char *spec);
void bproc_nodeset_free(struct set4 *set);
int bproc_getnodeattr(int node, char *name, void *value, int size);
int bproc_setnodeattr(int node, char *name, void *value, int size);
int bproc_rfork(int node);
int bproc_vrfork(int n, int *nodes, int *pids);
int bproc_pidnode(int pid);
int bproc_libclear(void);
int bproc_libadd(const char *name);
int bproc_liblist(char **list);
int bproc_execve(const char *cmd, char **argv, char **envp);
char *bproc_strerror(int err);

_Static_assert(sizeof(struct node4) == 48, "as it was");

int main(void)
{
	int nodes[2] = { 0, 1 }, pids[2] = { 0 }, i, node_was = -5;
	char *args[] = { "true", NULL }, *list, text[64] = "";
	struct set4 set = { 0, 0, NULL };
	struct node4 info;
	pid_t pid;

	alarm(60 * slowness());
	same("numnodes", 2, bproc_numnodes());
	same("currnode", -1, bproc_currnode());
	same("nodestatus", 2, bproc_nodestatus(0, text, sizeof(text)));
	check(!strcmp(text, "up"), "nodestatus: text", "%s", text);
	same("nodeinfo", 0, bproc_nodeinfo(1, &info));
	check(info.node == 1 && !strcmp(info.status, "up"), "nodeinfo: a node", "%d %s",
	      info.node, info.status);
	check(bproc_nodeinfo(77, &info) == -1 && errno == INVALIDNODE,
	      "nodeinfo: no node", "errno %d", errno);
	same("nodelist", 2, bproc_nodelist(&set));
	bproc_nodeset_free(&set);
	memset(&set, 0, sizeof(set));
	same("nodespec", 1, bproc_nodespec(&set, "n1"));
	bproc_nodeset_free(&set);
	same("getnodeattr: state", 2, bproc_getnodeattr(0, "state", text, sizeof(text)));
	same("setnodeattr", 0, bproc_setnodeattr(0, "rack", "r12", 3));
	same("getnodeattr", 3, bproc_getnodeattr(0, "rack", text, sizeof(text)));
	check(!memcmp(text, "r12", 3), "getnodeattr: value", "%.3s", text);
	check(bproc_getnodeattr(1, "rack", text, sizeof(text)) == -1 && errno == ENODATA,
	      "getnodeattr: none", "errno %d", errno);
	check(!strcmp(bproc_strerror(-301), "Node is down"), "strerror", "%s",
	      bproc_strerror(-301));
	same("libclear", 0, bproc_libclear());
	same("libadd", 0, bproc_libadd("/lib/old"));
	same("liblist", 0, bproc_liblist(&list));
	check(!strcmp(list, "/lib/old") && !list[9], "liblist: names", "%s", list);
	bproc_libclear();
	check(bproc_execve("/bin/true", args, environ) == -1 && errno == EINVAL,
	      "execve: not on the master", "errno %d", errno);

	pid = bproc_rfork(0);
	if (!pid)
		_exit(bproc_currnode() == 0 ? 6 : 1);
	node_was = bproc_pidnode(pid);
	i = end_of(pid);
	check(pid > 0 && exited(i, 6), "rfork", "%d: %x", pid, i);
	check(node_was == 0 || node_was == -1, "pidnode", "%d", node_was);
	i = bproc_vrfork(2, nodes, pids);
	if (i >= 0 && i < 2)
		_exit(bproc_currnode() == nodes[i] ? 8 + i : 1);
	same("vrfork", 2, i);
	for (i = 0; i < 2; i++)
		check(exited(end_of(pids[i]), 8 + i), "vrfork: a child", "%d", pids[i]);
	return failures != 0;
}
