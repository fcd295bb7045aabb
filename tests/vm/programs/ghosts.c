// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ghosts NODE: how a remote process looks and behaves from the master. Its own parent
 * looks at it, signals it, and waits for it.
 */
#include "scen.h"
#include <sys/mman.h>
#include <sys/resource.h>

static int node;
static volatile sig_atomic_t children, children_bad;
static volatile pid_t expected_child;

/* --- how it looks --- */

static char *self;
static size_t self_len;

/* The program's own file: a node does not have it. */
static void load_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	off_t len = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (len <= 0)
		give_up("own file");
	self = malloc((size_t)len);
	if (!self || pread(fd, self, (size_t)len, 0) != len)
		give_up("own file");
	self_len = (size_t)len;
	close(fd);
}

static void exec_self(char **argv)
{
	static char *env[] = { "COLOUR=blue", NULL };
	int fd = memfd_create("again", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, self, self_len) == (ssize_t)self_len)
		fexecve(fd, argv, env);
	_exit(99);
}

static bool cmdline_is(pid_t pid, const char *text, size_t len)
{
	char buf[4096];

	return proc_file(pid, "cmdline", buf, sizeof(buf)) == (ssize_t)len &&
	       !memcmp(buf, text, len);
}

static bool comm_is(pid_t pid, const char *comm)
{
	char buf[64];

	return proc_file(pid, "comm", buf, sizeof(buf)) > 0 &&
	       !strncmp(buf, comm, strlen(comm)) && buf[strlen(comm)] == '\n';
}

static void looks(void)
{
	char comm[32], mine[4096], status[4096], *rss;
	static char *args[] = { "painter", "--colour", "", "red", NULL };
	static const char cmdline[] = "painter\0--colour\0\0red";
	int chan, st;
	ssize_t len;
	pid_t pid;

	pid = remote_fork(node, &chan);
	if (pid == 0) {
		get_int(chan);
		exec_self(args);
	}
	if (!check(pid > 0, "rfork", "errno %d", errno))
		return;
	same("stands under its parent", getpid(), atoi(stat_field(pid, 4)));
	same("in its group", getpgrp(), atoi(stat_field(pid, 5)));
	same("in its session", getsid(0), atoi(stat_field(pid, 6)));
	same("PINFO lists it", node, node_of(pid));
	proc_file(getpid(), "comm", comm, sizeof(comm));
	comm[strcspn(comm, "\n")] = '\0';
	check(until(comm_is(pid, comm)), "has the program's name", "not '%s'", comm);
	len = proc_file(getpid(), "cmdline", mine, sizeof(mine));
	check(until(cmdline_is(pid, mine, (size_t)len)), "has its arguments", "it has not");
	check(proc_file(pid, "status", status, sizeof(status)) > 0 &&
		      (rss = strstr(status, "VmRSS:")) && atoi(rss + 6) <= 64,
	      "at most 64 KiB", "%s", status);

	put_int(chan, 1);
	check(get(chan, comm, sizeof(comm)), "executes on the node", "errno %d", errno);
	comm[sizeof(comm) - 1] = '\0';
	check(until(comm_is(pid, comm)), "after exec the new name", "not '%s'", comm);
	check(until(cmdline_is(pid, cmdline, sizeof(cmdline))), "after exec the new arguments",
	      "they are not");
	put_int(chan, 1);
	st = end_of(pid);
	check(st == 42 << 8, "and the new program's exit code", "status %#x", st);
	same("PINFO forgets it", BPROC_NODE_MASTER, node_of(pid));
	close(chan);
}

/* The program that looks() has executed on the node. */
static int painter(void)
{
	char comm[32] = "";

	if (proc_file(getpid(), "comm", comm, sizeof(comm)) < 0)
		return 98;
	comm[strcspn(comm, "\n")] = '\0';
	put(CHANNEL, comm, sizeof(comm));
	get_int(CHANNEL);
	return getenv("COLOUR") && !strcmp(getenv("COLOUR"), "blue") ? 42 : 97;
}

/* --- signals --- */

struct note {
	int signo;
	int code;
	int pid;
	int uid;
	int value;
};

static void note_down(int signo, siginfo_t *info, void *context)
{
	struct note n = {
		.signo = signo,
		.code = info->si_code,
		.pid = info->si_pid,
		.uid = (int)info->si_uid,
		.value = info->si_value.sival_int,
	};

	(void)context;
	put(CHANNEL, &n, sizeof(n));
}

static bool catchable(int sig)
{
	/* 32 and 33 belong to the C library. */
	return sig != SIGKILL && sig != SIGSTOP && sig != 32 && sig != 33;
}

