// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files and trees as a stream of records. Who takes one does not trust it: a name is that
 * of an entry of the present directory, and nothing is written through a link.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "bpcp.h"
#include "whole.h"

#define MAGIC 0x31504342 /* "BCP1" */
#define CHUNK 65536
/* As deep as paths can be at all. */
#define DEPTH_MAX 2048

enum record_type {
	FILE_FOLLOWS = 1, /* @size bytes */
	DIRECTORY,	  /* what follows is in it */
	UP,		  /* so much for the last directory; its times and mode */
	LINK,		  /* @size bytes: where to */
	TROUBLE,	  /* @size bytes: what went wrong at the source */
	END,
};

struct record {
	uint32_t magic;
	uint32_t type;
	uint32_t mode;
	uint32_t name_len;
	int64_t seconds[2];
	uint32_t nanoseconds[2];
	uint64_t size;
};

/* --- progress --- */

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void show(const struct bpcp_count *c, double now)
{
	double mb = (double)c->bytes / 1e6, took = now - c->begin;

	fprintf(stderr, "\r\033[K%9.1f MB %8.1f MB/s %6llu files  %s", mb,
		took > 0 ? mb / took : 0, c->files, c->name);
}

void bpcp_passed(struct bpcp_count *c, size_t bytes, const char *name)
{
	double now;

	c->bytes += bytes;
	if (name)
		snprintf(c->name, sizeof(c->name), "%s", name);
	if (!c->shows)
		return;
	now = seconds_now();
	if (!c->begin)
		c->begin = c->shown = now;
	/* What is done at once needs no picture. */
	if (now - c->begin < 1 || now - c->shown < 0.2)
		return;
	c->shown = now;
	show(c, now);
}

void bpcp_progress_end(struct bpcp_count *c)
{
	if (!c->shows || c->shown == c->begin)
		return;
	show(c, seconds_now());
	fputc('\n', stderr);
}

/* --- source --- */

struct source {
	int fd;
	bool broken;
	const struct bpcp_options *o;
	struct bpcp_count *count;
	int depth;
};

static void send_record(struct source *s, uint32_t type, const struct stat *st,
			const char *name, uint64_t size)
{
	struct record r = { .magic = MAGIC, .type = type, .size = size };

	if (st) {
		r.mode = st->st_mode & 07777;
		r.seconds[0] = st->st_atim.tv_sec;
		r.seconds[1] = st->st_mtim.tv_sec;
		r.nanoseconds[0] = (uint32_t)st->st_atim.tv_nsec;
		r.nanoseconds[1] = (uint32_t)st->st_mtim.tv_nsec;
	}
	r.name_len = name ? (uint32_t)strlen(name) : 0;
	if (s->broken || !write_whole(s->fd, &r, sizeof(r)) ||
	    !write_whole(s->fd, name ? name : "", r.name_len))
		s->broken = true;
}

static void send_trouble(struct source *s, const char *path, const char *why)
{
	char text[4400];
	int n = snprintf(text, sizeof(text), "%s: %s", path, why);

	send_record(s, TROUBLE, NULL, NULL, (uint64_t)n);
	if (!s->broken && !write_whole(s->fd, text, (size_t)n))
		s->broken = true;
	s->count->errors++;
}

static void send_file(struct source *s, int fd, const struct stat *st, const char *name,
		      const char *path)
{
	uint64_t left = (uint64_t)st->st_size;
	static char buf[CHUNK];
	bool short_of = false;
	int err = 0;

	send_record(s, FILE_FOLLOWS, st, name, left);
	while (left && !s->broken) {
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		ssize_t n = short_of ? 0 : read(fd, buf, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			/* What was promised is sent, and told to be wrong. */
			if (n < 0)
				err = errno;
			short_of = true;
			memset(buf, 0, want);
			n = (ssize_t)want;
		}
		if (!write_whole(s->fd, buf, (size_t)n))
			s->broken = true;
		left -= (uint64_t)n;
		bpcp_passed(s->count, (size_t)n, path);
	}
	s->count->files++;
	if (short_of)
		send_trouble(s, path, err ? strerror(err) : "became shorter meanwhile");
}

static void send_entry(struct source *s, int dir, const char *entry, const char *name,
		       const char *path, bool follow);

static void send_tree(struct source *s, int fd, const struct stat *st, const char *name,
		      const char *path)
{
	DIR *d = s->depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	struct dirent *e;
	char *inner;

	if (!d) {
		send_trouble(s, path, s->depth < DEPTH_MAX ? strerror(errno) : "too deep");
		close(fd);
		return;
	}
	s->depth++;
	send_record(s, DIRECTORY, st, name, 0);
	while (!s->broken && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (asprintf(&inner, "%s/%s", path, e->d_name) < 0)
			break;
		send_entry(s, dirfd(d), e->d_name, e->d_name, inner, false);
		free(inner);
	}
	send_record(s, UP, st, NULL, 0);
	s->depth--;
	closedir(d);
}

static void send_link(struct source *s, int dir, const char *entry, const struct stat *st,
		      const char *name, const char *path)
{
	char to[4096];
	ssize_t n = readlinkat(dir, entry, to, sizeof(to));

	if (n < 0) {
		send_trouble(s, path, strerror(errno));
		return;
	}
	send_record(s, LINK, st, name, (uint64_t)n);
	if (!s->broken && !write_whole(s->fd, to, (size_t)n))
		s->broken = true;
	s->count->files++;
}

static void send_entry(struct source *s, int dir, const char *entry, const char *name,
		       const char *path, bool follow)
{
	struct stat st;
	int fd;

	if (fstatat(dir, entry, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW)) {
		send_trouble(s, path, strerror(errno));
		return;
	}
	if (S_ISLNK(st.st_mode)) {
		send_link(s, dir, entry, &st, name, path);
		return;
	}
	if (S_ISDIR(st.st_mode) && !s->o->recursive) {
		send_trouble(s, path, "a directory (without -r)");
		return;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		send_trouble(s, path, "neither a file nor a directory");
		return;
	}
	fd = openat(dir, entry, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0 || fstat(fd, &st)) {
		send_trouble(s, path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		send_tree(s, fd, &st, name, path);
		return;
	}
	send_file(s, fd, &st, name, path);
	close(fd);
}

/* The last part of a path; "." and "/" have none that one could use elsewhere. */
static const char *last_part(char *copy)
{
	size_t n = strlen(copy);
	char *slash;

	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	slash = strrchr(copy, '/');
	return slash ? slash + 1 : copy;
}

void bpcp_source(int fd, char *const *paths, int n, const struct bpcp_options *o,
		 struct bpcp_count *count)
{
	struct source s = { .fd = fd, .o = o, .count = count };
	int i;

	for (i = 0; i < n && !s.broken; i++) {
		char *copy = strdup(paths[i]);

		if (!copy)
			break;
		send_entry(&s, AT_FDCWD, paths[i], last_part(copy), paths[i], true);
		free(copy);
	}
	send_record(&s, END, NULL, NULL, 0);
	if (s.broken)
		count->errors++;
}

/* --- sink --- */

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
