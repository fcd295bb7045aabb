/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector calls, for those parts of bpmaster that make them: vector.c (the driver's list,
 * the stream, what happens meanwhile), vector_tree.c (who gets it from whom).
 */
#ifndef BPROC_VECTOR_H
#define BPROC_VECTOR_H

#include <sys/queue.h>
#include "node.h"
#include "tee.h"

/* A node's part of a call; one with many processes may have several. */
struct part {
	struct vector *vector;
	struct node *node; /* NULL: not in the configuration any more */
	int number;
	int parent; /* -1: the master */
	unsigned int height;
	__u8 token[LINK_TOKEN_LEN];
	unsigned int first, count; /* of the vector's entries */
	struct tee_output *output;
};

/* What GO and ABORT say of a process. */
struct word {
	__u64 id;
	__s32 pid;
};

/* The process that a word is for. */
struct place {
	struct word word;
	unsigned int i; /* of the vector's entries */
};

struct vector {
	LIST_ENTRY(vector) entry;
	struct master *m;
	/* the caller is there; @caller is NULL on the master, or when it is down */
	int from;
	struct node *caller;
	struct link_preface preface;
	/* the driver's list, while it comes */
	int fd;
	struct event *readable;
	struct event *late;
	size_t have;
	struct word *early; /* what was said before it was there */
	unsigned int early_words;
	struct bproc_vector head;
	/* sorted: those of the master first, then by part */
	struct bproc_vector_entry *process;
	struct place *place; /* as many, sorted by word */
	bool *decided;
	unsigned int undecided;
	struct part *part;
	unsigned int parts;
	unsigned int waiting;
	struct tee *tee;
	unsigned long long sent;
	unsigned int streams;
};

/* --- vector.c --- */

/* The driver says GO or ABORT, or need not any more. */
void vector_decide(struct vector *v, unsigned int i);

/* A process does not get the image: its sender hears so. */
void vector_lose(struct vector *v, unsigned int i, int err);

/* Order of words; both begin with one. */
int vector_compare_words(const void *a, const void *b);

/* --- vector_tree.c --- */

/* Does it go from one node to another? Both drivers have ghosts of it then. */
bool vector_passes(const struct vector *v, const struct bproc_vector_entry *e);

/*
 * Makes the parts, from the list; @here receives the number of processes that stay on the
 * master. What may not be its sender has heard of. False: out of memory.
 */
bool vector_make_parts(struct vector *v, unsigned int *here);

/* Makes the tree of the parts, and tells each node its own. */
void vector_make_tree(struct vector *v);
void vector_tell_parts(struct vector *v);

/* A node was not reached by others: the master feeds it for some time. */
void vector_shun(struct node *n);

#endif
