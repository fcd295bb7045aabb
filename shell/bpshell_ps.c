// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include "bpshell.h"
#include "json.h"
#include "nodeset.h"
#include "remote_proc.h"

static const char *user_text(uid_t uid)
{
	static char text[16];
	const struct passwd *pw = getpwuid(uid);

	snprintf(text, sizeof(text), "%u", uid);
	return pw ? pw->pw_name : text;
}

/* As people read it: "312K", "4.5M", "1.2G". */
static const char *size_text(long long bytes)
{
	static char text[16];
	double size = (double)bytes / 1024;
	const char *unit = "KMGTP";

	if (bytes < 0)
		return "-";
	for (; size >= 1000 && unit[1]; unit++)
		size /= 1024;
	snprintf(text, sizeof(text), size < 10 && *unit != 'K' ? "%.1f%c" : "%.0f%c",
		 size, *unit);
	return text;
}

static const char *time_text(long long ms)
{
	static char text[32];

	if (ms < 3600000)
		snprintf(text, sizeof(text), "%lld:%02lld.%02lld", ms / 60000,
			 ms / 1000 % 60, ms / 10 % 100);
	else
		snprintf(text, sizeof(text), "%lld:%02lld:%02lld", ms / 3600000,
			 ms / 60000 % 60, ms / 1000 % 60);
	return text;
}

static double percent(const struct remote_proc *p)
{
	return p->elapsed > 0 ? 100.0 * (double)p->cpu / (double)p->elapsed : 0;
}

static void print_row(const struct remote_proc *p)
{
	printf("%4d %7d %7d %-8.8s %c %5.1f %9s %6s %s\n", p->node, p->pid, p->ppid,
	       user_text(p->uid), p->state, percent(p), time_text(p->cpu),
	       size_text(p->memory), p->command);
}

static void print_json(const struct remote_proc *p, bool first)
{
	printf("%s\n  {\"node\": %d, \"pid\": %d, \"ppid\": %d, \"uid\": %u, ",
	       first ? "" : ",", p->node, p->pid, p->ppid, p->uid);
	printf("\"state\": \"%c\", \"cpu_ms\": %lld, \"elapsed_ms\": %lld, ", p->state,
	       p->cpu, p->elapsed);
	if (p->memory >= 0)
		printf("\"memory\": %lld, ", p->memory);
	json_member("command", p->command);
	putchar('}');
}

int bpshell_ps(struct bpshell *sh, int argc, char **argv)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	bool json = argc > 1 && (!strcmp(argv[1], "--json") || !strcmp(argv[1], "-j"));
	const char *spec = argc > 1 + json ? argv[1 + json] : "all";
	struct remote_proc *list;
	bool first = true;
	int i, n, nodes;

	(void)sh;
	if (argc > 2 + json || *spec == '-')
		return bpshell_usage("ps");
	spec += *spec == '@';
	nodes = bpshell_nodes(&set, spec);
	if (!nodes)
		bpshell_say_none(spec);
	if (nodes <= 0)
		return 1;
	n = remote_procs(set.size == 1 ? set.node[0].node : BPROC_NODE_ANY, &list);
	if (n < 0) {
		fprintf(stderr, "bpshell: ps: %s\n", bproc_strerror(errno));
		return 1;
	}
	if (json)
		printf("[");
	else
		printf("NODE     PID    PPID USER     S  %%CPU      TIME MEMORY "
		       "COMMAND\n");
	for (i = 0; i < n; i++) {
		if (!nodeset_find(&set, list[i].node))
			continue;
		if (json)
			print_json(&list[i], first);
		else
			print_row(&list[i]);
		first = false;
	}
	if (json)
		printf("%s]\n", first ? "" : "\n");
	free(list);
	bproc_nodeset_free(&set);
	return 0;
}
