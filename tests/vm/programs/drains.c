// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * drains NODE TO: BPROC_IOC_DRAIN moves who can move from NODE to TO, and tells of who
 * cannot.
 */
#include "scen.h"

#define N 4

static struct bproc_stay stay[N];
static struct bproc_drain arg;

/* Returns how many stay. */
static long drain(int node, int to, unsigned int room)
{
	memset(stay, 0x55, sizeof(stay));
	arg = (struct bproc_drain){
		.stay = P64(stay),
		.count = room,
		.node = node,
		.to = to,
		.flags = ALL | BPROC_MIGRATE_FORCE,
		.moved = 77,
	};
	return bp(BPROC_IOC_DRAIN, &arg);
}

int main(int argc, char **argv)
{
	int node = scen_init(argc, argv), to = argc > 2 ? atoi(argv[2]) : 1, i, chan;
	pid_t pid[N];

	same("nobody is there", 0, drain(node, to, N));
	same("nobody moved", 0, arg.moved);
	for (i = 0; i < N; i++) {
		pid[i] = remote_fork(node, &chan);
		if (pid[i] < 0)
			give_up("rfork");
		if (pid[i] == 0)
			for (;;)
				pause();
		close(chan);
	}
	kill(pid[1], SIGSTOP);
	same("one is stopped", pid[1], waitpid(pid[1], NULL, WUNTRACED));
	same("it stays", 1, drain(node, to, N));
	same("the others go", N - 1, arg.moved);
	same("which one", pid[1], stay[0].pid);
	same("its errno", EBUSY, stay[0].error);
	same("why", BPROC_WHY_STOPPED, stay[0].why);
	same("none else is told of", 0x55555555, stay[1].pid);
	for (i = 0; i < N; i++)
		same("where it is", i == 1 ? node : to, node_of(pid[i]));
	same("without room", 1, drain(node, to, 0));
	same("nothing is written", 0x55555555, stay[0].pid);
	same("nobody moves twice", 0, arg.moved);
	arg.stay = 8;
	arg.count = 1;
	check(bp(BPROC_IOC_DRAIN, &arg) < 0 && errno == EFAULT, "an array nowhere",
	      "errno %d", errno);
	kill(pid[1], SIGCONT);
	check(until(drain(node, to, N) == 0), "then it goes, too", "it stays");
	same("to the master", 0, drain(to, BPROC_NODE_MASTER, N));
	same("all of them", N, arg.moved);
	for (i = 0; i < N; i++) {
		same("it is here", BPROC_NODE_MASTER, node_of(pid[i]));
		kill(pid[i], SIGKILL);
		same("it ends", SIGKILL, end_of(pid[i]));
	}
	return failures != 0;
}
