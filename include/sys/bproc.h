/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libbproc: the processes of a whole cluster in one machine's process table.
 *
 * Names, structures and values are those of the original library, version 4. All calls
 * return -1 with errno on failure unless said otherwise; errno may be one of the BE_*
 * values below, for which bproc_strerror() has words. See bproc(3).
 */
#ifndef _SYS_BPROC_H
#define _SYS_BPROC_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BPROC_API_VERSION 4

/* Special node numbers. */
#define BPROC_NODE_MASTER (-1)
#define BPROC_NODE_SELF (-2)
#define BPROC_NODE_NONE (-3)
#define BPROC_NODE_ANY (-4)

/* errno values of our own. */
#define BE_BASE 300
#define BE_INVALIDNODE 300
#define BE_NODEDOWN 301
#define BE_SAMENODE 302
#define BE_SLAVEDIED 303
#define BE_INVALIDPROC 304

/* For bproc_access(). */
#define BPROC_X_OK 1

/* What of a program is sent; the rest is taken from the node's files. */
#define BPROC_DUMP_LIBS 1  /* files on the library list */
#define BPROC_DUMP_EXEC 2  /* the program's file */
#define BPROC_DUMP_OTHER 4 /* other files */
#define BPROC_DUMP_ALL 7

#define BPROC_STATE_LEN 16

struct bproc_version_t {
	char magic[3];
	unsigned char arch;
	uint32_t magic_number;
	char version_string[24];
};

/* @mode: bits 0111, who may run on the node: owner, group, others */
struct bproc_node_info_t {
	int node;
	char status[BPROC_STATE_LEN];
	unsigned int mode;
	unsigned int user;
	unsigned int group;
	struct sockaddr addr;
};

struct bproc_proc_info_t {
	int pid;
	int node;
};

struct bproc_node_set_t {
	int size;
	int alloc;
	struct bproc_node_info_t *node;
};

#define BPROC_EMPTY_NODESET                                                              \
	{                                                                                \
		0, 0, 0                                                                  \
	}

#define BPROC_IO_MAX 16
/* iolen: standard input, output and error are forwarded */
#define BPROC_IO_DEFAULT (-1)

#define BPROC_IO_FILE 0	  /* open a file where the process goes */
#define BPROC_IO_SOCKET 1 /* connect a TCP socket from there */

#define BPROC_IO_SEND_INFO 1 /* after connecting write PID and descriptor, two ints */
#define BPROC_IO_DELAY 2     /* set up last; its errors are not reported */

/* A descriptor that is set up in the process that moves. */
struct bproc_io_t {
	int fd;
	short type;
	short flags;
	union {
		/* an address of zero: the machine the process comes from */
		struct sockaddr addr;
		struct {
			int flags;
			int mode;
			long offset;
			char name[256];
		} file;
		struct {
			void *base;
			long size;
		} mem;
	} d;
};

/* --- version and errors --- */

int bproc_version(struct bproc_version_t *version);
/* Never fails; takes a negative number too. */
const char *bproc_strerror(int err);

/* --- nodes --- */

int bproc_numnodes(void);
/* The node that the caller runs on, BPROC_NODE_MASTER on the master. */
int bproc_currnode(void);
/* Copies at most @len bytes of the state's name; returns how many. */
int bproc_nodestatus(int node, char *status, int len);
/* *@size: room at @addr, then what the address needs. */
int bproc_nodeaddr(int node, struct sockaddr *addr, int *size);
int bproc_nodeinfo(int node, struct bproc_node_info_t *info);
/* All nodes, into an initialised set; returns how many. */
int bproc_nodelist(struct bproc_node_set_t *set);
/* A descriptor that is readable after a change of any node; read 8 bytes to clear. */
int bproc_notifier(void);
/* The same as bproc_nodelist(), repeated while @notifier says that it changed. */
int bproc_nodelist_(struct bproc_node_set_t *set, int notifier);
/* @mode: BPROC_X_OK, may the caller run there? */
int bproc_access(int node, int mode);
/* @mode: bits 0111 */
int bproc_chmod(int node, int mode);
int bproc_chown(int node, int user);
int bproc_chgrp(int node, int group);

/*
 * Attributes of a node: "state", "addr", and what an administrator sets (root only): names
 * up to 63, values up to 64 bytes. Return the value's length, and 0.
 */
int bproc_getnodeattr(int node, const char *name, void *value, int size);
int bproc_setnodeattr(int node, const char *name, const void *value, int size);

/* --- node control: the master's root only --- */

/* A new state; "down" disconnects the node. */
int bproc_nodesetstatus(int node, const char *status);
/* Another root directory for processes that come from now on. */
int bproc_nodechroot(int node, const char *path);
/* Return when the node has accepted; those of _async too. */
int bproc_nodereboot(int node);
int bproc_nodehalt(int node);
int bproc_nodepwroff(int node);
int bproc_nodereboot_async(int node);
int bproc_nodehalt_async(int node);
int bproc_nodepwroff_async(int node);
/*
 * The node talks to the master's address @rem from now on, from its own address @loc if
 * that is not NULL; its processes go on.
 */
int bproc_nodereconnect(int node, const struct sockaddr *rem, int remsize,
			const struct sockaddr *loc, int locsize);

/* --- sets of nodes --- */

