// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include "acceptor.h"
#include "handshake.h"
#include "ktls.h"
#include "peer.h"
#include "pool.h"
#include "preface.h"
#include "rejoin.h"
#include "relay.h"
#include "stream.h"
#include "wire.h"
#include "unit.h"

static const char key[] = "correct horse battery staple";
static struct event_base *base;

/* A connected pair of TCP sockets, nonblocking. */
static void tcp_pair(int pair[2])
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert(!bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	ck_assert(!listen(listener, 1));
	ck_assert(!getsockname(listener, (struct sockaddr *)&addr, &len));
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert(!connect(pair[0], (struct sockaddr *)&addr, sizeof(addr)));
	pair[1] = accept(listener, NULL, NULL);
	ck_assert_int_ge(pair[1], 0);
	close(listener);
	evutil_make_socket_nonblocking(pair[0]);
	evutil_make_socket_nonblocking(pair[1]);
}

struct end {
	bool done;
	SSL *ssl;
	int fd;
	int kind;
	char error[128];
};

static struct end client, server;

static void on_end(void *arg, SSL *ssl, int fd, int kind, const char *error)
{
	struct end *e = arg;

	e->done = true;
	e->ssl = ssl;
	e->fd = fd;
	e->kind = kind;
	snprintf(e->error, sizeof(e->error), "%s", error ? error : "");
	if (client.done && server.done)
		event_base_loopbreak(base);
}

static void shake(const char *client_key, const char *server_key, enum tls_kind kind)
{
	const char *error;
	struct tls *c = tls_new_key(client_key, strlen(client_key), false, &error);
	struct tls *s = tls_new_key(server_key, strlen(server_key), true, &error);
	int pair[2];

	ck_assert(c && s);
	memset(&client, 0, sizeof(client));
	memset(&server, 0, sizeof(server));
	if (!base)
		base = event_base_new();
	tcp_pair(pair);
	ck_assert(handshake_start(base, c, pair[0], kind, 5, on_end, &client));
	ck_assert(handshake_start(base, s, pair[1], TLS_LINK, 5, on_end, &server));
	event_base_dispatch(base);
	ck_assert(client.done && server.done);
	/* the contexts live on in the connections */
}

START_TEST(right_key)
{
	shake(key, key, TLS_LINK);
	ck_assert_str_eq(client.error, "");
	ck_assert_str_eq(server.error, "");
	ck_assert_int_eq(server.kind, TLS_LINK);
	ck_assert(tls_secrets(client.ssl)->have_send &&
		  tls_secrets(server.ssl)->have_receive);
	ck_assert_mem_eq(tls_secrets(client.ssl)->send, tls_secrets(server.ssl)->receive,
			 32);
	ck_assert_mem_eq(tls_secrets(server.ssl)->send, tls_secrets(client.ssl)->receive,
			 32);
}
END_TEST

/* --- who listens --- */

static unsigned int accepts, accepted;

int __real_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);

int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	accepts++;
	return __real_accept4(fd, addr, len, flags);
}

static void on_accepted(void *arg, int fd, const struct sockaddr_in *addr)
{
	(void)arg;
	ck_assert_uint_eq(addr->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	accepted++;
	close(fd);
	event_base_loopbreak(base);
}

/* The connection is there, and readable, all the time. */
START_TEST(no_descriptor)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct timeval moment = { 0, 300000 };
	socklen_t len = sizeof(addr);
	struct rlimit usual, none;
	struct acceptor *a;
	int fd, client_fd;

	base = event_base_new();
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert(!bind(fd, (struct sockaddr *)&addr, len) && !listen(fd, 4));
	ck_assert(!getsockname(fd, (struct sockaddr *)&addr, &len));
	a = acceptor_new(base, fd, on_accepted, NULL);
	ck_assert_ptr_nonnull(a);
	client_fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert(!connect(client_fd, (struct sockaddr *)&addr, sizeof(addr)));
	ck_assert(!getrlimit(RLIMIT_NOFILE, &usual));
	none = usual;
	none.rlim_cur = 0;
	ck_assert(!setrlimit(RLIMIT_NOFILE, &none));
	event_base_loopexit(base, &moment);
	event_base_dispatch(base);
	ck_assert_uint_eq(accepted, 0);
	ck_assert_uint_ge(accepts, 1);
	ck_assert_msg(accepts < 10, "tried %u times", accepts);
	ck_assert(!setrlimit(RLIMIT_NOFILE, &usual));
	event_base_dispatch(base);
	ck_assert_uint_eq(accepted, 1);
	acceptor_free(a);
	close(client_fd);
}
END_TEST

