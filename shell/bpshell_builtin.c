// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bpshell_jobs.h"
#include "bpstat.h"
#include "json.h"

/* --- of the shell itself --- */

static int use(struct bpshell *sh, int argc, char **argv)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	const char *spec;
	int n;

	if (argc > 2)
		return bpshell_usage("use");
	if (argc == 1) {
		printf("@%s\n", sh->set);
		return 0;
	}
	/* "@rack1" is the set rack1, as in front of a command; "@@rack1" works, too */
	spec = argv[1] + (argv[1][0] == '@');
	n = bpshell_nodes(&set, spec);
	bproc_nodeset_free(&set);
	if (n < 0)
		return 1;
	if (!n)
		bpshell_say_none(spec);
	free(sh->set);
	sh->set = strdup(spec);
	return sh->set && n ? 0 : 1;
}

static int fold(struct bpshell *sh, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "on"))
		sh->fold = true;
	else if (argc == 2 && !strcmp(argv[1], "off"))
		sh->fold = false;
	else if (argc != 1)
		return bpshell_usage("fold");
	else
		puts(sh->fold ? "on" : "off");
	return 0;
}

static int cd(struct bpshell *sh, int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : getenv("HOME");
	char now[PATH_MAX];

	(void)sh;
	if (argc > 2)
		return bpshell_usage("cd");
	if (!dir || chdir(dir)) {
		fprintf(stderr, "bpshell: cd: %s: %m\n", dir ? dir : "HOME");
		return 1;
	}
	if (getcwd(now, sizeof(now)))
		setenv("PWD", now, 1);
	return 0;
}

static int export(struct bpshell *sh, int argc, char **argv)
{
	char *value;
	int i;

	(void)sh;
	if (argc < 2)
		return bpshell_usage("export");
	for (i = 1; i < argc; i++) {
		value = strchr(argv[i], '=');
		if (!value || value == argv[i])
			return bpshell_usage("export");
		*value++ = 0;
		if (setenv(argv[i], value, 1)) {
			perror("bpshell: export");
			return 1;
		}
	}
	return 0;
}

static int source(struct bpshell *sh, int argc, char **argv)
{
	if (argc != 2)
		return bpshell_usage("source");
	return bpshell_run_file(sh, argv[1]) ? sh->status : 1;
}

static int leave(struct bpshell *sh, int argc, char **argv)
{
	if (argc > 2 ||
	    (argc > 1 && (!*argv[1] || argv[1][strspn(argv[1], "0123456789")])))
		return bpshell_usage(argv[0]);
	if (sh->interactive && !sh->warned && bpshell_jobs_stopped(sh)) {
		fputs("bpshell: there are stopped jobs; exit again to leave them\n",
		      stderr);
		sh->warned = true;
		return 1;
	}
	sh->done = true;
	return argc > 1 ? atoi(argv[1]) & 0xff : sh->status;
}

static int help_json(void)
{
	const struct bpshell_builtin *b;

	for (b = bpshell_builtins; b->name; b++) {
		printf("%s\n  {", b == bpshell_builtins ? "[" : ",");
		json_member("name", b->name);
		printf(", ");
		json_member("arguments", b->arguments);
		printf(", ");
		json_member("help", b->help);
		putchar('}');
	}
	puts("\n]");
	return 0;
}

static int help(struct bpshell *sh, int argc, char **argv)
{
	const struct bpshell_builtin *b;

	(void)sh;
	if (argc > 2 || (argc == 2 && !strcmp(argv[1], "-h")))
		return bpshell_usage("help");
	if (argc == 2 && !strcmp(argv[1], "--json"))
		return help_json();
	if (argc > 1) {
		b = bpshell_builtin(argv[1]);
		if (!b) {
			fprintf(stderr, "bpshell: help: %s: not a built-in command\n",
				argv[1]);
			return 1;
		}
		printf("%s %s\n    %s\n", b->name, b->arguments, b->help);
		return 0;
	}
	puts("@SET COMMAND    runs a program of this machine on nodes: @0-3,7 @all @up "
	     "@up!3");
	puts("                @up&0-7 @all^0-3 @GROUP; -b folds equal output, -N leaves "
	     "labels");
	puts("                out, -i and -n say whether there is input, --pty is a "
	     "terminal");
	puts("COMMAND         a built-in, or the same on the nodes of 'use'");
	puts("!COMMAND        runs it here; so does what stands behind a |");
	puts("");
	for (b = bpshell_builtins; b->name; b++)
		printf("%-15s %s\n", b->name, b->help);
	puts("\n'help BUILT-IN' says how it is called; bpshell(1) has more.");
	return 0;
}

/* --- of the cluster --- */

/* A word of a set, perhaps with @ in front of it, as in commands. */
static char *plain(char *word)
{
	return word + (word[0] == '@');
}

static int nodes(struct bpshell *sh, int argc, char **argv)
{
	int i;

	(void)sh;
	for (i = 1; i < argc; i++)
		argv[i] = plain(argv[i]);
	argv[0] = "bpstat";
	return bpstat_command(argc, argv);
}

