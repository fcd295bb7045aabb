// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include "bpsh.h"
#include "ranges.h"
#include "usage.h"

/* Most that -b takes. */
#define BUFFER_MAX (1 << 24)
static const char usage[] =
	"Usage: bpsh [options] NODES COMMAND [ARGUMENT...]\n"
	"       bpsh -a|-A|-1 [options] COMMAND [ARGUMENT...]\n"
	"Runs COMMAND of this machine on nodes.\n"
	"\n"
	"  -a, --up           on all nodes that are up (NODES \"allup\")\n"
	"  -A, --not-down     on all nodes that are not down (NODES \"allnotdown\")\n"
	"  -1, --here         on this machine\n"
	"  -n, --no-input     no input\n"
	"  -N, --no-io        neither input nor output\n"
	"  -L, --lines        write whole lines\n"
	"  -p, --prefix       write the node's number before each line\n"
	"  -s, --sequential   one node's output after the other's\n"
	"  -d, --divide       the same with a line between nodes\n"
	"  -b, --buffer BYTES size of the buffers (default 4096)\n"
	"  -I, --stdin FILE   input from the node's file FILE\n"
	"  -O, --stdout FILE  output to the node's file FILE\n"
	"  -E, --stderr FILE  errors to the node's file FILE\n"
	"  -f, --fold         output at the end, what is the same of several nodes once\n"
	"  -r, --report       say which programs failed with what exit status\n"
	"  -P, --progress     on a terminal, say how many have ended\n"
	"  -T, --pty          on a terminal of the node, for programs that fill the "
	"screen\n"
	"  -t, --time         say how long it took\n"
	"  -l, --login NAME   ignored, for rsh's users\n"
	"  -h, --help         this text\n"
	"  -v, -V, --version  version\n"
	"\n"
	"NODES is a list like 0,3-5,8-  or a state like allup, all!down.\n";

static const struct option long_options[] = {
	{ "up", no_argument, NULL, 'a' },
	{ "not-down", no_argument, NULL, 'A' },
	{ "here", no_argument, NULL, '1' },
	{ "no-input", no_argument, NULL, 'n' },
	{ "no-io", no_argument, NULL, 'N' },
	{ "lines", no_argument, NULL, 'L' },
	{ "prefix", no_argument, NULL, 'p' },
	{ "sequential", no_argument, NULL, 's' },
	{ "divide", no_argument, NULL, 'd' },
	{ "buffer", required_argument, NULL, 'b' },
	{ "stdin", required_argument, NULL, 'I' },
	{ "stdout", required_argument, NULL, 'O' },
	{ "stderr", required_argument, NULL, 'E' },
	{ "fold", no_argument, NULL, 'f' },
	{ "report", no_argument, NULL, 'r' },
	{ "progress", no_argument, NULL, 'P' },
	{ "pty", no_argument, NULL, 'T' },
	{ "time", no_argument, NULL, 't' },
	{ "login", required_argument, NULL, 'l' },
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

static bool parse_size(const char *text, size_t *size)
{
	char *end;

	*size = strtoul(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && *size && *size <= BUFFER_MAX;
}

/* Options up to the first other word; -1 to go on, else an exit status. */
static int parse_options(struct bpsh *b, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "+aA1nNLpsdb:I:O:E:frPTtl:hvV", long_options,
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
			if (!parse_size(optarg, &b->o.buffer)) {
				fprintf(stderr,
					"bpsh: -b %s: not a number of bytes from 1 to "
					"%d\n",
					optarg, BUFFER_MAX);
				return EXIT_USAGE;
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
		case 'f':
			b->o.fold = true;
			break;
		case 'r':
			b->o.report = true;
			break;
		case 'P':
			b->o.progress = true;
			break;
		case 'T':
			b->o.pty = true;
			break;
		case 't':
			b->o.time = true;
			break;
		case 'l':
			break; /* rsh's user name */
		default:
			return common_option(c, "bpsh " VERSION, usage);
		}
	}
	return -1;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
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
		if (!access(full, X_OK) && !is_directory(full))
			return full;
		free(full);
		if (!*end)
			return NULL;
	}
}

