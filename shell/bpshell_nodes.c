// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bpsh.h"
#include "bpshell_run.h"
#include "ranges.h"

int bpshell_nodes(struct bproc_node_set_t *set, const char *spec)
{
	int n = bproc_nodespec(set, spec);

	if (n < 0)
		fprintf(stderr, "bpshell: @%s: %s\n", spec,
			errno == EINVAL && *spec == '@' ? "no such group"
			: errno == EINVAL		? "not a set of nodes"
							: bproc_strerror(errno));
	return n;
}

void bpshell_say_none(const char *spec)
{
	static const char *const states[] = { "up", "down", "boot", "error",
					      "unavailable" };
	const char *why = "no such node";
	size_t i, digits = *spec ? strspn(spec + 1, "0123456789") : 0;

	/* "n3" is a number, too */
	if (isalpha((unsigned char)*spec) && !spec[strcspn(spec, ",!&^@")] &&
	    !(*spec == 'n' && digits && !spec[1 + digits])) {
		why = "no such group, and no node in such a state";
		for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
			if (!strcmp(states[i], spec))
				why = "no node in that state now";
	}
	fprintf(stderr, "bpshell: @%s: %s\n", spec, why);
}

/* How a command on nodes runs: the options between @SET and it. */
struct placing {
	bool fold, labels, input, no_input, pty;
};

/* One of them, by its letter; false: there is none. */
static bool set_placing(struct placing *p, char option)
{
	switch (option) {
	case 'b':
		p->fold = true;
		return true;
	case 'l':
		p->fold = false;
		return true;
	case 'N':
		p->labels = false;
		return true;
	case 'i':
		p->input = true;
		return true;
	case 'n':
		p->no_input = true;
		return true;
	case 'T':
		p->pty = true;
		return true;
	}
	return false;
}

/* The letter of a long option, 0: there is none. */
static char placing_letter(const char *name)
{
	static const struct {
		const char *name;
		char letter;
	} names[] = { { "fold", 'b' },	{ "live", 'l' },     { "no-labels", 'N' },
		      { "input", 'i' }, { "no-input", 'n' }, { "pty", 'T' } };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, name))
			return names[i].letter;
	return 0;
}

/* Options up to the first other word; its index, -1 after it was said what is wrong. */
static int parse_placing(struct placing *p, char *const *word)
{
	const char *o;
	bool known;
	int i;

	for (i = 0; word[i] && word[i][0] == '-' && word[i][1]; i++) {
		if (!strcmp(word[i], "--"))
			return i + 1;
		known = true;
		if (word[i][1] == '-')
			known = set_placing(p, placing_letter(word[i] + 2));
		for (o = word[i] + 1; word[i][1] != '-' && known && *o; o++)
			known = set_placing(p, *o);
		if (!known) {
			fprintf(stderr,
				"bpshell: %s: options for nodes are -b (--fold), "
				"-l (--live), -N (--no-labels), -i (--input), "
				"-n (--no-input), -T (--pty)\n",
				word[i]);
			return -1;
		}
	}
	return i;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* "@SET" alone */
static int show_set(const struct bproc_node_set_t *set)
{
	int *node = calloc((size_t)set->size + 1, sizeof(*node)), i;
	char *text;

	for (i = 0; node && i < set->size; i++)
		node[i] = set->node[i].node;
	if (node)
		qsort(node, (size_t)set->size, sizeof(*node), by_number);
	text = node ? node_ranges(node, set->size) : NULL;
	if (set->size && text)
		printf("%s (%d)\n", text, set->size);
	free(text);
	free(node);
	return set->size ? 0 : 1;
}

int bpshell_run_on_nodes(struct bpshell *sh, const char *spec, char **word)
{
	struct placing p = { .fold = sh->fold, .labels = true };
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int first = parse_placing(&p, word), n, argc = 0, i;
	char **argv;

	if (first < 0)
		return EXIT_USAGE;
	n = bpshell_nodes(&set, spec);
	if (n < 0)
		return 1;
	if (!word[first])
		return show_set(&set);
	bproc_nodeset_free(&set);
	if (!n) {
		bpshell_say_none(spec);
		return 1;
	}
	for (i = first; word[i]; i++)
		;
	argv = calloc((size_t)i + 10, sizeof(*argv));
	if (!argv) {
		perror("bpshell");
		return 1;
	}
	argv[argc++] = "bpsh";
	if (p.pty) {
		argv[argc++] = "--pty";
	} else {
		argv[argc++] = "-rP";
		if (p.fold)
			argv[argc++] = "-f";
		if (p.labels)
			argv[argc++] = "-p";
		else
			argv[argc++] = "-L";
		/* What was typed ahead is for the shell, unless one node is meant. */
		if (p.no_input || (!p.input && n > 1 && isatty(STDIN_FILENO)))
			argv[argc++] = "-n";
	}
	/* Neither the set nor the program is an option, however they begin. */
	argv[argc++] = "--";
	argv[argc++] = (char *)spec;
	argv[argc++] = "--";
	for (i = first; word[i]; i++)
		argv[argc++] = word[i];
	optind = 0;
	return bpsh_command(argc, argv);
}
