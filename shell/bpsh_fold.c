// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "bpsh.h"
#include "ranges.h"

void bpsh_keep(struct bpsh_process *p, const char *buf, size_t len)
{
	if (p->kept_len + len > p->kept_size) {
		size_t size = 2 * (p->kept_len + len);
		char *more = realloc(p->kept, size);

		if (!more) {
			perror("bpsh");
			exit(1);
		}
		p->kept = more;
		p->kept_size = size;
	}
	memcpy(p->kept + p->kept_len, buf, len);
	p->kept_len += len;
}

static int by_node(const void *a, const void *b)
{
	const struct bpsh_process *const *x = a, *const *y = b;

	return ((*x)->node > (*y)->node) - ((*x)->node < (*y)->node);
}

static const struct bpsh_process **in_node_order(const struct bpsh_process *p, int n)
{
	const struct bpsh_process **order =
		calloc((size_t)n + 1, sizeof(struct bpsh_process *));
	int i;

	if (!order) {
		perror("bpsh");
		exit(1);
	}
	for (i = 0; i < n; i++)
		order[i] = &p[i];
	qsort(order, (size_t)n, sizeof(struct bpsh_process *), by_node);
	return order;
}

static bool same_output(const struct bpsh_process *a, const struct bpsh_process *b)
{
	return a->kept_len == b->kept_len && !memcmp(a->kept, b->kept, a->kept_len);
}

static bool same_status(const struct bpsh_process *a, const struct bpsh_process *b)
{
	return a->status == b->status;
}

/*
 * Calls @each with the nodes' numbers for each kind of process among those in @order,
 * in the order of each kind's first node. Uses up @order.
 */
static void for_each_kind(const struct bpsh_process **order, int n,
			  bool (*same)(const struct bpsh_process *a,
				       const struct bpsh_process *b),
			  void (*each)(const struct bpsh_process *first, const int *node,
				       int nodes, FILE *out),
			  FILE *out)
{
	int *node = calloc((size_t)n + 1, sizeof(*node));
	const struct bpsh_process *first;
	int i, j, nodes;

	for (i = 0; node && i < n; i++) {
		first = order[i];
		if (!first)
			continue;
		nodes = 0;
		for (j = i; j < n; j++)
			if (order[j] && same(first, order[j])) {
				node[nodes++] = order[j]->node;
				order[j] = NULL;
			}
		each(first, node, nodes, out);
	}
	free(node);
}

static void print_output(const struct bpsh_process *first, const int *node, int nodes,
			 FILE *out)
{
	static const char rule[] = "---------------";
	char *ranges = node_ranges(node, nodes);

	fprintf(out, "%s\n%s", rule, ranges ? ranges : "?");
	if (nodes > 1)
		fprintf(out, " (%d)", nodes);
	fprintf(out, "\n%s\n", rule);
	fwrite(first->kept, 1, first->kept_len, out);
	if (first->kept[first->kept_len - 1] != '\n')
		fputc('\n', out);
	free(ranges);
}

void bpsh_fold(const struct bpsh_process *p, int n, FILE *out)
{
	const struct bpsh_process **order = in_node_order(p, n);
	int i;

	for (i = 0; i < n; i++)
		if (!order[i]->kept_len)
			order[i] = NULL;
	for_each_kind(order, n, same_output, print_output, out);
	free(order);
}

static void print_status(const struct bpsh_process *first, const int *node, int nodes,
			 FILE *out)
{
	char *ranges = node_ranges(node, nodes);

	fprintf(out, "%s: exit status %d\n", ranges ? ranges : "?",
		WEXITSTATUS(first->status));
	free(ranges);
}

void bpsh_report(const struct bpsh_process *p, int n, FILE *out)
{
	const struct bpsh_process **order = in_node_order(p, n);
	int i;

	for (i = 0; i < n; i++)
		if (!order[i]->ended || order[i]->not_moved ||
		    !WIFEXITED(order[i]->status) || !WEXITSTATUS(order[i]->status))
			order[i] = NULL;
	for_each_kind(order, n, same_status, print_status, out);
	free(order);
}
