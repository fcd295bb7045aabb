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
	int pid, from, to;
	char name[32];
	bool moved;
	int error, why;
};

/* All of them so far. */
struct list {
	struct moving *m;
	int n, room;
};

static struct moving *add(struct list *l, int pid)
{
	struct moving *more;

	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		more = realloc(l->m, (size_t)l->room * sizeof(*more));
		if (!more)
			return NULL;
		l->m = more;
	}
	memset(&l->m[l->n], 0, sizeof(*l->m));
	l->m[l->n].pid = pid;
	return &l->m[l->n++];
}

static void get_name(struct moving *m)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", m->pid);
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
	m->from = bproc_pidnode(m->pid);
	get_name(m);
	m->error = m->why = 0;
	if (!o->dry &&
	    bproc_migrate_why(m->pid, m->to, o->force ? BPROC_MIGRATE_FORCE : 0, &m->why))
		m->error = errno;
	/* Where it is to be is what counts. */
	if (m->error == BE_SAMENODE)
		m->error = 0;
	m->moved = !m->error;
}

static const char *reason(const struct moving *m)
{
	const char *why = bproc_whystr(m->why);

	return *why ? why : bproc_strerror(m->error);
}

static void tell(const struct moving *m, const struct options *o)
{
	char from[16], to[16];

	if (m->moved) {
		if (o->verbose || o->dry)
			printf("%d (%s): %s -> %s\n", m->pid, m->name,
			       node_name(m->from, from, sizeof(from)),
			       node_name(m->to, to, sizeof(to)));
		return;
	}
	/* a node does not know the names of processes elsewhere */
	if (*m->name)
		fprintf(stderr, "bpmove: %d (%s): %s\n", m->pid, m->name, reason(m));
	else
		fprintf(stderr, "bpmove: %d: %s\n", m->pid, reason(m));
}

static void tell_json(const struct list *l)
{
	const char *comma = "";
	int i;

	putchar('[');
	for (i = 0; i < l->n; i++) {
		const struct moving *m = &l->m[i];

		printf("%s\n  {\"pid\": %d, \"from\": %d, \"to\": %d, ", comma, m->pid,
		       m->from, m->to);
		json_member("command", m->name);
		printf(", \"moved\": %s", m->moved ? "true" : "false");
		if (!m->moved) {
			printf(", \"errno\": %d, ", m->error);
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
		ret |= !l->m[i].moved;
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
	struct list l = { NULL, 0, 0 };
	int i, node, pid;

	if (!parse_node(argv[argc - 1], &node)) {
		fprintf(stderr, "bpmove: %s: not a node\n", argv[argc - 1]);
		return EXIT_USAGE;
	}
	for (i = 0; i < argc - 1; i++) {
		struct moving *m = NULL;

		if (!parse_number(argv[i], &pid) || !pid)
			fprintf(stderr, "bpmove: %s: not a process's number\n", argv[i]);
		else
			m = add(&l, pid);
		if (!m) {
			free(l.m);
			return EXIT_USAGE;
		}
		m->to = node;
	}
	for (i = 0; i < l.n; i++)
		move_one(&l.m[i], o);
	return finish(&l, o);
}

/* --- all processes of nodes --- */

static int get_nodes(struct bproc_node_set_t *set, const char *spec)
{
	if (bproc_nodespec(set, spec) < 0) {
		fprintf(stderr, "bpmove: %s: %s\n", spec,
			errno == EINVAL ? "not a list of nodes" : bproc_strerror(errno));
		return 1;
	}
	if (!set->size)
		fprintf(stderr, "bpmove: %s: no such node\n", spec);
	return !set->size;
}

static int drain(const struct options *o)
{
	struct bproc_node_set_t from = BPROC_EMPTY_NODESET, to = BPROC_EMPTY_NODESET;
	int flags = (o->force ? BPROC_MIGRATE_FORCE : 0) | (o->dry ? BPROC_DRAIN_DRY_RUN : 0);
	struct bproc_drained_t *done = NULL;
	struct list l = { NULL, 0, 0 };
	int ret = 1, i, n;

	if (get_nodes(&from, o->drain) || get_nodes(&to, o->to ? o->to : "master"))
		goto out;
	n = bproc_drain(&from, &to, flags, &done);
	if (n < 0) {
		fprintf(stderr, "bpmove: %s\n",
			errno == EHOSTUNREACH ? "no node is left to move to" : bproc_strerror(errno));
		goto out;
	}
	for (i = 0; i < n; i++) {
		struct moving *m = add(&l, done[i].pid);

		if (!m) {
			perror("bpmove");
			free(l.m);
			goto out;
		}
		m->from = done[i].from;
		m->to = done[i].to;
		m->error = done[i].error;
		m->why = done[i].why;
		m->moved = !m->error;
		get_name(m);
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
