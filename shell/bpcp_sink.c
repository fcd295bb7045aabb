// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes as a stream, in its place. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
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
	bool broken, refused;
	int parent; /* the directory that the whole comes into */
	struct record r; /* the last one, and its name: depths share them */
	char name[4096];
};

/* In a report it is one line, whatever names have in them. */
static void tell(struct sink *s, char where, const char *text)
{
	size_t n = strlen(text);
	char *p;

	s->count->errors++;
	if (!s->report) {
		bpcp_say(s->count, where == AT_SOURCE ? s->o->from : s->o->to, text);
	} else if (s->used + n + 2 < s->room) {
		s->report[s->used++] = where;
		p = memcpy(s->report + s->used, text, n);
		while ((p = memchr(p, '\n', (size_t)(s->report + s->used + n - p))))
			*p = '?';
		s->used += n;
		s->report[s->used++] = '\n';
	}
}

__attribute__((format(printf, 2, 3))) static void sink_error(struct sink *s,
							     const char *format, ...)
{
	static char text[8192];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	tell(s, AT_SINK, text);
}

/* The contents of a file; @fd -1: nobody wants them. */
static void take_contents(struct sink *s, int fd, const char *name)
{
	static char buf[CHUNK];
	uint32_t len = 1;

	while (len) {
		if (!read_whole(s->fd, &len, sizeof(len)) || len > sizeof(buf) ||
		    !read_whole(s->fd, buf, len)) {
			s->broken = true;
			return;
		}
		if (fd >= 0 && !write_whole(fd, buf, len)) {
			sink_error(s, "%s: %s", name, strerror(errno));
			fd = -1;
		}
		if (fd >= 0)
			bpcp_passed(s->count, len, name);
	}
}

/*
 * Without set-user-ID and set-group-ID: they would be another user's here. A device, say,
 * stays as it is.
 */
