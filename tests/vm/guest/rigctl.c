// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rigctl: asks the host to do something to a virtual machine.  The agent passes
 * the words on; the host's answer is printed and its status is ours.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "frame.h"

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = RIGCTL_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char text[4096];
	ssize_t got;
	uint32_t status;
	size_t used = 0;
	int i;

	for (i = 1; i < argc; i++)
		used += snprintf(text + used, used < sizeof(text) ? sizeof(text) - used : 0,
				 "%s%s", i > 1 ? " " : "", argv[i]);
	if (used >= sizeof(text))
		return 2;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    write(fd, text, used + 1) < 0 || read(fd, &status, sizeof(status)) != sizeof(status)) {
		perror("rigctl");
		return 2;
	}
	while ((got = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, got, status ? stderr : stdout);
	return status;
}
