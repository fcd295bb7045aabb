// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * between FROM TO MIB: a child on the node FROM gets so much memory there, and moves to
 * TO, for links and nodes that break meanwhile. Says "going PID" when it sets out, and
 * then what became of it: the move's errno, its memory, the machine where it is, how
 * often it got SIGUSR1, where the master says it is, and in how many places. One that
 * could not go comes home. In the end, how it ended, and whether it could be waited for
 * once.
 *
 * between -k FROM TO MIB N: the same N times, the child killed at some moment of it
 */
#include <sys/mman.h>
#include <sys/utsname.h>

#include "scen.h"

/* An address of zero would be the node that it comes from. */
#define MASTER_ADDRESS "10.23.0.1"
#define CONNECTIONS 8
#define GOOD 17

struct report {
	int error;
	int bad;
	int signals;
	struct utsname name;
};

static int from, to;
static size_t words;
static unsigned int *memory;
static volatile sig_atomic_t signals;

static void count(int sig)
{
	(void)sig;
	signals++;
}

static void fill(void)
{
	size_t i;

	memory = mmap(NULL, words * sizeof(*memory), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		_exit(1);
	for (i = 0; i < words; i++)
		memory[i] = (unsigned int)i * 2654435761u;
}

static int spoilt(void)
{
	size_t i;
	int bad = 0;

	for (i = 0; i < words; i++)
		bad += memory[i] != (unsigned int)i * 2654435761u;
	return bad;
}

static long go(struct channel *c, int node)
{
	struct bproc_io io = channel_io(CHANNEL, c->port, node);
	struct sockaddr_in a;

	memcpy(&a, io.d.addr, sizeof(a));
	inet_aton(MASTER_ADDRESS, &a.sin_addr);
	memcpy(io.d.addr, &a, sizeof(a));
	return move_io(BPROC_IOC_MOVE, node, &io, 1);
}

/* A failed move leaves the child its channel; another is there where it arrives. */
static void child(struct channel *c)
{
	struct report r = { .error = 0 };
	int status;

	signal(SIGUSR1, count);
	if (go(c, from))
		_exit(2);
	fill();
	put_int(CHANNEL, getpid());
	if (get_int(CHANNEL) != 1)
		_exit(3);
	if (go(c, to))
		r.error = errno;
	r.bad = spoilt();
	r.signals = signals;
	uname(&r.name);
	put(CHANNEL, &r, sizeof(r));
	status = get_int(CHANNEL) & 0xff;
	if (r.error && go(c, BPROC_NODE_MASTER))
		_exit(4);
	_exit(status);
}

/* In how many places is it, as the master knows? */
static int places_of(pid_t pid)
{
	struct bproc_proc_info info[4];
	struct bproc_proc_list list = {
		.info = P64(info),
		.count = 4,
		.after = pid - 1,
		.node = BPROC_NODE_ANY,
	};
	long i, n = bp(BPROC_IOC_PINFO, &list);
	int places = 0;

	for (i = 0; i < n; i++)
		places += info[i].pid == pid;
	return places;
}

static struct pollfd ends[1 + CONNECTIONS];
static int n_ends;

static void forget(int i)
{
	close(ends[i].fd);
	ends[i] = ends[--n_ends];
}

/*
 * By any connection: one from where it does not arrive in the end says nothing. Return:
 * what it came by, or -1 when the child has ended.
 */
static int await_report(struct report *r, pid_t pid, int *status)
{
	double end = now() + PATIENCE;
	int i, fd;

	while (now() < end) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return -1;
		if (poll(ends, (nfds_t)n_ends, 50) <= 0)
			continue;
		for (i = n_ends - 1; i > 0; i--) {
			if (!ends[i].revents)
				continue;
			if (get(ends[i].fd, r, sizeof(*r)))
				return ends[i].fd;
			forget(i);
		}
		if (!ends[0].revents || n_ends > CONNECTIONS)
			continue;
		fd = accept4(ends[0].fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			ends[n_ends++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	printf("nothing comes\n");
	kill(pid, SIGKILL);
	*status = end_of(pid);
	return -1;
}

/* A child that is where it starts from, and has not been told to go. */
static pid_t start(struct channel *c)
{
	pid_t pid;
	int fd;

	*c = channel_new();
	pid = fork();
	if (pid == 0)
		child(c);
	fd = accept_channel(c->listener);
	if (pid < 0 || get_int(fd) != pid)
		give_up("a child there");
	ends[0] = (struct pollfd){ .fd = c->listener, .events = POLLIN };
	ends[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	n_ends = 2;
	return pid;
}

static void forget_all(void)
{
	while (n_ends)
		forget(n_ends - 1);
}

/* Return: how it ended. */
static int say_all(pid_t pid)
{
	struct report r;
	int status, fd = await_report(&r, pid, &status);

	if (fd >= 0) {
		printf("report: error %d, %d bad, on %s, %d signals, node %d of %d\n",
		       r.error, r.bad, r.name.nodename, r.signals, node_of(pid),
		       places_of(pid));
		put_int(fd, GOOD);
		status = end_of(pid);
	}
	printf("status %#x, %s\n", status,
	       waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? "once" : "more");
	printf("%d places\n", places_of(pid));
	return status;
}

static void once(void)
{
	struct channel c;
	pid_t pid = start(&c);

	printf("going %d\n", pid);
	put_int(ends[1].fd, 1);
	say_all(pid);
	forget_all();
}

/* Who is dead has no connection, wherever it was; it may have said that it arrived. */
static bool nobody_speaks(void)
{
	char byte;

	while (n_ends > 1) {
		do
			errno = 0;
		while (get(ends[1].fd, &byte, 1));
		if (errno == ETIMEDOUT)
			return false;
		forget(1);
	}
	return true;
}

static void kill_at(double moment)
{
	struct channel c;
	pid_t pid = start(&c);
	char name[64];
	int status, fd;

	snprintf(name, sizeof(name), "killed %d ms after it set out",
		 (int)(moment * 1000));
	put_int(ends[1].fd, 1);
	usleep((useconds_t)(moment * 1e6));
	kill(pid, SIGKILL);
	status = end_of(pid);
	check(status == SIGKILL, name, "status %#x", status);
	if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
		check(false, name, "there is something left to wait for");
	if (places_of(pid))
		check(false, name, "it is on node %d", node_of(pid));
	while (poll(ends, 1, 0) == 1 && n_ends <= CONNECTIONS &&
	       (fd = accept4(ends[0].fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		ends[n_ends++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	if (!nobody_speaks())
		check(false, name, "it lives on");
	forget_all();
}

/* The moments are parts of the time that a whole move takes. */
static void killed(int times)
{
	struct channel c;
	pid_t pid = start(&c);
	double began = now(), took;
	struct report r;
	int i, status, fd;

	put_int(ends[1].fd, 1);
	fd = await_report(&r, pid, &status);
	took = now() - began;
	if (fd < 0 || r.error)
		give_up("a move");
	put_int(fd, GOOD);
	same("one that nobody kills", GOOD << 8, end_of(pid));
	forget_all();
	for (i = 0; i < times; i++)
		kill_at(took * i / times);
}

int main(int argc, char **argv)
{
	bool kills = argc > 1 && !strcmp(argv[1], "-k");

	scen_init(0, argv);
	argv += kills;
	argc -= kills;
	if (argc < 4 + kills)
		return 2;
	from = atoi(argv[1]);
	to = atoi(argv[2]);
	words = (size_t)atoi(argv[3]) << 18;
	if (kills)
		killed(atoi(argv[4]));
	else
		once();
	return failures != 0;
}
