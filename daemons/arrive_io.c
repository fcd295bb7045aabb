// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <asm/errno.h>
#include <asm/poll.h>
#include <asm/socket.h>
#include <linux/fcntl.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/un.h>
#include "arrive.h"
#include "peer.h"
#include "sys.h"

#ifndef AF_UNIX
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#endif
#define TYPE_STREAM 1

/* How long a connection may take, in ms: the sender's caller waits meanwhile. */
#define CONNECT_TIMEOUT 10000

union address {
	__u16 family;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

static bool is_zero(const void *p, unsigned int len)
{
	const char *c = p;

	while (len)
		if (c[--len])
			return false;
	return true;
}

static int hex(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/*
 * Address of the machine at the other end of @stream. Where a daemon relays the
 * stream, our end is one of a pair of Unix sockets; the other's name holds the address.
 */
static int peer_address(int stream, union address *addr)
{
	__u32 i, len = sizeof(*addr);
	unsigned char raw[sizeof(struct sockaddr_in6)];
	const char *name;
	long err;

	err = sys3(__NR_getpeername, stream, (long)addr, (long)&len);
	if (err < 0)
		return (int)err;
	if (addr->family != AF_UNIX)
		return 0;
	name = addr->un.sun_path;
	if (len != offsetof(struct sockaddr_un, sun_path) + PEER_NAME_LEN || name[0])
		return -EHOSTUNREACH;
	name += PEER_NAME_LEN - 2 * sizeof(raw);
	for (i = 0; i < sizeof(raw); i++)
		raw[i] = (unsigned char)(hex(name[2 * i]) << 4 | hex(name[2 * i + 1]));
	__builtin_memcpy(addr, raw, sizeof(raw));
	return 0;
}

static int io_address(const struct bproc_io *io, int stream, union address *addr)
{
	union address peer;
	bool zero;
	int err;

	__builtin_memcpy(addr, io->d.addr, BPROC_ADDR_LEN);
	if (addr->family == AF_INET)
		zero = !addr->in.sin_addr.s_addr;
	else if (addr->family == AF_INET6)
		zero = is_zero(&addr->in6.sin6_addr, sizeof(addr->in6.sin6_addr));
	else
		return -EAFNOSUPPORT;
	if (!zero)
		return 0;

	err = peer_address(stream, &peer);
	if (err)
		return err;
	if (peer.family == AF_INET) {
		peer.in.sin_port = addr->in.sin_port;
	} else if (peer.family == AF_INET6) {
		/* the port is at the same place in both */
		peer.in6.sin6_port = addr->in.sin_port;
	} else {
		return -EHOSTUNREACH;
	}
	*addr = peer;
	return 0;
}

static int finish_connect(int fd)
{
	struct {
		int fd;
		short events;
		short revents;
	} poll = { fd, POLLOUT, 0 };
	__u32 len = sizeof(int);
	int error = 0;
	long n;

	do
		n = sys3(__NR_poll, (long)&poll, 1, CONNECT_TIMEOUT);
	while (n == -EINTR);
	if (n <= 0)
		return n ? (int)n : -ETIMEDOUT;
	n = sys6(__NR_getsockopt, fd, SOL_SOCKET, SO_ERROR, (long)&error, (long)&len, 0);
	return n < 0 ? (int)n : -error;
}

static int open_socket(const struct bproc_io *io, const struct bproc_stream *s,
		       int stream)
{
	union address addr;
	int info[2] = { s->pid, io->fd };
	int fd;
	long err;

	err = io_address(io, stream, &addr);
	if (err)
		return (int)err;
	fd = (int)sys3(__NR_socket, addr.family, TYPE_STREAM | O_NONBLOCK | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	err = sys3(__NR_connect, fd, (long)&addr,
		   addr.family == AF_INET ? sizeof(addr.in) : sizeof(addr.in6));
	if (err == -EINPROGRESS)
		err = finish_connect(fd);
	if (!err)
		err = sys_fcntl(fd, F_SETFL, 0);
	if (!err && io->flags & BPROC_IO_SEND_INFO) {
		err = sys3(__NR_write, fd, (long)info, sizeof(info));
		if (err >= 0)
			err = err == sizeof(info) ? 0 : -EIO;
	}
	if (!err)
		return fd;
	sys_close(fd);
	return (int)err;
}

static int open_file(const struct bproc_io *io)
{
	int fd;
	long err;

	/* close-on-exec would take effect before the process ever ran */
	fd = (int)sys3(__NR_open, (long)io->d.file.name, io->d.file.flags & ~O_CLOEXEC,
		       io->d.file.mode);
	if (fd < 0 || !io->d.file.offset)
		return fd;
	err = sys3(__NR_lseek, fd, (long)io->d.file.offset, 0);
	if (err >= 0)
		return fd;
	sys_close(fd);
	return (int)err;
}

/* Moves @fd to @target, which stays open over an exec. */
static int place(int fd, int target)
{
	long err;

	if (fd < 0)
		return fd;
	if (fd == target)
		return (int)sys_fcntl(fd, F_SETFD, 0);
	err = sys3(__NR_dup3, fd, target, 0);
	sys_close(fd);
	return err < 0 ? (int)err : 0;
}

/* What the I/O daemon here makes; -errno if there is none. */
static int forwarded_descriptors(const struct bproc_stream *s, int ghost)
{
	struct bproc_arrive_io io = { .io_id = s->io_id, .from = s->from };
	long err;
	int i;

	if (!s->io_id)
		return -ENOTCONN;
	err = sys_ioctl(ghost, BPROC_IOC_ARRIVE_IO, &io);
	/* in ascending order, so none is replaced before it was moved */
	for (i = 0; !err && i < 3; i++)
		err = place(io.fd[i], i);
	return (int)err;
}

static int default_descriptors(const struct bproc_stream *s, int ghost)
{
	int err, fd;

	if (!forwarded_descriptors(s, ghost))
		return 0;
	/* Nobody forwards: as good as a machine without anybody to talk to. */
	sys_close_range(0, 2);
	for (fd = 0; fd < 3; fd++) {
		err = place((int)sys3(__NR_open, (long)"/dev/null",
				      fd ? O_WRONLY : O_RDONLY, 0),
			    fd);
		if (err)
			return err;
	}
	return 0;
}

static int set_up(const struct bproc_io *io, const struct bproc_stream *s, int stream)
{
	int fd = io->type == BPROC_IO_SOCKET ? open_socket(io, s, stream) : open_file(io);

	return place(fd, io->fd);
}

int arrive_descriptors(const struct bproc_stream *s, const struct bproc_io *io, int ghost,
		       int stream, bool keep)
{
	int err, i;

	if (s->iolen == BPROC_IO_DEFAULT)
		return keep ? 0 : default_descriptors(s, ghost);
	sys_close_range(0, 2);
	for (i = 0; i < s->iolen; i++) {
		err = io[i].flags & BPROC_IO_DELAY ? 0 : set_up(&io[i], s, stream);
		if (err)
			return err;
	}
	for (i = 0; i < s->iolen; i++)
		if (io[i].flags & BPROC_IO_DELAY)
			set_up(&io[i], s, stream);
	return 0;
}
