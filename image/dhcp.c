// SPDX-License-Identifier: GPL-2.0-or-later
/* The messages; dhcp_client.c sends them. */
#include <arpa/inet.h>
#include <string.h>
#include "dhcp.h"

#define BOOTREQUEST 1
#define BOOTREPLY 2
#define ETHERNET 1
#define BROADCAST 0x8000
#define COOKIE 0x63825363

enum option {
	OPT_PAD = 0,
	OPT_MASK = 1,
	OPT_ROUTER = 3,
	OPT_HOSTNAME = 12,
	OPT_ADDRESS = 50,
	OPT_LEASE = 51,
	OPT_TYPE = 53,
	OPT_SERVER = 54,
	OPT_WANTED = 55,
	OPT_SIZE = 57,
	OPT_END = 255,
};

struct message {
	uint8_t op, htype, hlen, hops;
	uint32_t xid;
	uint16_t secs, flags;
	uint32_t ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16];
	uint8_t sname[64], file[128];
	uint32_t cookie;
	uint8_t options[];
} __attribute__((packed));

static uint8_t *put(uint8_t *to, enum option option, const void *value, uint8_t len)
{
	*to++ = (uint8_t)option;
	*to++ = len;
	memcpy(to, value, len);
	return to + len;
}

size_t dhcp_build(void *out, enum dhcp_type type, uint32_t xid, const uint8_t mac[6],
		  const struct dhcp_lease *lease, bool renews)
{
	static const uint8_t wanted[] = { OPT_MASK, OPT_ROUTER, OPT_HOSTNAME, OPT_LEASE };
	struct message *m = memset(out, 0, DHCP_SIZE);
	uint16_t size = htons(DHCP_SIZE);
	uint8_t *end = m->options;
	uint8_t what = (uint8_t)type;

	m->op = BOOTREQUEST;
	m->htype = ETHERNET;
	m->hlen = 6;
	m->xid = xid;
	/* An answer to an address that is not there yet would get lost. */
	m->flags = renews ? 0 : htons(BROADCAST);
	memcpy(m->chaddr, mac, 6);
	m->cookie = htonl(COOKIE);
	end = put(end, OPT_TYPE, &what, 1);
	if (type == DHCP_REQUEST && renews) {
		m->ciaddr = lease->ip.addr;
	} else if (type == DHCP_REQUEST) {
		end = put(end, OPT_ADDRESS, &lease->ip.addr, 4);
		end = put(end, OPT_SERVER, &lease->server, 4);
	}
	end = put(end, OPT_SIZE, &size, 2);
	end = put(end, OPT_WANTED, wanted, sizeof(wanted));
	*end = OPT_END;
	/* Some servers drop what is shorter than BOOTP was. */
	return 300;
}

static bool host_name(const uint8_t *from, size_t len, char *to, size_t size)
{
	size_t i;

	if (!len || len >= size)
		return false;
	for (i = 0; i < len; i++)
		if (from[i] <= ' ' || from[i] > '~' || from[i] == '/')
			return false;
	memcpy(to, from, len);
	to[len] = 0;
	return true;
}

static int read_options(const uint8_t *at, const uint8_t *end, struct dhcp_lease *lease)
{
	int type = 0;
	size_t len;

	for (; at < end && *at != OPT_END; at += len) {
		uint8_t option = *at++;

		if (option == OPT_PAD) {
			len = 0;
			continue;
		}
		if (at == end || *at > end - at - 1)
			return 0;
		len = *at++;
		if (option == OPT_TYPE && len == 1)
			type = *at;
		else if (option == OPT_MASK && len == 4)
			memcpy(&lease->ip.mask, at, 4);
		else if (option == OPT_ROUTER && len >= 4)
			memcpy(&lease->ip.gateway, at, 4);
		else if (option == OPT_SERVER && len == 4)
			memcpy(&lease->server, at, 4);
		else if (option == OPT_LEASE && len == 4)
			memcpy(&lease->seconds, at, 4);
		else if (option == OPT_HOSTNAME)
			host_name(at, len, lease->ip.hostname,
				  sizeof(lease->ip.hostname));
	}
	lease->seconds = ntohl(lease->seconds);
	return type;
}

int dhcp_parse(const void *message, size_t len, uint32_t xid, const uint8_t mac[6],
	       struct dhcp_lease *lease)
{
	const struct message *m = message;
	int type;

	memset(lease, 0, sizeof(*lease));
	if (len < sizeof(*m) || m->op != BOOTREPLY || m->xid != xid || m->hlen != 6 ||
	    memcmp(m->chaddr, mac, 6) || m->cookie != htonl(COOKIE))
		return 0;
	type = read_options(m->options, (const uint8_t *)message + len, lease);
	lease->ip.addr = m->yiaddr;
	if (type == DHCP_NAK)
		return type;
	if ((type != DHCP_OFFER && type != DHCP_ACK) || !lease->ip.addr || !lease->server)
		return 0;
	if (!lease->ip.mask)
		lease->ip.mask = ip_class_mask(lease->ip.addr);
	return type;
}
