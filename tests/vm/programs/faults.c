// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * faults calls NODE:        memory ends at each allocation, one after the other, of a call
 * faults places NODE NODE:  the same of calls that place processes; REXEC to the second, which
 *                           has this program
 * faults leave NODE [NODE]: the same of a process that leaves a node
 * faults others NODE:       memory ends in a process that arrives, or becomes a ghost
 * faults load FILE:         the same at loading the module
 *
 * Each time either nothing has happened and the errno says why, or the call did its work; the
 * process is in one place, and is waited for once. Needs a kernel with fault injection;
 * RIG_TIMES=N looks at N times as many places.
 */
#include "scen.h"
#include <dirent.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define DEBUGFS "/sys/kernel/debug/"

static int node;
static const char *self;

/* After so many calls in which nothing came of it, N is past the last allocation. */
#define ENOUGH 15
#define NTH_MAX 20000

/* --- failures --- */

/* The Nth allocation from now of this thread fails; 0: none. Is it a failure yet to come? */
static bool fail_nth(unsigned int n)
{
	char text[16] = "", path[64];
	unsigned int left;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/fail-nth", (int)syscall(SYS_gettid));
	fd = open(path, O_RDWR | O_CLOEXEC);
	/* Reading and writing count, too, so that either may be what fails. */
	left = fd >= 0 && pread(fd, text, sizeof(text) - 1, 0) > 0 ? (unsigned int)atoi(text) :
								     1;
	snprintf(text, sizeof(text), "%u", n);
	while (fd < 0 || pwrite(fd, text, strlen(text), 0) < 0) {
		if (fd >= 0)
			close(fd);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	/* Closing is last: what it frees needs none. */
	close(fd);
	return left;
}

/*
 * What a call may say for want of memory; copying from and to user space fails, too. EBADMSG
 * is what kTLS makes of any error of encryption.
 */
static bool is_for_want(int error)
{
	static const int errors[] = { ENOMEM, EAGAIN, EFAULT, E2BIG, ENOBUFS, EIO, EBADMSG };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (error == errors[i])
			return true;
	return false;
}

/* --- one after the other --- */

struct sweep {
	const char *name;
	unsigned int n;	    /* the allocation that fails now */
	unsigned int step;  /* of places far from the beginning only some are tried */
	unsigned int quiet; /* calls since the last that failed */
	unsigned int tried, failed, killed;
	bool bad;
};

static unsigned int times(void)
{
	const char *text = getenv("RIG_TIMES");

	return text ? (unsigned int)atoi(text) : 1;
}

static bool next(struct sweep *s)
{
	if (s->n && s->n > 24 * times())
		s->n += 1 + s->n / (12 * times()) + s->tried % 3;
	else
		s->n++;
	s->tried++;
	return !s->bad && s->quiet < ENOUGH && s->n < NTH_MAX;
}

static void sweep_wrong(struct sweep *s, const char *what, long a, long b)
{
	check(false, s->name, "allocation %u: %s (%ld, %ld)", s->n, what, a, b);
	s->bad = true;
}

/* How the call went. */
static void note(struct sweep *s, long ret, int error)
{
	if (ret >= 0) {
		s->quiet++;
		return;
	}
	s->quiet = 0;
	s->failed++;
	if (!is_for_want(error))
		sweep_wrong(s, "another errno", ret, error);
}

static void sweep_end(struct sweep *s)
{
	printf("# %s: %u times, %u failed, %u killed; up to allocation %u\n", s->name, s->tried,
	       s->failed, s->killed, s->n);
	if (!s->bad)
		check(s->failed && s->n < NTH_MAX, s->name, "%u of %u failed", s->failed,
		      s->tried);
}

/* --- calls that place nobody --- */

struct call {
	const char *name;
	unsigned long request;
	void *arg;
};

static void sweep_call(const struct call *c)
{
	struct sweep s = { .name = c->name };
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC), error;
	long ret;

	while (next(&s)) {
		fail_nth(s.n);
		ret = ioctl(fd, c->request, c->arg);
		error = errno;
		fail_nth(0);
		note(&s, ret, error);
		if (c->request == BPROC_IOC_NOTIFY && ret >= 0)
			close((int)ret);
	}
	close(fd);
	sweep_end(&s);
}

