// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rig's agent in a virtual machine: runs commands for the host and passes
 * their input and output, fetches files, hands on what rigctl asks.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "frame.h"

#define PORT_NAME "rig"
#define DEBUGFS   "/sys/kernel/debug"
#define KMEMLEAK  DEBUGFS "/kmemleak"
#define MAX_ASKERS 8

static int port = -1;
static int child_signal;
static int asker_listen = -1;
static int askers[MAX_ASKERS];

/* The command that runs, if any. */
static struct {
	pid_t pid;
	int status;
	bool exited;
	int in, out, err; /* with a terminal: in and out are the master side */
	bool tty, in_ends;
	char pending[STDIN_CREDIT];
	size_t nr_pending;
} job = { .in = -1, .out = -1, .err = -1 };

static void die(const char *what)
{
	fprintf(stderr, "rig agent: %s: %m\n", what);
	exit(1);
}

static void write_all(int fd, const void *data, size_t size)
{
	const char *at = data;
	ssize_t done;

	for (; size; at += done, size -= done) {
		done = write(fd, at, size);
		if (done >= 0)
			continue;
		if (errno != EINTR && errno != EAGAIN)
			return;
		if (errno == EAGAIN)
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 1000);
		done = 0;
	}
}

static void send_frame(enum frame_kind kind, const void *data, uint32_t size)
{
	struct frame frame = { .kind = kind, .size = size };

	write_all(port, &frame, sizeof(frame));
	write_all(port, data, size);
}

static void read_all(void *data, size_t size)
{
	char *at = data;
	ssize_t done;

	for (; size; at += done, size -= done) {
		done = read(port, at, size);
		if (done > 0)
			continue;
		if (done < 0 && errno != EINTR && errno != EAGAIN)
			die("port");
		if (!done) /* the host's end is not open yet */
			usleep(20000);
		done = 0;
	}
}

/* Finds the port by its name; udev's links may not be there. */
static void open_port(void)
{
	char path[300], name[64];
	struct dirent *entry;
	FILE *file;
	DIR *dir;
	int tries;

	for (tries = 0; port < 0 && tries < 200; tries++) {
		if (tries)
			usleep(50000);
		dir = opendir("/sys/class/virtio-ports");
		while (dir && (entry = readdir(dir)) && port < 0) {
			snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
				 entry->d_name);
			file = fopen(path, "re");
			if (!file)
				continue;
			if (fscanf(file, "%63s", name) == 1 && !strcmp(name, PORT_NAME)) {
				snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
				port = open(path, O_RDWR | O_CLOEXEC);
			}
			fclose(file);
		}
		if (dir)
			closedir(dir);
	}
	if (port < 0)
		die("no port");
}

static void open_asker_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = RIGCTL_SOCKET };
	int i;

	for (i = 0; i < MAX_ASKERS; i++)
		askers[i] = -1;
	unlink(RIGCTL_SOCKET);
	asker_listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(asker_listen, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(asker_listen, MAX_ASKERS))
		die(RIGCTL_SOCKET);
	chmod(RIGCTL_SOCKET, 0600);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void become_command(char **argv, int in, int out, int err, bool tty)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	if (tty)
		ioctl(in, TIOCSCTTY, 0);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (chdir("/root"))
		perror("/root");
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %m\n", argv[0]);
	_exit(errno == ENOENT ? 127 : 126);
}

