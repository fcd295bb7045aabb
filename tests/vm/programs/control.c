// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * control: node control, call by call.
 *
 *	control calls NODE		what is refused, and what changes nothing
 *	control debug NODE		what DEBUG says
 *	control address NODE ADDR	give its eth0 one address more
 *	control do CALL NODE [ARG]	one call; exit status is errno, or 0
 *	control see NODE FILE		what a new process there reads
 *	control older NODE DIR FILE	the same after CHROOT to DIR, as a child of one whose
 *					stand-in there is older
 *	control root NODE DIR		make a small root directory there
 *	control traffic NODE FILE	signals to a process there, which forks, until FILE is
 *					there: is each there once, and in order?
 *	control hold NODE FILE		a process there, its PID into FILE; how it ended
 */
#include <net/if.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "scen.h"

static long set_status(int node, const char *state)
{
	struct bproc_node_status arg = { .node = node };

	memcpy(arg.state, state, strnlen(state, sizeof(arg.state)));
	return bp(BPROC_IOC_STATUS, &arg);
}

static long set_mode(int node, unsigned int mode)
{
	struct bproc_node_mode arg = { .node = node, .mode = mode };

	return bp(BPROC_IOC_CHOWN, &arg);
}

static long set_root(int node, const char *path)
{
	struct bproc_node_chroot arg = { .node = node, .path = P64(path) };

	return bp(BPROC_IOC_CHROOT, &arg);
}

static long order(unsigned long request, int node)
{
	struct bproc_node_order arg = { .node = node };

	return bp(request, &arg);
}

static long reconnect(int node, const char *address, unsigned short port)
{
	struct bproc_connect arg = { .node = node };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, address, &in.sin_addr);
	memcpy(arg.remote, &in, sizeof(in));
	return bp(BPROC_IOC_RECONNECT, &arg);
}

static struct bproc_node_info info_of(int node)
{
	struct bproc_node_info info = { 0 };
	struct bproc_node_list list = { .info = P64(&info), .count = 1, .after = node - 1 };

	if (bp(BPROC_IOC_INFO, &list) != 1)
		info.node = -1;
	return info;
}

/* --- calls --- */

#define BAD ((void *)1)

static void wrong_pointers(void)
{
	fails("STATUS: a bad pointer", EFAULT, bp(BPROC_IOC_STATUS, BAD));
	fails("CHOWN: a bad pointer", EFAULT, bp(BPROC_IOC_CHOWN, BAD));
	fails("CHROOT: a bad pointer", EFAULT, bp(BPROC_IOC_CHROOT, BAD));
	fails("REBOOT: a bad pointer", EFAULT, bp(BPROC_IOC_REBOOT, BAD));
	fails("HALT: a bad pointer", EFAULT, bp(BPROC_IOC_HALT, BAD));
	fails("PWROFF: a bad pointer", EFAULT, bp(BPROC_IOC_PWROFF, BAD));
	fails("RECONNECT: a bad pointer", EFAULT, bp(BPROC_IOC_RECONNECT, BAD));
	fails("CHROOT: a bad path", EFAULT, set_root(0, BAD));
}

static void wrong_nodes(int node)
{
	fails("STATUS: no such node", BPROC_BE_INVALIDNODE, set_status(node, "up"));
	fails("STATUS down: no such node", BPROC_BE_INVALIDNODE, set_status(node, "down"));
	fails("CHOWN: no such node", BPROC_BE_INVALIDNODE, set_mode(node, 0111));
	fails("CHROOT: no such node", BPROC_BE_INVALIDNODE, set_root(node, "/"));
	fails("REBOOT: no such node", BPROC_BE_INVALIDNODE, order(BPROC_IOC_REBOOT, node));
	fails("HALT: no such node", BPROC_BE_INVALIDNODE, order(BPROC_IOC_HALT, node));
	fails("PWROFF: no such node", BPROC_BE_INVALIDNODE, order(BPROC_IOC_PWROFF, node));
	fails("RECONNECT: no such node", BPROC_BE_INVALIDNODE,
	      reconnect(node, "127.0.0.1", 2223));
}

