// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iodefault run NODE PROGRAM [ARGUMENT]...	become PROGRAM, and move to NODE
 * iodefault start NODE,... COMMAND		a child (RFORK) moves through all NODEs and does
 *						COMMAND; ends as it did
 * iodefault go NODE,... COMMAND		the same without a child (MOVE)
 *
 * COMMAND: cat		copies input to output
 *	    gen N	writes N bytes, each 0..255 in turn
 *	    sum N	reads N bytes and writes "good" if they are gen's
 *	    both	"out" to output, "err" to error output
 *	    who		descriptors 0, 1, 2: kind and owner
 *	    forks N	N children, each writes a line; then one of its own
 *	    late	ends; a child of it writes a line a second later
 *	    pipe	writes until it cannot; the errno to error output
 *	    killed	the same with SIGPIPE as it is
 *	    sleep N	writes "here" and sleeps N seconds
 *	    wrote N NODE	gen N, moves to NODE, writes "there"
 *	    eat N NODE	reads N bytes, moves to NODE, copies the rest
 *	    closes N NODE	closes 0, 1, 2, sleeps N seconds, moves to NODE
 *	    stays NODE	tries to become a program at NODE that is not there; then cat
 *	    sends NODE N	a child (RFORK) goes to NODE and does gen N; then "parent"
 *	    outlives NODE N	moves to NODE; a child, which stays, does gen N; then "parent"
 *	    bereft	writes "here", waits for the end of its input, and writes until that
 *			fails; exits with the errno
 *
 * All with the default descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/bproc.h>

static char buf[65536];

static int call(unsigned long request, int node, char **argv)
{
	extern char **environ;
	struct bproc_move m = { .node = node, .flags = 7, .iolen = BPROC_IO_DEFAULT };
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC), ret;

	if (argv) {
		m.path = (unsigned long)argv[0];
		m.argv = (unsigned long)argv;
		m.envp = (unsigned long)environ;
		m.flags |= BPROC_MOVE_LINKED;
	}
	ret = fd < 0 ? -1 : ioctl(fd, request, &m);
	if (ret < 0) {
		fprintf(stderr, "to node %d: %m\n", node);
		exit(111);
	}
	close(fd);
	return ret;
}

static int put(const char *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = write(1, p, len);
		if (n <= 0)
			return -1;
	}
	return 0;
}

static int cat(void)
{
	ssize_t n;

	while ((n = read(0, buf, sizeof(buf))) > 0)
		if (put(buf, (size_t)n))
			return 1;
	return n ? 1 : 0;
}

static int gen(size_t len)
{
	size_t i, n;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (char)i;
	for (; len; len -= n) {
		n = len < sizeof(buf) ? len : sizeof(buf);
		if (put(buf, n))
			return 1;
	}
	return 0;
}

static int sum(size_t len)
{
	size_t at = 0;
	ssize_t n, i;

	while ((n = read(0, buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++, at++)
			if (buf[i] != (char)at) {
				printf("bad at %zu\n", at);
				return 1;
			}
	puts(n ? "error" : at == len ? "good" : "short");
	return 0;
}

static int who(void)
{
	struct stat st;
	int fd;

	for (fd = 0; fd < 3; fd++) {
		if (fstat(fd, &st))
			printf("closed ");
		else
			printf("%s:%d ", S_ISFIFO(st.st_mode) ? "pipe" : "other",
			       (int)st.st_uid);
	}
	fd = open("/proc/self/fd/1", O_WRONLY);
	puts(fd < 0 ? strerror(errno) : "opens");
	return 0;
}

static int forks(int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!fork()) {
			printf("child %d\n", i);
			exit(0);
		}
	while (wait(NULL) > 0)
		;
	puts("parent");
	return 0;
}

static int eat(size_t len)
{
	ssize_t n;

	for (; len; len -= (size_t)n) {
		n = read(0, buf, len < 100 ? len : 100);
		if (n <= 0)
			return 1;
	}
	return 0;
}

static int ends_well(int pid)
{
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static int sends(int node, size_t n)
{
	int pid = call(BPROC_IOC_RFORK, node, NULL);

	if (!pid)
		exit(gen(n));
	return ends_well(pid) ? put("parent", 6) : 1;
}

static int outlives(int node, size_t n)
{
	int pid = fork();

	if (!pid)
		exit(gen(n));
	call(BPROC_IOC_MOVE, node, NULL);
	return ends_well(pid) ? put("parent", 6) : 1;
}

static int bereft(void)
{
	signal(SIGPIPE, SIG_IGN);
	put("here\n", 5);
	while (read(0, buf, sizeof(buf)) > 0)
		;
	while (write(1, buf, 1) == 1)
		;
	return errno;
}

static int closes(unsigned int seconds, int node)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		close(fd);
	sleep(seconds);
	call(BPROC_IOC_MOVE, node, NULL);
	return 0;
}

static int stays(int node)
{
	char *argv[] = { "program", NULL };
	struct bproc_move m = {
		.node = node,
		.flags = 7,
		.iolen = BPROC_IO_DEFAULT,
		.path = (unsigned long)"/no/such/program",
		.argv = (unsigned long)argv,
	};
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC);

	if (fd < 0 || !ioctl(fd, BPROC_IOC_REXEC, &m) || errno != ENOENT)
		return 114;
	close(fd);
	return cat();
}

