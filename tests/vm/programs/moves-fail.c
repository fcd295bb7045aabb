// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * moves-fail fail NODE: moves that fail leave the caller running, and no child
 */
#include "scen.h"
#include <grp.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

static int node;

/* Arguments of a program in the caller's word size. */
static char *args[] = { "program", NULL };

#define MOVE(...)                                                                        \
	({                                                                               \
		struct bproc_move m_ = { __VA_ARGS__ };                                  \
		bp(request, &m_);                                                        \
	})

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* All the calls; those that take a program get @path. */
static void failing(unsigned long request, const char *name, const char *path)
{
	struct bproc_io io = { .fd = 1, .type = BPROC_IO_FILE };
	uint64_t p = P64(path), av = path ? P64(args) : 0, bad = 8;
	char label[128];
	int st;

#define FAILS(what, error, ...)                                                          \
	do {                                                                             \
		snprintf(label, sizeof(label), "%s: %s", name, what);                    \
		fails(label, error,                                                      \
		      MOVE(.path = p, .argv = av, .flags = ALL, __VA_ARGS__));           \
	} while (0)

	FAILS("no such node", BPROC_BE_INVALIDNODE, .node = 4095);
	FAILS("no node", BPROC_BE_INVALIDNODE, .node = BPROC_NODE_NONE);
	FAILS("any node", BPROC_BE_INVALIDNODE, .node = BPROC_NODE_ANY);
	if (request != BPROC_IOC_EXECMOVE) {
		FAILS("the same node", BPROC_BE_SAMENODE, .node = BPROC_NODE_MASTER);
		FAILS("this node", BPROC_BE_SAMENODE, .node = BPROC_NODE_SELF);
	}
	FAILS("reserved member", EINVAL, .node = node, .reserved = { 0, 1 });
	FAILS("vector members", EINVAL, .node = node, .nodes_len = 1);
	FAILS("iolen too small", EINVAL, .node = node, .iolen = -2);
	FAILS("iolen too large", EINVAL, .node = node, .iolen = BPROC_IO_MAX + 1);
	FAILS("bad I/O list", EFAULT, .node = node, .iolen = 1, .io = bad);
	io.type = 3;
	FAILS("bad I/O type", EINVAL, .node = node, .iolen = 1, .io = P64(&io));
	io.type = BPROC_IO_MEMFILE;
	FAILS("I/O of type MEMFILE", EPERM, .node = node, .iolen = 1, .io = P64(&io));
	io.type = BPROC_IO_FILE;
	io.fd = -1;
	FAILS("I/O on -1", EINVAL, .node = node, .iolen = 1, .io = P64(&io));
	io.fd = 1;
	io.flags = 0x40;
	FAILS("unknown I/O flag", EINVAL, .node = node, .iolen = 1, .io = P64(&io));
	io.flags = 0;
	strcpy(io.d.file.name, "/no/such/file");
	if (request != BPROC_IOC_EXECMOVE)
		FAILS("a file that the node lacks", ENOENT, .node = node, .iolen = 1,
		      .io = P64(&io));
	memset(io.d.file.name, 'x', sizeof(io.d.file.name));
	FAILS("endless file name", ENAMETOOLONG, .node = node, .iolen = 1,
	      .io = P64(&io));
	if (request != BPROC_IOC_EXECMOVE) {
		unsigned short port;

		close(listener(&port));
		io = channel_io(5, port, node);
		FAILS("nobody listens", ECONNREFUSED, .node = node, .iolen = 1,
		      .io = P64(&io));
	}
	if (path) {
		av = bad;
		FAILS("bad argv", EFAULT, .node = node);
		av = P64(&args[1]);
		FAILS("not one argument", EINVAL, .node = node);
		av = 0;
		FAILS("no arguments", EINVAL, .node = node);
		av = P64(args);
		FAILS("bad envp", EFAULT, .node = node, .envp = bad);
		p = bad;
		FAILS("bad path", EFAULT, .node = node);
		p = P64("/no/such/program");
		FAILS("no such program", ENOENT, .node = node);
	}
	snprintf(label, sizeof(label), "%s: bad pointer", name);
	fails(label, EFAULT, bp(request, ptr64(bad)));
	snprintf(label, sizeof(label), "%s: unknown flag", name);
	fails(label, EINVAL,
	      MOVE(.node = node, .path = P64(path), .argv = av, .flags = 0x10000));
	snprintf(label, sizeof(label), "%s: no child", name);
	fails(label, ECHILD, waitpid(-1, &st, WNOHANG));
}

/* In a child, so that what it changes is its own. */
#define IN_CHILD(body)                                                                   \
	do {                                                                             \
		pid_t pid_ = fork();                                                     \
		if (!pid_) {                                                             \
			failures = 0;                                                    \
			body;                                                            \
			_exit(failures != 0);                                            \
		}                                                                        \
		failures += end_of(pid_) != 0;                                           \
	} while (0)

