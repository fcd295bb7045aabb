// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a program may do, as its caller has arranged it. The exit status is the errno, or:
 *
 * permission run NODE:         forks a child onto the node; 0
 * permission drop NODE:        the same, when it has given up what set-user-ID gave it
 * permission exec NODE FILE:   executes and moves "FILE ids"; that one's exit status
 * permission linked NODE FILE: the same, of a dynamically linked program
 * permission open NODE FILE PATH:  executes and moves "FILE ids", with PATH as the descriptor 0;
 *                              the exit status of that, or of who could not move
 * permission vopen NODE FILE PATH: the same with a vector call
 * permission lopen NODE FILE PATH: the same of a dynamically linked program
 * permission take CALL NODE PATH:  what goes there opens PATH: move, rfork or rexec; 0
 * permission status NODE:      sets the state "up"
 * permission on FROM TO:       a child there moves on to the other
 * permission user FROM TO UID: the same, when it has become that user
 * permission home FROM UID:    it comes back as that user, with all that belongs to it
 * permission follows NODE UID: so are its ghost, and those of its children
 * permission keyring NODE:     who comes home with a process keyring
 * permission stale NODE UID:   a signal of that user's for who had a number before
 * permission became NODE FILE UID: that user's child executes "FILE become", and is root's
 *                              when its parent signals it from there
 * permission become:           root's, with all its user IDs, till its parent ends
 * permission shares NODE:      who shares descriptors does not get the ghost's
 * permission unshared CALL FROM TO:  in a user namespace made on FROM it goes to TO: move, rexec,
 *                              rfork, vrfork or none; 0
 * permission early CALL FROM TO FILE:  "FILE early user" does so before its entry, and is to
 *                              go to TO: execmove or vexecmove; as open
 * permission undone NODE FILE PATH:  the set-user-ID program FILE does not become one at home
 *                              after all; then it goes home and opens PATH; 0
 * permission inner NODE:       root of a user namespace there signals a group in it
 * permission ids:              1 if the real user ID is not 0, 2 if the effective
 * one is
 */
#include <dirent.h>
#include <grp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <linux/keyctl.h>

#include "scen.h"

static int run(int node)
{
	int chan, status;
	pid_t pid = remote_fork(node, &chan);

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return errno & 0xff;
	status = end_of(pid);
	return status < 0 ? 254 : status ? 253 : 0;
}

static int execute(int node, char *file, unsigned int flags)
{
	char *args[] = { file, "ids", NULL }, *env[] = { NULL };
	struct bproc_move m = { .node = node,
				.flags = ALL | flags,
				.path = P64(file),
				.argv = P64(args),
				.envp = P64(env),
				.iolen = BPROC_IO_DEFAULT };

	bp(BPROC_IOC_EXECMOVE, &m);
	return errno & 0xff;
}

