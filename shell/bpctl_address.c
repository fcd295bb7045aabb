// SPDX-License-Identifier: GPL-2.0-or-later
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "bpctl.h"

/* HOST, HOST:PORT, [HOST], [HOST]:PORT or an IPv6 address; cut into its parts. */
static bool split(char *text, char **host, char **port)
{
	char *colon = strrchr(text, ':');

	*host = text;
	*port = NULL;
	if (text[0] == '[') {
		char *end = strchr(text, ']');

		if (!end || (end[1] && end[1] != ':'))
			return false;
		*host = text + 1;
		*end = 0;
		if (end[1])
			*port = end + 2;
	} else if (colon && strchr(text, ':') == colon) {
		*colon = 0;
		*port = colon + 1;
	}
	return **host && (!*port || **port);
}

static const char *parse_one(char *text, int family, struct bpctl_address *to)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	char *host, *port;
	int err;

	if (!split(text, &host, &port))
		return "not an address";
	err = getaddrinfo(host, port ? port : "0", &hints, &list);
	if (err)
		return gai_strerror(err);
	memcpy(&to->addr, list->ai_addr, list->ai_addrlen);
	to->len = list->ai_addrlen;
	freeaddrinfo(list);
	return NULL;
}

const char *bpctl_parse_addresses(const char *text, struct bpctl_address *remote,
				  struct bpctl_address *local)
{
	char *copy = strdup(text), *comma;
	const char *wrong;

	memset(remote, 0, sizeof(*remote));
	memset(local, 0, sizeof(*local));
	if (!copy)
		return "out of memory";
	comma = strchr(copy, ',');
	if (comma)
		*comma = 0;
	wrong = parse_one(copy, AF_UNSPEC, remote);
	if (!wrong && comma)
		wrong = parse_one(comma + 1, remote->addr.ss_family, local);
	free(copy);
	return wrong;
}
