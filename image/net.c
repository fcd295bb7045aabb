// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <net/route.h>
#include "dhcp.h"
#include "ip.h"
#include "net.h"

static int control = -1;

static void set_in(struct sockaddr *sa, in_addr_t addr)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = addr };

	memcpy(sa, &in, sizeof(in));
}

static bool set_up(const char *device)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (ioctl(control, SIOCGIFFLAGS, &request))
		return false;
	request.ifr_flags |= IFF_UP;
	return !ioctl(control, SIOCSIFFLAGS, &request);
}

static bool set_gateway(const char *device, in_addr_t gateway)
{
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY,
				 .rt_dev = (char *)device };

	set_in(&route.rt_dst, INADDR_ANY);
	set_in(&route.rt_genmask, INADDR_ANY);
	set_in(&route.rt_gateway, gateway);
	return !ioctl(control, SIOCADDRT, &route);
}

static bool use(const char *device, const struct ip_settings *ip)
{
	struct ifreq request = { 0 };
	char addr[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &ip->addr, addr, sizeof(addr));
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	set_in(&request.ifr_addr, ip->addr);
	if (ioctl(control, SIOCSIFADDR, &request))
		goto fail;
	set_in(&request.ifr_netmask, ip->mask);
	if (ioctl(control, SIOCSIFNETMASK, &request) || !set_up(device))
		goto fail;
	if (ip->gateway && !set_gateway(device, ip->gateway))
		goto fail;
	if (ip->hostname[0] && sethostname(ip->hostname, strlen(ip->hostname)))
		goto fail;
	fprintf(stderr, "bproc-init: %s has the address %s\n", device, addr);
	return true;
fail:
	fprintf(stderr, "bproc-init: %s: cannot have the address %s: %m\n", device, addr);
	return false;
}

/* The first interface with a link, but for lo; all of them are set up to find out. */
static bool find_device(char device[IFNAMSIZ])
{
	struct if_nameindex *all = if_nameindex(), *i;
	bool found = false;

	for (i = all; i && i->if_index && !found; i++) {
		struct ifreq request = { 0 };

		if (!strcmp(i->if_name, "lo") || !set_up(i->if_name))
			continue;
		snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", i->if_name);
		found = !ioctl(control, SIOCGIFFLAGS, &request) &&
			request.ifr_flags & IFF_RUNNING &&
			!(request.ifr_flags & IFF_NOARP);
		if (found)
			snprintf(device, IFNAMSIZ, "%s", i->if_name);
	}
	if (all)
		if_freenameindex(all);
	return found;
}

bool net_configure(const char *cmdline, unsigned int seconds)
{
	time_t end = time(NULL) + seconds;
	struct ip_settings ip;
	char value[256] = "dhcp";

	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	set_up("lo");
	ip_parameter(cmdline, "ip", value, sizeof(value));
	if (!strcmp(value, "off") || !strcmp(value, "none"))
		return true;
	if (!ip_parse(value, &ip)) {
		fprintf(stderr, "bproc-init: cannot understand ip=%s\n", value);
		return false;
	}
	/* Drivers and links need a moment. */
	while (ip.device[0] ? !set_up(ip.device) : !find_device(ip.device)) {
		if (time(NULL) >= end) {
			fputs("bproc-init: no network interface with a link\n", stderr);
			return false;
		}
		usleep(100000);
	}
	if (ip.addr)
		return use(ip.device, &ip);
	return dhcp_configure(ip.device, seconds, use, &ip);
}
