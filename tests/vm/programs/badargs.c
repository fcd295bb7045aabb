// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * badargs NODE:       calls of /dev/bproc with each argument wrong in turn: a table
 * badargs NODE THERE: the same from the node THERE
 * badargs daemons:    the ioctls of the daemons' and ghosts' devices; no bpmaster may run
 *
 * NODE: one that is up, to go to.
 */
#include "scen.h"
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/bproc_daemon.h>
#include <linux/bproc_stream.h>

#define BAD 8 /* an address where nothing is */

/* Arguments that are good; each row of the table spoils one member of one of them. */
static struct bproc_debug debug_arg = { .op = BPROC_DEBUG_IDS };
static struct bproc_node_info nodes[2];
static struct bproc_proc_info procs[2];
static struct bproc_node_list node_list = { .count = 2, .after = -1 };
static struct bproc_proc_list proc_list = { .count = 2,
					    .after = -1,
					    .node = BPROC_NODE_ANY };
static struct bproc_node_status status = { .state = "up" };
static struct bproc_node_mode mode = { .mode = 0110 };
static struct bproc_node_chroot root;
static struct bproc_node_order order;
static struct bproc_connect connect_arg;
static struct bproc_migrate migrate;
static struct bproc_drain drain;
static struct bproc_dump_proc dump_proc;
static struct bproc_move move = { .flags = ALL };
static struct bproc_move program = { .flags = ALL };
static struct bproc_move many = { .flags = ALL, .nodes_len = 2 };
static struct bproc_move many_programs = { .flags = ALL, .nodes_len = 2 };
static struct bproc_io io = { .type = BPROC_IO_FILE };
static struct vmad_dump dump = { .flags = ALL };
static struct vmad_undump undump;
static struct vmad_execdump execdump = { .flags = ALL };
static struct vmad_lib lib;
static struct vmad_lib_list lib_list;

static char path[] = "/tests/bin/badargs.static", no_path[] = "/no/such/program",
	    not_a_program[] = "/etc/passwd", no_name[BPROC_IO_NAME_LEN], long_path[8192];
static char *args[] = { "badargs", "end", NULL }, *none[] = { NULL };
/* A list whose second element is nowhere, in the word size of the caller. */
static char *bad_args[] = { "badargs", (char *)BAD, NULL };
/* A string that is a little too long, and lists of shorter ones: 6.6 MiB together, and 4.4. */
static char long_string[(128 << 10) + 1], string[112 << 10];
static char *long_list[] = { "badargs", long_string, NULL };
static char *six_mib[61], *four_mib[41];
static char libs[4096];
static int two_nodes[2], two_pids[2], read_fd;
static void *read_only;
/* One on a node; one here that sleeps. */
static pid_t remote, sleeper;

enum where {
	MASTER = 1, /* only there */
	NODE = 2,   /* only on nodes */
	BOTH = 3,
};

struct row {
	unsigned long request;
	const char *call;
	const char *what;
	void *arg;
	size_t size;
	size_t offset;
	size_t width;
	uint64_t value;
	int error;
	enum where where;
};

#define ROW(pre, rq, what, arg, member, value, error, where)                             \
	{                                                                                \
		pre##_##rq, #rq, what, &(arg), sizeof(arg),                              \
			offsetof(__typeof__(arg), member), sizeof((arg).member),         \
			(uint64_t)(value), error, where                                  \
	}
#define ROW_IO(pre, rq, what, arg, member, value, error)                                 \
	{                                                                                \
		pre##_##rq, #rq, what, &(arg), 0, offsetof(struct bproc_io, member),     \
			sizeof(io.member), (uint64_t)(value), error, BOTH                \
	}
/* The pointer to the argument itself. */
#define ROW_POINTER_AT(pre, rq, error, where)                                            \
	{                                                                                \
		pre##_##rq, #rq, "bad pointer", ptr_bad, 0, 0, 0, 0, error, where        \
	}
#define ROW_POINTER(pre, rq) ROW_POINTER_AT(pre, rq, EFAULT, BOTH)

static char ptr_bad[1];

/* What is beyond the nodes that are there the master knows. @where: it is asked at once.
 */
#define PLACE(pre, rq, arg, where)                                                       \
	ROW(pre, rq, "no such node", arg, node, 4095, BPROC_BE_INVALIDNODE, where),      \
		ROW(pre, rq, "beyond all nodes", arg, node, 0x7fffffff,                  \
		    BPROC_BE_INVALIDNODE, BOTH),                                         \
		ROW(pre, rq, "no node", arg, node, BPROC_NODE_NONE,                      \
		    BPROC_BE_INVALIDNODE, BOTH),                                         \
		ROW(pre, rq, "any node", arg, node, BPROC_NODE_ANY,                      \
		    BPROC_BE_INVALIDNODE, BOTH),                                         \
		ROW(pre, rq, "below them", arg, node, 0x80000000, BPROC_BE_INVALIDNODE,  \
		    BOTH),                                                               \
		ONE(pre, rq, arg), ANY_PLACE(pre, rq, arg)

/* Calls that have others move, or dump them. */
#define MIGRATE_FLAGS(rq, arg, where)                                                    \
	ROW(BPROC_IOC, rq, "unknown flag", arg, flags, 0x100, EINVAL, where),            \
		ROW(BPROC_IOC, rq, "the driver's own", arg, flags, 0x80000000, EINVAL,   \
		    where)

/* Calls that are no vector calls. */
#define ONE(pre, rq, arg)                                                                \
	ROW(pre, rq, "vector: number", arg, nodes_len, 1, EINVAL, BOTH),                 \
		ROW(pre, rq, "vector: nodes", arg, nodes, P64(nodes), EINVAL, BOTH),     \
		ROW(pre, rq, "vector: results", arg, pids, P64(procs), EINVAL, BOTH)

