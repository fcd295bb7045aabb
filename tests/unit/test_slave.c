// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a slave looks for its master, with a name server that is only played. */
#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include "slave.h"
#include "unit.h"
#include "usage.h"

/* What the name server says of any name; 0: the address of this machine. */
static int answer;
static int asked;

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		       struct addrinfo **list);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		       struct addrinfo **list);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		       struct addrinfo **list)
{
	if (!host || hints->ai_flags & AI_NUMERICHOST)
		return __real_getaddrinfo(host, port, hints, list);
	asked++;
	return answer ? answer : __real_getaddrinfo("127.0.0.1", port, hints, list);
}

static bool parse(const char *master, const char *port, struct slave_names *names)
{
	static char text[64];

	memset(names, 0, sizeof(*names));
	return slave_parse_master(strcpy(text, master), port, names);
}

START_TEST(masters)
{
	static const struct {
		const char *text, *port, *master, *at;
	} good[] = {
		{ "head", NULL, "head", "2223" },
		{ "head", "99", "head", "99" },
		{ "head:99", NULL, "head", "99" },
		{ "head:99", "98", "head", "99" },
		{ "10.0.0.1:99", NULL, "10.0.0.1", "99" },
		{ "fe80::1:2", NULL, "fe80::1:2", "2223" },
		{ "[::1]", NULL, "::1", "2223" },
		{ "[::1]:99", NULL, "::1", "99" },
	};
	/* Trying these again would be of no use. */
	static const struct {
		const char *text, *port;
	} bad[] = {
		{ "", NULL },	       { ":99", NULL },	     { "[]:99", NULL },
		{ "[::1", NULL },      { "head:", NULL },    { "head:no-service", NULL },
		{ "head", "no-such" }, { "[::1]:no", NULL },
	};
	struct slave_names names;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(parse(good[i].text, good[i].port, &names), "'%s'",
			      good[i].text);
		ck_assert_str_eq(names.master, good[i].master);
		ck_assert_str_eq(names.port, good[i].at);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!parse(bad[i].text, bad[i].port, &names), "'%s' is taken",
			      bad[i].text);
	ck_assert_int_eq(asked, 0);
}
END_TEST

START_TEST(look_up)
{
	static const int not_yet[] = { EAI_AGAIN, EAI_NONAME };
	struct slave_options o = { .keyfile = "key" };
	const struct sockaddr_in *in = (const void *)&o.master;
	struct slave_names names;
	size_t i;

	ck_assert(parse("head:99", NULL, &names));
	for (i = 0; i < sizeof(not_yet) / sizeof(not_yet[0]); i++) {
		answer = not_yet[i];
		ck_assert(!slave_look_up(&names, &o));
		ck_assert_uint_eq(o.master_len, 0);
	}
	answer = 0;
	ck_assert(slave_look_up(&names, &o));
	ck_assert_int_eq(asked, 3);
	ck_assert_uint_eq(o.master_len, sizeof(*in));
	ck_assert_uint_eq(in->sin_addr.s_addr, inet_addr("127.0.0.1"));
	ck_assert_uint_eq(in->sin_port, htons(99));
	ck_assert_uint_eq(o.local_len, 0);
	ck_assert_str_eq(o.keyfile, "key");
}
END_TEST

/* All of them, or none. */
START_TEST(own_address)
{
	struct slave_options o = { 0 };
	const struct sockaddr_in *in = (const void *)&o.local;
	struct slave_names names;

	ck_assert(parse("10.0.0.1", NULL, &names));
	names.local = "own-name";
	answer = EAI_AGAIN;
	ck_assert(!slave_look_up(&names, &o));
	ck_assert_uint_eq(o.master_len, 0);
	answer = 0;
	ck_assert(slave_look_up(&names, &o));
	ck_assert_uint_ne(o.master_len, 0);
	ck_assert_uint_eq(o.local_len, sizeof(*in));
	ck_assert_uint_eq(in->sin_port, 0);
}
END_TEST

START_TEST(paths)
{
	char *path = absolute_path("/etc/bproc/key");

	ck_assert_str_eq(path, "/etc/bproc/key");
	free(path);
	ck_assert_int_eq(chdir("/usr/bin"), 0);
	path = absolute_path("../share/key");
	ck_assert_str_eq(path, "/usr/bin/../share/key");
	free(path);
}
END_TEST

UNIT_MAIN("slave", masters, look_up, own_address, paths)