static void run_command(char *data, uint32_t size)
{
	uint16_t head[4];
	char *argv[257], *at = data + sizeof(head);
	struct winsize window = { 0 };
	int pipes[3][2], slave, i, nr = 0;

	memcpy(head, data, sizeof(head));
	while (nr < head[3] && nr < 256 && at < data + size) {
		argv[nr++] = at;
		at += strlen(at) + 1;
	}
	argv[nr] = NULL;
	for (; at < data + size; at += strlen(at) + 1)
		putenv(strdup(at));

	job.tty = head[0];
	job.exited = job.in_ends = false;
	job.nr_pending = 0;
	if (job.tty) {
		window.ws_row = head[1];
		window.ws_col = head[2];
		job.in = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (job.in < 0 || grantpt(job.in) || unlockpt(job.in))
			die("pty");
		ioctl(job.in, TIOCSWINSZ, &window);
		slave = open(ptsname(job.in), O_RDWR | O_NOCTTY | O_CLOEXEC);
		job.out = dup(job.in);
		job.err = -1;
		for (i = 0; i < 3; i++)
			pipes[i][i != 0] = slave;
	} else {
		for (i = 0; i < 3; i++)
			if (pipe2(pipes[i], O_CLOEXEC))
				die("pipe");
		job.in = pipes[0][1];
		job.out = pipes[1][0];
		job.err = pipes[2][0];
	}
	fcntl(job.in, F_SETFL, O_NONBLOCK);
	fcntl(job.out, F_SETFL, O_NONBLOCK);
	if (job.err >= 0)
		fcntl(job.err, F_SETFL, O_NONBLOCK);

	job.pid = fork();
	if (!job.pid)
		become_command(argv, pipes[0][0], pipes[1][1], pipes[2][1], job.tty);
	close(pipes[0][0]);
	if (!job.tty) {
		close(pipes[1][1]);
		close(pipes[2][1]);
	}
}

static void send_file(const char *path)
{
	uint32_t result[2] = { 0, 0 };
	char data[FRAME_MAX];
	struct stat about;
	ssize_t got = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &about)) {
		result[0] = errno;
	} else {
		result[1] = about.st_mode;
		while ((got = read(fd, data, sizeof(data))) > 0)
			send_frame(FRAME_DATA, data, got);
		if (got < 0)
			result[0] = errno;
	}
	if (fd >= 0)
		close(fd);
	send_frame(FRAME_DONE, result, sizeof(result));
}

static void write_file(const char *path, const char *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, data, size) < 0)
		fprintf(stderr, "rig agent: %s: %m\n", path);
	close(fd);
}

/*
 * A first scan finds what was on its way from one pointer to the next, too; and nothing
 * counts that is younger than five seconds. The report goes line by line to the log,
 * which the host reads.
 */
