// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * orphans NODE OTHER: what ends and who gets what is left: parents that end before their
 * children, subreapers, groups that become orphaned, signals amid a wait.
 */
#include "member.h"

/* A child of a process on one machine, itself on another. */
struct pair {
	struct member p, c;
};

static struct pair start_pair(int parent, int child)
{
	struct pair two;

	printf("# parent on %s, child on %s\n", name(parent), name(child));
	two.p = start(parent);
	two.c = start_child(&two.p, parent, child);
	return two;
}

static bool has_parent(struct member *m, pid_t pid)
{
	return until(ask(m, PPID) == pid);
}

/* A parent ends, or is killed: its child falls to init, and hears of it if it wants to.
 */
static void parent_ends(int parent, int child, bool killed)
{
	struct pair two = start_pair(parent, child);

	same("it wants to hear of that", 0, ask(&two.c, DEATHSIG, SIGUSR1));
	if (killed) {
		same("the parent is killed", 0, kill(two.p.pid, SIGKILL));
		same("it is", SIGKILL, end_of(two.p.pid));
		close(two.p.chan);
	} else {
		finish(&two.p, 3);
	}
	same("it hears of it", 1, ask(&two.c, CAUGHT, 1));
	check(has_parent(&two.c, 1), "and has another parent", "%d", got.ret);
	/* Not the old parent's child any more, so no child of ours. */
	same("that is not us", -1, waitpid(two.c.pid, NULL, WNOHANG));
	same("it was told once", 0, ask(&two.c, CAUGHT, 0));
	end(&two.c, 7);
	is_gone(two.c.pid);
}

/* We are the subreaper: the child is ours then, wherever it is. */
static void we_adopt(int parent, int child)
{
	struct pair two = start_pair(parent, child);

	same("it wants to hear of that", 0, ask(&two.c, DEATHSIG, SIGUSR1));
	finish(&two.p, 3);
	same("it hears of it", 1, ask(&two.c, CAUGHT, 1));
	check(has_parent(&two.c, getpid()), "and is a child of ours", "%d", got.ret);
	same("it was told once", 0, ask(&two.c, CAUGHT, 0));
	end(&two.c, 7);
	same("we wait for it", 7 << 8, end_of(two.c.pid));
	same("once", -1, waitpid(two.c.pid, NULL, WNOHANG));
	is_gone(two.c.pid);
}

/*
 * A parent takes its time to end: that its child is ours is known where they are before it
 * has given it away.
 */
static void we_adopt_early(int node)
{
	struct pair two = start_pair(node, node);

	same("the parent has much to close", 0, ask(&two.p, WATCH, 30));
	finish(&two.p, 3);
	check(has_parent(&two.c, getpid()), "its child is ours", "%d", got.ret);
	end(&two.c, 7);
	same("we wait for it", 7 << 8, end_of(two.c.pid));
	is_gone(two.c.pid);
}

/* One that was told to be a subreaper is it wherever it goes, for those that are there.
 */
static void it_adopts(int from, int to)
{
	struct member g = start(from), p, c;

	printf("# a subreaper from %s to %s\n", name(from), name(to));
	same("a subreaper", 0, ask(&g, SUBREAPER, 1));
	move(&g, to);
	p = start_child(&g, to, to);
	c = start_child(&p, to, to);
	end(&p, 4);
	same("its child ends", p.pid, ask(&g, WAIT, p.pid));
	check(has_parent(&c, g.pid), "that one's child is its own", "%d", got.ret);
	end(&c, 5);
	same("it waits for it", c.pid, ask(&g, WAIT, -1));
	same("its status", 5 << 8, got.status);
	same("no other", -1, ask(&g, WAIT, -1));
	is_gone(c.pid);
	finish(&g, 1);
}

/* The signal that a parent's end sends goes along, and is not sent by a move. */
static void death_signal_moves(void)
{
	struct pair two = start_pair(M, M);

	same("it wants to hear of that", 0, ask(&two.c, DEATHSIG, SIGUSR1));
	move(&two.c, places[1]);
	move(&two.c, places[2]);
	move(&two.p, places[1]);
	move(&two.c, M);
	same("nothing yet", 0, ask(&two.c, CAUGHT, 0));
	finish(&two.p, 3);
	same("it hears of it", 1, ask(&two.c, CAUGHT, 1));
	end(&two.c, 7);
	is_gone(two.c.pid);
}

/* A stopped group without anybody left to let it go on is sent SIGHUP and SIGCONT. */
static void orphaned_group(int parent, int child)
{
	struct pair two = start_pair(parent, child);
	int n;

	same("a group of its own", 0, ask(&two.c, SETPGID, 0, 0));
	same("SIGHUP is caught", 0, ask(&two.c, CATCH, SIGHUP));
	same("it stops", 0, ask(&two.p, KILL, two.c.pid, SIGSTOP));
	same("its parent sees that", two.c.pid, ask(&two.p, WAIT, two.c.pid, WUNTRACED));
	finish(&two.p, 3);
	n = ask(&two.c, CAUGHT, 1);
	check(n >= 1, "it goes on, with SIGHUP", "%d, errno %d", n, got.err);
	end(&two.c, 7);
	is_gone(two.c.pid);
}

