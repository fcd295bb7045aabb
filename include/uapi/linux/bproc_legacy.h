/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * BProc: the original's system call, which bproc_compat.ko answers.
 *
 * One system call with a function number and two arguments. Numbers, layouts and values are
 * facts about the original, with where they are known from:
 *
 *	[3.2]	"Re: Syscall numbers for BProc", Erik Hendriks on the Linux kernel mailing
 *		list, 4 April 2003: function numbers and what they mean
 *	[3.1]	the manual pages of BProc 3.1
 *	[4]	the headers and the library of BProc 4.0.0pre8 (2004); layouts as compilers for
 *		i386 and x86_64 make them
 *	[own]	a decision of this project, where the sources are silent or disagree
 *
 * Structures that hold pointers or longs have a form for each word size.
 */
#ifndef _UAPI_LINUX_BPROC_LEGACY_H
#define _UAPI_LINUX_BPROC_LEGACY_H

#include <linux/types.h>

/* System call numbers: [4]; for 3.x on i386 [own], from the number that it clashed with. */
#define BPROC_LEGACY_NR_64 184
#define BPROC_LEGACY_NR_32 17
#define BPROC_LEGACY_NR_32_V3 223

/*
 * Function numbers [3.2]. A number that is not here, and those that releases had between
 * them (0x0204, 0x0205, 0x020C, 0x020D, 0x0305, 0x0308), is -EINVAL [4].
 */
#define BPROC_SYS_VERSION 0x0001
#define BPROC_SYS_DEBUG 0x0002
#define BPROC_SYS_MASTER 0x0003
#define BPROC_SYS_SLAVE 0x0004
#define BPROC_SYS_IOD 0x0005
#define BPROC_SYS_NOTIFY 0x0006
#define BPROC_SYS_NOTIFY_V4 0x0007 /* [4]'s list of retired numbers has it here */
#define BPROC_SYS_INFO 0x0201
#define BPROC_SYS_STATUS 0x0202
#define BPROC_SYS_CHOWN 0x0203
#define BPROC_SYS_CHROOT 0x0207
#define BPROC_SYS_REBOOT 0x0208
#define BPROC_SYS_HALT 0x0209
#define BPROC_SYS_PWROFF 0x020A
#define BPROC_SYS_PINFO 0x020B
#define BPROC_SYS_RECONNECT 0x020E
#define BPROC_SYS_REXEC 0x0301
#define BPROC_SYS_MOVE 0x0302
#define BPROC_SYS_RFORK 0x0303
#define BPROC_SYS_EXECMOVE 0x0304
#define BPROC_SYS_VRFORK 0x0306
#define BPROC_SYS_EXEC 0x0307
#define BPROC_SYS_VEXECMOVE 0x0309
#define BPROC_SYS_VMAD_DUMP 0x1000
#define BPROC_SYS_VMAD_UNDUMP 0x1001
#define BPROC_SYS_VMAD_EXECDUMP 0x1002
#define BPROC_SYS_LIB_CLEAR 0x1030
#define BPROC_SYS_LIB_ADD 0x1031
#define BPROC_SYS_LIB_DEL 0x1032
#define BPROC_SYS_LIB_LIST 0x1033
#define BPROC_SYS_LIB_SIZE 0x1034

/*
 * Node states of BPROC_SYS_STATUS and struct bproc_legacy_node_info: names and order [3.1],
 * numbers [own]. Any other state reads as BPROC_LEGACY_ERROR.
 */
#define BPROC_LEGACY_DOWN 0
#define BPROC_LEGACY_UNAVAILABLE 1
#define BPROC_LEGACY_ERROR 2
#define BPROC_LEGACY_UP 3
#define BPROC_LEGACY_REBOOT 4
#define BPROC_LEGACY_HALT 5
#define BPROC_LEGACY_PWROFF 6
#define BPROC_LEGACY_BOOT 7

/**
 * struct bproc_legacy_node_info - BPROC_SYS_INFO: one node (20 bytes) [3.1]
 * @node: number; in element 0 before the call: of the last node already seen, or -1 [own]
 * @status: BPROC_LEGACY_*
 * @mode: bits 0111, who may run there
 * @user: owner; 65534 for one that does not fit [own]
 * @group: group, likewise
 * @addr: IPv4 address in network order, 0 for a node that has none [own]
 */
struct bproc_legacy_node_info {
	__s32 node;
	__s32 status;
	__s32 mode;
	__u16 user;
	__u16 group;
	__be32 addr;
};

/**
 * struct bproc_legacy_proc_info - BPROC_SYS_PINFO: one remote process (8 bytes) [4]
 * @pid: number; in element 0 before the call: of the last process already seen, or -1 [own]
 * @node: where it runs
 */
