// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include "bpsh.h"

static const char usage[] =
	"Usage: bpsh [options] NODES COMMAND [ARGUMENT...]\n"
	"       bpsh -a|-A|-1 [options] COMMAND [ARGUMENT...]\n"
	"Runs COMMAND of this machine on nodes.\n"
	"\n"
	"  -a              on all nodes that are up (NODES \"allup\")\n"
	"  -A              on all nodes that are not down (NODES \"allnotdown\")\n"
	"  -1              on this machine\n"
	"  -n              no input\n"
	"  -N              neither input nor output\n"
	"  -L              write whole lines\n"
	"  -p              write the node's number before each line\n"
	"  -s              one node's output after the other's\n"
	"  -d              the same with a line between nodes\n"
	"  -b BYTES        size of the buffers (default 4096)\n"
	"  -I, --stdin F   input from the node's file F\n"
	"  -O, --stdout F  output to the node's file F\n"
	"  -E, --stderr F  errors to the node's file F\n"
	"  -t, --time      say how long it took\n"
	"  -h, --help      this text\n"
	"  -v, --version   version\n"
	"\n"
	"NODES is a list like 0,3-5,8-  or a state like allup, all!down.\n";

static const struct option long_options[] = {
	{ "stdin", required_argument, NULL, 'I' },
	{ "stdout", required_argument, NULL, 'O' },
	{ "stderr", required_argument, NULL, 'E' },
	{ "time", no_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

struct bpsh {
	struct bpsh_options o;
	const char *nodes;
	bool here; /* -1 */
	struct bproc_node_set_t set;
	struct bpsh_process *p;
	int n;
	char *path;
	char **argv;
	char **envp;
};

extern char **environ;

static void to_null(struct bpsh *b, int fd)
{
	b->o.fd[fd].target = BPSH_FILE;
	b->o.fd[fd].file = "/dev/null";
}

/* Options up to the first other word; -1 to go on, else an exit status. */
static int parse_options(struct bpsh *b, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "+aA1nNLpsdb:I:O:E:tl:hv", long_options,
				NULL)) != -1) {
		switch (c) {
		case 'a':
			b->nodes = "allup";
			break;
		case 'A':
			b->nodes = "allnotdown";
			break;
		case '1':
			b->here = true;
			break;
		case 'N':
			to_null(b, 1);
			to_null(b, 2);
			/* fall through */
		case 'n':
			to_null(b, 0);
			break;
		case 'p':
			b->o.prefix = true;
			/* fall through */
		case 'L':
			b->o.line_buffered = true;
			break;
		case 'd':
			b->o.divider = true;
			/* fall through */
		case 's':
			b->o.sequential = true;
			break;
		case 'b':
			b->o.buffer = strtoul(optarg, NULL, 10);
			if (!b->o.buffer || b->o.buffer > 1 << 24) {
				fprintf(stderr,
					"bpsh: -b %s: a number of bytes is wanted\n",
					optarg);
				return 1;
			}
			break;
		case 'I':
		case 'O':
		case 'E': {
			int fd = c == 'I' ? 0 : c == 'O' ? 1 : 2;

			b->o.fd[fd].target = BPSH_FILE;
			b->o.fd[fd].file = optarg;
			break;
		}
		case 't':
			b->o.time = true;
			break;
		case 'l':
			break; /* rsh's user name */
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'v':
			puts("bpsh " VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return 1;
		}
	}
	return -1;
}

/* As a shell would find it; NULL if there is none. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH"), *end;
	char *full;

	if (strchr(name, '/'))
		return strdup(name);
	for (path = path ? path : "/usr/bin:/bin";; path = end + 1) {
		end = strchrnul(path, ':');
		if (asprintf(&full, "%.*s%s%s", (int)(end - path), path,
			     end == path ? "" : "/", name) < 0)
			return NULL;
		if (!access(full, X_OK))
			return full;
		free(full);
		if (!*end)
			return NULL;
	}
}

/* Names for the machine itself, which rsh's users expect to work. */
static bool is_own_name(const char *name)
{
	char host[256];

	return !strcmp(name, "localhost") || !strcmp(name, "n-1") ||
	       (!gethostname(host, sizeof(host)) && !strcmp(name, host));
}

