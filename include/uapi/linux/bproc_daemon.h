/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * BProc: ioctls for our own programs: the daemons' devices, and the descriptor that a ghost
 * (the program bproc-ghost, or a stand-in) has.
 */
#ifndef _UAPI_LINUX_BPROC_DAEMON_H
#define _UAPI_LINUX_BPROC_DAEMON_H

#include <linux/types.h>
#include <linux/ioctl.h>
#include <linux/bproc.h>

/* --- ioctls of the daemons' devices --- */

/**
 * struct bproc_master_setup - argument of BPROC_IOC_MASTER_SETUP
 * @nodes: number of nodes, 0 .. BPROC_NODES_MAX; their devices are made
 * @reserved: zero
 *
 * Can be repeated with another number; a node that goes away must be down (-EBUSY).
 */
struct bproc_master_setup {
	__u32 nodes;
	__u32 reserved;
};

/**
 * struct bproc_node_state - argument of BPROC_IOC_NODE_STATE
 * @node: number
 * @reserved: zero
 * @state: NUL-terminated: a letter, then letters, digits or '_'. "down": every process
 *	of the node is gone, its ghosts die of SIGKILL. Any other state: the node is
 *	connected; only "up" lets users other than root run there.
 * @addr: the node's address, struct sockaddr_in or sockaddr_in6
 */
struct bproc_node_state {
	__s32 node;
	__u32 reserved;
	char state[BPROC_STATE_LEN];
	__u8 addr[BPROC_ADDR_LEN];
	__u32 reserved2;
};

/**
 * struct bproc_stream_fd - argument of BPROC_IOC_STREAM and BPROC_IOC_ARRIVAL
 * @id: the move
 * @fd: the stream; the driver takes its own reference, the caller may close it
 * @result: BPROC_IOC_STREAM: 0, or -errno when no stream could be had (@fd unused);
 *	BPROC_IOC_ARRIVAL on the master: the node that the stream comes from
 * @pid: BPROC_IOC_ARRIVAL: the process that arrives
 * @ppid: BPROC_IOC_ARRIVAL: its parent
 */
struct bproc_stream_fd {
	__aligned_u64 id;
	__s32 fd;
	__s32 result;
	__s32 pid;
	__s32 ppid;
};

/**
 * struct bproc_slave_setup - argument of BPROC_IOC_SLAVE_SETUP
 * @node: the node's number
 * @stub: descriptor of the program bproc-ghost, open for reading; 0: it is found as on the
 *	master
 *
 * The caller must be the init of a PID namespace of its own: that namespace becomes the
 * node's part of the process space. PIDs there are then given by the master, but for
 * processes that the init itself or a stand-in makes with clone3's set_tid.
 */
struct bproc_slave_setup {
	__s32 node;
	__s32 stub;
};

/**
 * struct bproc_transit - argument of BPROC_IOC_TRANSIT
 * @id: the move, as the node that it comes from numbers it
 * @pid: the process
 * @from: the node where it is
 * @to: the node where it wants to go
 * @reserved: zero
 */
struct bproc_transit {
	__aligned_u64 id;
	__s32 pid;
	__s32 from;
	__s32 to;
	__u32 reserved;
};

/* /dev/bproc-master and /dev/bproc-slave: CAP_SYS_ADMIN at open(2). */
#define BPROC_IOC_MASTER_SETUP _IOW(BPROC_IOC_MAGIC, 0xD0, struct bproc_master_setup)
#define BPROC_IOC_NODE_STATE _IOW(BPROC_IOC_MAGIC, 0xD1, struct bproc_node_state)
/* Hand in the stream that BPROC_MSG_STREAM asked for. */
#define BPROC_IOC_STREAM _IOW(BPROC_IOC_MAGIC, 0xD2, struct bproc_stream_fd)
/*
 * Hand in a stream on which a process arrives. It goes to the ghost or stand-in with
 * its PID, else to the stand-in of its parent. -ESRCH: there is neither; bpslave then
 * makes a stand-in for the parent and tries again (a parent of 0 or 1: it forks the
 * child itself with set_tid = pid, and that child reads the header and calls
 * BPROC_IOC_ARRIVE). -EAGAIN: another process that arrives decides where; try again.
 */
#define BPROC_IOC_ARRIVAL _IOW(BPROC_IOC_MAGIC, 0xD3, struct bproc_stream_fd)
#define BPROC_IOC_SLAVE_SETUP _IOW(BPROC_IOC_MAGIC, 0xD4, struct bproc_slave_setup)
/*
 * On /dev/bproc-slave, by a child of the node's init (made with set_tid = the PID of a
 * process that runs elsewhere): become its stand-in, so that its children here have
 * their parent. Returns a ghost descriptor, not close-on-exec; the caller then executes
 * bproc-ghost with it as descriptor 3.
 */
#define BPROC_IOC_STANDIN _IO(BPROC_IOC_MAGIC, 0xD5)

/*
 * On /dev/bproc-master, before bpmaster joins a stream from one node with a stream to
 * another, or spreads the image of a node's vector call: may this process go there? The
 * answer if it may not (an errno of the calls that place processes) goes to the first node as
 * BPROC_MSG_ARRIVED.
 */