#define ANY_PLACE(pre, rq, arg)                                                          \
	ROW(pre, rq, "unknown flag", arg, flags, 0x80000000, EINVAL, BOTH),              \
		ROW(pre, rq, "another unknown flag", arg, flags, 0x200, EINVAL, BOTH),   \
		ROW(pre, rq, "I/O list too short", arg, iolen, -2, EINVAL, BOTH),        \
		ROW(pre, rq, "too long", arg, iolen, BPROC_IO_MAX + 1, EINVAL, BOTH),    \
		ROW(pre, rq, "much too long", arg, iolen, 0x7fffffff, EINVAL, BOTH),     \
		ROW(pre, rq, "nowhere", arg, io, BAD, EFAULT, BOTH),                     \
		ROW(pre, rq, "in the kernel", arg, io, 0xffffffff81000000, EFAULT,       \
		    BOTH),                                                               \
		ROW(pre, rq, "reserved 0", arg, reserved[0], 1, EINVAL, BOTH),           \
		ROW(pre, rq, "reserved 1", arg, reserved[1], 1ULL << 63, EINVAL, BOTH),  \
		ROW_IO(pre, rq, "I/O: unknown type", arg, type, 3, EINVAL),              \
		ROW_IO(pre, rq, "I/O: the highest type", arg, type, 0xffff, EINVAL),     \
		ROW_IO(pre, rq, "I/O: MEMFILE", arg, type, BPROC_IO_MEMFILE, EPERM),     \
		ROW_IO(pre, rq, "I/O: unknown flag", arg, flags, 4, EINVAL),             \
		ROW_IO(pre, rq, "I/O: unknown flags", arg, flags, 0xfff0, EINVAL),       \
		ROW_IO(pre, rq, "I/O: on descriptor -1", arg, fd, -1, EINVAL),           \
		ROW_IO(pre, rq, "I/O: below that", arg, fd, 0x80000000, EINVAL),         \
		ROW_IO(pre, rq, "I/O: a name without an end", arg, d.file.name, 1,       \
		       ENAMETOOLONG),                                                    \
		ROW_POINTER(pre, rq)

#define VECTOR(rq, arg)                                                                  \
	ROW(BPROC_IOC, rq, "a single node, too", arg, node, 1, EINVAL, BOTH),            \
		ROW(BPROC_IOC, rq, "and one below all", arg, node, 0x80000000, EINVAL,   \
		    BOTH),                                                               \
		ROW(BPROC_IOC, rq, "no entry", arg, nodes_len, 0, EINVAL, BOTH),         \
		ROW(BPROC_IOC, rq, "too many", arg, nodes_len, BPROC_VECTOR_MAX + 1,     \
		    EINVAL, BOTH),                                                       \
		ROW(BPROC_IOC, rq, "far too many", arg, nodes_len, 0xffffffff, EINVAL,   \
		    BOTH),                                                               \
		ROW(BPROC_IOC, rq, "nodes nowhere", arg, nodes, BAD, EFAULT, BOTH),      \
		ROW(BPROC_IOC, rq, "no nodes", arg, nodes, 0, EFAULT, BOTH),             \
		ROW(BPROC_IOC, rq, "nodes in the kernel", arg, nodes,                    \
		    0xffffffff81000000, EFAULT, BOTH),                                   \
		ROW(BPROC_IOC, rq, "results nowhere", arg, pids, BAD, EFAULT, BOTH),     \
		ROW(BPROC_IOC, rq, "no results", arg, pids, 0, EFAULT, BOTH),            \
		ROW(BPROC_IOC, rq, "results in the kernel", arg, pids,                   \
		    0xffffffff81000000, EFAULT, BOTH),                                   \
		ROW(BPROC_IOC, rq, "results that cannot be written", arg, pids,          \
		    P64(read_only), EFAULT, BOTH),                                       \
		ANY_PLACE(BPROC_IOC, rq, arg)

#define EXECUTE(pre, rq, arg)                                                            \
	ROW(pre, rq, "path: nowhere", arg, path, BAD, EFAULT, BOTH),                     \
		ROW(pre, rq, "path: none", arg, path, 0, EFAULT, BOTH),                  \
		ROW(pre, rq, "path: too long", arg, path, P64(long_path), ENAMETOOLONG,  \
		    BOTH),                                                               \
		ROW(pre, rq, "argv: nowhere", arg, argv, BAD, EFAULT, BOTH),             \
		ROW(pre, rq, "argv: an element nowhere", arg, argv, P64(bad_args),       \
		    EFAULT, BOTH),                                                       \
		ROW(pre, rq, "argv: empty", arg, argv, P64(none), EINVAL, BOTH),         \
		ROW(pre, rq, "argv: none", arg, argv, 0, EINVAL, BOTH),                  \
		ROW(pre, rq, "argv: a long string", arg, argv, P64(long_list), E2BIG,    \
		    BOTH),                                                               \
		ROW(pre, rq, "argv: too much", arg, argv, P64(six_mib), E2BIG, BOTH),    \
		ROW(pre, rq, "envp: nowhere", arg, envp, BAD, EFAULT, BOTH),             \
		ROW(pre, rq, "envp: an element nowhere", arg, envp, P64(bad_args),       \
		    EFAULT, BOTH),                                                       \
		ROW(pre, rq, "envp: a long string", arg, envp, P64(long_list), E2BIG,    \
		    BOTH),                                                               \
		ROW(pre, rq, "envp: too much", arg, envp, P64(six_mib), E2BIG, BOTH)

static int try_row(const struct row *r);

