// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that dumps itself, and looks after itself before and after.
 *
 *	vmad dump FILE [FLAGS]	fill the process with state, dump it, check it; the restored
 *				program checks it too. Says "dumped N" or "restored",
 *				and "bad: WHAT" for whatever is not as it was
 *	vmad undump FILE	become an image; - is standard input
 *	vmad execdump FILE PROGRAM ARGS...
 *	vmad lib clear|add NAME|del NAME|list|size
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/membarrier.h>
#include <linux/types.h>
#include "uapi/linux/vmadump.h"

static int device;
static int bad;

#define CHECK(what, condition)                                                              \
	do {                                                                                  \
		if (!(condition)) {                                                             \
			printf("bad: %s\n", what);                                              \
			bad++;                                                                  \
		}                                                                               \
	} while (0)

static __thread int tls_variable = 5;
static volatile sig_atomic_t usr1_seen, usr2_on_altstack;
static char altstack[65536];

static void on_usr1(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	usr1_seen += sig == SIGUSR1;
}

static void on_usr2(int sig)
{
	char here;

	(void)sig;
	usr2_on_altstack = &here >= altstack && &here < altstack + sizeof(altstack);
}

static void *thread(void *arg)
{
	return (char *)arg + 1;
}

/* The dump call, with values in vector registers that must be there afterwards. */
static long dump_with_registers(struct vmad_dump *d, double out[4], double in[4],
				unsigned int *mxcsr, long double *st)
{
	unsigned int mode = 0x7f80;
	long ret;
#ifdef __x86_64__
	__asm__ volatile("ldmxcsr %[mode]\n\t"
			 "vmovupd (%[in]), %%ymm9\n\t"
			 "fldt (%[st])\n\t"
			 "syscall\n\t"
			 "fstpt (%[st])\n\t"
			 "vmovupd %%ymm9, (%[out])\n\t"
			 "stmxcsr %[now]\n\t"
			 : "=a"(ret), [now] "=m"(*mxcsr)
			 : "a"(SYS_ioctl), "D"(device), "S"(VMAD_IOC_DO_DUMP), "d"(d),
			   [in] "r"(in), [out] "r"(out), [st] "r"(st), [mode] "m"(mode)
			 : "memory", "rcx", "r11", "xmm9");
#else
	void *p[3] = { in, out, st };

	/* Built without SSE, so nobody else uses the register. */
	__asm__ volatile("ldmxcsr %[mode]\n\t"
			 "movl (%%esi), %%eax\n\t"
			 "movups (%%eax), %%xmm5\n\t"
			 "movl 8(%%esi), %%eax\n\t"
			 "fldt (%%eax)\n\t"
			 "movl $54, %%eax\n\t"
			 "int $0x80\n\t"
			 "movl 8(%%esi), %%edx\n\t"
			 "fstpt (%%edx)\n\t"
			 "movl 4(%%esi), %%edx\n\t"
			 "movups %%xmm5, (%%edx)\n\t"
			 "stmxcsr %[now]\n\t"
			 : "=&a"(ret), [now] "=m"(*mxcsr), "+d"(d)
			 : "b"(device), "c"(VMAD_IOC_DO_DUMP), "S"(p), [mode] "m"(mode)
			 : "memory");
#endif
	mode = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(mode));
	return ret;
}

static unsigned long status_field(const char *name)
{
	char line[256];
	unsigned long value = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtoul(line + strlen(name) + 1, NULL, 16);
	if (f)
		fclose(f);
	return value;
}

static int read_proc(const char *path, char *buf, int size)
{
	int fd = open(path, O_RDONLY), n = 0, r;

	while (fd >= 0 && n < size && (r = read(fd, buf + n, size - n)) > 0)
		n += r;
	close(fd);
	return n;
}

#define HEAP (3 << 20)

/* Barriers that a program has to register for; one is left out. */
static const struct {
	int enter, use;
} barriers[] = {
	{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED },
	{ MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, MEMBARRIER_CMD_GLOBAL_EXPEDITED },
	{ MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
	  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE },
};

#define BARRIERS ((int)(sizeof(barriers) / sizeof(barriers[0])))

static void check_processor(void)
{
	unsigned int real, node;
	cpu_set_t one;
	int i;

	for (i = 0; i < 2; i++) {
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		if (sched_setaffinity(0, sizeof(one), &one))
			continue;
		syscall(SYS_getcpu, &real, &node, NULL);
		CHECK("sched_getcpu", sched_getcpu() == (int)real);
	}
	CPU_SET(0, &one);
	CPU_SET(1, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void check_clock(void)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &b);
	CHECK("clock_gettime", b.tv_sec - a.tv_sec >= 0 && b.tv_sec - a.tv_sec < 3);
	CHECK("time", time(NULL) > 1000000000);
}