/* --- a clock on the wall that is set all the time --- */

static bool clock_runs_away;

static void run_away(time_t *seconds)
{
	static time_t ahead;

	if (clock_runs_away)
		*seconds += ahead += 3600;
}

int __real_gettimeofday(struct timeval *now, void *zone);
int __real_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_gettimeofday(struct timeval *now, void *zone);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);

int __wrap_gettimeofday(struct timeval *now, void *zone)
{
	int ret = __real_gettimeofday(now, zone);

	run_away(&now->tv_sec);
	return ret;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
	int ret = __real_clock_gettime(id, now);

	if (id == CLOCK_REALTIME)
		run_away(&now->tv_sec);
	return ret;
}

START_TEST(clock_is_set)
{
	clock_runs_away = true;
	shake(key, key, TLS_LINK);
	clock_runs_away = false;
	ck_assert_str_eq(client.error, "");
	ck_assert_str_eq(server.error, "");
}
END_TEST

START_TEST(wrong_key)
{
	shake("not the key of the cluster", key, TLS_LINK);
	ck_assert_str_eq(server.error, "wrong key");
	ck_assert_str_ne(client.error, "");
	ck_assert_int_eq(client.fd, -1);
	ck_assert_int_eq(server.fd, -1);
}
END_TEST

START_TEST(stranger)
{
	const char *error;
	struct tls *s = tls_new_key(key, strlen(key), true, &error);
	int pair[2];

	base = event_base_new();
	tcp_pair(pair);
	client.done = true;
	ck_assert(handshake_start(base, s, pair[1], TLS_LINK, 5, on_end, &server));
	ck_assert_int_eq(write(pair[0], "GET / HTTP/1.0\r\n\r\n", 18), 18);
	event_base_dispatch(base);
	ck_assert_str_ne(server.error, "");
}
END_TEST

START_TEST(silent_stranger)
{
	const char *error;
	struct tls *s = tls_new_key(key, strlen(key), true, &error);
	int pair[2];

	base = event_base_new();
	tcp_pair(pair);
	client.done = true;
	ck_assert(handshake_start(base, s, pair[1], TLS_LINK, 1, on_end, &server));
	event_base_dispatch(base);
	ck_assert_str_eq(server.error, "timed out");
}
END_TEST

/* --- what comes after the handshake --- */

static void copy_through(int a, int b)
{
	static char sent[300000], got[300000];
	size_t out = 0, in = 0, i;

	for (i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i * 7 + i / 251);
	evutil_make_socket_nonblocking(a);
	evutil_make_socket_nonblocking(b);
	while (in < sizeof(got)) {
		ssize_t n;

		if (out < sizeof(sent)) {
			n = write(a, sent + out, sizeof(sent) - out);
			ck_assert(n > 0 || errno == EAGAIN);
			if (n > 0)
				out += (size_t)n;
		}
		event_base_loop(base, EVLOOP_NONBLOCK);
		n = read(b, got + in, sizeof(got) - in);
		ck_assert_msg(n > 0 || (n < 0 && errno == EAGAIN), "n %zd: %m", n);
		if (n > 0)
			in += (size_t)n;
	}
	ck_assert_mem_eq(sent, got, sizeof(sent));
}

static void end_of_file(int a, int b)
{
	ssize_t n;
	char c;

	close(a);
	do {
		event_base_loop(base, EVLOOP_NONBLOCK);
		n = read(b, &c, 1);
	} while (n < 0 && errno == EAGAIN);
	ck_assert_int_eq(n, 0);
	close(b);
}

START_TEST(plain_stream)
{
	shake(key, key, TLS_UP_PLAIN);
	ck_assert_str_eq(client.error, "");
	ck_assert_str_eq(server.error, "");
	ck_assert_ptr_null(client.ssl);
	ck_assert_ptr_null(server.ssl);
	copy_through(client.fd, server.fd);
	copy_through(server.fd, client.fd);
	end_of_file(server.fd, client.fd);
}
END_TEST

/* In the kernel where it can do TLS; the relays otherwise. */
START_TEST(encrypted_stream)
{
	int a, b;

	shake(key, key, TLS_DOWN);
	a = stream_descriptor(base, client.ssl, client.fd);
	b = stream_descriptor(base, server.ssl, server.fd);
	ck_assert(a >= 0 && b >= 0);
	copy_through(a, b);
	copy_through(b, a);
	end_of_file(a, b);
}
END_TEST