/* The exit status of a child that remote_fork() made. */
static int result_of(pid_t pid)
{
	int status;

	if (pid < 0)
		return 252;
	status = end_of(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 254;
}

/* What makes a file there, or writes to the one that is there. */
static struct bproc_io element(const char *path)
{
	struct bproc_io io = { .type = BPROC_IO_FILE };

	io.d.file.flags = O_WRONLY | O_CREAT;
	io.d.file.mode = 0666;
	snprintf(io.d.file.name, sizeof(io.d.file.name), "%s", path);
	return io;
}

static int execute_with(unsigned long call, int node, char *file, const char *path,
			unsigned int flags)
{
	char *args[] = { file, "ids", NULL }, *env[] = { NULL };
	struct bproc_io io = element(path);
	__s32 to = node, child = 0;
	struct bproc_move m = { .node = call == BPROC_IOC_VEXECMOVE ? 0 : node,
				.flags = ALL | flags,
				.path = P64(file),
				.argv = P64(args),
				.envp = P64(env),
				.io = P64(&io),
				.iolen = 1 };

	if (call == BPROC_IOC_VEXECMOVE) {
		m.nodes = P64(&to);
		m.pids = P64(&child);
		m.nodes_len = 1;
	}
	if (bp(call, &m) != 1 || call != BPROC_IOC_VEXECMOVE)
		return errno & 0xff;
	return child < 0 ? -child & 0xff : result_of(child);
}

static int take(const char *call, int node, char *self, const char *path)
{
	char *args[] = { self, "ids", NULL }, *env[] = { NULL };
	struct bproc_io io = element(path);
	struct bproc_move m = { .node = node,
				.flags = ALL,
				.path = P64(self),
				.argv = P64(args),
				.envp = P64(env),
				.io = P64(&io),
				.iolen = 1 };
	int ret;

	if (!strcmp(call, "rexec")) {
		bp(BPROC_IOC_REXEC, &m);
		return errno & 0xff;
	}
	ret = move_io(!strcmp(call, "move") ? BPROC_IOC_MOVE : BPROC_IOC_RFORK, node, &io, 1);
	return ret < 0 ? errno & 0xff : ret ? result_of(ret) : 0;
}

static int ids(void)
{
	return (getuid() != 0) + 2 * (geteuid() == 0);
}

static int go_on(int from, int to, uid_t uid)
{
	int chan, error;
	pid_t pid = remote_fork(from, &chan);

	if (pid == 0) {
		error = setuid(uid) || move_io(BPROC_IOC_MOVE, to, NULL, 0) ? errno : 0;
		_exit(error & 0xff);
	}
	return result_of(pid);
}

static int come_home(int from, uid_t uid)
{
	struct rlimit one = { 1, 1 };
	int chan;
	pid_t pid = remote_fork(from, &chan);

	if (pid == 0) {
		if (setgroups(0, NULL) || setgid(uid) || setuid(uid) ||
		    move_io(BPROC_IOC_MOVE, BPROC_NODE_MASTER, NULL, 0))
			_exit(errno & 0xff);
		if (getuid() != uid || getgid() != uid || getgroups(0, NULL) != 0)
			_exit(249);
		/* It is counted for that user: there may be no other. */
		setrlimit(RLIMIT_NPROC, &one);
		pid = fork();
		_exit(pid < 0 && errno == EAGAIN ? 0 : 248);
	}
	return result_of(pid);
}

static int follows(int node, uid_t uid)
{
	int chan;
	pid_t pid = remote_fork(node, &chan), child;

	if (pid == 0) {
		if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
			_exit(errno & 0xff);
		child = fork();
		if (child == 0)
			pause();
		put_int(chan, child);
		get_int(chan);
		_exit(kill(child, SIGKILL) ? 247 : 0);
	}
	child = get_int(chan);
	if (!until(user_of(pid) == (int)uid && user_of(child) == (int)uid))
		return 246;
	put_int(chan, 0);
	return result_of(pid);
}

static long process_keyring(int create)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING,
		       create);
}

/* A child comes home: as after any fork. */
static void without_keyring(void)
{
	if (move_io(BPROC_IOC_MOVE, BPROC_NODE_MASTER, NULL, 0))
		_exit(errno & 0xff);
	_exit(process_keyring(0) < 0 && errno == ENOKEY ? 0 : 245);
}

static int home_with_keyring(int node)
{
	long mine = process_keyring(1);
	int chan, status;
	pid_t pid = remote_fork(node, &chan);

	if (pid == 0)
		without_keyring();
	status = result_of(pid);
	if (status)
		return status;
	if (move_io(BPROC_IOC_MOVE, node, NULL, 0))
		return errno & 0xff;
	pid = fork();
	if (pid == 0)
		without_keyring();
	status = result_of(pid);
	if (move_io(BPROC_IOC_MOVE, BPROC_NODE_MASTER, NULL, 0))
		return errno & 0xff;
	if (status)
		return status;
	return mine > 0 && process_keyring(0) == mine ? 0 : 244;
}

static pid_t fork_user(uid_t uid)
{
	pid_t pid = fork();

	if (pid == 0 && setuid(uid))
		_exit(errno & 0xff);
	return pid;
}

/* By what the master does not hear of before the signal comes to it. */
static int signal_by_fd(pid_t pid, int sig)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int ret = fd < 0 ? -1 : (int)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);

	close(fd);
	return ret;
}

/* Refused where the master is asked; let through where this kernel asks the ghost here. */
static int try_to_signal(pid_t pid, int sig)
{
	union sigval value = { .sival_int = 1 };

	if (!kill(pid, sig) || errno != EPERM)
		return 234;
	if (!sigqueue(pid, sig, value) || errno != EPERM)
		return 233;
	if (!syscall(SYS_tgkill, pid, pid, sig) || errno != EPERM)
		return 232;
	return signal_by_fd(pid, sig) ? 231 : 0;
}

