// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program with several threads on a node.
 *
 *	threads NODE		all of the below, in children on NODE
 *
 * Statically linked, as cancelling a thread takes a library that a node does not have.
 */
#include <dirent.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>

#include "scen.h"

#define COUNT 8

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int counter;
static sem_t sem;
static volatile pid_t got_it;

static pid_t tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static void *count(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	*(pid_t *)arg = tid();
	return arg;
}

static int many(void)
{
	pthread_t thread[COUNT];
	pid_t tids[COUNT];
	void *ret;
	int i, j;

	for (i = 0; i < COUNT; i++)
		if (pthread_create(&thread[i], NULL, count, &tids[i]))
			return 1;
	for (i = 0; i < COUNT; i++)
		if (pthread_join(thread[i], &ret) || ret != &tids[i])
			return 2;
	for (i = 0; i < COUNT; i++)
		for (j = 0; j < i; j++)
			if (tids[i] == tids[j] || tids[i] == getpid())
				return 3;
	return counter == COUNT * 1000 ? 0 : 4;
}

static void *sleep_long(void *arg)
{
	sem_post(&sem);
	for (;;)
		pause();
	return arg;
}

static int cancel(void)
{
	pthread_t thread;
	void *ret;

	if (pthread_create(&thread, NULL, sleep_long, NULL))
		return 1;
	sem_wait(&sem);
	if (pthread_cancel(thread) || pthread_join(thread, &ret))
		return 2;
	return ret == PTHREAD_CANCELED ? 0 : 3;
}

static void *lock_and_end(void *arg)
{
	pthread_mutex_lock(arg);
	return NULL;
}

static int robust(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;
	pthread_t thread;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&m, &attr);
	if (pthread_create(&thread, NULL, lock_and_end, &m) || pthread_join(thread, NULL))
		return 1;
	if (pthread_mutex_lock(&m) != EOWNERDEAD)
		return 2;
	return pthread_mutex_consistent(&m) || pthread_mutex_unlock(&m) ? 3 : 0;
}

static void note(int sig)
{
	(void)sig;
	got_it = tid();
}

static void *wait_for_signal(void *arg)
{
	*(volatile pid_t *)arg = tid();
	sem_post(&sem);
	while (!got_it)
		usleep(1000);
	return NULL;
}

static int directed(void)
{
	volatile pid_t other = 0;
	pthread_t thread;

	signal(SIGUSR1, note);
	if (pthread_create(&thread, NULL, wait_for_signal, (void *)&other))
		return 1;
	sem_wait(&sem);
	if (pthread_kill(thread, SIGUSR1) || pthread_join(thread, NULL))
		return 2;
	if (got_it != other)
		return 3;
	got_it = 0;
	if (syscall(SYS_tgkill, getpid(), tid(), SIGUSR1) || got_it != tid())
		return 4;
	return 0;
}

/* The parent, on the master, is a process, and so is what the node does not have. */
static int others(void)
{
	if (syscall(SYS_tgkill, getpid(), 4000000, 0) != -1 || errno != ESRCH)
		return 1;
	if (syscall(SYS_tkill, tid(), 0))
		return 2;
	return 0;
}

static void *exit_7(void *arg)
{
	usleep(50000);
	exit(7);
	return arg;
}

static int leader_first(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exit_7, NULL))
		return 1;
	pthread_exit(NULL);
}

static void *refuse(void *arg)
{
	sem_wait(&sem);
	return arg;
}

/* Whether it has threads is looked at before anything else is done. */
static int refused(void)
{
	char *argv[] = { "/bin/true", NULL };
	int nodes[2] = { 0, BPROC_NODE_MASTER }, pids[2], status;
	struct bproc_move many = {
		.flags = ALL,
		.nodes = P64(nodes),
		.nodes_len = 2,
		.pids = P64(pids),
	};
	pid_t pid = getpid();
	int node = node_of(pid), bad = 0;
	int to = node == BPROC_NODE_MASTER ? 0 : BPROC_NODE_MASTER;
	pthread_t thread;
	void *ret = NULL;

	if (pthread_create(&thread, NULL, refuse, &sem))
		return 1;
	bad |= (move_io(BPROC_IOC_MOVE, to, NULL, BPROC_IO_DEFAULT) != -1 ||
		errno != EOPNOTSUPP)
	       << 1;
	bad |= (move_io(BPROC_IOC_RFORK, to, NULL, BPROC_IO_DEFAULT) != -1 ||
		errno != EOPNOTSUPP)
	       << 2;
	bad |= (run_io(BPROC_IOC_REXEC, to, argv[0], argv, NULL, NULL,
		       BPROC_IO_DEFAULT) != -1 ||
		errno != EOPNOTSUPP)
	       << 3;
	bad |= (run_io(BPROC_IOC_EXECMOVE, to, argv[0], argv, NULL, NULL,
		       BPROC_IO_DEFAULT) != -1 ||
		errno != EOPNOTSUPP)
	       << 4;
	bad |= (bp(BPROC_IOC_VRFORK, &many) != -1 || errno != EOPNOTSUPP) << 5;
	many.path = P64(argv[0]);
	many.argv = P64(argv);
	bad |= (bp(BPROC_IOC_VEXECMOVE, &many) != -1 || errno != EOPNOTSUPP) << 6;
	bad |= (getpid() != pid || node_of(pid) != node ||
		waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
	       << 7;
	sem_post(&sem);
	bad |= pthread_join(thread, &ret) || ret != &sem;
	return bad;
}

static void *end_all(void *arg)
{
	kill(getpid(), SIGTERM);
	pause();
	return arg;
}

static int killed(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_all, NULL))
		return 1;
	for (;;)
		pause();
}

