// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bproc-init: PID 1 of a node that has booted from an image of bproc-mknode. It loads
 * drivers for what the machine has, gets an address, and keeps bpslave running.
 *
 * /etc/bproc/node in the image has a line for each thing, in order:
 *	module NAME...		load these
 *	master HOST		whom bpslave connects to
 *	run PROGRAM ARG...	keep a program running, too
 *
 * On the kernel's command line: ip=..., bproc.master=HOST.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ip.h"
#include "net.h"

#define CONF "/etc/bproc/node"
#define MODPROBE "/usr/sbin/modprobe"
#define MAX_ARGS 32
#define MAX_KEPT 8
#define MAX_MODALIASES 512
#define NETWORK_SECONDS 300

struct kept {
	pid_t pid;
	time_t started;
	bool spared; /* by the kernel, when it kills somebody for his memory */
	char *argv[MAX_ARGS + 1];
};

static struct kept kept[MAX_KEPT];
static int nr_kept;
static char master[256];

static void note(const char *what)
{
	fprintf(stderr, "bproc-init: %s: %m\n", what);
}

static void mount_one(const char *type, const char *where, unsigned long flags,
		      const char *options)
{
	mkdir(where, 0755);
	if (mount(type, where, type, flags, options))
		note(where);
}

static void mount_all(void)
{
	mount_one("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_one("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_one("devtmpfs", "/dev", MS_NOSUID, "mode=755");
	mount_one("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
		  "mode=620,gid=5,ptmxmode=666");
	mount_one("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_one("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755");
	mount_one("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	if (symlink("/proc/self/fd", "/dev/fd") ||
	    symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") ||
	    symlink("/proc/self/fd/2", "/dev/stderr"))
		note("/dev/fd");
}

static void become(char *const argv[])
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	execv(argv[0], argv);
	note(argv[0]);
	_exit(127);
}

/* As bpslave@.service has it. The processes that arrive bring a value of their own. */
static void be_spared(void)
{
	FILE *f = fopen("/proc/self/oom_score_adj", "we");

	if (!f || fputs("-900", f) < 0 || fflush(f))
		note("oom_score_adj");
	if (f)
		fclose(f);
}

static void run(char *const argv[])
{
	pid_t pid = fork();

	if (!pid)
		become(argv);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void load(char *names[], int n)
{
	char *argv[MAX_MODALIASES + 4] = { (char *)MODPROBE, (char *)"-abq" };

	memcpy(argv + 2, names, (size_t)n * sizeof(*names));
	run(argv);
}

static bool read_line(const char *path, char *line, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, line, len - 1);
	close(fd);
	if (n <= 0)
		return false;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	return line[0];
}

static int collect(const char *path, char *aliases[], int n, int depth)
{
	char below[4096], alias[1024];
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir)
		return n;
	while ((e = readdir(dir)) && n < MAX_MODALIASES) {
		if (snprintf(below, sizeof(below), "%s/%s", path, e->d_name) >=
		    (int)sizeof(below))
			continue;
		if (!strcmp(e->d_name, "modalias") &&
		    read_line(below, alias, sizeof(alias)))
			aliases[n++] = strdup(alias);
		else if (e->d_type == DT_DIR && e->d_name[0] != '.' && depth < 12)
			n = collect(below, aliases, n, depth + 1);
	}
	closedir(dir);
	return n;
}

/* What is found may bring more: a bus behind a controller. */
static void load_for_devices(void)
{
	char *aliases[MAX_MODALIASES];
	int before, n = 0, turn, i;

	for (turn = 0; turn < 4; turn++) {
		before = n;
		n = collect("/sys/devices", aliases, 0, 0);
		if (n != before)
			load(aliases, n);
		for (i = 0; i < n; i++)
			free(aliases[i]);
		if (n == before)
			break;
	}
}

static int split(char *line, char *argv[])
{
	int n = 0;
	char *word = strtok(line, " \t\n");

	for (; word && n < MAX_ARGS; word = strtok(NULL, " \t\n"))
		argv[n++] = strdup(word);
	argv[n] = NULL;
	return n;
}

static void start(struct kept *k)
{
	k->started = time(NULL);
	k->pid = fork();
	if (k->pid)
		return;
	if (k->spared)
		be_spared();
	become(k->argv);
}

static void keep(char *argv[], bool spared)
{
	if (nr_kept == MAX_KEPT)
		return;
	kept[nr_kept].spared = spared;
	memcpy(kept[nr_kept].argv, argv, sizeof(kept[0].argv));
	start(&kept[nr_kept++]);
}

/* @early: before there is a network. */
static void follow(bool early)
{
	char line[1024], *argv[MAX_ARGS + 1];
	FILE *conf = fopen(CONF, "re");

	if (!conf)
		note(CONF);
	while (conf && fgets(line, sizeof(line), conf)) {
		int n = line[0] == '#' ? 0 : split(line, argv);

		if (n < 2)
			continue;
		if (!strcmp(argv[0], "module") && early)
			load(argv + 1, n - 1);
		else if (!strcmp(argv[0], "master") && early)
			snprintf(master, sizeof(master), "%s", argv[1]);
		else if (!strcmp(argv[0], "run") && !early)
			keep(memmove(argv, argv + 1, (size_t)n * sizeof(*argv)), false);
	}
	if (conf)
		fclose(conf);
}

static void start_slave(void)
{
	char *argv[MAX_ARGS + 1] = { (char *)"/usr/sbin/bpslave", (char *)"-d", master };

	if (master[0])
		keep(argv, true);
	else
		fputs("bproc-init: no master: bproc.master=HOST on the command line\n",
		      stderr);
}

static void reap(void)
{
	int status, i;
	pid_t pid = wait(&status);

	if (pid < 0) {
		pause();
		return;
	}
	for (i = 0; i < nr_kept; i++) {
		if (kept[i].pid != pid)
			continue;
		fprintf(stderr,
			"bproc-init: %s ended with status %#x, starting it again\n",
			kept[i].argv[0], (unsigned int)status);
		if (time(NULL) - kept[i].started < 2)
			sleep(2);
		start(&kept[i]);
	}
}

int main(void)
{
	struct rlimit core = { 0, RLIM_INFINITY };
	char cmdline[4096] = "";

	if (getpid() != 1) {
		fputs("bproc-init: only for PID 1 of a node's image\n", stderr);
		return 2;
	}
	umask(022);
	mount_all();
	setrlimit(RLIMIT_CORE, &core);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	read_line("/proc/cmdline", cmdline, sizeof(cmdline));
	follow(true);
	load_for_devices();
	ip_parameter(cmdline, "bproc.master", master, sizeof(master));
	if (!net_configure(cmdline, NETWORK_SECONDS))
		fputs("bproc-init: no network; going on without\n", stderr);
	start_slave();
	follow(false);
	for (;;)
		reap();
}