/* A file tells it of input by a signal of our choice. */
static int have_a_file_signal(pid_t pid, int sig)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || fcntl(pair[0], F_SETOWN, pid) ||
	    (sig != SIGIO && fcntl(pair[0], F_SETSIG, sig)) ||
	    fcntl(pair[0], F_SETFL, O_ASYNC) || write(pair[1], "x", 1) != 1)
		return 230;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

/* Has a child there signal the process that it hears of; CHANNEL goes to our parent. */
static int signals_from(int node)
{
	int chan, target, ret;
	pid_t pid = remote_fork(node, &chan);

	if (pid == 0) {
		put_int(chan, 0);
		target = get_int(chan);
		ret = target <= 1 ? 243 : try_to_signal(target, SIGTERM);
		_exit(ret ? ret : try_to_signal(target, SIGKILL));
	}
	if (get_int(chan))
		return 242;
	put_int(CHANNEL, 0);
	target = get_int(CHANNEL);
	put_int(chan, target);
	return result_of(pid);
}

/* Leaves a child there that is stopped, so that its ghost hears of nothing. */
static int leave_stopped(int node)
{
	int chan, status;
	pid_t pid = remote_fork(node, &chan);

	if (pid == 0) {
		setsid();
		kill(getpid(), SIGSTOP);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		return 241;
	put_int(CHANNEL, pid);
	return 0;
}

/* A child with that number, if nobody is faster. */
static pid_t fork_number(pid_t pid)
{
	FILE *last = fopen("/proc/sys/kernel/ns_last_pid", "w");
	pid_t child;

	if (!last || fprintf(last, "%d", pid - 1) < 0 || fclose(last))
		return -1;
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	return child;
}

static int stale(int node, uid_t uid)
{
	int to[2], status, ret;
	pid_t signaller, parent, stopped, victim = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, to) || dup2(to[1], CHANNEL) != CHANNEL)
		return 240;
	signaller = fork_user(uid);
	if (signaller == 0)
		_exit(signals_from(node));
	if (get_int(to[0]))
		return 239;
	parent = fork_user(uid);
	if (parent == 0)
		_exit(leave_stopped(node));
	stopped = get_int(to[0]);
	ret = result_of(parent);
	while (!ret && victim != parent) {
		get_rid_of(victim);
		victim = fork_number(parent);
		if (victim < 0)
			return 238;
	}
	put_int(to[0], parent);
	status = result_of(signaller);
	/* Its ghost there sends them on in its own time. */
	usleep(300000);
	if (!ret && waitpid(victim, NULL, WNOHANG))
		ret = 237;
	get_rid_of(victim);
	if (stopped > 1)
		kill(stopped, SIGKILL);
	/* That the node let it is what makes this a test. */
	return ret ? ret : status;
}

static int become(void)
{
	pid_t parent = getppid();

	if (setuid(0))
		return errno & 0xff;
	until(getppid() != parent);
	return 0;
}

/* Says whom it cannot signal there, and is told when that one is to have ended. */
static int parent_of_root(struct channel *c, int node, char *file)
{
	char *args[] = { file, "become", NULL };
	int status, i, ret = 0;
	pid_t child = fork();

	if (child == 0) {
		execv(file, args);
		_exit(229);
	}
	if (!until(user_of(child) == 0))
		return 225;
	if (move_with(c, node))
		return errno & 0xff;
	for (i = 0; !ret && i < 2; i++)
		ret = try_to_signal(child, i ? SIGKILL : SIGTERM);
	if (!ret)
		ret = have_a_file_signal(child, SIGTERM);
	if (!ret)
		ret = have_a_file_signal(child, SIGIO);
	usleep(300000);
	if (!ret && waitpid(child, NULL, WNOHANG))
		ret = 228;
	put_int(CHANNEL, ret ? 0 : child);
	if (ret || get_int(CHANNEL) != 0)
		return ret ? ret : 227;
	status = end_of(child);
	return status == SIGKILL ? 0 : 226;
}

static int became(int node, char *file, uid_t uid)
{
	struct channel c = channel_new();
	pid_t parent = fork_user(uid), child, pid;
	int chan, mine, ret;

	if (parent == 0)
		_exit(parent_of_root(&c, node, file));
	chan = accept_channel(c.listener);
	child = get_int(chan);
	if (child <= 1)
		return result_of(parent);
	/* Root may, also where its ghost has another user. */
	pid = remote_fork(node, &mine);
	if (pid == 0)
		_exit(kill(child, SIGKILL) ? errno & 0xff : 0);
	ret = result_of(pid);
	put_int(chan, ret);
	return ret ? ret : result_of(parent);
}

