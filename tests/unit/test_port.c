// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bpiod_port.h"
#include "unit.h"

static struct event_base *base;
static struct port_process process;
static int ready, gone;

static void on_ready(void *arg)
{
	(void)arg;
	ready++;
	event_base_loopbreak(base);
}

static void on_gone(void *arg)
{
	(void)arg;
	gone++;
	event_base_loopbreak(base);
}

static const struct port_ops ops = { on_ready, on_gone };

static void begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	port_process_init(&process, getpid());
	ck_assert(process.start);
	ready = gone = 0;
}

static struct port *port(int fd, bool input)
{
	return port_new(base, fd, input, true, &process, &ops, NULL);
}

static void put(struct port *p, struct evbuffer *b)
{
	ssize_t n;

	while (evbuffer_get_length(b)) {
		n = port_write(p, b);
		ck_assert(n > 0 || n == -EAGAIN);
		if (n == -EAGAIN) {
			port_wait(p, false);
			event_base_dispatch(base);
		}
	}
}

/* The user's description of the pipe stays as it is, and ours does not wait. */
START_TEST(shared_pipe)
{
	struct evbuffer *b = evbuffer_new();
	char buf[1000] = { 0 };
	int ends[2], i, n;
	struct port *p;

	begin();
	ck_assert(!pipe(ends));
	p = port(dup(ends[1]), false);
	ck_assert(p);
	for (i = 0; i < 100; i++)
		evbuffer_add(b, buf, sizeof(buf));
	n = (int)port_write(p, b);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(port_write(p, b), -EAGAIN);
	ck_assert_int_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	ck_assert(port_drained(p));
	port_wait(p, false);
	for (i = 0; i < 50; i++)
		ck_assert_int_eq(read(ends[0], buf, sizeof(buf)), sizeof(buf));
	event_base_dispatch(base);
	ck_assert_int_eq(ready, 1);
	close(ends[0]);
	event_base_dispatch(base);
	ck_assert_int_eq(gone, 1);
	ck_assert_int_eq(port_write(p, b), -EPIPE);
	port_free(p);
	evbuffer_free(b);
}
END_TEST

