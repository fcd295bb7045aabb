/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * BProc: the calls a program makes on /dev/bproc.
 *
 * Every call of the original multiplexed system call is an ioctl here. The ioctl
 * numbers keep the original function numbers as far as eight bits allow:
 *
 *	0x00nn -> 0x0n    0x02nn -> 0x2n    0x03nn -> 0x3n
 *	0x100n -> 0x8n    0x103n -> 0xBn    (VMADump, see <linux/vmadump.h>)
 *
 * 0x4n are calls that the original did not have.
 *
 * Rules for all structures: fixed-size types, the same layout for 32- and 64-bit
 * callers, pointers carried as 64-bit integers; reserved members and unknown flag
 * bits must be zero (-EINVAL). An argv or envp member points to an array in the
 * caller's own word size, as for execve(2).
 *
 * Errors common to all calls: -EFAULT (bad pointer), -ENOMEM, -EINTR (killed), -ENOTTY
 * (unknown call), and of all but VERSION -ENOSYS (no master runs for this process space
 * and the caller is not a process of one), which is found first. The BE_* values below
 * are returned as errno too.
 *
 * ABI history
 *	1	first version
 *	2	node control, calls from nodes, input and output by default
 *	3	EXEC, MIGRATE, DUMP_PROC
 *	4	DRAIN
 *	5	signals for ghosts on nodes say whose those are
 *	6	the I/O list is opened with what its caller had
 *	7	all that waited-for children used goes along
 */
#ifndef _UAPI_LINUX_BPROC_H
#define _UAPI_LINUX_BPROC_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define BPROC_ABI 7

/*
 * Letter of all BProc ioctls; free in Documentation/userspace-api/ioctl/
 * ioctl-number.rst at the time of writing.
 */
#define BPROC_IOC_MAGIC 0xBC

/* Special node numbers (values of the original). */
#define BPROC_NODE_MASTER (-1)
#define BPROC_NODE_SELF (-2)
#define BPROC_NODE_NONE (-3)
#define BPROC_NODE_ANY (-4)

/* Most nodes that one master can have: a node number is 0 .. BPROC_NODES_MAX-1. */
#define BPROC_NODES_MAX 4096

/* errno values of BProc's own (values of the original, 3.2.0 and later). */
#define BPROC_BE_BASE 300
#define BPROC_BE_INVALIDNODE 300 /* no such node */
#define BPROC_BE_NODEDOWN 301	 /* the node is down */
#define BPROC_BE_SAMENODE 302	 /* the process is on that node already */
#define BPROC_BE_SLAVEDIED 303	 /* the node died while it worked on the request */
#define BPROC_BE_INVALIDPROC 304 /* no such process on that node */

/**
 * struct bproc_version - answer of BPROC_IOC_VERSION (32 bytes, as the original)
 * @magic: 'B', 'P', 'r'
 * @arch: 1 for i386, 4 for x86_64 (numbers of the original)
 * @abi: BPROC_ABI; daemons and driver must agree on it
 * @version: version of the driver, NUL-terminated
 */
struct bproc_version {
	__u8 magic[3];
	__u8 arch;
	__u32 abi;
	char version[24];
};

/* Room for a node's state, with the NUL. "down" and "up" are known to the driver. */
#define BPROC_STATE_LEN 16
/* Room for any socket address this interface carries (sockaddr_in, sockaddr_in6). */
#define BPROC_ADDR_LEN 28

/**
 * struct bproc_node_info - one node (64 bytes)
 * @node: number
 * @mode: permission bits of the node's device file; its write bits say who may run
 * @uid: owner of the device file, in the caller's user namespace
 * @gid: group of the device file, in the caller's user namespace
 * @state: NUL-terminated, e.g. "down", "boot", "up"
 * @addr: struct sockaddr_in or sockaddr_in6 of the node, all zero when not known
 * @reserved: zero
 */
struct bproc_node_info {
	__s32 node;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	char state[BPROC_STATE_LEN];
	__u8 addr[BPROC_ADDR_LEN];
	__u32 reserved;
};

