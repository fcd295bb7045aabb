// SPDX-License-Identifier: GPL-2.0-or-later
#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include "arrive.h"
#include "sys.h"

/*
 * Descriptors of our own are below this number; no process's limit may be lower while
 * we still set it up.
 */
#define OWN_FDS 64
/* The ghost's descriptor, the stream, copies of 0, 1, 2. */
#define OWN_COUNT 5

long sys_fork_pid(int pid, unsigned long long flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	if (pid > 0) {
		args.set_tid = (__u64)(unsigned long)&pid;
		args.set_tid_size = 1;
	}
	return sys3(__NR_clone3, (long)&args, sizeof(args), 0);
}

static int read_all(int fd, char *p, unsigned long len)
{
	long n;

	while (len) {
		n = sys3(__NR_read, fd, (long)p, (long)len);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n ? (int)n : -EPIPE;
		p += n;
		len -= (unsigned long)n;
	}
	return 0;
}

static int read_header(int fd, struct bproc_stream *s, struct header_parts *parts)
{
	int err;

	err = read_all(fd, (char *)s, sizeof(*s));
	if (!err)
		err = header_check_size(s);
	if (!err)
		err = read_all(fd, (char *)(s + 1), s->size - sizeof(*s));
	return err ? err : header_check(s, parts);
}

static bool is_taken(const struct arrival *a, const struct bproc_stream *s,
		     const struct bproc_io *io, int fd)
{
	int i;

	for (i = 0; i < s->iolen; i++)
		if (io[i].fd == fd)
			return true;
	return fd <= 2 || fd == a->ghost || fd == a->stream;
}

/*
 * Gives @a's two descriptors numbers that no I/O element wants, and closes all others
 * but a ghost's 0, 1, 2. Of these copies are made: an I/O list may replace them and
 * yet fail.
 */
static int move_own(struct arrival *a, const struct bproc_stream *s,
		    const struct bproc_io *io)
{
	int own[OWN_COUNT], fd = 3, n;
	long err;

	for (n = 0; n < OWN_COUNT; fd++)
		if (!is_taken(a, s, io, fd))
			own[n++] = fd;

	err = sys3(__NR_dup3, a->ghost, own[0], O_CLOEXEC);
	if (err >= 0)
		err = sys3(__NR_dup3, a->stream, own[1], O_CLOEXEC);
	if (err < 0)
		return (int)err;
	a->ghost = own[0];
	a->stream = own[1];
	sys_close_range(a->keeps ? 3 : 0, (unsigned int)own[0] - 1);
	sys_close_range((unsigned int)own[0] + 1, (unsigned int)own[1] - 1);
	sys_close_range((unsigned int)own[1] + 1, ~0U);
	for (n = 0; n < 3; n++) {
		a->saved[n] = own[2 + n];
		if (a->keeps)
			sys3(__NR_dup3, n, own[2 + n], O_CLOEXEC);
	}
	return 0;
}

/* A ghost that goes on has nothing but its ghost descriptor and 0, 1, 2 as before. */
static void restore_own(const struct arrival *a)
{
	int fd;

	sys_close_range(0, 2);
	for (fd = 0; fd < 3; fd++)
		sys3(__NR_dup3, a->saved[fd], fd, 0);
	sys_close_range(3, (unsigned int)a->ghost - 1);
	sys_close_range((unsigned int)a->ghost + 1, ~0U);
}

static void set_limit(int which, __u64 soft, __u64 hard)
{
	__u64 rlim[2] = { soft, hard };

	/* A ghost may not raise a hard limit; it has the process's own already. */
	sys4(__NR_prlimit64, 0, which, (long)rlim, 0);
}

static void set_limits(const struct bproc_stream *s)
{
	int i;

	for (i = 0; i < BPROC_NRLIMITS; i++) {
		__u64 soft = s->rlim[i].soft, hard = s->rlim[i].hard;

		if (i == RLIMIT_NOFILE) {
			soft = soft < OWN_FDS ? OWN_FDS : soft;
			hard = hard < OWN_FDS ? OWN_FDS : hard;
		}
		/* These would hit the setting up itself; they come last. */
		if (i != RLIMIT_AS && i != RLIMIT_DATA)
			set_limit(i, soft, hard);
	}
}

