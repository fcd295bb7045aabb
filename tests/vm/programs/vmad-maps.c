// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs with much memory, little memory in much space, and many mappings.
 *
 *	vmad-maps FILE maps N	N mappings, every second of them read-only
 *	vmad-maps FILE runs N	N single pages with holes between them
 *	vmad-maps FILE bytes N	N MiB of memory
 *	vmad-maps FILE sparse	64 GiB with one page, and 64 MiB of shared memory with one
 *	vmad-maps FILE odd	guard pages, a memory file, locked memory, deleted files, ...
 *
 * Dumps itself, and says how that went ("dumped BYTES in MS ms, RSS KIB kB more"); the
 * program restored says "restored".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

int main(int argc, char **argv)
{
	struct vmad_dump d = { .flags = VMAD_DUMP_ALL };
	const char *what = argc > 2 ? argv[2] : "";
	unsigned long i, bad = 0, n = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	char *p = NULL, *q = NULL, *file_map = NULL, *memory_file = NULL;
	struct timespec t0, t1;
	long before;
	int device = open("/dev/bproc", O_RDWR), r, fd;

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
		p = map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
		memset(p, 7, 16 * PAGE);
		madvise(p + 4 * PAGE, PAGE, 102 /* MADV_GUARD_INSTALL, where it is known */);
		mlock(p, 2 * PAGE);
		madvise(p + 8 * PAGE, PAGE, MADV_DONTDUMP);
		madvise(p + 9 * PAGE, PAGE, MADV_DONTFORK);
		fd = open("/tmp/vmad-deleted", O_RDWR | O_CREAT | O_TRUNC, 0600);
		if (write(fd, "deleted file", 13) != 13)
			return 2;
		file_map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		file_map[20] = 'x';
		unlink("/tmp/vmad-deleted");
		fd = memfd_create("memory", 0);
		if (ftruncate(fd, 1 << 20) || pwrite(fd, "memory file", 12, 500000) != 12)
			return 2;
		memory_file = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		q = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		if (q != MAP_FAILED)
			strcpy(q + 1000000, "huge");
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
		for (i = 0; i < 16 * PAGE; i++)
			bad += i / PAGE != 4 && p[i] != 7;
		bad += !!strcmp(file_map, "deleted file") + (file_map[20] != 'x');
		bad += !!strcmp(memory_file + 500000, "memory file");
		bad += q != MAP_FAILED && strcmp(q + 1000000, "huge");
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
