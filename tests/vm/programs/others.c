// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * others NODE OTHER: what a process does to those elsewhere: groups to join, threads to
 * signal.
 */
#include "member.h"

static bool has_group(pid_t pid, pid_t pgrp)
{
	return until(getpgid(pid) == pgrp);
}

/* Into the group of a sibling, that is the only one in it. */
static void joins(int leader, int place)
{
	struct member l = start(leader), s = start(place), other = start(place);

	printf("# leader on %s, one on %s\n", name(leader), name(place));
	same("a group of its own", 0, ask(&l, SETPGID, 0, 0));
	check(has_group(l.pid, l.pid), "for others, too", "%d", getpgid(l.pid));
	same("another joins it", 0, ask(&s, SETPGID, 0, l.pid));
	same("and is in it", l.pid, ask(&s, PGID, 0));
	check(has_group(s.pid, l.pid), "for others, too", "%d", getpgid(s.pid));
	same("SIGUSR1 is caught", 0, ask(&l, CATCH, SIGUSR1));
	same("and there", 0, ask(&s, CATCH, SIGUSR1));
	same("a signal to the group", 0, ask(&other, KILL, -l.pid, SIGUSR1));
	same("has come", 1, ask(&l, CAUGHT, 1));
	same("and there", 1, ask(&s, CAUGHT, 1));
	same("a session of its own", other.pid, ask(&other, SETSID));
	check(until(getsid(other.pid) == other.pid), "for others, too", "%d",
	      getsid(other.pid));
	same("is closed to others", -1, ask(&s, SETPGID, 0, other.pid));
	same("for that reason", EPERM, got.err);
	same("no such group", -1, ask(&s, SETPGID, 0, 4000000));
	same("for that reason", EPERM, got.err);
	same("it stays where it is", l.pid, ask(&s, PGID, 0));
	same("back to ours", 0, ask(&s, SETPGID, 0, getpgid(0)));
	same("where it is", getpgid(0), ask(&s, PGID, 0));
	finish(&l, 1);
	finish(&s, 2);
	finish(&other, 3);
}

/* A parent puts its child, elsewhere, into a group that is elsewhere. */
static void puts_child(int parent, int child)
{
	struct member l = start(places[1]), p = start(parent), c;

	printf("# parent on %s, child on %s\n", name(parent), name(child));
	same("a group of its own", 0, ask(&l, SETPGID, 0, 0));
	check(has_group(l.pid, l.pid), "for others, too", "%d", getpgid(l.pid));
	c = start_child(&p, parent, child);
	same("its parent has it join", 0, ask(&p, SETPGID, c.pid, l.pid));
	check(until(ask(&c, PGID, 0) == l.pid), "it has", "%d", got.ret);
	check(has_group(c.pid, l.pid), "for others, too", "%d", getpgid(c.pid));
	same("its parent sees that", l.pid, ask(&p, PGID, c.pid));
	end(&c, 5);
	same("and waits for the group", c.pid, ask(&p, WAIT, -l.pid));
	same("its status", 5 << 8, got.status);
	finish(&l, 1);
	finish(&p, 2);
}

/* Of the signal that the last answer is about. */
static void is_from_tgkill(const struct member *from)
{
	same("it is tgkill's", SI_TKILL, got.code);
	same("from whom", from->pid, got.pid);
}

static void signals_threads(int from, int to)
{
	struct member a = start(from), b = start(to), gone = start(to);
	int tid;

	printf("# from %s to %s\n", name(from), name(to));
	same("SIGUSR1 is caught", 0, ask(&b, CATCH, SIGUSR1));
	same("to the first thread", 0, ask(&a, TGKILL, b.pid, b.pid, SIGUSR1));
	same("has come", 1, ask(&b, CAUGHT, 1));
	same("to that", b.pid, got.status);
	is_from_tgkill(&a);
	tid = ask(&b, THREAD);
	check(tid > 0 && tid != b.pid, "another thread", "%d", tid);
	same("none to the other", 0, ask(&a, TGKILL, b.pid, tid, 0));
	same("one to the other", 0, ask(&a, TGKILL, b.pid, tid, SIGUSR1));
	same("has come", 1, ask(&b, CAUGHT, 1));
	same("to that", tid, got.status);
	is_from_tgkill(&a);
	same("no such thread", -1, ask(&a, TGKILL, b.pid, 4000000, SIGUSR1));
	same("for that reason", ESRCH, got.err);
	finish(&gone, 1);
	/* Its end is known before all of it is gone. */
	check(until(ask(&a, TGKILL, gone.pid, gone.pid, SIGUSR1) == -1), "no such process",
	      "%d", got.ret);
	same("for that reason", ESRCH, got.err);
	finish(&a, 1);
	finish(&b, 2);
}

int main(int argc, char **argv)
{
	int i, j;

	members_init(argc, argv);
	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++) {
			joins(places[i], places[j]);
			puts_child(places[i], places[j]);
			/* The master knows threads on nodes by their numbers alone. */
			if (i != 0 || j == 0)
				signals_threads(places[i], places[j]);
		}
	return failures != 0;
}
