// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images that are none: each must be refused with the documented errno, and the process
 * that tried must live on. Prints a scenario's lines.
 *
 *	vmad-bad [SEED [COUNT]]		also COUNT random changes of the head
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/types.h>
#include "uapi/linux/vmadump.h"

#include "slow.h"

#if __SIZEOF_LONG__ == 8
typedef Elf64_Ehdr Ehdr;
typedef Elf64_Phdr Phdr;
typedef Elf64_Shdr Shdr;
typedef Elf64_Sym Sym;
#define AT_IP (112 + 16 * 8)
#define AT_CS (112 + 17 * 8)
#define AT_FS_BASE (112 + 21 * 8)
#else
typedef Elf32_Ehdr Ehdr;
typedef Elf32_Phdr Phdr;
typedef Elf32_Shdr Shdr;
typedef Elf32_Sym Sym;
#define AT_IP (72 + 12 * 4)
#define AT_CS (72 + 13 * 4)
#endif

#define REPLACED 77 /* exit status of the program in the image */

static int device, failures;
static char *image, *work; /* the good image, and the one being damaged */
static size_t image_len, work_len;
static int *told; /* shared: what the call in the child said */

static void report(const char *name, int good, const char *why, int value)
{
	if (good) {
		printf("ok %s\n", name);
	} else {
		printf("not ok %s: %s %d\n", name, why, value);
		failures++;
	}
}

static void expect(const char *name, int wanted, int got)
{
	report(name, got == wanted, "got", got);
}

static uint32_t crc32(const unsigned char *p, size_t n, uint32_t crc)
{
	static uint32_t table[256];
	uint32_t i, j, c;

	for (i = 0; !table[255] && i < 256; i++) {
		for (c = i, j = 0; j < 8; j++)
			c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
		table[i] = c;
	}
	while (n--)
		crc = table[(crc ^ *p++) & 255] ^ crc >> 8;
	return crc;
}

/* A note's contents in @work, or exits. */
static void *note(const char *owner, unsigned int type)
{
	Phdr *ph = (Phdr *)(work + ((Ehdr *)work)->e_phoff);
	char *p = work + ph->p_offset, *end = p + ph->p_filesz;

	while (p < end) {
		Elf64_Nhdr *n = (Elf64_Nhdr *)p;

		p += sizeof(*n);
		if (n->n_type == type && !strcmp(p, owner))
			return p + ((n->n_namesz + 3) & ~3U);
		p += ((n->n_namesz + 3) & ~3U) + ((n->n_descsz + 3) & ~3U);
	}
	printf("not ok image: no note %s %u\n", owner, type);
	exit(1);
}

static Phdr *phdr(int i)
{
	return (Phdr *)(work + ((Ehdr *)work)->e_phoff) + i;
}

static void fix_crc(void)
{
	struct vmad_image *im = note("BPROC", VMAD_NOTE_IMAGE);
	size_t len = im->data < work_len ? im->data : work_len;

	im->crc = 0;
	im->crc = ~crc32((unsigned char *)work, len, ~0U);
}

/* In a child: become @work. Returns the errno, 0 if it was replaced, -signal if it died. */
static int try_fd(int fd)
{
	int status;
	pid_t pid;

	*told = -1;
	pid = fork();
	if (!pid) {
		struct vmad_undump u = { .fd = fd };

		alarm(20 * slowness());
		*told = ioctl(device, VMAD_IOC_DO_UNDUMP, &u) ? errno : 0;
		/* Alive, and whole. */
		_exit(crc32((unsigned char *)image, image_len, ~0U) ? 1 : 2);
	}
	waitpid(pid, &status, 0);
	if (*told >= 0)
		return *told;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : 0;
}

static int try_bytes(const void *bytes, size_t len)
{
	int fd = memfd_create("image", MFD_CLOEXEC), err;

	if (write(fd, bytes, len) != (ssize_t)len)
		return -1000;
	lseek(fd, 0, SEEK_SET);
	err = try_fd(fd);
	close(fd);
	return err;
}

static void restart(void)
{
	memcpy(work, image, image_len);
	work_len = image_len;
}

static void refused(const char *name, int expected)
{
	int err = try_bytes(work, work_len);

	expect(name, expected, err);
	restart();
}

