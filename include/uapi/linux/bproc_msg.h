/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * BProc: what driver and daemons say to each other.
 *
 * bpmaster opens /dev/bproc-master, bpslave opens /dev/bproc-slave, bpiod (which gets
 * messages and answers by ioctls) /dev/bproc-iod. read(2) gives one
 * whole message, write(2) takes one whole message; poll(2) says when there is one to
 * read. A read buffer must hold BPROC_MSG_MAX bytes (-EMSGSIZE). Descriptors are
 * exclusive: one master for each PID namespace, one node for each PID namespace.
 *
 * The daemons carry a driver message for another machine unchanged, over their own
 * authenticated link; bpmaster sets @node of what a node sends to that node's number,
 * whatever the message said. The order of messages between two drivers is kept: the
 * driver depends on it.
 *
 * A stream (an image under way) is a connected descriptor that the daemons make and
 * both drivers read and write as a file; the driver never sees an address.
 *
 *	master's driver   bpmaster        bpslave (node N)     node's driver
 *	STREAM  -------->  connection with a preface: id, pid, ppid, ...
 *	         <-------- BPROC_IOC_STREAM(id, fd)
 *	                                  BPROC_IOC_ARRIVAL(id, fd) -------->
 *	header, image ===============================================> restore
 *	       <---------- ARRIVED ------------------------------------ (waits)
 *	GO     --------------------------------------------------------> runs
 *
 * The other direction is the same with master and node changed.
 *
 * Until the sender said GO it can say ABORT, and the receiver kills what it restored.
 * When the link to a node ends its bpslave's worker does, the init of the node's PID
 * namespace, and with it every process there, so a process never runs in two places.
 */
#ifndef _UAPI_LINUX_BPROC_MSG_H
#define _UAPI_LINUX_BPROC_MSG_H

#include <linux/types.h>
#include <linux/ioctl.h>
#include <linux/bproc.h>

/* Longest message, header included, in bytes. */
#define BPROC_MSG_MAX 16384

/**
 * struct bproc_msg - header of every message (32 bytes), in the machine's byte order
 * @size: length of the whole message in bytes, header included
 * @type: BPROC_MSG_*
 * @flags: zero
 * @id: ties a reply to its request; unique on the driver that made the request
 * @node: the node the message is for (from the master) or comes from (to the master)
 * @pid: the process it is about
 * @result: 0 or -errno, in replies
 * @reserved: zero
 */
struct bproc_msg {
	__u32 size;
	__u16 type;
	__u16 flags;
	__aligned_u64 id;
	__s32 node;
	__s32 pid;
	__s32 result;
	__u32 reserved;
};

/*
 * Types below BPROC_MSG_DAEMON are the drivers'. "M>N": from the master's driver to a
 * node's, and so on; "local": between a driver and its own daemon.
 */
