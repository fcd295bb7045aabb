// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "bpstat.h"
#include "json.h"

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

static void print_long_row(const struct bproc_node_info_t *n)
{
	printf("%4d %-15s %-12s %s\t%-10.10s %-10.10s\n", n->node, address_text(n),
	       n->status, mode_text(n->mode), user_text(n->user), group_text(n->group));
}

static void print_long(const struct bproc_node_set_t *set)
{
	int i;

	printf("%4s %-15s %-12s %s\t%-10s %-10s\n", "Node", "Address", "Status",
	       "Mode      ", "User", "Group");
	for (i = 0; i < set->size; i++)
		print_long_row(&set->node[i]);
}

/* --- JSON --- */

/* The members of a node's object. */
static void print_json_node(const struct bproc_node_info_t *n)
{
	printf("\"node\": %d, ", n->node);
	json_member("state", n->status);
	if (strcmp(address_text(n), "-")) {
		printf(", ");
		json_member("address", address_text(n));
	}
	printf(", \"mode\": \"%04o\", \"uid\": %u, ", n->mode, n->user);
	json_member("user", user_text(n->user));
	printf(", \"gid\": %u, ", n->group);
	json_member("group", group_text(n->group));
}

static void print_json(const struct bproc_node_set_t *set)
{
	int i;

	printf("[");
	for (i = 0; i < set->size; i++) {
		printf("%s\n  {", i ? "," : "");
		print_json_node(&set->node[i]);
		printf("}");
	}
	printf("%s]\n", set->size ? "\n" : "");
}

/* --- all of them --- */

static void print_list(const struct bpstat_options *o, const struct bproc_node_set_t *set)
{
	int i;

	for (i = 0; i < set->size; i++) {
		const struct bproc_node_info_t *n = &set->node[i];

		if (o->format == ADDRESSES)
			puts(address_text(n));
		else if (o->format == STATES)
			puts(n->status);
		else
			printf("%d\n", n->node);
	}
}

void bpstat_print(const struct bpstat_options *o, const struct bproc_node_set_t *set)
{
	if (o->clear)
		fputs("\033[H\033[2J", stdout);
	if (o->format == TOTAL)
		printf("%d\n", set->size);
	else if (o->json)
		print_json(set);
	else if (o->format == COMPACT)
		print_compact(set);
	else if (o->format == LONG)
		print_long(set);
	else
		print_list(o, set);
}

void bpstat_print_change(const struct bpstat_options *o,
			 const struct bproc_node_info_t *n)
{
	time_t now = time(NULL);
	char text[64];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(text, sizeof(text), o->json ? "%Y-%m-%dT%H:%M:%S%z" : "%T", &tm);
	if (o->json) {
		printf("{");
		json_member("time", text);
		printf(", ");
		print_json_node(n);
		printf("}\n");
	} else {
		printf("%s ", text);
		print_long_row(n);
	}
}

void bpstat_print_processes(const struct bproc_proc_info_t *list, int n, bool json)
{
	int i;

	if (!json)
		printf("PID\tNode\n");
	else
		printf("[");
	for (i = 0; i < n; i++)
		if (json)
			printf("%s\n  {\"pid\": %d, \"node\": %d}", i ? "," : "",
			       list[i].pid, list[i].node);
		else
			printf("%d\t%d\n", list[i].pid, list[i].node);
	if (json)
		printf("%s]\n", n ? "\n" : "");
}
