// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <unistd.h>
#include "bpmove.h"
#include "json.h"
#include "printable.h"
#include "ranges.h"
#include "usage.h"

static const char usage[] =
	"Usage: bpmove [options] PID... NODE\n"
	"       bpmove [options] --drain NODES [--to NODES]\n"
	"Moves processes that run, without their doing.\n"
	"\n"
	"  NODE             a node's number, or \"master\"\n"
	"  -d, --drain NODES\n"
	"                   moves all processes away from these nodes (see bpsh)\n"
	"  -t, --to NODES   to these in turn; without it to the master\n"
	"  -f, --force      also if open files, timers or shared memory are lost by it\n"
	"  -n, --dry-run    says what would be moved\n"
	"  -v, --verbose    says what was moved\n"
	"  -j, --json       says all in JSON, for programs\n"
	"  -h, --help       this text\n"
	"  -V, --version    version\n";

static const struct option long_options[] = {
	{ "drain", required_argument, NULL, 'd' },
	{ "to", required_argument, NULL, 't' },
	{ "force", no_argument, NULL, 'f' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

struct options {
	const char *drain, *to;
	bool force, dry, verbose, json;
};

/* A process to be moved, and what became of it. */
struct moving {
	struct bproc_drained_t p;
	char name[32];
};

struct list {
	struct moving *m;
	int n;
};

/* Return: false, after it was said, without memory. */
static bool make_room(struct list *l, int n)
{
	l->m = calloc((size_t)n + 1, sizeof(*l->m));
	if (!l->m)
		perror("bpmove");
	return l->m;
}

static void get_name(struct moving *m)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", m->p.pid);
	f = fopen(path, "re");
	if (f && fgets(m->name, sizeof(m->name), f))
		m->name[strcspn(m->name, "\n")] = '\0';
	if (f)
		fclose(f);
}

static const char *node_name(int node, char *buf, size_t size)
{
	if (node == BPROC_NODE_MASTER)
		return "master";
	snprintf(buf, size, "%d", node);
	return buf;
}

/* --- moving --- */

static void move_one(struct moving *m, const struct options *o)
{
	m->p.from = bproc_pidnode(m->p.pid);
	get_name(m);
	if (!o->dry &&
	    bproc_migrate_why(m->p.pid, m->p.to, o->force ? BPROC_MIGRATE_FORCE : 0, &m->p.why))
		m->p.error = errno;
	/* Where it is to be is what counts. */
	if (m->p.error == BE_SAMENODE)
		m->p.error = 0;
}

static const char *reason(const struct moving *m)
{
	const char *why = bproc_whystr(m->p.why);

	if (m->p.error == EAGAIN)
		return "processes are started faster than they can be moved";
	return *why ? why : bproc_strerror(m->p.error);
}

static void tell(const struct moving *m, const struct options *o)
{
	char from[16], to[16];

	if (!m->p.error) {
		if (o->verbose || o->dry)
			print_line(stdout, "%d (%s): %s -> %s", m->p.pid, m->name,
				   node_name(m->p.from, from, sizeof(from)),
				   node_name(m->p.to, to, sizeof(to)));
		return;
	}
	/* a node does not know the names of processes elsewhere */
	if (*m->name)
		print_line(stderr, "bpmove: %d (%s): %s", m->p.pid, m->name, reason(m));
	else
		fprintf(stderr, "bpmove: %d: %s\n", m->p.pid, reason(m));
}

static void tell_json(const struct list *l)
{
	const char *comma = "";
	int i;

	putchar('[');
	for (i = 0; i < l->n; i++) {
		const struct moving *m = &l->m[i];

		printf("%s\n  {\"pid\": %d, \"from\": %d, \"to\": %d, ", comma, m->p.pid,
		       m->p.from, m->p.to);
		json_member("command", m->name);
		printf(", \"moved\": %s", m->p.error ? "false" : "true");
		if (m->p.error) {
			printf(", \"errno\": %d, ", m->p.error);
			json_member("reason", reason(m));
		}
		putchar('}');
		comma = ",";
	}
	puts(l->n ? "\n]" : "]");
}

static int finish(struct list *l, const struct options *o)
{
	int i, ret = 0;

	for (i = 0; i < l->n; i++) {
		ret |= l->m[i].p.error != 0;
		if (!o->json)
			tell(&l->m[i], o);
	}
	if (o->json)
		tell_json(l);
	free(l->m);
	return ret;
}

/* --- some processes --- */

static bool parse_number(const char *text, int *number)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	*number = (int)n;
	return *text >= '0' && *text <= '9' && !*end && !errno && n <= 0x7fffffff;
}

