// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stddef.h>
#include "internal.h"

/* What of a program goes along, unless the caller says otherwise; as for bproc_move(). */
#define DEFAULT_FLAGS (BPROC_DUMP_EXEC | BPROC_DUMP_OTHER)

static unsigned int with_default(int flags)
{
	return (unsigned int)(flags & BPROC_DUMP_ALL ? flags : flags | DEFAULT_FLAGS);
}

int bproc_migrate_why(int pid, int node, int flags, int *why)
{
	struct bproc_migrate arg = {
		.pid = pid,
		.node = node,
		.flags = with_default(flags),
	};
	int ret = handle_ioctl(BPROC_IOC_MIGRATE, &arg);

	if (why)
		*why = ret ? (int)arg.why : 0;
	return ret;
}

int bproc_migrate(int pid, int node, int flags)
{
	return bproc_migrate_why(pid, node, flags, NULL);
}

int bproc_dumpproc(int pid, int fd, int flags, int *why)
{
	struct bproc_dump_proc arg = {
		.pid = pid,
		.fd = fd,
		.flags = (unsigned int)flags,
	};
	int ret = handle_ioctl(BPROC_IOC_DUMP_PROC, &arg);

	if (why)
		*why = ret ? (int)arg.why : 0;
	return ret;
}

static const char *const words[] = {
	[BPROC_WHY_THREADS] = "it has several threads",
	[BPROC_WHY_SECCOMP] = "it has a seccomp filter",
	[BPROC_WHY_FILES] = "it would lose open files",
	[BPROC_WHY_TIMERS] = "it would lose a running timer",
	[BPROC_WHY_SHARED] = "it writes to memory that others may share",
	[BPROC_WHY_STOPPED] = "it is stopped",
	[BPROC_WHY_TRACED] = "it is traced",
	[BPROC_WHY_IMAGE] = "it has something that no image can carry",
	[BPROC_WHY_VFORK] = "it runs in its parent's memory, until it executes a program",
	[BPROC_WHY_HANDLERS] = "it shares its signal handlers with another process",
	[BPROC_WHY_CLOCK] = "it sleeps by a clock of this machine alone",
	[BPROC_WHY_MOMENT] = "there was no moment at which it could be taken",
	[BPROC_WHY_PRIVATE] = "it has rights that its user has not, or hides its memory",
};

const char *bproc_whystr(int why)
{
	if (why <= 0 || (size_t)why >= sizeof(words) / sizeof(*words))
		return "";
	return words[why];
}
