// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Measures BProc against what Linux does by itself; a line of a table for each call:
 *
 *	bench stream NODE MIB RUNS	speed of a process image against a TCP copy of as
 *					many bytes between the same two machines
 *	bench move NODE MIB RUNS	time of a MOVE of a process of that size, against the
 *					same copy
 *	bench fork NODE RUNS		RFORK + exit + wait against fork + exec + wait
 *	bench ghosts NODE COUNT		memory of the master for one remote process
 *	bench vector COUNT MIB RUNS COMMAND...
 *					VRFORK of a process of that size onto nodes 0 to
 *					COUNT-1 and its end there, against the command
 *	bench version RUNS		VERSION by the original's system call against the ioctl
 *	bench getppid			nanoseconds of getppid(2)
 *
 * What is compared is done in turn, so that whatever else the machine does hits both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/bproc_legacy.h>

#include "internal.h"

#define MIB (1024 * 1024UL)
#define PIECE (256 * 1024UL)
#define RUNS_MAX 100
#define MASTER "10.23.0.1"
/* fork() and its like in one run: a single one is too short to time. */
#define FORKS 8

static void die(const char *format, ...)
{
	int err = errno;
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", bproc_strerror(err));
	va_end(args);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void print_ratios(double *v, int n)
{
	double mid = median(v, n);

	printf(" %8.2f %8.2f %8.2f\n", v[0], mid, v[n - 1]);
}

static void ends_well(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("wait for %d", pid);
	if (status) {
		fprintf(stderr, "bench: process %d ended with wait status %d\n", pid,
			status);
		exit(1);
	}
}

/* --- streams --- */

/* On the node: takes what comes, and says each time that it has it all. */
static void receive(const struct sockaddr_in *to, size_t size, int runs)
{
	char *piece = malloc(PIECE);
	ssize_t n;
	int fd;

	while (runs--) {
		size_t have = 0;

		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 || !piece ||
		    connect(fd, (const struct sockaddr *)to, sizeof(*to)))
			_exit(10);
		while ((n = read(fd, piece, PIECE)) > 0)
			have += (size_t)n;
		if (n || have != size)
			_exit(11);
		if (write(fd, "", 1) != 1)
			_exit(12);
		close(fd);
	}
	_exit(0);
}

static pid_t start_receiver(int node, size_t size, int runs, int *listener)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	pid_t pid;

	addr.sin_addr.s_addr = inet_addr(MASTER);
	*listener = socket(AF_INET, SOCK_STREAM, 0);
	if (*listener < 0 || bind(*listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(*listener, 1) ||
	    getsockname(*listener, (struct sockaddr *)&addr, &len))
		die("socket");
	pid = bproc_rfork(node);
	if (pid < 0)
		die("rfork to node %d", node);
	if (!pid)
		receive(&addr, size, runs);
	return pid;
}

static double tcp_copy(int listener, const char *memory, size_t size)
{
	int fd = accept(listener, NULL, NULL);
	double start, took;
	size_t done;
	ssize_t n;
	char c;

	if (fd < 0)
		die("accept");
	start = now();
	for (done = 0; done < size; done += (size_t)n) {
		n = write(fd, memory + done, size - done < PIECE ? size - done : PIECE);
		if (n <= 0)
			die("write");
	}
	shutdown(fd, SHUT_WR);
	if (read(fd, &c, 1) != 1)
		die("the receiver's answer");
	took = now() - start;
	close(fd);
	return took;
}

/* From the call until the process, all its memory there, has ended. */
static double image(int node)
{
	double start = now();
	pid_t pid = bproc_rfork(node);

	if (pid < 0)
		die("rfork to node %d", node);
	if (!pid)
		_exit(0);
	ends_well(pid);
	return now() - start;
}

static void *touched(size_t size)
{
	uint64_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t x = 88172645463325252ULL;
	size_t i;

	if (p == MAP_FAILED)
		die("%zu bytes", size);
	for (i = 0; i < size / sizeof(*p); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = x;
	}
	return p;
}

static void bench_stream(int node, size_t mib, int runs)
{
	double tcp[RUNS_MAX], moved[RUNS_MAX], ratio[RUNS_MAX];
	char *memory;
	pid_t receiver;
	int i, listener;

	/* It leaves before there is much to carry. */
	receiver = start_receiver(node, mib * MIB, runs, &listener);
	memory = touched(mib * MIB);
	for (i = 0; i < runs; i++) {
		tcp[i] = tcp_copy(listener, memory, mib * MIB);
		moved[i] = image(node);
		ratio[i] = tcp[i] / moved[i];
	}
	ends_well(receiver);
	printf(" %9.1f %9.1f", (double)mib / median(tcp, runs),
	       (double)mib / median(moved, runs));
	print_ratios(ratio, runs);
}

