// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/bproc.h>
#include "unit.h"

/* Nodes 0..5 and 8: 0-2 up, 3 down, 4 boot, 5 up, 8 error */
static void cluster(struct bproc_node_set_t *set)
{
	static const struct {
		int node;
		const char *status;
	} list[] = { { 0, "up" },   { 1, "up" }, { 2, "up" },	{ 3, "down" },
		     { 4, "boot" }, { 5, "up" }, { 8, "error" } };
	struct bproc_node_info_t info;
	size_t i;

	memset(set, 0, sizeof(*set));
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		memset(&info, 0, sizeof(info));
		info.node = list[i].node;
		strcpy(info.status, list[i].status);
		ck_assert_int_eq(bproc_nodeset_add(set, &info), 0);
	}
}

static void gives(const char *spec, const char *expected)
{
	struct bproc_node_set_t all, out;
	char text[256] = "";
	int i, n;

	cluster(&all);
	n = bproc_nodefilter(&out, &all, spec);
	ck_assert_msg(n >= 0, "'%s' is refused", spec);
	ck_assert_int_eq(n, out.size);
	for (i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s%d", i ? "," : "", out.node[i].node);
	ck_assert_msg(!strcmp(text, expected), "'%s' gives %s, not %s", spec, text,
		      expected);
	bproc_nodeset_free(&out);
	bproc_nodeset_free(&all);
}

static void wrong(const char *spec)
{
	struct bproc_node_set_t all, out;

	cluster(&all);
	errno = 0;
	ck_assert_msg(bproc_nodefilter(&out, &all, spec) == -1, "'%s' is accepted", spec);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(out.node);
	bproc_nodeset_free(&all);
}

START_TEST(numbers)
{
	gives("0", "0");
	gives("n2", "2");
	gives(".5", "5");
	gives("2,0,2", "2,0,2");
	gives("7", "");
	gives("4294967296,99999999,1", "1");
	gives("", "");
	gives(" 1 , 2 ", "1,2");
}
END_TEST

START_TEST(ranges)
{
	gives("1-3", "1,2,3");
	gives("n1-n3", "1,2,3");
	gives("4-", "4,5,8");
	gives("6-100", "8");
	gives("0-999999", "0,1,2,3,4,5,8");
}
END_TEST

START_TEST(states)
{
	gives("all", "0,1,2,3,4,5,8");
	gives("allup", "0,1,2,5");
	gives("up", "0,1,2,5");
	gives("ALLUP", "0,1,2,5");
	gives("allnotdown", "0,1,2,4,5,8");
	gives("all!down", "0,1,2,4,5,8");
	gives("!up", "3,4,8");
	gives("notup", "3,4,8");
	gives("boot,error", "4,8");
	gives("nosuchstate", "");
	gives("master,0", "-1,0");
	gives("-1", "-1");
}
END_TEST

START_TEST(algebra)
{
	gives("up!1", "0,2,5");
	gives("all!down", "0,1,2,4,5,8");
	gives("all&up", "0,1,2,5");
	gives("up&1-4", "1,2");
	gives("0-2^2-4", "0,1,3,4");
	gives("all!0-4", "5,8");
	gives("!0-4", "5,8");
	gives("!!0-4", "0,1,2,3,4");
	/* from the left */
	gives("0-3!1,1", "0,2,3,1");
	gives("0,1&1", "1");
	gives("all&up!0,8^8", "1,2,5");
	gives("up & 1-4", "1,2");
	gives("0-8/2", "0,2,4,8");
	gives("1-/3", "1,4");
	/* the original's */
	gives("0,all!up", "0,3,4,8");
	gives("2,2", "2,2");
}
END_TEST

/* Writes a file of groups and has it used. */
static void groups_are(const char *text)
{
	static char name[] = "/tmp/test_nodeset.XXXXXX";
	static bool made;
	FILE *f;

	if (!made)
		close(mkstemp(name));
	made = true;
	f = fopen(name, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	setenv("BPROC_GROUPS", name, 1);
}

START_TEST(groups)
{
	char *list, *p;
	int n = 0;

	groups_are("# racks\nrack1: 0-2\n  rack-2 : 3-5,8 # the rest\n\nboth: "
		   "@rack1,@rack-2\n"
		   "up: 8\nbad: 3-1\nrack1: 7\nno colon\n: 1\na: @b\nb: a\nempty:\n");
	gives("@rack1", "0,1,2");
	gives("rack1", "0,1,2");
	gives("@rack-2", "3,4,5,8");
	gives("@both&up", "0,1,2,5");
	gives("both!rack1", "3,4,5,8");
	gives("all!rack1", "3,4,5,8");
	gives("!@rack1", "3,4,5,8");
	gives("rack-2", "3,4,5,8");
	gives("all!rack-2", "0,1,2");
	gives("0,!rack-2", "0,0,1,2");
	gives("@empty", "");
	/* a usual state is not hidden by a group */
	gives("up", "0,1,2,5");
	gives("@up", "8");
	wrong("@nosuch");
	wrong("@");
	wrong("@bad");
	gives("nosuch", "");
	ck_assert_int_eq(bproc_grouplist(&list), 0);
	for (p = list; *p; p += strlen(p) + 1)
		n++;
	ck_assert_str_eq(list, "rack1");
	/* rack1 rack-2 both up bad a b empty */
	ck_assert_int_eq(n, 8);
	free(list);
	unlink(getenv("BPROC_GROUPS"));
	gives("rack1", "");
}
END_TEST

/* A circle ends. */
START_TEST(circles)
{
	struct bproc_node_set_t all, out;

	groups_are("a: @b\nb: a\n");
	cluster(&all);
	ck_assert_int_eq(bproc_nodefilter(&out, &all, "@a"), -1);
	ck_assert_int_eq(errno, ELOOP);
	bproc_nodeset_free(&all);
	unlink(getenv("BPROC_GROUPS"));
}
END_TEST

START_TEST(nonsense)
{
	wrong("3-1");
	wrong("1-x");
	wrong("x-3");
	wrong("all!");
	wrong("!");
	wrong("up!");
	wrong("1 2");
	wrong("0x1");
	wrong("&1");
	wrong("1&");
	wrong("1,&2");
	wrong("1^,2");
	wrong("1-3/0");
	wrong("1-3/x");
	wrong("1/2");
}
END_TEST

START_TEST(sets)
{
	struct bproc_node_set_t a, b = BPROC_EMPTY_NODESET;

	ck_assert_int_eq(bproc_nodeset_init(&a, 3), 0);
	ck_assert_int_eq(a.size, 3);
	a.node[2].node = 7;
	ck_assert_int_eq(bproc_nodeset_append(&b, &a), 0);
	ck_assert_int_eq(bproc_nodeset_append(&b, &b), 0);
	ck_assert_int_eq(b.size, 6);
	ck_assert_int_eq(b.node[5].node, 7);
	ck_assert_int_eq(bproc_nodeset_grow(&b, -1), -1);
	bproc_nodeset_free(&a);
	bproc_nodeset_free(&b);
	ck_assert_int_eq(b.size, 0);
}
END_TEST

/* Its elements move while they are added. */
START_TEST(a_set_to_itself)
{
	struct bproc_node_set_t a;
	void *behind;
	int i;

	mallopt(M_PERTURB, 0x55);
	ck_assert_int_eq(bproc_nodeset_init(&a, 64), 0);
	behind = malloc(100);
	for (i = 0; i < 64; i++)
		a.node[i].node = i;
	ck_assert_int_eq(bproc_nodeset_append(&a, &a), 0);
	ck_assert_int_eq(bproc_nodeset_add(&a, &a.node[5]), 0);
	for (i = 0; i < 128; i++)
		ck_assert_int_eq(a.node[i].node, i % 64);
	ck_assert_int_eq(a.node[128].node, 5);
	free(behind);
	bproc_nodeset_free(&a);
}
END_TEST

START_TEST(words_for_errors)
{
	ck_assert_str_eq(bproc_strerror(BE_NODEDOWN), "Node is down");
	ck_assert_str_eq(bproc_strerror(-BE_INVALIDNODE), "Invalid node number");
	ck_assert_str_eq(bproc_strerror(-ENOENT), strerror(ENOENT));
}
END_TEST

UNIT_MAIN("nodeset", numbers, ranges, states, algebra, groups, circles, nonsense, sets,
	  a_set_to_itself, words_for_errors)