static void dump_self(void)
{
	struct vmad_dump d = { .flags = VMAD_DUMP_ALL };
	int fd = memfd_create("good", 0), status;
	pid_t pid = fork();

	if (!pid) {
		int r;

		d.fd = fd;
		r = ioctl(device, VMAD_IOC_DO_DUMP, &d);
		_exit(r > 0 ? 0 : r ? 1 : REPLACED);
	}
	waitpid(pid, &status, 0);
	image_len = lseek(fd, 0, SEEK_END);
	report("dump", status == 0 && image_len > 4096, "status", status);
	image = mmap(NULL, image_len, PROT_READ, MAP_PRIVATE, fd, 0);
	work = malloc(image_len + 65536);
	restart();
}

#define CHANGE(name, statement, expected)                                                   \
	do {                                                                                  \
		statement;                                                                      \
		fix_crc();                                                                      \
		refused(name, expected);                                                        \
	} while (0)

/* One whose only function lies over the header: what is put there is not to be believed. */
static void forge_vdso(char *text)
{
	Sym sym = { .st_name = 1,
		    .st_info = STT_FUNC,
		    .st_shndx = 1,
		    .st_value = offsetof(Ehdr, e_shoff),
		    .st_size = 8 };
	Shdr sh[2] = { { .sh_type = SHT_DYNSYM,
			 .sh_link = 1,
			 .sh_offset = 2048,
			 .sh_size = sizeof(sym) },
		       { .sh_type = SHT_STRTAB, .sh_offset = 3072, .sh_size = 4 } };
	Ehdr *eh = (Ehdr *)text;

	eh->e_shoff = 1024;
	eh->e_shnum = 2;
	memcpy(text + 1024, sh, sizeof(sh));
	memcpy(text + 2048, &sym, sizeof(sym));
	memcpy(text + 3072, "\0x\0", 4);
}

