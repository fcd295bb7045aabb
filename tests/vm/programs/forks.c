// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * forks NODE: processes and threads that come into being on a node. What is done there
 * writes its results to the channel, and asks on it how the master sees things.
 */
#include "scen.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static int node;
static char *self;
static size_t self_len;

static void load_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	off_t len = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	self = len > 0 ? malloc((size_t)len) : NULL;
	if (!self || pread(fd, self, (size_t)len, 0) != len)
		give_up("own file");
	self_len = (size_t)len;
	close(fd);
}

static void exec_self(const char *code)
{
	char *argv[] = { "forks", "exit", (char *)code, NULL };
	int fd = memfd_create("again", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, self, self_len) == (ssize_t)self_len)
		fexecve(fd, argv, environ);
	_exit(99);
}

/* --- on the node --- */

/* How a child ended; -1 if it was not made, or not found. */
static int ended(pid_t pid)
{
	int st;

	return pid > 0 && waitpid(pid, &st, 0) == pid ? st : -1;
}

/* Ask the master for a field of /proc/PID/stat; -1 if there is no such process. */
static long ask(pid_t pid, int field)
{
	long answer;

	fflush(stdout);
	dprintf(1, "?%d %d\n", (int)pid, field);
	return get(1, &answer, sizeof(answer)) ? answer : -2;
}

static void in_turn(void)
{
	int i, st, bad = 0;
	pid_t pid;

	for (i = 0; i < 100 && !bad; i++) {
		pid = fork();
		if (pid == 0)
			_exit(i);
		if (pid < 0 || waitpid(pid, &st, 0) != pid || st != i << 8) {
			check(false, "fork", "round %d: pid %d, errno %d, status %#x", i, pid,
			      errno, st);
			bad++;
		}
	}
	check(!bad, "100 forks in turn", "round %d", i);
}

static void at_once(void)
{
	int go[2], i, st, n = 0, wrong = 0;
	pid_t pids[20];

	if (pipe(go))
		give_up("pipe");
	for (i = 0; i < 20; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			close(go[1]);
			_exit(read(go[0], &st, 1) == 0 && getppid() != 1 ? i : 99);
		}
	}
	for (i = 0; i < 20; i++) {
		if (ask(pids[i], 4) != getpid())
			wrong++;
		if (kill(pids[i], 0))
			wrong++;
	}
	same("20 children have their numbers on the master too", 0, wrong);
	close(go[0]);
	close(go[1]);
	for (i = 0; i < 20; i++)
		if (pids[i] > 0 && waitpid(pids[i], &st, 0) == pids[i] && st == i << 8)
			n++;
	same("and end, each with its code", 20, n);
	fails("no further one", ECHILD, waitpid(-1, &st, 0));
	/* The node's waitpid tells the master. */
	check(until(ask(pids[19], 4) == -1), "nor on the master", "%ld", ask(pids[19], 4));
}

static void programs(void)
{
	pid_t pid;

	pid = vfork();
	if (pid == 0)
		_exit(33);
	same("vfork", 33 << 8, ended(pid));
	pid = vfork();
	if (pid == 0) {
		execl("/usr/sbin/bpslave", "bpslave", "-V", NULL);
		_exit(99);
	}
	same("vfork and a program of the node", 0, ended(pid));
	pid = fork();
	if (pid == 0)
		exec_self("44");
	same("fork and a program from memory", 44 << 8, ended(pid));
	pid = fork();
	if (pid == 0) {
		execl("/no/such/program", "x", NULL);
		_exit(errno);
	}
	same("an exec that fails", ENOENT << 8, ended(pid));
}

static pthread_barrier_t barrier;