static int dump(int argc, char **argv)
{
	struct vmad_dump d = { .flags = argc > 3 ? atoi(argv[3]) : VMAD_DUMP_ALL };
	double in[4] = { 1.5, 2.5, 3.5, 4.5 }, out[4] = { 0 };
	char *private_map, *readonly, *shared, *sparse, *none, *wipe;
	unsigned long blocked, sizes[2];
	struct sigaction act = { .sa_flags = SA_SIGINFO | SA_RESTART }, now;
	stack_t stack = { .ss_sp = altstack, .ss_size = sizeof(altstack) }, stack_now;
	char args[2][4096], env[2][4096], comm[2][32] = { "", "" };
	int n_args, n_env;
	long double st = 3.0L;
	unsigned int mxcsr = 0;
	sigset_t mask, mask_now;
	int *heap, i, wrong = 0, status, *child_tid = NULL;
	void *robust[2] = { NULL, NULL };
	size_t robust_len;
	unsigned long auxv = getauxval(AT_PHDR);
	pid_t tid_pid = getpid();
	pthread_t t;
	void *result = NULL;
	char *name;
	long r;
	pid_t pid;
	void *brk0;
	struct itimerval timer;

	(void)tid_pid;
	(void)child_tid;
	heap = malloc(HEAP);
	for (i = 0; i < HEAP / 4; i++)
		heap[i] = i * 7;
	tls_variable = 1234;
	private_map = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(private_map, "private");
	readonly = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(readonly, "readonly");
	mprotect(readonly, 4096, PROT_READ);
	none = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(none, "none");
	mprotect(none, 4096, PROT_NONE);
	shared = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(shared + 500000, "shared");
	wipe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(wipe, "wiped");
	madvise(wipe, 4096, MADV_WIPEONFORK);
	sizes[0] = sizeof(long) == 8 ? 1UL << 40 : 1UL << 29;
	sparse = mmap(NULL, sizes[0], PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sparse != MAP_FAILED)
		strcpy(sparse + sizes[0] / 2, "sparse");
	act.sa_sigaction = on_usr1;
	sigemptyset(&act.sa_mask);
	sigaddset(&act.sa_mask, SIGHUP);
	sigaction(SIGUSR1, &act, NULL);
	sigaltstack(&stack, NULL);
	act = (struct sigaction){ .sa_flags = SA_ONSTACK };
	act.sa_handler = on_usr2;
	sigaction(SIGUSR2, &act, NULL);
	signal(SIGWINCH, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGRTMIN + 3);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	blocked = status_field("SigBlk");
	syscall(SYS_get_robust_list, 0, &robust[0], &robust_len);
	prctl(PR_SET_NAME, "vmad-test");
	CHECK("membarrier", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) == -1);
	for (i = 0; i < BARRIERS; i++)
		CHECK("membarrier: register", !syscall(SYS_membarrier, barriers[i].enter, 0));
	n_args = read_proc("/proc/self/cmdline", args[0], sizeof(args[0]));
	n_env = read_proc("/proc/self/environ", env[0], sizeof(env[0]));
	check_clock();
	check_processor();
	timer = (struct itimerval){ .it_value.tv_sec = 1000 };
	setitimer(ITIMER_REAL, &timer, NULL);

	d.fd = strcmp(argv[2], "-") ? open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0755) : 1;
	r = dump_with_registers(&d, out, in, &mxcsr, &st);

	if (!strcmp(argv[2], "-"))
		dup2(2, 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (r < 0 && r > -4096) {
		printf("dump: %s\n", strerror(-r));
		return 1;
	}
#ifdef __x86_64__
	CHECK("vector register", !memcmp(in, out, sizeof(in)));
#else
	CHECK("vector register", !memcmp(in, out, sizeof(in) / 2));
#endif
	CHECK("x87", st == 3.0L);
	CHECK("mxcsr", mxcsr == 0x7f80);
	for (i = 0; i < HEAP / 4; i++)
		wrong += heap[i] != i * 7;
	CHECK("heap", !wrong);
	CHECK("TLS", tls_variable == 1234);
	CHECK("private mapping", !strcmp(private_map, "private"));
	CHECK("readonly mapping", !strcmp(readonly, "readonly"));
	CHECK("shared mapping", !strcmp(shared + 500000, "shared"));
	CHECK("sparse mapping", sparse == MAP_FAILED || !strcmp(sparse + sizes[0] / 2, "sparse"));
	mprotect(none, 4096, PROT_READ);
	CHECK("unreadable mapping", !strcmp(none, "none"));
	CHECK("wiped", !strcmp(wipe, r ? "wiped" : ""));
	CHECK("blocked signals", status_field("SigBlk") == blocked);
	sigprocmask(SIG_SETMASK, NULL, &mask_now);
	CHECK("mask", sigismember(&mask_now, SIGTERM) && sigismember(&mask_now, SIGRTMIN + 3) &&
			      !sigismember(&mask_now, SIGUSR1));
	usr1_seen = 0;
	raise(SIGUSR1);
	CHECK("handler", usr1_seen == 1);
	raise(SIGUSR2);
	CHECK("alternate stack", usr2_on_altstack);
	sigaltstack(NULL, &stack_now);
	CHECK("sigaltstack", stack_now.ss_sp == altstack && stack_now.ss_size == sizeof(altstack));
	sigaction(SIGUSR1, NULL, &now);
	CHECK("sigaction", (now.sa_flags & (SA_SIGINFO | SA_RESTART)) == (SA_SIGINFO | SA_RESTART) &&
				   sigismember(&now.sa_mask, SIGHUP));
	raise(SIGWINCH);
	syscall(SYS_get_robust_list, 0, &robust[1], &robust_len);
	CHECK("robust list", robust[0] == robust[1]);
	for (i = 0; i < BARRIERS; i++)
		CHECK("membarrier: registered", !syscall(SYS_membarrier, barriers[i].use, 0));
	CHECK("membarrier: nothing more",
	      syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0) == -1);
	prctl(PR_GET_NAME, comm[1]);
	CHECK("comm", !strcmp(comm[1], "vmad-test"));
	CHECK("cmdline", read_proc("/proc/self/cmdline", args[1], sizeof(args[1])) == n_args &&
				 !memcmp(args[0], args[1], n_args));
	CHECK("environ", read_proc("/proc/self/environ", env[1], sizeof(env[1])) == n_env &&
				 !memcmp(env[0], env[1], n_env));
	{
		unsigned long aux[128], n;
		int found = 0, len = read_proc("/proc/self/auxv", (char *)aux, sizeof(aux));

		for (n = 0; n + 1 < len / sizeof(long); n += 2)
			found |= aux[n] == AT_PHDR && aux[n + 1] == auxv;
		CHECK("auxv", found);
	}
	name = realpath("/proc/self/exe", NULL);
	CHECK("exe", name && strstr(name, "vmad"));
	getitimer(ITIMER_REAL, &timer);
	CHECK("timer", r ? timer.it_value.tv_sec > 0 : !timer.it_value.tv_sec);
	check_clock();
	check_processor();
	brk0 = sbrk(65536);
	CHECK("brk", brk0 != (void *)-1);
	if (brk0 != (void *)-1)
		memset(brk0, 1, 65536);
	free(heap);
	heap = malloc(5 << 20);
	memset(heap, 1, 5 << 20);
	pid = fork();
	if (!pid)
		_exit(5);
	CHECK("fork", waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	CHECK("thread", !pthread_create(&t, NULL, thread, heap) &&
				!pthread_join(t, &result) && result == (char *)heap + 1);
	CHECK("tid address", (long)syscall(SYS_set_tid_address, &status) == getpid());
	if (r)
		printf("dumped %lld\n", (long long)d.bytes);
	else
		printf("restored\n");
	return bad ? 1 : 0;
}

