// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * migrates STATE: a program that knows nothing of BProc and is in some state until it gets
 * SIGUSR1 (or the state ends). Exits with 0 if all was as on one machine, else with the
 * line where it was not. It says "ready" first.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "slow.h"

#define want(cond)                                                                          \
	do {                                                                                  \
		if (!(cond)) {                                                                  \
			dprintf(2, "migrates: line %d: %s, errno %d\n", __LINE__, #cond,         \
				errno);                                                         \
			_exit(__LINE__ % 250 + 1);                                              \
		}                                                                               \
	} while (0)

/* Seconds that are not over whatever happens here, and how many of them at most are. */
#define NEVER 10000
#define MOST 1000

/* Seconds in which it is moved for sure, and still sleeps. */
static int long_enough(void)
{
	return 15 * slowness();
}

static volatile sig_atomic_t got;

static void on_signal(int sig)
{
	got += sig == SIGUSR1;
}

static void ready(void)
{
	want(write(1, "ready\n", 6) == 6);
}

static bool blocked(void)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, SIGUSR1);
}

static sigset_t block(void)
{
	sigset_t mask, old;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, &old);
	sigdelset(&old, SIGUSR1);
	return old;
}

static void do_nanosleep(void)
{
	struct timespec t = { NEVER, 0 }, left = { 0, 0 };

	ready();
	want(nanosleep(&t, &left) == -1 && errno == EINTR && got);
	/* A second passed before it was moved: it is not to begin anew. */
	want(left.tv_sec > NEVER - MOST && left.tv_sec < NEVER - 1);
}

/* The nodes' clocks that count from their start differ. */
static void do_absolute(void)
{
	struct timespec t, from, to;
	int seconds = long_enough();

	clock_gettime(CLOCK_MONOTONIC, &t);
	clock_gettime(CLOCK_REALTIME, &from);
	t.tv_sec += seconds;
	ready();
	want(!clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
	clock_gettime(CLOCK_REALTIME, &to);
	want(to.tv_sec - from.tv_sec >= seconds - 1);
}

static void do_poll(void)
{
	ready();
	want(poll(NULL, 0, NEVER * 1000) == -1 && errno == EINTR && got);
}

static void do_pollshort(void)
{
	struct timespec from, to;
	int seconds = long_enough();

	clock_gettime(CLOCK_REALTIME, &from);
	ready();
	want(poll(NULL, 0, seconds * 1000) == 0);
	clock_gettime(CLOCK_REALTIME, &to);
	want(to.tv_sec - from.tv_sec >= seconds - 1);
}

static void do_select(void)
{
	struct timeval t = { NEVER, 0 };

	ready();
	want(select(0, NULL, NULL, NULL, &t) == -1 && errno == EINTR && got);
	/* The kernel's own call says what is left. */
	want(t.tv_sec > NEVER - MOST && t.tv_sec < NEVER);
}

static void do_pause(void)
{
	ready();
	want(pause() == -1 && errno == EINTR && got);
}

static void do_suspend(void)
{
	sigset_t open = block();

	ready();
	want(sigsuspend(&open) == -1 && errno == EINTR && got == 1 && blocked());
}

static void do_ppoll(void)
{
	sigset_t open = block();

	ready();
	want(ppoll(NULL, 0, NULL, &open) == -1 && errno == EINTR && got == 1 && blocked());
}

static void do_sigwait(void)
{
	siginfo_t info;
	sigset_t mask;

	block();
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	ready();
	while (sigwaitinfo(&mask, &info) == -1)
		want(errno == EINTR);
	want(info.si_signo == SIGUSR1 && !got);
}

static void do_futex(void)
{
	static uint32_t word = 7;
	struct timespec t = { 1000, 0 };
	long ret;

	ready();
	do {
		ret = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 7, &t, NULL, 0);
		want(!ret || (errno == EINTR && got));
	} while (!got);
}

static void do_read(void)
{
	char c;

	ready();
	want(read(0, &c, 1) == 1 && c == 'x');
	want(write(1, "y\n", 2) == 2);
}

