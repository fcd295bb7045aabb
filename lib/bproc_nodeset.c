// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "internal.h"
#include "groups.h"
#include "nodeset.h"

int bproc_nodeset_init(struct bproc_node_set_t *set, int size)
{
	memset(set, 0, sizeof(*set));
	if (bproc_nodeset_grow(set, size))
		return -1;
	set->size = size;
	if (size > 0)
		memset(set->node, 0, (size_t)size * sizeof(*set->node));
	return 0;
}

int bproc_nodeset_grow(struct bproc_node_set_t *set, int size)
{
	struct bproc_node_info_t *node;

	if (size < 0) {
		errno = EINVAL;
		return -1;
	}
	if (size <= set->alloc)
		return 0;
	node = realloc(set->node, (size_t)size * sizeof(*node));
	if (!node)
		return -1;
	set->node = node;
	set->alloc = size;
	return 0;
}

void bproc_nodeset_free(struct bproc_node_set_t *set)
{
	free(set->node);
	memset(set, 0, sizeof(*set));
}

int bproc_nodeset_add(struct bproc_node_set_t *set, const struct bproc_node_info_t *node)
{
	/* It may be one of the set, which moves. */
	struct bproc_node_info_t copy = *node;

	if (set->size == set->alloc &&
	    bproc_nodeset_grow(set, set->alloc ? set->alloc * 2 : 16))
		return -1;
	set->node[set->size++] = copy;
	return 0;
}

int bproc_nodeset_append(struct bproc_node_set_t *set,
			 const struct bproc_node_set_t *other)
{
	int i, n = other->size;

	for (i = 0; i < n; i++)
		if (bproc_nodeset_add(set, &other->node[i]))
			return -1;
	return 0;
}

/* --- node specifications --- */

/*
 * Operands
 *	N, nN, .N	one node
 *	A-B, A-, A-B/S	a range, to the highest node, each S-th of it
 *	master, -1	the master
 *	STATE, allSTATE	nodes in a state; notSTATE, all!STATE, allnotSTATE: others
 *	all		all nodes
 *	@GROUP, GROUP	what a file of groups says; a usual state's name is taken before
 *			a group's
 *	!OPERAND	all others
 * with operators between them, one after the other from the left
 *	A,B		both, in this order
 *	A!B		A without B
 *	A&B		what is in both
 *	A^B		what is in one of them
 */

#define OPERATORS ",!&^"
/* Groups of groups; more is taken for a circle. */
#define DEPTH_MAX 16

/* A node number as far as @end; -1 if it is none. */
static long number(const char *s, const char *end)
{
	long n = 0;

	if (s < end && (*s == 'n' || *s == '.'))
		s++;
	if (s == end)
		return -1;
	for (; s < end; s++) {
		if (!isdigit((unsigned char)*s))
			return -1;
		/* far beyond all nodes one large number is as good as another */
		if (n < 1000000)
			n = n * 10 + (*s - '0');
	}
	return n;
}

static int add_range(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		     long first, long last, long step)
{
	const struct bproc_node_info_t *node;
	long n, highest = -1;
	int i;

	for (i = 0; i < in->size; i++)
		if (in->node[i].node > highest)
			highest = in->node[i].node;
	if (last < 0 || last > highest)
		last = highest;
	/* Numbers that no node has are passed over. */
	for (n = first; n <= last; n += step) {
		node = nodeset_find(in, n);
		if (node && bproc_nodeset_add(out, node))
			return -1;
	}
	return 0;
}

static int add_state(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		     const char *state, size_t len)
{
	bool negated = false, all = len >= 3 && !strncasecmp(state, "all", 3);
	size_t i;
	int n;

	if (all) {
		state += 3;
		len -= 3;
	}
	if (len && *state == '!') {
		negated = true;
		state++;
		len--;
	} else if (len > 3 && !strncasecmp(state, "not", 3)) {
		negated = true;
		state += 3;
		len -= 3;
	}
	if (!len && (!all || negated))
		goto wrong;
	for (i = 0; i < len; i++)
		if (i ? !isalnum((unsigned char)state[i]) && state[i] != '_'
		      : !isalpha((unsigned char)state[i]))
			goto wrong;
	for (n = 0; n < in->size; n++) {
		const char *status = in->node[n].status;
		bool same = strlen(status) == len && !strncasecmp(status, state, len);

		/* the master is not meant by "all" */
		if (in->node[n].node < 0 || (len && same == negated))
			continue;
		if (bproc_nodeset_add(out, &in->node[n]))
			return -1;
	}
	return 0;
wrong:
	errno = EINVAL;
	return -1;
}

static int add_master(struct bproc_node_set_t *out, const struct bproc_node_set_t *in)
{
	const struct bproc_node_info_t *node = nodeset_find(in, BPROC_NODE_MASTER);
	struct bproc_node_info_t info;

	if (!node && !bproc_nodeinfo(BPROC_NODE_MASTER, &info))
		node = &info;
	return node ? bproc_nodeset_add(out, node) : -1;
}

/* "A-B/S", "A-B" or "A-"; -1 with EINVAL. */
static int add_dashed(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		      const char *part, const char *dash, const char *end)
{
	const char *slash = memchr(dash, '/', (size_t)(end - dash));
	const char *stop = slash ? slash : end;
	long first = number(part, dash), last = -1, step = 1;

	if (slash)
		step = number(slash + 1, end);
	if (dash + 1 != stop) {
		last = number(dash + 1, stop);
		if (last < first)
			first = -1;
	}
	if (first >= 0 && step > 0)
		return add_range(out, in, first, last, step);
	errno = EINVAL;
	return -1;
}