struct bproc_legacy_proc_info {
	__s32 pid;
	__s32 node;
};

/**
 * struct bproc_legacy_debug - BPROC_SYS_DEBUG, what is asked being 3 (16 bytes) [4]
 * @ppid: whom the caller's end is told to: its parent, or who traces it
 * @oppid: its parent
 * @here_ppid: @ppid, or -1 if it is not on this machine
 * @here_oppid: the same of @oppid
 */
struct bproc_legacy_debug {
	__s32 ppid;
	__s32 oppid;
	__s32 here_ppid;
	__s32 here_oppid;
};

/**
 * struct bproc_legacy_connect - BPROC_SYS_RECONNECT as in release 4 (12 bytes) [4]
 * @raddr: the master's address, to connect to; all in network order
 * @laddr: the node's own
 * @rport: the master's port
 * @lport: the node's own
 *
 * In release 3 two struct sockaddr of 16 bytes [3.2], the master's first [own]. Which one it
 * is the first 16 bits tell: AF_INET [own].
 */
struct bproc_legacy_connect {
	__be32 raddr;
	__be32 laddr;
	__be16 rport;
	__be16 lport;
};

#define BPROC_LEGACY_SOCKADDR_LEN 16
#define BPROC_LEGACY_NAME_LEN 256

/**
 * struct bproc_legacy_io_32 - a descriptor of the moved process, 32-bit (276 bytes) [4]
 * @fd: number
 * @type: BPROC_IO_FILE, BPROC_IO_SOCKET (BPROC_IO_MEMFILE: -EPERM)
 * @flags: BPROC_IO_SEND_INFO, BPROC_IO_DELAY
 * @d: what to open, or where to connect to
 */
struct bproc_legacy_io_32 {
	__s32 fd;
	__s16 type;
	__s16 flags;
	union {
		__u8 addr[BPROC_LEGACY_SOCKADDR_LEN];
		struct {
			__s32 flags;
			__s32 mode;
			__s32 offset;
			char name[BPROC_LEGACY_NAME_LEN];
		} file;
	} d;
};

/* struct bproc_legacy_io_64 - the same of 64-bit callers (280 bytes) [4] */
struct bproc_legacy_io_64 {
	__s32 fd;
	__s16 type;
	__s16 flags;
	union {
		__u8 addr[BPROC_LEGACY_SOCKADDR_LEN];
		struct {
			__s32 flags;
			__s32 mode;
			__aligned_u64 offset;
			char name[BPROC_LEGACY_NAME_LEN];
		} file;
	} d;
};

/**
 * struct bproc_legacy_move_32 - all calls that place processes, 32-bit (40 bytes) [4]
 * @arg0: program
 * @argv: its arguments
 * @envp: its environment
 * @flags: VMAD_DUMP_*; REXEC does not look at them, as the library left them unset [4]
 * @clone_flags: not used
 * @iolen: elements of @io, 0 for none, or BPROC_IO_DEFAULT
 * @io: struct bproc_legacy_io_32 array
 * @nodeslen: elements of @nodes and @pids (vector calls)
 * @nodes: node numbers
 * @pids: results
 */
struct bproc_legacy_move_32 {
	__u32 arg0;
	__u32 argv;
	__u32 envp;
	__s32 flags;
	__s32 clone_flags;
	__s32 iolen;
	__u32 io;
	__s32 nodeslen;
	__u32 nodes;
	__u32 pids;
};

/* struct bproc_legacy_move_64 - the same of 64-bit callers (72 bytes) [4] */
struct bproc_legacy_move_64 {
	__aligned_u64 arg0;
	__aligned_u64 argv;
	__aligned_u64 envp;
	__s32 flags;
	__s32 clone_flags;
	__s32 iolen;
	__s32 pad0;
	__aligned_u64 io;
	__s32 nodeslen;
	__s32 pad1;
	__aligned_u64 nodes;
	__aligned_u64 pids;
};

/**
 * struct bproc_legacy_execdump_32 - BPROC_SYS_VMAD_EXECDUMP, 32-bit (20 bytes) [4]
 * @arg0: program
 * @argv: its arguments
 * @envp: its environment
 * @fd: where to write the image
 * @flags: VMAD_DUMP_*
 */
struct bproc_legacy_execdump_32 {
	__u32 arg0;
	__u32 argv;
	__u32 envp;
	__s32 fd;
	__s32 flags;
};

/* struct bproc_legacy_execdump_64 - the same of 64-bit callers (32 bytes) [4] */
struct bproc_legacy_execdump_64 {
	__aligned_u64 arg0;
	__aligned_u64 argv;
	__aligned_u64 envp;
	__s32 fd;
	__s32 flags;
};

#endif /* _UAPI_LINUX_BPROC_LEGACY_H */
