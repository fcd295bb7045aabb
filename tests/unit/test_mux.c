// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "mux.h"
#include "unit.h"

static struct event_base *base;

START_TEST(windows)
{
	struct mux_window w = { 0 };
	__u32 sent = 0, i;

	ck_assert(mux_window_receive(&w, MUX_WINDOW));
	ck_assert(!mux_window_receive(&w, 1));
	/* Small amounts are saved up, and none is lost. */
	for (i = 0; i < MUX_WINDOW; i++)
		sent += mux_window_pass(&w, 1);
	ck_assert_uint_eq(sent, MUX_WINDOW);
	ck_assert(mux_window_receive(&w, MUX_WINDOW - 1));
	ck_assert(mux_window_receive(&w, 1));
	ck_assert(!mux_window_receive(&w, 0xffffffff));
}
END_TEST

/* Whatever the receiver does, a sender that waits gets credit when all is passed on. */
START_TEST(window_never_dry)
{
	struct mux_window w = { 0 };
	__u32 credit = MUX_WINDOW, step, n, i;

	for (step = 1; step <= MUX_DATA_MAX; step = step * 3 + 1)
		for (i = 0; i < 1000; i++) {
			n = step < credit ? step : credit;
			ck_assert_uint_gt(n, 0);
			credit -= n;
			ck_assert(mux_window_receive(&w, n));
			credit += mux_window_pass(&w, n);
			ck_assert_uint_le(credit, MUX_WINDOW);
		}
}
END_TEST

START_TEST(window_of_others)
{
	struct mux_window w = { 0 };

	ck_assert(!mux_window_credit(&w, 1));
	ck_assert(mux_window_receive(&w, 100));
	ck_assert(!mux_window_credit(&w, 101));
	ck_assert(mux_window_credit(&w, 100));
	ck_assert(!mux_window_credit(&w, 1));
}
END_TEST

#define REFUSED(change)                                                                  \
	do {                                                                             \
		struct mux_frame f = { .id = 1, .type = MUX_DATA, .value = 1 };          \
                                                                                         \
		ck_assert_int_eq(mux_check(&f), 0);                                      \
		change;                                                                  \
		ck_assert_int_eq(mux_check(&f), -EPROTO);                                \
	} while (0)

START_TEST(frames)
{
	ck_assert_uint_eq(sizeof(struct mux_frame), 32 - 8);
	REFUSED(f.type = 0);
	REFUSED(f.type = MUX_TYPES);
	REFUSED(f.stream = 3);
	REFUSED(f.id = 0);
	REFUSED(f.reserved = 1);
	REFUSED(f.reserved2 = 1);
	REFUSED(f.value = 0);
	REFUSED(f.value = MUX_DATA_MAX + 1);
	REFUSED(f.type = MUX_EOF);
	REFUSED(f.type = MUX_BACK; f.value = 0);
	REFUSED(f.type = MUX_BACK; f.value = MUX_DATA_MAX + 1);
	REFUSED(f.type = MUX_SYNC; f.value = 0x80000000U);
	REFUSED(f.type = MUX_SYNCED);
	REFUSED(f.type = MUX_CREDIT; f.value = 0);
	REFUSED(f.type = MUX_CREDIT; f.value = MUX_WINDOW + 1);
}
END_TEST

static struct {
	unsigned int frames;
	unsigned int bytes;
	struct mux_frame last;
	char data[MUX_DATA_MAX];
	char broken[64];
	struct mux *free_me;
} got;

static void on_frame(void *arg, const struct mux_frame *f, const void *data)
{
	(void)arg;
	got.frames++;
	got.last = *f;
	if (f->type == MUX_DATA) {
		got.bytes += f->value;
		memcpy(got.data, data, f->value);
	}
	if (f->type == MUX_RESET) {
		mux_free(got.free_me);
		event_base_loopbreak(base);
	}
}

static void on_broken(void *arg, const char *why)
{
	(void)arg;
	snprintf(got.broken, sizeof(got.broken), "%s", why);
	mux_free(got.free_me);
	event_base_loopbreak(base);
}

static const struct mux_ops ops = { on_frame, on_broken };

static struct mux *connect_mux(int pair[2])
{
	memset(&got, 0, sizeof(got));
	base = event_base_new();
	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	return got.free_me = mux_new(base, pair[0], &ops, NULL);
}

START_TEST(both_ends)
{
	struct mux_frame f = { .id = ~0ULL, .peer = -1, .type = MUX_DATA, .stream = 2 };
	static char data[MUX_DATA_MAX];
	struct mux *other;
	int pair[2], i;

	ck_assert(connect_mux(pair));
	other = mux_new(base, pair[1], &ops, NULL);
	memset(data, 'x', sizeof(data));
	f.value = sizeof(data);
	for (i = 0; i < 100; i++)
		mux_send(other, &f, data);
	f = (struct mux_frame){ .id = 7, .peer = 3, .type = MUX_RESET };
	mux_send(other, &f, NULL);
	ck_assert_uint_gt(mux_queued(other), 0);
	event_base_dispatch(base);
	ck_assert_uint_eq(got.frames, 101);
	ck_assert_uint_eq(got.bytes, 100 * sizeof(data));
	ck_assert_int_eq(got.last.peer, 3);
	ck_assert(!memcmp(got.data, data, sizeof(data)));
	ck_assert_str_eq(got.broken, "");
	mux_free(other);
	event_base_free(base);
}
END_TEST

/* In pieces as small as they can be. */
START_TEST(byte_by_byte)
{
	struct {
		struct mux_frame f;
		char data[5];
	} in = { { .id = 1, .type = MUX_DATA, .value = 5 }, "abcd" };
	int pair[2];
	size_t i;

	ck_assert(connect_mux(pair));
	for (i = 0; i < sizeof(in.f) + 5; i++) {
		ck_assert_uint_eq(got.frames, 0);
		ck_assert_int_eq(write(pair[1], (char *)&in + i, 1), 1);
		event_base_loop(base, EVLOOP_ONCE);
	}
	ck_assert_uint_eq(got.frames, 1);
	ck_assert_str_eq(got.data, "abcd");
	close(pair[1]);
	event_base_dispatch(base);
	ck_assert_str_eq(got.broken, "the other side hung up");
	event_base_free(base);
}
END_TEST

START_TEST(nonsense)
{
	char junk[4096];
	int pair[2];

	ck_assert(connect_mux(pair));
	memset(junk, 0xee, sizeof(junk));
	ck_assert_int_eq(write(pair[1], junk, sizeof(junk)), sizeof(junk));
	event_base_dispatch(base);
	ck_assert_uint_eq(got.frames, 0);
	ck_assert_str_eq(got.broken, "a frame that makes no sense");
	close(pair[1]);
	event_base_free(base);
}
END_TEST

UNIT_MAIN("mux", windows, window_never_dry, window_of_others, frames, both_ends,
	  byte_by_byte, nonsense)
