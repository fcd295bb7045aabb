// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bpshell_run.h"
#include "nodeset.h"
#include "ranges.h"

/* The nodes as they were when they were looked at last. */
static struct bproc_node_set_t known;
static int notifier = -1;
/* Why there is none. */
static int no_notifier;
static bool started;
/* There was none, and now there is. */
static bool missed, came;

const struct bproc_node_set_t *bpshell_notice_nodes(void)
{
	return &known;
}

int bpshell_notice_fd(void)
{
	if (notifier < 0) {
		notifier = bpshell_above(bproc_notifier());
		no_notifier = notifier < 0 ? errno : 0;
		came = notifier >= 0 && missed;
		missed = notifier < 0;
		/* What was before it was there it does not tell. */
		if (notifier >= 0)
			started = false;
	}
	if (!started) {
		started = true;
		if (bproc_nodelist(&known) < 0)
			bproc_nodeset_free(&known);
	}
	return notifier;
}

/* --- words --- */

/* The state that is news of the node, NULL if none is. */
static const char *news(const struct bproc_node_set_t *old,
			const struct bproc_node_info_t *now)
{
	const struct bproc_node_info_t *before = nodeset_find(old, now->node);

	return before && !strcmp(before->status, now->status) ? NULL : now->status;
}

static void say(FILE *f, const int *node, int n, const char *what)
{
	char *ranges = n ? node_ranges(node, n) : NULL;

	/* "up", "down" and "gone" are words for what a node is; others are names */
	bool word = !strcmp(what, "up") || !strcmp(what, "down") || !strcmp(what, "gone");

	if (ranges)
		fprintf(f, "node%s %s %s %s%s\n", n == 1 ? "" : "s", ranges,
			n == 1 ? "is" : "are", word ? "" : "in state ", what);
	free(ranges);
}

char *bpshell_notice_words(const struct bproc_node_set_t *old,
			   const struct bproc_node_set_t *now)
{
	int *node = calloc((size_t)(old->size + now->size) + 1, sizeof(*node));
	char *text = NULL;
	size_t size;
	FILE *f = node ? open_memstream(&text, &size) : NULL;
	int i, j, n;

	for (i = 0; f && i < now->size; i++) {
		const char *state = news(old, &now->node[i]);

		/* together with the first of its kind */
		for (j = 0; state && j < i; j++)
			if (news(old, &now->node[j]) &&
			    !strcmp(now->node[j].status, state))
				state = NULL;
		for (j = i, n = 0; state && j < now->size; j++)
			if (news(old, &now->node[j]) &&
			    !strcmp(now->node[j].status, state))
				node[n++] = now->node[j].node;
		if (state)
			say(f, node, n, state);
	}
	for (i = 0, n = 0; f && i < old->size; i++)
		if (!nodeset_find(now, old->node[i].node))
			node[n++] = old->node[i].node;
	if (f)
		say(f, node, n, "gone");
	if (f)
		fclose(f);
	free(node);
	if (text && !*text) {
		free(text);
		text = NULL;
	}
	return text;
}

char *bpshell_notice_take(void)
{
	struct pollfd p = { .fd = notifier, .events = POLLIN };
	struct bproc_node_set_t now = BPROC_EMPTY_NODESET;
	unsigned long long changes;
	char *text;

	if (came) {
		came = false;
		return strdup("bpmaster is there\n");
	}
	if (notifier < 0 || poll(&p, 1, 0) <= 0)
		return NULL;
	if (read(notifier, &changes, sizeof(changes)) != sizeof(changes)) {
		/* the master's daemon has ended */
		close(notifier);
		notifier = -1;
		bproc_nodeset_free(&known);
		started = false;
		missed = true;
		return strdup("bpmaster has ended\n");
	}
	if (bproc_nodelist(&now) < 0) {
		bproc_nodeset_free(&now);
		return NULL;
	}
	text = bpshell_notice_words(&known, &now);
	bproc_nodeset_free(&known);
	known = now;
	return text;
}

/* --- the prompt --- */

char *bpshell_prompt(const char *set)
{
	struct bproc_node_set_t part = BPROC_EMPTY_NODESET;
	int i, up = 0, n = bproc_nodefilter(&part, &known, set);
	char *text = NULL;

	for (i = 0; i < part.size; i++)
		up += !strcmp(part.node[i].status, "up");
	if (notifier < 0 ? asprintf(&text, "@%s (no %s)> ", set,
				    no_notifier == EACCES ? "permission" : "cluster") < 0
	    : n < 0	 ? asprintf(&text, "@%s> ", set) < 0
			 : asprintf(&text, "@%s (%d/%d up)> ", set, up, n) < 0)
		text = NULL;
	bproc_nodeset_free(&part);
	return text;
}
