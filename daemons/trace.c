// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>
#include "master.h"

void master_trace(struct master *m, int from, int to, const struct bproc_msg *msg)
{
	struct timespec now;

	if (!m->trace)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(m->trace, "%lld.%06ld %d > %d %s id %llx pid %d result %d size %u\n",
		(long long)now.tv_sec, now.tv_nsec / 1000, from, to,
		device_type_name(msg->type), (unsigned long long)msg->id, msg->pid,
		msg->result, msg->size);
}
