// SPDX-License-Identifier: GPL-2.0-or-later
/* bpcp with nodes that are played: who comes instead of them, and what becomes of them. */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../../shell/bpcp.h"
#include "../../shell/whole.h"
#include "folder.h"
#include "unit.h"

/* More than anybody would keep waiting. */
#define STRANGERS 80
#define LONG 30

/* --- the nodes --- */

static enum {
	WORKS,
	STRANGERS_FIRST,
	KILLED_AMIDST,	    /* and its connection stays */
	KILLED_AT_THE_END,
} play;

/* Which is the one that is killed; -1: all. */
static int victim = -1;

/* Open until the test is over. */
static int over[2];

/* Of whom a stranger pretended to be, and what was said to it. */
static int overheard[2];

static int call(const struct bproc_io_t *io)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a;

	memcpy(&a, &io->d.addr, sizeof(a));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)) ? fd : -1;
}

/* Knows the child's number, but no secret; the others say nothing at all. */
static void be_strangers(const struct bproc_io_t *io, int who, int done)
{
	char answer[32] = "";
	int i, fd = -1, said[6] = { who, io->fd, 0, 0, 0, 0 };

	for (i = 0; i < STRANGERS; i++) {
		fd = call(io);
		if (i == 0 && !write_whole(fd, said, sizeof(said)))
			_exit(1);
		if (i == 0)
			overheard[0] = fd;
	}
	close(done);
	if (read(overheard[0], answer, sizeof(answer) - 1) > 0)
		(void)!write(overheard[1], answer, strlen(answer));
	_exit(0);
}

/* Goes on as the child; who was it ends the way that is played. */
static void divide(int fd, int node)
{
	pid_t child = getpid(), other;
	char c;
	int i;

	if (play == WORKS || play == STRANGERS_FIRST || (victim >= 0 && node != victim))
		return;
	other = fork();
	if (play == KILLED_AMIDST && !other) {
		usleep(300000);
		kill(child, SIGKILL);
		/* Keeps the connection for longer than anybody would wait, and no other. */
		alarm(LONG);
		for (i = 4; i < 64; i++)
			if (i != fd && i != over[0])
				close(i);
		_exit(read(over[0], &c, 1) != 0);
	}
	if (play == KILLED_AT_THE_END && other) {
		close(fd);
		close(3);
		waitpid(other, NULL, 0);
		raise(SIGKILL);
	}
}

int bproc_rfork_io(int node, struct bproc_io_t *io, int iolen)
{
	int done[2], fd;
	pid_t pid;
	char c;

	ck_assert_int_eq(iolen, 1);
	ck_assert_int_eq(pipe(done), 0);
	pid = fork();
	if (pid) {
		if (play == STRANGERS_FIRST && !fork())
			be_strangers(io, pid, done[1]);
		close(done[0]);
		close(done[1]);
		return pid;
	}
	close(done[1]);
	(void)!read(done[0], &c, 1);
	fd = call(io);
	if (io->flags & BPROC_IO_SEND_INFO) {
		int who[2] = { getpid(), io->fd };

		(void)!write(fd, who, sizeof(who));
	}
	dup2(fd, io->fd);
	divide(fd, node);
	return 0;
}

const char *bproc_strerror(int err)
{
	return strerror(err);
}

/* --- here --- */

static void enter(void)
{
	enter_folder();
	/* Whoever is played by a grandchild. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ck_assert_int_eq(system("echo hello >a"), 0);
	ck_assert_int_eq(truncate("a", 300000), 0);
}

static void leave(void)
{
	leave_folder();
	while (wait(NULL) > 0)
		;
}

static int bpcp(const char *from, const char *to)
{
	char *argv[] = { "bpcp", strdup(from), strdup(to), NULL };

	return bpcp_command(3, argv);
}

/* What is said of it, which fails. */
static void says(const char *from, const char *to, const char *wanted)
{
	char said[4096] = "";
	int fd = open("said", O_RDWR | O_CREAT | O_TRUNC, 0600), old = dup(2);

	dup2(fd, 2);
	ck_assert_int_eq(bpcp(from, to), 1);
	dup2(old, 2);
	ck_assert_int_ge(pread(fd, said, sizeof(said) - 1, 0), 0);
	ck_assert_str_eq(said, wanted);
	close(fd);
	close(old);
}

static bool is_copy(const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "cmp -s a %s", name);
	return !system(command);
}