/* The nodes that @spec means: as bproc_nodespec(), or an address of a node. */
static int find_nodes(struct bpsh *b, const char *spec)
{
	struct bproc_node_set_t all = BPROC_EMPTY_NODESET;
	struct in_addr addr;
	int i;

	if (inet_pton(AF_INET, spec, &addr) != 1)
		return bproc_nodespec(&b->set, spec);
	if (bproc_nodelist(&all) < 0)
		return -1;
	for (i = 0; i < all.size; i++) {
		const struct sockaddr_in *in = (const void *)&all.node[i].addr;

		if (in->sin_addr.s_addr == addr.s_addr)
			bproc_nodeset_add(&b->set, &all.node[i]);
	}
	bproc_nodeset_free(&all);
	return b->set.size;
}

/* BPROC_RANK and BPROC_PROGNAME in front of what we have. */
static bool make_environment(struct bpsh *b)
{
	size_t n = 0, i, j = 2;

	while (environ[n])
		n++;
	b->envp = calloc(n + 3, sizeof(*b->envp));
	if (!b->envp)
		return false;
	b->envp[0] = strdup("BPROC_RANK=XXXXXXX");
	if (asprintf(&b->envp[1], "BPROC_PROGNAME=%s", b->path) < 0)
		return false;
	for (i = 0; i < n; i++)
		if (strncmp(environ[i], "BPROC_RANK=", 11) &&
		    strncmp(environ[i], "BPROC_PROGNAME=", 15))
			b->envp[j++] = environ[i];
	return b->envp[0] != NULL;
}

/* Three sockets for each process, and some of our own. */
static void raise_limit(int processes)
{
	rlim_t need = (rlim_t)processes * 3 + 64;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return;
	limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* A process of this machine, with sockets as the others have. */
static pid_t start_here(struct bpsh *b, struct bpsh_process *p, int rank)
{
	int pair[3][2], fd;
	pid_t pid;

	for (fd = 0; fd < 3; fd++) {
		pair[fd][0] = pair[fd][1] = -1;
		if (b->o.fd[fd].target == BPSH_HERE &&
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair[fd]))
			return -errno;
		if (b->o.fd[fd].target == BPSH_FILE)
			pair[fd][1] = open(b->o.fd[fd].file,
					   O_CLOEXEC | (fd ? O_WRONLY | O_CREAT | O_TRUNC
							   : O_RDONLY),
					   0666);
		if (pair[fd][1] < 0)
			return -errno;
	}
	pid = fork();
	if (!pid) {
		for (fd = 0; fd < 3; fd++)
			dup2(pair[fd][1], fd);
		snprintf(b->envp[0], strlen(b->envp[0]) + 1, "BPROC_RANK=%07d", rank);
		execve(b->path, b->argv, b->envp);
		perror(b->path);
		_exit(127);
	}
	for (fd = 0; fd < 3; fd++) {
		close(pair[fd][1]);
		p->fd[fd] = pair[fd][0];
		if (p->fd[fd] >= 0)
			fcntl(p->fd[fd], F_SETFL, O_NONBLOCK);
	}
	return pid < 0 ? -errno : pid;
}

static int start_there(struct bpsh *b, struct bproc_io_t *io, int iolen)
{
	int *nodes = calloc((size_t)b->n, sizeof(int)),
	    *pids = calloc((size_t)b->n, sizeof(int));
	int i, n = 0, ret = 0;

	if (!nodes || !pids) {
		ret = -1;
		goto out;
	}
	for (i = 0; i < b->n; i++)
		if (b->p[i].node >= 0)
			nodes[n++] = b->p[i].node;
	if (n)
		ret = bproc_vexecmove_io(n, nodes, pids, io, iolen, b->path, b->argv,
					 b->envp);
	if (ret >= 0)
		for (i = n = 0; i < b->n; i++)
			if (b->p[i].node >= 0)
				b->p[i].pid = pids[n++];
out:
	free(nodes);
	free(pids);
	return ret;
}

