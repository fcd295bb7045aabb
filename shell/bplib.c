// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <unistd.h>
#include "bplib.h"
#include "json.h"
#include "usage.h"

static const char usage[] =
	"Usage: bplib [options] [-a|-d FILE...]\n"
	"The list of files that are presumed to be on all nodes, and do not travel.\n"
	"\n"
	"  -c, --clear      empties the list\n"
	"  -a, --add        adds the files\n"
	"  -d, --del        removes the files\n"
	"  -l, --list       shows the list, newest first\n"
	"  -j, --json       in JSON, for programs\n"
	"  -h, --help       this text\n"
	"  -v, -V, --version\n"
	"                   version\n"
	"\n"
	"FILE is an absolute path, or \"-\": names from standard input, one in a line.\n"
	"With several options the list is emptied first and shown last.\n";

static const struct option long_options[] = {
	{ "clear", no_argument, NULL, 'c' }, { "add", no_argument, NULL, 'a' },
	{ "del", no_argument, NULL, 'd' },   { "list", no_argument, NULL, 'l' },
	{ "json", no_argument, NULL, 'j' },  { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 },
};

static int complain(const char *what)
{
	fprintf(stderr, "bplib: %s%s%s\n", what ? what : "", what ? ": " : "",
		bproc_strerror(errno));
	return 1;
}

/* A name that is not absolute means nothing to anybody else. */
static int change(int how, const char *name)
{
	char *path = NULL;
	int ret;

	if (*name != '/') {
		path = realpath(name, NULL);
		if (!path)
			return complain(name);
	}
	ret = how == 'a' ? bproc_libadd(path ? path : name) :
			   bproc_libdel(path ? path : name);
	ret = ret ? complain(name) : 0;
	free(path);
	return ret;
}

static int change_listed(int how, FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int ret = 0;

	while ((n = getline(&line, &size, in)) > 0) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (n)
			ret |= change(how, line);
	}
	free(line);
	return ret;
}

static int list(bool json)
{
	const char *comma = "", *name;
	char *all;

	if (bproc_liblist(&all))
		return complain(NULL);
	if (json)
		putchar('[');
	for (name = all; *name; name += strlen(name) + 1) {
		if (json) {
			printf("%s\n  ", comma);
			json_string(name);
			comma = ",";
		} else {
			puts(name);
		}
	}
	if (json)
		puts(*all ? "\n]" : "]");
	free(all);
	return output_lost() ? complain("output") : 0;
}

int bplib_command(int argc, char **argv)
{
	bool clear = false, show = false, json = false;
	int c, how = 0, ret = 0;

	begin_output();
	optind = 0;
	while ((c = getopt_long(argc, argv, "cadljhvV", long_options, NULL)) != -1)
		switch (c) {
		case 'c':
			clear = true;
			break;
		case 'a':
		case 'd':
			if (how && how != c) {
				fputs("bplib: -a or -d, not both\n", stderr);
				return EXIT_USAGE;
			}
			how = c;
			break;
		case 'l':
			show = true;
			break;
		case 'j':
			json = true;
			break;
		default:
			return common_option(c, "bplib " VERSION, usage);
		}
	if ((how != 0) != (optind < argc) || (!how && !clear && !show && !json)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (clear && bproc_libclear())
		return complain(NULL);
	for (; optind < argc; optind++)
		ret |= strcmp(argv[optind], "-") ? change(how, argv[optind]) :
						   change_listed(how, stdin);
	if (show || (json && !how && !clear))
		ret |= list(json);
	return ret;
}
