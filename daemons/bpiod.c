// SPDX-License-Identifier: GPL-2.0-or-later
/* bpiod on the master: started by bpmaster, ends with it. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "bpiod.h"
#include "log.h"
#include "usage.h"

static const char usage[] =
	"Usage: bpiod [options]\n"
	"Forwards input and output of remote processes. Is started by\n"
	"bpmaster(8).\n"
	"\n"
	"  -v, --verbose     say more\n"
	"  -f, --facility N  log to syslog, as facility N\n"
	"  -h, --help        this text\n"
	"  -V, --version     version\n";

static const struct option options[] = {
	{ "verbose", no_argument, NULL, 'v' },
	{ "facility", required_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static bool has_control(void)
{
	socklen_t len = sizeof(int);
	int type;

	return !getsockopt(IOD_CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &len) &&
	       type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
	int c, facility = -1;
	bool verbose = false;

	while ((c = getopt_long(argc, argv, "vf:hV", options, NULL)) != -1) {
		switch (c) {
		case 'v':
			verbose = true;
			break;
		case 'f':
			facility = atoi(optarg);
			break;
		default:
			return common_option(c, "bpiod " VERSION, usage);
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	log_init("bpiod", verbose);
	if (facility >= 0)
		log_background(facility);
	if (!has_control()) {
		log_err("not started by bpmaster");
		return 1;
	}
	fcntl(IOD_CONTROL_FD, F_SETFD, FD_CLOEXEC);
	fcntl(IOD_DEVICE_FD, F_SETFD, FD_CLOEXEC);
	return bpiod_run(IOD_CONTROL_FD, IOD_DEVICE_FD, BPROC_NODE_MASTER);
}
