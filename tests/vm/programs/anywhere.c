// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * anywhere NODE OTHER: a process on a node sees and signals the whole process space, and
 * what it does to its session and group is seen everywhere.
 */
#include "scen.h"

static int node, other;
static volatile sig_atomic_t got, got_value, got_pid, got_code, times;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	got = sig;
	times++;
	got_value = info->si_value.sival_int;
	got_pid = info->si_pid;
	got_code = info->si_code;
}

static void catch_signal(int sig)
{
	struct sigaction act = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	sigaction(sig, &act, NULL);
}

/* errno of a call, or 0 */
static int err_of(long ret)
{
	return ret < 0 ? errno : 0;
}

/* May that user signal it? */
static int signal_as(uid_t uid, pid_t pid)
{
	pid_t child = fork();

	if (child == 0)
		_exit(err_of(setuid(uid)) ? 255 : err_of(kill(pid, 0)));
	return WEXITSTATUS(end_of(child));
}

/* --- a process that does what it is told, anywhere --- */

enum order {
	END,
	KILL,	 /* pid, signal */
	QUEUE,	 /* pid, signal, value */
	SETPGID, /* pid, pgrp */
	SETSID,
	WHERE,	  /* the node, as libbproc finds it */
	NODES,	  /* how many there are, and the state of one */
	GROUP,	  /* its own */
	SEES,	  /* the node of a PID */
	BADLY,	  /* calls with bad arguments */
	NOTIFIER, /* open one */
	CHANGES,  /* wait for a change */
	SETUID,
	GOT, /* the last signal, its value and sender */
	TIMES, /* how often one came, at least @a times; from then on anew */
};

static void give(int chan, int order, int a, int b, int c)
{
	int all[4] = { order, a, b, c };

	put(chan, all, sizeof(all));
}

static int ask(int chan, int order, int a, int b, int c)
{
	give(chan, order, a, b, c);
	return get_int(chan);
}

static int answer_badly(void)
{
	struct bproc_node_info info;
	struct bproc_node_list nl = { .info = P64(&info), .count = 0, .after = -1 };
	struct bproc_proc_list pl = {
		.info = 8, .count = 1, .after = -1, .node = BPROC_NODE_ANY
	};
	int bad = 0;

	bad += err_of(bp(BPROC_IOC_INFO, &nl)) != EINVAL;
	nl.count = 1;
	nl.after = -2;
	bad += err_of(bp(BPROC_IOC_INFO, &nl)) != EINVAL;
	nl.after = -1;
	nl.info = 8;
	bad += err_of(bp(BPROC_IOC_INFO, &nl)) != EFAULT;
	nl.info = P64(&info);
	nl.after = BPROC_NODES_MAX;
	bad += bp(BPROC_IOC_INFO, &nl) != 0;
	nl.after = 0x7fffffff;
	bad += bp(BPROC_IOC_INFO, &nl) != 0;
	bad += err_of(bp(BPROC_IOC_PINFO, &pl)) != EFAULT;
	pl.after = -2;
	bad += err_of(bp(BPROC_IOC_PINFO, &pl)) != EINVAL;
	return bad;
}

static int answer(int order, const int *arg, int *notifier)
{
	struct bproc_node_info info[8];
	struct bproc_node_list nl = { .info = P64(info), .count = 8, .after = -1 };
	struct pollfd p = { .fd = *notifier, .events = POLLIN };
	uint64_t changes;
	union sigval value;
	long n;

	switch (order) {
	case KILL:
		return err_of(kill(arg[0], arg[1]));
	case QUEUE:
		value.sival_int = arg[2];
		return err_of(sigqueue(arg[0], arg[1], value));
	case SETPGID:
		return err_of(setpgid(arg[0], arg[1]));
	case SETSID:
		return err_of(setsid());
	case GROUP:
		return getpgrp();
	case WHERE:
		return node_of(getpid());
	case NODES:
		n = bp(BPROC_IOC_INFO, &nl);
		return n > arg[0] && !strcmp(info[arg[0]].state, "up") ? (int)n : -2;
	case SEES:
		return node_of(arg[0]);
	case BADLY:
		return answer_badly();
	case NOTIFIER:
		*notifier = (int)bp(BPROC_IOC_NOTIFY, NULL);
		return *notifier < 0 ? errno : 0;
	case CHANGES:
		if (poll(&p, 1, PATIENCE * 1000) != 1)
			return -2;
		return read(p.fd, &changes, sizeof(changes)) == sizeof(changes) ? 0 : -3;
	case SETUID:
		return err_of(setuid((uid_t)arg[0]));
	case GOT:
		n = until(got) ? got : 0;
		return (int)(n | got_value << 8);
	case TIMES:
		until(times >= arg[0]);
		/* More of them would be on their way. */
		usleep(200000);
		n = times;
		times = 0;
		return (int)n;
	default:
		return -4;
	}
}

