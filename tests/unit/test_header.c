// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include "header.h"
#include "unit.h"

static union {
	struct bproc_stream s;
	char bytes[8192];
} buf;

static char *at;

static void put(const void *p, size_t len)
{
	memcpy(at, p, len);
	at += len;
}

/* A header of an image with 3 groups, 2 I/O elements, 2 children and a directory. */
static struct bproc_stream *image(void)
{
	static const __u32 groups[4] = { 5, 6, 7, 0 };
	struct bproc_io io[2] = {
		{ .fd = 1, .type = BPROC_IO_SOCKET, .flags = BPROC_IO_SEND_INFO },
		{ .fd = 9, .type = BPROC_IO_FILE, .d.file.name = "/dev/null" },
	};

	static const struct bproc_child children[2] = {
		{ .pid = 77, .exit_signal = 17 },
		{ .pid = 78 },
	};

	memset(&buf, 0, sizeof(buf));
	at = (char *)(&buf.s + 1);
	buf.s.magic = BPROC_STREAM_MAGIC;
	buf.s.kind = BPROC_STREAM_IMAGE;
	buf.s.pid = 1234;
	buf.s.ngroups = 3;
	buf.s.iolen = 2;
	buf.s.children = 2;
	buf.s.cwd_len = 5;
	put(groups, sizeof(groups));
	put(io, sizeof(io));
	put(children, sizeof(children));
	put("/tmp", 5);
	buf.s.size = (__u32)(at - buf.bytes);
	return &buf.s;
}

static struct bproc_stream *program(const char *strings, size_t len, int argc, int envc)
{
	struct bproc_stream *s = image();

	s->kind = BPROC_STREAM_EXEC;
	s->path_len = 8;
	s->argc = (__u32)argc;
	s->envc = (__u32)envc;
	s->strings_len = (__u32)len;
	put("/bin/ls", 8);
	put(strings, len);
	s->size = (__u32)(at - buf.bytes);
	return s;
}

static int check(const struct bproc_stream *s)
{
	struct header_parts parts;

	return header_check(s, &parts);
}

START_TEST(good)
{
	struct header_parts parts;
	struct bproc_stream *s = image();

	ck_assert_int_eq(header_check(s, &parts), 0);
	ck_assert_uint_eq(parts.groups[2], 7);
	ck_assert_int_eq(parts.io[1].fd, 9);
	ck_assert_str_eq(parts.cwd, "/tmp");
	ck_assert_int_eq(check(program("ls\0-l\0HOME=/\0", 13, 2, 1)), 0);
	ck_assert_int_eq(check(program("", 0, 0, 0)), 0);
	s = program("ls\0-l\0HOME=/\0", 13, 2, 1);
	s->kind = BPROC_STREAM_FETCH;
	ck_assert_int_eq(check(s), 0);
	s = image();
	s->iolen = BPROC_IO_DEFAULT;
	s->size -= 2 * sizeof(struct bproc_io);
	s->size -= 2 * sizeof(struct bproc_child);
	s->children = 0;
	at = (char *)(s + 1) + 16;
	put("/tmp", 5);
	ck_assert_int_eq(header_check(s, &parts), 0);
	ck_assert_str_eq(parts.cwd, "/tmp");
}
END_TEST

#define REFUSED(change, error)                                                           \
	do {                                                                             \
		struct bproc_stream *s = image();                                        \
                                                                                         \
		change;                                                                  \
		ck_assert_int_eq(check(s), error);                                       \
	} while (0)

START_TEST(fixed_part)
{
	REFUSED(s->magic++, -EPROTO);
	REFUSED(s->kind = 4, -EPROTO);
	REFUSED(s->pid = 1, -EPROTO);
	REFUSED(s->pid = -1, -EPROTO);
	REFUSED(s->size--, -EPROTO);
	REFUSED(s->size++, -EPROTO);
	REFUSED(s->size = sizeof(*s) - 1, -EMSGSIZE);
	REFUSED(s->size = BPROC_STREAM_HEADER_MAX + 1, -EMSGSIZE);
	REFUSED(s->size = 0, -EMSGSIZE);
	REFUSED(s->iolen = 17, -EPROTO);
	REFUSED(s->iolen = -2, -EPROTO);
	REFUSED(s->ngroups = 0x40000001, -EPROTO);
	REFUSED(s->ngroups = 65537, -EPROTO);
	REFUSED(s->cwd_len = 0xffffffff, -EPROTO);
	REFUSED(s->strings_len = 0xffffffff, -EPROTO);
	REFUSED(s->argc = 1, -EPROTO);
}
END_TEST

START_TEST(elements)
{
	struct bproc_io *io = (struct bproc_io *)((char *)(&buf.s + 1) + 16);

	REFUSED(io[0].fd = -1, -EPROTO);
	REFUSED(io[0].type = BPROC_IO_MEMFILE, -EPROTO);
	REFUSED(io[0].flags = 4, -EPROTO);
	REFUSED(memset(io[1].d.file.name, 'x', BPROC_IO_NAME_LEN), -EPROTO);
	REFUSED((void)(s->size -= 1, s->cwd_len -= 1), -EPROTO);
	REFUSED(((char *)(io + 2))[2 * sizeof(struct bproc_child) + 2] = 0, -EPROTO);
	REFUSED(s->children++, -EPROTO);
	REFUSED(s->children = 0xffffffff, -EPROTO);
}
END_TEST

START_TEST(strings)
{
	ck_assert_int_eq(check(program("ls\0-l", 5, 2, 0)), -EPROTO);
	ck_assert_int_eq(check(program("ls\0-l\0", 6, 1, 0)), -EPROTO);
	ck_assert_int_eq(check(program("ls\0-l\0", 6, 2, 1)), -EPROTO);
	ck_assert_int_eq(check(program("ls\0", 3, -1, 2)), -EPROTO);
	program("ls\0", 3, 1, 0);
	buf.s.path_len = 0;
	buf.s.strings_len += 8;
	ck_assert_int_eq(check(&buf.s), -EPROTO);
}
END_TEST

UNIT_MAIN("header", good, fixed_part, elements, strings)