/* The worst of all, and words for what has no exit status. */
static int collect(struct bpsh *b, int worst)
{
	int i;

	for (i = 0; i < b->n; i++) {
		const struct bpsh_process *p = &b->p[i];
		int status = 255;

		if (!p->ended)
			continue;
		if (WIFEXITED(p->status))
			status = WEXITSTATUS(p->status);
		else
			fprintf(stderr, "%d: Child process exited abnormally (%s)\n",
				p->node, strsignal(WTERMSIG(p->status)));
		if (status > worst)
			worst = status;
	}
	return worst;
}

static int run_all(struct bpsh *b)
{
	struct timespec start, end;
	int listener = -1, worst = 0, i, iolen, fd;
	struct bproc_io_t io[3];

	clock_gettime(CLOCK_MONOTONIC, &start);
	b->p = calloc((size_t)b->n, sizeof(*b->p));
	if (!b->p || !make_environment(b)) {
		perror("bpsh");
		return 1;
	}
	raise_limit(b->n);
	iolen = bpsh_io_prepare(&b->o, io, &listener);
	if (iolen < 0)
		return 1;
	for (i = 0; i < b->n; i++) {
		b->p[i].node = b->set.node[i].node;
		b->p[i].info = b->set.node[i];
		for (fd = 0; fd < 3; fd++)
			b->p[i].fd[fd] = -1;
	}
	if (start_there(b, io, iolen) < 0) {
		fprintf(stderr, "bpsh: %s: %s\n", b->path, bproc_strerror(errno));
		return 1;
	}
	for (i = 0; i < b->n; i++) {
		struct bpsh_process *p = &b->p[i];

		if (p->node < 0)
			p->pid = start_here(b, p, i);
		if (p->pid <= 0) {
			fprintf(stderr, "%d: %s\n", p->node, bproc_strerror(p->pid));
			p->pid = 0;
			worst = 1;
		}
	}
	bpsh_io_run(&b->o, b->p, b->n, listener);
	clock_gettime(CLOCK_MONOTONIC, &end);
	worst = collect(b, worst);
	if (b->o.time) {
		long long us = (end.tv_sec - start.tv_sec) * 1000000LL +
			       (end.tv_nsec - start.tv_nsec) / 1000;

		fprintf(stderr, "%lld.%06lld\n", us / 1000000, us % 1000000);
	}
	return worst;
}

int bpsh_command(int argc, char **argv)
{
	struct bpsh b = { .o.buffer = 4096 };
	int ret;

	ret = parse_options(&b, argc, argv);
	if (ret >= 0)
		return ret;
	if (!b.nodes && !b.here) {
		if (optind >= argc) {
			fputs(usage, stderr);
			return 1;
		}
		b.nodes = argv[optind++];
		/* Options may follow the nodes too. */
		argc -= optind - 1;
		argv += optind - 1;
		optind = 0;
		ret = parse_options(&b, argc, argv);
		if (ret >= 0)
			return ret;
	}
	if (optind >= argc) {
		fputs(usage, stderr);
		return 1;
	}
	b.argv = argv + optind;
	b.path = find_program(b.argv[0]);
	if (!b.path) {
		fprintf(stderr, "bpsh: %s: command not found\n", b.argv[0]);
		return 1;
	}
	if (b.here || is_own_name(b.nodes)) {
		execv(b.path, b.argv);
		perror(b.path);
		return 1;
	}
	b.n = find_nodes(&b, b.nodes);
	if (b.n < 0) {
		fprintf(stderr, "bpsh: %s: %s\n", b.nodes,
			errno == EINVAL ? "not a list of nodes" : bproc_strerror(errno));
		return 1;
	}
	if (!b.n) {
		fprintf(stderr, "bpsh: %s: no such node\n", b.nodes);
		return 0;
	}
	return run_all(&b);
}
