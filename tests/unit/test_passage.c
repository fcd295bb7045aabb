// SPDX-License-Identifier: GPL-2.0-or-later
/* Moves from node to node: bpmaster's part, and that of the node where a process comes. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "node.h"
#include "peer.h"
#include "slave_peer.h"
#include "want_stream.h"
#include "unit.h"

/* --- what is played: the driver, links, streams --- */

static struct link_passage expected, connected;
static unsigned int complaints, streams;
static struct link_preface stream;
static int arrived;

int __wrap_ioctl(int fd, unsigned long request, void *arg);

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	(void)fd, (void)arg;
	ck_assert_uint_eq(request, BPROC_IOC_TRANSIT);
	return 0;
}

int device_fd(const struct device *dev)
{
	(void)dev;
	return -1;
}

void wire_send(struct wire *wire, const struct bproc_msg *msg)
{
	(void)wire, (void)msg;
}

void wire_send_body(struct wire *wire, const struct bproc_msg *msg, const void *body,
		    size_t len)
{
	(void)wire;
	if (msg->type == LINK_EXPECT || msg->type == LINK_CONNECT) {
		ck_assert_uint_eq(len, sizeof(expected));
		memcpy(msg->type == LINK_EXPECT ? &expected : &connected, body, len);
	}
}

void node_complain(struct node *n, const char *fmt, ...)
{
	(void)n, (void)fmt;
	complaints++;
}

void pool_get(struct pool *pool, const struct link_preface *preface, pool_got *got,
	      void *arg)
{
	(void)pool, (void)got, (void)arg;
	stream = *preface;
	streams++;
}

int slave_connect(const struct slave_options *options)
{
	(void)options;
	return -1;
}

void want_stream_give(struct device *dev, __u64 id, int fd)
{
	(void)dev, (void)id, (void)fd;
}

void want_stream_with(struct device *dev, struct pool *pool,
		      const struct link_preface *preface)
{
	(void)dev, (void)pool, (void)preface;
}

struct link_preface want_preface(const struct bproc_msg *msg, int from)
{
	return (struct link_preface){ .pid = msg->pid, .from = from };
}

void arriving_start(struct event_base *base, struct device *dev,
		    const struct link_preface *preface, int fd)
{
	(void)base, (void)dev, (void)preface;
	arrived = fd;
}

/* --- bpmaster --- */

static struct master master;
static struct node node[2];
static struct node *nodes[] = { &node[0], &node[1] };

static void make_master(void)
{
	int i;

	master.base = event_base_new();
	master.node = nodes;
	master.nodes = 2;
	for (i = 0; i < 2; i++) {
		node[i].m = &master;
		node[i].number = i;
		node[i].ready = true;
		node[i].peer.sin_family = AF_INET;
		node[i].peer.sin_addr.s_addr = htonl(0x0a090807 + (unsigned int)i);
	}
}

/* Process @pid of node 0 wants to go to node 1. */
static void want(int pid, __u64 id)
{
	struct {
		struct bproc_msg msg;
		struct link_preface preface;
	} m = { .msg = { .size = sizeof(m), .type = LINK_WANT },
		.preface = { .id = id, .pid = pid, .node = 1 } };

	node_wants_pass(&node[0], &m.msg);
	ck_assert_mem_eq(expected.preface.token, connected.preface.token,
			 LINK_TOKEN_LEN);
	ck_assert_uint_eq(connected.preface.id, id);
}

/* Its stream comes to the master; true if that has one to the other node for it. */
static bool relays(const struct link_preface *preface)
{
	unsigned int before = streams;

	node_relay(&node[0], preface, dup(STDIN_FILENO));
	return streams > before && !memcmp(&stream, preface, sizeof(stream));
}

