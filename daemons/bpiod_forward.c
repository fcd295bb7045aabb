// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Channels between two nodes. The master passes their frames on, and sees to it that
 * neither floods the other: what a node may send is what the other has room for.
 */
#include <stdlib.h>
#include "bpiod.h"
#include "log.h"

/* Most channels that one node may have with others. */
#define FORWARDS_MAX 65536
/* Most SYNCs of one channel that may wait: each takes some memory where the process is. */
#define SYNCS_MAX 65536
#define BUCKETS 1024

struct forward {
	LIST_ENTRY(forward) entry;
	__u64 id;
	int user;
	int keeper;
	__u64 input; /* bytes that the user may send back */
	__u32 asked; /* SYNCs that the user has not answered */
	bool kept;   /* the keeper has said that it is one */
	bool ended[MUX_STREAMS];
	struct mux_window window[MUX_STREAMS];
};

static LIST_HEAD(, forward) bucket[BUCKETS];

static void count(struct bpiod *b, int node, bool kept, int n)
{
	struct route *r = bpiod_route(b, node);
	unsigned int *sum = r && kept ? &r->granted : r ? &r->forwards : NULL;

	if (sum && (n > 0 || *sum))
		*sum += (unsigned int)n;
}

static void count_both(struct bpiod *b, const struct forward *w, bool kept, int n)
{
	count(b, w->user, kept, n);
	count(b, w->keeper, kept, n);
}

static void forward_free(struct bpiod *b, struct forward *w)
{
	count_both(b, w, false, -1);
	if (w->kept)
		count_both(b, w, true, -1);
	LIST_REMOVE(w, entry);
	free(w);
}

static struct forward *forward_find(__u64 id, int a, int b)
{
	struct forward *w;

	LIST_FOREACH(w, &bucket[id % BUCKETS], entry)
	if (w->id == id &&
	    ((w->user == a && w->keeper == b) || (w->user == b && w->keeper == a)))
		return w;
	return NULL;
}

static struct forward *forward_new(struct bpiod *b, struct route *from,
				   const struct mux_frame *f)
{
	struct forward *w;

	if (from->forwards >= FORWARDS_MAX || f->peer == from->node ||
	    !bpiod_route(b, f->peer))
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->id = f->id;
	w->user = from->node;
	w->keeper = f->peer;
	LIST_INSERT_HEAD(&bucket[f->id % BUCKETS], w, entry);
	count_both(b, w, false, 1);
	return w;
}

/* Is it for @from to say this, and as much as that? Else the other would cut its own link. */
static bool allowed(struct bpiod *b, struct forward *w, const struct route *from,
		    const struct mux_frame *f)
{
	bool is_user = from->node == w->user;
	/* Input is data from the keeper, output from the user. */
	bool is_source = is_user == (f->stream != 0);

	switch (f->type) {
	case MUX_OPENED:
		if (is_user || w->kept)
			return false;
		w->kept = true;
		count_both(b, w, true, 1);
		return true;
	case MUX_DATA:
		/* A node need not be ready for what it has never heard of. */
		if (!is_source || !w->kept || w->ended[f->stream] ||
		    !mux_window_receive(&w->window[f->stream], f->value))
			return false;
		w->input += f->stream ? 0 : f->value;
		return true;
	case MUX_BACK:
		if (!is_user || f->stream || f->value > w->input)
			return false;
		w->input -= f->value;
		return true;
	case MUX_CREDIT:
		return !is_source && mux_window_credit(&w->window[f->stream], f->value);
	case MUX_EOF:
		w->ended[f->stream] |= is_source;
		return is_source;
	case MUX_CLOSE:
		return !is_source;
	case MUX_SYNC:
		if (is_user)
			return false;
		w->asked++;
		return true;
	case MUX_SYNCED:
		if (!is_user || !w->asked)
			return false;
		w->asked--;
		return true;
	default:
		return f->type == MUX_RESET;
	}
}

/* Neither node gets anything more of it. */
static void cut_off(struct bpiod *b, struct forward *w, struct route *from,
		    const struct mux_frame *f)
{
	struct mux_frame reset = { .type = MUX_RESET, .id = f->id, .peer = f->peer };

	bpiod_send(from, &reset, NULL);
	reset.peer = from->node;
	bpiod_send(bpiod_route(b, f->peer), &reset, NULL);
	forward_free(b, w);
}

bool forward_frame(struct bpiod *b, struct route *from, const struct mux_frame *f,
		   const void *data)
{
	struct forward *w = forward_find(f->id, from->node, f->peer);
	struct mux_frame out = *f;

	if (f->type == MUX_OPEN) {
		if (w)
			return false;
		w = forward_new(b, from, f);
		if (!w) {
			log_debug("node %d asks for a channel with node %d: refused",
				  from->node, f->peer);
			out.type = MUX_RESET;
			bpiod_send(from, &out, NULL);
			return true;
		}
	} else if (!w) {
		return true;
	} else if (!allowed(b, w, from, f)) {
		return false;
	} else if (w->asked > SYNCS_MAX) {
		/* A user's doing, perhaps, who forks without end: no other channel's fault. */
		cut_off(b, w, from, f);
		return true;
	}
	out.peer = from->node;
	bpiod_send(bpiod_route(b, f->peer), &out, data);
	/* The keeper says it when all is over, and the process needs it no more. */
	if (f->type == MUX_RESET)
		forward_free(b, w);
	return true;
}

void forwards_lost(struct bpiod *b, int node)
{
	struct forward *w, *next;
	int i;

	for (i = 0; i < BUCKETS; i++)
		for (w = LIST_FIRST(&bucket[i]); w; w = next) {
			struct mux_frame out = { .id = w->id, .type = MUX_RESET };
			int other = w->user == node ? w->keeper : w->user;

			next = LIST_NEXT(w, entry);
			if (w->user != node && w->keeper != node)
				continue;
			out.peer = node;
			bpiod_send(bpiod_route(b, other), &out, NULL);
			forward_free(b, w);
		}
}
