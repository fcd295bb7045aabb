// SPDX-License-Identifier: GPL-2.0-or-later
/* bpsh's connections and terminals. The test plays the nodes. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../../shell/bpsh.h"
#include "../../shell/whole.h"
#include "unit.h"

static const char *state = "up";

int __wrap_bproc_nodestatus(int node, char *status, int len);
int __wrap_bproc_rfork_io(int node, struct bproc_io_t *io, int iolen);
int __wrap_bproc_execmove_io(int node, struct bproc_io_t *io, int iolen, const char *cmd,
			     char *const argv[], char *const envp[]);

int __wrap_bproc_nodestatus(int node, char *status, int len)
{
	(void)node;
	return snprintf(status, (size_t)len, "%s", state);
}

/* --- connections --- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* As a process would; @said: what it calls itself, or NULL. */
static int connect_to(const struct bproc_io_t *io, const int *said)
{
	struct sockaddr_in addr;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memcpy(&addr, &io->d.addr, sizeof(addr));
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	if (said)
		ck_assert(write_whole(fd, said, 2 * sizeof(*said)));
	return fd;
}

static pid_t sleeper(int ms)
{
	pid_t pid = fork();

	if (!pid) {
		usleep((useconds_t)ms * 1000);
		_exit(0);
	}
	return pid;
}

/* A process at that address. */
static void begin(struct bpsh_process *p, pid_t pid, int node, const char *addr)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&p->info.addr;

	memset(p, 0, sizeof(*p));
	p->pid = pid;
	p->node = p->info.node = node;
	in->sin_family = AF_INET;
	inet_pton(AF_INET, addr, &in->sin_addr);
	p->fd[0] = p->fd[1] = p->fd[2] = -1;
}

/* Standard output is a file from now on, whose text this gives. */
static int out_file(void)
{
	char name[] = "/tmp/test_bpsh.XXXXXX";
	int fd = mkstemp(name);

	unlink(name);
	ck_assert_int_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	return fd;
}

static bool has(int fd, const char *text)
{
	static char buf[65536];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	buf[n > 0 ? n : 0] = 0;
	return strstr(buf, text);
}

static const struct bpsh_options output_only = {
	.buffer = 4096,
	.fd = { { BPSH_FILE, "/dev/null" }, { BPSH_HERE, NULL }, { BPSH_FILE, "/dev/null" } },
};

/* All processes connect before the first connection is taken. */
START_TEST(a_queue_for_each_descriptor)
{
	static const struct bpsh_options all = { .buffer = 4096 };
	struct bproc_io_t io[3];
	int listener[3], fd;

	ck_assert_int_eq(bpsh_io_prepare(&all, io, listener), 3);
	for (fd = 0; fd < 3; fd++) {
		ck_assert_int_ge(listener[fd], 0);
		ck_assert_int_eq(io[fd].fd, fd);
		close(connect_to(&io[fd], NULL));
		ck_assert_int_ge(accept(listener[fd], NULL, NULL), 0);
	}
}
END_TEST

/* Somebody here says that he is a process of another machine. */
static void forge(const char *addr, int node, bool taken)
{
	struct bpsh_process p;
	struct bproc_io_t io[3];
	int listener[3], said[2], fd, out = out_file();
	char end;

	ck_assert_int_eq(bpsh_io_prepare(&output_only, io, listener), 3);
	begin(&p, sleeper(500), node, addr);
	said[0] = p.pid;
	said[1] = 1;
	fd = connect_to(&io[2], said);
	ck_assert(write_whole(fd, "words", 5));
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	bpsh_io_run(&output_only, &p, 1, listener);
	ck_assert_int_eq(has(out, "words"), taken);
	ck_assert_int_le(read(fd, &end, 1), 0);
}

START_TEST(connections_of_others)
{
	forge("203.0.113.1", 0, false);
}
END_TEST

START_TEST(connections_from_here)
{
	/* the master, and a node that is a namespace of this machine */
	forge("0.0.0.0", BPROC_NODE_MASTER, true);
	forge("127.0.0.1", 0, true);
}
END_TEST

START_TEST(connections_that_say_nothing)
{
	struct bpsh_process p;
	struct bproc_io_t io[3];
	int listener[3];
	double began = now();

	ck_assert_int_eq(bpsh_io_prepare(&output_only, io, listener), 3);
	begin(&p, sleeper(100), 0, "127.0.0.1");
	connect_to(&io[2], NULL);
	bpsh_io_run(&output_only, &p, 1, listener);
	ck_assert(p.ended);
	ck_assert(now() - began < 30);
}
END_TEST