static void table(enum where here)
{
	const struct row rows[] = {
		ROW_POINTER(BPROC_IOC, VERSION),
		ROW_POINTER(BPROC_IOC, DEBUG),
		ROW(BPROC_IOC, DEBUG, "unknown", debug_arg, op, 4, EINVAL, BOTH),
		ROW(BPROC_IOC, DEBUG, "far from known", debug_arg, op, 0xffffffff, EINVAL,
		    BOTH),

		ROW_POINTER(BPROC_IOC, INFO),
		ROW(BPROC_IOC, INFO, "no room", node_list, count, 0, EINVAL, BOTH),
		ROW(BPROC_IOC, INFO, "after less than -1", node_list, after, -2, EINVAL,
		    BOTH),
		ROW(BPROC_IOC, INFO, "the least", node_list, after, 0x80000000, EINVAL,
		    BOTH),
		ROW(BPROC_IOC, INFO, "array nowhere", node_list, info, BAD, EFAULT, BOTH),

		ROW_POINTER(BPROC_IOC, PINFO),
		ROW(BPROC_IOC, PINFO, "no room", proc_list, count, 0, EINVAL, BOTH),
		ROW(BPROC_IOC, PINFO, "after less than -1", proc_list, after, -2, EINVAL,
		    BOTH),
		ROW(BPROC_IOC, PINFO, "reserved", proc_list, reserved, 1, EINVAL, BOTH),
		ROW(BPROC_IOC, PINFO, "array nowhere", proc_list, info, BAD, EFAULT,
		    BOTH),

		ROW_POINTER(BPROC_IOC, MIGRATE),
		ROW(BPROC_IOC, MIGRATE, "no process", migrate, pid, 0, ESRCH, BOTH),
		ROW(BPROC_IOC, MIGRATE, "below that", migrate, pid, 0x80000000, ESRCH,
		    BOTH),
		ROW(BPROC_IOC, MIGRATE, "a group", migrate, pid, -getpgrp(), ESRCH, BOTH),
		ROW(BPROC_IOC, MIGRATE, "none with it", migrate, pid, 0x7fffffff, ESRCH,
		    BOTH),
		ROW(BPROC_IOC, MIGRATE, "the caller", migrate, pid, getpid(), EINVAL,
		    BOTH),
		ROW(BPROC_IOC, MIGRATE, "init", migrate, pid, 1, EPERM, BOTH),
		ROW(BPROC_IOC, MIGRATE, "the kernel's", migrate, pid, 2, EPERM, BOTH),
		ROW(BPROC_IOC, MIGRATE, "no such node", migrate, node, 4095,
		    BPROC_BE_INVALIDNODE, BOTH),
		ROW(BPROC_IOC, MIGRATE, "beyond all nodes", migrate, node, 0x7fffffff,
		    BPROC_BE_INVALIDNODE, BOTH),
		ROW(BPROC_IOC, MIGRATE, "no node", migrate, node, BPROC_NODE_NONE,
		    BPROC_BE_INVALIDNODE, BOTH),
		ROW(BPROC_IOC, MIGRATE, "any node", migrate, node, BPROC_NODE_ANY,
		    BPROC_BE_INVALIDNODE, BOTH),
		ROW(BPROC_IOC, MIGRATE, "below them", migrate, node, 0x80000000,
		    BPROC_BE_INVALIDNODE, BOTH),
		ROW(BPROC_IOC, MIGRATE, "where it is", migrate, node, BPROC_NODE_MASTER,
		    BPROC_BE_SAMENODE, BOTH),
		MIGRATE_FLAGS(MIGRATE, migrate, BOTH),
		/* On a node what follows is not there, whatever its argument. */
		ROW(BPROC_IOC, DRAIN, "on a node", drain, node, 0, ENOSYS, NODE),
		ROW_POINTER_AT(BPROC_IOC, DRAIN, EFAULT, MASTER),
		ROW_POINTER_AT(BPROC_IOC, DRAIN, ENOSYS, NODE),
		ROW(BPROC_IOC, DRAIN, "no such node", drain, node, 4095,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, DRAIN, "the master", drain, node, BPROC_NODE_MASTER,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, DRAIN, "below all nodes", drain, node, 0x80000000,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, DRAIN, "to no such node", drain, to, 4095,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, DRAIN, "to any node", drain, to, BPROC_NODE_ANY,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, DRAIN, "to itself", drain, to, 0, BPROC_BE_SAMENODE,
		    MASTER),
		MIGRATE_FLAGS(DRAIN, drain, MASTER),
		ROW(BPROC_IOC, DRAIN, "reserved", drain, reserved, 1, EINVAL, MASTER),
		ROW(BPROC_IOC, DUMP_PROC, "on a node", dump_proc, pid, 1, ENOSYS, NODE),
		ROW_POINTER_AT(BPROC_IOC, DUMP_PROC, EFAULT, MASTER),
		ROW_POINTER_AT(BPROC_IOC, DUMP_PROC, ENOSYS, NODE),
		ROW(BPROC_IOC, DUMP_PROC, "no process", dump_proc, pid, 0, ESRCH, MASTER),
		ROW(BPROC_IOC, DUMP_PROC, "below that", dump_proc, pid, 0x80000000, ESRCH,
		    MASTER),
		ROW(BPROC_IOC, DUMP_PROC, "none with it", dump_proc, pid, 0x7fffffff,
		    ESRCH, MASTER),
		ROW(BPROC_IOC, DUMP_PROC, "the caller", dump_proc, pid, getpid(), EINVAL,
		    MASTER),
		ROW(BPROC_IOC, DUMP_PROC, "init", dump_proc, pid, 1, EPERM, MASTER),
		ROW(BPROC_IOC, DUMP_PROC, "the kernel's", dump_proc, pid, 2, EPERM,
		    MASTER),
		ROW(BPROC_IOC, DUMP_PROC, "one on a node", dump_proc, pid, remote,
		    EREMOTE, MASTER),
		ROW(BPROC_IOC, DUMP_PROC, "no descriptor", dump_proc, fd, -1, EBADF,
		    MASTER),
		ROW(BPROC_IOC, DUMP_PROC, "one that is not open", dump_proc, fd, 900,
		    EBADF, MASTER),
		ROW(BPROC_IOC, DUMP_PROC, "one that cannot be written", dump_proc, fd,
		    read_fd, EBADF, MASTER),
		MIGRATE_FLAGS(DUMP_PROC, dump_proc, MASTER),
		ROW(BPROC_IOC, STATUS, "on a node", status, node, 0, ENOSYS, NODE),
		ROW(BPROC_IOC, CHOWN, "on a node", mode, node, 0, ENOSYS, NODE),
		ROW(BPROC_IOC, CHROOT, "on a node", root, node, 0, ENOSYS, NODE),
		ROW(BPROC_IOC, REBOOT, "on a node", order, node, 4095, ENOSYS, NODE),
		ROW(BPROC_IOC, HALT, "on a node", order, node, 4095, ENOSYS, NODE),
		ROW(BPROC_IOC, PWROFF, "on a node", order, node, 4095, ENOSYS, NODE),
		ROW(BPROC_IOC, RECONNECT, "on a node", connect_arg, node, 0, ENOSYS,
		    NODE),

		ROW(BPROC_IOC, STATUS, "no such node", status, node, 4095,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, STATUS, "the master", status, node, -1,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, STATUS, "reserved", status, reserved, 1, EINVAL, MASTER),
		ROW(BPROC_IOC, STATUS, "no state", status, state[0], 0, EINVAL, MASTER),
		ROW(BPROC_IOC, STATUS, "a state with a digit in front", status, state[0],
		    '1', EINVAL, MASTER),
		ROW(BPROC_IOC, STATUS, "a state with a space", status, state[1], ' ',
		    EINVAL, MASTER),
		ROW(BPROC_IOC, CHOWN, "no such node", mode, node, 4095,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, CHOWN, "the master", mode, node, -1, BPROC_BE_INVALIDNODE,
		    MASTER),
		ROW(BPROC_IOC, CHOWN, "a bit for reading", mode, mode, 0444, EPERM,
		    MASTER),
		ROW(BPROC_IOC, CHOWN, "set-user-ID", mode, mode, 04111, EPERM, MASTER),
		ROW(BPROC_IOC, CHROOT, "no such node", root, node, 4095,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, CHROOT, "reserved", root, reserved, 1, EINVAL, MASTER),
		ROW(BPROC_IOC, CHROOT, "path nowhere", root, path, BAD, EFAULT, MASTER),
		ROW(BPROC_IOC, CHROOT, "no path", root, path, 0, EFAULT, MASTER),
		ROW(BPROC_IOC, CHROOT, "path too long", root, path, P64(long_path),
		    ENAMETOOLONG, MASTER),
		ROW(BPROC_IOC, CHROOT, "no such directory", root, path, P64(no_path),
		    ENOENT, MASTER),
		ROW(BPROC_IOC, REBOOT, "no such node", order, node, 4095,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, HALT, "the master", order, node, -1, BPROC_BE_INVALIDNODE,
		    MASTER),
		ROW(BPROC_IOC, PWROFF, "this node", order, node, -2, BPROC_BE_INVALIDNODE,
		    MASTER),
		ROW(BPROC_IOC, REBOOT, "reserved", order, reserved, 1, EINVAL, MASTER),
		ROW(BPROC_IOC, HALT, "reserved", order, reserved, 1, EINVAL, MASTER),
		ROW(BPROC_IOC, PWROFF, "reserved", order, reserved, 1, EINVAL, MASTER),
		ROW(BPROC_IOC, RECONNECT, "no such node", connect_arg, node, 4095,
		    BPROC_BE_INVALIDNODE, MASTER),
		ROW(BPROC_IOC, RECONNECT, "reserved", connect_arg, reserved, 1, EINVAL,
		    MASTER),
		ROW(BPROC_IOC, RECONNECT, "no family", connect_arg, remote[0], 0, EINVAL,
		    MASTER),
		ROW(BPROC_IOC, RECONNECT, "two families", connect_arg, local[0], AF_INET6,
		    EINVAL, MASTER),
		ROW(BPROC_IOC, RECONNECT, "an address without a family", connect_arg,
		    local[5], 1, EINVAL, MASTER),

		PLACE(BPROC_IOC, MOVE, move, BOTH),
		ROW(BPROC_IOC, MOVE, "a flag of another call", move, flags,
		    ALL | BPROC_MOVE_LINKED, EINVAL, BOTH),
		PLACE(BPROC_IOC, RFORK, move, BOTH),
		PLACE(BPROC_IOC, REXEC, program, BOTH),
		EXECUTE(BPROC_IOC, REXEC, program),
		ROW(BPROC_IOC, REXEC, "more than goes in front of an image", program,
		    envp, P64(four_mib), E2BIG, BOTH),
		PLACE(BPROC_IOC, EXECMOVE, program, MASTER),
		EXECUTE(BPROC_IOC, EXECMOVE, program),
		ROW(BPROC_IOC, EXECMOVE, "no such program", program, path, P64(no_path),
		    ENOENT, BOTH),
		ROW(BPROC_IOC, EXECMOVE, "not a program", program, path,
		    P64(not_a_program), EACCES, MASTER),

		ONE(BPROC_IOC, EXEC, program),
		ANY_PLACE(BPROC_IOC, EXEC, program),
		EXECUTE(BPROC_IOC, EXEC, program),
		ROW(BPROC_IOC, EXEC, "more than goes in front of an image", program, envp,
		    P64(four_mib), E2BIG, NODE),
		ROW(BPROC_IOC, EXEC, "on the master", program, node, 0, EINVAL, MASTER),
		ROW(BPROC_IOC, EXEC, "a flag of another call", program, flags,
		    ALL | BPROC_MOVE_LINKED, EINVAL, BOTH),
		ROW_IO(BPROC_IOC, EXEC, "an I/O list", program, flags, 0, EINVAL),
		ROW(BPROC_IOC, EXEC, "no path", program, path, P64(""), ENOENT, BOTH),
		ROW(BPROC_IOC, EXEC, "no such program", program, path, P64(no_path),
		    ENOENT, NODE),
		ROW(BPROC_IOC, EXEC, "not a program", program, path, P64(not_a_program),
		    EACCES, NODE),
		VECTOR(VRFORK, many),
		ROW(BPROC_IOC, VRFORK, "a flag of another call", many, flags,
		    ALL | BPROC_MOVE_LINKED, EINVAL, BOTH),
		VECTOR(VEXECMOVE, many_programs),
		EXECUTE(BPROC_IOC, VEXECMOVE, many_programs),

		ROW_POINTER(VMAD_IOC, DO_DUMP),
		ROW(VMAD_IOC, DO_DUMP, "unknown flag", dump, flags, 0x80000000, EINVAL,
		    BOTH),
		ROW(VMAD_IOC, DO_DUMP, "a flag of a move", dump, flags, BPROC_MOVE_LINKED,
		    EINVAL, BOTH),
		ROW(VMAD_IOC, DO_DUMP, "no descriptor", dump, fd, -1, EBADF, BOTH),
		ROW(VMAD_IOC, DO_DUMP, "one that is not open", dump, fd, 900, EBADF,
		    BOTH),
		ROW_POINTER(VMAD_IOC, DO_UNDUMP),
		ROW(VMAD_IOC, DO_UNDUMP, "a flag", undump, flags, 2, EINVAL, BOTH),
		ROW(VMAD_IOC, DO_UNDUMP, "no descriptor", undump, fd, -1, EBADF, BOTH),
		ROW(VMAD_IOC, DO_UNDUMP, "one that is not open", undump, fd, 900, EBADF,
		    BOTH),
		ROW_POINTER(VMAD_IOC, EXECDUMP),
		ROW(VMAD_IOC, EXECDUMP, "unknown flag", execdump, flags, 0x80000000,
		    EINVAL, BOTH),
		ROW(VMAD_IOC, EXECDUMP, "no descriptor", execdump, fd, -1, EBADF, BOTH),
		EXECUTE(VMAD_IOC, EXECDUMP, execdump),
		ROW(VMAD_IOC, EXECDUMP, "no such program", execdump, path, P64(no_path),
		    ENOENT, BOTH),
		ROW_POINTER(VMAD_IOC, LIB_ADD),
		ROW(VMAD_IOC, LIB_ADD, "reserved", lib, reserved, 1, EINVAL, BOTH),
		ROW(VMAD_IOC, LIB_ADD, "name nowhere", lib, name, BAD, EFAULT, BOTH),
		ROW(VMAD_IOC, LIB_ADD, "a long name", lib, length, 4096, ENAMETOOLONG,
		    BOTH),
		ROW(VMAD_IOC, LIB_ADD, "a name without an end", lib, name, P64(long_path),
		    ENAMETOOLONG, BOTH),
		ROW(VMAD_IOC, LIB_ADD, "an empty name", lib, name, P64(""), EINVAL, BOTH),
		ROW_POINTER(VMAD_IOC, LIB_DEL),
		ROW(VMAD_IOC, LIB_DEL, "not on the list", lib, name, P64(no_path), ENOENT,
		    BOTH),
		ROW(VMAD_IOC, LIB_DEL, "reserved", lib, reserved, 1, EINVAL, BOTH),
		ROW_POINTER(VMAD_IOC, LIB_LIST),
		ROW(VMAD_IOC, LIB_LIST, "no room", lib_list, size, 0, ENOSPC, BOTH),
		ROW(VMAD_IOC, LIB_LIST, "room nowhere", lib_list, buffer, BAD, EFAULT,
		    BOTH),
	};

	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		char name[128];
		int error;

		if (!(r->where & here))
			continue;
		snprintf(name, sizeof(name), "%s: %s", r->call, r->what);
		error = try_row(r);
		check(error == r->error, name, "errno %d, not %d", error, r->error);
	}
}

