// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes as a stream, in its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bpcp.h"
#include "bpcp_stream.h"
#include "whole.h"

struct sink {
	int fd;
	const struct bpcp_options *o;
	struct bpcp_count *count;
	char *report;
	size_t room, used;
	bool broken;
};

__attribute__((format(printf, 2, 3))) static void sink_error(struct sink *s, const char *format,
							     ...)
{
	va_list ap;
	int n;

	s->count->errors++;
	va_start(ap, format);
	if (s->report) {
		n = vsnprintf(s->report + s->used, s->room - s->used, format, ap);
		if (n > 0 && s->used + (size_t)n + 1 < s->room) {
			s->used += (size_t)n;
			s->report[s->used++] = '\n';
		}
	} else {
		fputs("bpcp: ", stderr);
		vfprintf(stderr, format, ap);
		fputc('\n', stderr);
	}
	va_end(ap);
}

/* Bytes that nobody wants. */
static void pass_over(struct sink *s, uint64_t size)
{
	static char buf[CHUNK];

	while (size && !s->broken) {
		size_t n = size < CHUNK ? (size_t)size : CHUNK;

		if (!read_whole(s->fd, buf, n))
			s->broken = true;
		size -= n;
	}
}

static void set_times(const struct sink *s, int fd, const struct record *r)
{
	struct timespec t[2] = {
		{ r->seconds[0], (long)r->nanoseconds[0] },
		{ r->seconds[1], (long)r->nanoseconds[1] },
	};

	if (!s->o->preserve)
		return;
	if (r->nanoseconds[0] < 1000000000 && r->nanoseconds[1] < 1000000000)
		(void)!futimens(fd, t);
	(void)!fchmod(fd, r->mode & 07777);
}

static void take_file(struct sink *s, int dir, const char *name, const struct record *r,
		      bool follow)
{
	int fd = openat(dir, name,
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK |
				(follow ? 0 : O_NOFOLLOW),
			(r->mode & 0777) | 0200);
	uint64_t left = r->size;
	static char buf[CHUNK];
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		sink_error(s, "%s: %s", name, strerror(errno));
		if (fd >= 0)
			close(fd);
		pass_over(s, r->size);
		return;
	}
	while (left && !s->broken) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		if (!read_whole(s->fd, buf, n)) {
			s->broken = true;
			break;
		}
		left -= n;
		if (!write_whole(fd, buf, n)) {
			sink_error(s, "%s: %s", name, strerror(errno));
			pass_over(s, left);
			break;
		}
		bpcp_passed(s->count, n, name);
	}
	/* It was opened for writing by its owner in any case. */
	if (!s->o->preserve && !(r->mode & 0200))
		(void)!fchmod(fd, st.st_mode & 07777 & ~0200U);
	set_times(s, fd, r);
	if (close(fd))
		sink_error(s, "%s: %s", name, strerror(errno));
	s->count->files++;
}

static void take_link(struct sink *s, int dir, const char *name, const struct record *r)
{
	char to[4097];

	if (r->size >= sizeof(to) || !read_whole(s->fd, to, (size_t)r->size)) {
		s->broken = true;
		return;
	}
	to[r->size] = '\0';
	if (symlinkat(to, dir, name) &&
	    (errno != EEXIST || unlinkat(dir, name, 0) || symlinkat(to, dir, name)))
		sink_error(s, "%s: %s", name, strerror(errno));
	s->count->files++;
}

static void take_trouble(struct sink *s, const struct record *r)
{
	char text[4500];

	if (r->size >= sizeof(text) || !read_whole(s->fd, text, (size_t)r->size)) {
		s->broken = true;
		return;
	}
	text[r->size] = '\0';
	sink_error(s, "%s", text);
}

static bool name_ok(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..") && !strchr(name, '/');
}

static bool get_record(struct sink *s, struct record *r, char *name, size_t room)
{
	if (!read_whole(s->fd, r, sizeof(*r)) || r->magic != MAGIC || r->name_len >= room ||
	    !read_whole(s->fd, name, r->name_len)) {
		s->broken = true;
		return false;
	}
	name[r->name_len] = '\0';
	if (strlen(name) != r->name_len)
		s->broken = true;
	return !s->broken;
}

static int enter(struct sink *s, int dir, const char *name, bool follow)
{
	int fd;

	if (mkdirat(dir, name, 0777) && errno != EEXIST) {
		sink_error(s, "%s: %s", name, strerror(errno));
		return -1;
	}
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		sink_error(s, "%s: %s", name, strerror(errno));
	return fd;
}

/*
 * The entries of one directory, to its end. @dir -1: nobody wants them. @as: what the first
 * level's only entry is to be called; NULL: as it says.
 */
static void take_entries(struct sink *s, int dir, const char *as, int depth)
{
	struct record r;
	char name[4096];
	int fd;

	while (get_record(s, &r, name, sizeof(name))) {
		const char *to = as ? as : name;

		if (r.type == END || r.type == UP) {
			if ((r.type == UP) != (depth > 0))
				s->broken = true;
			else if (r.type == UP && dir >= 0)
				set_times(s, dir, &r);
			return;
		}
		if (r.type != TROUBLE && !as && !name_ok(name)) {
			sink_error(s, "%s: no name for it here", name);
			s->broken = true;
			return;
		}
		switch (r.type) {
		case FILE_FOLLOWS:
			if (dir == -1)
				pass_over(s, r.size);
			else
				take_file(s, dir, to, &r, as != NULL || depth == 0);
			break;
		case LINK:
			if (dir == -1)
				pass_over(s, r.size);
			else
				take_link(s, dir, to, &r);
			break;
		case DIRECTORY:
			if (depth >= DEPTH_MAX) {
				s->broken = true;
				return;
			}
			fd = dir == -1 ? -1 : enter(s, dir, to, as != NULL || depth == 0);
			take_entries(s, fd, NULL, depth + 1);
			if (fd >= 0)
				close(fd);
			break;
		case TROUBLE:
			take_trouble(s, &r);
			break;
		default:
			s->broken = true;
		}
		if (s->broken)
			return;
	}
}

void bpcp_sink(int fd, const char *target, const struct bpcp_options *o,
	       struct bpcp_count *count, char *report, size_t room)
{
	struct sink s = { .fd = fd, .o = o, .count = count, .report = report, .room = room };
	int dir = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 && o->into) {
		sink_error(&s, "%s: %s", target, strerror(errno));
		/* The source is to end in peace. */
		take_entries(&s, -1, NULL, 0);
	} else if (dir < 0) {
		take_entries(&s, AT_FDCWD, target, 0);
	} else {
		take_entries(&s, dir, NULL, 0);
		close(dir);
	}
	if (s.broken)
		sink_error(&s, "the connection broke");
	if (s.report && s.used < s.room)
		s.report[s.used] = '\0';
}
