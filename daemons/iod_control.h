/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between bpiod and the daemon that started it: a pair of Unix sockets. The one gives
 * connections to the other, because it has the cluster's key and bpiod needs none.
 */
#ifndef BPROC_IOD_CONTROL_H
#define BPROC_IOD_CONTROL_H

/*
 * Where bpiod finds its end of the pair, and the device: who starts it has opened that,
 * so that no process leaves or arrives in between.
 */
#define IOD_CONTROL_FD 3
#define IOD_DEVICE_FD 4
#define IOD_DEVICE "/dev/bproc-iod"

/* To bpiod: a connection with @node's bpiod (with a descriptor), or it is gone. */
#define IOD_CONNECTION 1
/* From bpiod on a node: the connection is lost. */
#define IOD_LOST 2
/* To bpiod on a node: the connection is to be made anew, but no channel may suffer. */
#define IOD_MOVE 3

struct iod_control {
	int what;
	int node;
};

/*
 * Opens the device and a pair of sockets. Returns the child's PID; 0 in the child, which
 * has no descriptors but 0, 1, 2 and the two above; or -errno.
 */
int iod_fork(int *control);

/* 0 or -errno; @fd: -1 for none, stays the caller's. Does not wait. */
int iod_control_send(int control, const struct iod_control *msg, int fd);

/* 1, 0 at the end, -errno (-EAGAIN: nothing there); *fd is -1 if none came. */
int iod_control_receive(int control, struct iod_control *msg, int *fd);

#endif