static bool has_ghosts_descriptor(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char path[300], to[64];
	bool found = false;
	ssize_t n;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		n = readlink(path, to, sizeof(to) - 1);
		to[n > 0 ? n : 0] = '\0';
		found = found || strstr(to, "bproc-ghost");
	}
	if (dir)
		closedir(dir);
	return found;
}

static int shares(int node)
{
	pid_t self = getpid();
	pid_t other = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (other == 0) {
		bool left = until(node_of(self) == node);

		_exit(!left ? 236 : has_ghosts_descriptor() ? 235 : 0);
	}
	if (other < 0 || move_io(BPROC_IOC_MOVE, node, NULL, 0))
		return errno & 0xff;
	return result_of(other);
}

static bool make_user_ns(void)
{
	return !unshare(CLONE_NEWUSER | CLONE_NEWNS);
}

static int go_unshared(const char *call, int to)
{
	char *args[] = { "/anything", NULL }, *env[] = { NULL };
	__s32 node = to, child = 0;
	struct bproc_move v = { .flags = ALL,
				.nodes = P64(&node),
				.pids = P64(&child),
				.nodes_len = 1 };
	long ret = 0;

	if (!strcmp(call, "move"))
		ret = move_io(BPROC_IOC_MOVE, to, NULL, 0);
	else if (!strcmp(call, "rexec"))
		ret = run_io(BPROC_IOC_REXEC, to, args[0], args, env, NULL, 0);
	else if (!strcmp(call, "rfork"))
		ret = move_io(BPROC_IOC_RFORK, to, NULL, 0);
	else if (!strcmp(call, "vrfork"))
		ret = bp(BPROC_IOC_VRFORK, &v);
	if (ret < 0)
		return errno & 0xff;
	return child > 0 ? result_of(child) : ret > 1 ? result_of((pid_t)ret) : -child & 0xff;
}

static int unshared(const char *call, int from, int to)
{
	int chan;
	pid_t pid = remote_fork(from, &chan);

	if (pid == 0)
		_exit(make_user_ns() ? go_unshared(call, to) : 234);
	return result_of(pid);
}

/* What @file executes there goes elsewhere when it is linked. */
static int early(const char *call, int from, int to, char *file)
{
	char *args[] = { file, "early", "user", NULL }, *env[] = { NULL };
	bool many = !strcmp(call, "vexecmove");
	__s32 node = to, child = 0;
	struct bproc_move m = { .node = many ? 0 : to,
				.flags = ALL | BPROC_MOVE_LINKED,
				.path = P64(file),
				.argv = P64(args),
				.envp = P64(env),
				.nodes = many ? P64(&node) : 0,
				.pids = many ? P64(&child) : 0,
				.nodes_len = many };
	int chan;
	pid_t pid = from == BPROC_NODE_MASTER ? fork() : remote_fork(from, &chan);

	if (pid == 0) {
		if (bp(many ? BPROC_IOC_VEXECMOVE : BPROC_IOC_EXECMOVE, &m) < 0)
			_exit(errno & 0xff);
		_exit(child < 0 ? -child & 0xff : result_of(child));
	}
	return result_of(pid);
}

/*
 * Without room for its descriptor there is no ghost here, so the program that was executed at
 * home does not begin. Descriptors that an exec closes leave that room there.
 */
static int exec_at_home_in_vain(char *file)
{
	char *args[] = { file, "ids", NULL }, *env[] = { NULL };
	struct bproc_move m = { .node = BPROC_NODE_MASTER,
				.flags = ALL,
				.path = P64(file),
				.argv = P64(args),
				.envp = P64(env),
				.iolen = BPROC_IO_DEFAULT };
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC), error;
	struct rlimit old, full = { 30, 30 };

	getrlimit(RLIMIT_NOFILE, &old);
	full.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &full);
	while (fcntl(fd, F_DUPFD_CLOEXEC, 0) >= 0)
		;
	ioctl(fd, BPROC_IOC_REXEC, &m);
	error = errno;
	setrlimit(RLIMIT_NOFILE, &old);
	close_range(0, 29, 0);
	return error;
}