static int do_command(char **argv)
{
	size_t n = argv[1] ? strtoul(argv[1], NULL, 0) : 0;

	if (!strcmp(*argv, "wrote")) {
		if (gen(n))
			return 1;
		call(BPROC_IOC_MOVE, atoi(argv[2]), NULL);
		return put("there", 5);
	}
	if (!strcmp(*argv, "eat")) {
		if (eat(n))
			return 1;
		call(BPROC_IOC_MOVE, atoi(argv[2]), NULL);
		return cat();
	}
	if (!strcmp(*argv, "closes"))
		return closes((unsigned int)n, atoi(argv[2]));
	if (!strcmp(*argv, "stays"))
		return stays(atoi(argv[1]));
	if (!strcmp(*argv, "sends"))
		return sends(atoi(argv[1]), strtoul(argv[2], NULL, 0));
	if (!strcmp(*argv, "outlives"))
		return outlives(atoi(argv[1]), strtoul(argv[2], NULL, 0));
	if (!strcmp(*argv, "bereft"))
		return bereft();

	if (!strcmp(*argv, "cat"))
		return cat();
	if (!strcmp(*argv, "gen"))
		return gen(n);
	if (!strcmp(*argv, "sum"))
		return sum(n);
	if (!strcmp(*argv, "stops"))
		return raise(SIGSTOP) || sum(n);
	if (!strcmp(*argv, "both"))
		return put("out\n", 4) || write(2, "err\n", 4) != 4;
	if (!strcmp(*argv, "who"))
		return who();
	if (!strcmp(*argv, "forks"))
		return forks((int)n);
	if (!strcmp(*argv, "late")) {
		if (!fork()) {
			sleep(1);
			puts("late");
		}
		return 0;
	}
	if (!strcmp(*argv, "pipe"))
		signal(SIGPIPE, SIG_IGN);
	if (!strcmp(*argv, "pipe") || !strcmp(*argv, "killed")) {
		while (!gen(sizeof(buf)))
			;
		fprintf(stderr, "%s\n", strerror(errno));
		return 0;
	}
	if (!strcmp(*argv, "sleep")) {
		put("here\n", 5);
		sleep((unsigned int)n);
		return 0;
	}
	return 112;
}

static int go(char **argv, int first)
{
	char *p = argv[0];

	if (first)
		call(BPROC_IOC_MOVE, atoi(p), NULL);
	while ((p = strchr(p, ',')))
		call(BPROC_IOC_MOVE, atoi(++p), NULL);
	return do_command(argv + 1);
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 4)
		return 110;
	if (!strcmp(argv[1], "run"))
		return call(BPROC_IOC_EXECMOVE, atoi(argv[2]), argv + 3);
	if (!strcmp(argv[1], "go"))
		return go(argv + 2, 1);
	if (!call(BPROC_IOC_RFORK, atoi(argv[2]), NULL))
		return go(argv + 2, 0);
	if (wait(&status) < 0)
		return 113;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