static void wrong_values(int node)
{
	struct bproc_node_status st = { .node = node, .reserved = 1, .state = "up" };
	struct bproc_node_chroot r = { .node = node, .reserved = 1, .path = P64("/") };
	struct bproc_node_order o = { .node = node, .reserved = 1 };
	struct bproc_connect c = { .node = node };
	static char path[5000];

	fails("STATUS: reserved", EINVAL, bp(BPROC_IOC_STATUS, &st));
	fails("CHROOT: reserved", EINVAL, bp(BPROC_IOC_CHROOT, &r));
	fails("REBOOT: reserved", EINVAL, bp(BPROC_IOC_REBOOT, &o));
	fails("RECONNECT: no address", EINVAL, bp(BPROC_IOC_RECONNECT, &c));
	fails("STATUS: nothing", EINVAL, set_status(node, ""));
	fails("STATUS: a digit in front", EINVAL, set_status(node, "1up"));
	fails("STATUS: a space", EINVAL, set_status(node, "not up"));
	fails("STATUS: too long", EINVAL, set_status(node, "abcdefghijklmnop"));
	fails("CHOWN: a bit that is none", EPERM, set_mode(node, 0222));
	memset(path, 'x', sizeof(path) - 1);
	fails("CHROOT: too long", ENAMETOOLONG, set_root(node, path));
	fails("CHROOT: not there", ENOENT, set_root(node, "/no/such/directory"));
	fails("CHROOT: empty", ENOENT, set_root(node, ""));
	fails("CHROOT: a file", ENOTDIR, set_root(node, "/dev/null"));
}

static void states_and_modes(int node)
{
	same("STATUS", 0, set_status(node, "abcdefghijklmno"));
	check(!strcmp(info_of(node).state, "abcdefghijklmno"), "its longest state is there",
	      "%.16s", info_of(node).state);
	same("back to up", 0, set_status(node, "up"));
	same("CHOWN", 0, set_mode(node, 0101));
	same("its mode is there", 0606, info_of(node).mode);
	same("CHOWN to nobody", 0, set_mode(node, 0));
	same("no mode is there", 0, info_of(node).mode);
	same("CHOWN to owner and group", 0, set_mode(node, 0110));
	same("this mode is there", 0660, info_of(node).mode);
	same("CHROOT to where it is", 0, set_root(node, "/"));
}

static int calls(int node)
{
	wrong_pointers();
	wrong_nodes(-1);
	wrong_nodes(BPROC_NODE_SELF);
	wrong_nodes(4096);
	wrong_nodes(2147483647);
	wrong_values(node);
	states_and_modes(node);
	return failures != 0;
}

/* --- DEBUG --- */