static int relayed(struct end *e)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	ck_assert(!getpeername(e->fd, (struct sockaddr *)&peer, &len));
	return relay_descriptor(base, e->ssl, e->fd, (struct sockaddr *)&peer, len);
}

START_TEST(relayed_stream)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	int a, b;

	shake(key, key, TLS_DOWN);
	a = relayed(&client);
	b = relayed(&server);
	ck_assert(a >= 0 && b >= 0);
	ck_assert(!getpeername(a, (struct sockaddr *)&name, &len));
	ck_assert_uint_eq(len, 2 + PEER_NAME_LEN);
	ck_assert_mem_eq((char *)&name + 2, "\0bproc/", 7);
	copy_through(a, b);
	copy_through(b, a);
	end_of_file(b, a);
}
END_TEST

/* One side in the kernel, one side not: the bytes in between are the same. */
START_TEST(mixed_stream)
{
	int a, b;

	shake(key, key, TLS_UP);
	a = stream_descriptor(base, client.ssl, client.fd);
	b = relayed(&server);
	ck_assert(a >= 0 && b >= 0);
	copy_through(a, b);
	copy_through(b, a);
	end_of_file(a, b);
}
END_TEST

/* RFC 8448, section 3: server application traffic secret and what comes of it. */
START_TEST(key_derivation)
{
	static const char secret_hex[] =
		"a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
	static const char key_hex[] = "9f02283b6c9c07efc26bb9f2ac92e356";
	static const char iv_hex[] = "cf782b88dd83549aadf1e984";
	unsigned char k[KTLS_KEY_LEN], iv[KTLS_IV_LEN];
	unsigned char *secret = OPENSSL_hexstr2buf(secret_hex, NULL);
	unsigned char *want_k = OPENSSL_hexstr2buf(key_hex, NULL);
	unsigned char *want_iv = OPENSSL_hexstr2buf(iv_hex, NULL);

	ck_assert(ktls_derive(secret, k, iv));
	ck_assert_mem_eq(k, want_k, sizeof(k));
	ck_assert_mem_eq(iv, want_iv, sizeof(iv));
}
END_TEST

/* --- messages --- */

static unsigned int received;
static char broken_why[128];

static void on_message(void *arg, const struct bproc_msg *msg)
{
	(void)arg;
	ck_assert_uint_eq(msg->id, received);
	ck_assert_uint_eq(msg->size, sizeof(*msg) + received % 100 * 8);
	if (++received == 1000)
		event_base_loopbreak(base);
}

static void on_broken(void *arg, const char *why)
{
	(void)arg;
	snprintf(broken_why, sizeof(broken_why), "%s", why);
	event_base_loopbreak(base);
}

static const struct wire_ops ops = { on_message, on_broken };

START_TEST(messages)
{
	struct bproc_msg msg = { .type = BPROC_MSG_GO };
	struct wire *a, *b;
	char body[800] = { 0 };

	shake(key, key, TLS_LINK);
	a = wire_new(base, client.ssl, client.fd, &ops, NULL);
	b = wire_new(base, server.ssl, server.fd, &ops, NULL);
	for (msg.id = 0; msg.id < 1000; msg.id++)
		wire_send_body(a, &msg, body, msg.id % 100 * 8);
	event_base_dispatch(base);
	ck_assert_uint_eq(received, 1000);
	wire_free(a);
	event_base_dispatch(base);
	ck_assert_str_ne(broken_why, "");
	wire_free(b);
}
END_TEST

START_TEST(held_messages)
{
	struct bproc_msg msg = { .size = sizeof(msg), .type = BPROC_MSG_GO };
	struct timeval moment = { 0, 100000 };
	struct wire *a, *b;

	received = 0;
	shake(key, key, TLS_LINK);
	a = wire_new(base, client.ssl, client.fd, &ops, NULL);
	b = wire_new(base, server.ssl, server.fd, &ops, NULL);
	wire_hold(b, true);
	wire_send(a, &msg);
	event_base_loopexit(base, &moment);
	event_base_dispatch(base);
	ck_assert_uint_eq(received, 0);
	wire_hold(b, false);
	ck_assert_uint_eq(received, 0);
	event_base_loopexit(base, &moment);
	event_base_dispatch(base);
	ck_assert_uint_eq(received, 1);
	/* its end is heard all the same */
	wire_hold(b, true);
	wire_free(a);
	broken_why[0] = 0;
	event_base_dispatch(base);
	ck_assert_str_ne(broken_why, "");
	wire_free(b);
}
END_TEST

