/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node's network as the kernel's command line says it.
 */
#ifndef BPROC_IMAGE_IP_H
#define BPROC_IMAGE_IP_H

#include <stdbool.h>
#include <net/if.h>
#include <netinet/in.h>

/**
 * struct ip_settings - what "ip=" says, or a DHCP server
 * @addr: own address, network order; 0: to be asked for
 * @mask: netmask; 0: the one of the address's class
 * @gateway: for what is not on the network; 0: none
 * @hostname: or empty
 * @device: interface, or empty: the first one with a link
 */
struct ip_settings {
	in_addr_t addr;
	in_addr_t mask;
	in_addr_t gateway;
	char hostname[64];
	char device[IFNAMSIZ];
};

/*
 * Looks for NAME=VALUE among the words of a command line, the last one counts. False if
 * there is none, or if it is too long for @value, of @len bytes.
 */
bool ip_parameter(const char *cmdline, const char *name, char *value, size_t len);

/*
 * "CLIENT:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF", "dhcp", "on", "any" or
 * "DEVICE:dhcp"; SERVER is not looked at. False for what cannot be understood.
 */
bool ip_parse(const char *value, struct ip_settings *ip);

/* The mask of an address that came without: by class. */
in_addr_t ip_class_mask(in_addr_t addr);

#endif
