// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * moves keep NODE:     what a process keeps when it goes to a node and comes back
 * moves signals NODE:  signals, SIGKILL among them, while a move is under way
 * moves big NODE MIB:  moves itself with so much memory; prints how that went
 */
#include "scen.h"
#include <fenv.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int node;
static int channel = CHANNEL;

/* --- what is kept --- */

#define GROUPS 32

struct facts {
	int pid, ppid, pgrp, sid, parents_sid;
	uid_t uid[3];
	gid_t gid[3];
	int ngroups;
	gid_t groups[GROUPS];
	struct rlimit limit[RLIM_NLIMITS];
	int umask;
	int nice;
	int no_new_privs;
	int dumpable;
	int rounding;
	uint32_t caps[6];
	int securebits;
	uint64_t bounding;
	uint64_t ambient;
	sigset_t mask;
	sigset_t pending;
	void *handler;
	unsigned long sum;
	char cwd[256];
	char env[64];
	char name[16];
	char oom[16];
};

static unsigned char *memory;
static size_t memory_len;
static __thread int thread_local = 4711;

static unsigned long checksum(void)
{
	unsigned long sum = (unsigned long)thread_local;
	size_t i;

	for (i = 0; i < memory_len; i += 97)
		sum = sum * 31 + memory[i];
	return sum;
}

static void handler(int sig)
{
	(void)sig;
}

static const struct {
	uint32_t version;
	int pid;
} cap_header = { _LINUX_CAPABILITY_VERSION_3, 0 };

static void gather(struct facts *f)
{
	struct sigaction sa;
	int i;

	memset(f, 0, sizeof(*f));
	f->pid = getpid();
	f->ppid = getppid();
	f->pgrp = getpgrp();
	f->sid = getsid(0);
	f->parents_sid = getsid(getppid());
	getresuid(&f->uid[0], &f->uid[1], &f->uid[2]);
	getresgid(&f->gid[0], &f->gid[1], &f->gid[2]);
	f->ngroups = getgroups(GROUPS, f->groups);
	for (i = 0; i < RLIM_NLIMITS; i++)
		getrlimit((unsigned)i, &f->limit[i]);
	f->umask = (int)umask(0);
	umask((mode_t)f->umask);
	f->nice = getpriority(PRIO_PROCESS, 0);
	f->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	f->dumpable = prctl(PR_GET_DUMPABLE);
	f->rounding = fegetround();
	syscall(SYS_capget, &cap_header, f->caps);
	f->securebits = prctl(PR_GET_SECUREBITS);
	for (i = 0; i <= CAP_LAST_CAP; i++) {
		f->bounding |= (uint64_t)(prctl(PR_CAPBSET_READ, i) == 1) << i;
		f->ambient |= (uint64_t)(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i,
					       0, 0) == 1)
			      << i;
	}
	sigprocmask(SIG_BLOCK, NULL, &f->mask);
	sigpending(&f->pending);
	sigaction(SIGUSR2, NULL, &sa);
	f->handler = (void *)sa.sa_handler;
	f->sum = checksum();
	if (!getcwd(f->cwd, sizeof(f->cwd)))
		f->cwd[0] = '\0';
	snprintf(f->env, sizeof(f->env), "%s", getenv("COLOUR") ? getenv("COLOUR") : "");
	prctl(PR_GET_NAME, f->name);
	slurp("/proc/self/oom_score_adj", f->oom, sizeof(f->oom));
}

