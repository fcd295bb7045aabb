// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdbool.h>
#include <sys/resource.h>
#include "files.h"

static struct rlimit usual;
static bool is_raised;

void files_raise_limit(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &usual))
		return;
	most = usual;
	most.rlim_cur = most.rlim_max;
	is_raised = !setrlimit(RLIMIT_NOFILE, &most);
}

void files_restore_limit(void)
{
	if (is_raised)
		setrlimit(RLIMIT_NOFILE, &usual);
}