static void *number(void *to)
{
	*(int *)to = (int)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void *nothing(void *count)
{
	__atomic_add_fetch((int *)count, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void *other_execs(void *unused)
{
	exec_self("55");
	return unused;
}

static void *exits_later(void *unused)
{
	usleep(200000);
	exit(66);
	return unused;
}

static void *forks_too(void *result)
{
	int st = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(77);
	if (pid > 0)
		waitpid(pid, &st, 0);
	*(int *)result = st;
	return NULL;
}

static void threads(void)
{
	int i, k, n = 0, bad = 0, st, tids[8];
	pthread_t t[8];
	pid_t pid;

	pthread_barrier_init(&barrier, NULL, 9);
	for (i = 0; i < 8; i++) {
		tids[i] = 0;
		bad += pthread_create(&t[i], NULL, number, &tids[i]) != 0;
	}
	if (!check(!bad, "eight threads", "%d not, errno %d", bad, errno))
		return;
	pthread_barrier_wait(&barrier);
	for (i = 0; i < 8; i++) {
		pthread_join(t[i], NULL);
		for (k = 0; k < i; k++)
			bad += tids[i] == tids[k];
		bad += tids[i] <= 0 || tids[i] == getpid();
	}
	same("have numbers of their own", 0, bad);
	for (i = 0; i < 200 && !bad; i++) {
		bad += pthread_create(&t[0], NULL, nothing, &n) != 0;
		if (!bad)
			pthread_join(t[0], NULL);
	}
	check(n == 200 && !bad, "200 threads in turn", "%d", n);
	st = -1;
	if (!pthread_create(&t[0], NULL, forks_too, &st))
		pthread_join(t[0], NULL);
	same("a thread forks and waits", 77 << 8, st);

	pid = fork();
	if (pid == 0) {
		pthread_create(&t[0], NULL, sleeper, NULL);
		pthread_create(&t[1], NULL, other_execs, NULL);
		for (;;)
			pause();
	}
	same("a thread executes a program", 55 << 8, ended(pid));
	pid = fork();
	if (pid == 0) {
		pthread_create(&t[0], NULL, exits_later, NULL);
		pthread_exit(NULL);
	}
	same("the first thread ends first", 66 << 8, ended(pid));
	pid = fork();
	if (pid == 0) {
		for (i = 0; i < 4; i++)
			pthread_create(&t[i], NULL, sleeper, NULL);
		raise(SIGKILL);
	}
	same("a process of five threads is killed", SIGKILL, ended(pid));
}

static void signals(void)
{
	int st;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	if (!check(pid > 0, "a child to signal", "errno %d", errno))
		return;
	kill(pid, SIGSTOP);
	check(wait_for(pid, &st, WUNTRACED) == pid && WIFSTOPPED(st), "a child stops", "%#x", st);
	same("once", 0, waitpid(pid, &st, WNOHANG | WUNTRACED));
	kill(pid, SIGCONT);
	check(wait_for(pid, &st, WCONTINUED) == pid && WIFCONTINUED(st), "and goes on", "%#x", st);
	kill(pid, SIGTERM);
	check(wait_for(pid, &st, 0) == pid && st == SIGTERM, "and dies", "%#x", st);
	fails("is gone", ESRCH, kill(pid, 0));
}

static void orphan(void)
{
	int p[2], go[2], st, orphan = 0;
	pid_t pid;

	if (pipe(p) || pipe(go))
		give_up("pipe");
	pid = fork();
	if (pid == 0) {
		orphan = fork();
		if (orphan == 0) {
			close(go[1]);
			close(p[0]);
			_exit(read(go[0], &st, 1) == 0 ? 0 : 1);
		}
		_exit(write(p[1], &orphan, sizeof(orphan)) != sizeof(orphan));
	}
	close(p[1]);
	close(go[0]);
	if (pid <= 0 || waitpid(pid, &st, 0) != pid || read(p[0], &orphan, 4) != 4 || orphan <= 0) {
		check(false, "an orphan", "errno %d", errno);
		return;
	}
	check(until(ask(orphan, 4) == 1), "an orphan is init's on the master", "%ld's",
	      ask(orphan, 4));
	same("and lives", 0, kill(orphan, 0));
	close(go[1]);
	/* Its end of the pipe is the last one. */
	same("till it ends", 0, read(p[0], &st, 1));
	check(until(ask(orphan, 4) == -1), "and then it is gone", "%ld", ask(orphan, 4));
	close(p[0]);
}

static void sessions(void)
{
	int st = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (setpgid(0, 0) || getpgrp() != getpid())
			_exit(1);
		_exit(0);
	}
	same("setpgid", 0, ended(pid));
	pid = fork();
	if (pid == 0) {
		if (setsid() != getpid() || getpgrp() != getpid() || getsid(0) != getpid())
			_exit(1);
		pid = fork();
		if (pid == 0)
			_exit(getsid(0) == getppid() ? 3 : 4);
		_exit(pid > 0 && waitpid(pid, &st, 0) == pid && st == 3 << 8 ? 0 : 2);
	}
	same("setsid", 0, ended(pid));
}

static void too_many(void)
{
	struct rlimit limit = { 3, 3 };
	int n, again = 0;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_NPROC, &limit);
		if (setgid(54321) || setuid(54321))
			_exit(1);
		for (n = 0; n < 10; n++) {
			pid = fork();
			if (pid == 0)
				for (;;)
					pause();
			if (pid < 0) {
				again = errno == EAGAIN;
				break;
			}
		}
		while (n--)
			kill(-1, SIGKILL), wait(NULL);
		_exit(again ? 0 : 2);
	}
	same("RLIMIT_NPROC: EAGAIN", 0, ended(pid));
}