#define DIFF(member, fmt, ...)                                                              \
	if (memcmp(&a->member, &b->member, sizeof(a->member)))                                \
	n += snprintf(buf + n, size - (size_t)n, #member " " fmt "; ", __VA_ARGS__)

/* What is not the same, in words. */
static void compare(const struct facts *a, const struct facts *b, char *buf, size_t size)
{
	int n = 0, i;

	buf[0] = '\0';
	DIFF(pid, "%d, not %d", b->pid, a->pid);
	DIFF(ppid, "%d, not %d", b->ppid, a->ppid);
	DIFF(pgrp, "%d, not %d", b->pgrp, a->pgrp);
	DIFF(sid, "%d, not %d", b->sid, a->sid);
	DIFF(parents_sid, "%d, not %d", b->parents_sid, a->parents_sid);
	DIFF(uid, "%d %d %d, not %d %d %d", b->uid[0], b->uid[1], b->uid[2], a->uid[0],
	     a->uid[1], a->uid[2]);
	DIFF(gid, "%d %d %d, not %d %d %d", b->gid[0], b->gid[1], b->gid[2], a->gid[0],
	     a->gid[1], a->gid[2]);
	DIFF(ngroups, "%d, not %d", b->ngroups, a->ngroups);
	DIFF(groups, "%d, not %d", b->groups[0], a->groups[0]);
	for (i = 0; i < RLIM_NLIMITS; i++)
		DIFF(limit[i], "(%d) %ld, not %ld", i, (long)b->limit[i].rlim_cur,
		     (long)a->limit[i].rlim_cur);
	DIFF(umask, "%o, not %o", b->umask, a->umask);
	DIFF(nice, "%d, not %d", b->nice, a->nice);
	DIFF(no_new_privs, "%d, not %d", b->no_new_privs, a->no_new_privs);
	DIFF(dumpable, "%d, not %d", b->dumpable, a->dumpable);
	DIFF(rounding, "%d, not %d", b->rounding, a->rounding);
	DIFF(caps, "%x %x, not %x %x", b->caps[0], b->caps[3], a->caps[0], a->caps[3]);
	DIFF(securebits, "%x, not %x", b->securebits, a->securebits);
	DIFF(bounding, "%llx, not %llx", (unsigned long long)b->bounding,
	     (unsigned long long)a->bounding);
	DIFF(ambient, "%llx, not %llx", (unsigned long long)b->ambient,
	     (unsigned long long)a->ambient);
	DIFF(mask, "%s", "");
	DIFF(pending, "%d %d, not %d %d", sigismember(&b->pending, SIGUSR1),
	     sigismember(&b->pending, SIGRTMIN + 2), sigismember(&a->pending, SIGUSR1),
	     sigismember(&a->pending, SIGRTMIN + 2));
	DIFF(handler, "%p, not %p", b->handler, a->handler);
	DIFF(sum, "%lx, not %lx", b->sum, a->sum);
	DIFF(cwd, "%s, not %s", b->cwd, a->cwd);
	DIFF(env, "%s, not %s", b->env, a->env);
	DIFF(name, "%s, not %s", b->name, a->name);
	DIFF(oom, "%s, not %s", b->oom, a->oom);
}

/* Sets of capabilities that none is by itself: permitted, what exec keeps, what is left. */
static void set_capabilities(bool user)
{
	const uint32_t net = 1U << CAP_NET_RAW, kill = 1U << CAP_KILL;
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &cap_header, caps))
		give_up("capget");
	caps[0].inheritable = net;
	if (user) {
		memset(caps, 0, sizeof(caps));
		caps[0].permitted = net | kill;
		caps[0].effective = kill;
		caps[0].inheritable = net;
	}
	if (syscall(SYS_capset, &cap_header, caps))
		give_up("capset");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0))
		give_up("an ambient capability");
}

/* Something to keep; @user: as somebody else than root. */
static void prepare(bool user)
{
	const int bits = user ? SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP_LOCKED
			      : SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP |
					SECBIT_NO_SETUID_FIXUP_LOCKED;
	static const gid_t groups[] = { 7, 1234, 60000 };
	struct rlimit cpu = { 1000, 2000 }, files = { 200, 300 }, core = { 0, 4096 };
	sigset_t mask;
	size_t i;

	memory_len = 3 << 20;
	memory = mmap(NULL, memory_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (memory == MAP_FAILED)
		give_up("memory");
	for (i = 0; i < memory_len; i++)
		memory[i] = (unsigned char)(i * i >> 3);
	mprotect(memory, 4096, PROT_READ);
	thread_local = 815;
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &core);
	umask(0137);
	if (nice(5) == -1 && errno)
		give_up("nice");
	fesetround(FE_UPWARD);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGUSR2, handler);
	setenv("COLOUR", "green", 1);
	prctl(PR_SET_NAME, "keeper");
	if (chdir("/proc/sys"))
		give_up("chdir");
	if (prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT) || prctl(PR_SET_SECUREBITS, bits))
		give_up("securebits");
	if (user) {
		if (setgroups(3, groups) || setresgid(1001, 1002, 1001) ||
		    setresuid(1001, 1001, 1001))
			give_up("credentials");
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	}
	set_capabilities(user);
}

static bool hear(struct channel *c, const char *name)
{
	char text[1024] = "";
	int fd = accept_channel(c->listener);
	bool good = fd >= 0 && get(fd, text, sizeof(text));

	text[sizeof(text) - 1] = '\0';
	close(fd);
	return check(good && !text[0], name, "%s", good ? text : "nothing comes");
}

