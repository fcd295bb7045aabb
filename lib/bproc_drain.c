// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"
#include "nodeset.h"

/*
 * Who is moved where is policy: BPROC_IOC_DRAIN has one place for all, so this asks for one
 * process after the other.
 */

/* Processes start others while they are driven away: so often all of them are looked for. */
#define PASSES 20

struct drain {
	const struct bproc_node_set_t *from;
	struct bproc_node_set_t to;
	int next; /* of @to */
	int flags;
	struct bproc_drained_t *list;
	int n, room;
};

/* Targets that are drained themselves, or are not up, are none. */
static int choose_targets(struct drain *d, const struct bproc_node_set_t *to)
{
	int i;

	for (i = 0; i < to->size; i++) {
		const struct bproc_node_info_t *node = &to->node[i];

		if (nodeset_find(d->from, node->node) ||
		    (node->node != BPROC_NODE_MASTER && strcmp(node->status, "up")))
			continue;
		if (bproc_nodeset_add(&d->to, node))
			return -1;
	}
	if (d->to.size)
		return 0;
	errno = EHOSTUNREACH;
	return -1;
}

/* What is known of a process; NULL: no memory. */
static struct bproc_drained_t *entry(struct drain *d, int pid)
{
	struct bproc_drained_t *more;
	int i;

	for (i = 0; i < d->n; i++)
		if (d->list[i].pid == pid)
			return &d->list[i];
	if (d->n == d->room) {
		d->room = d->room ? 2 * d->room : 64;
		more = realloc(d->list, (size_t)d->room * sizeof(*more));
		if (!more)
			return NULL;
		d->list = more;
	}
	memset(&d->list[d->n], 0, sizeof(*d->list));
	d->list[d->n].pid = pid;
	return &d->list[d->n++];
}

/* Returns whether it went. */
static bool move(struct drain *d, struct bproc_drained_t *p)
{
	p->error = p->why = 0;
	if (!(d->flags & BPROC_DRAIN_DRY_RUN) &&
	    bproc_migrate_why(p->pid, p->to, d->flags & ~BPROC_DRAIN_DRY_RUN, &p->why))
		p->error = errno;
	/* Where it is to be is what counts. */
	if (p->error == BE_SAMENODE)
		p->error = 0;
	return !p->error;
}

/* What ended meanwhile has gone, too. */
static void forget_ended(struct drain *d)
{
	int i, n = 0;

	for (i = 0; i < d->n; i++)
		if (d->list[i].error != ESRCH && d->list[i].error != BE_INVALIDPROC)
			d->list[n++] = d->list[i];
	d->n = n;
}

/*
 * Once over all that are there; at @last only to tell of them. Returns how many went, -1 with
 * errno.
 */
static int pass(struct drain *d, bool last)
{
	struct bproc_proc_info_t *procs;
	int i, went = 0, n = bproc_proclist(BPROC_NODE_ANY, &procs);

	if (n < 0)
		return -1;
	for (i = 0; i < n && went >= 0; i++) {
		struct bproc_drained_t *p;

		if (!nodeset_find(d->from, procs[i].node))
			continue;
		p = entry(d, procs[i].pid);
		if (!p) {
			went = -1;
			break;
		}
		p->from = procs[i].node;
		p->to = d->to.node[d->next++ % d->to.size].node;
		if (!last)
			went += move(d, p);
		else if (!p->error)
			p->error = EAGAIN;
	}
	free(procs);
	if (went < 0)
		errno = ENOMEM;
	forget_ended(d);
	return went;
}

int bproc_drain(const struct bproc_node_set_t *from, const struct bproc_node_set_t *to,
		int flags, struct bproc_drained_t **list)
{
	struct drain d = { .from = from, .to = BPROC_EMPTY_NODESET, .flags = flags };
	int passes = flags & BPROC_DRAIN_DRY_RUN ? 1 : PASSES, err;
	int went = choose_targets(&d, to) ? -1 : 1;

	while (went > 0 && passes--)
		went = pass(&d, false);
	/* They start others faster than those can be moved. */
	if (went > 0 && !(flags & BPROC_DRAIN_DRY_RUN))
		went = pass(&d, true);
	err = errno;
	bproc_nodeset_free(&d.to);
	if (went < 0) {
		free(d.list);
		errno = err;
		return -1;
	}
	*list = d.list;
	return d.n;
}