static void *tell(void *arg)
{
	int chan = *(int *)arg;

	put_int(chan, tid());
	while (!got_it)
		usleep(1000);
	return arg;
}

/* Who is where has just one thread there. */
static int directed_from(int chan)
{
	pthread_t thread;

	signal(SIGUSR1, note);
	if (pthread_create(&thread, NULL, tell, &chan) || pthread_join(thread, NULL))
		return 1;
	put_int(chan, got_it);
	return 0;
}

/* The caller, on the master or another node, signals one thread of a process on a node. */
static void others_threads(const char *name, int node)
{
	int chan, thread;
	pid_t pid = remote_fork(node, &chan);

	if (!pid)
		_exit(directed_from(chan));
	thread = get_int(chan);
	check(pid > 0 && thread > 0 && thread != pid, name, "no thread");
	fails("a thread of somebody else", ESRCH, syscall(SYS_tgkill, pid, getpid(), 0));
	fails("a signal that is none", EINVAL, syscall(SYS_tgkill, pid, thread, 65));
	same("it is there", 0, syscall(SYS_tgkill, pid, thread, 0));
	same("it is signalled", 0, syscall(SYS_tgkill, pid, thread, SIGUSR1));
	same("it alone", thread, get_int(chan));
	same("and ends", 0, end_of(pid));
	fails("it is gone", ESRCH, syscall(SYS_tgkill, pid, thread, 0));
	close(chan);
}

/* The thread that the kernel makes for this process, which no fork is. */
static int polling_thread(void)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL,
					  .sq_thread_idle = 1000 };
	struct dirent *entry;
	int thread = 0;
	DIR *dir;

	if (syscall(__NR_io_uring_setup, 4, &params) < 0)
		return -errno;
	dir = opendir("/proc/self/task");
	while (dir && (entry = readdir(dir)))
		if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != getpid())
			thread = atoi(entry->d_name);
	return thread;
}

static void io_uring(int node)
{
	int chan, thread;
	pid_t pid = remote_fork(node, &chan);

	if (!pid) {
		put_int(chan, polling_thread());
		get_int(chan);
		_exit(0);
	}
	thread = get_int(chan);
	check(thread > 0, "io_uring has a thread", "%d", thread);
	same("the master knows its number", 0, syscall(SYS_tgkill, pid, thread, 0));
	put_int(chan, 0);
	same("the process ends", 0, end_of(pid));
	fails("with it its thread", ESRCH, syscall(SYS_tgkill, pid, thread, 0));
	close(chan);
}

static int from_a_user(int node)
{
	int chan;
	pid_t pid = remote_fork(node, &chan), child;
	int thread, status;

	if (!pid)
		_exit(directed_from(chan));
	thread = get_int(chan);
	child = fork();
	if (!child) {
		if (setresuid(1003, 1003, 1003))
			_exit(1);
		_exit(syscall(SYS_tgkill, pid, thread, 0) == -1 && errno == EPERM ? 0 : 2);
	}
	status = end_of(child);
	get_rid_of(pid);
	return status;
}

static const struct test {
	const char *name;
	int (*run)(void);
	int status;
} tests[] = {
	{ "create, lock, join", many, 0 },
	{ "cancel", cancel, 0 },
	{ "a robust mutex", robust, 0 },
	{ "signals to threads", directed, 0 },
	{ "threads that are not there", others, 0 },
	{ "the leader ends first", leader_first, 7 << 8 },
	{ "they may not move, and nothing changed", refused, 0 },
	{ "one signal ends all", killed, SIGTERM },
};

/* --- calls that end their caller, whose descriptors another thread shares --- */

static int module_users(void)
{
	char text[32];

	return slurp("/sys/module/bproc/refcnt", text, sizeof(text)) > 0 ? atoi(text) : -1;
}

static void *sleeps(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static int dumps_program(void)
{
	static char *args[] = { "true", NULL };
	struct vmad_execdump d = {
		.fd = open("/dev/null", O_WRONLY),
		.flags = ALL,
		.path = P64("/bin/true"),
		.argv = P64(args),
	};
	pthread_t thread;

	if (d.fd < 0 || pthread_create(&thread, NULL, sleeps, NULL))
		return 1;
	bp(VMAD_IOC_EXECDUMP, &d);
	return 2;
}

static void ends_in_call(void)
{
	int before = module_users(), i;
	pid_t pid;

	for (i = 0; i < 5; i++) {
		pid = fork();
		if (!pid)
			_exit(dumps_program());
		same("EXECDUMP among threads", 0, end_of(pid));
	}
	check(until(module_users() == before), "holds nothing afterwards", "%d, not %d",
	      module_users(), before);
}

int main(int argc, char **argv)
{
	int node = scen_init(argc, argv);
	const struct test *t;
	pid_t pid;
	int chan;

	sem_init(&sem, 0, 0);
	for (t = tests; t < tests + sizeof(tests) / sizeof(tests[0]); t++) {
		pid = remote_fork(node, &chan);
		if (!pid)
			exit(t->run());
		close(chan);
		same(t->name, t->status, end_of(pid));
	}
	pid = fork();
	if (!pid)
		exit(refused());
	same("on the master neither", 0, end_of(pid));
	others_threads("the master knows others' threads", node);
	same("who may not signal it may not signal its threads", 0, from_a_user(node));
	io_uring(node);
	ends_in_call();
	return failures != 0;
}