/* Memory that changes all the time and must fit: checked over and over. */
static void do_busy(void)
{
	enum { WORDS = 1 << 18 };
	static uint32_t a[WORDS];
	uint64_t sum = 0, again;
	double x = 1.0, y;
	uint32_t r = 1;
	int i, round;

	for (i = 0; i < WORDS; i++)
		sum += a[i] = (uint32_t)i * 2654435761u;
	ready();
	for (round = 0; !got; round++) {
		for (i = 0; i < 4096; i++) {
			r = r * 1664525u + 1013904223u;
			sum -= a[r % WORDS];
			a[r % WORDS] ^= r;
			sum += a[r % WORDS];
		}
		for (i = 0, y = 1.0; i < 1000; i++)
			y = y * 1.0000001 + 1e-9;
		want(round == 0 || x == y);
		x = y;
		for (i = 0, again = 0; i < WORDS; i++)
			again += a[i];
		want(again == sum);
	}
	/* It was more than one round that was moved. */
	want(round > 1);
}

static volatile sig_atomic_t counted, end;

static void on_count(int sig, siginfo_t *info, void *context)
{
	(void)context;
	counted += sig == SIGRTMIN && info->si_code == SI_USER;
	end += sig != SIGRTMIN;
}

/* How many of a signal come? Another one says that there were all; some may be late. */
static void do_count(void)
{
	struct sigaction act = { .sa_sigaction = on_count, .sa_flags = SA_SIGINFO };
	int before;

	sigaction(SIGRTMIN, &act, NULL);
	sigaction(SIGRTMIN + 1, &act, NULL);
	ready();
	while (!end)
		pause();
	do {
		before = counted;
		usleep(300000);
	} while (counted != before);
	dprintf(1, "got %d\n", (int)counted);
}

/* Many system calls, none of which may be seen to fail. */
static void do_calls(void)
{
	struct timespec t;
	int n;

	ready();
	for (n = 0; !got; n++) {
		want(getppid() > 0);
		want(!clock_gettime(CLOCK_MONOTONIC, &t));
		want(time(NULL) > 1000000);
		t.tv_sec = 0;
		t.tv_nsec = 100000;
		want(!nanosleep(&t, NULL) || got);
	}
}

/* --- what is not moved --- */

static void wait_for_it(void)
{
	ready();
	while (!got)
		pause();
}

static void do_files(void)
{
	want(open("/dev/null", O_RDONLY | O_CLOEXEC) > 2);
	wait_for_it();
}

static void *thread(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void do_threads(void)
{
	pthread_t t;

	want(!pthread_create(&t, NULL, thread, NULL));
	wait_for_it();
}

static void do_timer(void)
{
	struct itimerval t = { { 0, 0 }, { 1000, 0 } };

	want(!setitimer(ITIMER_REAL, &t, NULL));
	wait_for_it();
}

static void do_shared(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	want(p != MAP_FAILED);
	*p = 1;
	wait_for_it();
	want(*p == 1);
}

static void do_seccomp(void)
{
	want(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	/* Strict: read, write, exit alone. */
	ready();
	want(!prctl(PR_SET_SECCOMP, 1, 0, 0, 0));
	for (;;)
		if (got)
			syscall(SYS_exit, 0);
}

static void do_private(void)
{
	want(!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	wait_for_it();
}

static const struct {
	const char *name;
	void (*be)(void);
} states[] = {
	{ "nanosleep", do_nanosleep }, { "absolute", do_absolute },
	{ "poll", do_poll },	       { "pollshort", do_pollshort }, { "select", do_select },
	{ "pause", do_pause },	       { "suspend", do_suspend }, { "ppoll", do_ppoll },
	{ "sigwait", do_sigwait },     { "futex", do_futex },	  { "read", do_read },
	{ "busy", do_busy },	       { "calls", do_calls },	  { "count", do_count },
	{ "files", do_files },
	{ "threads", do_threads },     { "timer", do_timer },	  { "shared", do_shared },
	{ "seccomp", do_seccomp },     { "private", do_private },
};

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_signal };
	size_t i;

	sigaction(SIGUSR1, &act, NULL);
	for (i = 0; argc > 1 && i < sizeof(states) / sizeof(*states); i++)
		if (!strcmp(states[i].name, argv[1])) {
			states[i].be();
			return 0;
		}
	return 255;
}