/* Changes of nodes as they come; or a command again and again. */
int bpshell_watch(struct bpshell *sh, int argc, char **argv)
{
	static char *changes[] = { "bpstat", "--watch", "--json", NULL };
	struct timespec pause;
	double seconds = 2;
	char text[4096] = "", when[32];
	size_t len = 0;
	time_t now;
	int i = 1;

	if (argc == 1 || (argc == 2 && !strcmp(argv[1], "--json")))
		return bpstat_command(argc + 1, changes);
	if (argc > 3 && !strcmp(argv[1], "-n")) {
		seconds = atof(argv[2]);
		i = 3;
	}
	if (argv[i][0] == '-' || !(seconds >= 0.1 && seconds < 1e6))
		return bpshell_usage("watch");
	for (; i < argc && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
					len ? " " : "", argv[i]);
	/* not a part of it */
	if (len >= sizeof(text)) {
		fputs("bpshell: watch: the command is too long\n", stderr);
		return 1;
	}
	pause.tv_sec = (time_t)seconds;
	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
	do {
		now = time(NULL);
		strftime(when, sizeof(when), "%T", localtime(&now));
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		printf("%s: %s\n", when, text);
		if (fflush(stdout))
			return 1;
		bpshell_run(sh, text);
	} while (!sh->interrupted && !nanosleep(&pause, NULL));
	return sh->status;
}

/* --- the table --- */

const struct bpshell_builtin bpshell_builtins[] = {
	{ "use", use, true, "[SET]", "the nodes of commands that name none" },
	{ "nodes", nodes, false, "[-l] [--json] [SET]", "the nodes (bpstat)" },
	{ "ps", bpshell_ps, false, "[--json] [SET]", "remote processes" },
	{ "top", bpshell_tool, false, "[OPTIONS] [SET]", "the busiest of them (bptop)" },
	{ "move", bpshell_tool, false, "[OPTIONS] PID... NODE",
	  "moves processes that run to a node (bpmove)" },
	{ "drain", bpshell_tool, false, "SET [--to SET]",
	  "moves all processes away from nodes, or says which stay and why (bpmove)" },
	{ "cp", bpshell_tool, false, "[-r] [-p] FROM... TO",
	  "copies files; on nodes they are NODE:PATH (bpcp)" },
	{ "lib", bpshell_tool, false, "[-l] [-a|-d FILE...] [--json]",
	  "files that all nodes have and that do not travel (bplib)" },
	{ "dump", bpshell_tool, false, "[OPTIONS] PID FILE",
	  "the image of a process of this machine as a file (bpckpt)" },
	{ "undump", bpshell_tool, false, "FILE", "the process of such a file (bpckpt)" },
	{ "watch", bpshell_watch, false, "[--json | [-n SECONDS] COMMAND]",
	  "changes of nodes as they come, or a command again and again" },
	{ "state", bpshell_control, false, "[--json] SET [STATE]",
	  "shows nodes' states, or gives them a new one" },
	{ "chmod", bpshell_control, false, "MODE SET",
	  "who may run on nodes: 1 others, 10 group, 100 owner" },
	{ "chown", bpshell_control, false, "USER SET", "gives nodes another owner" },
	{ "chgrp", bpshell_control, false, "GROUP SET", "gives nodes another group" },
	{ "setfacl", bpshell_setfacl, false, "OPTIONS SET",
	  "changes nodes' access control lists (setfacl(1))" },
	{ "chroot", bpshell_control, false, "DIRECTORY SET",
	  "another root directory for what comes to nodes, until they connect anew" },
	{ "reboot", bpshell_control, false, "[-y] SET", "restarts nodes' machines" },
	{ "halt", bpshell_control, false, "[-y] SET", "stops nodes' machines" },
	{ "pwroff", bpshell_control, false, "[-y] SET", "switches nodes' machines off" },
	{ "jobs", bpshell_jobs_builtin, true, "[--json]", "what runs in the background" },
	{ "fg", bpshell_fg, true, "[%JOB]", "a job in the foreground" },
	{ "bg", bpshell_bg, true, "[%JOB]",
	  "lets a stopped job go on in the background" },
	{ "wait", bpshell_wait, true, "[%JOB...]", "waits until jobs have ended" },
	{ "kill", bpshell_kill, true, "[-SIGNAL] PID|%JOB...",
	  "sends a signal to processes, wherever they are" },
	{ "fold", fold, true, "[on|off]", "folds equal output of nodes, as -b does" },
	{ "cd", cd, true, "[DIRECTORY]", "goes to another directory" },
	{ "export", export, true, "NAME=VALUE...", "sets variables" },
	{ "history", bpshell_history, true, "[-c | [--json] [N]]",
	  "what was typed; -c forgets it" },
	{ "source", source, true, "FILE", "does the commands of a file" },
	{ "help", help, false, "[--json | COMMAND]", "this" },
	{ "exit", leave, true, "[STATUS]", "ends the shell" },
	{ "quit", leave, true, "[STATUS]", "the same" },
	{ NULL, NULL, false, NULL, NULL },
};

const struct bpshell_builtin *bpshell_builtin(const char *name)
{
	const struct bpshell_builtin *b;

	for (b = bpshell_builtins; b->name; b++)
		if (!strcmp(b->name, name))
			return b;
	return NULL;
}

int bpshell_usage(const char *name)
{
	fprintf(stderr, "Usage: %s %s\n", name, bpshell_builtin(name)->arguments);
	return EXIT_USAGE;
}
