// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vectors NODE...: VRFORK and VEXECMOVE onto these nodes. A node can be given several
 * times, and -1 is the master. "vectors -e" is what VEXECMOVE starts.
 *
 * vectors -m MIB NODE...: VRFORK with so much memory, where some of the nodes may fail:
 * "made N" says how many children there were.
 * vectors -o NODE...: the children of VRFORK write "rank N" to their standard output, "error N" to
 *	their error output.
 * vectors [-m MIB | -o] -n NODE NODE...: the caller goes to the first node before.
 */
#include <sys/mman.h>
#include "scen.h"

#define MAX 512

extern char **environ;

static int nodes[MAX], pids[MAX], n;
/* Where the caller is. */
static int here = BPROC_NODE_MASTER;
static unsigned char *memory;
static size_t size = 4U << 20;
/* What VEXECMOVE executes. */
static char program[32] = "/proc/self/exe";

/* What each child says of itself over its channel. */
struct report {
	int pid;
	int ppid;
	int rank;
	int node;
	unsigned int sum;
	char env[8];
};

static void fill_memory(void)
{
	unsigned int x = 12345;
	size_t i;

	memory = malloc(size);
	if (!memory)
		give_up("memory");
	for (i = 0; i < size; i++)
		memory[i] = (unsigned char)((x = x * 1103515245 + 12345) >> 16);
}

static unsigned int sum_memory(void)
{
	unsigned int sum = 1;
	size_t i;

	for (i = 0; memory && i < size; i++)
		sum = sum * 31 + memory[i];
	return sum;
}

static void say(int rank)
{
	const char *env = getenv("BPROC_RANK");
	struct report r = { .rank = rank };

	r.pid = getpid();
	r.ppid = getppid();
	r.sum = sum_memory();
	snprintf(r.env, sizeof(r.env), "%s", env ? env : "");
	put(CHANNEL, &r, sizeof(r));
}

static long vector(unsigned long request, struct bproc_io *io, int iolen, char **argv)
{
	struct bproc_move m = {
		.flags = ALL,
		.io = P64(io),
		.iolen = iolen,
		.nodes = P64(nodes),
		.nodes_len = (uint32_t)n,
		.pids = P64(pids),
	};

	if (argv) {
		m.path = P64(program);
		m.argv = P64(argv);
		m.envp = P64(environ);
		m.flags |= BPROC_MOVE_LINKED;
	}
	return bp(request, &m);
}

/* Connections that have not said anything yet, behind the listener. */
static struct pollfd silent[2 * MAX + 1];
static int n_silent;

/*
 * One whose image was broken off had a connection, too, and where its machine is off
 * nobody ends that. Return: what the report came by, or -1 if none comes.
 */
static int next_report(int listener, struct report *r)
{
	double end = now() + PATIENCE;
	int i, fd;

	while (now() < end) {
		silent[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
		if (poll(silent, (nfds_t)n_silent + 1, (int)((end - now()) * 1000) + 1) <=
		    0)
			continue;
		for (i = n_silent; i > 0; i--) {
			if (!silent[i].revents)
				continue;
			fd = silent[i].fd;
			silent[i] = silent[n_silent--];
			if (get(fd, r, sizeof(*r)))
				return fd;
			close(fd);
		}
		if (!silent[0].revents || n_silent == 2 * MAX)
			continue;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			silent[++n_silent] =
				(struct pollfd){ .fd = fd, .events = POLLIN };
	}
	return -1;
}

/* The children that were made: each has said what it should, and ends with its rank. */
static void examine(const char *what, int listener, int parent_rank_in_result)
{
	char name[128], env[8];
	int i, j, st, made = 0, heard = 0, right = 0, ended = 0;
	unsigned int sum = parent_rank_in_result ? sum_memory() : 1;
	bool seen[MAX] = { false };

	for (i = 0; i < n; i++)
		made += pids[i] > 0;
	while (heard < made) {
		struct report r;
		int fd = next_report(listener, &r);

		if (fd < 0)
			break;
		heard++;
		for (j = 0; j < n && pids[j] != r.pid; j++)
			;
		snprintf(env, sizeof(env), "%07d", j);
		if (j < n && !seen[j] && r.ppid == getpid() && r.sum == sum &&
		    (!parent_rank_in_result || r.rank == j) && !strcmp(r.env, env) &&
		    node_of(r.pid) ==
			    (nodes[j] == BPROC_NODE_SELF ? here : nodes[j]))
			right++;
		else
			printf("# pid %d rank %d (%d) ppid %d sum %x (%x) env '%s' node "
			       "%d\n",
			       r.pid, r.rank, j, r.ppid, r.sum, sum, r.env,
			       node_of(r.pid));
		if (j < n)
			seen[j] = true;
		put_int(fd, j);
		close(fd);
	}
	while (n_silent)
		close(silent[n_silent--].fd);
	for (i = 0; i < n; i++)
		if (pids[i] > 0) {
			st = end_of(pids[i]);
			if (st == (i & 0x7f) << 8)
				ended++;
			else
				printf("# entry %d, pid %d: status %#x\n", i, pids[i],
				       st);
		}
	snprintf(name, sizeof(name), "%s: all children report", what);
	same(name, made, heard);
	snprintf(name, sizeof(name), "%s: what they should", what);
	same(name, made, right);
	snprintf(name, sizeof(name), "%s: and end with their codes", what);
	same(name, made, ended);
	snprintf(name, sizeof(name), "%s: there are no further children", what);
	fails(name, ECHILD, waitpid(-1, &st, __WALL));
}

static int count_made(void)
{
	int i, made = 0;

	for (i = 0; i < n; i++) {
		made += pids[i] > 0;
		if (pids[i] <= 0)
			printf("# entry %d, node %d: %d\n", i, nodes[i], pids[i]);
	}
	return made;
}

static struct bproc_io io_to_master(int l)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	if (getsockname(l, (struct sockaddr *)&a, &len))
		give_up("getsockname");
	return channel_io(CHANNEL, ntohs(a.sin_port), 0);
}