enum bproc_msg_type {
	/* local: the driver wants a stream to @node; body bproc_msg_stream */
	BPROC_MSG_STREAM = 1,
	/* receiver of an image > sender: it is restored (@result 0) or was refused */
	BPROC_MSG_ARRIVED = 2,
	/*
	 * sender > receiver: let it run; body: array of bproc_msg_signal, those that waited for
	 * the process where it was
	 */
	BPROC_MSG_GO = 3,
	/* sender > receiver: kill what you restored */
	BPROC_MSG_ABORT = 4,
	/* M>N, N>M: deliver a signal to @pid; body bproc_msg_signal */
	BPROC_MSG_SIGNAL = 5,
	/* N>M: @pid forks; body bproc_msg_fork. Wants a reply. */
	BPROC_MSG_FORK = 6,
	/* M>N: @pid is the new process or thread, or @result says why not */
	BPROC_MSG_FORKED = 7,
	/* N>M: the process or thread @pid of an earlier FORKED was not made after all */
	BPROC_MSG_UNFORK = 8,
	/*
	 * N>M: process @pid ended. M>N: so did one of which the node has a ghost (WATCH).
	 * Body bproc_msg_exit.
	 */
	BPROC_MSG_EXIT = 9,
	/* N>M: thread @pid of process ended */
	BPROC_MSG_THREAD_EXIT = 10,
	/*
	 * N>M: process @pid stopped (@result is the signal) or goes on (@result 0). M>N: so
	 * did one of which the node has a ghost (WATCH).
	 */
	BPROC_MSG_STOPPED = 11,
	/* N>M: process @pid has a new name; body bproc_msg_name */
	BPROC_MSG_NAME = 12,
	/* N>M: resources used so far; body: array of bproc_msg_usage */
	BPROC_MSG_USAGE = 13,
	/*
	 * M>N: the parent of @pid is now process @result, whose user is @id. A node whose
	 * driver says -ENOENT makes a stand-in for the parent and gives it once more.
	 */
	BPROC_MSG_PARENT = 14,
	/*
	 * N>M, M>N: @pid has another session or group; body bproc_msg_ids. A node whose
	 * driver says -ENOENT makes a stand-in for the group and gives it once more.
	 */
	BPROC_MSG_IDS = 15,
	/* N>M: @pid makes a call; body bproc_msg_call. Wants a RESULT. */
	BPROC_MSG_CALL = 16,
	/* M>N: @result of the call; body: what it gives, see BPROC_CALL_* */
	BPROC_MSG_RESULT = 17,
	/* M>N: some node's state changed; to those that called NOTIFY */
	BPROC_MSG_CHANGED = 18,
	/*
	 * N>M: this node has a ghost of @pid, for a parent that waits for it there: wants
	 * STOPPED and EXIT of it, which come at once if they were before
	 */
	BPROC_MSG_WATCH = 19,
	/* N>M: its parent here has waited for @pid, whose end was told by EXIT M>N */
	BPROC_MSG_REAPED = 20,
	/* M>N: move @pid elsewhere; body bproc_msg_migrate. Wants MIGRATED. */
	BPROC_MSG_MIGRATE = 21,
	/* N>M: it has gone, or @result says why not; body bproc_msg_migrated */
	BPROC_MSG_MIGRATED = 22,
	/* N>M: @pid has other credentials, which its ghost is to have; body bproc_msg_cred */
	BPROC_MSG_CRED = 23,
	/* local, master: do something with @node; body bproc_msg_control. Wants a reply. */
	BPROC_MSG_CONTROL = 24,
	/* local, master: the reply */
	BPROC_MSG_CONTROLLED = 25,
	/*
	 * local: the driver wants a stream for a vector call, to bpmaster, which begins with
	 * struct bproc_vector; body bproc_msg_stream. Wants BPROC_IOC_STREAM.
	 */
	BPROC_MSG_VECTOR = 26,

	/*
	 * local, on /dev/bproc-iod: a process leaves for @node, and its descriptors 0, 1
	 * and 2 are to be served there under the name @id; body bproc_msg_io_take
	 */
	BPROC_MSG_IO_TAKE = 128,
	/*
	 * local, on /dev/bproc-iod: what TAKE said of @id did not come to be, and nothing may
	 * have been read of descriptor 0. For each TAKE there comes this, or GO.
	 */
	BPROC_MSG_IO_DROP = 129,
	/*
	 * local, on /dev/bproc-iod: a process arrives whose descriptors @node serves;
	 * body bproc_msg_io_make. Wants BPROC_IOC_IO_ENDS.
	 */
	BPROC_MSG_IO_MAKE = 130,
	/*
	 * local, on /dev/bproc-iod: process @pid on @node ended, and its end is not to
	 * overtake what it wrote; body bproc_msg_io_flush. Wants BPROC_IOC_IO_FLUSHED with
	 * @id.
	 */
	BPROC_MSG_IO_FLUSH = 131,
	/*
	 * local, on /dev/bproc-iod, master: process @pid came back, and is not to go on
	 * before what it wrote has been written; body bproc_msg_io_flush. Wants
	 * BPROC_IOC_IO_ENDS with @id, and perhaps another descriptor 0.
	 */
	BPROC_MSG_IO_HOME = 132,
	/*
	 * local, on /dev/bproc-iod: process @pid goes to the master, and leaves its input,
	 * of which it may not have read all; body bproc_msg_io_take with just that
	 */
	BPROC_MSG_IO_LEAVE = 133,
	/*
	 * local, on /dev/bproc-iod: the process of which TAKE said @id has gone, and descriptor 0
	 * may be read
	 */
	BPROC_MSG_IO_GO = 134,

	/* Types from here on are between the daemons; drivers refuse them. */
	BPROC_MSG_DAEMON = 256,
};

