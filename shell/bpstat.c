// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <sys/bproc.h>

int bpstat_command(int argc, char **argv);

static const char usage[] =
	"Usage: bpstat [options] [NODES...]\n"
	"Shows the nodes of the cluster.\n"
	"\n"
	"  -c       a table, like nodes together (default)\n"
	"  -l       a line for each node\n"
	"  -a       addresses\n"
	"  -s       states\n"
	"  -n       numbers\n"
	"  -t       how many nodes there are\n"
	"  -S       sort by state, then number (default of -c)\n"
	"  -N       sort by number (default of the others)\n"
	"  -O       as NODES says\n"
	"  -R       the other way round\n"
	"  -U       go on showing the table\n"
	"  -L       print anew only after a change\n"
	"  -A HOST  number of the node with this name or address\n"
	"  -p       remote processes\n"
	"  -P       ps(1)'s output from stdin, with a column of nodes\n"
	"  -h       this text\n"
	"  -v, -V   version\n";

enum format { COMPACT, LONG, ADDRESSES, STATES, NUMBERS, TOTAL };
enum order { BY_DEFAULT, BY_STATE, BY_NUMBER, AS_GIVEN };

struct options {
	enum format format;
	enum order order;
	bool reverse;
	bool repeat;
	bool clear;
	char **spec;
	int specs;
};

/* --- fields --- */

static const char *mode_text(unsigned int mode)
{
	static char text[11];

	snprintf(text, sizeof(text), "---%c--%c--%c", mode & 0100 ? 'x' : '-',
		 mode & 0010 ? 'x' : '-', mode & 0001 ? 'x' : '-');
	return text;
}

static const char *user_text(unsigned int uid)
{
	static char text[16];
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		return pw->pw_name;
	snprintf(text, sizeof(text), "#%u", uid);
	return text;
}

static const char *group_text(unsigned int gid)
{
	static char text[16];
	const struct group *gr = getgrgid(gid);

	if (gr)
		return gr->gr_name;
	snprintf(text, sizeof(text), "#%u", gid);
	return text;
}

static const char *address_text(const struct bproc_node_info_t *n)
{
	static char text[INET_ADDRSTRLEN];
	const struct sockaddr_in *in = (const struct sockaddr_in *)&n->addr;

	if (in->sin_family != AF_INET || !in->sin_addr.s_addr)
		return "-";
	return inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
}

/* --- the nodes --- */

static int by_number(const void *a, const void *b)
{
	const struct bproc_node_info_t *x = a, *y = b;

	return (x->node > y->node) - (x->node < y->node);
}

static int by_state(const void *a, const void *b)
{
	const struct bproc_node_info_t *x = a, *y = b;
	int cmp = strcmp(x->status, y->status);

	return cmp ? cmp : by_number(a, b);
}

static void reverse(struct bproc_node_set_t *set)
{
	struct bproc_node_info_t tmp;
	int i;

	for (i = 0; i < set->size / 2; i++) {
		tmp = set->node[i];
		set->node[i] = set->node[set->size - 1 - i];
		set->node[set->size - 1 - i] = tmp;
	}
}

static int get_nodes(const struct options *o, struct bproc_node_set_t *set)
{
	struct bproc_node_set_t all = BPROC_EMPTY_NODESET, part;
	enum order order = o->order;
	int i, ret;

	ret = bproc_nodelist(&all);
	if (ret < 0) {
		fprintf(stderr, "bpstat: %s\n", bproc_strerror(errno));
		return -1;
	}
	if (!o->specs)
		ret = bproc_nodeset_append(set, &all);
	for (i = 0; ret >= 0 && i < o->specs; i++) {
		ret = bproc_nodefilter(&part, &all, o->spec[i]);
		if (ret < 0) {
			fprintf(stderr, "bpstat: %s: not a list of nodes\n", o->spec[i]);
			break;
		}
		ret = bproc_nodeset_append(set, &part);
		bproc_nodeset_free(&part);
	}
	bproc_nodeset_free(&all);
	if (order == BY_DEFAULT)
		order = o->format == COMPACT ? BY_STATE : BY_NUMBER;
	if (set->size && order != AS_GIVEN)
		qsort(set->node, (size_t)set->size, sizeof(*set->node),
		      order == BY_STATE ? by_state : by_number);
	if (o->reverse)
		reverse(set);
	return ret;
}

/* --- tables --- */

static int terminal_width(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) &&
	    size.ws_col)
		return size.ws_col;
	return 80;
}

static bool alike(const struct bproc_node_info_t *a, const struct bproc_node_info_t *b)
{
	return !strcmp(a->status, b->status) && a->mode == b->mode &&
	       a->user == b->user && a->group == b->group;
}

/* The widths of the original: 15 for states, 10 for modes, 8 for users and groups. */
static void print_row(int width, const char *nodes, const struct bproc_node_info_t *n)
{
	printf("%-*s%-15s%-10s %-8s %-8s\n", width, nodes, n->status, mode_text(n->mode),
	       user_text(n->user), group_text(n->group));
}

