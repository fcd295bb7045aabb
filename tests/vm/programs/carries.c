// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * carries NODE: what goes along with a process, what stays behind, and who may signal
 * whom on the node.
 */
#include "scen.h"
#include <sys/mman.h>
#include <sys/prctl.h>

#define PAGE 4096
#define USER 1001

static int node;

/* mincore(2) tells a hole from memory without touching it. */
static bool is_mapped(char *p)
{
	unsigned char resident;

	return mincore(p, PAGE, &resident) == 0;
}

static char *page_with(char c, int advice)
{
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED || (advice && madvise(p, PAGE, advice)))
		give_up("a page");
	*p = c;
	return p;
}

static void memory(void)
{
	char *plain = page_with('p', 0), *stays = page_with('s', MADV_DONTFORK);
	char *wiped = page_with('w', MADV_WIPEONFORK);
	int chan;
	pid_t pid = remote_fork(node, &chan);

	if (pid == 0) {
		put_int(chan, *plain);
		put_int(chan, is_mapped(stays));
		put_int(chan, *wiped);
		_exit(0);
	}
	if (!check(pid > 0, "rfork", "errno %d", errno))
		return;
	same("a child has the memory", 'p', get_int(chan));
	same("but not what is marked MADV_DONTFORK", 0, get_int(chan));
	same("and zeros where MADV_WIPEONFORK is", 0, get_int(chan));
	same("it ends", 0, end_of(pid));
	close(chan);
	same("the parent has all", 's' + 'w', *stays + *wiped);
}

/* A local child that moves: a mover keeps everything. */
static void moving(void)
{
	char *stays = page_with('s', MADV_DONTFORK),
	     *wiped = page_with('w', MADV_WIPEONFORK);
	struct channel c = channel_new();
	int chan, dumpable, kept;
	pid_t pid;

	/* Marked after the fork, else the child would not have them. */
	madvise(stays, PAGE, MADV_DOFORK);
	madvise(wiped, PAGE, MADV_KEEPONFORK);
	pid = fork();
	if (pid == 0) {
		madvise(stays, PAGE, MADV_DONTFORK);
		madvise(wiped, PAGE, MADV_WIPEONFORK);
		prctl(PR_SET_DUMPABLE, 0);
		if (move_with(&c, node))
			_exit(1);
		put_int(CHANNEL, prctl(PR_GET_DUMPABLE));
		put_int(CHANNEL, *stays + *wiped);
		if (move_with(&c, BPROC_NODE_MASTER))
			_exit(2);
		put_int(CHANNEL, prctl(PR_GET_DUMPABLE));
		_exit(0);
	}
	chan = accept_channel(c.listener);
	dumpable = get_int(chan);
	kept = get_int(chan);
	close(chan);
	same("a process that must not be dumped stays so", 0, dumpable);
	same("a move keeps marked memory", 's' + 'w', kept);
	chan = accept_channel(c.listener);
	same("and on the way back", 0, get_int(chan));
	close(chan);
	close(c.listener);
	same("it ends well", 0, end_of(pid));
	pid = remote_fork(node, &chan);
	if (pid == 0) {
		put_int(chan, prctl(PR_GET_DUMPABLE));
		_exit(0);
	}
	same("others are dumpable as ever", 1, get_int(chan));
	end_of(pid);
	close(chan);
}

static int may_signal(pid_t pid)
{
	return kill(pid, 0) ? errno : 0;
}

/*
 * The session's leader is root's, the process a user's: on the node there is a stand-in
 * for the leader, and it is no easier to signal than the leader itself.
 */
static void strangers(void)
{
	pid_t leader = fork(), pid;
	int chan, local[2], remote[2], status;

	if (leader) {
		status = end_of(leader);
		if (check(status >= 0 && !(status & 0x7f), "the session ends", "%#x",
			  status))
			failures += status >> 8;
		return;
	}
	failures = 0;
	setsid();
	pid = fork();
	if (pid) {
		status = end_of(pid);
		_exit(status >= 0 && !(status & 0x7f) ? status >> 8 : 1);
	}
	if (setgid(USER) || setuid(USER))
		give_up("setuid");
	local[0] = may_signal(getsid(0));
	pid = remote_fork(node, &chan);
	if (pid == 0) {
		put_int(chan, may_signal(getsid(0)));
		put_int(chan, may_signal(getppid()));
		put_int(chan, may_signal(1));
		_exit(0);
	}
	if (!check(pid > 0, "a user's rfork", "errno %d", errno))
		_exit(failures);
	remote[0] = get_int(chan);
	remote[1] = get_int(chan);
	same("root's session leader: not here", EPERM, local[0]);
	same("nor there", EPERM, remote[0]);
	same("one's own parent: yes", 0, remote[1]);
	same("process 1: no", EPERM, get_int(chan));
	end_of(pid);
	_exit(failures);
}

int main(int argc, char **argv)
{
	node = scen_init(argc, argv);
	alarm(150 * slowness());
	memory();
	moving();
	strangers();
	return failures != 0;
}
