// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bpctl.h"
#include "bpshell.h"
#include "bpstat.h"

static char *plain(char *word)
{
	return word + (word[0] == '@');
}

/* Asks on a terminal; true if it is to be done. */
static bool is_sure(const char *what, const char *spec)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	char answer[16];
	int n;

	if (!isatty(STDIN_FILENO))
		return true;
	n = bpshell_nodes(&set, spec);
	bproc_nodeset_free(&set);
	if (n <= 0) {
		if (!n)
			bpshell_say_none(spec);
		return false;
	}
	fprintf(stderr, "%s @%s, %d node%s? [y/N] ", what, spec, n, n == 1 ? "" : "s");
	if (fgets(answer, sizeof(answer), stdin))
		return *answer == 'y' || *answer == 'Y';
	fputc('\n', stderr);
	return false;
}

/* [-y] SET */
static int power(int argc, char **argv)
{
	bool sure = argc > 1 && !strcmp(argv[1], "-y");
	char *spec, option[16], *call[] = { "bpctl", "-S", NULL, option, NULL };

	if (argc != 2 + sure || argv[1 + sure][0] == '-')
		return bpshell_usage(argv[0]);
	spec = plain(argv[1 + sure]);
	if (!sure && !is_sure(argv[0], spec))
		return 1;
	snprintf(option, sizeof(option), "--%s", argv[0]);
	call[2] = spec;
	return bpctl_command(4, call);
}

static int state(int argc, char **argv)
{
	char *show[] = { "bpstat", "-l", NULL, NULL, NULL };
	char *set[] = { "bpctl", "-S", NULL, "-s", NULL, NULL };

	bool json = argc == 3 && !strcmp(argv[1], "--json");

	if (argc < 2 || argc > 3 || (argv[1][0] == '-' && !json))
		return bpshell_usage(argv[0]);
	if (argc == 2 || json) {
		show[2] = json ? argv[1] : plain(argv[1]);
		show[3] = json ? plain(argv[2]) : NULL;
		return bpstat_command(3 + json, show);
	}
	set[2] = plain(argv[1]);
	set[4] = argv[2];
	return bpctl_command(5, set);
}

int bpshell_control(struct bpshell *sh, int argc, char **argv)
{
	static const char *const option[][2] = { { "chmod", "-m" },
						 { "chown", "-u" },
						 { "chgrp", "-g" },
						 { "chroot", "-r" } };
	char *call[] = { "bpctl", "-S", NULL, NULL, NULL, NULL };
	size_t i;

	(void)sh;
	if (!strcmp(argv[0], "state"))
		return state(argc, argv);
	for (i = 0; i < sizeof(option) / sizeof(option[0]); i++) {
		if (strcmp(argv[0], option[i][0]))
			continue;
		if (argc != 3 || argv[1][0] == '-')
			return bpshell_usage(argv[0]);
		call[2] = plain(argv[2]);
		call[3] = (char *)option[i][1];
		call[4] = argv[1];
		return bpctl_command(5, call);
	}
	return power(argc, argv);
}

/* The program setfacl, on the nodes' device files. */
int bpshell_setfacl(struct bpshell *sh, int argc, char **argv)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int i, n, last = argc - 1;
	char **call;

	(void)sh;
	if (argc < 3)
		return bpshell_usage(argv[0]);
	n = bpshell_nodes(&set, plain(argv[last]));
	if (n < 0)
		return 1;
	if (!n) {
		bpshell_say_none(plain(argv[last]));
		return 1;
	}
	call = calloc((size_t)(argc + n), sizeof(*call));
	for (i = 0; call && i < last; i++)
		call[i] = argv[i];
	for (i = 0; call && i < n; i++)
		if (asprintf(&call[last + i], "/dev/bpnode%d", set.node[i].node) < 0)
			call = NULL;
	if (call)
		execvp(call[0], call);
	perror("bpshell: setfacl");
	return 1;
}
