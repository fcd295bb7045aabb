// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bpstat.h"
#include "nodeset.h"
#include "usage.h"

static const char usage[] =
	"Usage: bpstat [options] [NODES...]\n"
	"Shows the nodes of the cluster.\n"
	"\n"
	"  -c, --compact    a table, like nodes together (default)\n"
	"  -l, --long       a line for each node\n"
	"  -a, --addresses  addresses\n"
	"  -s, --states     states\n"
	"  -n, --numbers    numbers\n"
	"  -t, --total      how many nodes there are\n"
	"  -S, --by-state   sort by state, then number (default of -c)\n"
	"  -N, --by-number  sort by number (default of the others)\n"
	"  -O, --as-given   as NODES says\n"
	"  -R, --reverse    the other way round\n"
	"  -U, --update     go on showing the table\n"
	"  -L, --lock       print anew only after a change\n"
	"  -w, --watch      go on with a line for each change of a state\n"
	"  -j, --json       in JSON, for programs\n"
	"  -A, --host HOST  number of the node with this name or address\n"
	"  -p, --processes  remote processes\n"
	"  -P, --ps         ps(1)'s output from stdin, with a column of nodes\n"
	"  -h, --help       this text\n"
	"  -v, -V, --version\n"
	"                   version\n";

static const struct option long_options[] = {
	{ "compact", no_argument, NULL, 'c' },	  { "long", no_argument, NULL, 'l' },
	{ "addresses", no_argument, NULL, 'a' },  { "states", no_argument, NULL, 's' },
	{ "numbers", no_argument, NULL, 'n' },	  { "total", no_argument, NULL, 't' },
	{ "by-state", no_argument, NULL, 'S' },	  { "by-number", no_argument, NULL, 'N' },
	{ "as-given", no_argument, NULL, 'O' },	  { "reverse", no_argument, NULL, 'R' },
	{ "update", no_argument, NULL, 'U' },	  { "lock", no_argument, NULL, 'L' },
	{ "watch", no_argument, NULL, 'w' },	  { "json", no_argument, NULL, 'j' },
	{ "host", required_argument, NULL, 'A' }, { "processes", no_argument, NULL, 'p' },
	{ "ps", no_argument, NULL, 'P' },	  { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },	  { NULL, 0, NULL, 0 },
};

/* Exit status of what was to print something, and would have been @status. */
static int printed(int status)
{
	if (!output_lost())
		return status;
	fprintf(stderr, "bpstat: standard output: %m\n");
	return 1;
}

static int print_nodes(const struct bpstat_options *o)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int status = bpstat_nodes(o, &set);

	if (!status)
		bpstat_print(o, &set);
	bproc_nodeset_free(&set);
	return printed(status);
}

static int print_repeatedly(const struct bpstat_options *o)
{
	struct pollfd p = { .fd = bproc_notifier(), .events = POLLIN };
	unsigned long long changes;
	int status;

	if (p.fd < 0) {
		fprintf(stderr, "bpstat: %s\n", bproc_strerror(errno));
		return 1;
	}
	do {
		status = print_nodes(o);
		if (status)
			return status;
	} while (poll(&p, 1, -1) > 0 && read(p.fd, &changes, sizeof(changes)) > 0);
	return 1;
}

static int print_host(const char *host)
{
	struct addrinfo hints = { .ai_family = AF_INET }, *list, *a;
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int i, err, found = 1;

	err = getaddrinfo(host, NULL, &hints, &list);
	if (err) {
		fprintf(stderr, "bpstat: %s: %s\n", host, gai_strerror(err));
		return 1;
	}
	if (bpstat_all_nodes(&set)) {
		freeaddrinfo(list);
		return 1;
	}
	for (a = list; a && found; a = a->ai_next)
		for (i = 0; i < set.size && found; i++) {
			const struct sockaddr_in *x = (const void *)a->ai_addr;
			const struct sockaddr_in *y = (const void *)&set.node[i].addr;

			if (y->sin_family != AF_INET ||
			    x->sin_addr.s_addr != y->sin_addr.s_addr)
				continue;
			printf("%d\n", set.node[i].node);
			found = 0;
		}
	if (found)
		fprintf(stderr, "bpstat: %s: no node has this address\n", host);
	freeaddrinfo(list);
	bproc_nodeset_free(&set);
	return printed(found);
}

/*
 * All remote processes, and in @set the nodes that the options name, if they do. How many
 * processes; a negative exit status after it was said why not.
 */
