// SPDX-License-Identifier: GPL-2.0-or-later
/* where: says on which machine it runs, and how wide its words are. */
#include <stdio.h>
#include <sys/utsname.h>

int main(void)
{
	struct utsname name;

	if (uname(&name))
		return 1;
	printf("%s %zu\n", name.nodename, 8 * sizeof(long));
	return 0;
}
