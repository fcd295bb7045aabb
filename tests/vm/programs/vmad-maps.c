// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs with much memory, little memory in much space, and many mappings.
 *
 *	vmad-maps FILE maps N	N mappings, every second of them read-only
 *	vmad-maps FILE runs N	N single pages with holes between them
 *	vmad-maps FILE bytes N	N MiB of memory
 *	vmad-maps FILE sparse	64 GiB with one page, and 64 MiB of shared memory with one
 *	vmad-maps FILE odd	guard pages, a memory file, locked memory, deleted files, ...
 *	vmad-maps FILE code	code that can be executed and not read
 *	vmad-maps FILE poison	a page that the machine has lost
 *	vmad-maps FILE probed	a program with a breakpoint of the kernel's in it
 *
 * Dumps itself, and says how that went ("dumped BYTES in MS ms, RSS KIB kB more"); the
 * program restored says "restored".
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include <linux/types.h>
#include "uapi/linux/vmadump.h"

#define PAGE 4096UL

/* "sparse": as much as fits. */
#define SPARSE (sizeof(long) == 8 ? (size_t)1 << (sizeof(long) == 8 ? 36 : 0) : (size_t)1 << 29)

static char *map(size_t size, int prot, int flags)
{
	char *p = mmap(NULL, size, prot, MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

/* "odd": what has to be again in the program restored. */
static struct {
	char *guarded, *deleted, *memory, *huge, *huge_file[2], *zero_file, *disk;
	unsigned long disk_sum;
} odd;

#define HUGE (2UL << 20)
#define DISK (64 * PAGE)

static unsigned long sum(const char *p, size_t size)
{
	unsigned long i, n = 0;

	for (i = 0; i < size; i++)
		n = n * 31 + (unsigned char)p[i];
	return n;
}

/* Huge pages of a file that this process has written to, but not by these mappings. */
static void make_huge_file(void)
{
	int i, fd = memfd_create("huge", 0x0004 /* MFD_HUGETLB */ | 21 << 26);
	char *p;

	odd.huge_file[0] = odd.huge_file[1] = MAP_FAILED;
	if (fd < 0 || ftruncate(fd, 3 * HUGE))
		return;
	p = mmap(NULL, 3 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return;
	strcpy(p + 1000000, "first");
	strcpy(p + 5000000, "third");
	munmap(p, 3 * HUGE);
	for (i = 0; i < 2; i++)
		odd.huge_file[i] = mmap(NULL, 3 * HUGE, PROT_READ | PROT_WRITE,
					i ? MAP_PRIVATE : MAP_SHARED, fd, 0);
	close(fd);
}

static void make_odd(void)
{
	char *p = map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	int fd;

	memset(p, 7, 16 * PAGE);
	madvise(p + 4 * PAGE, PAGE, 102 /* MADV_GUARD_INSTALL, where it is known */);
	mlock(p, 2 * PAGE);
	madvise(p + 8 * PAGE, PAGE, MADV_DONTDUMP);
	madvise(p + 9 * PAGE, PAGE, MADV_DONTFORK);
	odd.guarded = p;
	fd = open("/tmp/vmad-deleted", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (write(fd, "deleted file", 13) != 13)
		exit(2);
	/* The second page is behind the file's end. */
	odd.deleted = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	odd.deleted[20] = 'x';
	unlink("/tmp/vmad-deleted");
	fd = memfd_create("memory", 0);
	if (ftruncate(fd, 1 << 20) || pwrite(fd, "memory file", 12, 500000) != 12)
		exit(2);
	odd.memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	/* A guard amid the contents of a file: the kernel may not know such a thing. */
	madvise(odd.memory + 8 * PAGE, PAGE, 102);
	odd.huge = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (odd.huge != MAP_FAILED)
		strcpy(odd.huge + 1000000, "huge");
	make_huge_file();
	fd = open("/dev/zero", O_RDWR);
	odd.zero_file = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	memset(odd.zero_file, 9, 3 * PAGE);
	fd = open("/dev/vda", O_RDONLY);
	odd.disk = mmap(NULL, DISK, PROT_READ, MAP_SHARED, fd, 0);
	if (odd.disk != MAP_FAILED)
		odd.disk_sum = sum(odd.disk, DISK);
}

static int wrong(const char *what, int is_wrong)
{
	if (is_wrong)
		printf("bad: %s\n", what);
	return is_wrong;
}

static unsigned long check_odd(void)
{
	unsigned long i, bytes = 0, bad;

	for (i = 0; i < 16 * PAGE; i++)
		bytes += i / PAGE != 4 && odd.guarded[i] != 7;
	bad = wrong("memory with marks", !!bytes);
	bad += wrong("deleted file", strcmp(odd.deleted, "deleted file") || odd.deleted[20] != 'x');
	bad += wrong("memory file", !!strcmp(odd.memory + 500000, "memory file"));
	bad += wrong("huge page", odd.huge != MAP_FAILED && strcmp(odd.huge + 1000000, "huge"));
	for (i = 0; i < 2; i++)
		bad += wrong(i ? "huge file, private" : "huge file, shared",
			     odd.huge_file[i] != MAP_FAILED &&
				     (strcmp(odd.huge_file[i] + 1000000, "first") ||
				      strcmp(odd.huge_file[i] + 5000000, "third")));
	for (i = bytes = 0; i < 4 * PAGE; i++)
		bytes += odd.zero_file[i] != (i < 3 * PAGE ? 9 : 0);
	bad += wrong("private memory of /dev/zero", !!bytes);
	bad += wrong("disk", odd.disk != MAP_FAILED && sum(odd.disk, DISK) != odd.disk_sum);
	return bad;
}

/* Since Linux 6.11 the kernel tells at once. */
static void on_sigbus(int sig)
{
	(void)sig;
}

/* "poison": as if the memory's own check had found a page to be wrong. */
static void make_poison(void)
{
	char *p = map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	signal(SIGBUS, on_sigbus);
	madvise(p, 16 * PAGE, MADV_NOHUGEPAGE);
	memset(p, 7, 16 * PAGE);
	if (madvise(p + 4 * PAGE, PAGE, MADV_HWPOISON)) {
		printf("no poison: %s\n", strerror(errno));
		exit(0);
	}
}

static __attribute__((noinline)) int probed(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}

static int tell(const char *file, const char *format, ...)
{
	int r, fd = open(file, O_WRONLY | O_APPEND);
	va_list ap;

	if (fd < 0)
		return -1;
	va_start(ap, format);
	r = vdprintf(fd, format, ap);
	va_end(ap);
	close(fd);
	return r;
}

#define TRACING "/sys/kernel/tracing"

static void end_probe(void)
{
	tell(TRACING "/events/vmad/probed/enable", "0\n");
	tell(TRACING "/uprobe_events", "-:vmad/probed\n");
}

static void make_probe(void)
{
	unsigned long start, end, offset, at = (unsigned long)&probed, in_file = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	char line[5000], exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = 0;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 &&
		    at >= start && at < end)
			in_file = at - start + offset;
	if (f)
		fclose(f);
	mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (tell(TRACING "/uprobe_events", "p:vmad/probed %s:%#lx\n", exe, in_file) < 0 ||
	    tell(TRACING "/events/vmad/probed/enable", "1\n") < 0) {
		printf("no probe: %s\n", strerror(errno));
		exit(2);
	}
	atexit(end_probe);
	if (probed(1) != 2)
		exit(2);
}

static long resident(void)
{
	long pages[2] = { 0, 0 };
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%ld %ld", &pages[0], &pages[1]) != 2)
		pages[1] = 0;
	if (f)
		fclose(f);
	return pages[1] * 4;
}

static unsigned long word(unsigned long i)
{
	return i * 2654435761UL + 1;
}

/* "code": a function in memory that, where the processor can, is only to be executed. */
static int (*code)(void);

static void make_code(void)
{
	static const unsigned char answer[] = { 0xb8, 42, 0, 0, 0, 0xc3 }; /* mov $42,%eax; ret */
	char *p = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	memcpy(p, answer, sizeof(answer));
	if (mprotect(p, PAGE, PROT_EXEC)) {
		perror("mprotect");
		exit(2);
	}
	memcpy(&code, &p, sizeof(code));
}

int main(int argc, char **argv)
{
	struct vmad_dump d = { .flags = VMAD_DUMP_ALL };
	const char *what = argc > 2 ? argv[2] : "";
	unsigned long i, bad = 0, n = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	char *p = NULL, *q = NULL;
	struct timespec t0, t1;
	long before;
	int device = open("/dev/bproc", O_RDWR), r;

	if (argc < 3 || device < 0) {
		fprintf(stderr, "usage: see the source\n");
		return 2;
	}
	if (!strcmp(what, "maps")) {
		p = map(n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		for (i = 0; i < n; i++)
			*(unsigned long *)(p + i * PAGE) = word(i);
		for (i = 0; i < n; i += 2)
			if (mprotect(p + i * PAGE, PAGE, PROT_READ)) {
				perror("mprotect");
				return 2;
			}
	} else if (!strcmp(what, "runs")) {
		p = map(2 * n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		madvise(p, 2 * n * PAGE, MADV_NOHUGEPAGE);
		for (i = 0; i < n; i++)
			*(unsigned long *)(p + 2 * i * PAGE) = word(i);
	} else if (!strcmp(what, "bytes")) {
		n <<= 20;
		p = map(n, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		for (i = 0; i < n / PAGE; i++)
			*(unsigned long *)(p + i * PAGE) = word(i);
	} else if (!strcmp(what, "sparse")) {
		p = map(SPARSE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		strcpy(p + SPARSE / 2, "private");
		q = map(1UL << 26, PROT_READ | PROT_WRITE, MAP_SHARED);
		strcpy(q + (1UL << 25), "shared");
	} else if (!strcmp(what, "odd")) {
		make_odd();
	} else if (!strcmp(what, "code")) {
		make_code();
	} else if (!strcmp(what, "poison")) {
		make_poison();
	} else if (!strcmp(what, "probed")) {
		make_probe();
	}
	before = resident();
	clock_gettime(CLOCK_MONOTONIC, &t0);
	d.fd = strcmp(argv[1], "-") ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0755) : 1;
	r = ioctl(device, VMAD_IOC_DO_DUMP, &d);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	if (!strcmp(argv[1], "-"))
		dup2(2, 1);
	if (r < 0) {
		printf("dump: %s\n", strerror(errno));
		return 1;
	}
	if (!strcmp(what, "maps") || !strcmp(what, "runs") || !strcmp(what, "bytes")) {
		unsigned long step = strcmp(what, "runs") ? PAGE : 2 * PAGE;

		if (!strcmp(what, "bytes"))
			n /= PAGE;
		for (i = 0; i < n; i++)
			bad += *(unsigned long *)(p + i * step) != word(i);
	} else if (!strcmp(what, "sparse")) {
		bad = strcmp(p + SPARSE / 2, "private") || strcmp(q + (1UL << 25), "shared");
	} else if (!strcmp(what, "odd")) {
		bad = check_odd();
	} else if (!strcmp(what, "code")) {
		bad = code() != 42;
	}
	if (bad)
		printf("bad: %lu\n", bad);
	if (r)
		printf("dumped %llu in %ld ms, %ld kB more\n", (unsigned long long)d.bytes,
		       (t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) / 1000000,
		       resident() - before);
	else
		printf("restored\n");
	return !!bad;
}
