// SPDX-License-Identifier: GPL-2.0-or-later
/* What bpctl understands, and what a slave makes of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../../shell/bpctl.h"
#include "slave.h"
#include "unit.h"

static char text[INET6_ADDRSTRLEN + 8];

static const char *shown(const struct bpctl_address *a)
{
	char host[INET6_ADDRSTRLEN];
	const struct sockaddr_in *in = (const void *)&a->addr;
	const struct sockaddr_in6 *in6 = (const void *)&a->addr;

	if (!a->len)
		return "none";
	if (in->sin_family == AF_INET)
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
	snprintf(text, sizeof(text), "%s %u", host, ntohs(in->sin_port));
	return text;
}

START_TEST(addresses)
{
	static const struct {
		const char *text, *remote, *local;
	} good[] = {
		{ "10.0.0.1", "10.0.0.1 0", "none" },
		{ "10.0.0.1:99", "10.0.0.1 99", "none" },
		{ "10.0.0.1:99,10.0.0.2", "10.0.0.1 99", "10.0.0.2 0" },
		{ "10.0.0.1,10.0.0.2:7", "10.0.0.1 0", "10.0.0.2 7" },
		{ "::1", "::1 0", "none" },
		{ "[::1]", "::1 0", "none" },
		{ "[::1]:99,::2", "::1 99", "::2 0" },
		{ "fe80::1:2,[::2]:5", "fe80::1:2 0", "::2 5" },
	};
	static const char *const bad[] = {
		"",	  ":99",   "10.0.0.1:", "10.0.0.1:x",	"[::1",
		"[::1]x", "[]:99", "10.0.0.1,", "10.0.0.1,::1", "::1,10.0.0.1",
	};
	struct bpctl_address remote, local;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_ptr_null(bpctl_parse_addresses(good[i].text, &remote, &local));
		ck_assert_str_eq(shown(&remote), good[i].remote);
		ck_assert_str_eq(shown(&local), good[i].local);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(bpctl_parse_addresses(bad[i], &remote, &local) != NULL,
			      "'%s' is taken", bad[i]);
}
END_TEST

static struct sockaddr_in v4(const char *host, unsigned short port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, host, &in.sin_addr);
	return in;
}

START_TEST(other_address)
{
	struct sockaddr_in master = v4("10.0.0.1", 2223), new = v4("10.0.0.2", 0);
	struct sockaddr_in own = v4("10.0.0.3", 44);
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct slave_options now = { .keyfile = "key", .master_len = sizeof(master) }, to;
	struct bproc_connect c = { .node = 1 };

	memcpy(&now.master, &master, sizeof(master));
	ck_assert_int_eq(slave_other_address(&now, &c, &to), -EINVAL);

	memcpy(c.remote, &new, sizeof(new));
	ck_assert_int_eq(slave_other_address(&now, &c, &to), 0);
	new.sin_port = master.sin_port;
	ck_assert_mem_eq(&to.master, &new, sizeof(new));
	ck_assert_uint_eq(to.master_len, sizeof(new));
	ck_assert_uint_eq(to.local.ss_family, 0);
	ck_assert_str_eq(to.keyfile, "key");

	memcpy(c.local, &own, sizeof(own));
	ck_assert_int_eq(slave_other_address(&now, &c, &to), 0);
	ck_assert_mem_eq(&to.local, &own, sizeof(own));
	ck_assert_uint_eq(to.local_len, sizeof(own));

	memcpy(c.remote, &v6, sizeof(v6));
	ck_assert_int_eq(slave_other_address(&now, &c, &to), -EINVAL);
	memset(c.local, 0, sizeof(c.local));
	ck_assert_int_eq(slave_other_address(&now, &c, &to), 0);
	ck_assert_uint_eq(to.master_len, sizeof(v6));
	ck_assert_uint_eq(((struct sockaddr_in6 *)&to.master)->sin6_port, htons(2223));
}
END_TEST

/* A directory as /sys/class/bproc would be. */
START_TEST(whose_machine)
{
	char dir[] = "/tmp/bproc-unit-XXXXXX", file[64];
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(power_allowed(fd), 0);
	snprintf(file, sizeof(file), "%s/bproc-slave", dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(power_allowed(fd), 0);
	unlink(file);
	snprintf(file, sizeof(file), "%s/bpnode12", dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(power_allowed(fd), -EOPNOTSUPP);
	ck_assert_int_eq(power_allowed(fd), -EOPNOTSUPP);
	unlink(file);
	ck_assert_int_eq(power_allowed(fd), 0);
	rmdir(dir);
}
END_TEST

UNIT_MAIN("control", addresses, other_address, whose_machine)
