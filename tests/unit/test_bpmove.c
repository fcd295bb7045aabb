// SPDX-License-Identifier: GPL-2.0-or-later
/* bpmove without a driver: what is said of processes that do not go. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "../../shell/bpmove.h"
#include "internal.h"
#include "unit.h"

/* More than there can be. */
#define FIRST 5000000

/* --- the driver --- */

/* The first process never goes; each time that one looks there is a new one, so often. */
static bool first_stays;
static int new_ones;
static int passes;

int __wrap_bproc_migrate_why(int pid, int node, int flags, int *why);
int __wrap_bproc_proclist(int node, struct bproc_proc_info_t **list);
int __wrap_bproc_nodespec(struct bproc_node_set_t *set, const char *spec);

int __wrap_bproc_migrate_why(int pid, int node, int flags, int *why)
{
	(void)node;
	(void)flags;
	*why = 0;
	if (pid < FIRST) {
		errno = EPERM;
		return -1;
	}
	if (pid == FIRST && first_stays) {
		*why = BPROC_WHY_THREADS;
		errno = EOPNOTSUPP;
		return -1;
	}
	return 0;
}

int __wrap_bproc_proclist(int node, struct bproc_proc_info_t **list)
{
	int n = 0;

	(void)node;
	*list = calloc(2, sizeof(**list));
	if (first_stays)
		(*list)[n++] = (struct bproc_proc_info_t){ FIRST, 0 };
	passes++;
	if (passes <= new_ones)
		(*list)[n++] = (struct bproc_proc_info_t){ FIRST + passes, 0 };
	return n;
}

int __wrap_bproc_nodespec(struct bproc_node_set_t *set, const char *spec)
{
	struct bproc_node_info_t node = { .node = strcmp(spec, "master") ? atoi(spec) : -1 };

	if (strchr(spec, ';')) {
		errno = EINVAL;
		return -1;
	}
	strcpy(node.status, "up");
	return bproc_nodeset_add(set, &node);
}

/* --- here --- */

/* What it says, of either kind. */
static char said[65536];

static int bpmove(const char *first, const char *second)
{
	char *argv[] = { "bpmove", strdup(first), strdup(second), NULL };
	int ret, out = dup(1), err = dup(2);
	FILE *f = tmpfile();
	ssize_t n;

	fflush(stdout);
	dup2(fileno(f), 1);
	dup2(fileno(f), 2);
	ret = bpmove_command(3, argv);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	n = pread(fileno(f), said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	fclose(f);
	return ret;
}

START_TEST(all_go)
{
	new_ones = 3;
	ck_assert_int_eq(bpmove("--drain", "0"), 0);
	ck_assert_str_eq(said, "");
}
END_TEST

/* Who is not moved is told, though it came last. */
START_TEST(others_start_all_the_time)
{
	char last[64];

	new_ones = 1000000;
	ck_assert_int_eq(bpmove("--drain", "0"), 1);
	ck_assert_int_lt(passes, 100);
	snprintf(last, sizeof(last), "bpmove: %d: processes are", FIRST + passes);
	ck_assert_int_eq(strncmp(said, last, strlen(last)), 0);
	ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
}
END_TEST

START_TEST(one_stays_and_others_start)
{
	char first[64];

	first_stays = true;
	new_ones = 1000000;
	ck_assert_int_eq(bpmove("--drain", "0"), 1);
	snprintf(first, sizeof(first), "bpmove: %d: it has several threads\n", FIRST);
	ck_assert_ptr_nonnull(strstr(said, first));
}
END_TEST

START_TEST(what_is_no_list)
{
	ck_assert_int_eq(bpmove("--drain", "0;1"), 2);
	ck_assert_str_eq(said, "bpmove: 0;1: not a list of nodes\n");
}
END_TEST

/* A process calls itself what it likes. */
START_TEST(names_that_are_shown)
{
	char pid[16], wanted[128];

	prctl(PR_SET_NAME, "\033[2J\302\233");
	snprintf(pid, sizeof(pid), "%d", getpid());
	ck_assert_int_eq(bpmove(pid, "0"), 1);
	snprintf(wanted, sizeof(wanted), "bpmove: %s (?[2J\?\?): Operation not permitted\n", pid);
	ck_assert_str_eq(said, wanted);
}
END_TEST

UNIT_MAIN("bpmove", all_go, others_start_all_the_time, one_stays_and_others_start,
	  what_is_no_list, names_that_are_shown)
