// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The original's system call.
 *
 *	legacy calls NODE	all calls but those that stop machines; NODE is a machine
 *	legacy vectors NODE	VRFORK and VEXECMOVE
 *	legacy errors NODE	what they answer otherwise
 *	legacy down NODE	what they answer for a node that is down
 *	legacy user NODE	of a user who may open /dev/bproc, and not go to NODE
 *	legacy nobody		of one who may not
 *	legacy none		without the module: ENOSYS
 *	legacy reconnect NODE	RECONNECT, to where it is connected
 *	legacy do FUNCTION NODE	one of REBOOT, HALT, PWROFF; exits with the errno
 *	legacy hello		prints where it is; exits with 7
 */
#include "old.h"
#include <grp.h>

#define BAD 8L /* an address where nothing is */
#define ALL 7

static char *const hello_args[] = { "legacy", "hello", NULL };
static char self[256];

static __thread int thread_local = 4711;
static volatile double fraction = 1.25;

/* Registers, memory and thread-local storage are as they were, and the vDSO works. */
static bool intact(void)
{
	volatile double x = fraction * 8;
	struct timespec t;

	errno = 0;
	return thread_local == 4711 && x == 10 && !clock_gettime(CLOCK_REALTIME, &t) &&
	       t.tv_sec > 1000000000 && getpid() == syscall(SYS_getpid) && !errno;
}

static bool on_node(int node)
{
	struct utsname u;
	char name[16];

	snprintf(name, sizeof(name), "node%d", node);
	return !uname(&u) && !strcmp(u.nodename, name);
}

/* Ends a child that is where it should be with this status. */
static void end_there(int node, int code)
{
	_exit(!on_node(node) ? 90 : !intact() ? 91 : code);
}

/* No standard output and input there, and nothing else. */
static struct old_move closed(void)
{
	return (struct old_move){ .flags = ALL };
}

/* --- calls --- */

static void test_version(void)
{
	struct old_version v;

	memset(&v, 'x', sizeof(v));
	same("VERSION", 0, old(VERSION, &v, 0));
	check(!memcmp(v.magic, "BPr", 3), "VERSION: magic", "%.3s", v.magic);
	same("VERSION: architecture", sizeof(long) == 4 ? 1 : 4, v.arch);
	check(v.string[0] && memchr(v.string, 0, sizeof(v.string)), "VERSION: string",
	      "none");
}

static void test_debug(void)
{
	int ids[4] = { 0 };
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	same("DEBUG: children", 1, old(DEBUG, 0, 0));
	same("DEBUG: wait is local", 1, old(DEBUG, 1, child));
	same("DEBUG: children elsewhere", 0, old(DEBUG, 2, 0));
	same("DEBUG: parents", 0, old(DEBUG, 3, ids));
	check(ids[0] == getppid() && ids[1] == ids[0] && ids[2] == ids[0] &&
		      ids[3] == ids[0],
	      "DEBUG: the parents' numbers", "%d %d %d %d", ids[0], ids[1], ids[2],
	      ids[3]);
	kill(child, SIGKILL);
	end_of(child);
}

static void test_daemons(void)
{
	int fd = (int)old(SLAVE, 0, 0);

	check(fd >= 0, "SLAVE", "%d", fd);
	same("SLAVE: survives exec", 0, fcntl(fd, F_GETFD));
	close(fd);
	/* Those of this machine run. */
	same("MASTER: one at a time", -EBUSY, old(MASTER, 0, 0));
	same("IOD: one at a time", -EBUSY, old(IOD, 0, 0));
}

/* For itself, without its children's: they end when it does. */
static void test_master(void)
{
	int fd, status;
	pid_t pid = (pid_t)syscall(SYS_clone, 0x20000000 | SIGCHLD, 0, 0, 0, 0);

	if (!pid) {
		fd = (int)old(MASTER, 0, 0);
		_exit(fd < 0			    ? 1
		      : fcntl(fd, F_GETFD)	    ? 2
		      : old(MASTER, 0, 0) == -EBUSY ? 0
						    : 3);
	}
	status = end_of(pid);
	check(exited(status, 0), "MASTER: in a process space of its own", "%x", status);
}

