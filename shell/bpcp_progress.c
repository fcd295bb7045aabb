// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <sys/bproc.h>
#include <time.h>
#include "bpcp.h"
#include "bpcp_stream.h"
#include "printable.h"

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void show(struct bpcp_count *c, double now)
{
	double mb = (double)c->bytes / 1e6, took = now - c->begin;

	fprintf(stderr, "\r\033[K%9.1f MB %8.1f MB/s %6llu files  %s", mb,
		took > 0 ? mb / took : 0, c->files, printable(c->name));
}

void bpcp_passed(struct bpcp_count *c, size_t bytes, const char *name)
{
	double now;

	c->bytes += bytes;
	if (!c->shows)
		return;
	if (name)
		snprintf(c->name, sizeof(c->name), "%s", name);
	now = seconds_now();
	if (!c->begin)
		c->begin = c->shown = now;
	/* What is done at once needs no picture. */
	if (now - c->begin < 1 || now - c->shown < 0.2)
		return;
	c->shown = now;
	show(c, now);
}

void bpcp_say(struct bpcp_count *c, int node, const char *text)
{
	c->said = true;
	if (node == BPROC_NODE_MASTER)
		print_line(stderr, "bpcp: %s", text);
	else
		print_line(stderr, "bpcp: node %d: %s", node, text);
}

/* Whoever sent it may have left the mark out. */
void bpcp_say_line(struct bpcp_count *c, const struct bpcp_options *o, const char *line)
{
	int node = *line == AT_SOURCE ? o->from : o->to;

	bpcp_say(c, node, line + (*line == AT_SOURCE || *line == AT_SINK));
}

void bpcp_progress_end(struct bpcp_count *c)
{
	if (!c->shows || c->shown == c->begin)
		return;
	show(c, seconds_now());
	fputc('\n', stderr);
}
