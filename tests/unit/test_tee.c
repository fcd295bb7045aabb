// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "loop.h"
#include "tee.h"
#include "unit.h"

/* More than a tee keeps, and than sockets hold. */
#define LEN (2U << 20)

static struct event_base *base;
static unsigned char data[LEN];
static bool done;
static int whole_count, cut_count;
static unsigned long long sent_bytes;

struct reader {
	int fd;
	size_t len;
	bool end;
	unsigned char buf[LEN];
};

static void on_done(void *arg)
{
	(void)arg;
	done = true;
}

static void on_end(void *arg, bool whole, unsigned long long sent)
{
	(void)arg;
	whole_count += whole;
	cut_count += !whole;
	sent_bytes += sent;
}

static void make_pair(int pair[2])
{
	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
}

/* Returns the writing end. */
static int begin(struct tee **t)
{
	struct bproc_stream *s = (void *)data;
	int pair[2];
	size_t i;

	base = loop_new();
	for (i = 0; i < LEN; i++)
		data[i] = (unsigned char)(i * 7 + i / 251);
	s->id = 0;
	s->pid = 0;
	s->rank = 0;
	s->io_id = 0;
	done = false;
	whole_count = cut_count = 0;
	sent_bytes = 0;
	make_pair(pair);
	*t = tee_new(base, pair[1], on_done, NULL);
	ck_assert_ptr_nonnull(*t);
	return pair[0];
}

static struct tee_output *add(struct tee *t, unsigned int limit,
			      const struct bproc_vector_entry *who, struct reader *r)
{
	struct tee_output *o = tee_add(t, limit, who, on_end, NULL);
	int pair[2];

	ck_assert_ptr_nonnull(o);
	memset(r, 0, sizeof(*r));
	make_pair(pair);
	r->fd = pair[0];
	tee_connect(o, pair[1]);
	return o;
}

/* One step of the world: writes what goes, reads what came. */
static void step(int in, size_t *written, size_t len, struct reader **readers, int n)
{
	ssize_t got;
	int i;

	if (*written < len) {
		got = send(in, data + *written, len - *written, MSG_NOSIGNAL);
		if (got > 0)
			*written += (size_t)got;
		if (*written == len)
			shutdown(in, SHUT_WR);
	}
	event_base_loop(base, EVLOOP_NONBLOCK);
	for (i = 0; i < n; i++) {
		if (readers[i]->end)
			continue;
		got = read(readers[i]->fd, readers[i]->buf + readers[i]->len,
			   LEN - readers[i]->len + (readers[i]->len == LEN));
		if (got > 0)
			readers[i]->len += (size_t)got;
		else if (!got)
			readers[i]->end = true;
	}
}

static struct reader a, b, c;

START_TEST(all_get_all)
{
	struct bproc_vector_entry who = { .id = 77, .pid = 5, .rank = 3, .io_id = 9 };
	struct reader *readers[] = { &a, &b, &c };
	struct bproc_stream *head = (void *)b.buf;
	struct tee *t;
	int in = begin(&t), i;
	size_t written = 0;

	add(t, 10, NULL, &a);
	add(t, 10, &who, &b);
	add(t, 10, NULL, &c);
	tee_start(t);
	for (i = 0; i < 200000 && !(done && a.end && b.end && c.end); i++)
		step(in, &written, LEN, readers, 3);
	ck_assert(done);
	ck_assert_int_eq(whole_count, 3);
	ck_assert_uint_eq(sent_bytes, 3ULL * LEN);
	ck_assert_uint_eq(a.len, LEN);
	ck_assert(!memcmp(a.buf, data, LEN));
	ck_assert(!memcmp(c.buf, data, LEN));
	/* This one has a header of its own. */
	ck_assert_uint_eq(b.len, LEN);
	ck_assert_uint_eq(head->id, 77);
	ck_assert_int_eq(head->pid, 5);
	ck_assert_uint_eq(head->rank, 3);
	ck_assert_uint_eq(head->io_id, 9);
	head->id = head->io_id = 0;
	head->pid = 0;
	head->rank = 0;
	ck_assert(!memcmp(b.buf, data, LEN));
}
END_TEST

/* Who reads nothing holds the others up, memory stays as it is, and then it is cut off.
 */