/* Nodes @from .. @to-1, which are alike, as ranges; as many rows as they need. */
static void print_alike(const struct bproc_node_set_t *set, int from, int to, int width)
{
	const struct bproc_node_info_t *first = &set->node[from];
	char row[512] = "", part[32];
	int end;

	for (; from < to; from = end) {
		int a = set->node[from].node, b;

		for (end = from + 1; end < to; end++)
			if (set->node[end].node != set->node[end - 1].node + 1)
				break;
		b = set->node[end - 1].node;
		if (a == b)
			snprintf(part, sizeof(part), "%d", a);
		else
			snprintf(part, sizeof(part), "%d-%d", a, b);
		if (row[0] && (int)(strlen(row) + 1 + strlen(part)) >= width) {
			print_row(width, row, first);
			row[0] = 0;
		}
		if (row[0])
			strcat(row, ",");
		strcat(row, part);
	}
	print_row(width, row, first);
}

static void print_compact(const struct bproc_node_set_t *set)
{
	int width = terminal_width() - 15 - 10 - 1 - 8 - 1 - 8 - 1;
	int i, end;

	if (width < 16)
		width = 16;
	if (width > 400)
		width = 400;
	printf("%-*s%-15s%-10s %-8s %-8s\n", width, "Node(s)", "Status", "Mode", "User",
	       "Group");
	for (i = 0; i < set->size; i = end) {
		for (end = i + 1; end < set->size; end++)
			if (!alike(&set->node[i], &set->node[end]))
				break;
		print_alike(set, i, end, width);
	}
}

static void print_long(const struct bproc_node_set_t *set)
{
	int i;

	printf("%4s %-15s %-12s %s\t%-10s %-10s\n", "Node", "Address", "Status",
	       "Mode      ", "User", "Group");
	for (i = 0; i < set->size; i++) {
		const struct bproc_node_info_t *n = &set->node[i];

		printf("%4d %-15s %-12s %s\t%-10.10s %-10.10s\n", n->node,
		       address_text(n), n->status, mode_text(n->mode), user_text(n->user),
		       group_text(n->group));
	}
}

static int print_nodes(const struct options *o)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int i;

	if (get_nodes(o, &set) < 0)
		return 1;
	if (o->clear)
		fputs("\033[H\033[2J", stdout);
	if (o->format == COMPACT)
		print_compact(&set);
	else if (o->format == LONG)
		print_long(&set);
	else if (o->format == TOTAL)
		printf("%d\n", set.size);
	else
		for (i = 0; i < set.size; i++) {
			const struct bproc_node_info_t *n = &set.node[i];

			if (o->format == ADDRESSES)
				puts(address_text(n));
			else if (o->format == STATES)
				puts(n->status);
			else
				printf("%d\n", n->node);
		}
	bproc_nodeset_free(&set);
	return fflush(stdout) ? 1 : 0;
}

static int print_repeatedly(const struct options *o)
{
	struct pollfd p = { .fd = bproc_notifier(), .events = POLLIN };
	unsigned long long changes;

	if (p.fd < 0) {
		fprintf(stderr, "bpstat: %s\n", bproc_strerror(errno));
		return 1;
	}
	do {
		if (print_nodes(o))
			return 1;
	} while (poll(&p, 1, -1) > 0 && read(p.fd, &changes, sizeof(changes)) > 0);
	return 1;
}

/* --- others --- */

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
	if (bproc_nodelist(&set) < 0)
		fprintf(stderr, "bpstat: %s\n", bproc_strerror(errno));
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
	return found;
}

static int print_processes(void)
{
	struct bproc_proc_info_t *list;
	int i, n = bproc_proclist(BPROC_NODE_ANY, &list);

	if (n < 0) {
		fprintf(stderr, "bpstat: %s\n", bproc_strerror(errno));
		return 1;
	}
	printf("PID\tNode\n");
	for (i = 0; i < n; i++)
		printf("%d\t%d\n", list[i].pid, list[i].node);
	free(list);
	return 0;
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

static int filter_ps(void)
{
	struct bproc_proc_info_t *list;
	int i, n = bproc_proclist(BPROC_NODE_ANY, &list);
	char *line = NULL;
	size_t size = 0, column = 0;
	bool first = true;

	if (n < 0) {
		fprintf(stderr, "bpstat: %s\n", bproc_strerror(errno));
		return 1;
	}
	while (getline(&line, &size, stdin) > 0) {
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
		if (node == BPROC_NODE_MASTER)
			printf("\t%s", line);
		else
			printf("%d\t%s", node, line);
	}
	free(line);
	free(list);
	return first;
}

int bpstat_command(int argc, char **argv)
{
	struct options o = { .format = COMPACT };
	int c;

	while ((c = getopt(argc, argv, "clasntRSNOULA:pPhvV")) != -1) {
		switch (c) {
		case 'c':
			o.format = COMPACT;
			break;
		case 'l':
			o.format = LONG;
			break;
		case 'a':
			o.format = ADDRESSES;
			break;
		case 's':
			o.format = STATES;
			break;
		case 'n':
			o.format = NUMBERS;
			break;
		case 't':
			o.format = TOTAL;
			break;
		case 'R':
			o.reverse = true;
			break;
		case 'S':
			o.order = BY_STATE;
			break;
		case 'N':
			o.order = BY_NUMBER;
			break;
		case 'O':
			o.order = AS_GIVEN;
			break;
		case 'U':
			o.clear = true;
			/* fall through */
		case 'L':
			o.repeat = true;
			break;
		case 'A':
			return print_host(optarg);
		case 'p':
			return print_processes();
		case 'P':
			return filter_ps();
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'v':
		case 'V':
			puts("bpstat " VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return 1;
		}
	}
	o.spec = argv + optind;
	o.specs = argc - optind;
	return o.repeat ? print_repeatedly(&o) : print_nodes(&o);
}
