/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What host and agent say to each other over the virtio port: frames of a
 * header and SIZE bytes.  rig/agent.py is the other side.
 */
#ifndef RIG_FRAME_H
#define RIG_FRAME_H

#include <stdint.h>

enum frame_kind {
	/* host to guest */
	FRAME_EXEC = 'x', /* tty, rows, columns (u16 each), argc, then strings */
	FRAME_STDIN = 'i', /* data; none: end of file */
	FRAME_WINDOW = 'w', /* rows, columns (u16 each) */
	FRAME_SIGNAL = 's', /* u32, to the command's session */
	FRAME_GET = 'g', /* path: send a file */
	FRAME_KMSG = 'k', /* text for the kernel's log */
	FRAME_SYSRQ = 'q', /* one letter */
	FRAME_POWEROFF = 'p',
	FRAME_LEAKS = 'l', /* have the kernel look for memory that nothing refers to */
	FRAME_REPLY = 'a', /* u32 client, u32 status, text: answer to a rigctl */

	/* guest to host */
	FRAME_READY = 'r',
	FRAME_STDOUT = 'o',
	FRAME_STDERR = 'e',
	FRAME_CREDIT = 'c', /* u32: so many bytes of stdin may be sent more */
	FRAME_EXIT = 'X', /* u32: wait status */
	FRAME_DATA = 'd', /* a piece of the file asked for */
	FRAME_DONE = 'D', /* u32 errno, u32 mode: the file's end */
	FRAME_LOOKED = 'L', /* what it found is in the kernel's log */
	FRAME_ASK = 'A', /* u32 client, text: what rigctl was called with */
};

struct frame {
	uint8_t kind;
	uint8_t unused[3];
	uint32_t size;
};

#define FRAME_MAX     65536
#define STDIN_CREDIT  65536
#define RIGCTL_SOCKET "/run/rigctl"

#endif