static struct old_node info_of(int node)
{
	struct old_node n = { .node = node - 1 };

	if (old(INFO, &n, 1) != 1)
		n.node = -5;
	return n;
}

static int pollable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

static void test_nodes(int node, int other)
{
	struct old_node all[8] = { { .node = -1 } }, n;
	struct stat was;
	int notify = (int)old(way ? NOTIFY_4 : NOTIFY, 0, 0);
	struct sockaddr_in a;
	char buf[8];
	int i, count = (int)old(INFO, all, 8);

	check(notify >= 0, "NOTIFY", "%d", notify);
	same("INFO", 2, count);
	for (i = 0; i < count; i++)
		check(all[i].node == i && all[i].status == UP &&
			      (all[i].mode & ~0111) == 0 && all[i].user == 0,
		      "INFO: a node", "%d: %d %o %d", all[i].node, all[i].status,
		      all[i].mode, all[i].user);
	inet_aton("10.23.0.10", &a.sin_addr);
	same("INFO: its address", (long)a.sin_addr.s_addr, (long)all[0].addr);
	n = info_of(1);
	same("INFO: one after another", 1, n.node);
	n.node = 1;
	same("INFO: after the last", 0, old(INFO, &n, 1));

	same("NOTIFY: nothing yet", 0, pollable(notify));
	same("STATUS", 0, old(STATUS, other, UNAVAILABLE));
	same("INFO: the new state", UNAVAILABLE, info_of(other).status);
	same("NOTIFY: readable", 1, pollable(notify));
	check(read(notify, buf, sizeof(buf)) > 0 && !pollable(notify),
	      "NOTIFY: until it is read", "still is");
	for (i = UNAVAILABLE; i <= BOOTING; i++)
		check(!old(STATUS, other, i) && info_of(other).status == i,
		      "STATUS: a state", "%d", i);
	same("STATUS: up again", 0, old(STATUS, other, UP));
	close(notify);

	same("CHOWN", 0, old(CHOWN, node, 0101));
	same("INFO: the new mode", 0101, info_of(node).mode);
	same("CHOWN: back", 0, old(CHOWN, node, 0110));
	if (!stat("/dev/bpnode0", &was) && !chown("/dev/bpnode0", 70000, 70001)) {
		same("INFO: a large user ID", 65534, info_of(node).user);
		same("INFO: a large group ID", 65534, info_of(node).group);
		if (chown("/dev/bpnode0", was.st_uid, was.st_gid))
			perror("not ok chown");
	}
	same("CHROOT", 0, old(CHROOT, node, "/"));
}

static void test_reconnect(int node)
{
	struct sockaddr_in to[2] = { { .sin_family = AF_INET, .sin_port = htons(2223) } };
	struct old_packed packed;

	inet_aton("10.23.0.1", &to[0].sin_addr);
	same("RECONNECT: as in release 3", 0, old(RECONNECT, node, to));
	packed = (struct old_packed){ .raddr = to[0].sin_addr.s_addr,
				      .rport = htons(2223) };
	same("RECONNECT: as in release 4", 0, old(RECONNECT, node, &packed));
	check(until(info_of(node).status == UP), "RECONNECT: the node is up", "%d",
	      info_of(node).status);
}

static void test_rfork(int node)
{
	struct old_move m = closed();
	struct old_proc p[4] = { { .pid = -1 } };
	pid_t pid = (pid_t)old(RFORK, node, &m);
	int status;

	if (!pid) {
		while (getppid() == 1)
			pause();
		/* raise() would take the thread for its parent's */
		kill(getpid(), SIGSTOP);
		end_there(node, 3);
	}
	check(pid > 0, "RFORK", "%d", pid);
	if (pid <= 0)
		return;
	check(until(waitpid(pid, &status, WUNTRACED | WNOHANG) == pid) &&
		      WIFSTOPPED(status),
	      "RFORK: the child stops itself", "%x", status);
	same("DEBUG: a child elsewhere", 1, old(DEBUG, 2, 0));
	p[0].pid = pid - 1;
	same("PINFO", 1, old(PINFO, p, 4));
	check(p[0].pid == pid && p[0].node == node, "PINFO: where it is", "%d on %d",
	      p[0].pid, p[0].node);
	kill(pid, SIGCONT);
	status = end_of(pid);
	check(exited(status, 3), "RFORK: the child was there and intact", "%x", status);
	p[0].pid = pid - 1;
	same("PINFO: it is gone", 0, old(PINFO, p, 4));
}

