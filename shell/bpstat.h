/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpstat: the nodes and their processes, once or as they change.
 */
#ifndef BPROC_BPSTAT_H
#define BPROC_BPSTAT_H

#include <stdbool.h>
#include <sys/bproc.h>

enum bpstat_format { COMPACT, LONG, ADDRESSES, STATES, NUMBERS, TOTAL };
enum bpstat_order { BY_DEFAULT, BY_STATE, BY_NUMBER, AS_GIVEN };

struct bpstat_options {
	enum bpstat_format format;
	enum bpstat_order order;
	bool reverse;
	bool repeat;
	bool clear;
	bool watch;
	bool json;
	char **spec;
	int specs;
};

/* --- which nodes (bpstat_nodes.c) --- */

/* All nodes, as udev knows them; -1 after it was said why not. */
int bpstat_all_nodes(struct bproc_node_set_t *set);

/* Those that the options name, in their order; an exit status: it was said why. */
int bpstat_nodes(const struct bpstat_options *o, struct bproc_node_set_t *set);

/* Does one of the options' lists mean this node, as it is now? */
bool bpstat_is_meant(const struct bpstat_options *o, const struct bproc_node_info_t *n);

/* Shows changes of states until nobody reads; an exit status. */
int bpstat_watch(const struct bpstat_options *o);

/* --- how they look (bpstat_print.c) --- */

void bpstat_print(const struct bpstat_options *o, const struct bproc_node_set_t *set);

/* One node that has changed, with the time. */
void bpstat_print_change(const struct bpstat_options *o,
			 const struct bproc_node_info_t *n);

void bpstat_print_processes(const struct bproc_proc_info_t *list, int n, bool json);

/* The program bpstat, as a function: exit status. */
int bpstat_command(int argc, char **argv);

#endif
