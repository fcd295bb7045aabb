// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an administrator on the master can have done to the node's machine.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>
#include "log.h"
#include "slave.h"

int power_look(void)
{
	return open("/sys/class/bproc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Only a master has devices of nodes. */
int power_allowed(int look)
{
	/* a position of its own for each reading */
	int fd = look < 0 ? -1 : openat(look, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	int err = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return access("/dev/bpnode0", F_OK) ? 0 : -EOPNOTSUPP;
	}
	while (!err && (e = readdir(dir)) != NULL)
		if (!strncmp(e->d_name, "bpnode", 6))
			err = -EOPNOTSUPP;
	closedir(dir);
	return err;
}

void power_do(enum worker_exit how)
{
	static const struct {
		int cmd;
		const char *what;
	} power[] = {
		[WORKER_REBOOT] = { RB_AUTOBOOT, "restart" },
		[WORKER_HALT] = { RB_HALT_SYSTEM, "halt" },
		[WORKER_PWROFF] = { RB_POWER_OFF, "switch off" },
	};

	log_info("the master has this machine %s", power[how].what);
	sync();
	reboot(power[how].cmd);
	log_err("cannot %s this machine: %m", power[how].what);
	if (how == WORKER_PWROFF && reboot(RB_HALT_SYSTEM))
		log_err("nor halt it: %m");
}

static bool is_root(const struct stat *st)
{
	struct stat root;

	return !stat("/", &root) && root.st_dev == st->st_dev &&
	       root.st_ino == st->st_ino;
}

/*
 * Where we are, for which the working directory stands. Its /proc must be the node's
 * before anybody looks for process 1 there, see arrive.c.
 */
static int enter_here(void)
{
	struct stat here, proc;

	if (stat(".", &here))
		return -errno;
	if (!is_root(&here) && !lstat("proc", &proc) && S_ISDIR(proc.st_mode) &&
	    mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return -errno;
	return chroot(".") ? -errno : 0;
}

int slave_chroot(const char *path)
{
	int err = chdir(path) ? -errno : enter_here();

	if (chdir("/"))
		log_err("/: %m");
	if (!err)
		log_info("processes that come have %s as their root directory now", path);
	return err;
}

/* The length of an address of a family that we know, else 0. */
static socklen_t address_len(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return sizeof(struct sockaddr_in);
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : 0;
}

int slave_other_address(const struct slave_options *now, const struct bproc_connect *c,
			struct slave_options *to)
{
	const struct sockaddr_in *master = (const void *)&now->master;
	struct sockaddr_in *port = (void *)&to->master;

	*to = *now;
	memset(&to->master, 0, sizeof(to->master));
	memset(&to->local, 0, sizeof(to->local));
	memcpy(&to->master, c->remote, sizeof(c->remote));
	memcpy(&to->local, c->local, sizeof(c->local));
	to->master_len = address_len(&to->master);
	to->local_len = address_len(&to->local);
	if (!to->master_len ||
	    (to->local.ss_family && to->local.ss_family != to->master.ss_family))
		return -EINVAL;
	/* at the same place for both families */
	if (!port->sin_port)
		port->sin_port = master->sin_port;
	return 0;
}