/* There and back, with a list of one file. */
static void moving(int node)
{
	struct old_move m = closed();
	struct old_io io = { .fd = 5, .type = 0 };
	char buf[64];
	ssize_t n;
	long ret;

	m.io = &io;
	m.iolen = 1;
	strcpy(io.d.file.name, "/proc/sys/kernel/hostname");
	io.d.file.offset = 1;
	ret = old(MOVE, node, &m);
	if (ret)
		_exit(80);
	n = read(5, buf, sizeof(buf));
	if (n < 3 || memcmp(buf, "ode", 3))
		_exit(81);
	if (!on_node(node) || !intact())
		_exit(82);
	if (old(MOVE, node, ALL) != -SAMENODE)
		_exit(83);
	if (old(MOVE, ON_MASTER, ALL))
		_exit(84);
	_exit(on_node(node) ? 85 : !intact() ? 86 : 4);
}

static void test_move(int node)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		moving(node);
	status = end_of(pid);
	check(exited(status, 4), "MOVE: there and back", "%x", status);
	pid = fork();
	if (!pid) {
		/* the flags alone */
		long ret = old(MOVE, node, ALL);

		if (ret)
			_exit(87);
		end_there(node, 5);
	}
	status = end_of(pid);
	check(exited(status, 5), "MOVE: the flags alone", "%x", status);
}

/* A child that becomes @path by @function; what it writes is in @said. */
static int becomes(int function, int node, const char *path, char *const argv[],
		   char *said, size_t size)
{
	unsigned short port;
	int l = listener(&port), fd, info[2], status;
	struct old_io io[2];
	struct old_move m = { .arg0 = path, .argv = (char **)argv, .envp = environ };
	size_t got = 0;
	ssize_t n;
	pid_t pid;

	io_socket(&io[0], 1, port, 1);
	io_socket(&io[1], 2, port, 1);
	m.io = io;
	m.iolen = 1;
	/* REXEC's flags were never set. */
	m.flags = function == REXEC ? 0x5a5a5a : ALL;
	memset(said, 0, size);
	pid = fork();
	if (!pid)
		_exit((int)-old(function, node, &m));
	fd = accept_in_time(l);
	close(l);
	if (fd < 0 || read(fd, info, sizeof(info)) != sizeof(info) || info[0] != pid ||
	    info[1] != 1)
		strcpy(said, "no connection");
	else
		while (got < size - 1 && (n = read(fd, said + got, size - 1 - got)) > 0)
			got += (size_t)n;
	if (fd >= 0)
		close(fd);
	status = end_of(pid);
	return status;
}

static void test_programs(int node, int other)
{
	char said[64], wanted[64];
	int status;

	snprintf(wanted, sizeof(wanted), "hello from node%d\n", node);
	status = becomes(EXECMOVE, node, self, hello_args, said, sizeof(said));
	check(exited(status, 7) && !strcmp(said, wanted), "EXECMOVE", "%x: %s", status,
	      said);
	/* That node is in the master's kernel, and has its files. */
	status = becomes(REXEC, other, self, hello_args, said, sizeof(said));
	check(exited(status, 7) && !strncmp(said, "hello from ", 11), "REXEC", "%x: %s",
	      status, said);
	if (!fork()) {
		struct old_move m = closed();

		m.arg0 = "/bin/true";
		m.argv = (char **)hello_args;
		_exit((int)-old(EXECMOVE, ON_MASTER, &m));
	}
	status = -1;
	check(until(wait(&status) > 0) && exited(status, 0), "EXECMOVE: where it is",
	      "%x", status);
}