#define BPROC_IOC_TRANSIT _IOW(BPROC_IOC_MAGIC, 0xD6, struct bproc_transit)

/* --- ioctls of a ghost's descriptor (ARRIVE and ARRIVE_IO on /dev/bproc-slave too) --- */

enum bproc_ghost_op {
	/* nothing to do: call again */
	BPROC_GHOST_NONE = 0,
	/*
	 * fork(2), or clone(2) with CLONE_PARENT if BPROC_FORK_SIBLING is in @flags.
	 * @fd is the child's own ghost descriptor: the parent closes it, the child
	 * closes the parent's and goes on with this. The parent's next call says in
	 * @result the child's PID or -errno.
	 */
	BPROC_GHOST_FORK = 1,
	/* A process comes here: read the header from @fd, set up, BPROC_IOC_ARRIVE. */
	BPROC_GHOST_ARRIVE = 2,
	/*
	 * The same in a new child made with clone3's set_tid = @pid; close @fd after, but
	 * not if that said -EEXIST: with this in @result the driver takes @fd back.
	 */
	BPROC_GHOST_ARRIVE_CHILD = 3,
	/* setsid(2) if @pid is 0, else join the group @pid */
	BPROC_GHOST_IDS = 4,
};

/*
 * What a ghost that the driver started finds in its second register (RSI), beside its
 * descriptor in the first (RDI). A stand-in, executed by bpslave, finds nothing there.
 */
#define BPROC_GHOST_STARTED 0x1
#define BPROC_GHOST_ON_NODE 0x2
#define BPROC_GHOST_KEEPS 0x4 /* the process will be here, and has its 0, 1, 2 */

/**
 * struct bproc_ghost_next - argument of BPROC_IOC_GHOST_NEXT
 * @op: out: BPROC_GHOST_*
 * @flags: out: see there
 * @fd: out: see there
 * @pid: out: see there
 * @result: in: result of the last operation
 * @args_len: in: bytes at @args, BPROC_ARGS_MAX or more
 * @args: in: room where the driver writes the arguments that ps(1) shows
 *
 * Blocks until there is something to do. Signals sent to the ghost, SIGKILL and SIGSTOP
 * included, are taken here and go to the process. Does not return when the process
 * ended: the ghost then ends in the same way.
 */
struct bproc_ghost_next {
	__u32 op;
	__u32 flags;
	__s32 fd;
	__s32 pid;
	__s32 result;
	__u32 args_len;
	__aligned_u64 args;
};

/**
 * struct bproc_arrive - argument of BPROC_IOC_ARRIVE
 * @fd: the stream, read up to the end of the header
 * @result: 0: restore the image or execute the program; -errno: the setting up failed,
 *	tell the sender (the caller then exits, a ghost goes on)
 * @stream: (struct bproc_stream *) the header as read, with its variable part
 *
 * Does not return on success: the caller is the process then.
 */
struct bproc_arrive {
	__s32 fd;
	__s32 result;
	__aligned_u64 stream;
};

/**
 * struct bproc_arrive_io - argument of BPROC_IOC_ARRIVE_IO
 * @io_id: from the header
 * @from: from the header
 * @fd: out: new descriptors (close-on-exec), in ascending order, to become 0, 1, 2
 *
 * Only on a node. Waits for the I/O daemon. -ENOTCONN: there is none; -ETIMEDOUT; any
 * errno of it. The caller's IDs are those of the process already.
 */
struct bproc_arrive_io {
	__aligned_u64 io_id;
	__s32 from;
	__s32 fd[3];
};

#define BPROC_IOC_GHOST_NEXT _IOWR(BPROC_IOC_MAGIC, 0xD8, struct bproc_ghost_next)
#define BPROC_IOC_ARRIVE _IOW(BPROC_IOC_MAGIC, 0xD9, struct bproc_arrive)
#define BPROC_IOC_ARRIVE_IO _IOWR(BPROC_IOC_MAGIC, 0xDA, struct bproc_arrive_io)

/* --- ioctls of /dev/bproc-iod: CAP_SYS_ADMIN at open(2), one for each PID namespace --- */

/**
 * struct bproc_io_ends - argument of BPROC_IOC_IO_ENDS
 * @request: @id of the MAKE or HOME that this answers
 * @fd: what the process gets as 0, 1, 2; the driver takes its own references. HOME:
 *	BPROC_IO_KEEP where it has that already; 1 and 2 do not count
 * @result: 0, or -errno (@fd unused)
 */
struct bproc_io_ends {
	__aligned_u64 request;
	__s32 fd[3];
	__s32 result;
};

#define BPROC_IO_KEEP (-2)

/* -ENOENT: nobody waits for it any more. */
#define BPROC_IOC_IO_ENDS _IOW(BPROC_IOC_MAGIC, 0xDC, struct bproc_io_ends)
#define BPROC_IOC_IO_FLUSHED _IOW(BPROC_IOC_MAGIC, 0xDD, __u64)

#endif