/* Names for the machine itself, which rsh's users expect to work, cluster or not. */
static bool is_own_name(const char *name)
{
	char host[256];

	return !strcmp(name, "localhost") || !strcmp(name, "master") ||
	       !strcmp(name, "n-1") ||
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

static int start(struct bpsh *b, struct bproc_io_t *io, int iolen)
{
	int *nodes = calloc((size_t)b->n, sizeof(int)),
	    *pids = calloc((size_t)b->n, sizeof(int));
	int i, ret = -1;

	for (i = 0; nodes && i < b->n; i++)
		nodes[i] = b->p[i].node;
	if (nodes && pids)
		ret = bproc_vexecmove_io(b->n, nodes, pids, io, iolen, b->path, b->argv,
					 b->envp);
	for (i = 0; ret >= 0 && i < b->n; i++)
		b->p[i].pid = pids[i];
	free(nodes);
	free(pids);
	return ret;
}

/* --- what went wrong --- */

/* The files that the user named, as "a, b: ", or nothing. */
static const char *files(const struct bpsh *b)
{
	static char text[1024];
	size_t len = 0;
	int fd;

	text[0] = 0;
	for (fd = 0; fd < 3; fd++) {
		const char *file = b->o.fd[fd].file;

		if (b->o.fd[fd].target == BPSH_FILE && strcmp(file, "/dev/null"))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
						len ? ", " : "", file);
	}
	if (len)
		snprintf(text + len, sizeof(text) - len, ": ");
	return text;
}