/**
 * struct bproc_msg_stream - body of BPROC_MSG_STREAM
 * @ppid: parent of the process that will arrive (0: none in the process space)
 * @uid: real user ID of the parent, as seen from the initial user namespace
 * @pgrp: process group of the process
 * @session: session of the process
 * @pgrp_uid: real user ID of process @pgrp, 0 if there is no such process any more
 * @session_uid: the same of process @session
 *
 * The header's @id names the move, @pid the process, @node where it goes. Before the
 * daemon of a node hands in the stream there has to be a process with each of the
 * numbers @ppid, @session and @pgrp (other than @pid itself, 0 and 1) in its PID
 * namespace: bpslave makes stand-ins for those that are missing.
 */
struct bproc_msg_stream {
	__s32 ppid;
	__u32 uid;
	__s32 pgrp;
	__s32 session;
	__u32 pgrp_uid;
	__u32 session_uid;
};

#define BPROC_SIGNAL_OWN (~0U)

/**
 * struct bproc_msg_signal - body of BPROC_MSG_SIGNAL
 * @signo: 1 .. 64
 * @code: si_code
 * @errno_: si_errno
 * @pid: si_pid, in the process space
 * @uid: si_uid
 * @status: si_status, for SIGCHLD
 * @value: si_value
 * @tid: the thread it is for, or 0: the process
 * @owner: real user ID of the ghost that got it, to be asked by the master, also of what comes
 *	back; BPROC_SIGNAL_OWN: it was for a process there; 0 if the kernel sent it
 */
struct bproc_msg_signal {
	__s32 signo;
	__s32 code;
	__s32 errno_;
	__s32 pid;
	__u32 uid;
	__s32 status;
	__aligned_u64 value;
	__s32 tid;
	__u32 owner;
};

#define BPROC_FORK_THREAD 0x1	/* a thread: a number is enough, no ghost */
#define BPROC_FORK_SIBLING 0x2	/* CLONE_PARENT: a child of the caller's parent */

/* struct bproc_msg_fork - body of BPROC_MSG_FORK; @flags: BPROC_FORK_* */
struct bproc_msg_fork {
	__u32 flags;
	__u32 reserved;
};

/**
 * struct bproc_rusage - resources used, absolute, over the whole life of the process
 * @utime: user time in ns
 * @stime: system time in ns
 * @cutime: user time of waited-for children in ns
 * @cstime: system time of waited-for children in ns
 * @minflt: minor faults
 * @majflt: major faults
 * @cminflt: minor faults of waited-for children
 * @cmajflt: major faults of waited-for children
 * @inblock: blocks read
 * @oublock: blocks written
 * @nvcsw: voluntary context switches
 * @nivcsw: involuntary context switches
 * @maxrss: largest resident set in KiB
 * @cinblock: blocks that waited-for children read
 * @coublock: blocks that they wrote
 * @cnvcsw: their voluntary context switches
 * @cnivcsw: their involuntary context switches
 * @cmaxrss: largest resident set of one of them in KiB
 */
struct bproc_rusage {
	__aligned_u64 utime;
	__aligned_u64 stime;
	__aligned_u64 cutime;
	__aligned_u64 cstime;
	__aligned_u64 minflt;
	__aligned_u64 majflt;
	__aligned_u64 cminflt;
	__aligned_u64 cmajflt;
	__aligned_u64 inblock;
	__aligned_u64 oublock;
	__aligned_u64 nvcsw;
	__aligned_u64 nivcsw;
	__aligned_u64 maxrss;
	__aligned_u64 cinblock;
	__aligned_u64 coublock;
	__aligned_u64 cnvcsw;
	__aligned_u64 cnivcsw;
	__aligned_u64 cmaxrss;
};

/* N>M: nobody else has to be told: its parent was on the same node, and waited for it */
#define BPROC_EXIT_REAPED 0x1

/**
 * struct bproc_msg_exit - body of BPROC_MSG_EXIT
 * @status: as waitpid(2) stores it
 * @flags: BPROC_EXIT_REAPED
 * @usage: final figures
 */
struct bproc_msg_exit {
	__s32 status;
	__u32 flags;
	struct bproc_rusage usage;
};

/* struct bproc_msg_usage - element of the body of BPROC_MSG_USAGE */
struct bproc_msg_usage {
	__s32 pid;
	__s32 reserved;
	struct bproc_rusage usage;
};