/* From a node, a program of the master's, which that node has not. */
static void test_exec(int node)
{
	struct old_move m = closed(), program = closed();
	unsigned short port;
	int l = listener(&port), fd, status;
	char said[64] = "", wanted[64];
	struct old_io io;
	pid_t pid;

	io_socket(&io, 1, port, 0);
	m.io = &io;
	m.iolen = 1;
	program.arg0 = self;
	program.argv = (char **)hello_args;
	program.envp = environ;
	/* These are of no interest. */
	program.iolen = 77;
	program.flags = 0x777;
	pid = (pid_t)old(RFORK, node, &m);
	if (!pid)
		_exit((int)-old(EXEC, &program, 0));
	fd = accept_in_time(l);
	close(l);
	snprintf(wanted, sizeof(wanted), "hello from node%d\n", node);
	if (fd < 0 || read(fd, said, sizeof(said) - 1) < 0)
		strcpy(said, "nothing");
	status = end_of(pid);
	check(exited(status, 7) && !strcmp(said, wanted), "EXEC", "%x: %s", status, said);
	close(fd);
}

static void test_vrfork(int node, int other)
{
	int nodes[4] = { node, other, 99, node }, pids[4] = { -1, -1, -1, -1 };
	struct old_move m = closed();
	char name[64];
	long ret;
	int i;

	m.nodes = nodes;
	m.pids = pids;
	m.nodeslen = 4;
	ret = old(VRFORK, &m, 0);
	if (ret >= 0 && ret < 4)
		_exit(intact() ? 40 + (int)ret : 91);
	if (!same("VRFORK", 4, ret))
		return;
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "VRFORK: entry %d", i);
		if (nodes[i] == 99)
			same(name, -INVALIDNODE, pids[i]);
		else
			check(exited(end_of(pids[i]), 40 + i), name, "%d", pids[i]);
	}
}

static void test_vexecmove(int node, int other)
{
	char *env[] = { "A=1", "BPROC_RANK=XXXXXXX", NULL };
	char *args[] = { self, "rank", NULL };
	int nodes[3] = { node, other, node }, pids[3] = { 0 };
	struct old_move m = closed();
	int i, status;
	char name[64];

	m.nodes = nodes;
	m.pids = pids;
	m.nodeslen = 3;
	m.arg0 = self;
	m.argv = args;
	m.envp = env;
	if (!same("VEXECMOVE", 3, old(VEXECMOVE, &m, 0)))
		return;
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "VEXECMOVE: rank %d", i);
		status = end_of(pids[i]);
		check(exited(status, 50 + i), name, "%d: %x", pids[i], status);
	}
}

static void test_images(void)
{
	char *truth[] = { "true", NULL };
	struct old_execdump e = { "/bin/true", truth, environ, -1, ALL };
	char path[] = "/tmp/legacy-image-XXXXXX";
	int fd = mkstemp(path), status;
	long n = old(DUMP, fd, ALL);
	pid_t pid;

	if (!n)
		_exit(intact() ? 33 : 91);
	check(n > 4096 && n == lseek(fd, 0, SEEK_END), "DUMP", "%ld", n);
	pid = fork();
	if (!pid) {
		lseek(fd, 0, SEEK_SET);
		_exit((int)-old(UNDUMP, fd, 0));
	}
	status = end_of(pid);
	check(exited(status, 33), "UNDUMP", "%x", status);
	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		perror("not ok truncate");
	e.fd = fd;
	pid = fork();
	if (!pid)
		_exit((int)-old(EXECDUMP, &e, 0));
	status = end_of(pid);
	check(exited(status, 0) && lseek(fd, 0, SEEK_END) > 4096, "EXECDUMP", "%x",
	      status);
	pid = fork();
	if (!pid) {
		lseek(fd, 0, SEEK_SET);
		_exit((int)-old(UNDUMP, fd, 0));
	}
	status = end_of(pid);
	check(exited(status, 0), "UNDUMP: of a program that had not begun", "%x", status);
	unlink(path);
	close(fd);
}

