// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gang NODE OTHER: a process on a node signals a group whose members keep moving between
 * that node, another, and the master. Each gets each signal once.
 */
#include "scen.h"

/* How many; each takes a while where all move. */
#define SIGNALS ((int)(80 / slowness()))

static volatile sig_atomic_t got, stop;

static void on_signal(int sig)
{
	if (sig == SIGRTMIN)
		got++;
	else
		stop = 1;
}

static void wait_a_moment(void)
{
	usleep(20000);
}

/*
 * Who has moved meanwhile may hear of the end first: signals that went to the place where
 * it was follow it. Then none is to come twice.
 */
static void wait_for_the_rest(void)
{
	double end = now() + 10 * slowness();

	while (got < SIGNALS && now() < end)
		wait_a_moment();
	for (end = now() + 0.2; now() < end;)
		wait_a_moment();
}

/* Between @a and @b, or nowhere. */
static void member(int a, int b, int chan)
{
	put_int(chan, 1);
	close(chan);
	while (!stop) {
		if (a == b)
			wait_a_moment();
		else if (move_io(BPROC_IOC_MOVE, a, NULL, 0))
			_exit(200);
		else if (!stop && move_io(BPROC_IOC_MOVE, b, NULL, 0))
			_exit(201);
	}
	wait_for_the_rest();
	_exit(got);
}

static pid_t start(pid_t group, int a, int b)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		give_up("socketpair");
	signal(SIGRTMIN, on_signal);
	signal(SIGRTMIN + 1, on_signal);
	pid = fork();
	if (!pid) {
		setpgid(0, group);
		member(a, b, pair[1]);
	}
	close(pair[1]);
	check(pid > 0 && get_int(pair[0]) == 1, "a member starts", "it does not");
	close(pair[0]);
	return pid;
}

static void killer(int chan)
{
	pid_t group = get_int(chan);
	int i, err = 0;

	/* Never the wrong one. */
	if (group <= 1)
		_exit(1);
	for (i = 0; i < SIGNALS && !err; i++) {
		err = kill(-group, SIGRTMIN) ? errno : 0;
		usleep(1000);
	}
	put_int(chan, err);
	get_int(chan);
	put_int(chan, kill(-group, SIGRTMIN + 1) ? errno : 0);
	_exit(0);
}

int main(int argc, char **argv)
{
	int node = scen_init(argc, argv), chan, i;
	int other = argc > 2 ? atoi(argv[2]) : 1;
	const int way[][2] = { { -1, -1 },
			       { node, BPROC_NODE_MASTER },
			       { other, BPROC_NODE_MASTER },
			       { node, other },
			       { node, BPROC_NODE_MASTER } };
	const char *name[] = { "one that stays",
			       "between the master and the killer's node",
			       "between the master and another", "between the two",
			       "another one" };
	const int n = sizeof(way) / sizeof(way[0]);
	pid_t pid = remote_fork(node, &chan), member[8];

	if (pid == 0)
		killer(chan);
	if (pid < 0)
		give_up("rfork");
	for (i = 0; i < n; i++)
		member[i] = start(i ? member[0] : 0, way[i][0], way[i][1]);
	put_int(chan, member[0]);
	same("signals from a node to a group", 0, get_int(chan));
	/* The last ones may still be on the way. */
	sleep(1);
	put_int(chan, 0);
	same("the last one", 0, get_int(chan));
	for (i = 0; i < n; i++)
		same(name[i], SIGNALS << 8, end_of(member[i]));
	same("the killer ends", 0, end_of(pid));
	return failures != 0;
}