static void plain_calls(void)
{
	struct bproc_node_info nodes[8];
	struct bproc_proc_info procs[8];
	struct bproc_node_list nl = { .info = P64(nodes), .count = 8, .after = -1 };
	struct bproc_proc_list pl = { .info = P64(procs), .count = 8, .after = -1,
				      .node = BPROC_NODE_ANY };
	struct bproc_version version;
	struct bproc_debug debug = { .op = BPROC_DEBUG_IDS };
	struct bproc_node_status status = { .node = node, .state = "up" };
	struct bproc_node_mode mode = { .node = node, .mode = 0110 };
	struct bproc_node_chroot chroot = { .node = node, .path = P64("/") };
	struct vmad_lib lib = { .name = P64("/a/library") };
	char libs[4096];
	struct vmad_lib_list list = { .buffer = P64(libs), .size = sizeof(libs) };
	struct vmad_dump dump = { .fd = memfd_create("image", MFD_CLOEXEC), .flags = ALL };
	const struct call calls[] = {
		{ "VERSION", BPROC_IOC_VERSION, &version },
		{ "DEBUG", BPROC_IOC_DEBUG, &debug },
		{ "NOTIFY", BPROC_IOC_NOTIFY, NULL },
		{ "INFO", BPROC_IOC_INFO, &nl },
		{ "PINFO", BPROC_IOC_PINFO, &pl },
		{ "STATUS", BPROC_IOC_STATUS, &status },
		{ "CHOWN", BPROC_IOC_CHOWN, &mode },
		{ "CHROOT", BPROC_IOC_CHROOT, &chroot },
		{ "LIB_ADD", VMAD_IOC_LIB_ADD, &lib },
		{ "LIB_LIST", VMAD_IOC_LIB_LIST, &list },
		{ "LIB_DEL", VMAD_IOC_LIB_DEL, &lib },
		{ "DO_DUMP", VMAD_IOC_DO_DUMP, &dump },
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].request == VMAD_IOC_LIB_DEL) {
			/* Deleting succeeds once. */
			struct sweep s = { .name = calls[i].name };

			while (next(&s)) {
				long ret;
				int error;

				bp(VMAD_IOC_LIB_ADD, &lib);
				fail_nth(s.n);
				ret = bp(VMAD_IOC_LIB_DEL, &lib);
				error = errno;
				fail_nth(0);
				note(&s, ret, error);
			}
			sweep_end(&s);
			continue;
		}
		sweep_call(&calls[i]);
	}
	bp(VMAD_IOC_LIB_DEL, &lib);
	close(dump.fd);
}

/* --- calls that place somebody --- */

/* Processes of a test: who calls says what became of the call, through a pipe. */
static int report[2];

enum kind { RFORK, MOVE, REXEC, EXECMOVE, LINKED, UNDUMP, EXECDUMP };

static const char *const kind_names[] = { "RFORK", "MOVE",     "REXEC",
					  "EXECMOVE", "EXECMOVE, linked",
					  "DO_UNDUMP", "EXECDUMP" };

/* The end of whoever arrived. */
#define GOOD 7

static void tell(int error)
{
	if (write(report[1], &error, sizeof(error)) != sizeof(error))
		_exit(GOOD + 3);
}

static void arrived(int fd)
{
	put_int(fd, getpid());
	_exit(get_int(fd) == 1 ? GOOD : GOOD + 1);
}

static long place(enum kind kind, int to, struct bproc_io *io, int image, unsigned int n)
{
	static char *args[] = { "faults", "arrived", NULL }, *env[] = { NULL };
	struct bproc_move m = {
		.node = to,
		.flags = ALL | (kind == LINKED ? BPROC_MOVE_LINKED : 0),
		.io = P64(io),
		.iolen = 1,
	};
	struct vmad_undump undump = { .fd = image };
	struct vmad_execdump execdump = { .path = P64(self), .argv = P64(args), .envp = P64(env),
					  .fd = image, .flags = ALL };
	static const unsigned long requests[] = {
		BPROC_IOC_RFORK,    BPROC_IOC_MOVE,	BPROC_IOC_REXEC, BPROC_IOC_EXECMOVE,
		BPROC_IOC_EXECMOVE, VMAD_IOC_DO_UNDUMP, VMAD_IOC_EXECDUMP,
	};
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC), error;
	void *arg = kind == UNDUMP ? (void *)&undump : kind == EXECDUMP ? (void *)&execdump : &m;
	long ret;

	if (kind == REXEC || kind == EXECMOVE || kind == LINKED) {
		m.path = P64(self);
		m.argv = P64(args);
		m.envp = P64(env);
	}
	fail_nth(n);
	ret = ioctl(fd, requests[kind], arg);
	error = errno;
	/* Elsewhere there may be no such file, and there is nothing to reset. */
	if (ret)
		fail_nth(0);
	errno = error;
	return ret;
}

