// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>
#include "device.h"
#include "log.h"
#include "trace.h"

FILE *trace_open(const char *path)
{
	FILE *trace = fopen(path, "ae");

	if (trace)
		setlinebuf(trace);
	else
		log_err("%s: %m", path);
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
