// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The original's system call, often.
 *
 *	legacy-load busy SECONDS	VERSION again and again: answered, or ENOSYS
 *	legacy-load fuzz COUNT SEED	COUNT calls with random arguments
 *	legacy-load undump FILE		becomes an image; exits with the errno
 */
#include "old.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

static int busy(int seconds)
{
	double end = now() + seconds;
	unsigned long answered = 0, missed = 0;
	struct old_version v;
	long ret;

	while (now() < end) {
		ret = old(VERSION, &v, 0);
		if (!ret)
			answered++;
		else if (ret == -ENOSYS)
			missed++;
		else
			return 1;
	}
	printf("# %lu answered, %lu not\n", answered, missed);
	return answered && missed ? 0 : 2;
}

static uint64_t seed;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static unsigned char *memory;
#define MEMORY 65536

static long random_value(void)
{
	switch (rnd() % 8) {
	case 0:
		return (long)rnd();
	case 1:
		return (long)(rnd() % 64) - 32;
	case 2:
		return (long)(memory + MEMORY - rnd() % 128);
	case 3:
		return (long)(rnd() % 3) - 1;
	case 4:
		return 1L << rnd() % (8 * sizeof(long));
	default:
		return (long)(memory + rnd() % MEMORY);
	}
}

static void random_memory(void)
{
	long *p = (long *)memory;
	size_t i;

	for (i = 0; i < MEMORY / sizeof(*p); i++)
		p[i] = rnd() % 3 ? random_value() : 0;
}

/* Not machines, nor the cluster's daemons. */
static bool harmless(int function)
{
	return function != REBOOT && function != HALT && function != PWROFF &&
	       function != RECONNECT && function != STATUS && function != CHROOT;
}

static void fuzz_some(int n)
{
	struct rlimit few = { 64, 64 };
	struct itimerval bounded = { .it_value = { .tv_sec = 10 * slowness() } };
	int function, i, null = open("/dev/null", O_RDWR);
	long me = syscall(SYS_getpid);

	for (i = 0; i < 3; i++)
		dup2(null, i);
	setrlimit(RLIMIT_NOFILE, &few);
	/* SIGALRM kills, and moves hold it back until they are done. */
	setitimer(ITIMER_REAL, &bounded, NULL);
	for (i = 0; i < n; i++) {
		function = rnd() % 10 ? all_functions[rnd() % FUNCTIONS] : (int)rnd();
		if (rnd() % 64 == 0)
			random_memory();
		if (!harmless(function))
			continue;
		old(function, random_value(), random_value());
		/* One that was made by it, or has become of it. */
		if (syscall(SYS_getpid) != me)
			_exit(0);
	}
	_exit(0);
}

static int fuzz(int count, uint64_t from)
{
	struct old_version v;
	int status, i;
	pid_t pid;

	seed = from * 0x9e3779b97f4a7c15ULL + 1;
	memory = mmap(NULL, MEMORY + 4096, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(memory + MEMORY, 4096);
	random_memory();
	for (i = 0; i < count; i += 200) {
		rnd();
		pid = fork();
		if (!pid) {
			way = (int)(rnd() % WAYS);
			setpgid(0, 0);
			fuzz_some(200);
		}
		/* It may have gone anywhere, and become anything. */
		status = end_of(pid);
		if (status == -1)
			end_of(pid);
		while (waitpid(-1, &status, WNOHANG) > 0)
			;
	}
	same("random calls: the module still answers", 0, old(VERSION, &v, 0));
	return failures != 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "busy"))
		return busy(atoi(argv[2]));
	if (!strcmp(argv[1], "undump"))
		return (int)-old(UNDUMP, open(argv[2], O_RDONLY), 0) & 255;
	return fuzz(atoi(argv[2]), argc > 3 ? strtoull(argv[3], NULL, 0) : 1);
}