/* The caller: returns only where it arrived. */
static void caller(enum kind kind, int to, struct channel *c, int image, unsigned int n)
{
	struct bproc_io io = channel_io(CHANNEL, c->port, to);
	long ret = place(kind, to, &io, image, n);

	if (ret < 0) {
		tell(errno);
		_exit(GOOD + 2);
	}
	arrived(CHANNEL);
}

/* Somebody who connects is alive elsewhere; an end of the stream is none. */
static int who_arrived(struct channel *c, int wait_ms, pid_t *pid)
{
	struct pollfd p = { .fd = c->listener, .events = POLLIN };
	int fd;

	while (poll(&p, 1, wait_ms) == 1) {
		fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
		if (get(fd, pid, sizeof(*pid)))
			return fd;
		close(fd);
	}
	return -1;
}

/* Not a second time, and nothing is left. */
static void check_end(struct sweep *s, pid_t pid, int wanted)
{
	int status = end_of(pid);

	if (status != wanted)
		sweep_wrong(s, "ends in another way", status, wanted);
	if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
		sweep_wrong(s, "something is left to be waited for", pid, status);
	if (node_of(pid) != BPROC_NODE_MASTER)
		sweep_wrong(s, "a ghost is left", pid, node_of(pid));
}

/* It arrived: it is there, and nowhere else. */
static void one_that_arrived(struct sweep *s, pid_t pid, int fd, int to)
{
	char path[64];
	int file;

	if (node_of(pid) != to)
		sweep_wrong(s, "is on another node", node_of(pid), to);
	/* What was not used up is left with the ghost. */
	snprintf(path, sizeof(path), "/proc/%d/fail-nth", (int)pid);
	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file >= 0 && write(file, "0", 1) < 0)
		sweep_wrong(s, "fail-nth", errno, 0);
	close(file);
	put_int(fd, 1);
	close(fd);
	check_end(s, pid, GOOD << 8);
	note(s, 0, 0);
}

/* Wait for the first of: it arrives, it says an error on @says, it ends. */
static void outcome(struct sweep *s, struct channel *c, pid_t pid, int to, int says)
{
	struct pollfd p[] = { { .fd = c->listener, .events = POLLIN },
			      { .fd = says, .events = POLLIN } };
	double end = now() + PATIENCE;
	int fd, status, error;
	pid_t who = 0;
	siginfo_t info;
	bool ended;

	for (;;) {
		/* First, or what it says before it ends would be missed. */
		memset(&info, 0, sizeof(info));
		ended = !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
			info.si_pid == pid;
		if (poll(p, 2, ended ? 0 : 20) > 0 && p[0].revents && !p[1].revents) {
			fd = who_arrived(c, 0, &who);
			if (fd >= 0) {
				if (who != pid)
					sweep_wrong(s, "somebody else arrived", who, pid);
				one_that_arrived(s, pid, fd, to);
				return;
			}
		}
		if (p[1].revents) {
			error = get_int(says);
			if (error < 0) {
				/* What it left behind on a node has ended. */
				p[1].fd = -1;
				p[1].revents = 0;
				continue;
			}
			check_end(s, pid, (GOOD + 2) << 8);
			note(s, -1, error);
			break;
		}
		if (ended) {
			status = end_of(pid);
			/* Its own program was gone already, and the new one had no memory. */
			if (WIFSIGNALED(status))
				s->killed++;
			else
				note(s, -1, WEXITSTATUS(status));
			s->quiet = 0;
			s->failed++;
			break;
		}
		if (now() > end) {
			sweep_wrong(s, "nothing happens", pid, node_of(pid));
			kill(pid, SIGKILL);
			return;
		}
	}
	/* It is not elsewhere at the same time. */
	fd = who_arrived(c, 0, &who);
	if (fd >= 0)
		sweep_wrong(s, "it was in two places", pid, who);
	close(fd);
}

