// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include "device.h"
#include "log.h"
#include "trace.h"

#define LOWEST_FD 10

FILE *trace_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	/* Not a low number: bpslave's worker needs 3 for others. */
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_FD);
	FILE *trace = high < 0 ? NULL : fdopen(high, "a");

	if (trace)
		setlinebuf(trace);
	else
		log_err("%s: %m", path);
	if (!trace && high >= 0)
		close(high);
	if (fd >= 0)
		close(fd);
	return trace;
}

void trace_message(FILE *trace, int from, int to, const struct bproc_msg *msg)
{
	struct timespec now;

	if (!trace)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(trace, "%lld.%06ld %d > %d %s id %llx pid %d result %d size %u\n",
		(long long)now.tv_sec, now.tv_nsec / 1000, from, to,
		device_type_name(msg->type), (unsigned long long)msg->id, msg->pid,
		msg->result, msg->size);
}