static bool parse_node(const char *text, int *node)
{
	if (!strcmp(text, "master") || !strcmp(text, "-1")) {
		*node = BPROC_NODE_MASTER;
		return true;
	}
	return parse_number(*text == 'n' || *text == '.' ? text + 1 : text, node);
}

static int move_some(int argc, char **argv, const struct options *o)
{
	struct list l = { NULL, 0 };
	int i, node, pid;

	if (!parse_node(argv[argc - 1], &node)) {
		fprintf(stderr, "bpmove: %s: not a node\n", argv[argc - 1]);
		return EXIT_USAGE;
	}
	if (!make_room(&l, argc - 1))
		return 1;
	for (i = 0; i < argc - 1; i++) {
		if (!parse_number(argv[i], &pid) || !pid) {
			fprintf(stderr, "bpmove: %s: not a process's number\n", argv[i]);
			free(l.m);
			return EXIT_USAGE;
		}
		l.m[l.n].p.pid = pid;
		l.m[l.n++].p.to = node;
	}
	for (i = 0; i < l.n; i++)
		move_one(&l.m[i], o);
	return finish(&l, o);
}

/* --- all processes of nodes --- */

/* 0, or an exit status after it was said why not. */
static int get_nodes(struct bproc_node_set_t *set, const char *spec)
{
	if (bproc_nodespec(set, spec) < 0)
		return nodespec_failed("bpmove", spec);
	if (!set->size)
		fprintf(stderr, "bpmove: %s: no such node\n", spec);
	return !set->size;
}

static int drain(const struct options *o)
{
	struct bproc_node_set_t from = BPROC_EMPTY_NODESET, to = BPROC_EMPTY_NODESET;
	int flags = (o->force ? BPROC_MIGRATE_FORCE : 0) | (o->dry ? BPROC_DRAIN_DRY_RUN : 0);
	struct bproc_drained_t *done = NULL;
	struct list l = { NULL, 0 };
	int ret, n;

	ret = get_nodes(&from, o->drain);
	if (!ret)
		ret = get_nodes(&to, o->to ? o->to : "master");
	if (ret)
		goto out;
	ret = 1;
	n = bproc_drain(&from, &to, flags, &done);
	if (n < 0) {
		fprintf(stderr, "bpmove: %s\n",
			errno == EHOSTUNREACH ? "no node is left to move to" : bproc_strerror(errno));
		goto out;
	}
	if (!make_room(&l, n))
		goto out;
	for (; l.n < n; l.n++) {
		l.m[l.n].p = done[l.n];
		get_name(&l.m[l.n]);
	}
	ret = finish(&l, o);
out:
	free(done);
	bproc_nodeset_free(&from);
	bproc_nodeset_free(&to);
	return ret;
}

/* --- the command --- */

int bpmove_command(int argc, char **argv)
{
	struct options o = { NULL, NULL, false, false, false, false };
	int c;

	optind = 0;
	/* "-1" is the master, behind the options. */
	while ((c = getopt_long(argc, argv, "+d:t:fnvjhV", long_options, NULL)) != -1)
		switch (c) {
		case 'd':
			o.drain = optarg;
			break;
		case 't':
			o.to = optarg;
			break;
		case 'f':
			o.force = true;
			break;
		case 'n':
			o.dry = true;
			break;
		case 'v':
			o.verbose = true;
			break;
		case 'j':
			o.json = true;
			break;
		default:
			return common_option(c, "bpmove " VERSION, usage);
		}
	argc -= optind;
	argv += optind;
	if (o.drain ? argc != 0 : argc < 2 || o.to) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return o.drain ? drain(&o) : move_some(argc, argv, &o);
}
