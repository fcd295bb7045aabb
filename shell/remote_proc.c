// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "own_io.h"
#include "printable.h"
#include "remote_proc.h"

/* How long nodes have for their answer, in ms. */
#define PATIENCE 10000

/* --- /proc --- */

struct stat_fields {
	char state;
	pid_t ppid;
	unsigned long long ticks; /* of the processor */
	unsigned long long start; /* in ticks since the machine's begin */
	long long pages;
};

static bool read_stat(pid_t pid, struct stat_fields *f)
{
	unsigned long long utime, stime;
	char name[64], text[1024], *p;
	ssize_t n;
	int fd, ret = 0;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	/* the name, in brackets, may have brackets in it */
	p = strrchr(text, ')');
	if (p)
		ret = sscanf(p + 1,
			     " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d "
			     "%*d %*d %*d %*d %*d %llu %*u %lld",
			     &f->state, &f->ppid, &utime, &stime, &f->start, &f->pages);
	f->ticks = utime + stime;
	return ret == 6;
}

static void read_command(pid_t pid, char *command, size_t size)
{
	char name[64];
	ssize_t n, i;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/cmdline", pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, command, size - 1);
	if (fd >= 0)
		close(fd);
	while (n > 0 && !command[n - 1])
		n--;
	for (i = 0; i < n; i++)
		if (!command[i])
			command[i] = ' ';
	command[n > 0 ? n : 0] = 0;
	printable(command);
}

static long long uptime(void)
{
	double seconds = 0;
	FILE *f = fopen("/proc/uptime", "re");

	if (f && fscanf(f, "%lf", &seconds) != 1)
		seconds = 0;
	if (f)
		fclose(f);
	return (long long)(seconds * 1000);
}

/* What the ghost shows; false: it is gone. */
static bool look_here(struct remote_proc *p, long long now)
{
	long hz = sysconf(_SC_CLK_TCK);
	struct stat_fields f;
	char name[64];
	struct stat st;

	snprintf(name, sizeof(name), "/proc/%d", p->pid);
	if (stat(name, &st) || !read_stat(p->pid, &f))
		return false;
	p->uid = st.st_uid;
	p->ppid = f.ppid;
	p->state = f.state;
	p->cpu = (long long)f.ticks * 1000 / hz;
	p->elapsed = now - (long long)f.start * 1000 / hz;
	p->memory = -1;
	read_command(p->pid, p->command, sizeof(p->command));
	return true;
}

/* --- on the nodes --- */

bool remote_proc_parse(const char *line, pid_t *pid, char *state, long long *ticks,
		       long long *kib)
{
	pid_t again;
	char end;

	return sscanf(line, "%d %c %lld %lld %d%c", pid, state, ticks, kib, &again,
		      &end) == 5 &&
	       again == *pid && strchr("RSDTtZXIPKW", *state);
}

/*
 * There: a line for each process of ours that is on this node. The nodes' lines come by
 * one pipe, and may be cut where they meet: so the number is said at both ends.
 */
static void answer(const struct remote_proc *p, int n, int node)
{
	long page = sysconf(_SC_PAGESIZE) / 1024;
	struct stat_fields f;
	char line[96];
	int i, len;

	for (i = 0; i < n; i++) {
		if (p[i].node != node || !read_stat(p[i].pid, &f))
			continue;
		len = snprintf(line, sizeof(line), "%d %c %llu %lld %d\n", p[i].pid,
			       f.state, f.ticks, f.pages * page, p[i].pid);
		if (write(STDOUT_FILENO, line, (size_t)len) != len)
			return;
	}
}

static void take_line(struct remote_proc *p, int n, const char *line)
{
	long hz = sysconf(_SC_CLK_TCK);
	long long ticks, kib;
	char state;
	pid_t pid;
	int i;

	if (!remote_proc_parse(line, &pid, &state, &ticks, &kib))
		return;
	for (i = 0; i < n; i++)
		if (p[i].pid == pid) {
			p[i].state = state;
			p[i].memory = kib * 1024;
			if (ticks * 1000 / hz > p[i].cpu)
				p[i].cpu = ticks * 1000 / hz;
		}
}

static void take_answers(struct remote_proc *p, int n, int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char buf[4096], *line, *end;
	size_t len = 0;
	ssize_t got;

	while (poll(&ready, 1, PATIENCE) > 0) {
		got = read(fd, buf + len, sizeof(buf) - 1 - len);
		if (got <= 0)
			return;
		len += (size_t)got;
		buf[len] = 0;
		for (line = buf; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			take_line(p, n, line);
		}
		len = strlen(line);
		memmove(buf, line, len);
		if (len == sizeof(buf) - 1)
			len = 0;
	}
}

/* The nodes that have processes, each once. */
static int find_nodes(const struct remote_proc *p, int n, int *node)
{
	int i, j, nodes = 0;

	for (i = 0; i < n; i++) {
		for (j = 0; j < nodes && node[j] != p[i].node; j++)
			;
		if (j == nodes && !bproc_access(p[i].node, BPROC_X_OK))
			node[nodes++] = p[i].node;
	}
	return nodes;
}

/*
 * Children go there, look, and write what they see to their standard output, which comes
 * back to us. What a node does not say stays as its ghosts show it.
 */
static void ask_nodes(struct remote_proc *p, int n)
{
	int *node = calloc((size_t)n + 1, sizeof(int)),
	    *pid = calloc((size_t)n + 1, sizeof(int));
	int ends[2], i, nodes, ret;
	struct own_io own;

	nodes = node && pid ? find_nodes(p, n, node) : 0;
	if (!nodes || pipe2(ends, O_CLOEXEC))
		goto out;
	if (!own_io_put_aside(&own, ends[1])) {
		close(ends[0]);
		close(ends[1]);
		goto out;
	}
	close(ends[1]);
	ret = bproc_vrfork(nodes, node, pid);
	if (ret >= 0 && ret < nodes) {
		answer(p, n, node[ret]);
		_exit(0);
	}
	own_io_take_back(&own);
	take_answers(p, n, ends[0]);
	close(ends[0]);
	for (i = 0; ret >= 0 && i < nodes; i++)
		if (pid[i] > 0) {
			kill(pid[i], SIGKILL);
			waitpid(pid[i], NULL, 0);
		}
out:
	free(node);
	free(pid);
}

int remote_procs(int node, struct remote_proc **list)
{
	struct bproc_proc_info_t *info;
	int i, n, all = bproc_proclist(node, &info);
	struct remote_proc *p;
	long long now;

	if (all < 0)
		return -1;
	p = calloc((size_t)all + 1, sizeof(*p));
	if (!p) {
		free(info);
		errno = ENOMEM;
		return -1;
	}
	now = uptime();
	for (i = n = 0; i < all; i++) {
		p[n].pid = info[i].pid;
		p[n].node = info[i].node;
		if (look_here(&p[n], now))
			n++;
	}
	free(info);
	if (n)
		ask_nodes(p, n);
	*list = p;
	return n;
}
