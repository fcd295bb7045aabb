// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hops NODE NODE: a child on the first node gets 16 MiB of memory there, has a child on the
 * second, which connects to it, and moves there itself.
 */
#include "scen.h"

#define SIZE (16U << 20)

/* An address of zero is where it comes from, whatever way it takes. */
static bool is_found(int to)
{
	int chan, heard;
	pid_t pid = remote_fork(to, &chan);

	if (pid == 0) {
		put_int(chan, 4711);
		_exit(0);
	}
	heard = get_int(chan);
	close(chan);
	return end_of(pid) == 0 && heard == 4711;
}

static void child(int chan, int to)
{
	unsigned int i, x = 1, bad = 0;
	unsigned char *memory = malloc(SIZE);

	if (!memory)
		_exit(1);
	if (!is_found(to))
		_exit(3);
	for (i = 0; i < SIZE; i++)
		memory[i] = (unsigned char)((x = x * 1103515245 + 12345) >> 16);
	if (move_io(BPROC_IOC_MOVE, to, NULL, 0))
		_exit(errno & 0xff);
	for (i = 0, x = 1; i < SIZE; i++)
		bad += memory[i] != (unsigned char)((x = x * 1103515245 + 12345) >> 16);
	close(chan);
	_exit(bad ? 2 : 42);
}

int main(int argc, char **argv)
{
	int from = scen_init(argc, argv), chan;
	int to = argc > 2 ? atoi(argv[2]) : 1;
	pid_t pid = remote_fork(from, &chan);

	if (pid == 0)
		child(chan, to);
	if (pid < 0)
		give_up("rfork");
	same("it arrives whole", 42 << 8, end_of(pid));
	return failures != 0;
}
