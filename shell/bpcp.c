// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/stat.h>
#include "bpcp.h"
#include "usage.h"

static const char usage[] =
	"Usage: bpcp [options] FROM TO\n"
	"       bpcp [options] FROM... DIRECTORY\n"
	"Copies files. FROM, TO and DIRECTORY are paths here, or NODE:PATH.\n"
	"\n"
	"  -r, --recursive  directories with all that is in them\n"
	"  -p, --preserve   modes and times, too\n"
	"  -q, --quiet      shows no progress on a terminal\n"
	"  -h, --help       this text\n"
	"  -v, -V, --version\n"
	"                   version\n";

static const struct option long_options[] = {
	{ "recursive", no_argument, NULL, 'r' }, { "preserve", no_argument, NULL, 'p' },
	{ "quiet", no_argument, NULL, 'q' },	 { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },	 { NULL, 0, NULL, 0 },
};

/* The node in front of a path, and where the path begins. */
static int split(char *text, char **path)
{
	char *digits = text, *end;
	long n;

	*path = text;
	if (!strncmp(text, "master:", 7)) {
		*path = text + 7;
		n = BPROC_NODE_MASTER;
	} else {
		if (*digits == 'n' || *digits == '.')
			digits++;
		n = strtol(digits, &end, 10);
		if (*digits < '0' || *digits > '9' || *end != ':' || n > 0xffff)
			return BPROC_NODE_MASTER;
		*path = end + 1;
	}
	return (int)n;
}

int bpcp_command(int argc, char **argv)
{
	struct bpcp_options o = { .quiet = false };
	struct bpcp_end from, to;
	char *path, *target, here[] = ".";
	int c, i, ret = 0;

	optind = 0;
	while ((c = getopt_long(argc, argv, "rpqhvV", long_options, NULL)) != -1)
		switch (c) {
		case 'r':
			o.recursive = true;
			break;
		case 'p':
			o.preserve = true;
			break;
		case 'q':
			o.quiet = true;
			break;
		default:
			return common_option(c, "bpcp " VERSION, usage);
		}
	argc -= optind;
	argv += optind;
	if (argc < 2) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	to.node = split(argv[argc - 1], &target);
	if (!*target)
		target = here;
	to.path = target;
	o.into = argc > 2;
	for (i = 0; i < argc - 1; i++) {
		from.node = split(argv[i], &path);
		if (!*path)
			path = here;
		from.path = path;
		o.from = from.node;
		o.to = to.node;
		ret |= bpcp_copy(&from, &to, &o);
	}
	return ret;
}