START_TEST(stuck)
{
	struct reader *readers[] = { &a };
	struct tee *t;
	int in = begin(&t), i;
	size_t written = 0, before;

	add(t, 10, NULL, &a);
	add(t, 1, NULL, &b);
	tee_start(t);
	for (i = 0; i < 1000; i++)
		step(in, &written, LEN, readers, 1);
	before = a.len;
	ck_assert_uint_lt(before, LEN / 2);
	ck_assert_uint_lt(written, LEN);
	for (i = 0; i < 60000 && !a.end; i++) {
		step(in, &written, LEN, readers, 1);
		usleep(100);
	}
	ck_assert_int_eq(cut_count, 1);
	ck_assert_int_eq(whole_count, 1);
	ck_assert_uint_eq(a.len, LEN);
	ck_assert(!memcmp(a.buf, data, LEN));
	ck_assert(done);
}
END_TEST

START_TEST(one_breaks)
{
	struct reader *readers[] = { &a };
	struct tee *t;
	int in = begin(&t), i;
	size_t written = 0;

	add(t, 10, NULL, &a);
	add(t, 10, NULL, &b);
	close(b.fd);
	tee_start(t);
	for (i = 0; i < 200000 && !a.end; i++)
		step(in, &written, LEN, readers, 1);
	ck_assert_int_eq(cut_count, 1);
	ck_assert_uint_eq(a.len, LEN);
	ck_assert(!memcmp(a.buf, data, LEN));
}
END_TEST

/* One that is connected when the others have begun gets everything, too. */
START_TEST(late)
{
	struct reader *readers[] = { &a, &b };
	struct tee_output *o;
	struct tee *t;
	int in = begin(&t), i, pair[2];
	size_t written = 0;

	add(t, 10, NULL, &a);
	o = tee_add(t, 10, NULL, on_end, NULL);
	memset(&b, 0, sizeof(b));
	tee_start(t);
	for (i = 0; i < 1000; i++)
		step(in, &written, LEN, readers, 1);
	ck_assert_uint_lt(a.len, LEN / 2);
	ck_assert_uint_gt(a.len, 0);
	make_pair(pair);
	b.fd = pair[0];
	tee_connect(o, pair[1]);
	for (i = 0; i < 200000 && !(a.end && b.end); i++)
		step(in, &written, LEN, readers, 2);
	ck_assert(!memcmp(a.buf, data, LEN));
	ck_assert(!memcmp(b.buf, data, LEN));
	ck_assert_int_eq(whole_count, 2);
}
END_TEST

/* What nobody wants is taken from the sender all the same. */
START_TEST(nobody)
{
	struct tee_output *o;
	struct tee *t;
	int in = begin(&t), i;
	size_t written = 0;

	o = tee_add(t, 10, NULL, on_end, NULL);
	tee_start(t);
	for (i = 0; i < 1000; i++)
		step(in, &written, LEN, NULL, 0);
	ck_assert_uint_lt(written, LEN);
	tee_drop(o);
	for (i = 0; i < 200000 && !done; i++)
		step(in, &written, LEN, NULL, 0);
	ck_assert(done);
	ck_assert_uint_eq(written, LEN);
	ck_assert_int_eq(whole_count + cut_count, 0);
}
END_TEST

/* A stream that ends before its header is there: everybody sees its end. */
START_TEST(too_short)
{
	struct bproc_vector_entry who = { .id = 77, .pid = 5 };
	struct reader *readers[] = { &a, &b };
	struct tee *t;
	int in = begin(&t), i;
	size_t written = 0;

	add(t, 10, NULL, &a);
	add(t, 10, &who, &b);
	tee_start(t);
	for (i = 0; i < 20000 && !(a.end && b.end); i++)
		step(in, &written, 100, readers, 2);
	ck_assert(done);
	ck_assert_uint_eq(a.len, 100);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

static struct event *bulk;
static int rounds;

static void on_bulk(evutil_socket_t fd, short what, void *arg)
{
	const int *waker = arg;

	(void)fd, (void)what;
	if (++rounds == 1)
		ck_assert_int_eq(write(*waker, "", 1), 1);
	if (rounds < 1000)
		event_active(bulk, EV_READ, 0);
}

static void on_other(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	event_base_loopbreak(base);
}

/* Much work keeps the loop from nothing else. */
START_TEST(others_first)
{
	struct event *other;
	int pair[2];

	base = loop_new();
	make_pair(pair);
	bulk = event_new(base, -1, 0, on_bulk, &pair[1]);
	event_priority_set(bulk, LOOP_BULK);
	event_active(bulk, EV_READ, 0);
	other = event_new(base, pair[0], EV_READ, on_other, NULL);
	event_add(other, NULL);
	event_base_loop(base, 0);
	ck_assert_int_lt(rounds, 10);
}
END_TEST

UNIT_MAIN("tee", all_get_all, stuck, one_breaks, late, nobody, too_short, others_first)
