// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bpsh_io.h"

/* Longest line that -L and -p keep together, in bytes. */
#define LINE_MAX_LEN 65536

/* --- writing --- */

/* Whoever still writes hears of it as of any pipe that nobody reads. */
static void output_failed(struct bpsh_loop *l, int fd)
{
	int i;

	/* A reader that has enough is no fault. */
	if (errno != EPIPE) {
		fprintf(stderr, "bpsh: standard %s: %m\n", fd == 1 ? "output" : "error");
		l->end.failed = true;
	}
	l->gone[fd] = true;
	for (i = 0; i < l->n; i++)
		if (l->p[i].fd[fd] >= 0)
			bpsh_end_output(l, &l->p[i], fd);
}

static void write_all(struct bpsh_loop *l, int fd, const char *buf, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	bpsh_hide_progress(l);
	while (len && !l->gone[fd]) {
		n = write(fd, buf, len);
		if (n < 0 && errno == EAGAIN) {
			poll(&p, 1, -1);
		} else if (n > 0) {
			buf += n;
			len -= (size_t)n;
		} else if (n < 0 && errno != EINTR) {
			output_failed(l, fd);
		}
	}
}

/* --- progress --- */

void bpsh_hide_progress(struct bpsh_loop *l)
{
	static const char erase[] = "\r\033[K";

	if (!l->progress_shown)
		return;
	l->progress_shown = false;
	if (write(STDERR_FILENO, erase, sizeof(erase) - 1) < 0)
		l->progress_due = -1;
}

void bpsh_show_progress(struct bpsh_loop *l)
{
	char text[64];
	int i, ended = 0;

	/* Another job's terminal is none of ours. */
	if (tcgetpgrp(STDERR_FILENO) != getpgrp())
		return;
	for (i = 0; i < l->n; i++)
		ended += !l->p[i].pid || l->p[i].ended;
	if (ended == l->n)
		return;
	snprintf(text, sizeof(text), "\r[%d of %d have ended]\033[K", ended, l->n);
	l->progress_shown = write(STDERR_FILENO, text, strlen(text)) > 0;
}

/* --- output --- */

static void divide(struct bpsh_loop *l, const struct bpsh_process *p)
{
	char text[128];
	int n;

	if (!l->o->divider || l->divided)
		return;
	l->divided = true;
	n = snprintf(
		text, sizeof(text), "%d\t%.70s\n", p->node,
		"----------------------------------------------------------------------");
	write_all(l, STDOUT_FILENO, text, (size_t)n);
}

static void write_line(struct bpsh_loop *l, const struct bpsh_process *p, int fd,
		       const char *line, size_t len)
{
	char prefix[16];

	if (l->o->prefix)
		write_all(l, fd, prefix,
			  (size_t)snprintf(prefix, sizeof(prefix), "%3d: ", p->node));
	write_all(l, fd, line, len);
}

/* Whole lines go out, what is left is kept. */
static void add_lines(struct bpsh_loop *l, struct bpsh_process *p, int fd,
		      const char *buf, size_t len)
{
	char *line = p->line[fd];

	if (!line)
		line = p->line[fd] = malloc(LINE_MAX_LEN);
	if (!line) {
		write_line(l, p, fd, buf, len);
		return;
	}
	while (len && !l->gone[fd]) {
		const char *end = memchr(buf, '\n', len);
		size_t part = end ? (size_t)(end - buf) + 1 : len;

		if (part > LINE_MAX_LEN - p->line_len[fd]) {
			part = LINE_MAX_LEN - p->line_len[fd];
			end = buf;
		}
		memcpy(line + p->line_len[fd], buf, part);
		p->line_len[fd] += part;
		buf += part;
		len -= part;
		if (end) {
			write_line(l, p, fd, line, p->line_len[fd]);
			p->line_len[fd] = 0;
		}
	}
}

void bpsh_end_output(struct bpsh_loop *l, struct bpsh_process *p, int fd)
{
	/* The end first: who still writes then gets SIGPIPE instead of ECONNRESET. */
	if (fd)
		shutdown(p->fd[fd], SHUT_WR);
	close(p->fd[fd]);
	p->fd[fd] = -1;
	if (!fd)
		p->in_closed = true;
	if (fd && p->line_len[fd]) {
		write_line(l, p, fd, p->line[fd], p->line_len[fd]);
		p->line_len[fd] = 0;
	}
	free(p->line[fd]);
	p->line[fd] = NULL;
}

void bpsh_read_output(struct bpsh_loop *l, struct bpsh_process *p, int fd)
{
	ssize_t n = read(p->fd[fd], l->buf, l->o->buffer);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		bpsh_end_output(l, p, fd);
		return;
	}
	if (l->o->fold && fd == 1) {
		bpsh_keep(p, l->buf, (size_t)n);
		return;
	}
	divide(l, p);
	if (l->o->line_buffered)
		add_lines(l, p, fd, l->buf, (size_t)n);
	else
		write_all(l, fd, l->buf, (size_t)n);
}