/* Lowering needs no privilege, so the last ones can wait for the credentials. */
static void set_last_limits(const struct bproc_stream *s)
{
	set_limit(RLIMIT_NOFILE, s->rlim[RLIMIT_NOFILE].soft,
		  s->rlim[RLIMIT_NOFILE].hard);
	set_limit(RLIMIT_DATA, s->rlim[RLIMIT_DATA].soft, s->rlim[RLIMIT_DATA].hard);
	set_limit(RLIMIT_AS, s->rlim[RLIMIT_AS].soft, s->rlim[RLIMIT_AS].hard);
}

static void set_oom_score_adj(int value)
{
	char buf[8], *p = buf + sizeof(buf);
	unsigned int v = value < 0 ? -(unsigned int)value : (unsigned int)value;
	int fd;

	if (v > 1000)
		return;
	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	if (value < 0)
		*--p = '-';
	fd = (int)sys3(__NR_open, (long)"/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC,
		       0);
	if (fd < 0)
		return;
	sys3(__NR_write, fd, (long)p, buf + sizeof(buf) - p);
	sys_close(fd);
}

/*
 * What exec keeps, for a program that is executed here; an image brings its own. The
 * stand-in that made this process blocks everything.
 */
static void set_signals(const struct bproc_stream *s)
{
	/* As the kernel has it: handler, flags, restorer, mask. */
	__u64 action[4] = { 0, 0, 0, 0 };
	int sig;

	for (sig = 1; sig <= 64; sig++) {
		action[0] = s->ignored >> (sig - 1) & 1; /* SIG_IGN or SIG_DFL */
		sys4(__NR_rt_sigaction, sig, (long)action, 0, sizeof(__u64));
	}
	sys4(__NR_rt_sigprocmask, SIG_SETMASK, (long)&s->blocked, 0, sizeof(__u64));
}

/* It may not exist here; as with ssh, the process then starts in /. */
static void change_directory(const char *path)
{
	if (sys3(__NR_chdir, (long)path, 0, 0) < 0)
		sys3(__NR_chdir, (long)"/", 0, 0);
}

static int set_up(struct arrival *a, const struct bproc_stream *s,
		  const struct header_parts *parts)
{
	int err;

	err = move_own(a, s, parts->io);
	if (err)
		return err;
	/*
	 * The node's init may have changed its root directory since the stand-in that
	 * made us was made. Where this does not exist we are behind that change.
	 */
	if (a->on_node)
		sys3(__NR_chroot, (long)"/proc/1/root", 0, 0);
	set_limits(s);
	sys3(__NR_setpriority, PRIO_PROCESS, 0, s->nice);
	if (a->on_node) {
		set_signals(s);
		if (s->kind == BPROC_STREAM_EXEC)
			sys3(__NR_personality, (long)s->personality, 0, 0);
		set_oom_score_adj(s->oom_score_adj);
		if (s->session == s->pid)
			sys3(__NR_setsid, 0, 0, 0);
		err = arrive_as_caller(s, parts->groups);
		if (err)
			return err;
	}
	sys3(__NR_umask, s->umask & 0777, 0, 0);
	change_directory(parts->cwd);
	err = arrive_descriptors(s, parts->io, a->ghost, a->stream, a->keeps);
	if (!err && a->on_node) {
		err = arrive_credentials(s, parts->groups);
		/* It may be allowed to be where its caller may not. */
		change_directory(parts->cwd);
	}
	if (!err)
		set_last_limits(s);
	return err;
}

int arrive(struct arrival *a)
{
	struct bproc_arrive call = { 0 };
	struct header_parts parts;
	struct bproc_stream *s;
	long addr, err;

	a->saved[0] = -1;
	addr = sys6(__NR_mmap, 0, BPROC_STREAM_HEADER_MAX, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (addr < 0 && addr > -4096) {
		s = 0;
		err = addr;
	} else {
		s = (struct bproc_stream *)addr;
		err = read_header(a->stream, s, &parts);
		if (!err) {
			call.stream = (__u64)addr;
			err = set_up(a, s, &parts);
		}
	}

	call.fd = a->stream;
	call.result = (__s32)err;
	addr = sys_ioctl(a->ghost, BPROC_IOC_ARRIVE, &call);
	if (!err)
		err = addr < 0 ? addr : -EIO;

	sys_close(a->stream);
	if (a->saved[0] >= 0)
		restore_own(a);
	if (s)
		sys3(__NR_munmap, (long)s, BPROC_STREAM_HEADER_MAX, 0);
	return (int)err;
}