/**
 * struct bproc_node_list - argument of BPROC_IOC_INFO
 * @info: (struct bproc_node_info *) array to fill, in ascending order of the number
 * @count: number of elements in @info, 1 or more (-EINVAL)
 * @after: number of the last node already seen; -1 starts at the first, less is -EINVAL
 *
 * The ioctl returns the number of elements filled; 0 when there is no further node.
 */
struct bproc_node_list {
	__aligned_u64 info;
	__u32 count;
	__s32 after;
};

/**
 * struct bproc_proc_info - where a remote process is (8 bytes, as the original)
 * @pid: process ID in the process space
 * @node: the node it runs on
 */
struct bproc_proc_info {
	__s32 pid;
	__s32 node;
};

/**
 * struct bproc_proc_list - argument of BPROC_IOC_PINFO
 * @info: (struct bproc_proc_info *) array to fill, in ascending order of the PID
 * @count: number of elements in @info, 1 or more (-EINVAL)
 * @after: PID of the last process already seen; -1 starts at the first, less is -EINVAL
 * @node: only processes of this node; BPROC_NODE_ANY for all remote processes
 * @reserved: zero
 *
 * The ioctl returns the number of elements filled; 0 when there is no further process.
 */
struct bproc_proc_list {
	__aligned_u64 info;
	__u32 count;
	__s32 after;
	__s32 node;
	__u32 reserved;
};

/* struct bproc_io: types, flags and limits (values of the original). */
#define BPROC_IO_FILE 0
#define BPROC_IO_SOCKET 1
#define BPROC_IO_MEMFILE 2 /* internal to the original: always -EPERM */
#define BPROC_IO_SEND_INFO 0x01
#define BPROC_IO_DELAY 0x02
#define BPROC_IO_MAX 16
#define BPROC_IO_NAME_LEN 256

/**
 * struct bproc_io - one descriptor that is set up in the moved process (280 bytes)
 * @fd: descriptor number in the moved process, 0 or more (-EINVAL), below its limit
 * @type: BPROC_IO_FILE: open a file where the process arrives;
 *	BPROC_IO_SOCKET: connect a TCP socket from there
 * @flags: BPROC_IO_SEND_INFO: after connecting write the process's PID and @fd as two
 *	native ints; BPROC_IO_DELAY: set up after the others; where that fails the
 *	descriptor is closed, and nobody is told
 * @file.flags: flags of open(2); O_CLOEXEC has no effect
 * @file.mode: mode of open(2)
 * @file.offset: position in bytes to start at
 * @file.name: path, NUL-terminated (-ENAMETOOLONG)
 * @addr: struct sockaddr_in or sockaddr_in6, else -EAFNOSUPPORT from the node; an
 *	address of all zero means "the machine the process comes from"
 *
 * Elements are set up one after the other, as the process's user.
 */
struct bproc_io {
	__s32 fd;
	__u16 type;
	__u16 flags;
	union {
		struct {
			__u32 flags;
			__u32 mode;
			__aligned_u64 offset;
			char name[BPROC_IO_NAME_LEN];
		} file;
		__u8 addr[BPROC_ADDR_LEN];
	} d;
};

/*
 * bproc_move.iolen: the default. On a node 0, 1 and 2 are pipes through which the I/O daemon
 * forwards to and from what the caller has there (/dev/null if there is no such daemon); a
 * process that comes back to the master has those that it left there.
 */
#define BPROC_IO_DEFAULT (-1)

/*
 * bproc_move.flags of EXECMOVE and VEXECMOVE, beside the VMAD_DUMP_* bits: a dynamically linked program
 * moves when its dynamic linker is done, just before its own first instruction, so the node
 * needs none of its libraries. What libraries do when they are loaded they do here.
 */
#define BPROC_MOVE_LINKED 0x100

