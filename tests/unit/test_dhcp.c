// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <string.h>
#include "dhcp.h"
#include "unit.h"

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 7 };

static struct ip_settings parsed(const char *value)
{
	struct ip_settings ip;

	ck_assert_msg(ip_parse(value, &ip), "%s", value);
	return ip;
}

START_TEST(ip_words)
{
	char value[16] = "";

	ck_assert(ip_parameter("a ip=1 tip=3 ip=2 quiet", "ip", value, sizeof(value)));
	ck_assert_str_eq(value, "2");
	ck_assert(ip_parameter("ip=", "ip", value, sizeof(value)));
	ck_assert_str_eq(value, "");
	ck_assert(!ip_parameter("zip=3 ip", "ip", value, sizeof(value)));
	ck_assert(!ip_parameter("ip=0123456789abcdef", "ip", value, sizeof(value)));
	ck_assert(ip_parameter("ip=0123456789abcde\n", "ip", value, sizeof(value)));
}
END_TEST

START_TEST(ip_asks)
{
	static const char *const ask[] = {
		"dhcp", "on", "any", "eth1:dhcp", ":::::eth1:dhcp", "::::name:eth1:"
	};
	size_t i;

	for (i = 0; i < sizeof(ask) / sizeof(ask[0]); i++)
		ck_assert_uint_eq(parsed(ask[i]).addr, 0);
	ck_assert_str_eq(parsed("eth1:dhcp").device, "eth1");
	ck_assert_str_eq(parsed("::::name:eth1:").hostname, "name");
}
END_TEST

START_TEST(ip_static)
{
	struct ip_settings ip =
		parsed("10.0.0.5:10.0.0.1:10.0.0.254:255.255.255.0:n5:eth0:off:10.0.0.2");

	ck_assert_uint_eq(ip.addr, inet_addr("10.0.0.5"));
	ck_assert_uint_eq(ip.mask, inet_addr("255.255.255.0"));
	ck_assert_uint_eq(ip.gateway, inet_addr("10.0.0.254"));
	ck_assert_str_eq(ip.hostname, "n5");
	ck_assert_str_eq(ip.device, "eth0");
	ck_assert_uint_eq(parsed("10.0.0.5").mask, inet_addr("255.0.0.0"));
	ck_assert_uint_eq(parsed("172.16.0.5").mask, inet_addr("255.255.0.0"));
	ck_assert_uint_eq(parsed("192.168.0.5").mask, inet_addr("255.255.255.0"));
}
END_TEST

START_TEST(ip_wrong)
{
	static const char *const wrong[] = {
		"10.0.0",	  "10.0.0.5:::255.0.255.0",
		"bootp",	  "10.0.0.5:::::a_name_that_is_too_long",
		":::::eth0:rarp", "eth0:rarp",
		":dhcp"
	};
	struct ip_settings ip;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(!ip_parse(wrong[i], &ip), "%s", wrong[i]);
}
END_TEST

/* A server's answer with these options, for the question in @message. */
static size_t answer(uint8_t *message, const uint8_t *options, size_t len)
{
	in_addr_t yours = inet_addr("10.0.0.9");

	message[0] = 2;
	memcpy(message + 16, &yours, 4);
	memcpy(message + 240, options, len);
	return 240 + len;
}

START_TEST(messages)
{
	static const uint8_t options[] = { 53, 1, DHCP_ACK, 0,	 0,   54,  4,	10, 0, 0,
					   1,  1, 4,	    255, 255, 255, 0,	51, 4, 0,
					   0,  1, 0,	    3,	 8,   10,  0,	0,  2, 10,
					   0,  0, 3,	    12,	 2,   'n', '9', 255 };
	uint8_t message[DHCP_SIZE];
	struct dhcp_lease lease;
	size_t len;

	len = dhcp_build(message, DHCP_DISCOVER, 77, mac, NULL, false);
	ck_assert_uint_eq(len, 300);
	ck_assert_uint_eq(message[0], 1);
	ck_assert_mem_eq(message + 28, mac, 6);
	ck_assert_uint_eq(message[10], 0x80);
	/* Its own question is no answer. */
	ck_assert_int_eq(dhcp_parse(message, len, 77, mac, &lease), 0);

	len = answer(message, options, sizeof(options));
	ck_assert_int_eq(dhcp_parse(message, len, 77, mac, &lease), DHCP_ACK);
	ck_assert_uint_eq(lease.ip.addr, inet_addr("10.0.0.9"));
	ck_assert_uint_eq(lease.ip.mask, inet_addr("255.255.255.0"));
	ck_assert_uint_eq(lease.ip.gateway, inet_addr("10.0.0.2"));
	ck_assert_uint_eq(lease.server, inet_addr("10.0.0.1"));
	ck_assert_uint_eq(lease.seconds, 256);
	ck_assert_str_eq(lease.ip.hostname, "n9");
	ck_assert_int_eq(dhcp_parse(message, len, 78, mac, &lease), 0);
	message[28]++;
	ck_assert_int_eq(dhcp_parse(message, len, 77, mac, &lease), 0);
}
END_TEST

START_TEST(renewal)
{
	struct dhcp_lease lease = { .ip.addr = inet_addr("10.0.0.9"),
				    .server = inet_addr("10.0.0.1") };
	uint8_t message[DHCP_SIZE];

	dhcp_build(message, DHCP_REQUEST, 1, mac, &lease, false);
	ck_assert_uint_eq(message[12], 0);
	ck_assert(memmem(message + 240, 60,
			 "\x32\x04\x0a\x00\x00\x09\x36\x04\x0a\x00\x00\x01", 12) != NULL);
	dhcp_build(message, DHCP_REQUEST, 1, mac, &lease, true);
	ck_assert_mem_eq(message + 12, &lease.ip.addr, 4);
	ck_assert_uint_eq(message[10], 0);
	ck_assert(!memmem(message + 240, 60, "\x36\x04", 2));
}
END_TEST

/* Whatever a server sends, nothing is read behind its end: cut anywhere, and changed. */
START_TEST(hostile)
{
	static const uint8_t options[] = { 53, 1,  DHCP_OFFER, 54,  4,	 10,  0,   0,
					   1,  12, 200,	       'n', 'a', 'm', 'e', 255 };
	static const uint8_t name[] = { 53, 1,	DHCP_OFFER, 54,	 4,   10,  0,  0,
					1,  12, 3,	    '.', '/', 'x', 255 };
	uint8_t message[DHCP_SIZE], *exact;
	struct dhcp_lease lease;
	size_t len, cut;

	dhcp_build(message, DHCP_DISCOVER, 5, mac, NULL, false);
	len = answer(message, options, sizeof(options));
	for (cut = 0; cut <= len; cut++) {
		exact = malloc(cut + 1);
		memcpy(exact, message, cut);
		/* Whole options that end early are as good as ended. */
		ck_assert_int_eq(dhcp_parse(exact, cut, 5, mac, &lease),
				 cut == 249 ? DHCP_OFFER : 0);
		free(exact);
	}
	len = answer(message, name, sizeof(name));
	ck_assert_int_eq(dhcp_parse(message, len, 5, mac, &lease), DHCP_OFFER);
	ck_assert_str_eq(lease.ip.hostname, "");
}
END_TEST

UNIT_MAIN("dhcp", ip_words, ip_asks, ip_static, ip_wrong, messages, renewal, hostile)
