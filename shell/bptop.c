// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "bptop.h"
#include "json.h"
#include "nodeset.h"
#include "ranges.h"
#include "remote_proc.h"
#include "usage.h"

static const char usage[] =
	"Usage: bptop [options] [NODES]\n"
	"Shows remote processes, the busiest first, and their nodes.\n"
	"\n"
	"  -b, --batch      one picture after the other, not on a terminal\n"
	"  -n, --count N    so many pictures (without end; 1 with -j)\n"
	"  -d, --delay S    seconds between them (2)\n"
	"  -m, --memory     the largest first\n"
	"  -p, --pid        by number\n"
	"  -u, --user USER  this user's alone\n"
	"  -j, --json       in JSON, for programs\n"
	"  -h, --help       this text\n"
	"  -V, --version    version\n"
	"\n"
	"Keys: q ends, P, M and N sort by processor, memory and number, space looks at once.\n";

static const struct option long_options[] = {
	{ "batch", no_argument, NULL, 'b' },	   { "count", required_argument, NULL, 'n' },
	{ "delay", required_argument, NULL, 'd' }, { "memory", no_argument, NULL, 'm' },
	{ "pid", no_argument, NULL, 'p' },	   { "user", required_argument, NULL, 'u' },
	{ "json", no_argument, NULL, 'j' },	   { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },	   { NULL, 0, NULL, 0 },
};

enum order { BY_CPU, BY_MEMORY, BY_PID };

struct options {
	bool batch, json, one_user;
	long count; /* -1: without end */
	double delay;
	uid_t user;
	const char *nodes;
	enum order order;
};

/* A process, and what of a processor it used since the last picture, in percent. */
struct row {
	struct remote_proc p;
	double percent;
};

struct picture {
	struct row *rows;
	int n;
	double when;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- looking --- */

static const struct row *find(const struct picture *in, pid_t pid)
{
	int i;

	for (i = 0; i < in->n; i++)
		if (in->rows[i].p.pid == pid)
			return &in->rows[i];
	return NULL;
}

/* Between two looks, or else over its whole life. */
static double percent(const struct remote_proc *p, const struct picture *before, double when)
{
	const struct row *was = find(before, p->pid);
	double used = (double)p->cpu, ms = (double)p->elapsed;

	if (was && when > before->when) {
		used -= (double)was->p.cpu;
		ms = (when - before->when) * 1000;
	}
	return ms > 0 && used > 0 ? used * 100 / ms : 0;
}

static int by_cpu(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->percent != y->percent)
		return x->percent < y->percent ? 1 : -1;
	return x->p.pid - y->p.pid;
}

static int by_memory(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->p.memory != y->p.memory)
		return x->p.memory < y->p.memory ? 1 : -1;
	return x->p.pid - y->p.pid;
}

static int by_pid(const void *a, const void *b)
{
	return ((const struct row *)a)->p.pid - ((const struct row *)b)->p.pid;
}

static void sort(struct picture *p, enum order order)
{
	static int (*const by[])(const void *, const void *) = { by_cpu, by_memory, by_pid };

	qsort(p->rows, (size_t)p->n, sizeof(*p->rows), by[order]);
}

static int look(struct picture *to, const struct picture *before, const struct options *o,
		const struct bproc_node_set_t *set)
{
	struct remote_proc *list;
	int i, n = remote_procs(BPROC_NODE_ANY, &list);

	to->n = 0;
	to->when = now();
	to->rows = n < 0 ? NULL : calloc((size_t)n + 1, sizeof(*to->rows));
	if (!to->rows)
		return -1;
	for (i = 0; i < n; i++) {
		if (!nodeset_find(set, list[i].node) || (o->one_user && list[i].uid != o->user))
			continue;
		to->rows[to->n].p = list[i];
		to->rows[to->n++].percent = percent(&list[i], before, to->when);
	}
	free(list);
	sort(to, o->order);
	return 0;
}

/* --- showing --- */

static const char *user_text(uid_t uid, char *buf, size_t size)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(buf, size, "%s", pw->pw_name);
	else
		snprintf(buf, size, "%u", uid);
	return buf;
}

static const char *memory_text(long long bytes, char *buf, size_t size)
{
	static const char unit[] = "KMGT";
	double n = (double)bytes / 1024;
	int u = 0;

	if (bytes < 0)
		return "-";
	while (n >= 1000 && unit[u + 1]) {
		n /= 1024;
		u++;
	}
	snprintf(buf, size, n < 10 && u ? "%.1f%c" : "%.0f%c", n, unit[u]);
	return buf;
}

