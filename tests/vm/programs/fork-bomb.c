// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Forks, and so do its children, until it is told that it cannot; then it says so and
 * sleeps. For virtual machines. Ends by itself, and makes no more than a few hundred
 * processes.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST 300

int main(void)
{
	int *made = mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (made == MAP_FAILED)
		return 1;
	alarm(120);
	while (__atomic_add_fetch(made, 1, __ATOMIC_RELAXED) < MOST && fork() >= 0)
		alarm(120);
	if (*made < MOST && errno == EAGAIN)
		puts("stopped");
	fflush(stdout);
	pause();
	return 0;
}
