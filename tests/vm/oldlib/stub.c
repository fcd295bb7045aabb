// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the old clients are linked with: a library by the original's name that has its
 * names, as that had, without versions. It is not there when they run.
 */
#define NAME(name)                                                                       \
	void name(void);                                                                 \
	void name(void)                                                                  \
	{                                                                                \
	}

NAME(bproc_currnode)
NAME(bproc_execve)
NAME(bproc_getnodeattr)
NAME(bproc_getnodebyname)
NAME(bproc_libadd)
NAME(bproc_libclear)
NAME(bproc_liblist)
NAME(bproc_masteraddr)
NAME(bproc_nodeinfo)
NAME(bproc_nodelist)
NAME(bproc_nodenumber)
NAME(bproc_nodeset_free)
NAME(bproc_nodesetstatus)
NAME(bproc_nodespec)
NAME(bproc_nodestatus)
NAME(bproc_numnodes)
NAME(bproc_pidnode)
NAME(bproc_rfork)
NAME(bproc_setnodeattr)
NAME(bproc_strerror)
NAME(bproc_vrfork)