static void obey(int chan)
{
	int all[4], notifier = -1;

	times = 0;
	catch_signal(SIGUSR1);
	catch_signal(SIGUSR2);
	catch_signal(SIGRTMIN);
	while (get(chan, all, sizeof(all)) && all[0] != END)
		put_int(chan, answer(all[0], all + 1, &notifier));
	_exit(0);
}

/* Out of the way of a remote process's own. */
static int high(int chan)
{
	int fd = fcntl(chan, F_DUPFD_CLOEXEC, CHANNEL + 10);

	close(chan);
	return fd;
}

static pid_t servant(int where, int *chan)
{
	int pair[2];
	pid_t pid;

	if (where == BPROC_NODE_MASTER) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			give_up("socketpair");
		pid = fork();
		if (pid == 0)
			obey(pair[1]);
		close(pair[1]);
		*chan = high(pair[0]);
		return pid;
	}
	pid = remote_fork(where, chan);
	if (pid == 0)
		obey(*chan);
	if (pid < 0)
		give_up("rfork");
	*chan = high(*chan);
	/* Its handlers are there when it answers. */
	same("a process on a node knows where it is", where, ask(*chan, WHERE, 0, 0, 0));
	return pid;
}

static void dismiss(pid_t pid, int chan)
{
	/* Not just a close: other servants may have the descriptor, too. */
	give(chan, END, 0, 0, 0);
	close(chan);
	same("it ends", 0, end_of(pid));
}

static void sees(int chan, pid_t me, int other_chan, pid_t you)
{
	same("INFO on a node", 2, ask(chan, NODES, 1, 0, 0));
	same("PINFO: itself", node, ask(chan, SEES, me, 0, 0));
	same("PINFO: a process of another node", other, ask(chan, SEES, you, 0, 0));
	same("PINFO: one of the master", BPROC_NODE_MASTER,
	     ask(chan, SEES, getpid(), 0, 0));
	same("bad arguments", 0, ask(chan, BADLY, 0, 0, 0));
	same("on the other one too", 0, ask(other_chan, BADLY, 0, 0, 0));
}

static void signals(int chan, pid_t me, int other_chan, pid_t you)
{
	int local_chan;
	pid_t local = servant(BPROC_NODE_MASTER, &local_chan);

	setpgid(local, local);
	same("to the master", 0, ask(chan, KILL, local, SIGUSR1, 0));
	same("it arrives", SIGUSR1, ask(local_chan, GOT, 0, 0, 0) & 0xff);
	same("to another node, with a value", 0, ask(chan, QUEUE, you, SIGRTMIN, 77));
	same("it arrives with it", SIGRTMIN | 77 << 8, ask(other_chan, GOT, 0, 0, 0));
	same("to one's parent elsewhere", 0, ask(chan, KILL, getpid(), SIGUSR2, 0));
	check(until(got == SIGUSR2), "it arrives", "%d", got);
	same("from whom", me, got_pid);
	same("kill's", SI_USER, got_code);
	got = 0;
	same("with sigqueue", 0, ask(chan, QUEUE, getpid(), SIGUSR2, 99));
	check(until(got == SIGUSR2) && got_value == 99 && got_code == SI_QUEUE,
	      "all of it", "%d, value %d, code %d", got, got_value, got_code);
	got = 0;
	same("no signal: is it there?", 0, ask(chan, KILL, local, 0, 0));
	same("no such process", ESRCH, ask(chan, KILL, 4000000, 0, 0));
	same("with a signal", ESRCH, ask(chan, KILL, 4000000, SIGTERM, 0));
	same("no such group", ESRCH, ask(chan, KILL, -4000000, SIGTERM, 0));
	same("no such signal", EINVAL, ask(chan, KILL, local, 65, 0));
	same("the least number", ESRCH, ask(chan, KILL, (int)0x80000000, SIGTERM, 0));

	same("a user", 0, ask(other_chan, SETUID, 1001, 0, 0));
	check(until(user_of(you) == 1001), "is its ghost's user, too", "%d", user_of(you));
	same("who may signal it from the master", 0, signal_as(1001, you));
	same("others may not", EPERM, signal_as(1002, you));
	same("may not signal root's process", EPERM,
	     ask(other_chan, KILL, local, SIGTERM, 0));
	same("nor ask", EPERM, ask(other_chan, KILL, local, 0, 0));
	same("nor one on another node", EPERM, ask(other_chan, KILL, me, SIGTERM, 0));
	same("nor the group", EPERM, ask(other_chan, KILL, -local, SIGUSR1, 0));
	same("nor init", EPERM, ask(other_chan, KILL, 1, SIGTERM, 0));
	dismiss(local, local_chan);
}

