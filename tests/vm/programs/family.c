// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * family NODE OTHER [SEED ROUNDS]: parents and children on different machines; with a
 * seed at random.
 * family NODE OTHER more: SIGCHLD that is ignored, alarms, and what is used.
 */
#include "member.h"

/* Whose real user is not root, so that it is somebody's. */
#define USER 1001

/* What the parent hears of its child by SIGCHLD. */
static void told(const struct member *p, const struct member *c, int code, int status)
{
	same("SIGCHLD, once", 1, ask(p, HEARD, 1));
	same("from the child", c->pid, got.pid);
	same("its user's", USER, got.uid);
	same("and why", code, got.code);
	same("with what", status, got.status);
}

static struct member start_users(int place)
{
	struct member m = start(place);

	same("another user", 0, ask(&m, REAL_USER, USER));
	return m;
}

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
	told(p, &c, CLD_EXITED, 7);

	c = start_child(p, from, place);
	ask(&c, BURN, 150);
	tell(&c, DIE, SIGUSR1, 0, 0);
	same("waitid, and it stays", c.pid,
	     ask(p, WAITID, P_PID, c.pid, WEXITED | WNOWAIT));
	same("a signal", CLD_KILLED, got.code);
	same("which", SIGUSR1, got.status);
	same("wait for any", c.pid, ask(p, WAIT, -1));
	same("of the signal", SIGUSR1, got.status);
	check(got.used.time >= 150000, "what it used", "%d us", got.used.time);
	told(p, &c, CLD_KILLED, SIGUSR1);
	close(c.chan);

	c = start_child(p, from, place);
	same("a signal to it", 0, ask(p, KILL, c.pid, SIGSTOP));
	same("wait for a stop", c.pid, ask(p, WAIT, c.pid, WUNTRACED));
	same("stopped", SIGSTOP << 8 | 0x7f, got.status);
	same("once", 0, ask(p, WAIT, c.pid, WUNTRACED | WNOHANG));
	told(p, &c, CLD_STOPPED, SIGSTOP);
	same("another", 0, ask(p, KILL, c.pid, SIGCONT));
	same("waitid for going on", c.pid, ask(p, WAITID, P_PID, c.pid, WCONTINUED));
	same("it goes on", CLD_CONTINUED, got.code);
	told(p, &c, CLD_CONTINUED, SIGCONT);
	same("and answers", p->pid, ask(&c, PPID));
	same("SIGKILL", 0, ask(p, KILL, c.pid, SIGKILL));
	same("wait for the group", c.pid, ask(p, WAIT, 0));
	same("killed", SIGKILL, got.status);
	told(p, &c, CLD_KILLED, SIGKILL);
	close(c.chan);
	same("no other", -1, ask(p, WAIT, -1));
	same("child", ECHILD, got.err);
}

/* A parent that wants to hear of ends alone. */
static void no_stops(const struct member *p, int from, int place)
{
	struct member c = start_child(p, from, place);

	same("SA_NOCLDSTOP", 0, ask(p, NOCLDSTOP, 1));
	same("a signal to it", 0, ask(p, KILL, c.pid, SIGSTOP));
	same("wait for a stop", c.pid, ask(p, WAIT, c.pid, WUNTRACED));
	same("no SIGCHLD", 0, ask(p, HEARD, 0));
	same("another", 0, ask(p, KILL, c.pid, SIGCONT));
	same("wait for going on", c.pid, ask(p, WAIT, c.pid, WCONTINUED));
	same("nor now", 0, ask(p, HEARD, 0));
	end(&c, 8);
	same("wait", c.pid, ask(p, WAIT, c.pid));
	told(p, &c, CLD_EXITED, 8);
	same("without SA_NOCLDSTOP", 0, ask(p, NOCLDSTOP, 0));
}

static void placements(void)
{
	struct member p;
	int i, j;

	for (i = 0; i < 3; i++) {
		p = start_users(places[i]);
		for (j = 0; j < 3; j++) {
			waits(&p, places[i], places[j]);
			no_stops(&p, places[i], places[j]);
		}
		finish(&p, 3);
	}
}