START_TEST(shared_input)
{
	char buf[8];
	int ends[2];
	struct port *p;

	begin();
	ck_assert(!pipe(ends));
	p = port(dup(ends[0]), true);
	ck_assert_int_eq(port_read(p, buf, sizeof(buf)), -EAGAIN);
	ck_assert_int_eq(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(write(ends[1], "abc", 3), 3);
	ck_assert_uint_eq(port_readable(p), 3);
	ck_assert_int_eq(port_read(p, buf, sizeof(buf)), 3);
	close(ends[1]);
	ck_assert_int_eq(port_read(p, buf, sizeof(buf)), 0);
	port_free(p);
}
END_TEST

START_TEST(sockets)
{
	struct evbuffer *b = evbuffer_new();
	char buf[8];
	int pair[2];
	struct port *p;

	begin();
	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	p = port(dup(pair[0]), true);
	ck_assert_int_eq(port_read(p, buf, sizeof(buf)), -EAGAIN);
	evbuffer_add(b, "abc", 3);
	ck_assert_int_eq(port_write(p, b), 3);
	ck_assert_int_eq(read(pair[1], buf, sizeof(buf)), 3);
	ck_assert_int_eq(fcntl(pair[0], F_GETFL) & O_NONBLOCK, 0);
	port_free(p);
	evbuffer_free(b);
}
END_TEST

/* By way of a thread: all is there when it says so. */
START_TEST(files)
{
	struct evbuffer *b = evbuffer_new();
	static char data[1 << 20], back[1 << 20];
	FILE *f = tmpfile();
	struct port *p;
	size_t len = 0;
	ssize_t n;

	begin();
	memset(data, 'x', sizeof(data));
	evbuffer_add(b, data, sizeof(data));
	p = port(dup(fileno(f)), false);
	ck_assert(p);
	put(p, b);
	while (!port_drained(p))
		usleep(1000);
	ck_assert_int_eq(lseek(fileno(f), 0, SEEK_CUR), sizeof(data));
	evbuffer_add(b, "y", 1);
	put(p, b);
	port_end(p);
	while (!port_drained(p))
		usleep(1000);
	ck_assert_int_eq(lseek(fileno(f), 0, SEEK_END), sizeof(data) + 1);
	port_free(p);

	rewind(f);
	p = port(dup(fileno(f)), true);
	while ((n = port_read(p, back, sizeof(back)))) {
		ck_assert(n > 0 || n == -EAGAIN);
		if (n > 0) {
			len += (size_t)n;
			continue;
		}
		port_wait(p, false);
		event_base_dispatch(base);
	}
	ck_assert_uint_eq(len, sizeof(data) + 1);
	port_free(p);
	evbuffer_free(b);
	fclose(f);
}
END_TEST

/* A file has again what its reader did not use, and what the thread has read ahead. */
START_TEST(file_back)
{
	static char data[1 << 20];
	FILE *f = tmpfile();
	struct port *p;
	ssize_t n;
	int err;

	begin();
	ck_assert_uint_eq(fwrite(data, 1, sizeof(data), f), sizeof(data));
	rewind(f);
	p = port(dup(fileno(f)), true);
	while ((n = port_read(p, data, 1000)) == -EAGAIN) {
		port_wait(p, false);
		event_base_dispatch(base);
	}
	ck_assert_int_gt(n, 300);
	while ((err = port_give_back(p, 300)) == -EAGAIN)
		usleep(1000);
	ck_assert_int_eq(err, 0);
	ck_assert_int_eq(lseek(fileno(f), 0, SEEK_CUR), n - 300);
	port_free(p);

	/* Without a thread, and with another reader. */
	p = port_new(base, dup(fileno(f)), true, false, &process, &ops, NULL);
	ck_assert_int_eq(port_read(p, data, 1000), 1000);
	ck_assert_int_eq(read(fileno(f), data, 1), 1);
	ck_assert_int_eq(port_give_back(p, 10), -EBUSY);
	port_free(p);
	p = port_new(base, dup(fileno(f)), true, false, &process, &ops, NULL);
	ck_assert_int_eq(port_read(p, data, 1000), 1000);
	ck_assert_int_eq(port_give_back(p, 1000), 0);
	ck_assert_int_eq(lseek(fileno(f), 0, SEEK_CUR), n - 300 + 1001);
	port_free(p);
	fclose(f);
}
END_TEST

START_TEST(pipe_rest)
{
	struct evbuffer *b = evbuffer_new();
	char buf[8];
	int ends[2];
	struct port *p;

	begin();
	ck_assert(!pipe(ends));
	p = port(dup(ends[0]), true);
	ck_assert(port_is_stream(p));
	ck_assert_int_eq(port_take_all(p, b), 0);
	ck_assert_int_eq(write(ends[1], "abcdef", 6), 6);
	ck_assert_int_eq(port_read(p, buf, 2), 2);
	ck_assert_int_eq(port_give_back(p, 2), -ESPIPE);
	ck_assert_int_eq(port_take_all(p, b), 4);
	ck_assert(!memcmp(evbuffer_pullup(b, -1), "cdef", 4));
	port_free(p);
	evbuffer_free(b);
}
END_TEST

START_TEST(full_device)
{
	struct evbuffer *b = evbuffer_new();
	struct port *p;

	begin();
	p = port(open("/dev/full", O_WRONLY), false);
	evbuffer_add(b, "x", 1);
	ck_assert_int_eq(port_write(p, b), 1);
	event_base_dispatch(base);
	ck_assert_int_eq(gone, 1);
	ck_assert(port_drained(p));
	port_free(p);
	evbuffer_free(b);
}
END_TEST

START_TEST(null)
{
	char buf[8];
	struct port *p;

	begin();
	p = port(open("/dev/null", O_RDONLY), true);
	ck_assert_int_eq(port_read(p, buf, sizeof(buf)), 0);
	port_wait(p, true);
	event_base_dispatch(base);
	ck_assert_int_eq(ready, 1);
	port_free(p);
	ck_assert(!port(-1, true));
}
END_TEST

UNIT_MAIN("port", shared_pipe, shared_input, sockets, files, file_back, pipe_rest,
	  full_device, null)
