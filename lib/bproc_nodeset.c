// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "internal.h"

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
	if (set->size == set->alloc &&
	    bproc_nodeset_grow(set, set->alloc ? set->alloc * 2 : 16))
		return -1;
	set->node[set->size++] = *node;
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
 * A comma-separated list of
 *	N, nN, .N	one node
 *	A-B, A-		a range, to the highest node
 *	master, -1	the master
 *	STATE, allSTATE	nodes in a state; !STATE, notSTATE, all!STATE, allnotSTATE: others
 *	all		all nodes
 */

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

static const struct bproc_node_info_t *find(const struct bproc_node_set_t *in, long node)
{
	int i;

	for (i = 0; i < in->size; i++)
		if (in->node[i].node == node)
			return &in->node[i];
	return NULL;
}

static int add_range(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		     long first, long last)
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
	for (n = first; n <= last; n++) {
		node = find(in, n);
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
	const struct bproc_node_info_t *node = find(in, BPROC_NODE_MASTER);
	struct bproc_node_info_t info;

	if (!node && !bproc_nodeinfo(BPROC_NODE_MASTER, &info))
		node = &info;
	return node ? bproc_nodeset_add(out, node) : -1;
}

static int add_part(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		    const char *part, const char *end)
{
	const char *dash;
	long first, last;

	while (part < end && isspace((unsigned char)*part))
		part++;
	while (part < end && isspace((unsigned char)end[-1]))
		end--;
	if (part == end)
		return 0;
	if ((end - part == 6 && !strncasecmp(part, "master", 6)) ||
	    (end - part == 2 && !strncmp(part, "-1", 2)))
		return add_master(out, in);

	first = number(part, end);
	if (first >= 0)
		return add_range(out, in, first, first);
	dash = memchr(part, '-', (size_t)(end - part));
	if (dash) {
		first = number(part, dash);
		last = dash + 1 == end ? -1 : number(dash + 1, end);
		if (first >= 0 && (last >= 0 || dash + 1 == end) &&
		    (last < 0 || last >= first))
			return add_range(out, in, first, last);
		errno = EINVAL;
		return -1;
	}
	return add_state(out, in, part, (size_t)(end - part));
}

int bproc_nodefilter(struct bproc_node_set_t *out, const struct bproc_node_set_t *in,
		     const char *spec)
{
	const char *end;

	memset(out, 0, sizeof(*out));
	for (;; spec = end + 1) {
		end = strchrnul(spec, ',');
		if (add_part(out, in, spec, end)) {
			int err = errno;

			bproc_nodeset_free(out);
			errno = err;
			return -1;
		}
		if (!*end)
			return out->size;
	}
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