/* The row's argument: good, but for one member. */
static void *spoilt(const struct row *r)
{
	static union {
		char bytes[512];
		struct bproc_move move;
	} arg;
	static struct bproc_io bad_io;
	char *member;

	if (r->arg == ptr_bad)
		return ptr64(BAD);
	if (r->size) {
		memcpy(&arg, r->arg, r->size);
		member = arg.bytes + r->offset;
	} else {
		memcpy(&arg, r->arg, sizeof(arg.move));
		bad_io = io;
		arg.move.io = P64(&bad_io);
		arg.move.iolen = 1;
		member = (char *)&bad_io + r->offset;
	}
	if (r->width > 8)
		memset(member, 'x', r->width);
	else
		memcpy(member, &r->value, r->width);
	/* A list that is not long enough to be looked at cannot be bad. */
	if (r->size == sizeof(arg.move) && arg.move.io && !arg.move.iolen)
		arg.move.iolen = 1;
	return &arg;
}

static int errno_of(unsigned long request, void *arg)
{
	return bp(request, arg) < 0 ? errno : 0;
}

/* A call that should have failed may end whoever makes it, or take it elsewhere. */
static int try_row(const struct row *r)
{
	int error = -1, ends[2], status;
	pid_t pid;

	if (r->size != sizeof(struct bproc_move) && r->size &&
	    r->request != VMAD_IOC_DO_UNDUMP && r->request != VMAD_IOC_EXECDUMP)
		return errno_of(r->request, spoilt(r));
	if (pipe(ends))
		give_up("pipe");
	pid = fork();
	if (pid == 0) {
		error = errno_of(r->request, spoilt(r));
		if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
			error = -2;
		_exit(write(ends[1], &error, sizeof(error)) != sizeof(error));
	}
	close(ends[1]);
	if (end_of(pid) || read(ends[0], &error, sizeof(error)) != sizeof(error))
		error = -1;
	close(ends[0]);
	return error;
}