static void say(const char *text)
{
	char buf[1024];

	snprintf(buf, sizeof(buf), "%s", text);
	put(channel, buf, sizeof(buf));
}

/* On a node after each hop: say what was lost on the way. */
static void keep(bool user, const int *hops, int n)
{
	struct channel c = channel_new();
	struct facts before, after;
	int i, st, fd = -1;
	char text[1024];
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		fd = open("/dev/bproc", O_RDWR);
		prepare(user);
		gather(&before);
		for (i = 0; i < n; i++) {
			struct bproc_io io = channel_io(CHANNEL, c.port, hops[i]);
			struct bproc_move m = { .node = hops[i], .flags = ALL, .io = P64(&io),
						.iolen = 1 };

			/* Opened as root, used as a user. */
			if (hops[i] != BPROC_NODE_MASTER) {
				if (ioctl(fd, BPROC_IOC_MOVE, &m))
					_exit(errno & 0xff);
			} else if (bp(BPROC_IOC_MOVE, &m)) {
				_exit(errno & 0xff);
			}
			gather(&after);
			compare(&before, &after, text, sizeof(text));
			say(text);
			fd = open("/dev/bproc", O_RDWR);
		}
		_exit(17);
	}
	for (i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%s keeps all, hop %d: to %d",
			 user ? "a user" : "root", i + 1, hops[i]);
		if (!hear(&c, text))
			break;
	}
	st = end_of(pid);
	same("and ends as it wants", 17 << 8, st);
	close(c.listener);
}

static void keep_fork(void)
{
	struct facts before, after;
	char text[1024];
	int chan, st;
	pid_t pid, outer;

	outer = fork();
	if (outer == 0) {
		prepare(false);
		gather(&before);
		before.ppid = before.pid;
		pid = remote_fork(node, &chan);
		if (pid == 0) {
			gather(&after);
			before.pid = 0;
			after.pid = 0;
			compare(&before, &after, text, sizeof(text));
			say(text);
			_exit(18);
		}
		if (!get(chan, text, sizeof(text)))
			strcpy(text, "nothing comes");
		st = end_of(pid);
		check(pid > 0 && !text[0], "a child has it all", "pid %d: %s", pid, text);
		same("ends as it wants", 18 << 8, st);
		_exit(failures != 0);
	}
	failures += end_of(outer) != 0;
}

/* EXECMOVE of this program; REXEC of one that the node has. */
static void programs(void)
{
	static char *self[] = { "moves", "here", "a b", NULL };
	static char *slave[] = { "bpslave", "-h", NULL };
	static char *env[] = { "COLOUR=red", NULL };
	struct channel c = channel_new();
	char exe[256], text[1024] = "";
	pid_t pid;
	ssize_t n;
	int fd;

	/* A dynamic one would need its libraries on the node before it could do anything. */
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 8);
	exe[n > 0 ? n : 0] = '\0';
	if (!strstr(exe, "static"))
		strcat(exe, ".static");
	pid = fork();
	if (pid == 0) {
		struct bproc_io io = channel_io(CHANNEL, c.port, node);

		run_io(BPROC_IOC_EXECMOVE, node, exe, self, env, &io, 1);
		_exit(errno & 0xff);
	}
	fd = accept_channel(c.listener);
	check(get_int(fd) == pid, "EXECMOVE: has its PID", "not %d", pid);
	same("EXECMOVE: on the node", node, node_of(pid));
	put_int(fd, 1);
	close(fd);
	same("EXECMOVE: its arguments and environment", 19 << 8, end_of(pid));

	pid = fork();
	if (pid == 0) {
		struct bproc_io io = channel_io(1, c.port, node);

		run_io(BPROC_IOC_REXEC, node, "/usr/sbin/bpslave", slave, env, &io, 1);
		_exit(errno & 0xff);
	}
	fd = accept_channel(c.listener);
	same("REXEC: a program of the node", 0, end_of(pid));
	n = read(fd, text, sizeof(text) - 1);
	check(n > 0 && strstr(text, "bpslave"), "REXEC: its output", "'%s'", text);
	close(fd);
	close(c.listener);
}

/* What programs() has executed: its channel is not descriptor 3. */
static int here(char **argv)
{
	put_int(CHANNEL, getpid());
	get_int(CHANNEL);
	return !strcmp(argv[2], "a b") && getenv("COLOUR") && !strcmp(getenv("COLOUR"), "red") ?
		       19 : 20;
}

/* --- signals meanwhile --- */

static volatile int usr1, real_time;