/* A process of this program that is not this one, nor a zombie; on nodes of this kernel, too. */
static bool is_stranger(pid_t pid)
{
	char comm[32];

	return pid > 0 && pid != getpid() && proc_file(pid, "comm", comm, sizeof(comm)) > 0 &&
	       !strncmp(comm, "faults.", 7) && strcmp(stat_field(pid, 3), "Z") != 0;
}

static int strangers(bool show)
{
	static const char *const what[] = { "stat", "wchan", "stack" };
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char text[2048];
	size_t i;
	pid_t pid;
	int n = 0;

	while ((entry = readdir(proc))) {
		pid = atoi(entry->d_name);
		if (!is_stranger(pid))
			continue;
		n++;
		for (i = 0; show && i < sizeof(what) / sizeof(what[0]); i++)
			if (proc_file(pid, what[i], text, sizeof(text)) > 0)
				printf("# left: %d %s: %s\n", pid, what[i], text);
	}
	closedir(proc);
	return n;
}

/* Of those whom another test left it was told then. */
static void nobody_is_left(const char *by, bool at_once)
{
	static int known;
	bool none = strangers(false) <= known || (!at_once && until(strangers(false) <= known));

	known = strangers(!none);
	check(none, "nobody is left anywhere", "%d by %s", known, by);
}

static void sweep_rfork(int to)
{
	struct sweep s = { .name = "RFORK" };
	struct channel c = channel_new();
	struct bproc_io io = channel_io(CHANNEL, c.port, to);
	int error, status, fd;
	pid_t pid, who;

	while (next(&s)) {
		pid = (pid_t)place(RFORK, to, &io, -1, s.n);
		error = errno;
		if (pid == 0)
			arrived(CHANNEL);
		if (pid < 0) {
			note(&s, -1, error);
			if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
				sweep_wrong(&s, "a child is left", status, error);
			fd = who_arrived(&c, 0, &who);
			if (fd >= 0)
				sweep_wrong(&s, "a child runs there", who, error);
			close(fd);
			continue;
		}
		fd = who_arrived(&c, (int)(PATIENCE * 1000), &who);
		if (fd < 0 || who != pid)
			sweep_wrong(&s, "it does not run", who, pid);
		else
			one_that_arrived(&s, pid, fd, to);
	}
	nobody_is_left(s.name, true);
	close(c.listener);
	sweep_end(&s);
}

static void sweep_place(enum kind kind, int to)
{
	struct sweep s = { .name = kind_names[kind] };
	struct channel c = channel_new();
	pid_t pid;

	while (next(&s)) {
		pid = fork();
		if (pid == 0)
			caller(kind, to, &c, -1, s.n);
		outcome(&s, &c, pid, to, report[0]);
	}
	nobody_is_left(s.name, false);
	close(c.listener);
	sweep_end(&s);
}

/* From a node: whoever calls is a child that was brought there first. */
static void sweep_leave(int from, int to, const char *name)
{
	struct sweep s = { .name = name };
	struct channel c = channel_new();
	struct bproc_io io = channel_io(CHANNEL, c.port, from);
	struct bproc_io again = channel_io(CHANNEL + 1, c.port, to);
	pid_t pid;
	int fd;

	while (next(&s)) {
		pid = (pid_t)move_io(BPROC_IOC_RFORK, from, &io, 1);
		if (pid == 0) {
			if (place(MOVE, to, &again, -1, s.n) < 0) {
				put_int(CHANNEL, errno);
				_exit(GOOD + 2);
			}
			arrived(CHANNEL + 1);
		}
		fd = pid > 0 ? accept_channel(c.listener) : -1;
		if (fd < 0) {
			sweep_wrong(&s, "does not get there", pid, errno);
			break;
		}
		outcome(&s, &c, pid, to, fd);
		close(fd);
	}
	nobody_is_left(name, false);
	close(c.listener);
	sweep_end(&s);
}

/* --- images in files --- */

static int make_image(void)
{
	int image = memfd_create("image", MFD_CLOEXEC);
	struct vmad_dump dump = { .fd = image, .flags = ALL };
	pid_t pid = fork();
	long ret;

	if (pid == 0) {
		ret = bp(VMAD_IOC_DO_DUMP, &dump);
		/* 0: this is the restored one. */
		_exit(ret ? ret < 0 : GOOD);
	}
	same("an image", 0, end_of(pid));
	return image;
}