static int get_processes(const struct bpstat_options *o, struct bproc_node_set_t *set,
			 struct bproc_proc_info_t **list)
{
	int n, status = o->specs ? bpstat_nodes(o, set) : 0;

	if (status)
		return -status;
	n = bproc_proclist(BPROC_NODE_ANY, list);
	if (n < 0)
		fprintf(stderr, "bpstat: %s\n", bproc_strerror(errno));
	return n < 0 ? -1 : n;
}

static int print_processes(const struct bpstat_options *o)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	struct bproc_proc_info_t *list = NULL;
	int i, meant = 0, n = get_processes(o, &set, &list);

	for (i = 0; i < n; i++)
		if (!o->specs || nodeset_find(&set, list[i].node))
			list[meant++] = list[i];
	if (n >= 0)
		bpstat_print_processes(list, meant, o->json);
	free(list);
	bproc_nodeset_free(&set);
	return printed(n < 0 ? -n : 0);
}

/* Where the word "PID" ends in ps's first line; the numbers end there too. */
static size_t pid_column(const char *line)
{
	const char *p = line;

	while ((p = strstr(p, "PID")) != NULL) {
		bool starts = p == line || p[-1] == ' ';

		p += 3;
		if (starts && (*p == ' ' || *p == '\n' || !*p))
			return (size_t)(p - line);
	}
	return 0;
}

static int filter_ps(const struct bpstat_options *o)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	struct bproc_proc_info_t *list = NULL;
	int i, n = get_processes(o, &set, &list);
	char *line = NULL;
	size_t size = 0, column = 0;
	bool first = true;

	while (n >= 0 && getline(&line, &size, stdin) > 0) {
		int pid = 0, node = BPROC_NODE_MASTER;
		size_t start;

		if (first) {
			column = pid_column(line);
			if (!column) {
				fprintf(stderr,
					"bpstat: no PID column in the first line\n");
				break;
			}
			printf("NODE\t%s", line);
			first = false;
			continue;
		}
		for (start = strlen(line) < column ? 0 : column; start; start--)
			if (line[start - 1] < '0' || line[start - 1] > '9')
				break;
		pid = atoi(line + start);
		for (i = 0; i < n; i++)
			if (list[i].pid == pid)
				node = list[i].node;
		if (o->specs && !nodeset_find(&set, node))
			continue;
		if (node == BPROC_NODE_MASTER)
			printf("\t%s", line);
		else
			printf("%d\t%s", node, line);
	}
	free(line);
	free(list);
	bproc_nodeset_free(&set);
	return printed(n < 0 ? -n : first);
}

/* What is shown instead of nodes; 0: nodes. -1: an exit status is in *@status. */
static int parse_options(struct bpstat_options *o, const char **host, int *status,
			 int argc, char **argv)
{
	int c, other = 0;

	while ((c = getopt_long(argc, argv, "clasntRSNOULwjA:pPhvV", long_options,
				NULL)) != -1) {
		switch (c) {
		case 'c':
			o->format = COMPACT;
			break;
		case 'l':
			o->format = LONG;
			break;
		case 'a':
			o->format = ADDRESSES;
			break;
		case 's':
			o->format = STATES;
			break;
		case 'n':
			o->format = NUMBERS;
			break;
		case 't':
			o->format = TOTAL;
			break;
		case 'R':
			o->reverse = true;
			break;
		case 'S':
			o->order = BY_STATE;
			break;
		case 'N':
			o->order = BY_NUMBER;
			break;
		case 'O':
			o->order = AS_GIVEN;
			break;
		case 'U':
			o->clear = true;
			/* fall through */
		case 'L':
			o->repeat = true;
			break;
		case 'w':
			o->watch = true;
			break;
		case 'j':
			o->json = true;
			break;
		case 'A':
			*host = optarg;
			/* fall through */
		case 'p':
		case 'P':
			other = c;
			break;
		default:
			*status = common_option(c, "bpstat " VERSION, usage);
			return -1;
		}
	}
	o->spec = argv + optind;
	o->specs = argc - optind;
	return other;
}

int bpstat_command(int argc, char **argv)
{
	struct bpstat_options o = { .format = COMPACT };
	const char *host = NULL;
	int status = 0;

	begin_output();
	switch (parse_options(&o, &host, &status, argc, argv)) {
	case -1:
		return status;
	case 'A':
		return print_host(host);
	case 'p':
		return print_processes(&o);
	case 'P':
		return filter_ps(&o);
	}
	if (o.watch)
		return bpstat_watch(&o);
	return o.repeat ? print_repeatedly(&o) : print_nodes(&o);
}
