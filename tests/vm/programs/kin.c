// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a process on a node has to do with its kin: groups and sessions of others, ends of
 * parents, subreapers, pidfds.
 *
 *	kin NODE OTHER
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "scen.h"

static volatile sig_atomic_t caught;

static void note(int sig)
{
	caught = sig;
}

/* A child of a child of ours; the one in between ends when it is told to. */
static pid_t grandchild(struct channel *c, int node, int *go, int (*what)(int chan))
{
	int p[2], end[2];
	pid_t pid = -1, between;

	if (pipe2(p, O_CLOEXEC) || pipe2(end, O_CLOEXEC))
		give_up("pipe");
	between = fork();
	if (!between) {
		char byte;

		close(end[1]);
		pid = fork();
		if (!pid) {
			if (move_with(c, node))
				_exit(99);
			_exit(what(CHANNEL));
		}
		if (write(p[1], &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		_exit(read(end[0], &byte, 1) < 0);
	}
	if (read(p[0], &pid, sizeof(pid)) != sizeof(pid))
		pid = -1;
	close(p[0]);
	close(p[1]);
	close(end[0]);
	go[0] = end[1];
	go[1] = between;
	return pid;
}

/* A node looks at these numbers, says what it sees, until it reads 0. */
static int looks(int chan)
{
	int pid;

	while ((pid = get_int(chan)) > 0) {
		put_int(chan, getpgid(pid));
		put_int(chan, getsid(pid));
	}
	return 0;
}

static void numbers_of_others(int node, int other)
{
	struct channel c = channel_new();
	int chan, there;
	pid_t pid = fork(), far = remote_fork(other, &there);

	if (!far) {
		setsid();
		put_int(CHANNEL, getpid());
		get_int(CHANNEL);
		_exit(0);
	}
	if (!pid) {
		close(there);
		if (move_with(&c, node))
			_exit(99);
		_exit(looks(CHANNEL));
	}
	chan = accept_channel(c.listener);
	get_int(there);
	until(getsid(far) == far);
	put_int(chan, getpid());
	same("the group of its parent", getpgid(0), get_int(chan));
	same("the session of its parent", getsid(0), get_int(chan));
	put_int(chan, far);
	same("the group of one on another node", far, get_int(chan));
	same("the session of one on another node", far, get_int(chan));
	put_int(chan, 1);
	same("the group of the master's init", getpgid(1), get_int(chan));
	same("its session", getsid(1), get_int(chan));
	put_int(chan, 4000000);
	same("no group of who is not there", -1, get_int(chan));
	same("no session", -1, get_int(chan));
	put_int(chan, 0);
	put_int(there, 0);
	same("it ends", 0, end_of(pid));
	same("so does the other", 0, end_of(far));
	close(chan);
	close(there);
	close(c.listener);
}

static int wants_to_know(int chan)
{
	signal(SIGUSR1, note);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	put_int(chan, getppid());
	until(caught);
	put_int(chan, caught);
	return 0;
}

static void parents_end(int node)
{
	struct channel c = channel_new();
	int go[2], chan;
	pid_t pid = grandchild(&c, node, go, wants_to_know);

	chan = accept_channel(c.listener);
	same("its parent", go[1], get_int(chan));
	close(go[0]);
	same("its parent ends", 0, end_of(go[1]));
	same("and it hears of that", SIGUSR1, get_int(chan));
	check(pid > 0 && until(kill(pid, 0)), "and ends", "it did not");
	close(chan);
	close(c.listener);
}

static int says_parent(int chan)
{
	while (get_int(chan) > 0)
		put_int(chan, getppid());
	return 0;
}

static int parent_of_it(int chan)
{
	put_int(chan, 1);
	return get_int(chan);
}

/* Of the parent's end a signal tells that has no room for a word of who sent it. */
static void parents_end_without_room(int node)
{
	struct channel c = channel_new();
	struct rlimit room, none;
	int go[2], chan;

	getrlimit(RLIMIT_SIGPENDING, &room);
	none = room;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_SIGPENDING, &none);
	grandchild(&c, node, go, says_parent);
	setrlimit(RLIMIT_SIGPENDING, &room);
	chan = accept_channel(c.listener);
	same("one without room for signals", go[1], parent_of_it(chan));
	close(go[0]);
	same("its parent ends", 0, end_of(go[1]));
	check(until(parent_of_it(chan) == 1), "it has another one", "%d", parent_of_it(chan));
	put_int(chan, 0);
	close(chan);
	close(c.listener);
}

static int reaps(void)
{
	pid_t child, pid, me = getpid();
	int p[2], status, seen = 0;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || pipe(p))
		return 1;
	child = fork();
	if (!child) {
		pid = fork();
		if (!pid) {
			until(getppid() == me);
			_exit(getppid() == me ? 5 : 6);
		}
		if (write(p[1], &pid, sizeof(pid)) < 0)
			_exit(9);
		_exit(4);
	}
	if (read(p[0], &pid, sizeof(pid)) != sizeof(pid))
		return 2;
	if (waitpid(child, &status, 0) != child || status != 4 << 8)
		return 3;
	if (waitpid(pid, &status, 0) != pid)
		return 4;
	seen = WEXITSTATUS(status);
	return seen == 5 && waitpid(-1, &status, 0) == -1 && errno == ECHILD ? 0
									     : 10 + seen;
}

static int pidfds(void)
{
	struct pollfd p;
	siginfo_t info;
	pid_t child = fork();
	int fd;

	if (!child) {
		pause();
		_exit(0);
	}
	/* A child here is one as anywhere. */
	p.fd = fd = (int)syscall(SYS_pidfd_open, child, 0);
	p.events = POLLIN;
	if (fd < 0 || poll(&p, 1, 0) ||
	    syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) ||
	    poll(&p, 1, (int)PATIENCE * 1000) != 1 ||
	    waitid(P_PIDFD, (id_t)fd, &info, WEXITED) || info.si_pid != child ||
	    info.si_status != SIGKILL)
		return 1;
	close(fd);
	/* The parent, on the master, is a stand-in here. */
	fd = (int)syscall(SYS_pidfd_open, getppid(), 0);
	if (fd < 0)
		return 2;
	if (syscall(SYS_pidfd_send_signal, fd, SIGUSR2, NULL, 0))
		return 3;
	/* And nobody has that number. */
	return syscall(SYS_pidfd_open, 4000000, 0) == -1 && errno == ESRCH ? 0 : 4;
}

static int run_there(int node, int (*what)(void))
{
	int chan;
	pid_t pid = remote_fork(node, &chan);

	if (!pid)
		_exit(what());
	close(chan);
	return end_of(pid);
}

int main(int argc, char **argv)
{
	int node = scen_init(argc, argv);
	int other = argc > 2 ? atoi(argv[2]) : 1;

	numbers_of_others(node, other);
	parents_end(node);
	parents_end_without_room(node);
	same("a subreaper", 0, run_there(node, reaps));
	signal(SIGUSR2, note);
	same("pidfds", 0, run_there(node, pidfds));
	check(until(caught == SIGUSR2), "and one of the parent", "no signal");
	return failures != 0;
}
