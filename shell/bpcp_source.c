// SPDX-License-Identifier: GPL-2.0-or-later
/* What is copied, as a stream. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bpcp.h"
#include "bpcp_stream.h"
#include "whole.h"

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
		r.device = st->st_dev;
		r.inode = st->st_ino;
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

	/* Deep in a tree paths are longer than any that one could open. */
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	send_record(s, TROUBLE, NULL, NULL, (uint64_t)n);
	if (!s->broken && !write_whole(s->fd, text, (size_t)n))
		s->broken = true;
	s->count->errors++;
}

/* To its end, wherever that is: files of /proc and /sys have other sizes than they say. */
static void send_file(struct source *s, int fd, const struct stat *st, const char *name,
		      const char *path)
{
	static char buf[CHUNK];
	uint32_t len = 1;
	int err = 0;
	ssize_t n;

	send_record(s, FILE_FOLLOWS, st, name, 0);
	while (len && !s->broken) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = errno;
		len = n > 0 ? (uint32_t)n : 0;
		if (!write_whole(s->fd, &len, sizeof(len)) || !write_whole(s->fd, buf, len))
			s->broken = true;
		bpcp_passed(s->count, len, path);
	}
	s->count->files++;
	if (err)
		send_trouble(s, path, strerror(err));
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
	while (!s->broken && (errno = 0, e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (asprintf(&inner, "%s/%s", path, e->d_name) < 0)
			break;
		send_entry(s, dirfd(d), e->d_name, e->d_name, inner, false);
		free(inner);
	}
	if (!s->broken && errno)
		send_trouble(s, path, strerror(errno));
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

char *bpcp_last_part(char *copy)
{
	size_t n = strlen(copy);
	char *slash;

	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	slash = strrchr(copy, '/');
	return slash ? slash + 1 : copy;
}

void bpcp_source(int fd, const char *path, const struct bpcp_options *o,
		 struct bpcp_count *count)
{
	struct source s = { .fd = fd, .o = o, .count = count };
	char *copy = strdup(path);

	if (copy)
		send_entry(&s, AT_FDCWD, path, bpcp_last_part(copy), path, true);
	else
		send_trouble(&s, path, strerror(errno));
	free(copy);
	send_record(&s, END, NULL, NULL, 0);
	if (s.broken)
		count->errors++;
}