static void test_libs(void)
{
	static const char wanted[] = "/lib/b\0/lib/a\0";
	char buf[64];

	same("LIB_CLEAR", 0, old(LIB_CLEAR, 0, 0));
	same("LIB_SIZE: empty", 1, old(LIB_SIZE, 0, 0));
	same("LIB_ADD", 0, old(LIB_ADD, "/lib/a", 0));
	same("LIB_ADD: with a length", 0, old(LIB_ADD, "/lib/bxxx", 6));
	same("LIB_ADD: again", 0, old(LIB_ADD, "/lib/b", 6));
	same("LIB_SIZE", sizeof(wanted), old(LIB_SIZE, 0, 0));
	same("LIB_LIST", sizeof(wanted), old(LIB_LIST, buf, sizeof(buf)));
	check(!memcmp(buf, wanted, sizeof(wanted)), "LIB_LIST: newest first", "%s", buf);
	same("LIB_DEL", 0, old(LIB_DEL, "/lib/b", 0));
	same("LIB_DEL: what is not there", -ENOENT, old(LIB_DEL, "/lib/b", 0));
	old(LIB_CLEAR, 0, 0);
}

static void calls(int node)
{
	int other = !node;

	test_version();
	test_debug();
	test_daemons();
	test_master();
	test_nodes(node, other);
	test_libs();
	test_images();
	test_rfork(node);
	test_move(node);
	test_programs(node, other);
	test_exec(node);
}

/* --- errors --- */

static void place_errors(int function, const char *name, int node)
{
	struct old_io io[17] = { { .fd = 1 } };
	struct old_move m = closed();
	int nodes[1] = { node }, pids[1];
	bool vector = function == VRFORK || function == VEXECMOVE;
	char label[128];

#define CALL(to) (vector ? old(function, &m, 0) : old(function, to, &m))
#define FAILS(what, error, to)                                                           \
	do {                                                                             \
		snprintf(label, sizeof(label), "%s: %s", name, what);                    \
		same(label, -(error), CALL(to));                                         \
	} while (0)

	snprintf(label, sizeof(label), "%s: a bad pointer", name);
	same(label, -EFAULT, vector ? old(function, BAD, 0) : old(function, node, BAD));
	m.arg0 = "/bin/true";
	m.argv = (char **)hello_args;
	m.envp = environ;
	m.nodes = nodes;
	m.pids = pids;
	m.nodeslen = -1;
	FAILS("nodeslen -1", EINVAL, node);
	m.nodeslen = 0;
	if (vector) {
		FAILS("nodeslen 0", EINVAL, node);
		m.nodeslen = 1;
	}
	m.iolen = 17;
	m.io = io;
	FAILS("iolen 17", EINVAL, node);
	m.iolen = -2;
	FAILS("iolen -2", EINVAL, node);
	m.iolen = 1;
	m.io = (struct old_io *)BAD;
	FAILS("a bad list", EFAULT, node);
	m.io = io;
	io[0].type = 2;
	FAILS("MEMFILE", EPERM, node);
	io[0].type = -1;
	FAILS("a type that is none", EINVAL, node);
	io[0].type = 0;
	memset(io[0].d.file.name, 'x', sizeof(io[0].d.file.name));
	FAILS("a name without end", ENAMETOOLONG, node);
	m.iolen = 0;
	if (function != REXEC) {
		m.flags = 0x107;
		FAILS("unknown flags", EINVAL, node);
		m.flags = ALL;
	}
	if (function == EXECMOVE || function == VEXECMOVE || function == REXEC) {
		m.arg0 = (const char *)BAD;
		FAILS("a bad path", EFAULT, node);
		m.arg0 = "/bin/true";
		m.argv = (char **)BAD;
		FAILS("bad arguments", EFAULT, node);
		m.argv = (char **)hello_args;
	}
	/* A vector call says it of each node. */
	if (function == EXECMOVE) {
		m.arg0 = "/no/such/program";
		FAILS("no such program", ENOENT, node);
		m.arg0 = "/etc/passwd";
		FAILS("not a program", EACCES, node);
		m.arg0 = "/bin/true";
	}
	if (function == VEXECMOVE) {
		m.arg0 = "/no/such/program";
		FAILS("no such program", -1, node);
		same("VEXECMOVE: no such program, of a node", -ENOENT, pids[0]);
		m.arg0 = "/bin/true";
	}
	if (vector)
		return;
	FAILS("node 4095", INVALIDNODE, 4095);
	FAILS("node -3", INVALIDNODE, -3);
	if (function != EXECMOVE)
		FAILS("the same node", SAMENODE, ON_MASTER);
#ifdef __x86_64__
	/* A caller of the time had numbers of 32 bits, with anything above them. */
	FAILS("a wide node number", INVALIDNODE, 0x700000fffL);
#endif
}

