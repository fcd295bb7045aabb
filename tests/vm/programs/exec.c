// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EXEC from a process on a node, which executes what it finds on the master.
 *
 *	exec call PATH ARG...	call EXEC, with things set that exec keeps and does not keep
 *	exec home PATH ARG...	REXEC to the master, likewise
 *	exec homedrop PATH ARG...	the same by root that has become another user
 *	exec rexec NODE PATH ARG...	REXEC to that node, likewise
 *	exec execmove NODE PATH ARG...	EXECMOVE, of a program that is linked here
 *	exec output NODE FILE PATH ARG...	the same with an I/O list: 1 and 2 are FILE there
 *	exec plain PATH ARG...	the same with execve(2)
 *	exec at PATH ARG...	the same with execveat(2)
 *	exec thread PATH ARG...	the same with execve(2), by a thread
 *	exec drop PATH ARG...	EXEC by root that has become another user
 *	exec show ARG...	say what the program has; in one line
 *	exec access PATH	size and mode if it can be executed, else "no"
 *	exec errno		EXEC of things that do not work
 *	exec storm N		N children execve, and are killed at some moment
 *	exec early WHAT		say "early"; before its beginning, if it is linked, do what
 *				takes it elsewhere: user, mount or root; or nothing
 *	exec wait		say "ready" and sleep
 */
#include <dirent.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/stat.h>

#include "scen.h"

extern char **environ;

static long call_exec(const char *path, char **argv, char **envp)
{
	return run_io(BPROC_IOC_EXEC, 0, path, argv, envp, NULL, BPROC_IO_DEFAULT);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void prepare(void)
{
	struct rlimit lim = { 77, 99 };
	sigset_t set;

	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(027);
	setrlimit(RLIMIT_NOFILE, &lim);
	dup2(1, 20);
	dup2(1, 21);
	fcntl(21, F_SETFD, FD_CLOEXEC);
	mkdir("/tmp/kept", 0755);
	chdir("/tmp/kept");
	/* pending over the exec */
	raise(SIGHUP);
}

static void show(int argc, char **argv)
{
	struct rlimit lim;
	char cwd[256], comm[64];
	struct sigaction sa;
	sigset_t set, pending;
	int i;

	printf("args=");
	for (i = 2; i < argc; i++)
		printf("%s%s", i > 2 ? "," : "", argv[i]);
	getrlimit(RLIMIT_NOFILE, &lim);
	sigprocmask(SIG_BLOCK, NULL, &set);
	sigpending(&pending);
	prctl(PR_GET_NAME, comm);
	printf(" env=%s pid=%s ppid=%s cwd=%s", getenv("COLOUR") ?: "-",
	       getenv("PID") && atoi(getenv("PID")) == getpid() ? "same" : "other",
	       getppid() ? "some" : "none", getcwd(cwd, sizeof(cwd)) ?: "?");
	printf(" 20=%d 21=%d", fcntl(20, F_GETFD), fcntl(21, F_GETFD));
	sigaction(SIGUSR1, NULL, &sa);
	printf(" usr1=%s", sa.sa_handler == SIG_IGN ? "ignored" : "other");
	sigaction(SIGUSR2, NULL, &sa);
	printf(" usr2=%s", sa.sa_handler == SIG_DFL ? "default" : "other");
	sigaction(SIGCHLD, NULL, &sa);
	printf(" chld=%s/%#x", sa.sa_handler == SIG_DFL ? "default" : "other",
	       sa.sa_flags);
	printf(" hup=%s,%s term=%s", sigismember(&set, SIGHUP) ? "blocked" : "open",
	       sigismember(&pending, SIGHUP) ? "pending" : "none",
	       sigismember(&set, SIGTERM) ? "blocked" : "open");
	printf(" umask=%03o files=%ld/%ld uid=%d/%d comm=%s node=%d\n", umask(0),
	       (long)lim.rlim_cur, (long)lim.rlim_max, getuid(), geteuid(), comm,
	       node_of(getpid()));
}

static void set_pid(void)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%d", getpid());
	setenv("PID", buf, 1);
}

static void *exec_in_thread(void *arg)
{
	char **argv = arg;

	execve(argv[0], argv, environ);
	printf("errno %d\n", errno);
	exit(1);
}