static const char *time_text(long long ms, char *buf, size_t size)
{
	long long s = ms / 1000;

	if (s < 3600)
		snprintf(buf, size, "%lld:%02lld.%02lld", s / 60, s % 60, ms % 1000 / 10);
	else
		snprintf(buf, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
	return buf;
}

/* In at most @most lines; 0: all. How many they were. */
static int print_nodes(const struct picture *p, const struct bproc_node_set_t *set, int most,
		       int width)
{
	static const char more[] = "  ...";
	char line[64];
	int i, j, column = 0, len, lines = 0;

	for (i = 0; i < set->size; i++) {
		const struct bproc_node_info_t *node = &set->node[i];
		double used = 0;
		int n = 0;

		for (j = 0; j < p->n; j++)
			if (p->rows[j].p.node == node->node) {
				used += p->rows[j].percent;
				n++;
			}
		/* Idle ones are counted above. */
		if (!n)
			continue;
		len = snprintf(line, sizeof(line), "%s%d: %d, %.0f%%", column ? "  " : "",
			       node->node, n, used);
		if (column && column + len + (int)sizeof(more) > width) {
			if (++lines == most) {
				puts(more);
				return lines;
			}
			putchar('\n');
			column = 0;
			len -= 2;
			memmove(line, line + 2, (size_t)len + 1);
		}
		fputs(line, stdout);
		column += len;
	}
	if (!column)
		return lines;
	putchar('\n');
	return lines + 1;
}

static void print_table(const struct picture *p, const struct bproc_node_set_t *set, int lines,
			int width)
{
	char user[40], memory[24], used[32];
	/* with the first, an empty one, that of the names, and the one behind the last */
	int i, up = 0, line = 4;

	for (i = 0; i < set->size; i++)
		up += !strcmp(set->node[i].status, "up");
	printf("%d node%s, %d up; %d process%s\n", set->size, set->size == 1 ? "" : "s", up, p->n,
	       p->n == 1 ? "" : "es");
	line += print_nodes(p, set, lines / 2, width);
	printf("\n%5s %7s %-8s S %5s %6s %10s COMMAND\n", "NODE", "PID", "USER", "%CPU", "MEM",
	       "TIME");
	for (i = 0; i < p->n && (!lines || line < lines); i++, line++) {
		const struct remote_proc *r = &p->rows[i].p;
		int room = width - 51;

		user_text(r->uid, user, sizeof(user));
		printf("%5d %7d %-8.8s %c %5.1f %6s %10s %.*s\n", r->node, r->pid, user,
		       r->state, p->rows[i].percent,
		       memory_text(r->memory, memory, sizeof(memory)),
		       time_text(r->cpu, used, sizeof(used)),
		       !lines   ? (int)sizeof(r->command) :
		       room > 0 ? room :
				  0,
		       r->command);
	}
}

static void print_json(const struct picture *p, const struct bproc_node_set_t *set)
{
	char user[40];
	int i;

	fputs("{\"nodes\": [", stdout);
	for (i = 0; i < set->size; i++) {
		printf("%s\n  {\"node\": %d, ", i ? "," : "", set->node[i].node);
		json_member("state", set->node[i].status);
		putchar('}');
	}
	fputs("], \"processes\": [", stdout);
	for (i = 0; i < p->n; i++) {
		const struct remote_proc *r = &p->rows[i].p;
		char state[2] = { r->state, 0 };

		printf("%s\n  {\"node\": %d, \"pid\": %d, ", i ? "," : "", r->node, r->pid);
		json_member("user", user_text(r->uid, user, sizeof(user)));
		fputs(", ", stdout);
		json_member("state", state);
		printf(", \"cpu_percent\": %.1f, \"cpu_ms\": %lld, ", p->rows[i].percent, r->cpu);
		if (r->memory >= 0)
			printf("\"memory\": %lld, ", r->memory);
		json_member("command", r->command);
		putchar('}');
	}
	puts("]}");
}

/* --- the terminal --- */

static struct termios saved;
/* Standard input is another file while nodes are asked. */
static int terminal;

static void restore_and_end(int sig)
{
	/* in the background it is another's, and would stop us */
	if (tcgetpgrp(terminal) == getpgrp())
		tcsetattr(terminal, TCSANOW, &saved);
	signal(sig, SIG_DFL);
	raise(sig);
}

static bool raw(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &saved))
		return false;
	terminal = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (terminal < 0)
		return false;
	t = saved;
	/* Ctrl-C is a key, so that the terminal is left as it was. */
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	signal(SIGTERM, restore_and_end);
	signal(SIGHUP, restore_and_end);
	return !tcsetattr(terminal, TCSANOW, &t);
}