/* A parent that does not want to wait: children vanish, here and wherever it goes. */
static void ignores(int i, int j, bool but_not_signals)
{
	struct member p = start_users(places[i]), c, d;

	printf("# SIGCHLD %s on %s, children on %s\n",
	       but_not_signals ? "without status" : "ignored", name(places[i]),
	       name(places[j]));
	same("it is ignored", 0, ask(&p, IGNORE, but_not_signals));
	c = start_child(&p, places[i], places[j]);
	d = start_child(&p, places[i], places[j]);
	end(&c, 7);
	is_gone(c.pid);
	if (but_not_signals)
		told(&p, &c, CLD_EXITED, 7);
	same("one is left", 0, ask(&p, WAIT, -1, WNOHANG));
	move(&p, places[(i + 1) % 3]);
	same("and after a move", 0, ask(&p, WAIT, -1, WNOHANG));
	end(&d, 8);
	same("a wait is for its end", -1, ask(&p, WAIT, -1));
	same("and finds no child", ECHILD, got.err);
	is_gone(d.pid);
	if (but_not_signals)
		told(&p, &d, CLD_EXITED, 8);
	finish(&p, 1);
}

/* An alarm that is set on the master stays there, and finds the process. */
static void alarms(void)
{
	struct member m = start(M);
	int ms = 500, i;

	/* It is to come when the process is on the second of two nodes, or at home. */
	for (i = 0; i < 2; i++, ms = 500) {
		do {
			printf("# an alarm in %d ms, which comes %s\n", ms,
			       i ? "at home" : "on a node");
			ms *= 2;
			same("an alarm", 0, ask(&m, ALARM, ms, 1));
			move(&m, places[1]);
			move(&m, i ? M : places[2]);
		} while (ask(&m, CAUGHT, 0) > 0 && move(&m, M) && ms < 60000);
		same("SIGALRM", 1, ask(&m, CAUGHT, 1));
		same("once", 0, ask(&m, CAUGHT, 0));
		move(&m, M);
	}
	finish(&m, 1);
}

/*
 * Signals that it holds back wait for it wherever it goes, from the first moment on, as they
 * were sent. Return: an exit code.
 */
static int keep_waiting(void)
{
	static const int way[] = { 1, 2, 0, 2, 1, 0 };
	struct timespec at_once = { 0 };
	siginfo_t info;
	sigset_t held, is;
	int i;

	sigemptyset(&held);
	sigaddset(&held, SIGUSR1);
	sigaddset(&held, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &held, NULL);
	raise(SIGUSR1);
	for (i = 0; i < 5; i++)
		queue(getpid(), SIGRTMIN + 3, i);
	for (i = 0; i < 6; i++) {
		if (go(BPROC_IOC_MOVE, places[way[i]], ALL))
			return 10 + i;
		sigpending(&is);
		if (!sigismember(&is, SIGUSR1) || !sigismember(&is, SIGRTMIN + 3))
			return 20 + i;
	}
	/* The thread's own first; the others in their order. */
	if (sigtimedwait(&held, &info, &at_once) != SIGUSR1 || info.si_pid != getpid())
		return 30;
	for (i = 0; i < 5; i++)
		if (sigtimedwait(&held, &info, &at_once) != SIGRTMIN + 3 ||
		    info.si_code != SI_QUEUE || info.si_pid != getpid() ||
		    info.si_value.sival_int != i)
			return 40 + i;
	if (sigtimedwait(&held, &info, &at_once) >= 0)
		return 50;
	return 0;
}

static void signals_wait(void)
{
	pid_t pid = fork();

	printf("# signals that wait\n");
	if (!pid)
		_exit(keep_waiting());
	same("they go along", 0, pid > 0 ? end_of(pid) : -1);
}

/* --- what is used --- */

/* A move's own work is less. */
#define BURNT 600
/* Rounded to microseconds, here and there. */
#define ROUNDED 50

