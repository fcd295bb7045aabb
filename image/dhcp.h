/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of DHCP (RFC 2131) as a node needs to get an address and keep it.
 */
#ifndef BPROC_IMAGE_DHCP_H
#define BPROC_IMAGE_DHCP_H

#include <stddef.h>
#include <stdint.h>
#include "ip.h"

#define DHCP_SIZE 576 /* what every server can send and every client take */

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER = 2,
	DHCP_REQUEST = 3,
	DHCP_ACK = 5,
	DHCP_NAK = 6,
};

/**
 * struct dhcp_lease - what a server offers or grants
 * @ip: address, mask, gateway, host name
 * @server: whose it is
 * @seconds: how long
 */
struct dhcp_lease {
	struct ip_settings ip;
	in_addr_t server;
	uint32_t seconds;
};

/*
 * Builds a message in @out, of DHCP_SIZE bytes, and returns its length. A REQUEST asks
 * for
 * @lease; one that @renews already has its address.
 */
size_t dhcp_build(void *out, enum dhcp_type type, uint32_t xid, const uint8_t mac[6],
		  const struct dhcp_lease *lease, bool renews);

/*
 * What a server says: its type with @lease filled, or 0 for what is none of ours or
 * broken.
 */
int dhcp_parse(const void *message, size_t len, uint32_t xid, const uint8_t mac[6],
	       struct dhcp_lease *lease);

/*
 * Gets an address for the interface, then calls @use, and keeps the lease for ever in a
 * process of its own. False after @seconds without one.
 */
bool dhcp_configure(const char *device, unsigned int seconds,
		    bool (*use)(const char *device, const struct ip_settings *ip),
		    struct ip_settings *ip);

#endif
