/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libbproc-compat3: names and structures of release 3 that release 4 dropped or gave
 * another form.
 */
#ifndef BPROC_COMPAT3_H
#define BPROC_COMPAT3_H

#include <sys/bproc.h>
#include <linux/bproc_legacy.h>

#define bproc3_node_info bproc_legacy_node_info

int bproc3_nodestatus(int node);
int bproc3_nodeinfo(int node, struct bproc3_node_info *to);
int bproc3_nodelist(struct bproc3_node_info **list);
int bproc3_nodesetstatus(int node, int state);
int bproc3_setnodestatus(int node, int state);
int bproc3_nodespec(int **list, int *size, const char *spec);
int bproc3_nodespec_(int **list, int *size, const char *spec);

int bproc_getnodebyname(const char *name);
int bproc_nodenumber(const struct sockaddr *addr, int size);
int bproc_masteraddr(struct sockaddr *addr, int *size);

#endif
