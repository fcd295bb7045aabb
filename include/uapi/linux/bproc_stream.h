/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * BProc: what a process is brought in from machine to machine, in front of its image. The
 * driver writes and reads it; the daemons look at that of a vector call. All in the machine's
 * byte order.
 */
#ifndef _UAPI_LINUX_BPROC_STREAM_H
#define _UAPI_LINUX_BPROC_STREAM_H

#include <linux/types.h>
#include <linux/bproc_msg.h>

#define BPROC_STREAM_MAGIC 0x31765042 /* "BPv1" */
#define BPROC_STREAM_IMAGE 0	      /* a VMADump image follows the header */
#define BPROC_STREAM_EXEC 1	      /* nothing follows: path, argv, envp are in it */
/*
 * From a process on a node to its ghost: execute path, argv, envp there, and send the image
 * back on the same stream; the process, which waits, becomes it. In front of the image is
 * the length of a script (__u64, 0 if it is none) and the script. The ghost says ARRIVED
 * before the image (@result 0), or with -errno and there is none; it may be followed by
 * one with the -errno that broke the image off. Or the program ended before its image could
 * be made: BPROC_FETCH_ENDED and its wait status. There is no GO.
 */
#define BPROC_STREAM_FETCH 2
#define BPROC_FETCH_ENDED 0x10000
#define BPROC_STREAM_RANKED 3	      /* an image of a vector call; @rank counts */
/* Longest header with all that follows it, in bytes. */
#define BPROC_STREAM_HEADER_MAX (4U << 20)
#define BPROC_NRLIMITS 16

/**
 * struct bproc_child - a child of the process that moves
 * @pid: its PID
 * @exit_signal: what its end sends to its parent, 0 for nothing
 * @pgrp: its process group
 * @session: its session
 */
struct bproc_child {
	__s32 pid;
	__s32 exit_signal;
	__s32 pgrp;
	__s32 session;
};

#define BPROC_STREAM_SUBREAPER 0x1 /* prctl(PR_SET_CHILD_SUBREAPER); not for a new child */
#define BPROC_STREAM_EXECUTED 0x2 /* setpgid(2) by the parent is over */

/**
 * struct bproc_stream - what a stream begins with
 * @magic: BPROC_STREAM_MAGIC
 * @size: bytes of this structure and the variable part behind it
 * @kind: BPROC_STREAM_IMAGE, _EXEC, _FETCH or _RANKED
 * @from: node the process comes from, or BPROC_NODE_MASTER
 * @id: the move
 * @pid: the process
 * @ppid: its parent, 0 if not in the process space
 * @pgrp: its process group
 * @session: its session
 * @cred: its credentials, but for the groups
 * @umask: file creation mask
 * @nice: -20 .. 19
 * @personality: personality(2)
 * @oom_score_adj: -1000 .. 1000
 * @dump_flags: BPROC_STREAM_FETCH: VMAD_DUMP_* bits for the image, else 0
 * @iolen: number of struct bproc_io, or BPROC_IO_DEFAULT
 * @io_id: BPROC_IO_DEFAULT: the name under which the I/O daemon of @from serves 0, 1, 2
 *	of the process; 0 if nobody does. Random: who does not know it cannot ask for it.
 * @io_uid: user who opens the files of the I/O list: the caller's file system user ID, before
 *	it executed the program that moves, which may be a set-user-ID program
 * @io_gid: likewise, group
 * @io_caps: likewise, effective capabilities, bit n for capability n
 * @rlim: soft and hard limits, by RLIMIT_* number; all ones is no limit
 * @usage: resources used so far
 * @blocked: BPROC_STREAM_EXEC: signals blocked, bit n-1 for signal n
 * @ignored: BPROC_STREAM_EXEC: signals ignored, likewise
 * @ngroups: number of supplementary groups
 * @cwd_len: bytes of the working directory's path with its NUL
 * @path_len: BPROC_STREAM_EXEC, _FETCH: bytes of the program's path with its NUL
 * @argc: BPROC_STREAM_EXEC, _FETCH: number of arguments
 * @envc: BPROC_STREAM_EXEC, _FETCH: number of environment strings
 * @strings_len: BPROC_STREAM_EXEC, _FETCH: bytes of arguments and environment together
 * @script_fd: BPROC_STREAM_FETCH: descriptor that a script would have in the process, or -1
 * @rank: BPROC_STREAM_RANKED: the call's result there, and the number for BPROC_RANK
 * @children: number of children that it has not waited for, wherever they are; 0 in FETCH
 * @death_signal: prctl(PR_SET_PDEATHSIG), 0 for a new child
 * @flags: BPROC_STREAM_SUBREAPER, _EXECUTED
 * @comm: name of the process
 *
 * The variable part: groups (__u32 each, padded to 8 bytes), struct bproc_io elements,
 * struct bproc_child elements, working directory, path, arguments and environment strings one after another, each
 * with its NUL. @size is the exact sum.
 *
 * Where the process arrives, the process that will become it reads the header, sets
 * itself up by ordinary system calls and gives the descriptor to BPROC_IOC_ARRIVE.
 */
