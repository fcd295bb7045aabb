// SPDX-License-Identifier: GPL-2.0-or-later
/* migrate-self: a process cannot ask for itself; exits with errno. */
#include <errno.h>
#include <sys/bproc.h>
#include <unistd.h>

int main(void)
{
	return bproc_migrate(getpid(), 0, 0) ? errno : 0;
}