static void find_leaks(void)
{
	char line[512] = "<4>";
	FILE *report;

	if (access(KMEMLEAK, F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	if (access(KMEMLEAK, F_OK))
		return;
	sleep(5);
	write_file(KMEMLEAK, "scan", 4);
	sleep(1);
	write_file(KMEMLEAK, "scan", 4);
	report = fopen(KMEMLEAK, "re");
	while (report && fgets(line + 3, sizeof(line) - 3, report))
		write_file("/dev/kmsg", line, strlen(line));
	if (report)
		fclose(report);
}

static void answer_asker(char *data, uint32_t size)
{
	uint32_t who;

	memcpy(&who, data, sizeof(who));
	if (who >= MAX_ASKERS || askers[who] < 0)
		return;
	write_all(askers[who], data + sizeof(who), size - sizeof(who));
	close_fd(&askers[who]);
}

static void obey(void)
{
	static char data[FRAME_MAX + 1];
	struct frame frame;
	uint16_t window[2];
	uint32_t number;

	read_all(&frame, sizeof(frame));
	if (frame.size > FRAME_MAX)
		die("frame too long");
	read_all(data, frame.size);
	data[frame.size] = 0;

	switch (frame.kind) {
	case FRAME_EXEC:
		run_command(data, frame.size);
		break;
	case FRAME_STDIN:
		if (!frame.size)
			job.in_ends = true;
		else if (job.nr_pending + frame.size <= sizeof(job.pending)) {
			memcpy(job.pending + job.nr_pending, data, frame.size);
			job.nr_pending += frame.size;
		}
		break;
	case FRAME_WINDOW:
		memcpy(window, data, sizeof(window));
		if (job.tty && job.in >= 0)
			ioctl(job.in, TIOCSWINSZ,
			      &(struct winsize){ .ws_row = window[0], .ws_col = window[1] });
		break;
	case FRAME_SIGNAL:
		memcpy(&number, data, sizeof(number));
		if (job.pid > 1)
			kill(-job.pid, number);
		break;
	case FRAME_GET:
		send_file(data);
		break;
	case FRAME_KMSG:
		write_file("/dev/kmsg", data, frame.size);
		break;
	case FRAME_SYSRQ:
		write_file("/proc/sysrq-trigger", data, 1);
		break;
	case FRAME_LEAKS:
		find_leaks();
		send_frame(FRAME_LOOKED, NULL, 0);
		break;
	case FRAME_POWEROFF:
		reboot(RB_POWER_OFF);
		break;
	case FRAME_REPLY:
		answer_asker(data, frame.size);
		break;
	}
}

/* Gives the command what stdin has brought, and the host room for more. */
static void feed(void)
{
	uint32_t taken = job.nr_pending;
	ssize_t done;

	if (job.in >= 0 && job.nr_pending) {
		done = write(job.in, job.pending, job.nr_pending);
		if (done < 0 && errno == EAGAIN)
			return;
		if (done < 0) /* it reads no more: throw the rest away */
			close_fd(&job.in);
		else
			taken = done;
	}
	memmove(job.pending, job.pending + taken, job.nr_pending - taken);
	job.nr_pending -= taken;
	if (taken)
		send_frame(FRAME_CREDIT, &taken, sizeof(taken));
	if (job.in_ends && !job.nr_pending && !job.tty)
		close_fd(&job.in);
}

/* Passes output on; false when there is none at the moment. */
static bool pass(int *fd, enum frame_kind kind)
{
	char data[FRAME_MAX];
	ssize_t got;

	if (*fd < 0)
		return false;
	got = read(*fd, data, sizeof(data));
	if (got > 0) {
		send_frame(kind, data, got);
		return true;
	}
	if (!got || errno != EAGAIN)
		close_fd(fd);
	return false;
}

static void reap(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(child_signal, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != job.pid)
			continue;
		job.exited = true;
		job.status = status;
	}
}

static void finish_job(void)
{
	while (pass(&job.out, FRAME_STDOUT) || pass(&job.err, FRAME_STDERR))
		;
	kill(-job.pid, SIGKILL); /* what it left behind in its group */
	close_fd(&job.in);
	close_fd(&job.out);
	close_fd(&job.err);
	job.pid = 0;
	job.exited = false;
	send_frame(FRAME_EXIT, &job.status, sizeof(job.status));
}

static void hear_asker(void)
{
	char data[4096 + sizeof(uint32_t)];
	uint32_t i;
	ssize_t got;
	int fd = accept4(asker_listen, NULL, NULL, SOCK_CLOEXEC);

	for (i = 0; i < MAX_ASKERS && askers[i] >= 0; i++)
		;
	if (fd < 0 || i == MAX_ASKERS) {
		close_fd(&fd);
		return;
	}
	got = read(fd, data + sizeof(i), sizeof(data) - sizeof(i));
	if (got <= 0) {
		close(fd);
		return;
	}
	askers[i] = fd;
	memcpy(data, &i, sizeof(i));
	send_frame(FRAME_ASK, data, sizeof(i) + got - 1);
}

int main(void)
{
	enum { PORT, CHILD, ASKER, IN, OUT, ERR, NR_FDS };
	struct pollfd fds[NR_FDS];
	sigset_t signals;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	child_signal = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	open_port();
	open_asker_socket();
	send_frame(FRAME_READY, NULL, 0);

	for (;;) {
		fds[PORT] = (struct pollfd){ .fd = port, .events = POLLIN };
		fds[CHILD] = (struct pollfd){ .fd = child_signal, .events = POLLIN };
		fds[ASKER] = (struct pollfd){ .fd = asker_listen, .events = POLLIN };
		fds[IN] = (struct pollfd){ .fd = job.nr_pending ? job.in : -1, .events = POLLOUT };
		fds[OUT] = (struct pollfd){ .fd = job.out, .events = POLLIN };
		fds[ERR] = (struct pollfd){ .fd = job.err, .events = POLLIN };
		if (poll(fds, NR_FDS, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[PORT].revents & POLLIN)
			obey();
		else if (fds[PORT].revents & POLLHUP) /* the host went away */
			usleep(20000);
		if (fds[ASKER].revents)
			hear_asker();
		feed();
		pass(&job.out, FRAME_STDOUT);
		pass(&job.err, FRAME_STDERR);
		if (fds[CHILD].revents)
			reap();
		if (job.exited)
			finish_job();
	}
}