static void sweep_image(enum kind kind, int wanted)
{
	struct sweep s = { .name = kind_names[kind] };
	int image = make_image(), status;
	pid_t pid;

	while (next(&s)) {
		lseek(image, 0, SEEK_SET);
		pid = fork();
		if (pid == 0) {
			place(kind, 0, NULL, image, s.n);
			tell(errno);
			_exit(GOOD + 2);
		}
		status = end_of(pid);
		if (status == (GOOD + 2) << 8) {
			note(&s, -1, get_int(report[0]));
		} else if (status == SIGKILL || status == SIGSEGV) {
			s.killed++;
			s.failed++;
			s.quiet = 0;
		} else if (status == wanted << 8) {
			note(&s, 0, 0);
		} else if (kind == EXECDUMP && WIFEXITED(status)) {
			note(&s, -1, WEXITSTATUS(status));
		} else {
			sweep_wrong(&s, "ends in another way", status, wanted);
		}
		if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
			sweep_wrong(&s, "something is left to be waited for", pid, status);
	}
	close(image);
	sweep_end(&s);
}

/* --- in others --- */

static void put_text(const char *dir, const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		give_up(path);
	close(fd);
}

static int get_number(const char *dir, const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "%s%s", dir, name);
	return slurp(path, text, sizeof(text)) > 0 ? atoi(text) : -1;
}

static const char *const slab = DEBUGFS "failslab/", *const pages = DEBUGFS "fail_page_alloc/";

/* One failure of a marked process, after so many bytes or pages; or none. */
static void fail_once(const char *what, unsigned int space)
{
	char text[16];

	put_text(what, "times", "0");
	snprintf(text, sizeof(text), "%u", space);
	put_text(what, "space", text);
	put_text(what, "times", "1");
}

static bool has_failed(const char *what)
{
	bool ret = get_number(what, "times") == 0;

	put_text(what, "times", "0");
	return ret;
}

static void set_up(const char *what)
{
	put_text(what, "verbose", "0");
	put_text(what, "times", "0");
	put_text(what, "interval", "1");
	put_text(what, "task-filter", "Y");
	put_text(what, "ignore-gfp-wait", "N");
	put_text(what, "probability", "100");
}

static void mark(pid_t pid, const char *yes)
{
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%d/", (int)pid);
	put_text(dir, "make-it-fail", yes);
}

/* The process that stands for this one on a node of this kernel. */
static pid_t my_standin(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char text[4096], *at;
	pid_t pid, found = -1;

	while ((entry = readdir(proc))) {
		pid = atoi(entry->d_name);
		if (pid <= 0 || pid == getpid() ||
		    proc_file(pid, "status", text, sizeof(text)) < 0 ||
		    strncmp(text, "Name:\tbproc-ghost\n", 18))
			continue;
		at = strstr(text, "NSpid:");
		if (!at)
			continue;
		at[strcspn(at, "\n")] = '\0';
		at = strrchr(at, '\t');
		if (at && atoi(at) == getpid())
			found = pid;
	}
	closedir(proc);
	return found;
}

/* A marked process, and its children, have each a failure somewhere. */
static void sweep_others(const char *name, bool here)
{
	struct sweep s = { .name = name };
	struct channel c = channel_new();
	unsigned int room[2] = { 150000, 100 }, round, rounds = 60 * times(), failures_seen = 0;
	pid_t pid, standin = -1;

	for (round = 0; round < rounds && !s.bad; round++) {
		const char *what = round % 3 ? slab : pages;
		enum kind kind = round % 2 ? MOVE : EXECMOVE;

		s.n = (unsigned int)rand() % room[what == pages];
		s.tried++;
		if (!here && (standin < 0 || kill(standin, 0))) {
			pid = remote_fork(node, &(int){ 0 });
			if (pid == 0)
				_exit(0);
			end_of(pid);
			standin = my_standin();
			if (standin < 0)
				give_up("a stand-in");
			mark(standin, "1");
		}
		fail_once(what, s.n);
		pid = fork();
		if (pid == 0) {
			if (here)
				mark(getpid(), "1");
			caller(kind, node, &c, -1, 0);
		}
		outcome(&s, &c, pid, node, report[0]);
		if (has_failed(what))
			failures_seen++;
		else
			room[what == pages] = room[what == pages] * 7 / 8 + 1;
	}
	if (standin > 0)
		mark(standin, "0");
	nobody_is_left(name, false);
	close(c.listener);
	printf("# %s: %u times, %u failures, %u told of, %u killed\n", name, s.tried,
	       failures_seen, s.failed, s.killed);
	if (!s.bad)
		check(s.failed && failures_seen >= s.failed, name, "%u of %u failures told of",
		      s.failed, failures_seen);
}

