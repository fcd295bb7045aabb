// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * moves-with NODE FLAGS: goes there with what the flags say, and says so; or exits with errno.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/bproc.h>

int main(int argc, char **argv)
{
	if (argc != 3 || _bproc_move(atoi(argv[1]), atoi(argv[2])))
		return errno;
	printf("on %d\n", bproc_currnode());
	return 0;
}