START_TEST(to_and_fro)
{
	enter();
	ck_assert_int_eq(bpcp("a", "b"), 0);
	ck_assert(is_copy("b"));
	ck_assert_int_eq(bpcp("a", "0:c"), 0);
	ck_assert(is_copy("c"));
	ck_assert_int_eq(bpcp("0:a", "d"), 0);
	ck_assert(is_copy("d"));
	ck_assert_int_eq(bpcp("0:a", "1:e"), 0);
	ck_assert(is_copy("e"));
	ck_assert_int_eq(bpcp("0:none", "f"), 1);
	ck_assert_int_eq(bpcp("a", "0:no/such/place"), 1);
	ck_assert_int_eq(bpcp("0:a", "1:no/such/place"), 1);
	/* One node, one file. */
	ck_assert_int_eq(bpcp("0:a", "0:a"), 1);
	ck_assert_int_eq(bpcp("0:d", "0:."), 1);
	ck_assert(is_copy("d"));
	leave();
}
END_TEST

/* Neither do they learn what is copied, nor do they keep the node from coming. */
START_TEST(strangers)
{
	char answer[32] = "";

	enter();
	play = STRANGERS_FIRST;
	ck_assert_int_eq(pipe(overheard), 0);
	ck_assert_int_eq(bpcp("a", "0:b"), 0);
	ck_assert(is_copy("b"));
	close(overheard[1]);
	ck_assert_int_eq(read(overheard[0], answer, sizeof(answer)), 0);
	leave();
}
END_TEST

/* The node has lost its power: of the connection nobody hears any more. */
START_TEST(a_node_that_is_lost)
{
	time_t begin = time(NULL);

	enter();
	play = KILLED_AMIDST;
	ck_assert_int_eq(pipe(over), 0);
	ck_assert_int_eq(truncate("a", 1LL << 40), 0);
	says("0:a", "/dev/null", "bpcp: node 0: the connection broke\n");
	says("a", "0:/dev/null", "bpcp: node 0: the connection broke\n");
	ck_assert_int_eq(bpcp("0:a", "1:/dev/null"), 1);
	victim = 0;
	says("0:a", "1:/dev/null", "bpcp: node 0: the connection broke\n");
	victim = 1;
	says("0:a", "1:/dev/null", "bpcp: node 1: the connection broke\n");
	ck_assert_int_lt(time(NULL) - begin, LONG);
	close(over[1]);
	leave();
}
END_TEST

/* As the shell's "trap '' CHLD" leaves it. */
START_TEST(children_that_are_ignored)
{
	enter();
	signal(SIGCHLD, SIG_IGN);
	ck_assert_int_eq(bpcp("a", "0:b"), 0);
	play = KILLED_AT_THE_END;
	says("a", "0:c", "bpcp: node 0: the connection broke\n");
	ck_assert(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
	ck_assert(is_copy("c"));
	leave();
}
END_TEST

/* It is where the file is, whoever writes the report. */
START_TEST(where_it_went_wrong)
{
	enter();
	says("none", "0:b", "bpcp: none: No such file or directory\n");
	says("0:none", "1:b", "bpcp: node 0: none: No such file or directory\n");
	says("0:a", "1:no/place", "bpcp: node 1: no/place: No such file or directory\n");
	leave();
}
END_TEST

/* A name is for the terminal's user, not for the terminal. */
START_TEST(names_that_are_shown)
{
	enter();
	says("no\033[2J", "b", "bpcp: no?[2J: No such file or directory\n");
	says("0:no\033[2J", "b", "bpcp: node 0: no?[2J: No such file or directory\n");
	says("a", "0:no\033[2J/\302\233",
	     "bpcp: node 0: no?[2J/??: No such file or directory\n");
	leave();
}
END_TEST

UNIT_MAIN("bpcp", names_that_are_shown, where_it_went_wrong, to_and_fro, strangers,
	  a_node_that_is_lost, children_that_are_ignored)
