// SPDX-License-Identifier: GPL-2.0-or-later
/* iolist NODE: the elements of an I/O list, as files and a socket are set up from them. */
#include <sys/resource.h>
#include <sys/stat.h>
#include "scen.h"

#define HIGH 300
#define FAR (1LL << 33)

static int node;
static char dir[64];

/* By a descriptor that is in nobody's way: what is on the node closes the number, too. */
static long rfork_io(struct bproc_io *io, int n)
{
	struct bproc_move m = { .node = node, .flags = ALL, .io = P64(io), .iolen = n };
	int fd = open("/dev/bproc", O_RDWR | O_CLOEXEC), high, err;
	long ret;

	high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH + 10);
	close(fd);
	if (high < 0)
		return -1;
	ret = ioctl(high, BPROC_IOC_RFORK, &m);
	err = errno;
	close(high);
	errno = err;
	return ret;
}

static struct bproc_io a_file(int fd, const char *name, int flags)
{
	struct bproc_io io = { .fd = fd, .type = BPROC_IO_FILE };

	io.d.file.flags = flags;
	io.d.file.mode = 0666;
	snprintf(io.d.file.name, sizeof(io.d.file.name), "%s/%s", dir, name);
	return io;
}

static void make(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		_exit(2);
}

static void prepare(void)
{
	char path[128];

	mkdir("/tmp", 01777);
	if (mkdir(dir, 0700))
		_exit(1);
	make("digits", "0123456789");
	make("log", "old ");
	make("far", "");
	snprintf(path, sizeof(path), "%s/fifo", dir);
	if (mkfifo(path, 0600))
		_exit(3);
	_exit(0);
}

static void remove_all(void)
{
	static const char *const names[] = { "digits", "log",	 "far", "fifo",
					     "masked", "narrow", "new", "first" };
	char path[128];
	int left = 0;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		left += unlink(path) != 0;
	}
	_exit(left + (rmdir(dir) != 0));
}

static void there(const char *what, void (*do_it)(void))
{
	pid_t pid = rfork_io(NULL, 0);

	if (!pid)
		do_it();
	same(what, 0, pid > 0 ? end_of(pid) : -1);
}

/* --- in the child, on the node --- */

static const char *text_from(int fd)
{
	static char text[64];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return n < 0 ? strerror(errno) : text;
}

static void reads(const char *name, const char *wanted, int fd)
{
	const char *is = text_from(fd);

	check(!strcmp(is, wanted), name, "'%s', not '%s'", is, wanted);
}

static long mode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : (long)(st.st_mode & 07777);
}

static long size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : (long)st.st_size;
}

static void look(void)
{
	int fd;

	stdout = fdopen(CHANNEL, "w");
	failures = 0;
	reads("a position to start at", "3456789", 0);
	same("mode, but for the umask", 0640, mode_of(1));
	same("another mode", 0600, mode_of(2));
	same("for writing alone", O_WRONLY, fcntl(1, F_GETFL) & O_ACCMODE);
	same("for both", O_RDWR, fcntl(2, F_GETFL) & O_ACCMODE);
	same("O_APPEND", O_APPEND, fcntl(3, F_GETFL) & O_APPEND);
	same("written", 3, write(3, "new", 3));
	same("at the end", 7, size_of(3));
	check(lseek64(4, 0, SEEK_CUR) == FAR, "a position above 4 GiB", "%lld",
	      (long long)lseek64(4, 0, SEEK_CUR));
	same("O_NONBLOCK", O_NONBLOCK, fcntl(5, F_GETFL) & O_NONBLOCK);
	same("O_CREAT, O_EXCL", 0, size_of(6));
	reads("a file emptied by O_TRUNC, in the list's order", "", 7);
	reads("a number named twice: the last", "56789", 8);
	reads("a FIFO", "", 9);
	reads("a name from the current directory", "9", 11);
	reads("a high number", "789", HIGH);
	for (fd = 0; fd < 10; fd++)
		same("open over an exec", 0, fcntl(fd, F_GETFD));
	same("and no other", -1, fcntl(12, F_GETFD));
	fflush(stdout);
	_exit(failures);
}

/* --- the whole list --- */

#define FIFO_FLAGS (O_RDONLY | O_NONBLOCK)

