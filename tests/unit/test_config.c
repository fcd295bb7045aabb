// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <string.h>
#include <syslog.h>
#include "config.h"
#include "unit.h"

static char error[256];

static struct config *parse(const char *text)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct config *c;

	ck_assert_ptr_nonnull(f);
	error[0] = 0;
	c = config_parse(f, "conf", error, sizeof(error));
	fclose(f);
	return c;
}

static void refused(const char *text, const char *why)
{
	ck_assert_ptr_null(parse(text));
	ck_assert_msg(strstr(error, why), "'%s' instead of '%s'", error, why);
}

START_TEST(defaults)
{
	struct config *c = parse("# nothing\n\n");

	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->nodes, 0);
	ck_assert_uint_eq(c->port, 2223);
	ck_assert_uint_eq(c->pingtimeout, 30);
	ck_assert(c->encryption);
	ck_assert_int_eq(c->logfacility, LOG_DAEMON);
	ck_assert_str_eq(c->keyfile, "/etc/bproc/key");
	config_free(c);
}
END_TEST

START_TEST(all_tags)
{
	struct config *c = parse("interface eth0 10.0.0.1 255.255.255.0\n"
				 "interface eth1\n"
				 "bprocport 4000 # a comment\n"
				 "nodes 20\n"
				 "iprange 10.0.0.10 10.0.0.12\n"
				 "ip 10.0.0.99\n"
				 "ip 7 10.0.1.7\n"
				 "iprange 10 10.0.2.1 10.0.2.10\n"
				 "pingtimeout 5\n"
				 "allowinsecureports\n"
				 "keyfile \"/etc/my key\"\n"
				 "encryption no\n"
				 "logfacility local3\n"
				 "slavetimesync yes\n"
				 "no_such_word at all\n");

	ck_assert_msg(c != NULL, "%s", error);
	ck_assert_uint_eq(c->interfaces, 2);
	ck_assert_str_eq(c->interface[0].name, "eth0");
	ck_assert_uint_eq(c->interface[0].addr.sin_addr.s_addr, inet_addr("10.0.0.1"));
	ck_assert_uint_eq(c->interface[1].addr.sin_family, AF_UNSPEC);
	ck_assert_uint_eq(c->port, 4000);
	ck_assert_uint_eq(c->nodes, 20);
	ck_assert_int_eq(config_node(c, inet_addr("10.0.0.10")), 0);
	ck_assert_int_eq(config_node(c, inet_addr("10.0.0.12")), 2);
	ck_assert_int_eq(config_node(c, inet_addr("10.0.0.99")), 3);
	ck_assert_int_eq(config_node(c, inet_addr("10.0.1.7")), 7);
	ck_assert_int_eq(config_node(c, inet_addr("10.0.2.10")), 19);
	ck_assert_int_eq(config_node(c, inet_addr("10.0.2.11")), -1);
	ck_assert_int_eq(config_node(c, 0), -1);
	ck_assert_uint_eq(c->pingtimeout, 5);
	ck_assert(!c->encryption);
	ck_assert_str_eq(c->keyfile, "/etc/my key");
	ck_assert_int_eq(c->logfacility, LOG_LOCAL3);
	config_free(c);
}
END_TEST

START_TEST(nodes_from_addresses)
{
	struct config *c = parse("ip 4 10.0.0.4\n");

	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->nodes, 5);
	config_free(c);
}
END_TEST

START_TEST(errors_have_places)
{
	refused("nodes 2\nnodes many\n", "conf:2: 'many' is not a number from 0 to 4096");
	refused("nodes 5000\n", "conf:1:");
	refused("nodes -1\n", "not a number");
	refused("ip 10.0.0\n", "not an IPv4 address");
	refused("ip 0 0.0.0.0\n", "not an IPv4 address");
	refused("iprange 10.0.0.9 10.0.0.1\n", "ends before it begins");
	refused("iprange 4090 10.0.0.1 10.0.0.100\n", "highest possible");
	refused("ip 0 10.0.0.1\nip 1 10.0.0.1\n", "has the address of node 0");
	refused("nodes 1\niprange 10.0.0.1 10.0.0.2\n", "only 1 nodes");
	refused("iprange 10.0.0.1 10.0.0.2\nnodes 1\n", "only 1 nodes");
	refused("pingtimeout 1\n", "from 2 to 3600");
	refused("pingtimeout\n", "takes 1 to 1 words");
	refused("keyfile relative\n", "absolute");
	refused("keyfile \"/unended\n", "quote");
	refused("encryption perhaps\n", "yes nor no");
	refused("logfacility kitchen\n", "facility");
	refused("interface a_name_that_is_too_long\n", "too long");
}
END_TEST

/* A part of a configuration would take nodes away. */
START_TEST(what_cannot_be_read)
{
	ck_assert_ptr_null(config_read("/", error, sizeof(error)));
	ck_assert_str_eq(error, "/: Is a directory");
}
END_TEST

/* As the original's configurations have them: nobody looks at these words. */
START_TEST(many_words_without_effect)
{
	struct config *c =
		parse("libraries /l/1 /l/2 /l/3 /l/4 /l/5 /l/6 /l/7 /l/8 /l/9 /l/10 "
		      "/l/11 /l/12 /l/13 /l/14 /l/15 /l/16 /l/17 # and that is all\n"
		      "nodes 3\n");

	ck_assert_msg(c != NULL, "%s", error);
	ck_assert_uint_eq(c->nodes, 3);
	config_free(c);
	refused("nodes 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n",
		"takes 1 to 1 words");
	refused("libraries 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 \"17\n", "quote");
}
END_TEST

START_TEST(quotes_and_backslashes)
{
	struct config *c = parse("keyfile /a\\ b'c d'\"e#f\"\n");

	ck_assert_msg(c != NULL, "%s", error);
	ck_assert_str_eq(c->keyfile, "/a bc de#f");
	config_free(c);
}
END_TEST

UNIT_MAIN("config", defaults, all_tags, nodes_from_addresses, errors_have_places,
	  what_cannot_be_read, many_words_without_effect, quotes_and_backslashes)
