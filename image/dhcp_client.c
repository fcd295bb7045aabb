// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "dhcp.h"

#define SERVER_PORT 67
#define CLIENT_PORT 68
#define WAIT_MIN 2 /* seconds for an answer, doubled each time */
#define WAIT_MAX 32
#define LEASE_MIN 10 /* a shorter one is taken for this */

struct client {
	const char *device;
	int fd;
	uint8_t mac[6];
	struct dhcp_lease lease;
};

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Bound to the interface, it can send before there is an address. */
static bool client_open(struct client *c, const char *device)
{
	struct sockaddr_in me = { .sin_family = AF_INET, .sin_port = htons(CLIENT_PORT) };
	struct ifreq request = { 0 };
	int one = 1;

	c->device = device;
	c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (setsockopt(c->fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)) ||
	    setsockopt(c->fd, SOL_SOCKET, SO_BINDTODEVICE, device,
		       (socklen_t)strlen(device)) ||
	    bind(c->fd, (struct sockaddr *)&me, sizeof(me)) ||
	    ioctl(c->fd, SIOCGIFHWADDR, &request)) {
		close(c->fd);
		return false;
	}
	memcpy(c->mac, request.ifr_hwaddr.sa_data, sizeof(c->mac));
	return true;
}

static bool send_message(struct client *c, enum dhcp_type type, uint32_t xid, bool renews,
			 in_addr_t server)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(SERVER_PORT),
				  .sin_addr.s_addr = server };
	uint8_t message[DHCP_SIZE];
	size_t len = dhcp_build(message, type, xid, c->mac, &c->lease, renews);

	return sendto(c->fd, message, len, 0, (struct sockaddr *)&to, sizeof(to)) ==
	       (ssize_t)len;
}

/* Until @end; the type of the answer, or 0. */
static int get_answer(struct client *c, uint32_t xid, time_t end,
		      struct dhcp_lease *lease)
{
	uint8_t message[DHCP_SIZE * 3];
	ssize_t len;
	int type;

	for (;;) {
		time_t left = end - now();
		struct pollfd p = { .fd = c->fd, .events = POLLIN };

		if (left <= 0 || poll(&p, 1, (int)left * 1000) <= 0)
			return 0;
		len = recv(c->fd, message, sizeof(message), 0);
		type = len > 0 ? dhcp_parse(message, (size_t)len, xid, c->mac, lease) : 0;
		if (type)
			return type;
	}
}

/* One question until it is answered or @end; the answer's type. */
static int ask(struct client *c, enum dhcp_type type, bool renews, in_addr_t server,
	       time_t end, struct dhcp_lease *lease)
{
	int wait = WAIT_MIN, answer;
	uint32_t xid;

	if (getrandom(&xid, sizeof(xid), 0) != sizeof(xid))
		xid = (uint32_t)now() ^ (uint32_t)getpid();
	do {
		time_t until = now() + wait;

		/* A link that has just come up may refuse at first. */
		if (!send_message(c, type, xid, renews, server) && errno != ENETUNREACH &&
		    errno != ENETDOWN)
			return 0;
		answer = get_answer(c, xid, until < end ? until : end, lease);
		if (wait < WAIT_MAX)
			wait *= 2;
	} while (!answer && now() < end);
	return answer;
}

static bool acquire(struct client *c, time_t end)
{
	struct dhcp_lease lease;

	while (now() < end) {
		if (ask(c, DHCP_DISCOVER, false, INADDR_BROADCAST, end, &lease) !=
		    DHCP_OFFER)
			continue;
		c->lease = lease;
		if (ask(c, DHCP_REQUEST, false, INADDR_BROADCAST, end, &lease) ==
		    DHCP_ACK) {
			c->lease = lease;
			return true;
		}
		/* Somebody else got it: from the beginning, but not at full speed. */
		sleep(1);
	}
	return false;
}

/* Of the one it has it asks at half of its time, then whoever hears it. */
static bool renew(struct client *c)
{
	uint32_t seconds = c->lease.seconds;
	time_t began = now();
	struct dhcp_lease lease;
	int answer;

	sleep(seconds / 2);
	answer = ask(c, DHCP_REQUEST, true, c->lease.server, began + seconds / 8 * 7,
		     &lease);
	if (!answer)
		answer = ask(c, DHCP_REQUEST, true, INADDR_BROADCAST, began + seconds,
			     &lease);
	if (answer == DHCP_ACK && lease.ip.addr == c->lease.ip.addr)
		c->lease = lease;
	return answer == DHCP_ACK && lease.ip.addr == c->lease.ip.addr;
}

/*
 * A node without its address has lost its processes, and nobody else is likely to be
 * given it: it goes on with it, and asks for it again and again.
 */
static void __attribute__((noreturn)) keep(struct client *c)
{
	prctl(PR_SET_NAME, "bproc-dhcp");
	for (;;) {
		/* 0xffffffff: for ever */
		while (c->lease.seconds == UINT32_MAX)
			pause();
		if (!renew(c)) {
			fprintf(stderr, "bproc-init: %s: the address was not renewed\n",
				c->device);
			sleep(WAIT_MAX);
		}
	}
}

bool dhcp_configure(const char *device, unsigned int seconds,
		    bool (*use)(const char *device, const struct ip_settings *ip),
		    struct ip_settings *ip)
{
	struct client c;
	bool ok;

	if (!client_open(&c, device))
		return false;
	ok = acquire(&c, now() + seconds) && use(device, &c.lease.ip);
	if (ok) {
		if (c.lease.seconds < LEASE_MIN)
			c.lease.seconds = LEASE_MIN;
		*ip = c.lease.ip;
		if (!fork())
			keep(&c);
	}
	close(c.fd);
	return ok;
}