/* All three in one group of their own. */
static void groups(void)
{
	int here, chan, other_chan, out;
	pid_t first = servant(BPROC_NODE_MASTER, &here), me, you, outsider;

	setpgid(first, first);
	me = servant(node, &chan);
	you = servant(other, &other_chan);
	outsider = servant(BPROC_NODE_MASTER, &out);
	setpgid(outsider, outsider);
	same("a parent chooses the group", 0, setpgid(me, first) | setpgid(you, first));
	check(until(ask(chan, GROUP, 0, 0, 0) == first), "the node knows", "group %d",
	      ask(chan, GROUP, 0, 0, 0));
	check(until(ask(other_chan, GROUP, 0, 0, 0) == first), "the other one too",
	      "group %d", ask(other_chan, GROUP, 0, 0, 0));
	same("a new group on the node", 0, ask(chan, SETPGID, 0, 0, 0));
	check(until(getpgid(me) == me), "is one on the master", "%d", getpgid(me));
	same("another is put into it", 0, setpgid(you, me));
	check(until(ask(other_chan, GROUP, 0, 0, 0) == me), "and knows", "group %d",
	      ask(other_chan, GROUP, 0, 0, 0));
	same("a signal to the own group", 0, ask(chan, KILL, 0, SIGUSR1, 0));
	same("reaches the caller", SIGUSR1, ask(chan, GOT, 0, 0, 0) & 0xff);
	same("and the other node", SIGUSR1, ask(other_chan, GOT, 0, 0, 0) & 0xff);
	same("a signal to another's group", 0, ask(chan, KILL, -outsider, SIGUSR2, 0));
	same("reaches it", SIGUSR2, ask(out, GOT, 0, 0, 0) & 0xff);
	same("a leader of a group has no new session", EPERM, ask(chan, SETSID, 0, 0, 0));
	dismiss(me, chan);
	dismiss(you, other_chan);

	me = servant(node, &chan);
	same("a new session on the node", 0, ask(chan, SETSID, 0, 0, 0));
	check(until(getsid(me) == me && getpgid(me) == me), "is one on the master",
	      "session %d, group %d", getsid(me), getpgid(me));
	dismiss(me, chan);
	dismiss(first, here);
	dismiss(outsider, out);
}

static pid_t users_servant(int where, uid_t uid, int *chan)
{
	pid_t pid = servant(where, chan);

	same("a user", 0, ask(*chan, SETUID, (int)uid, 0, 0));
	check(until(user_of(pid) == (int)uid), "for others, too", "%d", user_of(pid));
	return pid;
}

/* To all that its user may signal; of the others, which are everywhere, no word. */
static void everybody(int from)
{
	const int place[] = { from, BPROC_NODE_MASTER, node, other };
	int chan[4], roots[3], i;
	pid_t pid[4], roots_pid[3];

	for (i = 0; i < 4; i++)
		pid[i] = users_servant(place[i], 2001, &chan[i]);
	for (i = 0; i < 3; i++)
		roots_pid[i] = servant(place[i + 1], &roots[i]);
	same("to all: are there any?", 0, ask(chan[0], KILL, -1, 0, 0));
	same("a signal to all", 0, ask(chan[0], KILL, -1, SIGUSR1, 0));
	for (i = 1; i < 4; i++)
		same("has come once", 1, ask(chan[i], TIMES, 1, 0, 0));
	same("not to the caller", 0, ask(chan[0], TIMES, 0, 0, 0));
	for (i = 0; i < 3; i++)
		same("nor to others", 0, ask(roots[i], TIMES, 0, 0, 0));
	for (i = 1; i < 4; i++)
		dismiss(pid[i], chan[i]);
	same("where there are but others: are there any?", 0, ask(chan[0], KILL, -1, 0, 0));
	same("it is no error", 0, ask(chan[0], KILL, -1, SIGUSR1, 0));
	for (i = 0; i < 3; i++) {
		same("nothing has come", 0, ask(roots[i], TIMES, 0, 0, 0));
		dismiss(roots_pid[i], roots[i]);
	}
	dismiss(pid[0], chan[0]);
}

int main(int argc, char **argv)
{
	int chan, other_chan;
	pid_t me, you;

	node = scen_init(argc, argv);
	other = argc > 2 ? atoi(argv[2]) : node;
	alarm(170 * slowness());
	if (argc > 3 && !strcmp(argv[3], "notify")) {
		me = servant(node, &chan);
		same("NOTIFY on a node", 0, ask(chan, NOTIFIER, 0, 0, 0));
		close(open(argv[4], O_CREAT | O_WRONLY, 0600));
		same("tells of a change", 0, ask(chan, CHANGES, 0, 0, 0));
		dismiss(me, chan);
		return failures != 0;
	}
	catch_signal(SIGUSR1);
	catch_signal(SIGUSR2);
	me = servant(node, &chan);
	you = servant(other, &other_chan);
	sees(chan, me, other_chan, you);
	signals(chan, me, other_chan, you);
	dismiss(me, chan);
	dismiss(you, other_chan);
	groups();
	everybody(node);
	everybody(other);
	return failures != 0;
}
