// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tracers NODE OTHER: a user traces what he may, and with a process that moves he gets no
 * more than that. The device files let everybody in.
 */
#include "scen.h"
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#define USER 1001
#define MANY ((size_t)64 << 20)

static int node, other;

static void become_user(void)
{
	if (setgid(USER) || setuid(USER) || prctl(PR_SET_DUMPABLE, 1))
		give_up("setuid");
}

/* --- a process comes that may be root again, and is its user's for the time being --- */

/* Try and try, till it works or somebody says that it is enough. */
static void lie_in_wait(int chan, pid_t pid)
{
	struct pollfd p = { .fd = chan, .events = POLLIN };
	int refused = 0;

	become_user();
	put_int(chan, getpid());
	while (!poll(&p, 1, 0)) {
		if (!ptrace(PTRACE_SEIZE, pid, NULL, NULL))
			break;
		refused += errno == EPERM;
	}
	put_int(chan, p.revents ? refused : -1);
	_exit(0);
}

static int come_with_rights(void)
{
	char *memory = mmap(NULL, MANY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || setresgid(USER, USER, USER) || setresuid(USER, USER, 0))
		return 1;
	memset(memory, 1, MANY);
	if (move_io(BPROC_IOC_MOVE, node, NULL, 0))
		return 2;
	/* Let him see it here, too. */
	usleep(500000);
	return setresuid(0, 0, 0) ? 3 : 0;
}

static void arrives(void)
{
	int chan, start[2], refused;
	pid_t pid, tracer;
	char c;

	if (pipe(start))
		give_up("pipe");
	pid = fork();
	if (pid == 0) {
		if (read(start[0], &c, 1) != 1)
			_exit(4);
		_exit(come_with_rights());
	}
	tracer = remote_fork(node, &chan);
	if (tracer == 0)
		lie_in_wait(chan, pid);
	same("he lies in wait", tracer, get_int(chan));
	check(write(start[1], "", 1) == 1, "it goes", "errno %d", errno);
	same("arrives, and has its rights", 0, end_of(pid));
	put_int(chan, 0);
	refused = get_int(chan);
	check(refused > 0, "he does not get hold of it", "%d", refused);
	end_of(tracer);
	close(chan);
	close(start[0]);
	close(start[1]);
}

/* --- a process goes that is traced: what stays behind is not its user's --- */

static void child_goes(int seized)
{
	char c;

	if (read(seized, &c, 1) != 1 || move_io(BPROC_IOC_MOVE, other, NULL, 0))
		_exit(1);
	for (;;)
		pause();
}

static void trace_child(int chan)
{
	int seized[2];
	pid_t pid;

	become_user();
	if (pipe(seized))
		_exit(1);
	pid = fork();
	if (pid == 0)
		child_goes(seized[0]);
	/* A stop in the exec of what is left would be enough. */
	put_int(chan, ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXEC) ? errno : 0);
	put_int(chan, write(seized[1], "", 1) == 1 && until(node_of(pid) == other));
	put_int(chan, ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) ? errno : 0);
	put_int(chan, ptrace(PTRACE_SEIZE, pid, NULL, NULL) ? errno : 0);
	put_int(chan, kill(pid, SIGTERM) ? errno : 0);
	put_int(chan, end_of(pid));
	_exit(0);
}

static void leaves(void)
{
	int chan;
	pid_t pid = remote_fork(node, &chan);

	if (pid == 0)
		trace_child(chan);
	same("his own he may trace", 0, get_int(chan));
	same("it goes", 1, get_int(chan));
	same("what is left is traced no more", ESRCH, get_int(chan));
	same("nor again", EPERM, get_int(chan));
	same("he may signal it", 0, get_int(chan));
	same("and sees its end", SIGTERM, get_int(chan));
	end_of(pid);
	close(chan);
}

int main(int argc, char **argv)
{
	node = scen_init(argc, argv);
	other = argc > 2 ? atoi(argv[2]) : BPROC_NODE_MASTER;
	alarm((unsigned int)(2 * PATIENCE));
	arrives();
	leaves();
	return failures != 0;
}
