// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PID 1 of the rig's virtual machines.
 *
 * /rig/conf in the initramfs says what to be, a line each:
 *	hostname NAME
 *	module FILE		load a module (in order)
 *	set FILE VALUE		write a value to a file (sysctl)
 *	address IFACE ADDRESS	IPv4, netmask 255.255.255.0
 *	image DEVICE		put /stage over this read-only image, go there
 *	spawn PROGRAM ARG...	keep a program running
 *	become PROGRAM		leave PID 1 to it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_SPAWNED 8
#define MAX_ARGS    32

struct spawned {
	pid_t pid;
	char *argv[MAX_ARGS + 1];
};

static struct spawned spawned[MAX_SPAWNED];
static int nr_spawned;

/* What is not as it should be goes to the console, where the host looks. */
static void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("rig: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static void mount_one(const char *type, const char *where, unsigned long flags,
		      const char *options)
{
	mkdir(where, 0755);
	if (mount(type, where, type, flags, options))
		note("cannot mount %s: %m", where);
}

static void mount_pseudo(void)
{
	mount_one("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_one("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_one("devtmpfs", "/dev", MS_NOSUID, "mode=755");
	mount_one("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=620,gid=5,ptmxmode=666");
	mount_one("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_one("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755");
	mount_one("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	if (symlink("/proc/self/fd", "/dev/fd") ||
	    symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") ||
	    symlink("/proc/self/fd/2", "/dev/stderr"))
		note("cannot link /dev/fd: %m");
}

static void load_module(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
		note("cannot load %s: %m", file);
	if (fd >= 0)
		close(fd);
}

static void set_value(const char *file, const char *value)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0) /* this kernel has no such setting */
		return;
	if (write(fd, value, strlen(value)) < 0)
		note("cannot write %s: %m", file);
	close(fd);
}

static void set_address(const char *iface, const char *address)
{
	struct ifreq request = { 0 };
	struct sockaddr_in *sin = (void *)&request.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", iface);
	sin->sin_family = AF_INET;
	inet_pton(AF_INET, address, &sin->sin_addr);
	if (ioctl(fd, SIOCSIFADDR, &request))
		goto failed;
	inet_pton(AF_INET, strcmp(iface, "lo") ? "255.255.255.0" : "255.0.0.0", &sin->sin_addr);
	if (ioctl(fd, SIOCSIFNETMASK, &request))
		goto failed;
	if (ioctl(fd, SIOCGIFFLAGS, &request))
		goto failed;
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		goto failed;
	close(fd);
	return;
failed:
	note("cannot set address of %s: %m", iface);
	close(fd);
}

/* Root becomes: the image below, what the host staged over it, a tmpfs on top. */
static void enter_image(const char *device)
{
	static const char *const dirs[] = { "/image", "/top", "/top/upper", "/top/work", "/new" };
	static const char *const moved[] = { "/proc", "/sys", "/dev", "/run", "/tmp" };
	char where[64];
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		mkdir(dirs[i], 0755);
		if (i == 1 && mount("tmpfs", "/top", "tmpfs", 0, "mode=755,size=90%"))
			note("cannot mount /top: %m");
	}
	for (i = 0; i < 100 && access(device, F_OK); i++)
		usleep(50000);
	if (mount(device, "/image", "erofs", MS_RDONLY, NULL))
		note("cannot mount %s: %m", device);
	if (mount("overlay", "/new", "overlay", 0,
		  "lowerdir=/stage:/image,upperdir=/top/upper,workdir=/top/work"))
		note("cannot mount the overlay: %m");
	for (i = 0; i < sizeof(moved) / sizeof(*moved); i++) {
		snprintf(where, sizeof(where), "/new%s", moved[i]);
		mkdir(where, 0755);
		if (mount(moved[i], where, NULL, MS_MOVE, NULL))
			note("cannot move %s: %m", moved[i]);
	}
	if (chdir("/new") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		note("cannot enter the image: %m");
}

static void start(struct spawned *program)
{
	sigset_t none;

	program->pid = fork();
	if (program->pid)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	execv(program->argv[0], program->argv);
	note("cannot run %s: %m", program->argv[0]);
	_exit(127);
}

static void spawn(char *arg)
{
	struct spawned *program = &spawned[nr_spawned];
	int argc = 0;

	if (nr_spawned == MAX_SPAWNED)
		return;
	for (; arg && argc < MAX_ARGS; arg = strtok(NULL, " "))
		program->argv[argc++] = strdup(arg);
	nr_spawned++;
	start(program);
}

static void follow(char *line)
{
	char *verb = strtok(line, " \n");
	char *first = strtok(NULL, " \n");
	char *rest = strtok(NULL, "\n");

	if (!verb || !first)
		return;
	if (!strcmp(verb, "hostname"))
		sethostname(first, strlen(first));
	else if (!strcmp(verb, "module"))
		load_module(first);
	else if (!strcmp(verb, "set") && rest)
		set_value(first, rest);
	else if (!strcmp(verb, "address") && rest)
		set_address(first, rest);
	else if (!strcmp(verb, "image"))
		enter_image(first);
	else if (!strcmp(verb, "spawn")) {
		/* Have strtok continue behind the program's name. */
		char *all = NULL;

		if (asprintf(&all, "%s %s", first, rest ? rest : "") > 0)
			spawn(strtok(all, " "));
		free(all);
	} else if (!strcmp(verb, "become")) {
		execl(first, first, (char *)NULL);
		note("cannot become %s: %m", first);
	} else
		note("what is '%s'?", verb);
}

static void reap(void)
{
	int status, i;
	pid_t pid = wait(&status);

	if (pid < 0) {
		pause();
		return;
	}
	for (i = 0; i < nr_spawned; i++) {
		if (spawned[i].pid != pid)
			continue;
		note("%s ended with status %#x, starting it again", spawned[i].argv[0], status);
		sleep(1);
		start(&spawned[i]);
	}
}

int main(void)
{
	struct rlimit core = { 0, RLIM_INFINITY };
	char line[1024];
	FILE *conf;

	if (getpid() != 1)
		return 1;
	umask(022);
	mount_pseudo();
	setrlimit(RLIMIT_CORE, &core);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	conf = fopen("/rig/conf", "re");
	if (!conf)
		note("no /rig/conf: %m");
	while (conf && fgets(line, sizeof(line), conf))
		follow(line);
	for (;;)
		reap();
}