/**
 * struct bproc_move - argument of all calls that start or move processes
 * @node: where to (REXEC, MOVE, RFORK, EXECMOVE); 0 in vector calls
 * @flags: VMAD_DUMP_* bits: what is sent and what is taken from the node's own files
 * @path: (const char *) program (REXEC, EXECMOVE, VEXECMOVE, EXEC), else 0
 * @argv: argument array in the caller's word size, else 0
 * @envp: environment array in the caller's word size, else 0
 * @io: (struct bproc_io *) array of @iolen elements
 * @iolen: 0 .. BPROC_IO_MAX, or BPROC_IO_DEFAULT; with 0, descriptors 0, 1, 2 are closed
 * @nodes_len: number of nodes of a vector call, else 0
 * @nodes: (const __s32 *) node numbers of a vector call, else 0
 * @pids: (__s32 *) results of a vector call: PID or -errno for each node, else 0
 * @reserved: zero
 */
struct bproc_move {
	__s32 node;
	__u32 flags;
	__aligned_u64 path;
	__aligned_u64 argv;
	__aligned_u64 envp;
	__aligned_u64 io;
	__s32 iolen;
	__u32 nodes_len;
	__aligned_u64 nodes;
	__aligned_u64 pids;
	__aligned_u64 reserved[2];
};

/* struct bproc_debug: what is asked (numbers of the original) */
enum bproc_debug_op {
	/* how many children the caller has here, and processes that it traces */
	BPROC_DEBUG_CHILDREN = 0,
	/* 1: a wait for @pid is the kernel's own; always so */
	BPROC_DEBUG_WAIT_LOCAL = 1,
	/* how many of the caller's children are ghosts */
	BPROC_DEBUG_REMOTE_CHILDREN = 2,
	/* fills @ppid .. @here_oppid; 0 */
	BPROC_DEBUG_IDS = 3,
};

/**
 * struct bproc_debug - argument of BPROC_IOC_DEBUG (24 bytes)
 * @op: BPROC_DEBUG_*
 * @pid: a process (BPROC_DEBUG_WAIT_LOCAL)
 * @ppid: whom the caller's end is told to: its parent, or who traces it
 * @oppid: its parent
 * @here_ppid: @ppid if it is in this part of the process space, else -1
 * @here_oppid: the same of @oppid
 */
struct bproc_debug {
	__u32 op;
	__s32 pid;
	__s32 ppid;
	__s32 oppid;
	__s32 here_ppid;
	__s32 here_oppid;
};

/**
 * struct bproc_node_status - argument of BPROC_IOC_STATUS (24 bytes)
 * @node: number
 * @reserved: zero
 * @state: NUL-terminated: a letter, then letters, digits or '_'
 */
struct bproc_node_status {
	__s32 node;
	__u32 reserved;
	char state[BPROC_STATE_LEN];
};

/**
 * struct bproc_node_mode - argument of BPROC_IOC_CHOWN (8 bytes)
 * @node: number
 * @mode: bits 0111: owner, group and others may run there
 */
struct bproc_node_mode {
	__s32 node;
	__u32 mode;
};

/**
 * struct bproc_node_chroot - argument of BPROC_IOC_CHROOT (16 bytes)
 * @node: number
 * @reserved: zero
 * @path: (const char *) the directory, as it is named on the node now
 */
struct bproc_node_chroot {
	__s32 node;
	__u32 reserved;
	__aligned_u64 path;
};

/**
 * struct bproc_node_order - argument of BPROC_IOC_REBOOT, HALT and PWROFF (8 bytes)
 * @node: number
 * @reserved: zero
 */
struct bproc_node_order {
	__s32 node;
	__u32 reserved;
};

/**
 * struct bproc_connect - argument of BPROC_IOC_RECONNECT (64 bytes)
 * @node: number
 * @reserved: zero
 * @remote: the master's new address, struct sockaddr_in or sockaddr_in6; a port of 0 is
 *	the port that the node uses now
 * @local: the address that the node connects from, and the link's port or 0; all zero
 *	for any
 */
struct bproc_connect {
	__s32 node;
	__u32 reserved;
	__u8 remote[BPROC_ADDR_LEN];
	__u8 local[BPROC_ADDR_LEN];
};