static void preserve(struct sink *s, int fd, const char *name, const struct record *r)
{
	struct timespec t[2] = {
		{ r->seconds[0], (long)r->nanoseconds[0] },
		{ r->seconds[1], (long)r->nanoseconds[1] },
	};
	struct stat st;

	if (!s->o->preserve || (!fstat(fd, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return;
	if (futimens(fd, t))
		sink_error(s, "%s: times: %s", name, strerror(errno));
	if (fchmod(fd, r->mode & 01777))
		sink_error(s, "%s: mode: %s", name, strerror(errno));
}

/* One that is there keeps its mode. */
static int open_file(int dir, const char *name, const struct record *r, bool follow,
		     bool *made)
{
	int flags = O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (follow ? 0 : O_NOFOLLOW);
	int fd = openat(dir, name, flags | O_CREAT | O_EXCL, (r->mode & 0777) | 0200);

	*made = fd >= 0;
	return fd < 0 && errno == EEXIST ? openat(dir, name, flags) : fd;
}

/* Is @st what a record is of, as far as one can know? */
static bool is_itself(const struct sink *s, const struct stat *st)
{
	return s->o->from == s->o->to && st->st_dev == s->r.device && st->st_ino == s->r.inode;
}

static void take_file(struct sink *s, int dir, const char *name, const struct record *r,
		      bool follow)
{
	bool made, good = false;
	int fd = open_file(dir, name, r, follow, &made);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		sink_error(s, "%s: %s", name, strerror(errno));
	else if (is_itself(s, &st))
		sink_error(s, "%s: it would be copied onto itself", name);
	else if (S_ISREG(st.st_mode) && ftruncate(fd, 0))
		sink_error(s, "%s: %s", name, strerror(errno));
	/* A FIFO that nobody reads is not waited for, but a reader that is slow is. */
	else if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK))
		sink_error(s, "%s: %s", name, strerror(errno));
	else
		good = true;
	take_contents(s, good ? fd : -1, name);
	if (!good) {
		if (fd >= 0)
			close(fd);
		return;
	}
	/* It was opened for writing by its owner in any case. */
	if (made && !(r->mode & 0200) && fchmod(fd, st.st_mode & 0777 & ~0200U))
		sink_error(s, "%s: mode: %s", name, strerror(errno));
	preserve(s, fd, name, r);
	if (close(fd))
		sink_error(s, "%s: %s", name, strerror(errno));
	s->count->files++;
}

static void take_link(struct sink *s, int dir, const char *name, const struct record *r)
{
	static char to[4097]; /* not on the stack, which depths share */

	if (r->size >= sizeof(to) || !read_whole(s->fd, to, (size_t)r->size)) {
		s->broken = true;
		return;
	}
	to[r->size] = '\0';
	if (dir == -1)
		return;
	if (symlinkat(to, dir, name) &&
	    (errno != EEXIST || unlinkat(dir, name, 0) || symlinkat(to, dir, name)))
		sink_error(s, "%s: %s", name, strerror(errno));
	s->count->files++;
}

static void take_trouble(struct sink *s, const struct record *r)
{
	static char text[4500];

	if (r->size >= sizeof(text) || !read_whole(s->fd, text, (size_t)r->size)) {
		s->broken = true;
		return;
	}
	text[r->size] = '\0';
	tell(s, AT_SOURCE, text);
}

static bool name_ok(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..") && !strchr(name, '/');
}

static bool get_record(struct sink *s)
{
	struct record *r = &s->r;

	if (!read_whole(s->fd, r, sizeof(*r)) || r->magic != MAGIC ||
	    r->name_len >= sizeof(s->name) || !read_whole(s->fd, s->name, r->name_len)) {
		s->broken = true;
		return false;
	}
	s->name[r->name_len] = '\0';
	if (strlen(s->name) != r->name_len)
		s->broken = true;
	return !s->broken;
}

/* Who sends this is not to be listened to. */
static void refuse(struct sink *s, const char *why)
{
	sink_error(s, "%s: %s", s->name, why);
	s->broken = s->refused = true;
}

static int open_directory(struct sink *s, int dir, const char *name, bool follow)
{
	int fd;

	if (mkdirat(dir, name, (s->r.mode & 0777) | 0700) && errno != EEXIST) {
		sink_error(s, "%s: %s", name, strerror(errno));
		return -1;
	}
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		sink_error(s, "%s: %s", name, strerror(errno));
	return fd;
}

/* Would the directory of the last record get what is made in it, without end? */
static bool is_above(const struct sink *s)
{
	int fd = openat(s->parent, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), up;
	struct stat st, last = { .st_ino = 0 };
	bool found = false;

	while (fd >= 0 && !fstat(fd, &st) &&
	       (st.st_dev != last.st_dev || st.st_ino != last.st_ino)) {
		found = is_itself(s, &st);
		up = found ? -1 : openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = up;
		last = st;
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static void take_entry(struct sink *s, int dir, const char *name, bool follow, int depth);

/* The entries of one directory, to its end. @dir -1: nobody wants them. */
static void take_entries(struct sink *s, int dir, int depth)
{
	while (get_record(s) && s->r.type != UP) {
		if (s->r.type != TROUBLE && !name_ok(s->name)) {
			refuse(s, "no name for it here");
			return;
		}
		take_entry(s, dir, s->name, false, depth);
		if (s->broken)
			return;
	}
}

static void take_directory(struct sink *s, int dir, const char *name, bool follow, int depth)
{
	char *own = strdup(name);
	int fd = -1;

	if (!own || depth >= DEPTH_MAX)
		s->broken = true;
	else if (depth == 0 && is_above(s))
		sink_error(s, "%s: it would be copied into itself", own);
	else if (dir != -1)
		fd = open_directory(s, dir, own, follow);
	if (!s->broken)
		take_entries(s, fd, depth + 1);
	/* Times and mode are those of the end. */
	if (fd >= 0 && !s->broken)
		preserve(s, fd, own, &s->r);
	if (fd >= 0)
		close(fd);
	free(own);
}

/* What the last record is of, as @name in @dir. */
static void take_entry(struct sink *s, int dir, const char *name, bool follow, int depth)
{
	switch (s->r.type) {
	case FILE_FOLLOWS:
		if (dir == -1)
			take_contents(s, -1, name);
		else
			take_file(s, dir, name, &s->r, follow);
		break;
	case LINK:
		take_link(s, dir, name, &s->r);
		break;
	case DIRECTORY:
		take_directory(s, dir, name, follow, depth);
		break;
	case TROUBLE:
		take_trouble(s, &s->r);
		break;
	default:
		s->broken = true;
	}
}

/*
 * The one entry that was asked for, and no other, whatever is sent. @as: what it is to be
 * called; NULL: @name, and then it is no link's that is there.
 */
static void take_all(struct sink *s, int dir, const char *name, const char *as)
{
	bool taken = false;

	while (!s->broken && get_record(s) && s->r.type != END) {
		if (s->r.type != TROUBLE) {
			if (taken || strcmp(s->name, name) || s->r.type == LINK ||
			    (s->r.type == DIRECTORY && !s->o->recursive))
				refuse(s, "nobody asked for it");
			else if (!as && !name_ok(name))
				refuse(s, "no name for it here");
			taken = true;
		}
		if (!s->broken)
			take_entry(s, dir, as ? as : name, as != NULL, 0);
	}
	if (!s->broken && !taken && !s->count->errors)
		sink_error(s, "%s: nothing came", name);
}

void bpcp_sink(int fd, const char *path, const char *target, const struct bpcp_options *o,
	       struct bpcp_count *count, char *report, size_t room)
{
	struct sink s = { .fd = fd, .o = o, .count = count, .report = report, .room = room };
	int dir = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *copy = strdup(path), *to = strdup(target);

	s.parent = dir < 0 && to ? open(dirname(to), O_PATH | O_DIRECTORY | O_CLOEXEC) : dir;
	if (!copy) {
		sink_error(&s, "%s", strerror(errno));
	} else if (dir < 0 && o->into) {
		sink_error(&s, "%s: %s", target, strerror(errno));
		/* The source is to end in peace. */
		take_all(&s, -1, bpcp_last_part(copy), target);
	} else if (dir < 0) {
		take_all(&s, AT_FDCWD, bpcp_last_part(copy), target);
	} else {
		take_all(&s, dir, bpcp_last_part(copy), NULL);
	}
	if (s.parent >= 0)
		close(s.parent);
	free(copy);
	free(to);
	if (s.broken && !s.refused)
		tell(&s, AT_SOURCE, "the connection broke");
	if (s.report && s.used < s.room)
		s.report[s.used] = '\0';
}
