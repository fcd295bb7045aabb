// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bereft NODE DYING: a node dies, and with it parents and children of those elsewhere.
 */
#include "member.h"

#define OTHER places[1]
#define DYING places[2]

struct pair {
	const char *what;
	struct member p, c;
};

static struct pair start_pair(const char *what, int parent, int child)
{
	struct pair two = { .what = what };

	printf("# %s\n", what);
	two.p = start(parent);
	two.c = start_child(&two.p, parent, child);
	return two;
}

/* The child died with the node; its parent is told, once. */
static void lost_child(struct pair *two, bool waits)
{
	printf("# %s\n", two->what);
	same("wait", two->c.pid, waits ? hear(&two->p) : ask(&two->p, WAIT, -1));
	same("it was killed", SIGKILL, got.status);
	same("once", -1, ask(&two->p, WAIT, -1));
	same("no other", ECHILD, got.err);
	ask(&two->p, HEARD, 1);
	check(got.ret >= 1, "SIGCHLD", "%d", got.ret);
	check(until(kill(two->c.pid, 0)), "nothing is left of it", "%s",
	      stat_field(two->c.pid, 3));
	finish(&two->p, 1);
}

/* The parent did. */
static void lost_parent(struct pair *two)
{
	printf("# %s\n", two->what);
	same("it was killed", SIGKILL, end_of(two->p.pid));
	same("its child hears of it", 1, ask(&two->c, CAUGHT, 1));
	check(until(ask(&two->c, PPID) == 1), "and has another parent", "%d", got.ret);
	same("it was told once", 0, ask(&two->c, CAUGHT, 0));
	end(&two->c, 7);
	check(until(kill(two->c.pid, 0)), "nothing is left of it", "%s",
	      stat_field(two->c.pid, 3));
}

int main(int argc, char **argv)
{
	struct pair a, b, c, d, e, g, h;
	char command[64];

	members_init(argc, argv);
	a = start_pair("a parent on the master", M, DYING);
	b = start_pair("a parent on another node", OTHER, DYING);
	c = start_pair("a child on the master", DYING, M);
	d = start_pair("a child on another node", DYING, OTHER);
	e = start_pair("both", DYING, DYING);
	g = start_pair("a parent that was there", DYING, DYING);
	h = start_pair("one that was there", OTHER, OTHER);
	ask(&c.c, DEATHSIG, SIGUSR1);
	ask(&d.c, DEATHSIG, SIGUSR1);
	move(&g.p, OTHER);
	move(&h.c, DYING);
	move(&h.c, M);
	tell(&a.p, WAIT, a.c.pid, 0, 0);
	tell(&g.p, WAIT, -1, 0, 0);

	snprintf(command, sizeof(command), "bpctl -S %d -s down", DYING);
	same("the node dies", 0, system(command));
	lost_child(&a, true);
	lost_child(&b, false);
	lost_parent(&c);
	lost_parent(&d);
	printf("# %s\n", e.what);
	same("it was killed", SIGKILL, end_of(e.p.pid));
	check(until(kill(e.c.pid, 0)), "and its child", "%s", stat_field(e.c.pid, 3));
	lost_child(&g, true);
	printf("# %s\n", h.what);
	same("it is there", 0, ask(&h.p, WAIT, -1, WNOHANG));
	same("and has its parent", h.p.pid, ask(&h.c, PPID));
	end(&h.c, 9);
	same("which waits for it", h.c.pid, ask(&h.p, WAIT, -1));
	same("its status", 9 << 8, got.status);
	finish(&h.p, 1);
	return failures != 0;
}