/* A signal amid a wait: the wait goes on, or it does not. */
static void interrupted_wait(int parent, int child)
{
	struct pair two = start_pair(parent, child);

	same("an alarm", 0, ask(&two.p, ALARM, 300, 0));
	same("the wait ends", -1, ask(&two.p, WAIT, two.c.pid));
	same("by a signal", EINTR, got.err);
	same("an alarm that restarts", 0, ask(&two.p, ALARM, 300, 1));
	tell(&two.p, WAIT, two.c.pid, 0, 0);
	usleep(600000);
	end(&two.c, 9);
	same("that wait goes on", two.c.pid, hear(&two.p));
	same("to the end", 9 << 8, got.status);
	finish(&two.p, 1);
}

/* pidfds of a child: here, or a ghost. */
static void pidfds(int parent, int child)
{
	struct pair two = start_pair(parent, child);

	same("a pidfd", 0, ask(&two.p, PIDFD, two.c.pid));
	same("it has not ended", 0, ask(&two.p, PIDFD_POLL, 0));
	same("a signal by it", 0, ask(&two.p, PIDFD_KILL, SIGTERM));
	same("now it has", 1, ask(&two.p, PIDFD_POLL, (int)PATIENCE * 1000));
	same("a wait by it", two.c.pid, ask(&two.p, PIDFD_WAIT));
	same("by the signal", CLD_KILLED, got.code);
	same("this", SIGTERM, got.status);
	close(two.c.chan);
	same("no other", -1, ask(&two.p, WAIT, -1));
	finish(&two.p, 1);
}

static void ends_by_pidfd(const struct member *m, struct member *other)
{
	same("a pidfd", 0, ask(m, PIDFD, other->pid));
	same("it has not ended", 0, ask(m, PIDFD_POLL, 0));
	same("a signal by it", 0, ask(m, PIDFD_KILL, SIGTERM));
	same("now it has", 1, ask(m, PIDFD_POLL, (int)PATIENCE * 1000));
	same("by the signal", SIGTERM, end_of(other->pid));
	close(other->chan);
}

/* pidfds of processes that are nobody's kin: what a node's kernel knows, on the master all. */
static void pidfds_of_strangers(void)
{
	struct member here = start(M), there = start(places[1]);
	struct member neighbour = start(places[1]), far = start(places[2]);

	printf("# pidfds of strangers\n");
	same("of one elsewhere", -1, ask(&there, PIDFD, far.pid));
	same("is not to be had on a node", ESRCH, got.err);
	ends_by_pidfd(&there, &neighbour);
	ends_by_pidfd(&here, &far);
	finish(&there, 1);
	finish(&here, 1);
}

/* A subreaper on a node is none for those that are on another machine: they are init's. */
static void cannot_adopt(int from, int to)
{
	struct member g = start(from), p, c;

	printf("# a subreaper on %s, a family on %s\n", name(from), name(to));
	same("a subreaper", 0, ask(&g, SUBREAPER, 1));
	p = start_child(&g, from, to);
	c = start_child(&p, to, to);
	end(&p, 4);
	same("its child ends", p.pid, ask(&g, WAIT, p.pid));
	check(has_parent(&c, 1), "that one's child is init's", "%d", got.ret);
	same("no other", -1, ask(&g, WAIT, -1));
	finish(&g, 1);
	end(&c, 5);
	is_gone(c.pid);
}

static void *starts(void *member)
{
	struct member *m = member;

	*m = start(M);
	move(m, places[1]);
	return NULL;
}

/* For the kernel a thread is the parent, and its end that of a parent. */
static void thread_ends(void)
{
	struct member m;
	pthread_t t;

	printf("# the thread that made it ends\n");
	if (pthread_create(&t, NULL, starts, &m) || pthread_join(t, NULL))
		give_up("thread");
	same("SIGUSR1 is caught", 0, ask(&m, CATCH, SIGUSR1));
	same("it is there", 0, kill(m.pid, SIGUSR1));
	same("and gets signals", 1, ask(&m, CAUGHT, 1));
	same("its parent is the same", getpid(), ask(&m, PPID));
	finish(&m, 3);
}

/* All threads of a child get the other parent, or the end of that one finds an old one. */
static void threads_are_adopted(int node)
{
	struct member g = start(M), p, c;

	printf("# threads that are adopted on %s\n", name(node));
	same("a subreaper", 0, ask(&g, SUBREAPER, 1));
	p = start_child(&g, M, M);
	c = start_child(&p, M, node);
	check(ask(&c, THREAD) > 0, "another thread", "errno %d", got.err);
	end(&p, 4);
	same("its parent ends", p.pid, ask(&g, WAIT, p.pid));
	check(has_parent(&c, g.pid), "it has another one", "%d", got.ret);
	finish(&g, 1);
	check(has_parent(&c, 1), "that one ends, too", "%d", got.ret);
	end(&c, 7);
	is_gone(c.pid);
}

/* All placements of the two. */
static void each(void (*what)(int, int))
{
	int i, j;

	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++)
			what(places[i], places[j]);
}

static void ends(int parent, int child)
{
	parent_ends(parent, child, false);
}

static void is_killed(int parent, int child)
{
	parent_ends(parent, child, true);
}

int main(int argc, char **argv)
{
	members_init(argc, argv);
	each(ends);
	each(is_killed);
	death_signal_moves();
	thread_ends();
	each(orphaned_group);
	each(interrupted_wait);
	each(pidfds);
	pidfds_of_strangers();
	cannot_adopt(places[1], places[2]);
	cannot_adopt(places[2], M);
	it_adopts(M, places[1]);
	it_adopts(places[1], places[2]);
	it_adopts(places[2], M);
	threads_are_adopted(places[1]);
	threads_are_adopted(places[2]);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		give_up("subreaper");
	each(we_adopt);
	we_adopt_early(places[1]);
	we_adopt_early(places[2]);
	return failures != 0;
}