static void terminal_size(int *lines, int *width)
{
	struct winsize w;

	*lines = 24;
	*width = 80;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_row && w.ws_col) {
		*lines = w.ws_row;
		*width = w.ws_col;
	}
}

/* Wait for the next picture, or a key. Return: false to end. */
static bool pause_for(struct options *o, bool keys)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;

	if (poll(&p, keys ? 1 : 0, (int)(o->delay * 1000)) <= 0)
		return true;
	if (read(STDIN_FILENO, &key, 1) != 1)
		return false;
	switch (key) {
	case 'q':
	case 3:
		return false;
	case 'P':
		o->order = BY_CPU;
		break;
	case 'M':
		o->order = BY_MEMORY;
		break;
	case 'N':
		o->order = BY_PID;
		break;
	}
	return true;
}

/* --- the command --- */

static int show(struct options *o)
{
	struct picture before = { NULL, 0, 0 }, p;
	int lines = 0, width = 132, ret = 0;
	bool keys = !o->batch && raw();
	long i;

	for (i = 0; o->count < 0 || i < o->count; i++) {
		struct bproc_node_set_t set = BPROC_EMPTY_NODESET;

		if (i && !pause_for(o, keys))
			break;
		if (bproc_nodespec(&set, o->nodes) < 0) {
			ret = nodespec_failed("bptop", o->nodes);
			break;
		}
		if (!i && !set.size && *o->nodes >= '0' && *o->nodes <= '9') {
			fprintf(stderr, "bptop: %s: no such node\n", o->nodes);
			ret = 1;
			break;
		}
		if (look(&p, &before, o, &set)) {
			fprintf(stderr, "bptop: %s\n", bproc_strerror(errno));
			bproc_nodeset_free(&set);
			ret = 1;
			break;
		}
		if (o->json) {
			print_json(&p, &set);
		} else {
			if (!o->batch) {
				terminal_size(&lines, &width);
				fputs("\033[H\033[J", stdout);
			} else if (i) {
				putchar('\n');
			}
			print_table(&p, &set, lines, width);
		}
		free(before.rows);
		before = p;
		bproc_nodeset_free(&set);
		if (output_lost()) {
			ret = 1;
			break;
		}
	}
	free(before.rows);
	if (keys) {
		tcsetattr(terminal, TCSANOW, &saved);
		close(terminal);
	}
	return ret;
}

static bool set_user(struct options *o, const char *name)
{
	const struct passwd *pw = getpwnam(name);
	char *end;

	o->one_user = true;
	o->user = pw ? pw->pw_uid : (uid_t)strtoul(name, &end, 10);
	return pw || (*name >= '0' && *name <= '9' && !*end);
}

int bptop_command(int argc, char **argv)
{
	struct options o = { .count = -1, .delay = 2, .nodes = "all" };
	char *end;
	int c;

	begin_output();
	optind = 0;
	while ((c = getopt_long(argc, argv, "bn:d:mpu:jhV", long_options, NULL)) != -1)
		switch (c) {
		case 'b':
			o.batch = true;
			break;
		case 'n':
			o.count = strtol(optarg, &end, 10);
			if (*end || end == optarg || o.count < 1)
				goto wrong;
			break;
		case 'd':
			o.delay = strtod(optarg, &end);
			if (*end || end == optarg || !(o.delay >= 0.1 && o.delay <= 86400))
				goto wrong;
			break;
		case 'm':
			o.order = BY_MEMORY;
			break;
		case 'p':
			o.order = BY_PID;
			break;
		case 'u':
			if (!set_user(&o, optarg))
				goto wrong;
			break;
		case 'j':
			o.json = o.batch = true;
			break;
		default:
			return common_option(c, "bptop " VERSION, usage);
		}
	if (optind + 1 < argc)
		goto wrong;
	if (optind < argc)
		o.nodes = argv[optind];
	if (o.json && o.count < 0)
		o.count = 1;
	if (!isatty(STDOUT_FILENO))
		o.batch = true;
	return show(&o);
wrong:
	fputs(usage, stderr);
	return EXIT_USAGE;
}