/* bproc_migrate.flags, beside the VMAD_DUMP_* bits: go, whatever is lost by it. */
#define BPROC_MIGRATE_FORCE 0x200

/* bproc_migrate.why: what stands in the way; with -EBUSY, -EOPNOTSUPP or -EPERM (PRIVATE). */
enum bproc_why {
	BPROC_WHY_NONE = 0,
	/* it has more than one thread */
	BPROC_WHY_THREADS = 1,
	/* it has a seccomp filter */
	BPROC_WHY_SECCOMP = 2,
	/* FORCE: it would lose open descriptors other than 0, 1, 2; or it has io_uring (no FORCE) */
	BPROC_WHY_FILES = 3,
	/* FORCE: it would lose a running timer */
	BPROC_WHY_TIMERS = 4,
	/* FORCE: it writes to memory that others may share, and would get a copy of it */
	BPROC_WHY_SHARED = 5,
	/* it is stopped by a signal */
	BPROC_WHY_STOPPED = 6,
	/* it is traced */
	BPROC_WHY_TRACED = 7,
	/* it has memory or registers that an image cannot carry, see vmadump(7) */
	BPROC_WHY_IMAGE = 8,
	/* it runs in its parent's memory, until it executes a program, see vfork(2) */
	BPROC_WHY_VFORK = 9,
	/* it shares its signal handlers with another process */
	BPROC_WHY_HANDLERS = 10,
	/* it sleeps by a clock that counts its own processor time, or wakes the machine */
	BPROC_WHY_CLOCK = 11,
	/* it was never at a place where it could be taken from */
	BPROC_WHY_MOMENT = 12,
	/* it runs with rights that its user has not, or said that nobody is to look at it */
	BPROC_WHY_PRIVATE = 13,
};

/**
 * struct bproc_migrate - argument of BPROC_IOC_MIGRATE (16 bytes)
 * @pid: the process
 * @node: where to: a node's number, or BPROC_NODE_MASTER
 * @flags: VMAD_DUMP_* bits, BPROC_MIGRATE_FORCE
 * @why: out, when the call fails: BPROC_WHY_*
 */
struct bproc_migrate {
	__s32 pid;
	__s32 node;
	__u32 flags;
	__u32 why;
};

/**
 * struct bproc_dump_proc - argument of BPROC_IOC_DUMP_PROC (24 bytes)
 * @pid: the process
 * @fd: where to write
 * @flags: VMAD_DUMP_* bits, BPROC_MIGRATE_FORCE
 * @why: out, when the call fails: BPROC_WHY_*
 * @bytes: out: bytes written
 */
struct bproc_dump_proc {
	__s32 pid;
	__s32 fd;
	__u32 flags;
	__u32 why;
	__aligned_u64 bytes;
};

/**
 * struct bproc_stay - a process that DRAIN could not move (16 bytes)
 * @pid: the process
 * @error: the errno of its MIGRATE
 * @why: BPROC_WHY_*
 * @reserved: zero
 */
struct bproc_stay {
	__s32 pid;
	__s32 error;
	__u32 why;
	__u32 reserved;
};

/**
 * struct bproc_drain - argument of BPROC_IOC_DRAIN (32 bytes)
 * @stay: array of struct bproc_stay to fill
 * @count: its elements, 0 and more
 * @node: the node that is to be without processes
 * @to: where they go: a node's number, or BPROC_NODE_MASTER
 * @flags: as MIGRATE
 * @moved: out, also when the call fails: how many have gone
 * @reserved: zero
 */
struct bproc_drain {
	__aligned_u64 stay;
	__u32 count;
	__s32 node;
	__s32 to;
	__u32 flags;
	__u32 moved;
	__u32 reserved;
};

/*
 * BPROC_IOC_VERSION - version of driver and interface. Anybody who can open the
 *	device. Returns 0. Works without a master.
 */
#define BPROC_IOC_VERSION _IOR(BPROC_IOC_MAGIC, 0x01, struct bproc_version)