/* From the call until the process, all its memory there, has ended. */
static double moved(int node)
{
	int go[2], status;
	double start;
	pid_t pid;
	char c;

	if (pipe(go))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		/* Begins when told: the fork is not what is measured. */
		if (read(go[0], &c, 1) != 1 || bproc_move(node))
			_exit(1);
		_exit(0);
	}
	start = now();
	if (write(go[1], "", 1) != 1)
		die("pipe");
	if (waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "bench: a move to node %d: wait status %d\n", node, status);
		exit(1);
	}
	start = now() - start;
	close(go[0]);
	close(go[1]);
	return start;
}

static void bench_move(int node, size_t mib, int runs)
{
	double tcp[RUNS_MAX], move[RUNS_MAX], ratio[RUNS_MAX];
	char *memory;
	pid_t receiver;
	int i, listener;

	receiver = start_receiver(node, mib * MIB, runs, &listener);
	memory = touched(mib * MIB);
	for (i = 0; i < runs; i++) {
		tcp[i] = tcp_copy(listener, memory, mib * MIB);
		move[i] = moved(node);
		ratio[i] = move[i] / tcp[i];
	}
	ends_well(receiver);
	printf(" %9.2f %9.2f", median(tcp, runs), median(move, runs));
	print_ratios(ratio, runs);
}

/* --- forks --- */

static double local_forks(void)
{
	double start = now();
	pid_t pid;
	int i;

	for (i = 0; i < FORKS; i++) {
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid) {
			execl("/bin/true", "true", NULL);
			_exit(127);
		}
		ends_well(pid);
	}
	return (now() - start) / FORKS;
}

static double remote_forks(int node)
{
	double sum = 0;
	int i;

	for (i = 0; i < FORKS; i++)
		sum += image(node);
	return sum / FORKS;
}

static void bench_fork(int node, int runs)
{
	double local[RUNS_MAX], remote[RUNS_MAX], ratio[RUNS_MAX];
	int i;

	for (i = 0; i < runs; i++) {
		local[i] = local_forks();
		remote[i] = remote_forks(node);
		ratio[i] = remote[i] / local[i];
	}
	printf(" %9.2f %9.2f", 1000 * median(local, runs), 1000 * median(remote, runs));
	print_ratios(ratio, runs);
}

/* --- memory --- */

static const char *const fields[] = { "MemFree",  "AnonPages", "Slab",
				      "KernelStack", "PageTables", "Percpu" };
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Free pages that processors keep at hand, which MemFree leaves out, in KiB. */
static double kept_free(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	unsigned long pages, sum = 0;
	char line[128];

	if (!f)
		die("zoneinfo");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %lu", &pages) == 1)
			sum += pages;
	fclose(f);
	return (double)sum * 4;
}

/* In KiB, after what can be dropped was. */
static void read_memory(double *v)
{
	char line[128], name[64];
	unsigned long value;
	FILE *f = fopen("/proc/sys/vm/drop_caches", "w");
	size_t i;

	if (!f || fputs("3\n", f) < 0 || fclose(f))
		die("drop_caches");
	sleep(2);
	f = fopen("/proc/meminfo", "r");
	if (!f)
		die("meminfo");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %lu", name, &value) == 2)
			for (i = 0; i < FIELDS; i++)
				if (!strcmp(name, fields[i]))
					v[i] = (double)value;
	fclose(f);
	v[0] += kept_free();
}

static pid_t start_sleeper(int node)
{
	pid_t pid = bproc_rfork(node);

	if (pid < 0)
		die("rfork to node %d", node);
	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void bench_ghosts(int node, int count)
{
	pid_t *pids = calloc((size_t)count, sizeof(*pids));
	double before[FIELDS] = { 0 }, after[FIELDS] = { 0 }, gone[FIELDS] = { 0 };
	int i, status;
	size_t k;

	if (!pids)
		die("memory");
	/* The first ones make daemons and driver allocate what they keep. */
	for (i = 0; i < 8; i++)
		image(node);
	read_memory(before);
	for (i = 0; i < count; i++)
		pids[i] = start_sleeper(node);
	read_memory(after);
	for (i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < count; i++)
		if (waitpid(pids[i], &status, 0) != pids[i] || !WIFSIGNALED(status))
			die("process %d was not killed", pids[i]);
	read_memory(gone);

	printf("\n%-32s %9s %9s\n", "KiB for each of them", "", "left later");
	for (k = 0; k < FIELDS; k++) {
		int sign = k ? 1 : -1;

		printf("%-32s %9.1f %9.1f\n", k ? fields[k] : "all (free pages)",
		       sign * (after[k] - before[k]) / count,
		       sign * (gone[k] - before[k]) / count);
	}
	free(pids);
}

/* --- the original's system call --- */

#define CALLS 20000

static double call_time(bool old)
{
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC), i;
	struct bproc_version v;
	double start = now();

	for (i = 0; i < CALLS; i++)
		if (old ? syscall(BPROC_LEGACY_NR_64, BPROC_SYS_VERSION, &v) :
			  ioctl(fd, BPROC_IOC_VERSION, &v))
			die("VERSION");
	start = now() - start;
	close(fd);
	return start / CALLS;
}