/* Longest command line that travels, in bytes; the rest is cut off. */
#define BPROC_ARGS_MAX 4096

/**
 * struct bproc_msg_name - body of BPROC_MSG_NAME
 * @comm: name of the program, NUL-terminated
 * @args_len: bytes of arguments that follow, each NUL-terminated
 */
struct bproc_msg_name {
	char comm[16];
	__u32 args_len;
	__u32 reserved;
};

/**
 * struct bproc_msg_io_take - body of BPROC_MSG_IO_TAKE
 * @fd: what the process has as 0, 1, 2, in the reader's table (close-on-exec); -1 if it
 *	has none. If the reader has no room all are -1, and the header's @result says so.
 * @reserved: zero
 */
struct bproc_msg_io_take {
	__s32 fd[3];
	__u32 reserved;
};

/**
 * struct bproc_msg_io_make - body of BPROC_MSG_IO_MAKE
 * @io_id: the name under which the descriptors are served
 * @uid: who is to own the ends, so that it can open /dev/stdout and its like
 * @gid: see @uid
 */
struct bproc_msg_io_make {
	__aligned_u64 io_id;
	__u32 uid;
	__u32 gid;
};

/**
 * struct bproc_msg_io_flush - body of BPROC_MSG_IO_FLUSH and _HOME
 * @io_id: the name under which the descriptors were served, of the process or of one whose
 *	child it is
 * @uid: HOME: who is to own a pipe that it gets
 * @gid: see @uid
 */
struct bproc_msg_io_flush {
	__aligned_u64 io_id;
	__u32 uid;
	__u32 gid;
};

/* struct bproc_msg_ids - body of BPROC_MSG_IDS; the same number twice: setsid(2) */
struct bproc_msg_ids {
	__s32 pgrp;
	__s32 session;
};

/* Calls of processes on nodes that the master's driver answers. */
enum bproc_call_type {
	/* nodes after @after; gives up to @count struct bproc_node_info, RESULT their number */
	BPROC_CALL_INFO = 1,
	/* processes of @node after @after; gives struct bproc_proc_info likewise */
	BPROC_CALL_PINFO = 2,
	/* send CHANGED from now on */
	BPROC_CALL_NOTIFY = 3,
	/* kill(2), or sigqueue(3), of @after; the caller itself never gets the signal */
	BPROC_CALL_KILL = 4,
	/*
	 * is there a program that the caller could execute at the path, of @count bytes with
	 * its NUL, that follows? Gives struct bproc_msg_found; RESULT 0, or -ENOENT.
	 */
	BPROC_CALL_FIND = 5,
	/* getpgid(2) and getsid(2) of @after; RESULT is the number */
	BPROC_CALL_GETPGID = 6,
	BPROC_CALL_GETSID = 7,
	/* tgkill(2) of thread @node of process @after */
	BPROC_CALL_TGKILL = 8,
	/*
	 * setpgid(2) of @after, the caller or a child, to the group @node, of which nobody is
	 * on the caller's node; IDS comes before RESULT
	 */
	BPROC_CALL_SETPGID = 9,
	/*
	 * move @after to @node; @count: flags as in struct bproc_migrate. Gives struct
	 * bproc_msg_migrated, RESULT 0 or -errno, when it has gone or is not going to
	 */
	BPROC_CALL_MIGRATE = 10,
};

/* Most bytes of elements that a call gives at once. */
#define BPROC_CALL_ROOM 4000
#define BPROC_CALL_CAPABLE 0x1 /* BPROC_CALL_KILL, _TGKILL, _MIGRATE: it has CAP_KILL */
#define BPROC_CALL_TRACER 0x2 /* BPROC_CALL_MIGRATE: the caller has CAP_SYS_PTRACE */

/**
 * struct bproc_msg_call - body of BPROC_MSG_CALL
 * @call: BPROC_CALL_*
 * @flags: BPROC_CALL_CAPABLE, BPROC_CALL_TRACER
 * @after: BPROC_CALL_INFO, _PINFO: as in struct bproc_node_list, struct bproc_proc_list;
 *	BPROC_CALL_KILL: the first argument of kill(2), but 0; BPROC_CALL_MIGRATE: whom
 * @node: BPROC_CALL_PINFO: as in struct bproc_proc_list; BPROC_CALL_MIGRATE: where to;
 *	_TGKILL, _SETPGID: see there
 * @count: most elements wanted; BPROC_CALL_FIND: length of the path; BPROC_CALL_MIGRATE:
 *	flags; BPROC_CALL_KILL of several: number of PIDs (__s32) that follow, of processes that
 *	are still on their way to the caller's node
 * @euid: BPROC_CALL_KILL, _TGKILL, _MIGRATE: effective user ID of the caller; the real one
 *	is in @signal
 * @signal: BPROC_CALL_KILL, _TGKILL: the signal; its number may be 0
 */