START_TEST(says_where_from)
{
	struct sockaddr_in from, none = { 0 };

	make_master();
	want(5, 1);
	memcpy(&from, expected.addr, sizeof(from));
	ck_assert_uint_eq(from.sin_addr.s_addr, node[0].peer.sin_addr.s_addr);
	/* which has no port for others: only the master can bring it */
	ck_assert_mem_eq(connected.addr, &none, sizeof(none));
	ck_assert_int_eq(connected.preface.from, 0);
	ck_assert(relays(&connected.preface));
	ck_assert(!relays(&connected.preface));
	ck_assert_uint_eq(complaints, 1);
}
END_TEST

/* A node may say so for ever: what is kept of it must not grow. */
START_TEST(wants_again)
{
	struct link_preface first, other;

	make_master();
	want(5, 1);
	first = connected.preface;
	want(6, 2);
	other = connected.preface;
	want(5, 3);
	ck_assert(!relays(&first));
	ck_assert(relays(&connected.preface));
	ck_assert(relays(&other));
}
END_TEST

/* --- the other node --- */

static struct slave_options options;
static struct event_base *base;
static struct slave_peers *peers;
static struct slave_direct *direct;

static void make_slave(void)
{
	static char key[] = "/tmp/test_passage.XXXXXX";
	static struct wire *wire;
	int fd = mkstemp(key);

	ck_assert_int_eq(write(fd, "correct horse battery staple 123", 32), 32);
	close(fd);
	options.keyfile = key;
	base = event_base_new();
	peers = slave_peers_new(base, &options, NULL, -1);
	direct = slave_direct_new(base, NULL, &wire, peers, NULL);
	unlink(key);
	ck_assert(peers && direct);
	arrived = -1;
}

static struct link_preface expect(int pid, char token)
{
	struct {
		struct bproc_msg msg;
		struct link_passage p;
	} m = { .msg = { .size = sizeof(m), .type = LINK_EXPECT },
		.p.preface = { .pid = pid, .node = 1 } };
	struct sockaddr_in from = { .sin_family = AF_INET };

	from.sin_addr.s_addr = htonl(0x0a090807);
	memset(m.p.preface.token, token, LINK_TOKEN_LEN);
	memcpy(m.p.addr, &from, sizeof(from));
	slave_direct_expect(direct, &m.msg);
	return m.p.preface;
}

/* The test's end of a stream that is brought. */
static int bring(const struct link_preface *preface, bool by_master)
{
	int pair[2];

	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	arrived = -1;
	slave_peers_brought(peers, preface, pair[1], by_master);
	return pair[0];
}

/* Who asks for the other end's address must not be told the master's. */
START_TEST(by_the_master)
{
	struct link_preface p;
	struct sockaddr_un name = { 0 };
	socklen_t len = sizeof(name);
	char c = 0;
	int end;

	make_slave();
	p = expect(5, 'a');
	end = bring(&p, true);
	ck_assert_int_ge(arrived, 0);
	ck_assert(!getpeername(arrived, (struct sockaddr *)&name, &len));
	ck_assert_uint_eq(len, 2 + PEER_NAME_LEN);
	/* struct sockaddr_in, in hexadecimal digits */
	ck_assert_mem_eq(name.sun_path + 24, "020000000a090807", 16);
	ck_assert_int_eq(write(end, "x", 1), 1);
	while (recv(arrived, &c, 1, MSG_DONTWAIT) < 0)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_int_eq(c, 'x');
	close(end);

	/* What comes straight has its address by itself. */
	p = expect(5, 'b');
	end = bring(&p, false);
	len = sizeof(name);
	ck_assert(!getpeername(arrived, (struct sockaddr *)&name, &len));
	ck_assert_uint_eq(len, 2);
	close(end);
}
END_TEST

START_TEST(expected_again)
{
	struct link_preface first, other, second;

	make_slave();
	first = expect(5, 'a');
	other = expect(6, 'b');
	second = expect(5, 'c');
	bring(&first, false);
	ck_assert_int_eq(arrived, -1);
	bring(&second, false);
	ck_assert_int_ge(arrived, 0);
	bring(&other, false);
	ck_assert_int_ge(arrived, 0);
}
END_TEST

UNIT_MAIN("passage", says_where_from, wants_again, by_the_master, expected_again)