static void bench_version(int runs)
{
	double ioctls[RUNS_MAX], calls[RUNS_MAX], ratio[RUNS_MAX];
	int i;

	for (i = 0; i < runs; i++) {
		ioctls[i] = call_time(false);
		calls[i] = call_time(true);
		ratio[i] = calls[i] / ioctls[i];
	}
	printf(" %9.2f %9.2f", 1e6 * median(ioctls, runs), 1e6 * median(calls, runs));
	print_ratios(ratio, runs);
}

/* The command's time in seconds. */
static double command_time(char **argv)
{
	double start = now();
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
		execvp(argv[0], argv);
		die("%s", argv[0]);
	}
	ends_well(pid);
	return now() - start;
}

/* Until all of them run; @pids are theirs. */
static double vector_start(int *nodes, int *pids, int count, const char *memory)
{
	double start = now();
	int i, ret;

	for (i = 0; i < count; i++)
		nodes[i] = i;
	ret = bproc_vrfork(count, nodes, pids);
	if (ret < 0)
		die("VRFORK");
	if (ret < count)
		_exit(memory && *memory != 'x');
	for (i = 0; i < count; i++)
		if (pids[i] <= 0) {
			errno = -pids[i];
			die("node %d", i);
		}
	return now() - start;
}

static void bench_vector(int count, size_t mib, int runs, char **command)
{
	double started[RUNS_MAX], ended[RUNS_MAX], theirs[RUNS_MAX], ratio[RUNS_MAX];
	int *nodes = calloc((size_t)count, sizeof(int));
	int *pids = calloc((size_t)count, sizeof(int));
	char *memory = mib ? malloc(mib * MIB) : NULL;
	double start;
	int i, run;

	if (!nodes || !pids || (mib && !memory))
		die("memory");
	if (memory)
		memset(memory, 'x', mib * MIB);
	for (run = 0; run < runs; run++) {
		theirs[run] = command_time(command);
		start = now();
		started[run] = vector_start(nodes, pids, count, memory);
		for (i = 0; i < count; i++)
			ends_well(pids[i]);
		ended[run] = now() - start;
		ratio[run] = ended[run] / theirs[run];
	}
	printf(" %9.2f %9.2f %9.2f", median(theirs, runs), median(started, runs),
	       median(ended, runs));
	print_ratios(ratio, runs);
	free(memory);
	free(pids);
	free(nodes);
}

/* The best of some, which is what the kernel's code takes. */
static void bench_getppid(void)
{
	double best = 1, start;
	int i, k;

	for (k = 0; k < 20; k++) {
		start = now();
		for (i = 0; i < CALLS; i++)
			syscall(SYS_getppid);
		start = (now() - start) / CALLS;
		if (start < best)
			best = start;
	}
	printf("%.1f\n", 1e9 * best);
}

/* How often; 0 if that is no such number. */
static int count_of(const char *text)
{
	int count = atoi(text);

	return count <= RUNS_MAX ? count : 0;
}

int main(int argc, char **argv)
{
	int node = argc > 2 ? atoi(argv[2]) : -1;
	int count = argc > 3 ? atoi(argv[argc - 1]) : 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc == 5 && !strcmp(argv[1], "stream") && count > 0 && count <= RUNS_MAX)
		bench_stream(node, strtoul(argv[3], NULL, 10), count);
	else if (argc == 5 && !strcmp(argv[1], "move") && count > 0 && count <= RUNS_MAX)
		bench_move(node, strtoul(argv[3], NULL, 10), count);
	else if (argc == 4 && !strcmp(argv[1], "fork") && count > 0 && count <= RUNS_MAX)
		bench_fork(node, count);
	else if (argc == 4 && !strcmp(argv[1], "ghosts") && count > 0)
		bench_ghosts(node, count);
	else if (argc > 5 && !strcmp(argv[1], "vector") && node > 0 && count_of(argv[4]) > 0)
		bench_vector(node, strtoul(argv[3], NULL, 10), count_of(argv[4]), argv + 5);
	else if (argc == 3 && !strcmp(argv[1], "version") && node > 0 && node <= RUNS_MAX)
		bench_version(node);
	else if (argc == 2 && !strcmp(argv[1], "getppid"))
		bench_getppid();
	else
		return 2;
	return 0;
}