struct bproc_msg_call {
	__u32 call;
	__u32 flags;
	__s32 after;
	__s32 node;
	__u32 count;
	__u32 euid;
	struct bproc_msg_signal signal;
};

/**
 * struct bproc_msg_found - what BPROC_CALL_FIND found, as stat(2) has it
 * @ino: inode
 * @size: bytes
 * @blocks: of 512 bytes
 * @mtime: seconds
 * @mode: type and permission
 * @nlink: links
 * @uid: user, as seen from the initial user namespace
 * @gid: group
 */
struct bproc_msg_found {
	__aligned_u64 ino;
	__aligned_u64 size;
	__aligned_u64 blocks;
	__aligned_s64 mtime;
	__u32 mode;
	__u32 nlink;
	__u32 uid;
	__u32 gid;
};

/**
 * struct bproc_msg_migrate - body of BPROC_MSG_MIGRATE
 * @to: where to, BPROC_NODE_MASTER or another node
 * @flags: as in struct bproc_migrate; BPROC_MIGRATE_ANY: the caller has CAP_SYS_PTRACE
 */
struct bproc_msg_migrate {
	__s32 to;
	__u32 flags;
};

#define BPROC_MIGRATE_ANY 0x80000000U

/*
 * struct bproc_msg_migrated - body of BPROC_MSG_MIGRATED, and of the RESULT of
 * BPROC_CALL_MIGRATE; @why: BPROC_WHY_*
 */
struct bproc_msg_migrated {
	__u32 why;
	__u32 reserved;
};

/* struct bproc_msg_control: what to do */
enum bproc_control_op {
	/* end the link; the reply is that the node is down */
	BPROC_CONTROL_DOWN = 1,
	/* @len bytes: path, NUL-terminated */
	BPROC_CONTROL_CHROOT = 2,
	BPROC_CONTROL_REBOOT = 3,
	BPROC_CONTROL_HALT = 4,
	BPROC_CONTROL_PWROFF = 5,
	/* @len bytes: struct bproc_connect */
	BPROC_CONTROL_RECONNECT = 6,
};

/**
 * struct bproc_msg_control - body of BPROC_MSG_CONTROL
 * @op: BPROC_CONTROL_*
 * @len: bytes that follow
 */
struct bproc_msg_control {
	__u32 op;
	__u32 len;
};

/**
 * struct bproc_cred - credentials of a process, but for the supplementary groups
 * @uid: real, effective, saved, file system user ID
 * @gid: the same of the group
 * @cap_permitted: capability sets, bit n for capability n
 * @cap_effective: see @cap_permitted
 * @cap_inheritable: see @cap_permitted
 * @cap_ambient: see @cap_permitted
 * @cap_bset: see @cap_permitted
 * @securebits: prctl(PR_SET_SECUREBITS)
 * @no_new_privs: 0 or 1
 */
struct bproc_cred {
	__u32 uid[4];
	__u32 gid[4];
	__aligned_u64 cap_permitted;
	__aligned_u64 cap_effective;
	__aligned_u64 cap_inheritable;
	__aligned_u64 cap_ambient;
	__aligned_u64 cap_bset;
	__u32 securebits;
	__u32 no_new_privs;
};

#define BPROC_GROUPS_UNTOLD (~0U) /* more than fit into a message: as they were */

/**
 * struct bproc_msg_cred - body of BPROC_MSG_CRED
 * @cred: the credentials; @no_new_privs is 0
 * @ngroups: number of @groups, or BPROC_GROUPS_UNTOLD
 * @reserved: 0
 * @groups: supplementary group IDs
 */
struct bproc_msg_cred {
	struct bproc_cred cred;
	__u32 ngroups;
	__u32 reserved;
	__u32 groups[];
};

#endif /* _UAPI_LINUX_BPROC_MSG_H */