static void others(void)
{
	srand(4711);
	set_up(slab);
	set_up(pages);
	put_text(pages, "min-order", "0");
	put_text(pages, "ignore-gfp-highmem", "N");
	sweep_others("in whoever arrives", false);
	sweep_others("in whoever leaves, and its ghost", true);
	put_text(slab, "probability", "0");
	put_text(pages, "probability", "0");
}

/* --- the module --- */

static long load(int file, const char *params, unsigned int n, unsigned int *used)
{
	char path[64], text[16] = "";
	int fd, error;
	long ret;

	snprintf(path, sizeof(path), "/proc/self/task/%d/fail-nth", (int)syscall(SYS_gettid));
	fail_nth(n);
	ret = syscall(SYS_finit_module, file, params, 0);
	error = errno;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && pread(fd, text, sizeof(text) - 1, 0) > 0)
		*used = n - (unsigned int)atoi(text);
	close(fd);
	fail_nth(0);
	errno = error;
	return ret;
}

static void sweep_load(const char *path)
{
	struct sweep s = { .name = "loading the module" };
	unsigned int before = 0, total = 0, used, round;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	long ret;

	/* The kernel's own come first; if one for its jump labels fails, it warns of itself. */
	ret = load(file, "exechook=maybe", 10000000, &before);
	if (!check(ret < 0 && errno == EINVAL, "a bad parameter", "%ld, errno %d", ret, errno))
		return;
	ret = load(file, "", 10000000, &total);
	if (!check(ret == 0 && total > before, "it can be loaded", "%ld, errno %d", ret, errno))
		return;
	same("and unloaded", 0, syscall(SYS_delete_module, "bproc", O_NONBLOCK));
	srand(total);
	for (round = 0; round < 60 * times() && !s.bad; round++) {
		s.n = total - (unsigned int)rand() % (total - before);
		s.tried++;
		ret = load(file, "", s.n, &used);
		note(&s, ret, errno);
		if (ret == 0 && syscall(SYS_delete_module, "bproc", O_NONBLOCK))
			sweep_wrong(&s, "cannot be unloaded", errno, 0);
	}
	close(file);
	printf("# allocations %u to %u of them\n", before + 1, total);
	sweep_end(&s);
}

int main(int argc, char **argv)
{
	static char exe[256];
	int kind;

	if (argc == 2 && !strcmp(argv[1], "arrived"))
		arrived(CHANNEL);
	if (argc < 3)
		return 2;
	node = scen_init(argc - 1, argv + 1);
	alarm(400 * slowness() * times());
	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0 || pipe2(report, O_CLOEXEC))
		give_up("a pipe");
	self = exe;
	put_text(slab, "verbose", "0");
	put_text(pages, "verbose", "0");
	put_text(DEBUGFS "fail_usercopy/", "verbose", "0");
	put_text(slab, "ignore-gfp-wait", "N");
	put_text(pages, "ignore-gfp-wait", "N");
	put_text(pages, "ignore-gfp-highmem", "N");
	put_text(pages, "min-order", "0");
	if (!strcmp(argv[1], "calls")) {
		plain_calls();
		sweep_image(UNDUMP, GOOD);
		sweep_image(EXECDUMP, 0);
	} else if (!strcmp(argv[1], "places") && argc > 3) {
		sweep_rfork(node);
		for (kind = MOVE; kind <= LINKED; kind++)
			sweep_place((enum kind)kind, kind == REXEC ? atoi(argv[3]) : node);
	} else if (!strcmp(argv[1], "leave")) {
		sweep_leave(node, BPROC_NODE_MASTER, "MOVE to the master");
		if (argc > 3)
			sweep_leave(node, atoi(argv[3]), "MOVE to another node");
	} else if (!strcmp(argv[1], "others")) {
		others();
	} else if (!strcmp(argv[1], "load")) {
		sweep_load(argv[2]);
	} else {
		return 2;
	}
	return failures != 0;
}