static int evaluate(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		    const char *spec, int depth);

/* 1: there is no such group. */
static int add_group(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		     const char *name, size_t len, int depth)
{
	char *spec = nodegroup_find(name, len);
	int ret;

	if (!spec)
		return errno ? -1 : 1;
	if (depth == DEPTH_MAX) {
		errno = ELOOP;
		ret = -1;
	} else {
		ret = evaluate(out, in, spec, depth + 1);
	}
	free(spec);
	return ret;
}

static bool is_word(const char *part, size_t len, const char *word)
{
	return strlen(word) == len && !strncasecmp(part, word, len);
}

/* States that every cluster has; a group cannot have their names. */
static bool is_usual(const char *part, size_t len)
{
	return is_word(part, len, "all") || is_word(part, len, "up") ||
	       is_word(part, len, "down") || is_word(part, len, "boot") ||
	       is_word(part, len, "error");
}

/* All of @in that are not in @part; the master is not meant. */
static int add_others(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		      const struct bproc_node_set_t *part)
{
	int i;

	for (i = 0; i < in->size; i++)
		if (in->node[i].node >= 0 && !nodeset_find(part, in->node[i].node) &&
		    bproc_nodeset_add(out, &in->node[i]))
			return -1;
	return 0;
}

/* A word: a state, or a group unless it is a usual state's name. */
static int add_name(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		    const char *part, size_t len, int depth)
{
	struct bproc_node_set_t group = BPROC_EMPTY_NODESET;
	size_t all = len > 4 && !strncasecmp(part, "all!", 4) ? 4 : 0;
	int ret = 1;

	if (!is_usual(part + all, len - all))
		ret = add_group(&group, in, part + all, len - all, depth);
	if (ret == 1)
		ret = add_state(out, in, part, len);
	else if (!ret)
		ret = all ? add_others(out, in, &group)
			  : bproc_nodeset_append(out, &group);
	bproc_nodeset_free(&group);
	return ret;
}

static int add_operand(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		       const char *part, const char *end, int depth)
{
	size_t len = (size_t)(end - part);
	const char *dash;
	long node;
	int ret;

	if (*part == '@') {
		ret = len > 1 ? add_group(out, in, part + 1, len - 1, depth) : 1;
		if (ret == 1) {
			errno = EINVAL;
			ret = -1;
		}
		return ret;
	}
	if (is_word(part, len, "master") || is_word(part, len, "-1"))
		return add_master(out, in);
	node = number(part, end);
	if (node >= 0)
		return add_range(out, in, node, node, 1);
	dash = memchr(part, '-', len);
	if (dash) {
		ret = add_dashed(out, in, part, dash, end);
		/* a group's name may have one, too */
		if (!ret || errno != EINVAL)
			return ret;
	}
	return add_name(out, in, part, len, depth);
}

/* @out becomes @out OP @part. */
static int combine(struct bproc_node_set_t *out, char op,
		   const struct bproc_node_set_t *part)
{
	int i, n, size = out->size;

	if (op == ',')
		return bproc_nodeset_append(out, part);
	if (op == '^')
		for (i = 0; i < part->size; i++)
			if (!nodeset_find(out, part->node[i].node) &&
			    bproc_nodeset_add(out, &part->node[i]))
				return -1;
	/* of what was there, those that are in both ('&') or not */
	for (i = n = 0; i < out->size; i++)
		if (i >= size || !!nodeset_find(part, out->node[i].node) == (op == '&'))
			out->node[n++] = out->node[i];
	out->size = n;
	return 0;
}

/* One operand at *@s, which moves behind it. @op stands in front of it. */
static int take_operand(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
			const char **s, char op, int depth)
{
	struct bproc_node_set_t part = BPROC_EMPTY_NODESET, others = BPROC_EMPTY_NODESET;
	const char *from = *s, *end;
	bool negated = false;
	int ret = 0;

	while (isspace((unsigned char)*from) || *from == '!') {
		negated ^= *from == '!';
		from++;
	}
	/* as it always was: "0,all!up" is node 0, and all that are not up */
	end = from +
	      (!strncasecmp(from, "all!", 4) && isalpha((unsigned char)from[4]) ? 4 : 0);
	end += strcspn(end, OPERATORS);
	*s = end;
	while (end > from && isspace((unsigned char)end[-1]))
		end--;
	if (end == from) {
		/* nothing between two commas */
		if (op == ',' && !negated && (!**s || **s == ','))
			return 0;
		errno = EINVAL;
		return -1;
	}
	ret = add_operand(&part, in, from, end, depth);
	if (!ret && negated)
		ret = add_others(&others, in, &part);
	if (!ret)
		ret = combine(out, op, negated ? &others : &part);
	bproc_nodeset_free(&part);
	bproc_nodeset_free(&others);
	return ret;
}

static int evaluate(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		    const char *spec, int depth)
{
	char op = ',';

	for (;;) {
		if (take_operand(out, in, &spec, op, depth))
			return -1;
		if (!*spec)
			return 0;
		op = *spec++;
	}
}

int bproc_nodefilter(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		     const char *spec)
{
	memset(out, 0, sizeof(*out));
	if (evaluate(out, in, spec, 0)) {
		int err = errno;

		bproc_nodeset_free(out);
		errno = err;
		return -1;
	}
	return out->size;
}

int bproc_nodespec(struct bproc_node_set_t *set, const char *spec)
{
	struct bproc_node_set_t all = BPROC_EMPTY_NODESET;
	int n = bproc_nodelist(&all);

	if (n >= 0)
		n = bproc_nodefilter(set, &all, spec);
	bproc_nodeset_free(&all);
	return n;
}