/* --- a link that moves --- */

static struct wire *joined;
static int join_error, joins;

static void on_joined(void *arg, struct wire *wire, int err)
{
	(void)arg;
	joined = wire;
	join_error = err;
	joins++;
	event_base_loopbreak(base);
}

/* A slave and a master with these cookies; the slave's rejoin. */
static struct rejoin *join(const char *slave_cookie, const char *master_cookie)
{
	const char *error;
	struct tls *c = tls_new_key(key, strlen(key), false, &error);
	struct tls *s = tls_new_key(key, strlen(key), true, &error);
	struct link_config config = { .node = 3 };
	struct rejoin *r;
	int pair[2];

	base = event_base_new();
	joins = 0;
	joined = NULL;
	memset(&server, 0, sizeof(server));
	client.done = true;
	memcpy(config.cookie, slave_cookie, sizeof(config.cookie));
	tcp_pair(pair);
	r = rejoin_start(base, c, pair[0], &config, on_joined, NULL);
	ck_assert(handshake_start(base, s, pair[1], TLS_LINK, 5, on_end, &server));
	event_base_dispatch(base);
	ck_assert_str_eq(server.error, "");
	ck_assert_int_eq(server.kind, TLS_REJOIN);
	ck_assert(rejoin_await(base, server.ssl, server.fd, 3,
			       (const __u8 *)master_cookie, on_joined, NULL));
	event_base_dispatch(base);
	return r;
}

START_TEST(rejoin)
{
	struct bproc_msg msg = { .size = sizeof(msg), .type = BPROC_MSG_GO };
	struct rejoin *r = join("0123456789abcdef", "0123456789abcdef");
	struct timeval moment = { 0, 100000 };
	struct wire *wire;

	ck_assert_int_eq(joins, 1);
	ck_assert_int_eq(join_error, 0);
	wire = rejoin_take(r);
	ck_assert(joined && wire);
	/* both are held: what is sent now waits */
	received = 0;
	wire_set_ops(wire, &ops, NULL);
	wire_set_ops(joined, &ops, NULL);
	wire_send(joined, &msg);
	event_base_loopexit(base, &moment);
	event_base_dispatch(base);
	ck_assert_uint_eq(received, 0);
	wire_hold(wire, false);
	event_base_loopexit(base, &moment);
	event_base_dispatch(base);
	ck_assert_uint_eq(received, 1);
	wire_free(wire);
	wire_free(joined);
}
END_TEST

START_TEST(rejoin_wrong_cookie)
{
	struct rejoin *r = join("0123456789abcdef", "0123456789abcdeg");

	ck_assert_ptr_nonnull(r);
	/* the master first, then the slave by the connection's end */
	ck_assert_int_eq(join_error, -EACCES);
	ck_assert_ptr_null(joined);
	event_base_dispatch(base);
	ck_assert_int_eq(joins, 2);
	ck_assert_int_eq(join_error, -EACCES);
	ck_assert_ptr_null(joined);
}
END_TEST

START_TEST(rejoin_nobody)
{
	struct link_config config = { .node = 3 };
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(1) };
	const char *error;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	base = event_base_new();
	joins = 0;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert(connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	ck_assert(rejoin_start(base, tls_new_key(key, strlen(key), false, &error), fd,
			       &config, on_joined, NULL));
	event_base_dispatch(base);
	ck_assert_int_eq(joins, 1);
	ck_assert_int_eq(join_error, -ECONNREFUSED);
}
END_TEST

START_TEST(impossible_size)
{
	static const __u32 sizes[] = { 0, 31, BPROC_MSG_MAX + 1, 0xffffffff };
	struct bproc_msg msg = { 0 };
	struct wire *b;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		shake(key, key, TLS_LINK);
		b = wire_new(base, server.ssl, server.fd, &ops, NULL);
		msg.size = sizes[i];
		ck_assert_int_eq(SSL_write(client.ssl, &msg, sizeof(msg)), sizeof(msg));
		broken_why[0] = 0;
		event_base_dispatch(base);
		ck_assert_str_eq(broken_why, "a message of impossible size");
		wire_free(b);
	}
	ck_assert_uint_eq(received, 0);
}
END_TEST