static void damaged(void)
{
	struct vmad_image *im = note("BPROC", VMAD_NOTE_IMAGE);
	struct vmad_map *map = note("BPROC", VMAD_NOTE_MAPS);
	struct vmad_task *task = note("BPROC", VMAD_NOTE_TASK);
	struct vmad_cpu *cpu = note("BPROC", VMAD_NOTE_CPU);
	struct vmad_vdso *vdso = note("BPROC", VMAD_NOTE_VDSO);
	char *prstatus = note("CORE", NT_PRSTATUS);
	char *xsave = note("LINUX", NT_X86_XSTATE);
	Ehdr *eh = (Ehdr *)work;
	size_t data = im->data;

	expect("good image", 0, try_bytes(image, image_len));

	work_len = 0;
	refused("empty", EIO);
	work_len = 10;
	refused("10 bytes", EIO);
	work_len = sizeof(Ehdr);
	refused("header only", EIO);
	work_len = sizeof(Ehdr) + 40;
	refused("cut in the program headers", EIO);
	work_len = data - 5000;
	refused("cut in the notes", EIO);
	work_len = data - 1;
	refused("cut before the pages", EIO);
	work_len = data + 4096;
	refused("cut in the pages: killed", -SIGKILL);
	work_len = image_len - 1;
	refused("cut in the trailer: killed", -SIGKILL);
	work[image_len - 10] ^= 1;
	refused("bad trailer: killed", -SIGKILL);

	work[data / 2] ^= 4;
	refused("bad checksum", EINVAL);
	CHANGE("magic", eh->e_ident[0] = 0, EINVAL);
	CHANGE("class", eh->e_ident[EI_CLASS] = 3, EINVAL);
	CHANGE("byte order", eh->e_ident[EI_DATA] = ELFDATA2MSB, EINVAL);
	CHANGE("type", eh->e_type = ET_EXEC, EINVAL);
	CHANGE("machine", eh->e_machine = EM_ARM, EINVAL);
	eh->e_phnum = 0;
	refused("no program headers", EINVAL);
	eh->e_phnum = 60000;
	refused("more program headers than bytes", EIO);
	eh->e_phnum = PN_XNUM;
	refused("section header missing", EINVAL);
	eh->e_phoff = 8;
	refused("program headers over the header", EINVAL);
	phdr(0)->p_type = PT_LOAD;
	refused("no notes", EINVAL);
	phdr(0)->p_filesz = -1;
	refused("endless notes", EINVAL);
	phdr(0)->p_filesz = 0x7ffff000;
	refused("2 GiB of notes", EINVAL);
	CHANGE("format", im->format = VMAD_FORMAT + 1, EINVAL);
	CHANGE("flags", im->flags ^= VMAD_IMAGE_32BIT, EINVAL);
	CHANGE("length", im->length += 4096, EINVAL);
	CHANGE("page size", im->page_size = 65536, EINVAL);
	CHANGE("map unaligned", map[0].start++, EINVAL);
	CHANGE("maps overlap", map[1].start = map[0].start, EINVAL);
	CHANGE("map empty", map[0].end = map[0].start, EINVAL);
	CHANGE("map of the kernel",
	       (map[0].start = 0xffffffff80000000, map[0].end = 0xffffffff80001000), EINVAL);
	CHANGE("map of address 0", (map[0].start = 0, phdr(1)->p_vaddr = 0), EPERM);
	CHANGE("map flags", map[0].flags |= 0x80000000, EINVAL);
	CHANGE("map file", map[0].file = 12345, EINVAL);
	CHANGE("second vDSO", map[0].flags |= VMAD_MAP_VDSO, EINVAL);
	CHANGE("run outside", phdr(1)->p_vaddr -= 4096, EINVAL);
	CHANGE("run too long", phdr(1)->p_memsz += 1 << 28, EINVAL);
	CHANGE("run over its size", phdr(1)->p_filesz = phdr(1)->p_memsz + 4096, EINVAL);
	CHANGE("run elsewhere", phdr(1)->p_offset -= 4096, EINVAL);
	CHANGE("run of another type", phdr(1)->p_type = PT_DYNAMIC, EINVAL);
	CHANGE("brk below its start", task->brk = task->start_brk - 1, EINVAL);
	CHANGE("arguments in the kernel", task->arg_start = 0xffffffff80000000, EINVAL);
	CHANGE("program index", task->exe = 999, EINVAL);
	CHANGE("name without end", memset(task->comm, 'x', 16), EINVAL);
	CHANGE("rseq in the kernel", task->rseq = 0xffffffff80000000, EINVAL);
	CHANGE("robust list in the kernel", task->robust_list = 0xffffffff80000000, EINVAL);
	CHANGE("tid in the kernel", task->clear_child_tid = 0xffffffff80000000, EINVAL);
	CHANGE("altstack too small", (task->altstack = 0x10000, task->altstack_size = 16),
	       EINVAL);
	CHANGE("altstack mode", task->altstack_flags = 77, EINVAL);
	CHANGE("kernel code segment", prstatus[AT_CS] = 0x10, EINVAL);
#if __SIZEOF_LONG__ == 8
	CHANGE("instruction in the kernel", *(uint64_t *)(prstatus + AT_IP) = -4096ULL, EINVAL);
	CHANGE("instruction not canonical", *(uint64_t *)(prstatus + AT_IP) = 1ULL << 60,
	       EINVAL);
	CHANGE("fs base in the kernel", *(uint64_t *)(prstatus + AT_FS_BASE) = -4096ULL, EINVAL);
#endif
	CHANGE("mxcsr", *(uint32_t *)(xsave + 24) = ~0U, EINVAL);
	CHANGE("unknown state in use", *(uint64_t *)(xsave + 512) |= 1ULL << 40, EOPNOTSUPP);
	CHANGE("unknown state", cpu->xfeatures |= 1ULL << 40, EOPNOTSUPP);
	CHANGE("processor features", cpu->cpuid[4] = ~0U, EOPNOTSUPP);
	CHANGE("vDSO unaligned", vdso->address++, EINVAL);
	CHANGE("vDSO size", vdso->size += 4096, EINVAL);
	CHANGE("vDSO garbage", memset(vdso + 1, 0x55, 4096), EINVAL);
	CHANGE("vDSO over itself", forge_vdso((char *)(vdso + 1)), 0);
}

