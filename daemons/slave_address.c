// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the master is, by what bpslave was called with. */
#include <netdb.h>
#include <string.h>
#include "log.h"
#include "slave.h"

static bool resolve(const char *host, const char *port, struct sockaddr_storage *addr,
		    socklen_t *len)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST };
	struct addrinfo *list;
	int err;

	/* Numbers need none of the files and libraries that names need. */
	err = getaddrinfo(host, port, &hints, &list);
	if (err) {
		hints.ai_flags = 0;
		err = getaddrinfo(host, port, &hints, &list);
	}
	if (err) {
		log_err("%s: %s", host, gai_strerror(err));
		return false;
	}
	memcpy(addr, list->ai_addr, list->ai_addrlen);
	*len = list->ai_addrlen;
	freeaddrinfo(list);
	return true;
}

/* A number, or a service of this machine: no network tells. */
static bool is_port(const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *list;
	int err = *port ? getaddrinfo(NULL, port, &hints, &list) : EAI_SERVICE;

	if (err) {
		log_err("port '%s': %s", port, gai_strerror(err));
		return false;
	}
	freeaddrinfo(list);
	return true;
}

/* HOST, HOST:PORT, [HOST]:PORT, or a plain IPv6 address */
bool slave_parse_master(char *text, const char *port, struct slave_names *names)
{
	char *colon = strrchr(text, ':');

	if (text[0] == '[') {
		char *end = strchr(text, ']');

		if (!end) {
			log_err("%s: ']' is missing", text);
			return false;
		}
		*end = 0;
		text++;
		colon = end[1] == ':' ? end + 1 : NULL;
	} else if (colon && strchr(text, ':') != colon) {
		colon = NULL;
	}
	if (colon) {
		*colon = 0;
		port = colon + 1;
	}
	if (!*text) {
		log_err("the master has no name");
		return false;
	}
	if (!port) {
		snprintf(names->number, sizeof(names->number), "%d", LINK_PORT);
		port = names->number;
	}
	names->master = text;
	names->port = port;
	return is_port(port);
}

bool slave_look_up(const struct slave_names *names, struct slave_options *o)
{
	struct slave_options found = *o;

	if (!resolve(names->master, names->port, &found.master, &found.master_len) ||
	    (names->local && !resolve(names->local, "0", &found.local, &found.local_len)))
		return false;
	*o = found;
	return true;
}
