/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls of programs, whichever way they come in. */
#ifndef BPROC_CALLS_H
#define BPROC_CALLS_H

#include <linux/bproc.h>
#include <linux/vmadump.h>

struct bproc_calling;
struct bproc_space;

/* The argument of a call, as its ioctl has it. Pointers in it are the caller's. */
union bproc_args {
	struct bproc_version version;
	struct bproc_debug debug;
	struct bproc_node_list nodes;
	struct bproc_proc_list procs;
	struct bproc_move move;
	struct bproc_node_status status;
	struct bproc_node_mode mode;
	struct bproc_node_chroot chroot;
	struct bproc_node_order order;
	struct bproc_connect connect;
	struct bproc_migrate migrate;
	struct bproc_dump_proc dump_proc;
	struct bproc_drain drain;
	struct vmad_dump dump;
	struct vmad_undump undump;
	struct vmad_execdump execdump;
	struct vmad_lib lib;
	struct vmad_lib_list lib_list;
};

/**
 * struct bproc_door - a way in for calls, with layouts of its own in the caller's memory
 * @get: fill c->args
 * @put: give c->args to the caller
 * @get_io: copy @n elements of the caller's array @from
 * @put_nodes: copy @n elements into the caller's array @to, from its element @at on
 * @fd_flags: O_* of descriptors that calls make
 *
 * All return 0 or -errno.
 */
struct bproc_door {
	int (*get)(struct bproc_calling *c);
	int (*put)(const struct bproc_calling *c);
	int (*get_io)(struct bproc_io *to, u64 from, int n);
	int (*put_nodes)(u64 to, u32 at, const struct bproc_node_info *from, u32 n);
	int fd_flags;
};

/**
 * struct bproc_calling - a call under way; on the stack of the caller
 * @door: the way it came in
 * @cmd: BPROC_IOC_* or VMAD_IOC_*
 * @from: what the door knows of the caller's argument
 * @args: the argument
 * @space: where the caller lives, for calls that need to know
 * @answers: @args has something for the caller, also if the call fails
 * @exits: out: the caller has to end, with wait status @exit_status
 * @exit_status: see @exits
 */
struct bproc_calling {
	const struct bproc_door *door;
	unsigned int cmd;
	const void *from;
	union bproc_args args;
	struct bproc_space *space;
	bool answers;
	bool exits;
	int exit_status;
};

long bproc_call(struct bproc_calling *c);
void bproc_call_exit(int status);

/* device.c: the device files as permissions for other doors than they are themselves */
int bproc_user_access(void);
int bproc_device_open(const char *name);
bool bproc_node_denies(int nr);

#endif