struct bproc_stream {
	__u32 magic;
	__u32 size;
	__u32 kind;
	__s32 from;
	__aligned_u64 id;
	__s32 pid;
	__s32 ppid;
	__s32 pgrp;
	__s32 session;
	struct bproc_cred cred;
	__u32 umask;
	__s32 nice;
	__u32 personality;
	__s32 oom_score_adj;
	__s32 iolen;
	__u32 dump_flags;
	__aligned_u64 io_id;
	__u32 io_uid;
	__u32 io_gid;
	__aligned_u64 io_caps;
	struct {
		__aligned_u64 soft;
		__aligned_u64 hard;
	} rlim[BPROC_NRLIMITS];
	struct bproc_rusage usage;
	__aligned_u64 blocked;
	__aligned_u64 ignored;
	__u32 ngroups;
	__u32 cwd_len;
	__u32 path_len;
	__u32 argc;
	__u32 envc;
	__u32 strings_len;
	__s32 script_fd;
	__u32 rank;
	__u32 children;
	__u16 death_signal;
	__u16 flags;
	char comm[16];
};

/*
 * Vector calls. The driver writes one stream: struct bproc_vector, @count struct
 * bproc_vector_entry, struct bproc_stream, image. The daemons bring struct bproc_stream
 * and the image to every node once, along a tree, and there to each entry's process, with
 * @id, @pid, @rank and @io_id of the entry put into struct bproc_stream, where they are 0.
 * From then on an entry is a move like any other: ARRIVED, GO, ABORT. A daemon that cannot
 * bring it says ARRIVED with -EIO for it, bpmaster for one that stays on the master with
 * @node BPROC_NODE_MASTER.
 * From a node the stream goes to bpmaster, which says TRANSIT for each entry that goes to
 * another node; one for @node itself comes back to its ghost there.
 */
#define BPROC_VECTOR_MAGIC 0x31567042 /* "BpV1" */
/* Most entries of a vector call. */
#define BPROC_VECTOR_MAX 16384

/**
 * struct bproc_vector - what the stream of a vector call begins with
 * @magic: BPROC_VECTOR_MAGIC
 * @count: number of entries that follow, 1 .. BPROC_VECTOR_MAX
 */
struct bproc_vector {
	__u32 magic;
	__u32 count;
};

/**
 * struct bproc_vector_entry - one process of a vector call
 * @id: the move
 * @io_id: as in struct bproc_stream
 * @pid: the process
 * @node: where it goes; BPROC_NODE_MASTER: to its ghost there, by BPROC_IOC_ARRIVAL
 * @rank: as in struct bproc_stream
 * @reserved: zero
 */
struct bproc_vector_entry {
	__aligned_u64 id;
	__aligned_u64 io_id;
	__s32 pid;
	__s32 node;
	__u32 rank;
	__u32 reserved;
};

#endif