static void get_ready(int node)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(1) };
	size_t i;

	memset(no_name, 'x', sizeof(no_name));
	memset(long_path, '/', sizeof(long_path));
	memset(long_string, 'x', sizeof(long_string) - 1);
	memset(string, 'x', sizeof(string) - 1);
	for (i = 0; i < sizeof(six_mib) / sizeof(six_mib[0]) - 1; i++)
		six_mib[i] = string;
	for (i = 0; i < sizeof(four_mib) / sizeof(four_mib[0]) - 1; i++)
		four_mib[i] = string;
	node_list.info = P64(nodes);
	proc_list.info = P64(procs);
	status.node = mode.node = root.node = order.node = connect_arg.node = node;
	root.path = P64("/");
	memcpy(connect_arg.remote, &a, sizeof(a));
	move.node = program.node = node;
	two_nodes[0] = two_nodes[1] = node;
	many.nodes = many_programs.nodes = P64(two_nodes);
	many.pids = many_programs.pids = P64(two_pids);
	many_programs.path = program.path = execdump.path = P64(path);
	many_programs.argv = program.argv = execdump.argv = P64(args);
	many_programs.envp = program.envp = execdump.envp = P64(none);
	strcpy(io.d.file.name, "/dev/null");
	dump.fd = execdump.fd = undump.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	dump_proc.fd = dump.fd;
	read_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	migrate.node = node;
	drain.to = BPROC_NODE_MASTER;
	lib.name = P64(path);
	lib_list.buffer = P64(libs);
	lib_list.size = sizeof(libs);
}