static int call_badly(void)
{
	char *argv[] = { "/bin/true", NULL };
	char long_path[5000];
	struct bproc_move m = { .path = P64(argv[0]), .argv = P64(argv), .iolen = 1 };
	int bad = 0;

	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
#define BAD(error, call)                                                                 \
	do {                                                                             \
		if ((call) != -1 || errno != (error)) {                                  \
			printf("%s: errno %d\n", #call, errno);                          \
			bad++;                                                           \
		}                                                                        \
	} while (0)
	BAD(EFAULT, call_exec(NULL, argv, environ));
	BAD(EINVAL, call_exec(argv[0], NULL, environ));
	BAD(EINVAL, call_exec(argv[0], argv + 1, environ));
	BAD(EFAULT, call_exec(argv[0], (char **)8, environ));
	BAD(ENAMETOOLONG, call_exec(long_path, argv, environ));
	BAD(ENOENT, call_exec("", argv, environ));
	BAD(EFAULT, bp(BPROC_IOC_EXEC, &m));
	m.iolen = BPROC_IO_DEFAULT;
	m.flags = BPROC_MOVE_LINKED;
	BAD(EINVAL, bp(BPROC_IOC_EXEC, &m));
	BAD(ENOENT, execve("", argv, environ));
	BAD(ENAMETOOLONG, execve(long_path, argv, environ));
	BAD(EBADF, syscall(SYS_execveat, 77, "x", argv, environ, 0));
	return bad;
}

/* NODE PATH ARG...; EXECMOVE as libbproc asks for it */
static void go(unsigned long request, char **argv, struct bproc_io *io, int iolen)
{
	struct bproc_move m = {
		.node = atoi(argv[0]),
		.flags = ALL,
		.path = P64(argv[1]),
		.argv = P64(argv + 1),
		.envp = P64(environ),
		.io = P64(io),
		.iolen = iolen,
	};

	if (request == BPROC_IOC_EXECMOVE)
		m.flags |= BPROC_MOVE_LINKED;
	bp(request, &m);
}

/* NODE FILE PATH ARG... */
static void go_with_output(char **argv)
{
	struct bproc_io io[2] = {
		{ .fd = 1, .type = BPROC_IO_FILE },
		{ .fd = 2, .type = BPROC_IO_FILE },
	};
	int i;

	for (i = 0; i < 2; i++) {
		io[i].d.file.flags = O_WRONLY | O_CREAT | O_APPEND;
		io[i].d.file.mode = 0644;
		snprintf(io[i].d.file.name, sizeof(io[i].d.file.name), "%s", argv[1]);
	}
	argv[1] = argv[0];
	go(BPROC_IOC_EXECMOVE, argv + 1, io, 2);
}

/* Each child ends once, by itself or by SIGKILL, and none is left. */
static int storm(int n)
{
	static char *const program[] = { "/tests/bin/exec", "/tests/bin/exec.static" };
	int i, status, killed = 0, bad = 0;
	unsigned int seed = 1;
	pid_t pid;

	for (i = 0; i < n; i++) {
		char *argv[] = { program[i & 1], "nothing", NULL };

		pid = fork();
		if (!pid) {
			execve(argv[0], argv, environ);
			_exit(99);
		}
		usleep((useconds_t)(rand_r(&seed) % (unsigned int)(100000 * slowness())));
		kill(pid, SIGKILL);
		bad += wait_for(pid, &status, 0) != pid || (status && status != SIGKILL);
		killed += status == SIGKILL;
	}
	if (bad || !killed)
		printf("%d wrong, %d killed of %d\n", bad, killed, n);
	return bad || !killed || waitpid(-1, &status, 0) != -1;
}

static int run(const char *how, char **argv)
{
	pthread_t thread;

	setenv("COLOUR", "green", 1);
	set_pid();
	if (!strcmp(how, "homedrop") && (setgroups(0, NULL) || setgid(1002) || setuid(1002)))
		return 1;
	if (!strncmp(how, "home", 4)) {
		run_io(BPROC_IOC_REXEC, BPROC_NODE_MASTER, argv[0], argv, environ, NULL,
		       BPROC_IO_DEFAULT);
	} else if (!strcmp(how, "rexec")) {
		go(BPROC_IOC_REXEC, argv, NULL, BPROC_IO_DEFAULT);
	} else if (!strcmp(how, "execmove")) {
		go(BPROC_IOC_EXECMOVE, argv, NULL, BPROC_IO_DEFAULT);
	} else if (!strcmp(how, "output")) {
		go_with_output(argv);
	} else if (!strcmp(how, "call")) {
		call_exec(argv[0], argv, environ);
	} else if (!strcmp(how, "drop")) {
		if (setgid(1002) || setuid(1002))
			return 1;
		call_exec(argv[0], argv, environ);
	} else if (!strcmp(how, "plain")) {
		execve(argv[0], argv, environ);
	} else if (!strcmp(how, "at")) {
		syscall(SYS_execveat, AT_FDCWD, argv[0], argv, environ, 0);
	} else {
		pthread_create(&thread, NULL, exec_in_thread, argv);
		for (;;)
			pause();
	}
	printf("errno %d\n", errno);
	return 1;
}

/* The linker calls this, before all constructors and the program's entry. */
static void early(int argc, char **argv)
{
	if (argc < 3 || strcmp(argv[1], "early"))
		return;
	if ((!strcmp(argv[2], "user") && unshare(CLONE_NEWUSER | CLONE_NEWNS)) ||
	    (!strcmp(argv[2], "mount") && unshare(CLONE_NEWNS)) ||
	    (!strcmp(argv[2], "root") && chroot("/tmp")))
		_exit(99);
}

__attribute__((section(".preinit_array"), used)) static void (*const at_first)(int, char **) =
	early;

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "show")) {
		show(argc, argv);
	} else if (argc > 2 && !strcmp(argv[1], "access")) {
		struct stat st;

		if (access(argv[2], X_OK) || stat(argv[2], &st))
			puts("no");
		else
			printf("%ld %o\n", (long)st.st_size, st.st_mode & 07777);
	} else if (argc > 2 && !strcmp(argv[1], "storm")) {
		return storm(atoi(argv[2]));
	} else if (argc > 1 && !strcmp(argv[1], "errno")) {
		return call_badly();
	} else if (argc > 1 && !strcmp(argv[1], "early")) {
		puts("early");
	} else if (argc > 1 && !strcmp(argv[1], "wait")) {
		puts("ready");
		pause();
	} else if (argc > 2) {
		prepare();
		return run(argv[1], argv + 2);
	}
	return 0;
}