static void vectors(int node)
{
	test_vrfork(node, !node);
	test_vexecmove(node, !node);
	place_errors(VRFORK, "VRFORK", node);
	place_errors(VEXECMOVE, "VEXECMOVE", node);
}

static const int retired[] = {
	0,	0x0204, 0x0205, 0x0206, 0x020c, 0x020d, 0x0305,
	0x0308, 0x0fff, 0x1003, 0x102f, 0x1035, -1,	0x7fffffff
};

static void errors(int node)
{
	static char endless[8192];
	struct old_node n = { .node = -2 };
	struct old_proc p = { .pid = -2 };
	struct old_execdump e = { "/no/such", (char **)hello_args, environ, -1, ALL };
	struct old_move here = { .arg0 = "/bin/true", .argv = (char **)hello_args };
	struct sockaddr_in to[2] = { { .sin_family = AF_INET } };
	char label[64];
	size_t i;
	int ro;

	for (i = 0; i < sizeof(retired) / sizeof(retired[0]); i++) {
		snprintf(label, sizeof(label), "function %x is none",
			 (unsigned int)retired[i]);
		same(label, -EINVAL, old(retired[i], 0, 0));
	}
	same("VERSION: a bad pointer", -EFAULT, old(VERSION, BAD, 0));
	same("DEBUG: ids, a bad pointer", -EFAULT, old(DEBUG, 3, BAD));
	same("DEBUG: 4", -ENOSYS, old(DEBUG, 4, 0));
	same("DEBUG: 5", -EINVAL, old(DEBUG, 5, 0));
	same("INFO: a bad pointer", -EFAULT, old(INFO, BAD, 1));
	same("INFO: no elements", -EINVAL, old(INFO, &n, 0));
	same("INFO: fewer", -EINVAL, old(INFO, &n, -1));
	same("INFO: after -2", -EINVAL, old(INFO, &n, 1));
	same("PINFO: a bad pointer", -EFAULT, old(PINFO, BAD, 1));
	same("PINFO: no elements", -EINVAL, old(PINFO, &p, 0));
	same("PINFO: after -2", -EINVAL, old(PINFO, &p, 1));
	same("STATUS: no such node", -INVALIDNODE, old(STATUS, 4095, UP));
	same("STATUS: state 8", -EINVAL, old(STATUS, node, 8));
	same("STATUS: state -1", -EINVAL, old(STATUS, node, -1));
	same("CHOWN: no such node", -INVALIDNODE, old(CHOWN, 4095, 0111));
	same("CHOWN: the master", -INVALIDNODE, old(CHOWN, ON_MASTER, 0111));
	same("CHOWN: other bits", -EPERM, old(CHOWN, node, 0666));
	same("CHROOT: a bad pointer", -EFAULT, old(CHROOT, node, BAD));
	same("CHROOT: no such node", -INVALIDNODE, old(CHROOT, 4095, "/"));
	same("CHROOT: no such directory", -ENOENT, old(CHROOT, node, "/no/such"));
	memset(endless, 'x', sizeof(endless) - 1);
	same("CHROOT: a name without end", -ENAMETOOLONG, old(CHROOT, node, endless));
	same("REBOOT: no such node", -INVALIDNODE, old(REBOOT, 4095, 0));
	same("HALT: no such node", -INVALIDNODE, old(HALT, 4095, 0));
	same("PWROFF: no such node", -INVALIDNODE, old(PWROFF, 4095, 0));
	same("PWROFF: the master's machine", -EOPNOTSUPP, old(PWROFF, !node, 0));
	same("RECONNECT: a bad pointer", -EFAULT, old(RECONNECT, node, BAD));
	same("RECONNECT: no such node", -INVALIDNODE, old(RECONNECT, 4095, to));
	memset(to, 0, sizeof(to));
	same("RECONNECT: nowhere", -EINVAL, old(RECONNECT, node, to));

	place_errors(REXEC, "REXEC", node);
	place_errors(MOVE, "MOVE", node);
	place_errors(RFORK, "RFORK", node);
	place_errors(EXECMOVE, "EXECMOVE", node);
	same("MOVE: flags alone, the same node", -SAMENODE, old(MOVE, ON_MASTER, ALL));
	same("EXEC: a bad pointer", -EFAULT, old(EXEC, BAD, 0));
	same("EXEC: on the master", -EINVAL, old(EXEC, &here, 0));

	ro = open("/dev/null", O_RDONLY);
	same("DUMP: no descriptor", -EBADF, old(DUMP, -1, ALL));
	same("DUMP: cannot be written to", -EBADF, old(DUMP, ro, ALL));
	same("DUMP: unknown flags", -EINVAL, old(DUMP, ro, 8));
	same("UNDUMP: no descriptor", -EBADF, old(UNDUMP, -1, 0));
	close(ro);
	ro = open("/etc/passwd", O_RDONLY);
	same("UNDUMP: not an image", -EINVAL, old(UNDUMP, ro, 0));
	same("EXECDUMP: a bad pointer", -EFAULT, old(EXECDUMP, BAD, 0));
	same("EXECDUMP: no descriptor", -EBADF, old(EXECDUMP, &e, 0));
	e.fd = open("/dev/null", O_WRONLY);
	same("EXECDUMP: no such program", -ENOENT, old(EXECDUMP, &e, 0));
	e.flags = 8;
	same("EXECDUMP: unknown flags", -EINVAL, old(EXECDUMP, &e, 0));
	close(e.fd);
	close(ro);
	same("LIB_ADD: a bad pointer", -EFAULT, old(LIB_ADD, BAD, 0));
	same("LIB_ADD: a name without end", -ENAMETOOLONG, old(LIB_ADD, endless, 8000));
	same("LIB_DEL: what is not there", -ENOENT, old(LIB_DEL, "/no/such", 0));
	same("LIB_LIST: too small", -ENOSPC, old(LIB_LIST, label, 0));
	same("LIB_LIST: less than nothing", -ENOSPC, old(LIB_LIST, label, -5));
	same("LIB_LIST: a bad pointer", -EFAULT, old(LIB_LIST, BAD, 4096));
}