static void count(int sig)
{
	if (sig == SIGUSR1)
		usr1++;
	else
		real_time++;
}

static void fill(size_t mib)
{
	size_t i;

	memory_len = mib << 20;
	memory = mmap(NULL, memory_len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		give_up("memory");
	for (i = 0; i < memory_len; i += 512)
		memory[i] = (unsigned char)(i >> 9) | 1;
}

static void signals_meanwhile(void)
{
	struct channel c = channel_new();
	union sigval value = { 0 };
	int i, fd, ready[2], st;
	pid_t pid;

	if (pipe(ready))
		give_up("pipe");
	pid = fork();
	if (pid == 0) {
		signal(SIGUSR1, count);
		signal(SIGRTMIN + 1, count);
		fill(32);
		if (write(ready[1], "", 1) != 1 || move_with(&c, node))
			_exit(1);
		if (!until(usr1 && real_time >= 5))
			_exit(2);
		put_int(CHANNEL, 1);
		get_int(CHANNEL);
		_exit(10 * usr1 + real_time);
	}
	if (read(ready[0], &st, 1) != 1 || pid <= 0)
		give_up("child");
	usleep(30000);
	for (i = 0; i < 5; i++)
		sigqueue(pid, SIGRTMIN + 1, value);
	kill(pid, SIGUSR1);
	fd = accept_channel(c.listener);
	get_int(fd);
	put_int(fd, 1);
	same("signals during a move come once, after it", 15 << 8, end_of(pid));
	close(fd);

	for (i = 0; i < 8; i++) {
		pid = fork();
		if (pid == 0) {
			fill(24);
			if (write(ready[1], "", 1) == 1)
				move_with(&c, node);
			for (;;)
				pause();
		}
		if (pid <= 0 || read(ready[0], &st, 1) != 1)
			give_up("child");
		/* At different moments of the move, and after it. */
		usleep((useconds_t)i * 60000);
		kill(pid, SIGKILL);
		st = end_of(pid);
		if (st != SIGKILL)
			break;
		same("killed on the way: no ghost stays", BPROC_NODE_MASTER, node_of(pid));
	}
	check(i == 8, "killed during a move", "round %d: status %#x", i, st);
	/* None of them lives on the node: all ends of channels go. */
	for (i = 0;; i++) {
		struct pollfd p = { .fd = c.listener, .events = POLLIN };

		if (poll(&p, 1, 0) != 1)
			break;
		fd = accept_channel(c.listener);
		check(!get(fd, &st, 1) && errno != ETIMEDOUT, "it ended on the node", "it lives");
		close(fd);
	}
}

/* moves big: 0 when it arrived and came back */
static int big(size_t mib)
{
	unsigned long sum;
	int st, err;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		fill(mib);
		sum = checksum();
		printf("going\n");
		fflush(stdout);
		if (move_io(BPROC_IOC_MOVE, node, NULL, 0)) {
			err = errno;
			printf("error %d, memory %s\n", err,
			       sum == checksum() ? "intact" : "damaged");
			fflush(stdout);
			_exit(1);
		}
		if (sum != checksum())
			_exit(2);
		if (move_io(BPROC_IOC_MOVE, BPROC_NODE_MASTER, NULL, 0))
			_exit(3);
		_exit(sum == checksum() ? 0 : 4);
	}
	if (waitpid(pid, &st, 0) != pid)
		st = -1;
	printf("status %#x\n", st);
	return st == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	int hops[4] = { 0, BPROC_NODE_MASTER, 1, BPROC_NODE_MASTER };

	if (argc > 2 && !strcmp(argv[1], "here"))
		return here(argv);
	node = scen_init(argc - 1, argv + 1);
	alarm(170 * slowness());
	if (argc < 3)
		return 2;
	hops[0] = node;
	if (!strcmp(argv[1], "keep")) {
		/* The way back from a node of this kernel goes through the same file. */
		chmod("/dev/bproc", 0666);
		chmod("/dev/bpnode0", 0666);
		chmod("/dev/bpnode1", 0666);
		keep(false, hops, 2);
		keep(true, hops, 2);
		if (node == 0)
			keep(false, hops, 4);
		keep_fork();
		programs();
		chmod("/dev/bproc", 0660);
		chmod("/dev/bpnode0", 0660);
		chmod("/dev/bpnode1", 0660);
	} else if (!strcmp(argv[1], "signals")) {
		signals_meanwhile();
	} else if (!strcmp(argv[1], "big")) {
		return big((size_t)atoi(argv[3]));
	}
	return failures != 0;
}