/* It ended well, but what it started still had its output when the machine went. */
START_TEST(what_a_lost_node_leaves)
{
	struct bpsh_process p;
	struct bproc_io_t io[3];
	int listener[3], said[2], out = out_file();

	state = "down";
	ck_assert_int_eq(bpsh_io_prepare(&output_only, io, listener), 3);
	begin(&p, sleeper(200), 0, "127.0.0.1");
	said[0] = p.pid;
	said[1] = 1;
	ck_assert(write_whole(connect_to(&io[2], said), "words", 5));
	bpsh_io_run(&output_only, &p, 1, listener);
	ck_assert(p.ended);
	ck_assert(has(out, "words"));
}
END_TEST

/* As many as a small limit lets connect at once, and no more. */
START_TEST(limits)
{
	struct rlimit limit = { 100, 100 };

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert(bpsh_io_fits(10));
	ck_assert(!bpsh_io_fits(100));
}
END_TEST

/* --- terminals --- */

int __wrap_bproc_rfork_io(int node, struct bproc_io_t *io, int iolen)
{
	pid_t pid = fork();
	int i, fd[2], said[2];

	(void)node;
	if (pid)
		return pid;
	for (i = 0; i < iolen; i++) {
		said[0] = getpid();
		said[1] = io[i].fd;
		fd[i] = fcntl(connect_to(&io[i], said), F_DUPFD, 50);
	}
	for (i = 0; i < iolen; i++) {
		dup2(fd[i], io[i].fd);
		close(fd[i]);
	}
	/* As where it arrives, nothing else is open. */
	for (i = 5; i < 50; i++)
		close(i);
	return 0;
}

int __wrap_bproc_execmove_io(int node, struct bproc_io_t *io, int iolen, const char *cmd,
			     char *const argv[], char *const envp[])
{
	int i, fd;

	(void)node;
	for (i = 0; i < iolen; i++) {
		fd = open(io[i].d.file.name, io[i].d.file.flags);
		if (fd < 0)
			return -1;
		dup2(fd, io[i].fd);
		close(fd);
	}
	return execve(cmd, argv, envp);
}

static int on_terminal(const char *script)
{
	static const struct bproc_node_info_t node = { .node = BPROC_NODE_MASTER };
	char *argv[] = { "sh", "-c", (char *)script, NULL }, *envp[] = { NULL };

	return bpsh_pty(&node, "/bin/sh", argv, envp);
}

static bool no_terminals(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

/* Standard input has so many bytes of lines, and then @rest. */
static void input_is(int bytes, const char *rest)
{
	int ends[2], i;

	ck_assert_int_eq(pipe(ends), 0);
	if (!fork()) {
		for (i = 0; i < bytes; i += 8)
			if (!write_whole(ends[1], "0123456\n", 8))
				_exit(1);
		write_whole(ends[1], rest, strlen(rest));
		_exit(0);
	}
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	close(ends[1]);
}

START_TEST(input_without_a_line_end)
{
	int out;

	if (no_terminals())
		return;
	out = out_file();
	input_is(0, "abc");
	ck_assert_int_eq(on_terminal("cat; exit 3"), 3);
	ck_assert(has(out, "abcabc"));
}
END_TEST

/* What goes there and what comes back are more than any buffer takes. */
START_TEST(much_both_ways)
{
	if (no_terminals())
		return;
	dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
	input_is(4000000, "");
	ck_assert_int_eq(on_terminal("cat; exit 4"), 4);
}
END_TEST

/* Whoever has the same pipe may not want to wait for it. */
START_TEST(output_that_does_not_wait)
{
	static char buf[65536];
	int ends[2], status;
	ssize_t n, all = 0;
	pid_t reader;

	if (no_terminals())
		return;
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	reader = fork();
	if (!reader) {
		close(ends[1]);
		usleep(500000);
		while ((n = read(ends[0], buf, sizeof(buf))) > 0)
			all += n;
		_exit(all != 1000000);
	}
	close(ends[0]);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	input_is(0, "");
	ck_assert_int_eq(on_terminal("head -c 1000000 /dev/zero; exit 6"), 6);
	close(STDOUT_FILENO);
	ck_assert_int_eq(waitpid(reader, &status, 0), reader);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(output_that_nobody_takes)
{
	if (no_terminals())
		return;
	dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
	input_is(0, "");
	ck_assert_int_eq(on_terminal("while echo x; do :; done"), 1);
}
END_TEST

START_TEST(signals_are_passed_on)
{
	int status;
	pid_t pid;

	if (no_terminals())
		return;
	input_is(0, "");
	dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
	pid = fork();
	if (!pid)
		_exit(on_terminal("trap 'exit 5' USR1; while :; do sleep 0.1; done"));
	sleep(2);
	ck_assert_int_eq(kill(pid, SIGUSR1), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 5);
}
END_TEST

UNIT_MAIN("bpsh", connections_of_others, connections_from_here, connections_that_say_nothing,
	  what_a_lost_node_leaves, a_queue_for_each_descriptor, limits, input_without_a_line_end,
	  much_both_ways, output_that_does_not_wait, output_that_nobody_takes, signals_are_passed_on)
