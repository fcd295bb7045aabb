// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * family NODE OTHER [SEED ROUNDS]: parents and children on different machines; with a
 * seed at random.
 */
#include "member.h"

/* Ends with a code, by a signal; stops and goes on. */
static void waits(struct member *p, int from, int place)
{
	struct member c = start_child(p, from, place);

	printf("# parent on %s, child on %s\n", name(from), name(place));
	same("its parent is known", p->pid, ask(&c, PPID));
	same("nothing yet", 0, ask(p, WAIT, c.pid, WNOHANG));
	end(&c, 7);
	same("wait", c.pid, ask(p, WAIT, c.pid));
	same("its status", 7 << 8, got.status);
	same("once", -1, ask(p, WAIT, c.pid, WNOHANG));
	same("no such child", ECHILD, got.err);
	check(ask(p, HEARD, 1) >= 1, "SIGCHLD", "%d", got.ret);

	c = start_child(p, from, place);
	ask(&c, BURN, 150);
	tell(&c, DIE, SIGUSR1, 0, 0);
	same("waitid, and it stays", c.pid,
	     ask(p, WAITID, P_PID, c.pid, WEXITED | WNOWAIT));
	same("a signal", CLD_KILLED, got.code);
	same("which", SIGUSR1, got.status);
	same("wait for any", c.pid, ask(p, WAIT, -1));
	same("of the signal", SIGUSR1, got.status);
	check(got.ms >= 150, "what it used", "%d ms", got.ms);
	close(c.chan);

	c = start_child(p, from, place);
	same("a signal to it", 0, ask(p, KILL, c.pid, SIGSTOP));
	same("wait for a stop", c.pid, ask(p, WAIT, c.pid, WUNTRACED));
	same("stopped", SIGSTOP << 8 | 0x7f, got.status);
	same("once", 0, ask(p, WAIT, c.pid, WUNTRACED | WNOHANG));
	same("another", 0, ask(p, KILL, c.pid, SIGCONT));
	same("waitid for going on", c.pid, ask(p, WAITID, P_PID, c.pid, WCONTINUED));
	same("it goes on", CLD_CONTINUED, got.code);
	same("and answers", p->pid, ask(&c, PPID));
	same("SIGKILL", 0, ask(p, KILL, c.pid, SIGKILL));
	same("wait for the group", c.pid, ask(p, WAIT, 0));
	same("killed", SIGKILL, got.status);
	close(c.chan);
	same("no other", -1, ask(p, WAIT, -1));
	same("child", ECHILD, got.err);
}

static void placements(void)
{
	struct member p;
	int i, j;

	for (i = 0; i < 3; i++) {
		p = start(places[i]);
		for (j = 0; j < 3; j++)
			waits(&p, places[i], places[j]);
		finish(&p, 3);
	}
}

/* A parent leaves its child, and comes back. */
static void parent_moves(void)
{
	struct member p, c, d;
	int i, j, k;

	for (i = 0; i < 3; i++) {
		for (j = 0; j < 3; j++) {
			p = start(places[i]);
			c = start_child(&p, places[i], places[j]);
			d = start_child(&p, places[i], places[i]);
			for (k = 1; k < 3; k++) {
				printf("# from %s to %s, child on %s\n",
				       name(places[(i + k - 1) % 3]),
				       name(places[(i + k) % 3]), name(places[j]));
				move(&p, places[(i + k) % 3]);
				same("both are there", 0, ask(&p, WAIT, -1, WNOHANG));
				same("its parent is the same", p.pid, ask(&c, PPID));
				same("a local one's too", p.pid, ask(&d, PPID));
			}
			end(&c, 5);
			same("wait", c.pid, ask(&p, WAIT, c.pid));
			same("its status", 5 << 8, got.status);
			move(&p, places[i]);
			same("that was once", 0, ask(&p, WAIT, -1, WNOHANG));
			end(&d, 6);
			same("wait at home", d.pid, ask(&p, WAIT, -1));
			same("status", 6 << 8, got.status);
			same("no other", -1, ask(&p, WAIT, -1));
			finish(&p, 1);
		}
	}
}

/* Both go to the same place; the child, which is smaller, is there before its parent
 * runs. */
static void both_move(void)
{
	struct member p, c, *who[2] = { &p, &c };
	int i, k, to[2];

	for (i = 0; i < 3; i++) {
		for (k = 1; k < 3; k++) {
			printf("# both from %s to %s\n", name(places[i]),
			       name(places[(i + k) % 3]));
			to[0] = to[1] = places[(i + k) % 3];
			p = start(places[i]);
			c = start_child(&p, places[i], places[i]);
			same("a large parent", 0, ask(&p, GROW, 32));
			if (!move_all(who, to, 2))
				return;
			same("its parent is the same", p.pid, ask(&c, PPID));
			same("it is there", 0, ask(&p, WAIT, -1, WNOHANG));
			end(&c, 5);
			same("wait", c.pid, ask(&p, WAIT, c.pid));
			same("its status", 5 << 8, got.status);
			same("no other", -1, ask(&p, WAIT, -1));
			finish(&p, 1);
		}
	}
}

