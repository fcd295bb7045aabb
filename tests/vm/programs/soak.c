// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * soak moves COUNT NODE...: one process goes round: to each node and back to the master
 * soak forks COUNT NODE...: as many children, on each node in turn, several at a time
 * soak kernel NODE:         what a node's kernel has, -1: the master's: KiB of slab that it
 *                           cannot reclaim, and objects of some kinds
 */
#include "scen.h"
#include <sys/mman.h>

#define SIZE (64 * 1024)
#define AT_ONCE 8

static int nodes[16], nr_nodes;

static unsigned long sum_of(const unsigned char *memory)
{
	unsigned long sum = 0;
	size_t i;

	for (i = 0; i < SIZE; i += 61)
		sum = sum * 31 + memory[i];
	return sum;
}

static void fill(unsigned char *memory)
{
	size_t i;

	for (i = 0; i < SIZE; i++)
		memory[i] = (unsigned char)(i * i >> 7);
}

/* A hop may find all of a daemon's streams in use for the moment. */
static int hop(int node)
{
	struct bproc_move m = { .node = node, .flags = ALL, .iolen = BPROC_IO_DEFAULT };
	int tries = 20;

	while (bp(BPROC_IOC_MOVE, &m)) {
		if ((errno != EAGAIN && errno != EBUSY) || !tries--)
			return errno;
		usleep(100000);
	}
	return 0;
}

static void moves(unsigned int count)
{
	unsigned char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int done = 0;
	unsigned long sum;
	int i, err = 0;
	pid_t pid;

	if (memory == MAP_FAILED)
		give_up("memory");
	pid = fork();
	if (pid == 0) {
		pid = getpid();
		fill(memory);
		sum = sum_of(memory);
		for (i = 0; done < count && !err; done++) {
			err = hop(i == nr_nodes ? BPROC_NODE_MASTER : nodes[i]);
			i = (i + 1) % (nr_nodes + 1);
			if (sum_of(memory) != sum || getpid() != pid)
				err = 255;
		}
		if (err)
			printf("# hop %u: error %d\n", done, err);
		_exit(err ? 1 : 0);
	}
	i = waitpid(pid, &err, 0) == pid ? err : -1;
	check(i == 0, "moves", "status %#x", i);
	fails("and no other end is told of", ECHILD, waitpid(-1, &err, WNOHANG));
}

static void forks(unsigned int count)
{
	struct bproc_move m = { .flags = ALL, .iolen = BPROC_IO_DEFAULT };
	unsigned int begun = 0, ended = 0, bad = 0;
	int status;
	pid_t pid;

	while (ended < count) {
		while (begun < count && begun - ended < AT_ONCE) {
			m.node = nodes[begun % (unsigned int)nr_nodes];
			pid = (pid_t)bp(BPROC_IOC_RFORK, &m);
			if (pid == 0)
				_exit(begun % 100);
			if (pid < 0) {
				check(false, "rfork", "child %u: error %d", begun, errno);
				return;
			}
			begun++;
		}
		if (waitpid(-1, &status, 0) < 0)
			break;
		bad += !WIFEXITED(status) || WEXITSTATUS(status) >= 100;
		ended++;
	}
	check(ended == count && !bad, "forks", "%u ended, %u of them badly", ended, bad);
	fails("each is waited for once", ECHILD, waitpid(-1, &status, WNOHANG));
}

/* Of a kernel's memory only what a leak would add to. */
static void say_unreclaimable(FILE *out)
{
	char text[8192], *at;

	if (slurp("/proc/meminfo", text, sizeof(text)) < 0)
		return;
	at = strstr(text, "SUnreclaim:");
	if (at)
		fprintf(out, "slab %d\n", atoi(at + 11));
}

/* What there is of a process, its files and its memory. */
static const char *const caches[] = {
	"task_struct", "signal_cache", "sighand_cache",	 "pid",	     "cred_jar",
	"files_cache", "filp",	       "vm_area_struct", "anon_vma", "sock_inode_cache",
};

static void say_objects(FILE *out)
{
	FILE *in = fopen("/proc/slabinfo", "r");
	char line[512], name[64];
	unsigned long active;
	size_t i;

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%63s %lu", name, &active) != 2)
			continue;
		for (i = 0; i < sizeof(caches) / sizeof(*caches); i++)
			if (!strcmp(name, caches[i]))
				fprintf(out, "%s %lu\n", name, active);
	}
	if (in)
		fclose(in);
}

static void say_all(FILE *out)
{
	say_unreclaimable(out);
	say_objects(out);
	fflush(out);
}

static int kernel(int node)
{
	char line[128];
	FILE *in;
	pid_t pid;
	int chan;

	if (node == BPROC_NODE_MASTER) {
		say_all(stdout);
		return 0;
	}
	pid = remote_fork(node, &chan);
	if (pid == 0) {
		say_all(fdopen(chan, "w"));
		_exit(0);
	}
	in = pid > 0 ? fdopen(chan, "r") : NULL;
	while (in && fgets(line, sizeof(line), in))
		fputs(line, stdout);
	return !in || end_of(pid);
}

int main(int argc, char **argv)
{
	unsigned int count;
	int i;

	if (argc < 3)
		return 2;
	scen_init(0, argv);
	if (!strcmp(argv[1], "kernel"))
		return kernel(atoi(argv[2]));
	count = (unsigned int)atoi(argv[2]);
	for (i = 3; i < argc && nr_nodes < 16; i++)
		nodes[nr_nodes++] = atoi(argv[i]);
	if (!nr_nodes)
		return 2;
	if (!strcmp(argv[1], "moves"))
		moves(count);
	else if (!strcmp(argv[1], "forks"))
		forks(count);
	else
		return 2;
	return failures != 0;
}