static int fill(struct bproc_io *io, unsigned short port)
{
	int n = 0;

	io[n] = a_file(0, "digits", O_RDONLY);
	io[n++].d.file.offset = 3;
	io[n++] = a_file(1, "masked", O_WRONLY | O_CREAT | O_TRUNC);
	io[n] = a_file(2, "narrow", O_RDWR | O_CREAT);
	io[n++].d.file.mode = 0602;
	io[n++] = a_file(3, "log", O_WRONLY | O_APPEND);
	io[n] = a_file(4, "far", O_RDWR);
	io[n++].d.file.offset = FAR;
	io[n++] = a_file(5, "digits", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	io[n++] = a_file(6, "new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC);
	/* Made by the first, emptied by the second. */
	io[n++] = a_file(7, "first", O_RDWR | O_CREAT);
	io[n++] = a_file(7, "first", O_RDWR | O_TRUNC);
	io[n++] = a_file(8, "digits", O_RDONLY);
	io[n] = a_file(8, "digits", O_RDONLY);
	io[n++].d.file.offset = 5;
	io[n++] = a_file(9, "fifo", FIFO_FLAGS);
	io[n] = channel_io(CHANNEL, port, node);
	io[n++].flags = BPROC_IO_SEND_INFO;
	io[n] = a_file(11, "digits", O_RDONLY);
	io[n].d.file.offset = 9;
	/* The same, without the "/" in front: as from the root. */
	memmove(io[n].d.file.name, io[n].d.file.name + 1, strlen(io[n].d.file.name));
	n++;
	io[n] = a_file(HIGH, "digits", O_RDONLY);
	io[n++].d.file.offset = 7;
	io[n] = a_file(HIGH + 1, "no such file", O_RDONLY);
	io[n++].flags = BPROC_IO_DELAY;
	return n;
}

/* What the child finds out is said here. */
static void answers(int chan)
{
	char line[256];
	FILE *in = fdopen(chan, "r");

	while (in && fgets(line, sizeof(line), in)) {
		fputs(line, stdout);
		failures += !strncmp(line, "not ok", 6);
	}
	if (in)
		fclose(in);
}

static void all_kinds(void)
{
	struct bproc_io io[BPROC_IO_MAX];
	unsigned short port;
	int l = listener(&port), chan;
	pid_t pid;

	same("as many elements as there may be", BPROC_IO_MAX, fill(io, port));
	pid = rfork_io(io, BPROC_IO_MAX);
	if (!pid)
		look();
	chan = pid > 0 ? accept_channel(l) : -1;
	if (check(pid > 0 && chan >= 0, "RFORK", "%d, %s", pid, strerror(errno))) {
		same("SEND_INFO: its PID", pid, get_int(chan));
		same("and the descriptor", CHANNEL, get_int(chan));
		answers(chan);
		same("all is so", 0, end_of(pid));
	}
	close(l);
}

/* --- what fails --- */

static void bad(const char *what, struct bproc_io io, int error)
{
	long ret = rfork_io(&io, 1);

	if (!ret)
		_exit(0);
	fails(what, error, ret);
	fails("and there is no child", ECHILD, wait(NULL));
}

static struct bproc_io at(struct bproc_io io, long long offset)
{
	io.d.file.offset = offset;
	return io;
}

static void failures_of_each(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	bad("no such file", a_file(0, "none", O_RDONLY), ENOENT);
	bad("a directory, for writing", a_file(0, "", O_WRONLY), EISDIR);
	bad("a file as a directory", a_file(0, "digits/x", O_RDONLY), ENOTDIR);
	bad("one that is there, O_EXCL", a_file(0, "digits", O_RDWR | O_CREAT | O_EXCL),
	    EEXIST);
	bad("a negative position", at(a_file(0, "digits", O_RDONLY), -1), EINVAL);
	bad("a position in a FIFO", at(a_file(0, "fifo", FIFO_FLAGS), 1), ESPIPE);
	bad("a FIFO that nobody reads", a_file(0, "fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	bad("a number above the limit", a_file((int)limit.rlim_cur, "digits", O_RDONLY),
	    EBADF);
}

int main(int argc, char **argv)
{
	node = scen_init(argc, argv);
	snprintf(dir, sizeof(dir), "/tmp/iolist-%d", getpid());
	umask(027);
	if (chdir("/"))
		give_up("chdir");
	there("files there", prepare);
	all_kinds();
	failures_of_each();
	there("they are as they were", remove_all);
	return failures != 0;
}