int bproc_nodeset_init(struct bproc_node_set_t *set, int size);
int bproc_nodeset_grow(struct bproc_node_set_t *set, int size);
void bproc_nodeset_free(struct bproc_node_set_t *set);
int bproc_nodeset_add(struct bproc_node_set_t *set, const struct bproc_node_info_t *node);
int bproc_nodeset_append(struct bproc_node_set_t *set,
			 const struct bproc_node_set_t *other);
/* Those nodes of @in that @spec names, in its order; @out is made new. */
int bproc_nodefilter(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		     const char *spec);
/* The same of all nodes. Returns how many, or -1 with EINVAL for a wrong @spec. */
int bproc_nodespec(struct bproc_node_set_t *set, const char *spec);
/* Names of groups of nodes, each with a NUL, and one NUL more; free(*@list). Returns 0. */
int bproc_grouplist(char **list);

/* --- processes --- */

/* Processes of @node (BPROC_NODE_ANY: of all nodes); free(*@list). Returns how many. */
int bproc_proclist(int node, struct bproc_proc_info_t **list);
/* The node of a process, BPROC_NODE_MASTER if it is on none. */
int bproc_pidnode(int pid);

int bproc_rexec(int node, const char *cmd, char *const argv[], char *const envp[]);
int bproc_rexec_io(int node, struct bproc_io_t *io, int iolen, const char *cmd,
		   char *const argv[], char *const envp[]);

/* To be on the node already is no error; @io is not applied then. */
int bproc_move(int node);
int bproc_move_io(int node, struct bproc_io_t *io, int iolen);
int _bproc_move(int node, int flags);
int _bproc_move_io(int node, struct bproc_io_t *io, int iolen, int flags);

int bproc_rfork(int node);
int bproc_rfork_io(int node, struct bproc_io_t *io, int iolen);
int _bproc_rfork(int node, int flags);
int _bproc_rfork_io(int node, struct bproc_io_t *io, int iolen, int flags);

/*
 * Vector calls: one child for each node. The parent gets @nnodes, with a PID or a
 * negative errno for each node in @pids. A child of vrfork gets its index.
 */
int bproc_vrfork(int nnodes, int *nodes, int *pids);
int bproc_vrfork_io(int nnodes, int *nodes, int *pids, struct bproc_io_t *io, int iolen);
int _bproc_vrfork(int nnodes, int *nodes, int *pids, int flags);
int _bproc_vrfork_io(int nnodes, int *nodes, int *pids, struct bproc_io_t *io, int iolen,
		     int flags);

int bproc_execmove(int node, const char *cmd, char *const argv[], char *const envp[]);
int bproc_execmove_io(int node, struct bproc_io_t *io, int iolen, const char *cmd,
		      char *const argv[], char *const envp[]);
int bproc_vexecmove(int nnodes, int *nodes, int *pids, const char *cmd,
		    char *const argv[], char *const envp[]);
int bproc_vexecmove_io(int nnodes, int *nodes, int *pids, struct bproc_io_t *io,
		       int iolen, const char *cmd, char *const argv[],
		       char *const envp[]);

/* On a node: become a program of the master's. */
int bproc_execve(const char *cmd, char *const argv[], char *const envp[]);

/* --- other processes; not in the original --- */

/* Go, although open files, timers or shared memory are lost by it. */
#define BPROC_MIGRATE_FORCE 0x200

/*
 * Moves a process that did not ask for it, from wherever it is. @flags: BPROC_DUMP_* as for
 * _bproc_move(), or none for the usual ones; BPROC_MIGRATE_FORCE. Returns 0; with EBUSY,
 * EOPNOTSUPP and EPERM *@why may say more, in words by bproc_whystr() (never NULL).
 */
int bproc_migrate(int pid, int node, int flags);
int bproc_migrate_why(int pid, int node, int flags, int *why);

/* A process that was to leave a node: 0 in @error, or why it is still there. */
struct bproc_drained_t {
	int pid;
	int from, to; /* nodes */
	int error;
	int why; /* as for bproc_migrate_why() */
};

/* Only says what would be moved. */
#define BPROC_DRAIN_DRY_RUN 0x10000

/*
 * Moves all processes away from nodes, to those of @to in turn that are up and are not
 * drained themselves (none: EHOSTUNREACH). @flags: as for bproc_migrate(), and the above.
 * Returns how many processes *@list has, to be freed.
 */
int bproc_drain(const struct bproc_node_set_t *from, const struct bproc_node_set_t *to,
		int flags, struct bproc_drained_t **list);
/* Writes the image of a process of this machine; it goes on. Returns 0. */
int bproc_dumpproc(int pid, int fd, int flags, int *why);
const char *bproc_whystr(int why);

/* --- images (VMADump) --- */

/* Bytes written to the caller; 0 in the restored program. @flags: BPROC_DUMP_* */
int bproc_dump(int fd, int flags);
int bproc_undump(int fd);
/* Could bproc_undump() do it here and now? 0, or -1. */
int bproc_undump_check(int fd);
int bproc_execdump(int fd, int flags, const char *cmd, char *const argv[],
		   char *const envp[]);
int bproc_libclear(void);
int bproc_libadd(const char *name);
int bproc_libdel(const char *name);
/* Names, each with a NUL, and one NUL more; free(*@list). Returns 0. */
int bproc_liblist(char **list);

#ifdef __cplusplus
}
#endif

#endif