static void fail_user(unsigned long request, const char *name)
{
	struct bproc_move m = { .node = node, .flags = ALL };
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC);
	char label[64];

	if (request != BPROC_IOC_MOVE && request != BPROC_IOC_RFORK) {
		m.path = P64("/bin/true");
		m.argv = P64(args);
	}
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		give_up("credentials");
	snprintf(label, sizeof(label), "%s: no permission", name);
	fails(label, EACCES, ioctl(fd, request, &m));
}

static void fail_thread(unsigned long request, const char *name)
{
	bool program = request == BPROC_IOC_REXEC || request == BPROC_IOC_EXECMOVE;
	pthread_t thread;
	char label[64];

	if (pthread_create(&thread, NULL, sleeper, NULL))
		give_up("thread");
	snprintf(label, sizeof(label), "%s: a second thread", name);
	fails(label, EOPNOTSUPP,
	      MOVE(.node = node, .flags = ALL, .path = program ? P64("/bin/true") : 0,
		   .argv = program ? P64(args) : 0));
}

static void fail_files(unsigned long request, const char *name)
{
	struct bproc_move m = { .node = node, .flags = ALL };
	struct rlimit limit = { 20, 20 };
	char label[64];
	int fd, st;

	setrlimit(RLIMIT_NOFILE, &limit);
	fd = open("/dev/bproc", O_RDWR);
	while (dup(fd) >= 0)
		;
	snprintf(label, sizeof(label), "%s: no descriptor left", name);
	fails(label, EMFILE, ioctl(fd, request, &m));
	fails("and no child", ECHILD, waitpid(-1, &st, WNOHANG));
	check(until(node_of(getpid()) == BPROC_NODE_MASTER), "and no ghost", "%d", node);
}

static void fail_processes(void)
{
	struct bproc_move m = { .node = node, .flags = ALL };
	struct rlimit limit = { 1, 1 };
	int fd = open("/dev/bproc", O_RDWR);
	int st;

	chmod("/dev/bpnode0", 0666);
	setrlimit(RLIMIT_NPROC, &limit);
	if (setgid(54321) || setuid(54321))
		give_up("credentials");
	fails("RFORK: RLIMIT_NPROC", EAGAIN, ioctl(fd, BPROC_IOC_RFORK, &m));
	fails("RFORK: RLIMIT_NPROC: no child", ECHILD, waitpid(-1, &st, WNOHANG));
}

/* What the image refers to is not there. */
static void fail_restore(unsigned long request, const char *name)
{
	struct bproc_move m = { .node = node, .flags = 0 };
	char path[] = "/root/only-hereXXXXXX", label[64];
	int fd = mkstemp(path), st;
	char *p;

	if (fd < 0 || ftruncate(fd, 8192))
		give_up("file");
	p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
	snprintf(label, sizeof(label), "%s: a file that the image needs", name);
	fails(label, ENOENT, bp(request, &m));
	fails("and no child then", ECHILD, waitpid(-1, &st, WNOHANG));
	check(*p == 0, "the caller is what it was", "not");
	unlink(path);
}

#define INPUT "what it has not read"

static void has_input(const char *name)
{
	char buf[sizeof(INPUT)] = "";
	ssize_t n = read(0, buf, sizeof(buf));

	check(n == sizeof(INPUT) && !strcmp(buf, INPUT), name, "%zd, '%s'", n, buf);
}

/* It has nothing but an image that cannot be restored. */
static void fail_migrate(void)
{
	struct bproc_migrate m = { .node = node, .flags = BPROC_MIGRATE_FORCE };
	int go[2];

	if (pipe(go))
		give_up("pipe");
	m.pid = fork();
	if (!m.pid) {
		close(go[1]);
		failures = 0;
		while (read(go[0], &m, 1) < 0)
			;
		has_input("MIGRATE that fails: its input is there");
		_exit(failures != 0);
	}
	close(go[0]);
	fails("MIGRATE: a file that the image needs", ENOENT, bp(BPROC_IOC_MIGRATE, &m));
	close(go[1]);
	same("MIGRATE that fails: it goes on", 0, end_of(m.pid));
}

/* What is its input, @file or a pipe, is that from the first byte on. */
static void fail_input(bool file)
{
	struct bproc_move rexec = {
		.node = node,
		.iolen = BPROC_IO_DEFAULT,
		.path = P64("/no/such/program"),
		.argv = P64(args),
	};
	struct bproc_move move = { .node = node, .iolen = BPROC_IO_DEFAULT };
	char path[] = "/tmp/inputXXXXXX";
	int i, fd[2];

	for (i = 0; i < 4; i++) {
		if (file)
			fd[0] = fd[1] = mkstemp(path);
		else if (pipe2(fd, O_NONBLOCK))
			give_up("pipe");
		if (write(fd[1], INPUT, sizeof(INPUT)) != sizeof(INPUT))
			give_up("input");
		if (file && (lseek(fd[0], 0, SEEK_SET) || unlink(path)))
			give_up(path);
		strcpy(path, "/tmp/inputXXXXXX");
		dup2(fd[0], 0);
		if (i == 0)
			fails("REXEC: input", ENOENT, bp(BPROC_IOC_REXEC, &rexec));
		else if (i == 1)
			fails("MOVE: input", ENOENT, bp(BPROC_IOC_MOVE, &move));
		else if (i == 2)
			fails("RFORK: input", ENOENT, bp(BPROC_IOC_RFORK, &move));
		if (i < 3)
			has_input("a call that fails: its input is there");
		else
			fail_migrate();
		close(fd[0]);
		close(fd[1]);
	}
}