/* --- idle streams --- */

static struct link_preface seen;
static int seen_fd, given_fd;

static void on_preface(void *arg, const struct link_preface *p, int fd)
{
	(void)arg;
	if (p)
		seen = *p;
	seen_fd = p ? fd : -2;
	event_base_loopbreak(base);
}

static void on_got(void *arg, int fd)
{
	(void)arg;
	given_fd = fd;
}

START_TEST(prefaces)
{
	struct prefaces list = TAILQ_HEAD_INITIALIZER(list);
	struct link_preface p = { .id = 77, .pid = 5, .node = 3 };
	struct pool *pool;
	char c = 'x';
	int pair[2];

	base = event_base_new();
	pool = pool_new(base, 60, NULL, NULL);
	given_fd = -1;
	pool_get(pool, &p, on_got, NULL);
	ck_assert_int_eq(given_fd, -1);

	/* a dead stream is passed over, a live one is given to who waits */
	tcp_pair(pair);
	close(pair[1]);
	pool_add(pool, pair[0]);
	ck_assert_int_eq(given_fd, -1);
	tcp_pair(pair);
	pool_add(pool, pair[0]);
	ck_assert_int_eq(given_fd, pair[0]);
	ck_assert_int_eq(write(given_fd, &c, 1), 1);

	ck_assert_int_eq(preface_wait(base, &list, pair[1], 0, on_preface, NULL), 0);
	ck_assert_uint_eq(preface_count(&list), 1);
	event_base_dispatch(base);
	ck_assert_uint_eq(preface_count(&list), 0);
	ck_assert_int_eq(seen_fd, pair[1]);
	ck_assert_mem_eq(&seen, &p, sizeof(p));
	/* not a byte more than the preface was taken */
	c = 0;
	ck_assert_int_eq(read(seen_fd, &c, 1), 1);
	ck_assert_int_eq(c, 'x');

	/* one that does not come in time */
	tcp_pair(pair);
	ck_assert_int_eq(preface_wait(base, &list, pair[1], 1, on_preface, NULL), 0);
	event_base_dispatch(base);
	ck_assert_uint_eq(preface_count(&list), 0);
	ck_assert_int_eq(seen_fd, -2);
	ck_assert_int_eq(read(pair[0], &c, 1), 0);
	close(pair[0]);

	/* idle streams that end are dropped; waiters hear of the pool's end */
	tcp_pair(pair);
	pool_add(pool, pair[0]);
	ck_assert_uint_eq(pool_idle(pool), 1);
	close(pair[1]);
	event_base_loop(base, EVLOOP_ONCE);
	ck_assert_uint_eq(pool_idle(pool), 0);
	pool_get(pool, &p, on_got, NULL);
	pool_free(pool);
	ck_assert_int_eq(given_fd, -EPIPE);
}
END_TEST

static unsigned int asked_for;

static void on_low(void *arg, unsigned int waiting)
{
	(void)arg;
	asked_for = waiting;
}

/* All streams are in use and no others come: a move does not wait for ever. */
START_TEST(no_stream_in_time)
{
	struct link_preface p = { .id = 78, .pid = 6, .node = 3 };
	time_t begun = time(NULL);
	struct pool *pool;
	int pair[2];

	base = event_base_new();
	pool = pool_new(base, 1, on_low, NULL);
	given_fd = -1;
	pool_get(pool, &p, on_got, NULL);
	ck_assert_uint_eq(asked_for, 1);
	event_base_dispatch(base);
	ck_assert_int_eq(given_fd, -ETIMEDOUT);
	ck_assert_int_le(time(NULL) - begun, 20);

	/* one that comes too late is there for the next */
	tcp_pair(pair);
	pool_add(pool, pair[0]);
	ck_assert_uint_eq(pool_idle(pool), 1);
	pool_get(pool, &p, on_got, NULL);
	ck_assert_int_eq(given_fd, pair[0]);
	pool_free(pool);
}
END_TEST

UNIT_MAIN("link", right_key, no_descriptor, clock_is_set, wrong_key, stranger,
	  silent_stranger, plain_stream, encrypted_stream, relayed_stream, mixed_stream,
	  key_derivation, messages, held_messages, rejoin, rejoin_wrong_cookie,
	  rejoin_nobody, impossible_size, prefaces, no_stream_in_time)