/* A process has used what it used anywhere. */
static void own_usage(void)
{
	struct member m = start(M);
	struct used was = { 0 }, is;
	struct rusage ru = { 0 };
	int i, status = -1;

	same("much memory, for a moment", 0, ask(&m, PEAK, 32));
	for (i = 0; i < 4; i++) {
		if (i)
			move(&m, places[i % 3]);
		printf("# on %s\n", name(m.place));
		ask(&m, USED);
		is = got.used;
		if (i) {
			check(is.time >= was.time && is.time < 2 * was.time,
			      "it has used what it had", "%d us, not %d", is.time,
			      was.time);
			check(is.max_rss >= was.max_rss, "had as much memory",
			      "%d KiB, not %d", is.max_rss, was.max_rss);
			check(is.blocks >= was.blocks, "and read as much", "%d, not %d",
			      is.blocks, was.blocks);
			check(is.switches >= was.switches, "and slept as often",
			      "%d, not %d", is.switches, was.switches);
		}
		if (places[i % 3] != places[1])
			same("a disk is read", 0, ask(&m, READ));
		ask(&m, BURN, BURNT);
		ask(&m, USED);
		was = got.used;
		check(was.time >= is.time + BURNT * 1000, "it uses more", "%d us, then %d",
		      is.time, was.time);
		check(m.place == places[1] || was.blocks >= is.blocks + 2048,
		      "and what it reads", "%d blocks, then %d", is.blocks, was.blocks);
	}
	check(was.max_rss >= 32 << 10, "that was much memory", "%d KiB", was.max_rss);
	end(&m, 4);
	check(until(wait4(m.pid, &status, WNOHANG, &ru) == m.pid) && status == 4 << 8,
	      "it ends", "%#x", status);
	is = used_of(&ru);
	check(is.time >= was.time && is.time < was.time + BURNT * 1000,
	      "its parent is told the time", "%d us, not %d", is.time, was.time);
	check(is.max_rss >= was.max_rss, "the memory", "%d KiB, not %d", is.max_rss,
	      was.max_rss);
	check(is.blocks >= was.blocks, "what was read", "%d, not %d", is.blocks,
	      was.blocks);
	check(is.switches >= was.switches, "how often it slept", "%d, not %d", is.switches,
	      was.switches);
}

/* A child, whose own child used time and memory. Return: what the parent is told. */
static struct used used_child(const struct member *p, int place)
{
	struct member c = start_child(p, p->place, place);
	struct member g = start_child(&c, place, place);
	struct used of_g;

	same("much memory", 0, ask(&g, PEAK, 24));
	if (place != places[1])
		same("a disk is read", 0, ask(&g, READ));
	ask(&g, BURN, 100);
	end(&g, 1);
	same("its child waits for it", g.pid, ask(&c, WAIT, g.pid));
	of_g = got.used;
	check(of_g.time >= 100000, "the time of the child's child", "%d us", of_g.time);
	end(&c, 2);
	same("and is waited for", c.pid, ask(p, WAIT, c.pid));
	check(got.used.time >= of_g.time - ROUNDED, "with the time of both", "%d us, not %d",
	      got.used.time, of_g.time);
	check(got.used.max_rss >= 24 << 10, "the larger one's memory", "%d KiB",
	      got.used.max_rss);
	check(got.used.blocks >= of_g.blocks &&
		      (place == places[1] || got.used.blocks >= 2048),
	      "what was read", "%d, %d", got.used.blocks, of_g.blocks);
	check(got.used.switches >= of_g.switches, "how often it slept", "%d, not %d",
	      got.used.switches, of_g.switches);
	return got.used;
}

/* What children used is their parent's, wherever it was when they ended. */
static void children_usage(void)
{
	struct member p = start(M);
	struct used was = { 0 };
	int i, j, total = 0;

	for (i = 0; i < 4; i++) {
		if (i)
			move(&p, places[i % 3]);
		ask(&p, USED);
		check(!memcmp(&got.children, &was, sizeof(was)), "its children's go along",
		      "%d us, not %d; %d KiB, not %d; %d blocks, not %d; %d switches, not %d",
		      got.children.time, was.time, got.children.max_rss, was.max_rss,
		      got.children.blocks, was.blocks, got.children.switches,
		      was.switches);
		for (j = 0; j < 2; j++) {
			printf("# parent on %s, child on %s\n", name(p.place),
			       name(places[(i + j) % 3]));
			total += used_child(&p, places[(i + j) % 3]).time;
		}
		ask(&p, USED);
		was = got.children;
		check(abs(was.time - total) <= ROUNDED, "the sum of what it is told",
		      "%d us, not %d", was.time, total);
		check(was.max_rss >= 24 << 10, "the largest one's memory", "%d KiB",
		      was.max_rss);
	}
	finish(&p, 1);
}

