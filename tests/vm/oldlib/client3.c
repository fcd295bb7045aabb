// SPDX-License-Identifier: GPL-2.0-or-later
/* A client of the original's library, release 3, with declarations of its own. */
#include "../programs/old.h"

int bproc_numnodes(void);
int bproc_currnode(void);
int bproc_nodestatus(int node);
int bproc_nodeinfo(int node, struct old_node *info);
int bproc_nodelist(struct old_node **list);
int bproc_nodesetstatus(int node, int status);
int bproc_nodespec(int **list, int *size, const char *spec);
int bproc_getnodebyname(const char *name);
int bproc_nodenumber(struct sockaddr *addr, int size);
int bproc_masteraddr(struct sockaddr *addr, int *size);
int bproc_rfork(int node);

int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int *numbers, count, status, size = sizeof(a);
	struct old_node *list, info;
	pid_t pid;

	alarm(60 * slowness());
	same("numnodes", 2, bproc_numnodes());
	same("nodestatus", UP, bproc_nodestatus(0));
	same("nodesetstatus", 0, bproc_nodesetstatus(1, UNAVAILABLE));
	same("nodestatus: the new one", UNAVAILABLE, bproc_nodestatus(1));
	same("nodesetstatus: back", 0, bproc_nodesetstatus(1, UP));
	check(bproc_nodesetstatus(1, 8) == -1 && errno == EINVAL,
	      "nodesetstatus: no state", "errno %d", errno);
	same("nodelist", 2, bproc_nodelist(&list));
	check(list[1].node == 1 && list[1].status == UP, "nodelist: a node", "%d %d",
	      list[1].node, list[1].status);
	same("nodeinfo", 0, bproc_nodeinfo(0, &info));
	same("nodespec", 0, bproc_nodespec(&numbers, &count, "1,0"));
	check(count == 2 && numbers[0] == 1 && numbers[1] == 0, "nodespec: numbers", "%d",
	      count);
	same("getnodebyname: master", -1, bproc_getnodebyname("master"));
	same("getnodebyname: self", -1, bproc_getnodebyname("self"));
	same("getnodebyname: a number", 1, bproc_getnodebyname("n1"));
	same("getnodebyname: none", -3, bproc_getnodebyname("somebody"));
	a.sin_addr.s_addr = info.addr;
	same("nodenumber", 0, bproc_nodenumber((struct sockaddr *)&a, sizeof(a)));
	a.sin_addr.s_addr = htonl(0x01020304);
	same("nodenumber: nobody's", -3,
	     bproc_nodenumber((struct sockaddr *)&a, sizeof(a)));
	same("masteraddr", 0, bproc_masteraddr((struct sockaddr *)&a, &size));
	same("masteraddr: address", 0x0a170001, ntohl(a.sin_addr.s_addr));
	pid = bproc_rfork(0);
	if (!pid)
		_exit(bproc_currnode() == 0 ? 6 : 1);
	status = end_of(pid);
	check(exited(status, 6), "rfork", "%d: %x", pid, status);
	return failures != 0;
}