static void down(int node)
{
	struct sockaddr_in to[2] = { { .sin_family = AF_INET, .sin_port = htons(2223) } };
	struct old_move m = closed();
	int status;

	m.arg0 = "/bin/true";
	m.argv = (char **)hello_args;
	m.envp = environ;
	same("INFO: it is down", DOWN, info_of(node).status);
	same("STATUS", -NODEDOWN, old(STATUS, node, UP));
	same("CHROOT", -NODEDOWN, old(CHROOT, node, "/"));
	same("REBOOT", -NODEDOWN, old(REBOOT, node, 0));
	same("HALT", -NODEDOWN, old(HALT, node, 0));
	same("PWROFF", -NODEDOWN, old(PWROFF, node, 0));
	inet_aton("10.23.0.1", &to[0].sin_addr);
	same("RECONNECT", -NODEDOWN, old(RECONNECT, node, to));
	same("RFORK", -NODEDOWN, old(RFORK, node, &m));
	same("MOVE", -NODEDOWN, old(MOVE, node, &m));
	same("REXEC", -NODEDOWN, old(REXEC, node, &m));
	if (!fork())
		_exit((int)-old(EXECMOVE, node, &m));
	status = -1;
	check(until(wait(&status) > 0) && exited(status, NODEDOWN & 255), "EXECMOVE",
	      "%x", status);
	check(old(CHOWN, node, 0110) == 0, "CHOWN: may be changed all the same", "no");
}