/* The same, but that of the child fails. */
static void child_stays(void)
{
	struct member p, c, *who[2] = { &p, &c };
	int i, k, to[2] = { places[1], places[1] };

	for (i = 0; i < 6; i++) {
		p = start(M);
		c = start_child(&p, M, M);
		c.bare = true;
		/* The parent is there a little later each time. */
		for (k = 0; k < i; k++)
			ask(&p, GROW, 2);
		if (!try_all(who, to, 2))
			return;
		same("the parent is there", to[0], p.place);
		same("the child is not", M, c.place);
		same("its parent is the same", p.pid, ask(&c, PPID));
		same("which has it", 0, ask(&p, WAIT, -1, WNOHANG));
		end(&c, 5);
		same("wait", c.pid, ask(&p, WAIT, c.pid));
		same("its status", 5 << 8, got.status);
		same("no other", -1, ask(&p, WAIT, -1));
		finish(&p, 1);
	}
}

/* --- at random --- */

#define PARENTS 3
#define CHILDREN 4

struct clan {
	struct member parent, child[CHILDREN];
	int n, born, waited;
};

static unsigned int seed;

static int any(int n)
{
	seed = seed * 1103515245 + 12345;
	return (int)(seed >> 16 & 0x7fff) % n;
}

/* The child's end is told once, with the right code. */
static void bury(struct clan *c, int i)
{
	struct member *m = &c->child[i];

	check(ask(&c->parent, WAIT, any(2) ? m->pid : -1) == m->pid &&
		      got.status == (m->pid & 0x7f) << 8,
	      "waited for", "%d, status %#x, errno %d", got.ret, got.status, got.err);
	check(until(kill(m->pid, 0) && errno == ESRCH), "nothing is left of it", "%s",
	      stat_field(m->pid, 3));
	c->waited++;
	c->child[i] = c->child[--c->n];
}

static void round_of(struct clan *c)
{
	struct member *who[2] = { &c->parent };
	int to[2] = { places[any(3)], places[any(3)] }, i = c->n ? any(c->n) : 0, what;

	if (!c->n || (c->n < CHILDREN && !any(3))) {
		c->child[c->n++] = start_child(&c->parent, c->parent.place, to[1]);
		c->born++;
		return;
	}
	who[1] = &c->child[i];
	what = any(6);
	printf("# %d: parent %d on %d to %d, child %d on %d to %d\n", what, who[0]->pid,
	       who[0]->place, to[0], who[1]->pid, who[1]->place, to[1]);
	switch (what) {
	case 0:
		move(who[0], to[0]);
		break;
	case 1:
		move(who[1], to[1]);
		break;
	case 2: /* at the same time */
	case 3:
		move_all(who, to, 2);
		break;
	case 4:
		end(who[1], who[1]->pid & 0x7f);
		bury(c, i);
		break;
	case 5: /* it ends while its parent is under way */
		end(who[1], who[1]->pid & 0x7f);
		move(who[0], to[0]);
		bury(c, i);
		break;
	}
	if (c->n)
		same("whose child", c->parent.pid, ask(&c->child[any(c->n)], PPID));
}

static void stress(int rounds)
{
	struct clan clan[PARENTS] = { 0 };
	int i, j;

	for (i = 0; i < PARENTS; i++)
		clan[i].parent = start(places[i]);
	for (j = 0; j < rounds && !failures; j++)
		round_of(&clan[any(PARENTS)]);
	for (i = 0; i < PARENTS; i++) {
		while (clan[i].n) {
			end(&clan[i].child[0], clan[i].child[0].pid & 0x7f);
			bury(&clan[i], 0);
		}
		same("each was waited for", clan[i].born, clan[i].waited);
		same("nobody else is there", -1, ask(&clan[i].parent, WAIT, -1, WNOHANG));
		same("no child", ECHILD, got.err);
		finish(&clan[i].parent, 0);
	}
}

int main(int argc, char **argv)
{
	members_init(argc, argv);
	if (argc > 4) {
		seed = (unsigned int)atoi(argv[3]);
		printf("# seed %u\n", seed);
		stress(atoi(argv[4]));
		return failures != 0;
	}
	placements();
	parent_moves();
	both_move();
	child_stays();
	return failures != 0;
}
