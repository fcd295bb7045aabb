// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bpctl_probe.h"
#include "own_io.h"

/* How long a node has for its answer, in ms. */
#define PATIENCE 5000

const char *probe_line(const char *path)
{
	static char line[256];
	FILE *f = fopen(path, "re");
	char *got = f ? fgets(line, sizeof(line), f) : NULL;

	if (f)
		fclose(f);
	if (!got)
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

bool probe_runs(const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	bool found = false;
	char path[300];

	while (proc && !found && (e = readdir(proc))) {
		const char *comm;

		if (*e->d_name < '0' || *e->d_name > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		comm = probe_line(path);
		found = comm && !strcmp(comm, name);
	}
	if (proc)
		closedir(proc);
	return found;
}

bool probe_listens(unsigned int port)
{
	static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	unsigned int i, at, state;
	char line[512];
	bool found = false;

	for (i = 0; i < 2 && !found; i++) {
		FILE *f = fopen(tables[i], "re");

		while (f && !found && fgets(line, sizeof(line), f))
			/* number, local address:port, remote address:port, state */
			found = sscanf(line, " %*d: %*32[0-9A-Fa-f]:%x %*32[0-9A-Fa-f]:%*x %x",
				       &at, &state) == 2 &&
				at == port && state == 0x0a;
		if (f)
			fclose(f);
	}
	return found;
}

static const char *wanted;

static int is_wanted(const char *path, const struct stat *st, int type, struct FTW *w)
{
	const char *name = path + w->base;
	size_t len = strlen(wanted);

	(void)st;
	return (type == FTW_F || type == FTW_SL) && !strncmp(name, wanted, len) &&
	       !strncmp(name + len, ".ko", 3);
}

bool probe_module_file(const char *name)
{
	struct utsname u;
	char path[128];

	uname(&u);
	snprintf(path, sizeof(path), "/lib/modules/%s", u.release);
	wanted = name;
	return nftw(path, is_wanted, 16, FTW_PHYS) > 0;
}

int probe_kernel_config(const char *option)
{
	char path[128], line[256], set[80];
	struct utsname u;
	int found = 0;
	FILE *f;

	uname(&u);
	snprintf(path, sizeof(path), "/boot/config-%s", u.release);
	f = fopen(path, "re");
	if (!f)
		return -1;
	snprintf(set, sizeof(set), "%s=", option);
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, set, strlen(set));
	fclose(f);
	return found;
}

/* --- clocks --- */

static double wall_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In a child on the node. */
static void say_time(void)
{
	struct utsname u;
	char text[128];
	int n;

	uname(&u);
	n = snprintf(text, sizeof(text), "%.6f %.64s\n", wall_clock(), u.release);
	_exit(write(STDOUT_FILENO, text, (size_t)n) == n ? 0 : 1);
}

/* The child's standard output comes back to ours, which is a pipe meanwhile. */
static pid_t ask(int node, int to)
{
	struct own_io own;
	pid_t pid;

	if (!own_io_put_aside(&own, to))
		return -1;
	pid = bproc_rfork(node);
	if (!pid)
		say_time();
	own_io_take_back(&own);
	return pid;
}

static void probe_clock(int node, struct probe_clock *clock)
{
	double before = wall_clock(), there, after;
	char text[128] = "";
	struct pollfd p;
	size_t len = 0;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return;
	pid = ask(node, ends[1]);
	close(ends[1]);
	p = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	while (pid > 0 && len < sizeof(text) - 1 && !strchr(text, '\n') &&
	       poll(&p, 1, PATIENCE) > 0) {
		n = read(ends[0], text + len, sizeof(text) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		text[len] = '\0';
	}
	after = wall_clock();
	close(ends[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (sscanf(text, "%lf %64s", &there, clock->release) != 2)
		return;
	clock->answered = true;
	/* Some time between the two. */
	if (there < before)
		clock->ahead = there - before;
	else if (there > after)
		clock->ahead = there - after;
}

void probe_clocks(const int *node, int n, struct probe_clock *clock)
{
	int i;

	memset(clock, 0, (size_t)n * sizeof(*clock));
	for (i = 0; i < n; i++)
		probe_clock(node[i], &clock[i]);
}