/* --- users --- */

static void become_user(gid_t group)
{
	if (setgroups(0, NULL) || setresgid(group, group, group) ||
	    setresuid(1001, 1001, 1001)) {
		perror("not ok user");
		exit(1);
	}
}

static void user(int node)
{
	struct stat st;
	struct old_move m = closed();
	struct old_version v;
	int functions[] = { STATUS, CHROOT, REBOOT, HALT, PWROFF, RECONNECT };
	size_t i;

	m.arg0 = "/bin/true";
	m.argv = (char **)hello_args;
	m.envp = environ;
	if (getuid() == 0)
		become_user(stat("/dev/bproc", &st) ? 0 : st.st_gid);
	same("VERSION", 0, old(VERSION, &v, 0));
	same("MASTER", -EPERM, old(MASTER, 0, 0));
	same("SLAVE", -EPERM, old(SLAVE, 0, 0));
	same("IOD", -EPERM, old(IOD, 0, 0));
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		same("node control", -EPERM, old(functions[i], node, UP));
	same("CHOWN", -EPERM, old(CHOWN, node, 0111));
	same("LIB_CLEAR", -EPERM, old(LIB_CLEAR, 0, 0));
	same("LIB_ADD", -EPERM, old(LIB_ADD, BAD, 0));
	same("LIB_DEL", -EPERM, old(LIB_DEL, BAD, 0));
	same("RFORK", -EPERM, old(RFORK, node, &m));
	same("MOVE", -EPERM, old(MOVE, node, &m));
	same("REXEC", -EPERM, old(REXEC, node, &m));
	same("EXECMOVE", -EPERM, old(EXECMOVE, node, &m));
	check(old(NOTIFY, 0, 0) >= 0, "NOTIFY", "is not allowed");
}

static void each(long answer)
{
	char label[64];
	size_t i;

	for (i = 0; i < FUNCTIONS; i++) {
		snprintf(label, sizeof(label), "function %x",
			 (unsigned int)all_functions[i]);
		same(label, answer, old(all_functions[i], BAD, BAD));
	}
}

static void nobody(void)
{
	if (getuid() == 0)
		become_user(1001);
	each(-EACCES);
}

static int rank(void)
{
	const char *r = getenv("BPROC_RANK");

	return r && strlen(r) == 7 ? 50 + atoi(r) : 90;
}

int main(int argc, char **argv)
{
	static const char *const ways[] = { "", "vDSO: ", "223: " };
	const char *what = argc > 1 ? argv[1] : "";
	int node = argc > 2 ? atoi(argv[2]) : 0;
	struct utsname u;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(what, "hello")) {
		if (uname(&u) || !intact())
			return 1;
		printf("hello from %s\n", u.nodename);
		return 7;
	}
	if (!strcmp(what, "rank"))
		return rank();
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	if (!strcmp(what, "do"))
		return (int)-old(strtol(argv[2], NULL, 0), atoi(argv[3]), 0) & 255;
	alarm(150 * (unsigned int)slowness());
	for (way = 0; way < WAYS; way++) {
		about = ways[way];
		if (!strcmp(what, "calls"))
			calls(node);
		else if (!strcmp(what, "vectors"))
			vectors(node);
		else if (!strcmp(what, "errors"))
			errors(node);
		else if (!strcmp(what, "down"))
			down(node);
		else if (!strcmp(what, "reconnect"))
			test_reconnect(node);
		else if (!strcmp(what, "none"))
			each(-ENOSYS);
		else if (!strcmp(what, "nobody"))
			nobody();
		else if (!strcmp(what, "user"))
			user(node);
		else
			return 2;
	}
	return failures != 0;
}
