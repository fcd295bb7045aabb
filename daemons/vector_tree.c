// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Vector calls: who gets the image from whom.
 *
 * The tree is binary: node i feeds nodes 2i+2 and 2i+3, the master 0 and 1. What another
 * node could not feed is fed by the master itself for some time, without anybody below
 * it. The node where the caller is may be in it like any other: an entry of its own comes
 * back to it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "trace.h"
#include "vector.h"

#define FANOUT 2
/* How long a node that was not reached by others is fed by the master, in seconds. */
#define SHUN_TIME 60

/* Tells a node what it is to do. */
static void tell_part(struct part *p)
{
	struct vector *v = p->vector;
	union {
		struct link_vector m;
		__u8 room[BPROC_MSG_MAX - sizeof(struct bproc_msg)];
	} body = { .m = { .preface = v->preface } };
	struct bproc_vector_entry *entry = (void *)(&body.m + 1);
	struct bproc_msg msg = { .type = LINK_VECTOR,
				 .id = v->preface.id,
				 .node = p->node->number };
	struct link_child *child;
	unsigned int i;
	size_t len;

	body.m.preface.node = p->node->number;
	if (v->caller)
		memcpy(body.m.addr, &v->caller->peer, sizeof(v->caller->peer));
	memcpy(body.m.preface.token, p->token, sizeof(p->token));
	body.m.entries = p->count;
	memcpy(entry, &v->process[p->first], p->count * sizeof(*entry));
	child = (void *)(entry + p->count);
	for (i = 0; i < v->parts; i++) {
		const struct part *c = &v->part[i];

		if (c->parent != p - v->part)
			continue;
		memset(child, 0, sizeof(*child));
		memcpy(child->token, c->token, sizeof(child->token));
		memcpy(child->addr, &c->node->peer, sizeof(c->node->peer));
		child->node = c->node->number;
		child->height = c->height;
		child++;
		body.m.children++;
	}
	len = (size_t)((char *)child - (char *)&body);
	if (!p->node->ready)
		return;
	msg.size = (__u32)(sizeof(msg) + len);
	trace_message(v->m->trace, BPROC_NODE_MASTER, p->node->number, &msg);
	wire_send_body(p->node->wire, &msg, &body, len);
	v->sent += sizeof(msg) + len;
}

void vector_tell_parts(struct vector *v)
{
	unsigned int i;

	for (i = 0; i < v->parts; i++)
		tell_part(&v->part[i]);
}

void vector_shun(struct node *n)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	n->shunned = now.tv_sec + SHUN_TIME;
}

/* May other nodes feed it? */
static bool is_reachable(const struct node *n)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return n->peer.sin_port && now.tv_sec >= n->shunned;
}

/* Those that others can reach come first, and have the others' numbers in the tree. */
void vector_make_tree(struct vector *v)
{
	unsigned int reachable = 0, i, j;
	struct part swap;

	for (i = 0; i < v->parts; i++)
		if (is_reachable(v->part[i].node)) {
			swap = v->part[reachable];
			v->part[reachable++] = v->part[i];
			v->part[i] = swap;
		}
	for (i = 0; i < v->parts; i++)
		v->part[i].parent =
			i < FANOUT || i >= reachable ? -1 : (int)(i / FANOUT) - 1;
	for (i = v->parts; i--;) {
		int above = v->part[i].parent;

		j = v->part[i].height + 1;
		if (above >= 0 && v->part[above].height < j)
			v->part[above].height = j;
	}
}

bool vector_passes(const struct vector *v, const struct bproc_vector_entry *e)
{
	return v->from != BPROC_NODE_MASTER && e->node != BPROC_NODE_MASTER &&
	       e->node != v->from;
}

/* False: it does not get the image, and its sender knows that, or will. */
static bool gets_image(struct vector *v, unsigned int i)
{
	const struct bproc_vector_entry *e = &v->process[i];
	int err = 0;

	if (vector_passes(v, e))
		err = node_may_pass(v->m, e->id, e->pid, v->from, e->node);
	if (err) {
		if (v->caller)
			node_say_lost(v->caller, e->id, e->pid, err);
		return false;
	}
	if (e->node >= 0 && (unsigned int)e->node < v->m->nodes &&
	    v->m->node[e->node]->ready)
		return true;
	/* Our driver knows by itself that it is down, or will. */
	if (v->from != BPROC_NODE_MASTER)
		vector_lose(v, i, -BPROC_BE_NODEDOWN);
	return false;
}

static struct part *new_part(struct vector *v, unsigned int first)
{
	struct part *p = &v->part[v->parts++];

	p->vector = v;
	p->number = v->process[first].node;
	p->node = v->m->node[p->number];
	p->first = first;
	return getrandom(p->token, sizeof(p->token), 0) == (ssize_t)sizeof(p->token)
		       ? p
		       : NULL;
}

static int by_node(const void *a, const void *b)
{
	const struct bproc_vector_entry *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* A node may say any number of words: none of them is looked for in the whole list. */
static bool make_places(struct vector *v)
{
	unsigned int i, n = v->head.count;

	v->place = calloc(n, sizeof(*v->place));
	for (i = 0; v->place && i < n; i++) {
		v->place[i].word.id = v->process[i].id;
		v->place[i].word.pid = v->process[i].pid;
		v->place[i].i = i;
	}
	if (v->place)
		qsort(v->place, n, sizeof(*v->place), vector_compare_words);
	return v->place;
}

bool vector_make_parts(struct vector *v, unsigned int *here)
{
	unsigned int i, n = v->head.count;
	struct part *p = NULL;

	qsort(v->process, n, sizeof(*v->process), by_node);
	v->decided = calloc(n, sizeof(*v->decided));
	v->part = calloc(n, sizeof(*v->part));
	if (!v->decided || !v->part || !make_places(v))
		return false;
	for (i = 0; i < n; i++)
		v->undecided += v->process[i].node != v->from;
	for (*here = 0; *here < n && v->process[*here].node == BPROC_NODE_MASTER; ++*here)
		;
	for (i = *here; i < n; i++) {
		if (!gets_image(v, i)) {
			vector_decide(v, i);
			p = NULL;
			continue;
		}
		if (!p || p->number != v->process[i].node ||
		    p->count == LINK_VECTOR_ENTRIES)
			p = new_part(v, i);
		if (!p)
			return false;
		p->count++;
	}
	return true;
}