static int new_listener(void)
{
	unsigned short port;
	int l = listener(&port);

	listen(l, MAX);
	return l;
}

static void vrfork(void)
{
	int l = new_listener();
	struct bproc_io io = io_to_master(l);
	long ret = vector(BPROC_IOC_VRFORK, &io, 1, NULL);

	if (ret >= 0 && ret < n) {
		say((int)ret);
		_exit(get_int(CHANNEL) & 0x7f);
	}
	same("vrfork", n, ret);
	same("vrfork: a child for each", n, count_made());
	examine("vrfork", l, 1);
	close(l);
}

static void vexecmove(void)
{
	char *argv[] = { "vectors", "-e", NULL };
	int l = new_listener();
	struct bproc_io io = io_to_master(l);

	same("vexecmove", n, vector(BPROC_IOC_VEXECMOVE, &io, 1, argv));
	same("vexecmove: a child for each", n, count_made());
	examine("vexecmove", l, 0);
	close(l);
}

static volatile sig_atomic_t signals;

static void count_signal(int sig)
{
	signals += sig == SIGUSR1;
}

/* Nodes may fail: whoever is there is all right. Signals wait until it is over. */
static void some(void)
{
	int l = new_listener();
	struct bproc_io io = io_to_master(l);
	long ret;

	signal(SIGUSR1, count_signal);
	ret = vector(BPROC_IOC_VRFORK, &io, 1, NULL);
	if (ret >= 0 && ret < n) {
		say((int)ret);
		_exit(signals ? -1 : get_int(CHANNEL) & 0x7f);
	}
	same("vrfork", n, ret);
	printf("made %d\nsignals %d\n", count_made(), (int)signals);
	examine("vrfork", l, 1);
	close(l);
}

static void output(void)
{
	long ret = vector(BPROC_IOC_VRFORK, NULL, BPROC_IO_DEFAULT, NULL);
	int i, ended = 0;

	if (ret >= 0 && ret < n) {
		dprintf(1, "rank %ld\n", ret);
		dprintf(2, "error %ld\n", ret);
		_exit(0);
	}
	same("vrfork", n, ret);
	for (i = 0; i < n; i++)
		ended += end_of(pids[i]) == 0;
	same("all end well", n, ended);
}

static void no_program(void)
{
	char *argv[] = { "x", NULL };
	struct bproc_move m = {
		.flags = ALL,
		.iolen = 0,
		.nodes = P64(nodes),
		.nodes_len = (uint32_t)n,
		.pids = P64(pids),
		.path = P64("/no/such/program"),
		.argv = P64(argv),
	};
	int i, bad = 0, st;

	same("a program that is not there", n, bp(BPROC_IOC_VEXECMOVE, &m));
	for (i = 0; i < n; i++)
		bad += pids[i] != -ENOENT;
	same("has its error in each entry", 0, bad);
	fails("and no child", ECHILD, waitpid(-1, &st, __WALL));
}

