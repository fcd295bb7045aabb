// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "device.h"
#include "link.h"
#include "loop.h"

/* Messages taken from the driver before others get their turn. */
#define BATCH 64
/* How long the driver may refuse a message for want of room, in ms. */
#define WRITE_TIMEOUT 5000

struct device {
	struct event *ev;
	int fd;
	device_message *message;
	device_broken *broken;
	void *arg;
	__u64 buf[BPROC_MSG_MAX / sizeof(__u64)];
};

/* False: there is none, or there will be none. */
static bool take_message(struct device *dev)
{
	struct bproc_msg *msg = (struct bproc_msg *)dev->buf;
	ssize_t n = read(dev->fd, dev->buf, sizeof(dev->buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < (ssize_t)sizeof(*msg) || msg->size != (size_t)n) {
		dev->broken(dev->arg, n < 0 ? -errno : -EPROTO);
		return false;
	}
	dev->message(dev->arg, msg);
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	int i;

	(void)fd, (void)what;
	for (i = 0; i < BATCH && take_message(arg); i++)
		;
}

void device_catch_up(struct device *dev)
{
	while (take_message(dev))
		;
}

struct device *device_new(struct event_base *base, int fd, device_message *message,
			  device_broken *broken, void *arg)
{
	struct device *dev = calloc(1, sizeof(*dev));

	if (dev)
		dev->ev = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, dev);
	if (dev && dev->ev)
		event_priority_set(dev->ev, LOOP_DRIVER);
	if (!dev || !dev->ev || event_add(dev->ev, NULL)) {
		if (dev && dev->ev)
			event_free(dev->ev);
		free(dev);
		return NULL;
	}
	dev->fd = fd;
	dev->message = message;
	dev->broken = broken;
	dev->arg = arg;
	evutil_make_socket_nonblocking(fd);
	return dev;
}

void device_free(struct device *dev)
{
	if (!dev)
		return;
	event_free(dev->ev);
	close(dev->fd);
	free(dev);
}

int device_write(struct device *dev, const struct bproc_msg *msg)
{
	struct pollfd p = { .fd = dev->fd, .events = POLLOUT };
	ssize_t n;

	for (;;) {
		n = write(dev->fd, msg, msg->size);
		if (n == (ssize_t)msg->size)
			return 0;
		if (n >= 0)
			return -EIO;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (poll(&p, 1, WRITE_TIMEOUT) == 0)
			return -ETIMEDOUT;
	}
}

int device_fd(const struct device *dev)
{
	return dev->fd;
}

int device_abi(__u32 *abi)
{
	struct bproc_version version;
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, BPROC_IOC_VERSION, &version))
		err = -errno;
	else
		*abi = version.abi;
	close(fd);
	return err;
}

const char *device_type_name(unsigned int type)
{
	static const char *const names[] = {
		[BPROC_MSG_STREAM] = "STREAM",
		[BPROC_MSG_ARRIVED] = "ARRIVED",
		[BPROC_MSG_GO] = "GO",
		[BPROC_MSG_ABORT] = "ABORT",
		[BPROC_MSG_SIGNAL] = "SIGNAL",
		[BPROC_MSG_FORK] = "FORK",
		[BPROC_MSG_FORKED] = "FORKED",
		[BPROC_MSG_UNFORK] = "UNFORK",
		[BPROC_MSG_EXIT] = "EXIT",
		[BPROC_MSG_THREAD_EXIT] = "THREAD_EXIT",
		[BPROC_MSG_STOPPED] = "STOPPED",
		[BPROC_MSG_NAME] = "NAME",
		[BPROC_MSG_USAGE] = "USAGE",
		[BPROC_MSG_PARENT] = "PARENT",
		[BPROC_MSG_IDS] = "IDS",
		[BPROC_MSG_CALL] = "CALL",
		[BPROC_MSG_RESULT] = "RESULT",
		[BPROC_MSG_CHANGED] = "CHANGED",
		[BPROC_MSG_WATCH] = "WATCH",
		[BPROC_MSG_REAPED] = "REAPED",
		[BPROC_MSG_MIGRATE] = "MIGRATE",
		[BPROC_MSG_MIGRATED] = "MIGRATED",
		[BPROC_MSG_CRED] = "CRED",
		[BPROC_MSG_CONTROL] = "CONTROL",
		[BPROC_MSG_CONTROLLED] = "CONTROLLED",
		[BPROC_MSG_VECTOR] = "VECTOR",
		[LINK_HELLO] = "HELLO",
		[LINK_CONFIG] = "CONFIG",
		[LINK_READY] = "READY",
		[LINK_PING] = "PING",
		[LINK_PONG] = "PONG",
		[LINK_STREAMS] = "STREAMS",
		[LINK_GOODBYE] = "GOODBYE",
		[LINK_CONTROL] = "CONTROL",
		[LINK_CONTROLLED] = "CONTROLLED",
		[LINK_REJOIN] = "REJOIN",
		[LINK_SWITCH] = "SWITCH",
		[LINK_VECTOR] = "VECTOR",
		[LINK_UNFED] = "UNFED",
		[LINK_CUT] = "CUT",
		[LINK_WANT] = "WANT",
		[LINK_EXPECT] = "EXPECT",
		[LINK_CONNECT] = "CONNECT",
	};

	if (type < sizeof(names) / sizeof(names[0]) && names[type])
		return names[type];
	return "?";
}