/*
 * BPROC_IOC_DEBUG - for tests, here and on nodes: what the driver knows of the caller's
 *	relatives. Returns what was asked for; -EINVAL: an unknown @op.
 */
#define BPROC_IOC_DEBUG _IOWR(BPROC_IOC_MAGIC, 0x02, struct bproc_debug)

/*
 * NOTIFY, INFO and PINFO: on a node the master answers; -EIO when it is gone.
 *
 * BPROC_IOC_NOTIFY - a new descriptor (close-on-exec) that poll(2) reports readable
 *	after any change of a node's state; read(2) of 8 bytes gives the number of
 *	changes so far and clears the condition. When the master has ended poll(2)
 *	reports POLLHUP and read(2) returns 0. Returns the descriptor.
 */
#define BPROC_IOC_NOTIFY _IO(BPROC_IOC_MAGIC, 0x06)

/* BPROC_IOC_INFO - nodes and their states. Returns the number of elements filled. */
#define BPROC_IOC_INFO _IOWR(BPROC_IOC_MAGIC, 0x21, struct bproc_node_list)

/* BPROC_IOC_PINFO - remote processes. Returns the number of elements filled. */
#define BPROC_IOC_PINFO _IOWR(BPROC_IOC_MAGIC, 0x2B, struct bproc_proc_list)

/*
 * Node control. On the master only (-ENOSYS on a node). Those that change a node's state
 * or the node itself need CAP_SYS_ADMIN in the initial user namespace. Errors of all:
 *	-EPERM		not allowed
 *	-EINVAL		a reserved member is set, or a value makes no sense
 *	-BE_INVALIDNODE	no such node
 *	-BE_NODEDOWN	the node is down (not CHOWN)
 *	-BE_SLAVEDIED	the node or the master's daemon ended before the answer came
 *	-EINTR		the caller was killed; what was asked for may happen
 */

/*
 * BPROC_IOC_STATUS - give a node another state. "down" ends the node's link and with it
 *	every process there; its daemon then connects anew. -EINVAL: not a state.
 */
#define BPROC_IOC_STATUS _IOW(BPROC_IOC_MAGIC, 0x22, struct bproc_node_status)
/*
 * BPROC_IOC_CHOWN - who may run on a node: the mode of its device file, which its owner
 *	may change, too. -EPERM: another bit than 0111.
 */
#define BPROC_IOC_CHOWN _IOW(BPROC_IOC_MAGIC, 0x23, struct bproc_node_mode)
/*
 * BPROC_IOC_CHROOT - have processes that come to the node from now on see another root
 *	directory, until the node connects anew. -ENAMETOOLONG; and the errors of
 *	chroot(2) on the node.
 */
#define BPROC_IOC_CHROOT _IOW(BPROC_IOC_MAGIC, 0x27, struct bproc_node_chroot)
/*
 * BPROC_IOC_REBOOT, HALT, PWROFF - restart, stop or switch off the node's machine.
 *	Returns 0 when the node has accepted: its state is "reboot", "halt" or "pwroff"
 *	then, and soon "down". A machine that cannot be switched off is stopped.
 *	-EOPNOTSUPP: the master runs on that machine.
 */
#define BPROC_IOC_REBOOT _IOW(BPROC_IOC_MAGIC, 0x28, struct bproc_node_order)
#define BPROC_IOC_HALT _IOW(BPROC_IOC_MAGIC, 0x29, struct bproc_node_order)
#define BPROC_IOC_PWROFF _IOW(BPROC_IOC_MAGIC, 0x2A, struct bproc_node_order)
/*
 * BPROC_IOC_RECONNECT - have the node's daemon talk to another address of the master. Its
 *	processes go on. After an error (of connect(2) on the node, or -EACCES: whoever
 *	answers there is not the master) the node stays as it is. -EBUSY: another one is
 *	under way.
 */
#define BPROC_IOC_RECONNECT _IOW(BPROC_IOC_MAGIC, 0x2E, struct bproc_connect)