static void catch_all(void)
{
	struct sigaction sa = { .sa_sigaction = note_down, .sa_flags = SA_SIGINFO | SA_RESTART };
	int sig;

	sigfillset(&sa.sa_mask);
	for (sig = 1; sig <= 64; sig++)
		if (catchable(sig))
			sigaction(sig, &sa, NULL);
}

static pid_t catcher(int *chan)
{
	pid_t pid = remote_fork(node, chan);

	if (pid == 0) {
		catch_all();
		put_int(*chan, getpid());
		for (;;)
			pause();
	}
	if (pid > 0 && get_int(*chan) != pid)
		return -1;
	return pid;
}

static void signals(void)
{
	int chan, sig, i, bad = 0, bad_queue = 0;
	union sigval value;
	struct note n;
	pid_t pid;

	pid = catcher(&chan);
	if (!check(pid > 0, "a process that catches signals", "errno %d", errno))
		return;
	for (sig = 1; sig <= 64; sig++) {
		if (!catchable(sig))
			continue;
		memset(&n, 0, sizeof(n));
		if (kill(pid, sig) || !get(chan, &n, sizeof(n)) || n.signo != sig ||
		    n.code != SI_USER || n.pid != getpid() || n.uid != (int)getuid()) {
			printf("# signal %d: came %d code %d pid %d uid %d\n", sig, n.signo,
			       n.code, n.pid, n.uid);
			bad++;
		}
		value.sival_int = sig * 1000;
		memset(&n, 0, sizeof(n));
		if (sigqueue(pid, sig, value) || !get(chan, &n, sizeof(n)) || n.signo != sig ||
		    n.code != SI_QUEUE || n.value != sig * 1000 || n.pid != getpid()) {
			printf("# sigqueue %d: came %d code %d pid %d value %d\n", sig, n.signo,
			       n.code, n.pid, n.value);
			bad_queue++;
		}
		if (bad + bad_queue > 5)
			break;
	}
	same("each signal arrives, and from whom", 0, bad);
	same("each signal with a value arrives", 0, bad_queue);

	for (i = bad = 0; i < 20; i++) {
		value.sival_int = i;
		bad += sigqueue(pid, SIGRTMIN + 5, value) != 0;
	}
	for (i = 0; i < 20 && get(chan, &n, sizeof(n)); i++)
		bad += n.value != i;
	check(!bad && i == 20, "real-time signals queue up in order", "%d came, %d wrong", i, bad);

	/* While it stands stopped they wait. */
	kill(pid, SIGSTOP);
	same("stops", pid, wait_for(pid, &i, WUNTRACED));
	value.sival_int = 77;
	sigqueue(pid, SIGUSR2, value);
	sigqueue(pid, SIGRTMIN + 1, value);
	kill(pid, SIGCONT);
	/* The one that makes it go on is caught as well. */
	for (i = bad = 0; i < 3 && get(chan, &n, sizeof(n)); i++)
		bad += n.signo != SIGCONT && n.value != 77;
	check(!bad && i == 3, "signals wait for a stopped process", "%d came, %d wrong", i, bad);
	get_rid_of(pid);
	close(chan);
}

static volatile sig_atomic_t told;
static volatile pid_t teller;

static void on_told(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	told++;
	teller = info->si_pid;
}

static void signal_home(void)
{
	struct sigaction sa = { .sa_sigaction = on_told, .sa_flags = SA_SIGINFO | SA_RESTART };
	int chan, st;
	pid_t pid;

	sigaction(SIGUSR1, &sa, NULL);
	told = 0;
	pid = remote_fork(node, &chan);
	if (pid == 0)
		_exit(kill(getppid(), SIGUSR1) ? errno : 0);
	st = end_of(pid);
	same("a remote process signals its parent", 0, st);
	check(until(told == 1) && teller == pid, "which gets it, and from whom",
	      "%d signals, from %d", (int)told, (int)teller);
	close(chan);
}

/* --- stop and go on --- */

static char state(pid_t pid)
{
	return *stat_field(pid, 3);
}