/* One entry in the middle that cannot be. */
static void bad_node(int bad)
{
	int l = new_listener();
	struct bproc_io io = io_to_master(l);
	int middle = n / 2, was = nodes[middle];
	long ret;

	nodes[middle] = bad;
	ret = vector(BPROC_IOC_VRFORK, &io, 1, NULL);
	if (ret >= 0 && ret < n) {
		say((int)ret);
		_exit(get_int(CHANNEL) & 0x7f);
	}
	same("vrfork with a bad node", n, ret);
	same("which has its error", -BPROC_BE_INVALIDNODE, pids[middle]);
	examine("vrfork with a bad node", l, 1);
	nodes[middle] = was;
	close(l);
}

static void bad_io(void)
{
	struct bproc_io io = { .fd = 5, .type = BPROC_IO_FILE };
	int i, bad = 0, st;

	strcpy(io.d.file.name, "/no/such/file");
	same("an I/O list that cannot be had", n, vector(BPROC_IOC_VRFORK, &io, 1, NULL));
	for (i = 0; i < n; i++)
		bad += pids[i] != -ENOENT;
	same("is the error of each entry", 0, bad);
	fails("and no child", ECHILD, waitpid(-1, &st, __WALL));
}

static void bad_arguments(void)
{
	int keep = n;

	n = 0;
	fails("no entry", EINVAL, vector(BPROC_IOC_VRFORK, NULL, 0, NULL));
	n = BPROC_NODES_MAX * 16;
	fails("too many", EINVAL, vector(BPROC_IOC_VRFORK, NULL, 0, NULL));
	n = keep;
	{
		struct bproc_move m = { .nodes = 8, .nodes_len = 1, .pids = P64(pids) };

		fails("a bad list of nodes", EFAULT, bp(BPROC_IOC_VRFORK, &m));
		m.nodes = P64(nodes);
		m.pids = 8;
		fails("a bad list for results", EFAULT, bp(BPROC_IOC_VRFORK, &m));
		m.pids = P64(pids);
		m.node = 1;
		fails("a single node, too", EINVAL, bp(BPROC_IOC_VRFORK, &m));
	}
}

/* A node has no program but those that it is brought. */
static void go_to(int node)
{
	struct bproc_move m = { .node = node, .flags = ALL, .iolen = BPROC_IO_DEFAULT };
	int from = open(program, O_RDONLY | O_CLOEXEC), to;
	size_t len = from < 0 ? 0 : (size_t)lseek(from, 0, SEEK_END);
	char *copy = malloc(len + 1);

	if (!len || !copy || pread(from, copy, len, 0) != (ssize_t)len)
		give_up(program);
	if (bp(BPROC_IOC_MOVE, &m))
		give_up("move");
	/* Not one that somebody could still write to. */
	to = memfd_create("vectors", 0);
	snprintf(program, sizeof(program), "/proc/self/fd/%d", to);
	if (to < 0 || write(to, copy, len) != (ssize_t)len)
		give_up("memfd");
	from = open(program, O_RDONLY);
	if (from < 0 || dup2(from, to) != to)
		give_up(program);
	close(from);
	free(copy);
}

int main(int argc, char **argv)
{
	int i = 1;
	bool broken = false, writes = false;

	if (argc > 1 && !strcmp(argv[1], "-e")) {
		say(-1);
		return get_int(CHANNEL) & 0x7f;
	}
	scen_init(argc, argv);
	if (argc > i + 1 && !strcmp(argv[i], "-m")) {
		broken = true;
		size = (size_t)atoi(argv[i + 1]) << 20;
		i += 2;
	} else if (argc > i && !strcmp(argv[i], "-o")) {
		writes = true;
		i++;
	}
	if (argc > i + 1 && !strcmp(argv[i], "-n")) {
		here = atoi(argv[i + 1]);
		i += 2;
	}
	for (; i < argc && n < MAX; i++)
		nodes[n++] = atoi(argv[i]);
	if (!getenv("BPROC_RANK")) {
		setenv("BPROC_RANK", "XXXXXXX", 1);
		execv("/proc/self/exe", argv);
		give_up("exec");
	}
	fill_memory();
	if (here != BPROC_NODE_MASTER)
		go_to(here);
	if (broken || writes) {
		if (broken)
			some();
		else
			output();
		return failures != 0;
	}
	vrfork();
	vexecmove();
	no_program();
	bad_node(BPROC_NODES_MAX + 7);
	bad_node(BPROC_NODES_MAX - 1);
	bad_io();
	bad_arguments();
	return failures != 0;
}