static long debug(unsigned int op, struct bproc_debug *d)
{
	d->op = op;
	return bp(BPROC_IOC_DEBUG, d);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

/* What a process on a node finds, as bits. */
static int debug_there(pid_t parent)
{
	struct bproc_debug d = { 0 };
	pid_t child = sleeper();
	int bad = 0;

	bad |= (debug(BPROC_DEBUG_CHILDREN, &d) != 1) << 0;
	bad |= (debug(BPROC_DEBUG_REMOTE_CHILDREN, &d) != 0) << 1;
	bad |= (debug(BPROC_DEBUG_IDS, &d) != 0) << 2;
	bad |= (d.ppid != parent || d.oppid != parent) << 3;
	bad |= (d.here_ppid != -1 || d.here_oppid != -1) << 4;
	bad |= (debug(BPROC_DEBUG_WAIT_LOCAL, &d) != 1) << 5;
	get_rid_of(child);
	return bad;
}

static int debugging(int node)
{
	struct bproc_debug d = { 0 };
	pid_t parent = getpid(), one, two, remote;
	int chan, status;

	fails("DEBUG: a bad pointer", EFAULT, bp(BPROC_IOC_DEBUG, BAD));
	fails("DEBUG: unknown", EINVAL, debug(4, &d));
	same("DEBUG: no children", 0, debug(BPROC_DEBUG_CHILDREN, &d));
	one = sleeper();
	two = sleeper();
	remote = remote_fork(node, &chan);
	if (!remote) {
		put_int(chan, debug_there(parent));
		for (;;)
			pause();
	}
	same("DEBUG on the node", 0, get_int(chan));
	same("DEBUG: three children", 3, debug(BPROC_DEBUG_CHILDREN, &d));
	same("DEBUG: one is remote", 1, debug(BPROC_DEBUG_REMOTE_CHILDREN, &d));
	d.pid = remote;
	same("DEBUG: a wait is local", 1, debug(BPROC_DEBUG_WAIT_LOCAL, &d));
	same("DEBUG: parents", 0, debug(BPROC_DEBUG_IDS, &d));
	check(d.ppid == getppid() && d.oppid == getppid() && d.here_ppid == getppid() &&
		      d.here_oppid == getppid(),
	      "DEBUG: ours is here", "%d %d %d %d", d.ppid, d.oppid, d.here_ppid,
	      d.here_oppid);
	get_rid_of(one);
	get_rid_of(two);
	kill(remote, SIGKILL);
	status = end_of(remote);
	check(WIFSIGNALED(status), "the remote one ended", "%x", status);
	same("DEBUG: no children again", 0, debug(BPROC_DEBUG_CHILDREN, &d));
	return failures != 0;
}

static int one(char **argv, int argc)
{
	int node = atoi(argv[1]);
	const char *arg = argc > 2 ? argv[2] : "";
	long ret = -1;

	errno = EINVAL;
	if (!strcmp(argv[0], "status"))
		ret = set_status(node, arg);
	else if (!strcmp(argv[0], "chown"))
		ret = set_mode(node, (unsigned int)strtoul(arg, NULL, 8));
	else if (!strcmp(argv[0], "chroot"))
		ret = set_root(node, arg);
	else if (!strcmp(argv[0], "reboot"))
		ret = order(BPROC_IOC_REBOOT, node);
	else if (!strcmp(argv[0], "halt"))
		ret = order(BPROC_IOC_HALT, node);
	else if (!strcmp(argv[0], "pwroff"))
		ret = order(BPROC_IOC_PWROFF, node);
	else if (!strcmp(argv[0], "reconnect"))
		ret = reconnect(node, arg, argc > 3 ? (unsigned short)atoi(argv[3]) : 0);
	return ret ? errno & 0xff : 0;
}

/* --- on the node --- */

static int see(int node, const char *file)
{
	char text[256] = "";
	int chan;
	pid_t pid = remote_fork(node, &chan);

	if (!pid) {
		slurp(file, text, sizeof(text));
		put(chan, text, sizeof(text));
		_exit(0);
	}
	if (pid < 0 || !get(chan, text, sizeof(text)))
		return 1;
	fputs(text, stdout);
	return end_of(pid);
}

static int older(int node, const char *dir, const char *file)
{
	int chan, status;
	pid_t pid = remote_fork(node, &chan);

	if (!pid)
		for (;;)
			pause();
	if (pid < 0 || set_root(node, dir))
		return 1;
	status = see(node, file);
	get_rid_of(pid);
	return status;
}

static int make_root(const char *dir)
{
	int fd;

	if (mkdir(dir, 0755) || mount("none", dir, "tmpfs", 0, NULL) || chdir(dir) ||
	    mkdir("proc", 0755) || mkdir("dev", 0755) ||
	    mknod("dev/null", S_IFCHR | 0666, makedev(1, 3)))
		return errno;
	fd = open("marker", O_WRONLY | O_CREAT, 0644);
	return fd < 0 || write(fd, "new root\n", 9) != 9;
}

static int root(int node, const char *dir)
{
	int chan, status;
	pid_t pid = remote_fork(node, &chan);

	if (!pid)
		_exit(make_root(dir));
	status = end_of(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int set_address(int fd, unsigned long request, const char *address)
{
	struct ifreq req = { .ifr_name = "eth0:1" };
	struct sockaddr_in *in = (struct sockaddr_in *)&req.ifr_addr;

	in->sin_family = AF_INET;
	inet_pton(AF_INET, address, &in->sin_addr);
	return ioctl(fd, request, &req);
}

static int address(int node, const char *address)
{
	int chan, status, fd;
	pid_t pid = remote_fork(node, &chan);

	if (!pid) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		_exit(fd < 0 || set_address(fd, SIOCSIFADDR, address) ||
		      set_address(fd, SIOCSIFNETMASK, "255.255.255.0"));
	}
	status = end_of(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int hold(int node, const char *file)
{
	int chan, status;
	pid_t pid = remote_fork(node, &chan);
	FILE *f;

	if (!pid)
		for (;;)
			pause();
	f = fopen(file, "w");
	if (pid < 0 || !f)
		return 255;
	fprintf(f, "%d\n", (int)pid);
	fclose(f);
	if (waitpid(pid, &status, 0) != pid)
		return 254;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* --- traffic --- */

#define LAST (-1)

/* Each number once and in order; now and then a fork, and its end. */
__attribute__((noreturn)) static void listen_to_signals(const sigset_t *set)
{
	struct timespec limit = { PATIENCE, 0 };
	int expected = 0, status;
	siginfo_t info;
	pid_t pid;

	for (;;) {
		if (sigtimedwait(set, &info, &limit) < 0)
			_exit(1);
		if (info.si_value.sival_int == LAST)
			_exit(expected > 100 ? 0 : 2);
		if (info.si_value.sival_int != expected++)
			_exit(3);
		if (expected % 8)
			continue;
		pid = fork();
		if (!pid)
			_exit(7);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 7 << 8)
			_exit(4);
	}
}

static bool send_number(pid_t pid, int n)
{
	union sigval value = { .sival_int = n };

	return until(!sigqueue(pid, SIGRTMIN, value) || errno != EAGAIN);
}

static int traffic(int node, const char *file)
{
	sigset_t set;
	pid_t pid;
	int chan, n, status;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = remote_fork(node, &chan);
	if (!pid)
		listen_to_signals(&set);
	if (pid < 0)
		return 10;
	for (n = 0; access(file, F_OK); n++) {
		send_number(pid, n);
		usleep(2000);
	}
	send_number(pid, LAST);
	status = end_of(pid);
	printf("# %d signals\n", n);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 11;
}

int main(int argc, char **argv)
{
	scen_init(argc, argv);
	if (argc == 3 && !strcmp(argv[1], "calls"))
		return calls(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "debug"))
		return debugging(atoi(argv[2]));
	if (argc >= 4 && !strcmp(argv[1], "do"))
		return one(argv + 2, argc - 2);
	if (argc == 4 && !strcmp(argv[1], "see"))
		return see(atoi(argv[2]), argv[3]);
	if (argc == 4 && !strcmp(argv[1], "address"))
		return address(atoi(argv[2]), argv[3]);
	if (argc == 5 && !strcmp(argv[1], "older"))
		return older(atoi(argv[2]), argv[3], argv[4]);
	if (argc == 4 && !strcmp(argv[1], "root"))
		return root(atoi(argv[2]), argv[3]);
	if (argc == 4 && !strcmp(argv[1], "traffic"))
		return traffic(atoi(argv[2]), argv[3]);
	if (argc == 4 && !strcmp(argv[1], "hold"))
		return hold(atoi(argv[2]), argv[3]);
	return 2;
}