static int undone(int node, char *file, const char *path)
{
	struct bproc_io io = element(path);
	int chan;
	pid_t pid = remote_fork(node, &chan), child;

	if (pid == 0) {
		/* Its parent is here, so a ghost would have to be. */
		child = fork();
		if (child)
			_exit(result_of(child));
		if (exec_at_home_in_vain(file) != EMFILE)
			_exit(233);
		_exit(move_io(BPROC_IOC_MOVE, BPROC_NODE_MASTER, &io, 1) ? errno & 0xff : 0);
	}
	return result_of(pid);
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Root of the namespace, and another user of it in a group of his own. */
static int signal_inner(int chan)
{
	int ret, to[2];
	pid_t pid;

	if (!make_user_ns())
		return 234;
	put_int(chan, 0);
	get_int(chan);
	if (setuid(0) || socketpair(AF_UNIX, SOCK_STREAM, 0, to))
		return 232;
	pid = fork();
	if (pid == 0) {
		if (setpgid(0, 0) || setuid(1))
			_exit(231);
		put_int(to[1], 0);
		for (;;)
			pause();
	}
	if (get_int(to[0]))
		return 230;
	ret = kill(-pid, SIGTERM) ? errno & 0xff : 0;
	if (!ret && end_of(pid) != SIGTERM)
		ret = 229;
	get_rid_of(ret ? pid : 0);
	return ret;
}

static int inner(int node)
{
	int chan, to[2];
	char path[64];
	pid_t pid = remote_fork(node, &chan), child;

	if (pid == 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, to))
			_exit(errno & 0xff);
		child = fork();
		if (child == 0)
			_exit(signal_inner(to[1]));
		get_int(to[0]);
		snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)child);
		if (!write_file(path, "0 1001 2\n"))
			_exit(228);
		put_int(to[0], 0);
		_exit(result_of(child));
	}
	return result_of(pid);
}

int main(int argc, char **argv)
{
	struct bproc_node_status status = { .state = "up" };
	const char *what = argc > 1 ? argv[1] : "";
	int node;

	if (!strcmp(what, "ids"))
		return ids();
	if (!strcmp(what, "become"))
		return become();
	node = scen_init(argc - 1, argv + 1);
	alarm(60 * slowness());
	if (argc == 3 && !strcmp(what, "run"))
		return run(node);
	if (argc == 3 && !strcmp(what, "drop"))
		return seteuid(getuid()) || setegid(getgid()) ? 250 : run(node);
	if (argc == 4 && !strcmp(what, "exec"))
		return execute(node, argv[3], 0);
	if (argc == 4 && !strcmp(what, "linked"))
		return execute(node, argv[3], BPROC_MOVE_LINKED);
	if (argc == 5 && strstr(what, "open"))
		return execute_with(*what == 'v' ? BPROC_IOC_VEXECMOVE : BPROC_IOC_EXECMOVE, node,
				    argv[3], argv[4], *what == 'l' ? BPROC_MOVE_LINKED : 0);
	if (argc == 5 && !strcmp(what, "take"))
		return take(argv[2], atoi(argv[3]), argv[0], argv[4]);
	if (argc == 3 && !strcmp(what, "status")) {
		status.node = node;
		return bp(BPROC_IOC_STATUS, &status) ? errno & 0xff : 0;
	}
	if (argc == 4 && !strcmp(what, "on"))
		return go_on(node, atoi(argv[3]), getuid());
	if (argc == 4 && !strcmp(what, "home"))
		return come_home(node, (uid_t)atoi(argv[3]));
	if (argc == 4 && !strcmp(what, "follows"))
		return follows(node, (uid_t)atoi(argv[3]));
	if (argc == 4 && !strcmp(what, "stale"))
		return stale(node, (uid_t)atoi(argv[3]));
	if (argc == 5 && !strcmp(what, "became"))
		return became(node, argv[3], (uid_t)atoi(argv[4]));
	if (argc == 3 && !strcmp(what, "shares"))
		return shares(node);
	if (argc == 5 && !strcmp(what, "unshared"))
		return unshared(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (argc == 6 && !strcmp(what, "early"))
		return early(argv[2], atoi(argv[3]), atoi(argv[4]), argv[5]);
	if (argc == 5 && !strcmp(what, "undone"))
		return undone(node, argv[3], argv[4]);
	if (argc == 3 && !strcmp(what, "inner"))
		return inner(node);
	if (argc == 3 && !strcmp(what, "keyring"))
		return home_with_keyring(node);
	if (argc == 5 && !strcmp(what, "user"))
		return go_on(node, atoi(argv[3]), (uid_t)atoi(argv[4]));
	return 251;
}