static void stops(void)
{
	int chan, st = 0, i, bad = 0;
	pid_t pid;

	pid = remote_fork(node, &chan);
	if (pid == 0)
		for (;;)
			pause();
	for (i = 0; i < 10 && pid > 0; i++) {
		kill(pid, SIGSTOP);
		if (wait_for(pid, &st, WUNTRACED) != pid || !WIFSTOPPED(st) ||
		    WSTOPSIG(st) != SIGSTOP || state(pid) != 'T' ||
		    waitpid(pid, &st, WUNTRACED | WCONTINUED | WNOHANG) != 0) {
			printf("# round %d stop: status %#x state %c\n", i, st, state(pid));
			bad++;
		}
		kill(pid, SIGCONT);
		if (wait_for(pid, &st, WCONTINUED) != pid || !WIFCONTINUED(st) ||
		    !until(state(pid) == 'S') ||
		    waitpid(pid, &st, WUNTRACED | WCONTINUED | WNOHANG) != 0) {
			printf("# round %d continue: status %#x state %c\n", i, st, state(pid));
			bad++;
		}
	}
	check(!bad && i == 10, "stops and goes on, each seen once", "%d times not", bad);

	kill(pid, SIGSTOP);
	same("stops once more", pid, wait_for(pid, &st, WUNTRACED));
	kill(pid, SIGTERM);
	kill(pid, SIGCONT);
	same("SIGTERM waited for SIGCONT", SIGTERM, end_of(pid));
	close(chan);

	pid = remote_fork(node, &chan);
	if (pid == 0)
		for (;;)
			pause();
	if (pid > 0)
		kill(pid, SIGSTOP);
	same("a further one stops", pid, wait_for(pid, &st, WUNTRACED));
	get(chan, &st, 0);
	if (pid > 0)
		kill(pid, SIGKILL);
	same("SIGKILL ends a stopped one", SIGKILL, end_of(pid));
	/* And there, too: its end of the channel goes. */
	check(!get(chan, &st, 1) && errno != ETIMEDOUT, "on the node as well", "it lives");
	close(chan);

	/* By the signal of a terminal, that only groups of a session with a shell obey. */
	{
		struct channel c = channel_new();

		pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			if (move_with(&c, node))
				_exit(1);
			for (;;)
				pause();
		}
		chan = accept_channel(c.listener);
		check(until(node_of(pid) == node), "a process that moved", "it did not");
		kill(pid, SIGTSTP);
		check(wait_for(pid, &st, WUNTRACED) == pid && WIFSTOPPED(st) &&
			      WSTOPSIG(st) == SIGTSTP,
		      "stops by SIGTSTP", "status %#x", st);
		kill(pid, SIGCONT);
		check(wait_for(pid, &st, WCONTINUED) == pid && WIFCONTINUED(st),
		      "and goes on after it", "status %#x", st);
		kill(-pid, SIGTERM);
		same("a signal to its group reaches it", SIGTERM, end_of(pid));
		close(chan);
		close(c.listener);
	}
}

/* --- ends --- */

static void on_child(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	children++;
	if (info->si_pid != expected_child)
		children_bad++;
}