/* Files of all kinds in place of an image. */
static void no_images(void)
{
	int pipefd[2], fd, err;
	struct rlimit old, low;

	expect("no descriptor", EBADF, try_fd(999));
	fd = open("/tmp/vmad-bad.out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	expect("not for reading", EBADF, try_fd(fd));
	close(fd);
	unlink("/tmp/vmad-bad.out");
	fd = open("/", O_RDONLY);
	err = try_fd(fd);
	report("directory", err == EINVAL || err == EISDIR, "got", err);
	close(fd);
	fd = open("/etc/passwd", O_RDONLY);
	expect("text", EINVAL, try_fd(fd));
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	expect("zeros", EINVAL, try_fd(fd));
	close(fd);
	fd = open("/proc/self/exe", O_RDONLY);
	expect("program", EINVAL, try_fd(fd));
	close(fd);
	if (pipe2(pipefd, O_NONBLOCK))
		return;
	expect("non-blocking pipe", EAGAIN, try_fd(pipefd[0]));
	close(pipefd[0]);
	close(pipefd[1]);

	getrlimit(RLIMIT_AS, &old);
	low = old;
	low.rlim_cur = 65536;
	setrlimit(RLIMIT_AS, &low);
	expect("over RLIMIT_AS", ENOMEM, try_bytes(image, image_len));
	setrlimit(RLIMIT_AS, &old);
	getrlimit(RLIMIT_DATA, &old);
	low = old;
	low.rlim_cur = 65536;
	setrlimit(RLIMIT_DATA, &low);
	expect("over RLIMIT_DATA", ENOMEM, try_bytes(image, image_len));
	setrlimit(RLIMIT_DATA, &old);
}

static void *idle(void *arg)
{
	sleep(100);
	return arg;
}

/* Returns the errno of a dump of this process, 0 for success. */
static int dump_to(int fd, int flags)
{
	struct vmad_dump d = { .fd = fd, .flags = flags };

	return ioctl(device, VMAD_IOC_DO_DUMP, &d) < 0 ? errno : 0;
}

static void bad_outputs(void)
{
	pthread_t t;
	int fd, p[2];

	expect("dump: no descriptor", EBADF, dump_to(999, 7));
	fd = open("/dev/null", O_RDONLY);
	expect("dump: not for writing", EBADF, dump_to(fd, 7));
	close(fd);
	fd = open("/dev/null", O_WRONLY);
	expect("dump: unknown flag", EINVAL, dump_to(fd, 8));
	expect("dump: /dev/null", 0, dump_to(fd, 7));
	pthread_create(&t, NULL, idle, NULL);
	expect("dump: two threads", EOPNOTSUPP, dump_to(fd, 7));
	pthread_cancel(t);
	pthread_join(t, NULL);
	/* The kernel may count a thread a moment longer than pthread_join(). */
	usleep(100000);
	expect("dump: one again", 0, dump_to(fd, 7));
	close(fd);
	if (pipe(p))
		return;
	close(p[0]);
	expect("dump: broken pipe, no SIGPIPE", EPIPE, dump_to(p[1], 7));
	close(p[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p))
		return;
	close(p[0]);
	expect("dump: broken socket", EPIPE, dump_to(p[1], 7));
	close(p[1]);
	if (pipe2(p, O_NONBLOCK))
		return;
	expect("dump: full non-blocking pipe", EIO, dump_to(p[1], 7));
	close(p[0]);
	close(p[1]);
}

static int documented(int err)
{
	static const int list[] = { 0, EINVAL, EIO, EOPNOTSUPP, ENOENT, EACCES, ESTALE, EPERM,
				    ENOMEM, ENOTDIR, ELOOP, EISDIR, ENAMETOOLONG };
	unsigned int i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (err == list[i])
			return 1;
	return err < 0; /* died as the program in the image, or in the pages */
}

static void random_changes(unsigned int seed, int count)
{
	size_t data = ((struct vmad_image *)note("BPROC", VMAD_NOTE_IMAGE))->data;
	int i, j, worst = 0, replaced = 0, refusals = 0, deaths = 0;

	srandom(seed);
	for (i = 0; i < count; i++) {
		int err;

		for (j = random() % 4; j >= 0; j--) {
			size_t at = random() % data;

			/* Most of the head is the vDSO; the rest is more interesting. */
			if (random() % 3)
				at = random() % 4096;
			if (random() % 2)
				work[at] ^= 1 << random() % 8;
			else
				work[at] = random();
		}
		/* Sometimes the checksum finds it, mostly not. */
		if (!memcmp(work, image, sizeof(Ehdr)) && random() % 8 &&
		    !memcmp(phdr(0), image + sizeof(Ehdr), sizeof(Phdr)) &&
		    !memcmp(work + phdr(0)->p_offset, image + phdr(0)->p_offset, 44))
			fix_crc();
		err = try_bytes(work, work_len);
		if (!documented(err))
			worst = err;
		replaced += !err;
		refusals += err > 0;
		deaths += err < 0;
		restart();
	}
	printf("# %d changes: %d refused, %d ran, %d died\n", count, refusals, replaced, deaths);
	report("random changes", !worst && refusals, "undocumented errno", worst);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	device = open("/dev/bproc", O_RDWR);
	if (device < 0) {
		printf("not ok open: %s\n", strerror(errno));
		return 1;
	}
	told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	dump_self();
	damaged();
	no_images();
	bad_outputs();
	random_changes(argc > 1 ? atoi(argv[1]) : 1, argc > 2 ? atoi(argv[2]) : 300);
	return failures ? 1 : 0;
}
