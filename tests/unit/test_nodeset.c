// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
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

START_TEST(words_for_errors)
{
	ck_assert_str_eq(bproc_strerror(BE_NODEDOWN), "Node is down");
	ck_assert_str_eq(bproc_strerror(-BE_INVALIDNODE), "Invalid node number");
	ck_assert_str_eq(bproc_strerror(-ENOENT), strerror(ENOENT));
}
END_TEST

UNIT_MAIN("nodeset", numbers, ranges, states, nonsense, sets, words_for_errors)