/* All placements of a parent and its children. */
static void each(void (*what)(int, int))
{
	int i, j;

	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++)
			what(i, j);
}

static void ignored(int i, int j)
{
	ignores(i, j, false);
}

static void without_status(int i, int j)
{
	ignores(i, j, true);
}

/* The child stops, its parent sees that, and moves from the i-th place to the next. */
static void leave_stopped(struct member *p, const struct member *c, int i, int j)
{
	int to = (i + 1) % 3;

	printf("# from %s to %s, a stopped child on %s\n", name(places[i]),
	       name(places[to]), name(places[j]));
	same("a signal to it", 0, ask(p, KILL, c->pid, SIGSTOP));
	same("wait for a stop", c->pid, ask(p, WAIT, c->pid, WUNTRACED));
	move(p, places[to]);
}

/*
 * A parent has a child that stands stopped and moves. Where it is then it is told of the stop
 * once more, and it sees the child go on.
 */
static void stopped_child(int i, int j)
{
	struct member p = start(places[i]), c = start_child(&p, places[i], places[j]);

	leave_stopped(&p, &c, i, j);
	check(until(ask(&p, WAIT, c.pid, WUNTRACED | WNOHANG) == c.pid),
	      "it is stopped there, too", "%d, errno %d", got.ret, got.err);
	same("by the same", SIGSTOP << 8 | 0x7f, got.status);
	same("another", 0, ask(&p, KILL, c.pid, SIGCONT));
	same("wait for going on", c.pid, ask(&p, WAIT, c.pid, WCONTINUED));
	same("and answers", p.pid, ask(&c, PPID));
	same("once more", 0, ask(&p, KILL, c.pid, SIGSTOP));
	same("wait for that stop", c.pid, ask(&p, WAIT, c.pid, WUNTRACED));
	same("a signal that ends it", 0, ask(&p, KILL, c.pid, SIGTERM));
	same("but not yet", 0, ask(&p, WAIT, c.pid, WNOHANG));
	same("it goes on", 0, ask(&p, KILL, c.pid, SIGCONT));
	same("to its end", c.pid, ask(&p, WAIT, c.pid));
	same("by that signal", SIGTERM, got.status);
	close(c.chan);
	finish(&p, 3);
}

/*
 * A parent leaves its child, which stands stopped, behind; and somebody there signals to the
 * child before it goes on.
 */
static void left_stopped(int i, int j)
{
	struct member p = start(places[i]), c = start_child(&p, places[i], places[j]);
	struct member q = start(places[i]);

	leave_stopped(&p, &c, i, j);
	same("a stranger's signal, where the parent was", 0, ask(&q, KILL, c.pid, SIGTERM));
	same("the child does not have it yet", 0, ask(&p, WAIT, c.pid, WNOHANG));
	same("the parent's that lets it go on", 0, ask(&p, KILL, c.pid, SIGCONT));
	same("wait for the end", c.pid, ask(&p, WAIT, c.pid));
	same("by the stranger's", SIGTERM, got.status);
	close(c.chan);
	finish(&q, 3);
	finish(&p, 3);
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
	is_gone(m->pid);
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
	/* Two programs of it: neither takes long. */
	if (argc > 3 && !strcmp(argv[3], "more")) {
		each(ignored);
		each(without_status);
		each(stopped_child);
		each(left_stopped);
		alarms();
		signals_wait();
		own_usage();
		children_usage();
		return failures != 0;
	}
	placements();
	parent_moves();
	both_move();
	child_stays();
	return failures != 0;
}