static void fail(bool same_kernel)
{
	static const struct {
		unsigned long request;
		const char *name;
		const char *path;
	} calls[] = {
		{ BPROC_IOC_RFORK, "RFORK", NULL },
		{ BPROC_IOC_MOVE, "MOVE", NULL },
		{ BPROC_IOC_REXEC, "REXEC", "/usr/sbin/bpslave" },
		{ BPROC_IOC_EXECMOVE, "EXECMOVE", "/bin/true" },
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		failing(calls[i].request, calls[i].name, calls[i].path);
		IN_CHILD(fail_user(calls[i].request, calls[i].name));
		IN_CHILD(fail_thread(calls[i].request, calls[i].name));
	}
	IN_CHILD(fail_files(BPROC_IOC_RFORK, "RFORK"));
	IN_CHILD(fail_files(BPROC_IOC_MOVE, "MOVE"));
	IN_CHILD(fail_processes());
	chmod("/dev/bpnode0", 0660);
	if (!same_kernel) {
		IN_CHILD(fail_restore(BPROC_IOC_RFORK, "RFORK"));
		IN_CHILD(fail_restore(BPROC_IOC_MOVE, "MOVE"));
		IN_CHILD(fail_input(false));
		IN_CHILD(fail_input(true));
	}
}

/* What is delayed comes last, and its errors are nobody's. */
static void delayed(void)
{
	struct bproc_io io[3] = {
		{ .fd = 6, .type = BPROC_IO_FILE, .flags = BPROC_IO_DELAY },
		{ .fd = 7, .type = BPROC_IO_FILE, .flags = BPROC_IO_DELAY },
	};
	unsigned short port;
	int l = listener(&port), chan;
	pid_t pid;

	strcpy(io[0].d.file.name, "/no/such/file");
	strcpy(io[1].d.file.name, "/");
	io[2] = channel_io(CHANNEL, port, node);
	pid = move_io(BPROC_IOC_RFORK, node, io, 3);
	if (pid == 0) {
		put_int(CHANNEL, fcntl(6, F_GETFD) == -1 && errno == EBADF);
		put_int(CHANNEL, fcntl(7, F_GETFD) == 0);
		_exit(0);
	}
	check(pid > 0, "RFORK: delayed I/O", "%s", strerror(errno));
	chan = pid > 0 ? accept_channel(l) : -1;
	same("RFORK: a file that is not there, delayed", 1, get_int(chan));
	same("RFORK: one that is there, delayed", 1, get_int(chan));
	same("RFORK: delayed I/O: ends", 0, end_of(pid));
	close(chan);
	close(l);
}

/* On the way home: what is there already is a ghost again, and the process goes on. */
static void no_descriptor_home(void)
{
	struct bproc_move m = {
		.node = BPROC_NODE_MASTER,
		.flags = ALL,
		.iolen = BPROC_IO_DEFAULT,
	};
	struct rlimit limit = { 24, 24 };
	int chan, fd;
	pid_t pid = remote_fork(node, &chan);

	if (pid == 0) {
		setrlimit(RLIMIT_NOFILE, &limit);
		fd = open("/dev/bproc", O_RDWR);
		while (dup(fd) >= 0)
			;
		if (!ioctl(fd, BPROC_IOC_MOVE, &m) || errno != EMFILE)
			_exit(1);
		close_range(fd + 1, ~0U, 0);
		_exit(ioctl(fd, BPROC_IOC_MOVE, &m) ||
				      node_of(getpid()) != BPROC_NODE_MASTER
			      ? 2
			      : 0);
	}
	same("MOVE home: no descriptor left, then some", 0, end_of(pid));
	close(chan);
}

/* It waits where its user wants it to, but not for ever. */
static void endless_file(void)
{
	struct bproc_io io = { .fd = 6, .type = BPROC_IO_FILE };
	const char *fifo = "/root/nobody-writes";
	int chan;
	pid_t pid;

	strcpy(io.d.file.name, fifo);
	if (mkfifo(fifo, 0600))
		give_up(fifo);
	pid = remote_fork(node, &chan);
	if (pid == 0) {
		put_int(chan, 1);
		move_io(BPROC_IOC_MOVE, BPROC_NODE_MASTER, &io, 1);
		_exit(1);
	}
	get_int(chan);
	/* On its way, in all likelihood; it is to end in any case. */
	sleep(1);
	kill(pid, SIGKILL);
	same("MOVE home: a file that keeps it waiting: SIGKILL", SIGKILL, end_of(pid));
	unlink(fifo);
	close(chan);
}

int main(int argc, char **argv)
{
	node = scen_init(argc - 1, argv + 1);
	alarm(170 * slowness());
	if (argc < 3 || strcmp(argv[1], "fail"))
		return 2;
	fail(node != 0);
	delayed();
	no_descriptor_home();
	endless_file();
	return failures != 0;
}