/* No number of ours has this size. */
static void unknown(void)
{
	char arg[13] = "";
	unsigned int nr, bad = 0;

	for (nr = 0; nr < 256; nr++) {
		bad += errno_of(_IOC(_IOC_READ | _IOC_WRITE, BPROC_IOC_MAGIC, nr, 13),
				arg) != ENOTTY;
		bad += errno_of(_IOC(_IOC_WRITE, BPROC_IOC_MAGIC, nr, 16383),
				ptr64(BAD)) != ENOTTY;
		bad += errno_of(_IOC(_IOC_NONE, 0x54, nr, 0), ptr64(BAD)) != ENOTTY &&
		       nr != 0x50 && nr != 0x51 && nr != 0x52 && nr != 0x60 && nr != 0x21;
	}
	same("unknown calls", 0, bad);
}

static void no_cluster(void)
{
	static const unsigned long calls[] = {
		BPROC_IOC_DEBUG,   BPROC_IOC_NOTIFY,	BPROC_IOC_INFO,
		BPROC_IOC_PINFO,   BPROC_IOC_STATUS,	BPROC_IOC_CHOWN,
		BPROC_IOC_CHROOT,  BPROC_IOC_REBOOT,	BPROC_IOC_HALT,
		BPROC_IOC_PWROFF,  BPROC_IOC_RECONNECT, BPROC_IOC_REXEC,
		BPROC_IOC_MOVE,	   BPROC_IOC_RFORK,	BPROC_IOC_EXECMOVE,
		BPROC_IOC_EXEC,	   BPROC_IOC_VRFORK,	BPROC_IOC_VEXECMOVE,
		BPROC_IOC_MIGRATE, BPROC_IOC_DUMP_PROC, BPROC_IOC_DRAIN,
	};
	struct bproc_version version;
	size_t i;
	pid_t pid;
	int bad = 0;

	if (unshare(CLONE_NEWPID))
		give_up("unshare");
	pid = fork();
	if (pid == 0) {
		for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			bad += errno_of(calls[i], ptr64(BAD)) != ENOSYS;
		bad += errno_of(BPROC_IOC_VERSION, &version) != 0;
		_exit(bad);
	}
	same("outside of the process space there are no calls", 0, end_of(pid));
}

/* --- the daemons --- */

static void bad(int fd, unsigned long request, const char *what, void *arg, int error)
{
	int got = ioctl(fd, request, arg) < 0 ? errno : 0;

	check(got == error, what, "errno %d, not %d", got, error);
}