/*
 * The calls that place processes. Errors of all of them, in the order in which they
 * are checked:
 *	-EINVAL		reserved member or unknown flag set, a vector call's member in
 *			another call, @iolen out of range
 *	-EFAULT		@io is a bad pointer; then for one element after the other:
 *	-EPERM		an I/O element of type BPROC_IO_MEMFILE
 *	-EINVAL		one of unknown type or flags, or with a negative descriptor
 *	-ENAMETOOLONG	a file name without its NUL
 *	-EFAULT, -ENAMETOOLONG, -E2BIG, -EINVAL
 *			@path, @argv, @envp, where a program is executed: as execve(2),
 *			but an array @argv without an element is -EINVAL
 *	-BE_SAMENODE	the caller is on that node (not EXECMOVE)
 *	-BE_INVALIDNODE	no such node
 *	-BE_NODEDOWN	the node is down; for who lacks CAP_SYS_ADMIN, not "up"
 *	-EACCES		the caller may not write to the node's device file
 *	-EOPNOTSUPP	the caller has more than one thread (EXECMOVE: checked before the
 *			node), a seccomp filter, another PID namespace for its children; or,
 *			on a node, is in a user namespace other than the node's
 *	-EAGAIN, -EMFILE
 *			a limit of the caller: processes (RFORK), descriptors
 *	-E2BIG		arguments, names and descriptors together are too much (REXEC)
 *	-EOPNOTSUPP	it holds something that an image cannot carry (see vmadump(7))
 *	-EIO		the connection to the node broke, or there was none in time
 *	-BE_SLAVEDIED	the node died
 *	any errno	that restoring the image or setting up descriptors gave on
 *			the node
 * A caller on a node hears of -BE_INVALIDNODE .. -EACCES from the master, when all else was
 * checked, and then also of -BE_INVALIDPROC (it is none of that node's) and -EBUSY (it is on
 * its way already). After an error the caller goes on where it was, and no child exists.
 */

/* BPROC_IOC_REXEC - become @path, executed on the node with the node's files. */
#define BPROC_IOC_REXEC _IOW(BPROC_IOC_MAGIC, 0x31, struct bproc_move)
/* BPROC_IOC_MOVE - move the caller. Returns 0, on the node. */
#define BPROC_IOC_MOVE _IOW(BPROC_IOC_MAGIC, 0x32, struct bproc_move)
/*
 * BPROC_IOC_RFORK - fork a child onto the node. Parent: its PID; child: 0.
 */
#define BPROC_IOC_RFORK _IOW(BPROC_IOC_MAGIC, 0x33, struct bproc_move)
/*
 * BPROC_IOC_EXECMOVE - become @path, executed here, and move before the first
 *	instruction. An error of the exec is returned; after an error of the move the
 *	process exits with (errno & 0xff). Where the caller is already, it is a plain
 *	exec, without @io.
 */
#define BPROC_IOC_EXECMOVE _IOW(BPROC_IOC_MAGIC, 0x34, struct bproc_move)
/*
 * Vector calls place a process for each of @nodes, a number of which can be there several
 * times; BPROC_NODE_SELF or the caller's own is a process here, set up like the others. They
 * return @nodes_len, with a PID or -errno for each in @pids, which are 0 before; an error of
 * one entry, of those listed above from -BE_INVALIDNODE on, is no error of the call. The
 * caller is dumped once, and its image travels from node to node, from a caller on a node by
 * way of the master; what a node that failed was to pass on is sent again. No process runs
 * before all of them are there, or failed. An entry
 * BPROC_RANK=XXXXXXX of the environment that the program began with reads BPROC_RANK=%07d of
 * the index in each process. Errors of the call:
 *	-EINVAL		@node is set, @nodes_len is 0 or more than 16384; and as above
 *	-EFAULT		@nodes or @pids is a bad pointer
 *	-EOPNOTSUPP, -ENOMEM
 *			as above
 *
 * BPROC_IOC_VRFORK - fork a child onto each of @nodes. Child: its index.
 */