static int undump(const char *path)
{
	struct vmad_undump u = { .fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : 0 };
	int r = ioctl(device, VMAD_IOC_DO_UNDUMP, &u);

	printf("undump: %d %s\n", r, strerror(errno));
	return errno;
}

static int execdump(char **argv)
{
	struct vmad_execdump e = {
		.path = (uintptr_t)argv[3],
		.argv = (uintptr_t)(argv + 3),
		.envp = (uintptr_t)environ,
		.flags = VMAD_DUMP_ALL,
		.fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0755),
	};
	int r = ioctl(device, VMAD_IOC_EXECDUMP, &e);

	printf("execdump: %d %s\n", r, strerror(errno));
	return errno;
}

static int lib(int argc, char **argv)
{
	struct vmad_lib l = { .name = argc > 3 ? (uintptr_t)argv[3] : 0 };
	char buffer[65536], *p;
	struct vmad_lib_list all = { .buffer = (uintptr_t)buffer, .size = sizeof(buffer) };
	int r = -1;

	if (!strcmp(argv[2], "clear"))
		r = ioctl(device, VMAD_IOC_LIB_CLEAR);
	else if (!strcmp(argv[2], "add"))
		r = ioctl(device, VMAD_IOC_LIB_ADD, &l);
	else if (!strcmp(argv[2], "del"))
		r = ioctl(device, VMAD_IOC_LIB_DEL, &l);
	else if (!strcmp(argv[2], "size"))
		printf("%d\n", r = ioctl(device, VMAD_IOC_LIB_SIZE));
	else if (!strcmp(argv[2], "list")) {
		if (argc > 3)
			all.size = atoi(argv[3]);
		r = ioctl(device, VMAD_IOC_LIB_LIST, &all);
		for (p = buffer; r > 0 && *p; p += strlen(p) + 1)
			puts(p);
	}
	if (r < 0) {
		printf("%s\n", strerror(errno));
		return errno;
	}
	return 0;
}

int main(int argc, char **argv)
{
	device = open("/dev/bproc", O_RDWR | O_CLOEXEC);
	if (device < 0) {
		perror("/dev/bproc");
		return 1;
	}
	if (argc > 2 && !strcmp(argv[1], "dump"))
		return dump(argc, argv);
	if (argc > 2 && !strcmp(argv[1], "undump"))
		return undump(argv[2]);
	if (argc > 3 && !strcmp(argv[1], "execdump"))
		return execdump(argv);
	if (argc > 2 && !strcmp(argv[1], "lib"))
		return lib(argc, argv);
	fprintf(stderr, "usage: see the source\n");
	return 2;
}
