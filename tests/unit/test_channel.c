// SPDX-License-Identifier: GPL-2.0-or-later
/* bpiod's channels. The test plays the driver, the connections and the other side. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "bpiod_channel.h"
#include "unit.h"

#define ID 77
#define FRAMES 64

struct device {
	int fd;
};

static struct device device = { -1 };
static struct bpiod b = { .dev = &device };
static struct route route[2] = { { .b = &b, .node = 0 }, { .b = &b, .node = 1 } };

/* What was sent, and over which route. */
static struct {
	struct mux_frame frame[FRAMES];
	struct route *route[FRAMES];
	unsigned int n;
	char data[FRAMES];
	size_t len;
} sent;

/* What the process gets. */
static int ends[3] = { -1, -1, -1 };

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;
	int i;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == BPROC_IOC_IO_ENDS)
		for (i = 0; i < 3; i++)
			ends[i] = dup(((struct bproc_io_ends *)arg)->fd[i]);
	else if (request != BPROC_IOC_IO_FLUSHED)
		return __real_ioctl(fd, request, arg);
	return 0;
}

void device_catch_up(struct device *dev)
{
	(void)dev;
}

int device_fd(const struct device *dev)
{
	return dev->fd;
}

struct route *bpiod_route(const struct bpiod *of, int peer)
{
	return of->node == BPROC_NODE_MASTER && peer >= 0 ? &route[peer] : &route[0];
}

void bpiod_send(struct route *r, const struct mux_frame *f, const void *data)
{
	ck_assert_int_eq(mux_check(f), 0);
	ck_assert_uint_lt(sent.n, FRAMES);
	sent.route[sent.n] = r;
	sent.frame[sent.n++] = *f;
	if (!mux_has_data(f))
		return;
	ck_assert_uint_le(sent.len + f->value, sizeof(sent.data));
	memcpy(sent.data + sent.len, data, f->value);
	sent.len += f->value;
}

static void begin(int node)
{
	b.base = event_base_new();
	b.node = node;
	memset(&sent, 0, sizeof(sent));
}

static unsigned int count(unsigned int type, unsigned int stream)
{
	unsigned int i, n = 0;

	for (i = 0; i < sent.n; i++)
		n += sent.frame[i].type == type && sent.frame[i].stream == stream;
	return n;
}

static bool frame(unsigned int type, __u32 value)
{
	struct mux_frame f = {
		.id = ID,
		.peer = BPROC_NODE_MASTER,
		.type = (__u8)type,
		.value = value,
	};

	return channel_frame(&b, &route[0], &f, NULL);
}

/* All that is due. */
static void turn(void)
{
	event_base_loop(b.base, EVLOOP_NONBLOCK);
}

/* A process goes to node 0 that has @input. */
static void take(int input)
{
	int fd[3] = { dup(input), open("/dev/null", O_WRONLY), -1 };

	channel_take(&b, ID, 0, getpid(), fd);
}

START_TEST(sync_of_a_channel_that_is_over)
{
	begin(3);
	ck_assert(frame(MUX_SYNC, 4711));
	ck_assert_uint_eq(sent.n, 1);
	ck_assert_uint_eq(sent.frame[0].type, MUX_SYNCED);
	ck_assert(frame(MUX_OPEN, 0));
	ck_assert_uint_eq(sent.frame[1].type, MUX_RESET);
}
END_TEST

/* Is all of @input still there? */
static void is_untouched(int input)
{
	char buf[16];
	int i;

	/* A thread would have its turn, too. */
	for (i = 0; i < 20; i++) {
		turn();
		usleep(5000);
	}
	ck_assert_int_eq(read(input, buf, sizeof(buf)), 6);
	ck_assert(!memcmp(buf, "abcdef", 6));
}

START_TEST(a_move_that_fails)
{
	FILE *f = tmpfile();
	int pair[2];

	begin(BPROC_NODE_MASTER);
	ck_assert(!pipe2(pair, O_NONBLOCK));
	ck_assert_int_eq(write(pair[1], "abcdef", 6), 6);
	take(pair[0]);
	ck_assert(frame(MUX_OPEN, 0));
	turn();
	channel_drop(&b, ID);
	is_untouched(pair[0]);
	ck_assert(!channel_next(NULL));

	ck_assert_int_eq(write(fileno(f), "abcdef", 6), 6);
	rewind(f);
	take(fileno(f));
	ck_assert(frame(MUX_OPEN, 0));
	turn();
	is_untouched(fileno(f));
	channel_drop(&b, ID);
	turn();
	ck_assert(!channel_next(NULL));
	ck_assert_uint_eq(count(MUX_DATA, 0), 0);
	fclose(f);
}
END_TEST

/* Whichever comes first. */
START_TEST(a_move_that_does_not_fail)
{
	int pair[2], first;

	begin(BPROC_NODE_MASTER);
	for (first = 0; first < 2; first++) {
		memset(&sent, 0, sizeof(sent));
		ck_assert(!pipe(pair));
		ck_assert_int_eq(write(pair[1], "abcdef", 6), 6);
		take(pair[0]);
		if (first)
			channel_go(&b, ID);
		ck_assert(frame(MUX_OPEN, 0));
		if (!first)
			channel_go(&b, ID);
		turn();
		ck_assert_uint_eq(sent.len, 6);
		ck_assert(!memcmp(sent.data, "abcdef", 6));
		ck_assert_uint_eq(count(MUX_EOF, 0), 0);
		close(pair[1]);
		turn();
		ck_assert_uint_eq(count(MUX_EOF, 0), 1);
		close(pair[0]);
		ck_assert(frame(MUX_RESET, 0));
		turn();
		ck_assert(!channel_next(NULL));
	}
}
END_TEST