#define SPOIL(fd, request, what, type, error, ...)                                       \
	do {                                                                             \
		type arg_ = { __VA_ARGS__ };                                             \
		bad(fd, request, #request ": " what, &arg_, error);                      \
	} while (0)
#define NOWHERE(fd, request)                                                             \
	bad(fd, request, #request ": bad pointer", ptr64(BAD), EFAULT)

static void streams(int fd, int error)
{
	NOWHERE(fd, BPROC_IOC_STREAM);
	NOWHERE(fd, BPROC_IOC_ARRIVAL);
	SPOIL(fd, BPROC_IOC_STREAM, "nobody waits", struct bproc_stream_fd, ENOENT,
	      .id = 99, .fd = 0);
	SPOIL(fd, BPROC_IOC_STREAM, "the highest number", struct bproc_stream_fd, ENOENT,
	      .id = ~0ULL, .fd = 0);
	SPOIL(fd, BPROC_IOC_ARRIVAL, "no such process", struct bproc_stream_fd, error,
	      .id = 1, .fd = 0, .pid = 3999999, .ppid = 3999998);
	SPOIL(fd, BPROC_IOC_ARRIVAL, "process 0", struct bproc_stream_fd, error, .fd = 0);
	SPOIL(fd, BPROC_IOC_ARRIVAL, "process -1", struct bproc_stream_fd, error, .fd = 0,
	      .pid = -1, .ppid = -1);
	bad(fd, BPROC_IOC_MOVE, "a call of programs", ptr64(BAD), ENOTTY);
	bad(fd, _IO(BPROC_IOC_MAGIC, 0xdf), "an unknown call", NULL, ENOTTY);
}

static void bad_master(void)
{
	int fd = open("/dev/bproc-master", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		give_up("/dev/bproc-master");
	fails("only one master", EBUSY, open("/dev/bproc-master", O_RDWR));
	NOWHERE(fd, BPROC_IOC_MASTER_SETUP);
	SPOIL(fd, BPROC_IOC_MASTER_SETUP, "reserved", struct bproc_master_setup, EINVAL,
	      .nodes = 1, .reserved = 1);
	SPOIL(fd, BPROC_IOC_MASTER_SETUP, "too many", struct bproc_master_setup, EINVAL,
	      .nodes = BPROC_NODES_MAX + 1);
	SPOIL(fd, BPROC_IOC_NODE_STATE, "not yet", struct bproc_node_state,
	      BPROC_BE_INVALIDNODE, .node = 0, .state = "up");
	SPOIL(fd, BPROC_IOC_MASTER_SETUP, "good", struct bproc_master_setup, 0,
	      .nodes = 1);
	NOWHERE(fd, BPROC_IOC_NODE_STATE);
	SPOIL(fd, BPROC_IOC_NODE_STATE, "reserved", struct bproc_node_state, EINVAL,
	      .reserved = 1, .state = "up");
	SPOIL(fd, BPROC_IOC_NODE_STATE, "reserved2", struct bproc_node_state, EINVAL,
	      .reserved2 = 1, .state = "up");
	SPOIL(fd, BPROC_IOC_NODE_STATE, "the master", struct bproc_node_state,
	      BPROC_BE_INVALIDNODE, .node = -1, .state = "up");
	SPOIL(fd, BPROC_IOC_NODE_STATE, "good", struct bproc_node_state, 0,
	      .state = "up");
	SPOIL(fd, BPROC_IOC_MASTER_SETUP, "one goes that is up",
	      struct bproc_master_setup, EBUSY, .nodes = 0);
	NOWHERE(fd, BPROC_IOC_TRANSIT);
	SPOIL(fd, BPROC_IOC_TRANSIT, "reserved", struct bproc_transit, EINVAL,
	      .reserved = 1);
	SPOIL(fd, BPROC_IOC_TRANSIT, "no such process", struct bproc_transit,
	      BPROC_BE_INVALIDPROC, .pid = 3999999, .from = 0, .to = 0);
	streams(fd, ESRCH);
	bad(fd, BPROC_IOC_SLAVE_SETUP, "a call of slaves", ptr64(BAD), ENOTTY);
	close(fd);
}

/* What a stand-in has. */
static void bad_ghost(int ghost)
{
	struct bproc_stream header = { .magic = BPROC_STREAM_MAGIC,
				       .size = sizeof(header),
				       .pid = getpid() };
	struct bproc_stream other;

	NOWHERE(ghost, BPROC_IOC_GHOST_NEXT);
	NOWHERE(ghost, BPROC_IOC_ARRIVE);
	NOWHERE(ghost, BPROC_IOC_ARRIVE_IO);
	SPOIL(ghost, BPROC_IOC_ARRIVE, "header nowhere", struct bproc_arrive, EFAULT,
	      .stream = BAD);
	SPOIL(ghost, BPROC_IOC_ARRIVE, "no stream", struct bproc_arrive, EBADF, .fd = -1,
	      .stream = P64(&header));
	other = header;
	other.magic++;
	SPOIL(ghost, BPROC_IOC_ARRIVE, "another magic", struct bproc_arrive, EINVAL,
	      .stream = P64(&other));
	other = header;
	other.size--;
	SPOIL(ghost, BPROC_IOC_ARRIVE, "a short header", struct bproc_arrive, EINVAL,
	      .stream = P64(&other));
	other = header;
	other.size = BPROC_STREAM_HEADER_MAX + 1;
	SPOIL(ghost, BPROC_IOC_ARRIVE, "a long header", struct bproc_arrive, EINVAL,
	      .stream = P64(&other));
	other = header;
	other.path_len = other.strings_len = 0x80000000;
	SPOIL(ghost, BPROC_IOC_ARRIVE, "strings beyond it", struct bproc_arrive, EINVAL,
	      .stream = P64(&other));
	other = header;
	other.pid++;
	SPOIL(ghost, BPROC_IOC_ARRIVE, "another process", struct bproc_arrive, EINVAL,
	      .stream = P64(&other));
	bad(ghost, _IO(BPROC_IOC_MAGIC, 0xdf), "a ghost's unknown call", NULL, ENOTTY);
}

static void bad_iod(void)
{
	int fd = open("/dev/bproc-iod", O_RDWR | O_CLOEXEC);
	uint64_t pid = 3999999;

	if (fd < 0)
		give_up("/dev/bproc-iod");
	NOWHERE(fd, BPROC_IOC_IO_ENDS);
	NOWHERE(fd, BPROC_IOC_IO_FLUSHED);
	SPOIL(fd, BPROC_IOC_IO_ENDS, "nobody waits", struct bproc_io_ends, ENOENT,
	      .request = 99);
	SPOIL(fd, BPROC_IOC_IO_ENDS, "the highest number", struct bproc_io_ends, ENOENT,
	      .request = ~0ULL);
	SPOIL(fd, BPROC_IOC_IO_ENDS, "descriptors that are none", struct bproc_io_ends,
	      EBADF, .fd = { -1, -1, -1 });
	bad(fd, BPROC_IOC_IO_FLUSHED, "BPROC_IOC_IO_FLUSHED: no such process", &pid,
	    ENOENT);
	bad(fd, _IO(BPROC_IOC_MAGIC, 0xdf), "bpiod's unknown call", NULL, ENOTTY);
	close(fd);
}

static void slave_init(void)
{
	int fd = open("/dev/bproc-slave", O_RDWR | O_CLOEXEC), ghost;
	pid_t pid;

	failures = 0;
	if (fd < 0)
		give_up("/dev/bproc-slave");
	SPOIL(fd, BPROC_IOC_STREAM, "before the setup", struct bproc_stream_fd, EINVAL,
	      .id = 1);
	NOWHERE(fd, BPROC_IOC_SLAVE_SETUP);
	SPOIL(fd, BPROC_IOC_SLAVE_SETUP, "no program", struct bproc_slave_setup, EBADF,
	      .stub = -1);
	SPOIL(fd, BPROC_IOC_SLAVE_SETUP, "the master", struct bproc_slave_setup, EINVAL,
	      .node = -1);
	SPOIL(fd, BPROC_IOC_SLAVE_SETUP, "too high", struct bproc_slave_setup, EINVAL,
	      .node = BPROC_NODES_MAX);
	SPOIL(fd, BPROC_IOC_SLAVE_SETUP, "good", struct bproc_slave_setup, 0, .node = 0);
	SPOIL(fd, BPROC_IOC_SLAVE_SETUP, "again", struct bproc_slave_setup, EBUSY,
	      .node = 0);
	streams(fd, ESRCH);
	bad(fd, BPROC_IOC_STANDIN, "init is no stand-in", NULL, EINVAL);
	bad(fd, BPROC_IOC_ARRIVE, "nor does it arrive", ptr64(BAD), EINVAL);
	bad(fd, BPROC_IOC_MASTER_SETUP, "a call of the master", ptr64(BAD), ENOTTY);
	bad_iod();
	/* By itself the init has numbers without asking. */
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		failures = 0;
		ghost = ioctl(fd, BPROC_IOC_STANDIN);
		if (check(ghost >= 0, "a stand-in", "errno %d", errno))
			bad_ghost(ghost);
		bad(fd, BPROC_IOC_STANDIN, "only once", NULL, EEXIST);
		_exit(failures != 0);
	}
	same("a stand-in's descriptor", 0, end_of(pid));
	_exit(failures != 0);
}

static void daemons(void)
{
	pid_t pid;
	int fd;

	bad_master();
	fd = open("/dev/bproc-slave", O_RDWR | O_CLOEXEC);
	SPOIL(fd, BPROC_IOC_SLAVE_SETUP, "not in a namespace of its own",
	      struct bproc_slave_setup, EINVAL, .node = 0);
	close(fd);
	fails("no I/O daemon without a master", ENOSYS, open("/dev/bproc-iod", O_RDWR));
	if (unshare(CLONE_NEWPID))
		give_up("unshare");
	pid = fork();
	if (pid == 0)
		slave_init();
	same("a slave", 0, end_of(pid));
}

/* Whom others may move: it has no open files. */
static void make_sleeper(void)
{
	sleeper = fork();
	if (sleeper == 0) {
		close_range(3, ~0U, 0);
		for (;;)
			pause();
	}
	migrate.pid = dump_proc.pid = sleeper;
}

static void check_sleeper(void)
{
	same("the sleeper is here", BPROC_NODE_MASTER, node_of(sleeper));
	kill(sleeper, SIGTERM);
	same("and nothing else happened to it", SIGTERM, end_of(sleeper));
}

int main(int argc, char **argv)
{
	struct bproc_move there = { .flags = ALL, .iolen = BPROC_IO_DEFAULT };
	pid_t pid;
	int chan;

	if (argc == 2 && !strcmp(argv[1], "end"))
		return 0;
	scen_init(0, argv);
	alarm(100 * slowness());
	if (argc == 2 && !strcmp(argv[1], "daemons")) {
		daemons();
		return failures != 0;
	}
	if (argc < 2)
		return 2;
	get_ready(atoi(argv[1]));
	make_sleeper();
	if (argc == 2) {
		/* One that PINFO has to tell of. */
		pid = remote_fork(atoi(argv[1]), &chan);
		if (pid == 0) {
			get_int(chan);
			_exit(0);
		}
		remote = pid;
		table(MASTER);
		put_int(chan, 1);
		same("nobody was disturbed", 0, end_of(pid));
		check_sleeper();
		unknown();
		no_cluster();
		return failures != 0;
	}
	there.node = atoi(argv[2]);
	pid = (pid_t)bp(BPROC_IOC_RFORK, &there);
	if (pid == 0) {
		/* The descriptors are of the node. */
		get_ready(atoi(argv[1]));
		table(NODE);
		unknown();
		_exit(failures != 0);
	}
	same("on a node", 0, end_of(pid));
	check_sleeper();
	return failures != 0;
}
