// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <string.h>
#include "ip.h"

#define FIELDS 7

bool ip_parameter(const char *cmdline, const char *name, char *value, size_t len)
{
	size_t name_len = strlen(name), n;
	bool found = false;

	while (*cmdline) {
		cmdline += strspn(cmdline, " \t\n");
		n = strcspn(cmdline, " \t\n");
		if (n > name_len && !strncmp(cmdline, name, name_len) &&
		    cmdline[name_len] == '=') {
			found = n - name_len - 1 < len;
			if (found) {
				memcpy(value, cmdline + name_len + 1, n - name_len - 1);
				value[n - name_len - 1] = 0;
			}
		}
		cmdline += n;
	}
	return found;
}

in_addr_t ip_class_mask(in_addr_t addr)
{
	uint32_t a = ntohl(addr);

	return htonl(IN_CLASSA(a)   ? IN_CLASSA_NET
		     : IN_CLASSB(a) ? IN_CLASSB_NET
				    : IN_CLASSC_NET);
}

static bool asks_dhcp(const char *word)
{
	return !*word || !strcmp(word, "dhcp") || !strcmp(word, "on") ||
	       !strcmp(word, "any");
}

static bool address(const char *word, in_addr_t *addr)
{
	struct in_addr in = { .s_addr = 0 };

	if (*word && inet_pton(AF_INET, word, &in) != 1)
		return false;
	*addr = in.s_addr;
	return true;
}

/* Contiguous ones from the left. */
static bool mask(const char *word, in_addr_t *m)
{
	return address(word, m) && !(~ntohl(*m) & (~ntohl(*m) + 1));
}

static bool copy(const char *word, char *to, size_t len)
{
	if (strlen(word) >= len)
		return false;
	strcpy(to, word);
	return true;
}

bool ip_parse(const char *value, struct ip_settings *ip)
{
	char text[256], *rest = text, *field[FIELDS] = { NULL };
	int n = 0;

	memset(ip, 0, sizeof(*ip));
	if (!copy(value, text, sizeof(text)))
		return false;
	while (rest && n < FIELDS)
		field[n++] = strsep(&rest, ":");
	/* What follows are name servers, which nobody needs here. */
	if (n == 1 && asks_dhcp(field[0]))
		return true;
	if (n == 2)
		return *field[0] && asks_dhcp(field[1]) &&
		       copy(field[0], ip->device, sizeof(ip->device));
	while (n < FIELDS)
		field[n++] = (char *)"";
	if (!address(field[0], &ip->addr) || !address(field[2], &ip->gateway) ||
	    !mask(field[3], &ip->mask) ||
	    !copy(field[4], ip->hostname, sizeof(ip->hostname)) ||
	    !copy(field[5], ip->device, sizeof(ip->device)))
		return false;
	if (!ip->addr)
		return asks_dhcp(field[6]);
	if (!ip->mask)
		ip->mask = ip_class_mask(ip->addr);
	return true;
}
