// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include "bpctl.h"
#include "ranges.h"
#include "usage.h"

static const char usage[] =
	"Usage: bpctl -S NODES|-M ACTION...\n"
	"       bpctl check [--json]\n"
	"Controls nodes of the cluster: does the actions in their order.\n"
	"\"check\" says what is wrong with the installation, and what to do.\n"
	"\n"
	"  -S, --nodes NODES    the following actions are for these nodes (see bpsh)\n"
	"  -M, --master         they are for the master\n"
	"  -s, --state STATE    gives a new state; \"down\" disconnects\n"
	"  -m, --mode MODE      who may run: 1 others, 10 group, 100 owner, 111 all\n"
	"  -u, --user USER      a new owner, name or number\n"
	"  -g, --group GROUP    a new group, name or number\n"
	"  -r, --chroot DIR     changes the root directory\n"
	"  -R, --reboot         restarts the machine\n"
	"  -H, --halt           stops the machine\n"
	"  -P, --pwroff         switches the machine off\n"
	"      --reconnect MASTER[:PORT[,LOCAL[:PORT]]]\n"
	"                       uses another address of the master, without a loss\n"
	"  -f                   ignored\n"
	"  -h, --help           this text\n"
	"  -v, -V, --version    version\n";

enum { RECONNECT = 256 };

static const struct option long_options[] = {
	{ "nodes", required_argument, NULL, 'S' },
	{ "master", no_argument, NULL, 'M' },
	{ "state", required_argument, NULL, 's' },
	{ "mode", required_argument, NULL, 'm' },
	{ "user", required_argument, NULL, 'u' },
	{ "group", required_argument, NULL, 'g' },
	{ "chroot", required_argument, NULL, 'r' },
	{ "reboot", no_argument, NULL, 'R' },
	{ "halt", no_argument, NULL, 'H' },
	{ "pwroff", no_argument, NULL, 'P' },
	{ "reconnect", required_argument, NULL, RECONNECT },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* What an action's argument means, found before anything is done. */
struct action {
	int what;
	const char *text;
	int number;
	struct bpctl_address remote, local;
};

/* --- arguments --- */

static bool parse_number(const char *text, int base, int *number)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, base);
	*number = (int)n;
	return *text >= '0' && *text <= '9' && !*end && !errno && n < 0xffffffffUL;
}

static bool parse_user(const char *text, int *uid)
{
	const struct passwd *pw = getpwnam(text);

	if (pw)
		*uid = (int)pw->pw_uid;
	return pw || parse_number(text, 10, uid);
}

static bool parse_group(const char *text, int *gid)
{
	const struct group *gr = getgrnam(text);

	if (gr)
		*gid = (int)gr->gr_gid;
	return gr || parse_number(text, 10, gid);
}

/* As the driver has it: a letter, then letters, digits or _. */
static bool is_state(const char *text)
{
	size_t i, len = strlen(text);

	for (i = 0; i < len; i++)
		if (!isalpha((unsigned char)text[i]) &&
		    (!i || (!isdigit((unsigned char)text[i]) && text[i] != '_')))
			return false;
	return len && len < BPROC_STATE_LEN;
}

/* Whatever nodes there are. */
static bool is_list(const char *spec)
{
	struct bproc_node_set_t none = BPROC_EMPTY_NODESET, set;
	bool ret = bproc_nodefilter(&set, &none, spec) >= 0;

	bproc_nodeset_free(&set);
	return ret;
}

static bool parse(struct action *a, int what, const char *text)
{
	const char *wrong = NULL;

	memset(a, 0, sizeof(*a));
	a->what = what;
	a->text = text;
	if (what == 'S' && !is_list(text))
		wrong = "not a list of nodes";
	if (what == 's' && !is_state(text))
		wrong = "not a state: a letter, then letters, digits or _, up to 15";
	if (what == 'm' && (!parse_number(text, 8, &a->number) || a->number & ~0111))
		wrong = "not a mode: 100, 10, 1, or a sum of these";
	if (what == 'u' && !parse_user(text, &a->number))
		wrong = "no such user";
	if (what == 'g' && !parse_group(text, &a->number))
		wrong = "no such group";
	if (what == RECONNECT)
		wrong = bpctl_parse_addresses(text, &a->remote, &a->local);
	if (wrong)
		fprintf(stderr, "bpctl: %s: %s\n", text, wrong);
	return !wrong;
}

/* --- actions --- */

static int act_on(int node, const struct action *a)
{
	switch (a->what) {
	case 's':
		return bproc_nodesetstatus(node, a->text);
	case 'm':
		return bproc_chmod(node, a->number);
	case 'u':
		return bproc_chown(node, a->number);
	case 'g':
		return bproc_chgrp(node, a->number);
	case 'r':
		return bproc_nodechroot(node, a->text);
	case 'R':
		return bproc_nodereboot(node);
	case 'H':
		return bproc_nodehalt(node);
	case 'P':
		return bproc_nodepwroff(node);
	default:
		return bproc_nodereconnect(node, (const struct sockaddr *)&a->remote.addr,
					   (int)a->remote.len,
					   (const struct sockaddr *)&a->local.addr,
					   (int)a->local.len);
	}
}

static int act(const struct bproc_node_set_t *set, const struct action *a)
{
	int i, failed = 0;

	for (i = 0; i < set->size; i++)
		if (act_on(set->node[i].node, a)) {
			fprintf(stderr, "%d: %s\n", set->node[i].node,
				bproc_strerror(errno));
			failed = 1;
		}
	return failed;
}

static int select_nodes(struct bproc_node_set_t *set, const char *spec)
{
	bproc_nodeset_free(set);
	if (bproc_nodespec(set, spec) < 0) {
		nodespec_failed("bpctl", spec);
		return 1;
	}
	if (!set->size)
		fprintf(stderr, "bpctl: %s: no such node\n", spec);
	return !set->size;
}

/* --- the command --- */

static int next_option(int argc, char **argv)
{
	return getopt_long(argc, argv, "S:Ms:m:u:g:r:RHPfhvV", long_options, NULL);
}

/* Looks at everything before anything is done; -1 to go on, else an exit status. */
static int check(int argc, char **argv)
{
	bool selected = false, any = false;
	struct action a;
	int c;

	optind = 0;
	while ((c = next_option(argc, argv)) != -1)
		switch (c) {
		case 'f':
			break;
		case 'S':
			if (!parse(&a, c, optarg))
				return EXIT_USAGE;
			/* fall through */
		case 'M':
			selected = true;
			break;
		case 'h':
		case 'v':
		case 'V':
		case '?':
			return common_option(c, "bpctl " VERSION, usage);
		default:
			if (!selected) {
				fputs("bpctl: which nodes? -S or -M come first\n",
				      stderr);
				return EXIT_USAGE;
			}
			if (!parse(&a, c, optarg))
				return EXIT_USAGE;
			any = true;
		}
	if (optind < argc || !any) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return -1;
}

int bpctl_command(int argc, char **argv)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int c, ret;
	struct action a;

	if (argc > 1 && !strcmp(argv[1], "check"))
		return bpctl_check(argc - 1, argv + 1);
	ret = check(argc, argv);
	if (ret >= 0)
		return ret;
	ret = 0;
	optind = 0;
	while ((c = next_option(argc, argv)) != -1) {
		if (c == 'S' || c == 'M')
			ret |= select_nodes(&set, c == 'M' ? "master" : optarg);
		else if (c != 'f' && parse(&a, c, optarg))
			ret |= act(&set, &a);
	}
	bproc_nodeset_free(&set);
	return ret;
}