/* It closed its input at once: who writes to that hears of it. */
START_TEST(no_use_for_input)
{
	int pair[2];

	begin(BPROC_NODE_MASTER);
	ck_assert(!pipe2(pair, O_NONBLOCK));
	take(pair[0]);
	close(pair[0]);
	ck_assert(frame(MUX_OPEN, 0));
	ck_assert(frame(MUX_CLOSE, 0));
	channel_go(&b, ID);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(write(pair[1], "x", 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_uint_eq(count(MUX_EOF, 0), 0);
}
END_TEST

/* The connection breaks before the input of one that went home is asked for. */
START_TEST(input_that_was_left)
{
	const struct bproc_msg_io_make make = { ID, getuid(), getgid() };
	int i;

	begin(3);
	channel_make(&b, 1, BPROC_NODE_MASTER, 4711, &make);
	ck_assert(channel_next(NULL));
	channel_leave_input(&b, 4711, dup(ends[0]));
	ck_assert(channel_next(NULL)->left);
	for (i = 0; i < 3; i++)
		close(ends[i]);
	channels_lost(&b, &route[0]);
	turn();
	turn();
	ck_assert(!channel_next(NULL));
}
END_TEST

/* Nothing is sent that nobody has said he would take. */
START_TEST(output_waits_for_the_keeper)
{
	const struct bproc_msg_io_make make = { ID, getuid(), getgid() };

	begin(3);
	channel_make(&b, 1, BPROC_NODE_MASTER, 4711, &make);
	ck_assert_uint_eq(count(MUX_OPEN, 0), 1);
	ck_assert_int_eq(write(ends[1], "out", 3), 3);
	turn();
	ck_assert_uint_eq(count(MUX_DATA, 1), 0);
	ck_assert(frame(MUX_OPENED, 0));
	turn();
	ck_assert_uint_eq(count(MUX_DATA, 1), 1);
	ck_assert_int_eq(write(ends[2], "err", 3), 3);
	turn();
	ck_assert_uint_eq(count(MUX_DATA, 2), 1);
	ck_assert(!memcmp(sent.data, "outerr", 6));
	ck_assert(!frame(MUX_OPENED, 0));
}
END_TEST

/* A frame of @from for the other node. */
static bool forwarded(int from, unsigned int type, __u32 value)
{
	static const char data[MUX_DATA_MAX];
	struct mux_frame f = {
		.id = ID,
		.peer = !from,
		.type = (__u8)type,
		.stream = type == MUX_DATA && from == 0,
		.value = value,
	};

	sent.n = 0;
	sent.len = 0;
	return forward_frame(&b, &route[from], &f, data);
}

/* Node 0 has the process, node 1 what it has as 0, 1, 2. */
START_TEST(between_nodes)
{
	unsigned int i;

	begin(BPROC_NODE_MASTER);
	ck_assert(forwarded(0, MUX_OPEN, 0));
	ck_assert_ptr_eq(sent.route[0], &route[1]);
	ck_assert_uint_eq(route[0].forwards, 1);
	/* Neither may send before the keeper has agreed, and only it can. */
	ck_assert(!forwarded(0, MUX_DATA, 1));
	ck_assert(!forwarded(1, MUX_DATA, 1));
	ck_assert(!forwarded(0, MUX_OPENED, 0));
	ck_assert_uint_eq(route[1].granted, 0);
	ck_assert(forwarded(1, MUX_OPENED, 0));
	ck_assert(!forwarded(1, MUX_OPENED, 0));
	ck_assert_uint_eq(route[0].granted, 1);
	ck_assert_uint_eq(route[1].granted, 1);
	ck_assert(forwarded(0, MUX_DATA, 1));
	ck_assert(forwarded(1, MUX_DATA, 1));
	for (i = 0; i < 65536; i++)
		ck_assert(forwarded(1, MUX_SYNC, 0));
	ck_assert(forwarded(0, MUX_SYNCED, 0));
	ck_assert(forwarded(1, MUX_SYNC, 0));
	ck_assert_uint_eq(route[0].forwards, 1);
	/* One too many ends this channel, and nothing else. */
	ck_assert(forwarded(1, MUX_SYNC, 0));
	ck_assert_uint_eq(route[0].forwards, 0);
	ck_assert_uint_eq(route[1].granted, 0);
	ck_assert(forwarded(0, MUX_OPEN, 0));
	ck_assert(forwarded(1, MUX_OPENED, 0));
	ck_assert_uint_eq(route[0].granted, 1);
	forwards_lost(&b, 1);
	ck_assert_uint_eq(route[0].forwards, 0);
	ck_assert_uint_eq(route[0].granted, 0);
	ck_assert_uint_eq(route[1].granted, 0);
}
END_TEST

UNIT_MAIN("channel", sync_of_a_channel_that_is_over, a_move_that_fails,
	  a_move_that_does_not_fail, no_use_for_input, input_that_was_left,
	  output_waits_for_the_keeper, between_nodes)