/* Die of @sig: by one's own hand, or not. */
static void end_by(int chan, int sig, bool own_hand)
{
	struct rlimit none = { 0, 0 };
	sigset_t all;

	setrlimit(RLIMIT_CORE, &none);
	signal(sig, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	put_int(chan, 1);
	if (own_hand)
		raise(sig);
	for (;;)
		pause();
}

static void ends(void)
{
	static const int codes[] = { 0, 1, 2, 42, 127, 128, 254, 255 };
	static const int fatal[] = { SIGHUP,  SIGINT,  SIGQUIT,	SIGILL,	 SIGTRAP,   SIGABRT,
				     SIGBUS,  SIGFPE,  SIGKILL,	SIGUSR1, SIGSEGV,   SIGUSR2,
				     SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ,   SIGVTALRM,
				     SIGPROF, SIGIO,   SIGPWR,	SIGSYS,	 SIGSTKFLT, 34,
				     64 };
	struct sigaction sa = { .sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART };
	int i, st, bad, chan;
	sigset_t child;
	pid_t pid;

	sigaction(SIGCHLD, &sa, NULL);
	children = 0;
	for (i = bad = 0; i < (int)(sizeof(codes) / sizeof(codes[0])); i++) {
		pid = remote_fork(node, &chan);
		if (pid == 0) {
			get_int(chan);
			_exit(codes[i]);
		}
		expected_child = pid;
		put_int(chan, 1);
		st = end_of(pid);
		if (st != codes[i] << 8) {
			printf("# exit code %d: status %#x\n", codes[i], st);
			bad++;
		}
		close(chan);
	}
	same("exit codes come back", 0, bad);
	check(children == i && !children_bad, "SIGCHLD once for each", "%d signals, %d wrong",
	      (int)children, (int)children_bad);

	children = 0;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (i = bad = 0; i < (int)(sizeof(fatal) / sizeof(fatal[0])); i++) {
		/* One that does it itself may have ended before its PID is known here. */
		sigprocmask(SIG_BLOCK, &child, NULL);
		pid = remote_fork(node, &chan);
		/* Every other one does it itself. */
		if (pid == 0)
			end_by(chan, fatal[i], i % 2);
		expected_child = pid;
		sigprocmask(SIG_UNBLOCK, &child, NULL);
		if (get_int(chan) == 1 && !(i % 2))
			kill(pid, fatal[i]);
		st = end_of(pid);
		if ((st & ~0x80) != fatal[i]) {
			printf("# signal %d: status %#x\n", fatal[i], st);
			bad++;
		}
		close(chan);
	}
	same("deaths by signal come back", 0, bad);
	signal(SIGCHLD, SIG_DFL);
	check(children == i && !children_bad, "SIGCHLD once for each of them",
	      "%d signals, %d wrong", (int)children, (int)children_bad);

	for (i = 0; i < 2; i++) {
		struct rlimit limit = { i ? RLIM_INFINITY : 0, RLIM_INFINITY };

		pid = remote_fork(node, &chan);
		if (pid == 0) {
			/* Where a core file can be written and does no harm. */
			if (chdir("/dev/shm") && chdir("/dev"))
				_exit(1);
			setrlimit(RLIMIT_CORE, &limit);
			raise(SIGSEGV);
		}
		st = end_of(pid);
		check(st == (i ? SIGSEGV | 0x80 : SIGSEGV),
		      i ? "the flag of a core dump" : "no flag without one", "status %#x", st);
		close(chan);
	}
	same("nothing is left to wait for", -1, waitpid(-1, &st, WNOHANG));

	/* A parent that does not care. */
	signal(SIGCHLD, SIG_IGN);
	pid = remote_fork(node, &chan);
	if (pid == 0)
		_exit(3);
	check(until(kill(pid, 0) && errno == ESRCH), "nobody waits: it goes by itself",
	      "state %c", state(pid));
	signal(SIGCHLD, SIG_DFL);
	close(chan);
}

/* --- usage --- */

static void burn(double seconds)
{
	struct timespec t;

	do {
		for (volatile int i = 0; i < 200000; i++)
			;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	} while ((double)t.tv_sec + (double)t.tv_nsec / 1e9 < seconds);
}

static double seconds_of(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static double ghost_time(pid_t pid)
{
	double ticks = atof(stat_field(pid, 14));

	return (ticks + atof(stat_field(pid, 15))) / (double)sysconf(_SC_CLK_TCK);
}

static void usage(void)
{
	const size_t much = 24 << 20;
	struct rusage ru, all;
	double t, end, own;
	int chan, st;
	pid_t pid;
	char *p;

	pid = remote_fork(node, &chan);
	if (pid == 0) {
		p = mmap(NULL, much, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (p == MAP_FAILED)
			_exit(1);
		burn(1.5);
		put_int(chan, 1);
		get_int(chan);
		getrusage(RUSAGE_SELF, &ru);
		put(chan, &ru, sizeof(ru));
		_exit(0);
	}
	get_int(chan);
	end = now() + 4 * slowness();
	while ((t = ghost_time(pid)) < 1.4 && now() < end)
		usleep(50000);
	put_int(chan, 1);
	if (!get(chan, &ru, sizeof(ru)))
		memset(&ru, 0, sizeof(ru));
	own = seconds_of(&ru.ru_utime) + seconds_of(&ru.ru_stime);
	check(t >= 1.4 && t < own + 0.05, "a ghost's times are its process's", "%.2f s of %.2f",
	      t, own);
	memset(&all, 0, sizeof(all));
	if (wait4(pid, &st, 0, &all) != pid)
		give_up("wait4");
	t = seconds_of(&all.ru_utime) + seconds_of(&all.ru_stime) - own;
	/* The end is work, too: in proportion on a slow kernel. */
	check(t > -0.05 && t < (own < 2.5 ? 0.5 : own / 5), "wait4 has its times", "%.2f s apart", t);
	check(all.ru_maxrss >= (long)(much >> 10) && all.ru_maxrss < (long)(much >> 9),
	      "and its largest memory", "%ld KiB", all.ru_maxrss);
	check(all.ru_minflt >= ru.ru_minflt && all.ru_minflt > 0,
	      "and its faults", "%ld, not %ld", all.ru_minflt, ru.ru_minflt);
	close(chan);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[0], "painter"))
		return painter();
	node = scen_init(argc, argv);
	alarm(150 * slowness());
	load_self();
	looks();
	signals();
	signal_home();
	stops();
	ends();
	usage();
	return failures != 0;
}