static void children_usage(void)
{
	struct rusage ru;
	int st;
	pid_t pid = fork();

	if (pid == 0) {
		struct timespec t;

		do
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
		while (t.tv_sec < 1);
		_exit(0);
	}
	if (pid <= 0 || wait4(pid, &st, 0, &ru) != pid)
		give_up("wait4");
	check(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec >= 0 &&
		      (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000 + ru.ru_utime.tv_usec +
				      ru.ru_stime.tv_usec > 900000,
	      "a child's times", "%ld.%06ld s", (long)ru.ru_utime.tv_sec, (long)ru.ru_utime.tv_usec);
}

static void on_node(void)
{
	in_turn();
	at_once();
	programs();
	threads();
	signals();
	orphan();
	sessions();
	too_many();
	children_usage();
}

/* --- on the master --- */

static void answer(FILE *in, int fd)
{
	char line[1024];
	const char *text;
	int pid, field;
	long value;

	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "?%d %d", &pid, &field) == 2) {
			text = pid > 0 ? stat_field(pid, field) : "";
			value = *text ? atol(text) : -1;
			put(fd, &value, sizeof(value));
			continue;
		}
		fputs(line, stdout);
		failures += !strncmp(line, "not ok", 6);
	}
}

static pid_t remote_run(void (*what)(void), int *fd)
{
	unsigned short port;
	int l = listener(&port);
	struct bproc_io io = channel_io(1, port, node);
	pid_t pid = move_io(BPROC_IOC_RFORK, node, &io, 1);

	if (pid == 0) {
		setvbuf(stdout, NULL, _IOLBF, 0);
		failures = 0;
		what();
		fflush(stdout);
		_exit(failures != 0);
	}
	*fd = pid > 0 ? accept_channel(l) : -1;
	close(l);
	return pid;
}

static void all_on_node(void)
{
	struct rusage ru;
	int fd, st = -1;
	pid_t pid = remote_run(on_node, &fd);
	FILE *in = fdopen(fd, "r");

	if (!check(pid > 0 && in, "rfork", "errno %d", errno))
		return;
	answer(in, fd);
	if (wait4(pid, &st, 0, &ru) != pid)
		give_up("wait4");
	same("the whole of it", 0, st);
	check(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec >= 1 || ru.ru_utime.tv_usec > 500000,
	      "its children's times are its", "%ld.%06ld s", (long)ru.ru_utime.tv_sec,
	      (long)ru.ru_utime.tv_usec);
	fclose(in);
}

/* A parent that is killed leaves its children to init. */
static void killed_parent(void)
{
	int chan, st, child;
	pid_t pid = remote_fork(node, &chan);

	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			for (;;)
				pause();
		put_int(chan, pid);
		for (;;)
			pause();
	}
	child = get_int(chan);
	if (!check(pid > 0 && child > 0, "a process with a child", "errno %d", errno))
		return;
	same("both are seen", pid, atoi(stat_field(child, 4)));
	same("PINFO has the child", node, node_of(child));
	kill(pid, SIGKILL);
	same("the parent is killed", SIGKILL, end_of(pid));
	check(until(atoi(stat_field(child, 4)) == 1), "the child is init's", "%s's",
	      stat_field(child, 4));
	same("it lives", node, node_of(child));
	kill(child, SIGTERM);
	check(until(kill(child, 0) && errno == ESRCH), "and is killed", "it is not");
	check(!get(chan, &st, 1) && errno != ETIMEDOUT, "on the node, too", "it lives");
	close(chan);
}

/* Orphaned on the master: the parent on the master ends. */
static void parent_here_ends(void)
{
	int chan, st, p[2], value[2];
	pid_t pid;

	if (pipe(p))
		give_up("pipe");
	pid = fork();
	if (pid == 0) {
		int remote = remote_fork(node, &chan);

		if (remote == 0) {
			pid_t first = getppid();

			put_int(chan, 1);
			check(until(getppid() != first), "x", "x");
			value[0] = getpid();
			value[1] = getppid();
			put(chan, value, sizeof(value));
			get_int(chan);
			_exit(0);
		}
		get_int(chan);
		/* The channel outlives its first owner. */
		st = fork();
		if (st == 0) {
			if (!get(chan, value, sizeof(value)))
				value[0] = value[1] = -1;
			if (write(p[1], value, sizeof(value)) < 0)
				_exit(1);
			put_int(chan, 1);
			_exit(0);
		}
		_exit(0);
	}
	same("a parent on the master ends", 0, end_of(pid));
	close(p[1]);
	if (!get(p[0], value, sizeof(value)))
		value[0] = value[1] = -1;
	same("its child learns of it: init is its parent", 1, value[1]);
	check(value[0] > 0 && until(kill(value[0], 0) && errno == ESRCH), "and ends", "pid %d",
	      value[0]);
	close(p[0]);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "exit"))
		return atoi(argv[2]);
	node = scen_init(argc, argv);
	alarm(150 * slowness());
	load_self();
	all_on_node();
	killed_parent();
	parent_here_ends();
	return failures != 0;
}