/* On this machine we can look for ourselves. */
static bool files_are_at_fault(const struct bpsh *b, int err)
{
	int fd, f;

	for (fd = 0; fd < 3; fd++) {
		if (b->o.fd[fd].target != BPSH_FILE)
			continue;
		f = open(b->o.fd[fd].file, (fd ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
		if (f < 0 && errno == err)
			return true;
		if (f >= 0)
			close(f);
	}
	return false;
}

/* It was not executed: because of the node, of the program, or of a file. */
static void say_not_started(const struct bpsh *b, int node, int err)
{
	bool here = node == BPROC_NODE_MASTER;
	/* We have looked at the program, and nobody has at a node's files. */
	bool file = here ? files_are_at_fault(b, err)
			 : *files(b) && err < BE_BASE && err != ENOEXEC && err != E2BIG;

	if (file && (here || err != EACCES || !bproc_access(node, BPROC_X_OK)))
		fprintf(stderr, "%d: %s%s\n", node, files(b), bproc_strerror(err));
	else if (err >= BE_BASE ||
		 (!here && err == EACCES && bproc_access(node, BPROC_X_OK)))
		fprintf(stderr, "%d: %s\n", node, bproc_strerror(err));
	else
		fprintf(stderr, "%d: %s: %s\n", node, b->path, bproc_strerror(err));
}

/*
 * A process that was executed here but could not move ends with the error's low byte.
 * One that could would have brought its sockets.
 */
static bool could_not_move(const struct bpsh *b, const struct bpsh_process *p)
{
	return p->brought != bpsh_io_sockets(&b->o) && WIFEXITED(p->status) &&
	       WEXITSTATUS(p->status);
}

static void say_not_moved(const struct bpsh *b, const struct bpsh_process *p)
{
	int err = WEXITSTATUS(p->status);

	if (err >= (BE_BASE & 0xff) && err <= (BE_INVALIDPROC & 0xff))
		err += BE_BASE & ~0xff;
	fprintf(stderr, "%d: %s%s\n", p->node, err < BE_BASE ? files(b) : "",
		bproc_strerror(err));
}

/* Was a process killed because its node is gone? */
bool bpsh_lost_node(int node, int status)
{
	char state[BPROC_STATE_LEN + 1];

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
	       bproc_nodestatus(node, state, sizeof(state)) >= 0 &&
	       !strcmp(state, "down");
}

void bpsh_say_killed(int node, int status, bool node_down)
{
	if (node_down)
		fprintf(stderr, "%d: the node went down, and the process with it\n",
			node);
	else
		fprintf(stderr, "%d: Child process exited abnormally (%s)\n", node,
			strsignal(WTERMSIG(status)));
}

static int status_of(const struct bpsh *b, struct bpsh_process *p,
		     const struct bpsh_end *end)
{
	if (could_not_move(b, p)) {
		p->not_moved = true;
		say_not_moved(b, p);
		return 1;
	}
	if (WIFEXITED(p->status))
		return WEXITSTATUS(p->status);
	/* Our own doing. */
	if (WTERMSIG(p->status) == SIGPIPE && end->failed)
		return 1;
	if (WTERMSIG(p->status) != end->signal)
		bpsh_say_killed(p->node, p->status, p->node_down);
	return 255;
}

/* The worst of all. */
static int collect(struct bpsh *b, const struct bpsh_end *end, int worst)
{
	int i, status;

	for (i = 0; i < b->n; i++) {
		if (!b->p[i].ended)
			continue;
		status = status_of(b, &b->p[i], end);
		if (status > worst)
			worst = status;
	}
	return worst > end->failed ? worst : end->failed;
}

/* A shell is to see that we, too, ended by what ended a process of ours. */
static void die_as_they(struct bpsh *b, int sig)
{
	struct rlimit no_core = { 0, 0 };
	int i;

	for (i = 0; i < b->n; i++)
		if (b->p[i].ended && WIFSIGNALED(b->p[i].status) &&
		    WTERMSIG(b->p[i].status) == sig) {
			setrlimit(RLIMIT_CORE, &no_core);
			signal(sig, SIG_DFL);
			raise(sig);
		}
}

static int run_on_terminal(struct bpsh *b)
{
	const struct bproc_node_info_t *node = b->set.node;

	if (b->n != 1) {
		fputs("bpsh: --pty is for one node\n", stderr);
		return EXIT_USAGE;
	}
	/* It is started as a single program, for which nobody else does that. */
	strcpy(b->envp[0], "BPROC_RANK=0000000");
	if (node->node != BPROC_NODE_MASTER)
		return bpsh_pty(node, b->path, b->argv, b->envp);
	/* the terminal is here */
	execve(b->path, b->argv, b->envp);
	say_not_started(b, node->node, errno);
	return 1;
}

static int run_all(struct bpsh *b)
{
	int listener[3], worst = 0, i, iolen, fd;
	struct timespec begun, ended;
	struct bproc_io_t io[3];
	struct bpsh_end end;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	if (b->o.pty)
		bpsh_pty_environment();
	b->p = calloc((size_t)b->n, sizeof(*b->p));
	if (!b->p || !make_environment(b)) {
		perror("bpsh");
		return 1;
	}
	if (b->o.pty)
		return run_on_terminal(b);
	if (!bpsh_io_fits(b->n))
		return 1;
	iolen = bpsh_io_prepare(&b->o, io, listener);
	if (iolen < 0)
		return 1;
	for (i = 0; i < b->n; i++) {
		b->p[i].node = b->set.node[i].node;
		b->p[i].info = b->set.node[i];
		for (fd = 0; fd < 3; fd++)
			b->p[i].fd[fd] = -1;
	}
	bpsh_io_hold_signals();
	if (start(b, io, iolen) < 0) {
		fprintf(stderr, "bpsh: %s: %s\n", b->path, bproc_strerror(errno));
		return 1;
	}
	/* Now it is not theirs. */
	bpsh_io_raise_limit(b->n);
	for (i = 0; i < b->n; i++) {
		struct bpsh_process *p = &b->p[i];

		if (p->pid <= 0) {
			say_not_started(b, p->node, -p->pid);
			p->pid = 0;
			worst = 1;
		}
	}
	end = bpsh_io_run(&b->o, b->p, b->n, listener);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	if (b->o.fold)
		bpsh_fold(b->p, b->n, stdout);
	if (output_lost()) {
		fprintf(stderr, "bpsh: standard output: %m\n");
		end.failed = true;
	}
	worst = collect(b, &end, worst);
	if (b->o.report)
		bpsh_report(b->p, b->n, stderr);
	if (b->o.time) {
		long long us = (ended.tv_sec - begun.tv_sec) * 1000000LL +
			       (ended.tv_nsec - begun.tv_nsec) / 1000;

		fprintf(stderr, "%lld.%06lld\n", us / 1000000, us % 1000000);
	}
	if (end.signal)
		die_as_they(b, end.signal);
	return worst;
}

/* Sockets and files must not get these numbers. */
static void occupy_descriptors(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd ? O_WRONLY : O_RDONLY);
}

static int find_all(struct bpsh *b)
{
	struct bproc_node_info_t here;

	if (!b->here && !is_own_name(b->nodes))
		return find_nodes(b, b->nodes);
	b->nodes = "master";
	if (bproc_nodeinfo(BPROC_NODE_MASTER, &here) || bproc_nodeset_add(&b->set, &here))
		return -1;
	return b->set.size;
}

int bpsh_command(int argc, char **argv)
{
	struct bpsh b = { .o.buffer = 4096 };
	int ret;

	begin_output();
	ret = parse_options(&b, argc, argv);
	if (ret >= 0)
		return ret;
	if (!b.nodes && !b.here) {
		if (optind >= argc) {
			fputs(usage, stderr);
			return EXIT_USAGE;
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
		return EXIT_USAGE;
	}
	if (b.o.pty && (b.o.fold || bpsh_io_sockets(&b.o) != 7)) {
		fputs("bpsh: --pty goes with none of -n, -N, -I, -O, -E and -f\n",
		      stderr);
		return EXIT_USAGE;
	}
	occupy_descriptors();
	b.argv = argv + optind;
	b.path = find_program(b.argv[0]);
	if (!b.path) {
		fprintf(stderr, "bpsh: %s: command not found\n", b.argv[0]);
		return 1;
	}
	if (access(b.path, X_OK) || is_directory(b.path)) {
		fprintf(stderr, "bpsh: %s: %s\n", b.path,
			strerror(is_directory(b.path) ? EISDIR : errno));
		return 1;
	}
	b.n = find_all(&b);
	if (b.n < 0)
		return nodespec_failed("bpsh", b.nodes);
	if (!b.n) {
		fprintf(stderr, "bpsh: %s: no such node\n", b.nodes);
		return 0;
	}
	return run_all(&b);
}