#define BPROC_IOC_VRFORK _IOW(BPROC_IOC_MAGIC, 0x36, struct bproc_move)
/*
 * BPROC_IOC_EXEC - from a process on a node: become @path, executed on the master by the
 *	process's ghost, with the master's files and the process's IDs; on the node
 *	everything that exec keeps is kept. @node is ignored, @iolen is 0 or
 *	BPROC_IO_DEFAULT. Errors: what execve(2) says on the master; and
 *	-EINVAL		on the master; an I/O list
 *	-EPERM		a set-user-ID or set-group-ID program, or one with file
 *			capabilities, that would give the process privileges
 *	-EOPNOTSUPP	a seccomp filter; or what -EOPNOTSUPP and -EIO mean above
 *	any errno	that restoring the image gave on the node
 */
#define BPROC_IOC_EXEC _IOW(BPROC_IOC_MAGIC, 0x37, struct bproc_move)
/*
 * BPROC_IOC_VEXECMOVE - start @path, executed here once, on each of @nodes; with
 *	BPROC_MOVE_LINKED, linked here, where the caller is. An error of the exec is that of each
 *	entry; -ENOEXEC: it ended while it was linked. -EPERM for an entry of the
 *	master itself, of a caller there: @io has files, and the program gets rights that the
 *	caller has not.
 */
#define BPROC_IOC_VEXECMOVE _IOW(BPROC_IOC_MAGIC, 0x39, struct bproc_move)

/*
 * New in this BProc, so outside of the original's numbers: what is done to another
 * process, unmodified and whatever it is doing. It happens on its way to user mode: a
 * system call that it sleeps in is interrupted as if the process were stopped and
 * continued, and goes on where the process does.
 */

/*
 * BPROC_IOC_MIGRATE - move a process from wherever it is. It has the default I/O there
 *	(BPROC_IO_DEFAULT). Whoever may signal it may do it, and it goes only to where it
 *	may run itself. Returns 0 when it has gone.
 *	-EINVAL		unknown flag, or the caller itself (that is MOVE)
 *	-ESRCH		no such process, or it ended before it moved
 *	-EPERM		the caller may not signal it; or @why is PRIVATE, and the caller lacks
 *			CAP_SYS_PTRACE
 *	-EBUSY		@why: FILES, TIMERS, SHARED, which FORCE overrides; STOPPED, TRACED,
 *			VFORK, MOMENT
 *	-EOPNOTSUPP	@why: THREADS, SECCOMP, IMAGE, HANDLERS, CLOCK
 *	-BE_SLAVEDIED	the node where it is ended before the answer came
 *	-EINTR		the caller was killed; the process may move all the same
 *	others		as MOVE. After an error the process goes on where it was.
 */
#define BPROC_IOC_MIGRATE _IOWR(BPROC_IOC_MAGIC, 0x40, struct bproc_migrate)
/*
 * BPROC_IOC_DUMP_PROC - write the image of a process of this machine, which goes on. Who may
 *	trace it may do it (-EPERM). On the master only (-ENOSYS on a node), and of a process
 *	there (-EREMOTE). Further errors as MIGRATE
 *	and VMAD_IOC_DO_DUMP.
 */
#define BPROC_IOC_DUMP_PROC _IOWR(BPROC_IOC_MAGIC, 0x41, struct bproc_dump_proc)
/*
 * BPROC_IOC_DRAIN - MIGRATE for all processes of a node, one after the other, also for those
 *	that they start meanwhile. On the master only (-ENOSYS on a node). Returns how many
 *	stay, which may be more than @count; each with the errno and the reason of its own.
 *	-EINVAL		unknown flag, reserved member
 *	-BE_INVALIDNODE	@node or @to is none of the nodes
 *	-BE_NODEDOWN	one of them is down
 *	-BE_SAMENODE	they are the same
 *	-EINTR		the caller was killed
 */
#define BPROC_IOC_DRAIN _IOWR(BPROC_IOC_MAGIC, 0x42, struct bproc_drain)

#endif /* _UAPI_LINUX_BPROC_H */
