// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bpshell_jobs.h"
#include "bpshell_word.h"

static const char usage[] =
	"Usage: bpshell [options]\n"
	"       bpshell [options] -c COMMANDS\n"
	"       bpshell [options] FILE\n"
	"A shell whose commands run on the nodes of the cluster; 'help' in it says how.\n"
	"\n"
	"  -c, --command COMMANDS  does these, then ends\n"
	"  -e, --errexit           ends after the first command that fails\n"
	"  -u, --use SET           the nodes of commands that name none (default: up)\n"
	"  -b, --fold              output at the end, what is the same once\n"
	"  -h, --help              this text\n"
	"  -v, -V, --version       version\n";

static const struct option long_options[] = {
	{ "command", required_argument, NULL, 'c' },
	{ "errexit", no_argument, NULL, 'e' },
	{ "use", required_argument, NULL, 'u' },
	{ "fold", no_argument, NULL, 'b' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

/* -1 to go on, else an exit status. */
static int parse_options(struct bpshell *sh, const char **commands, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "+c:eu:bhvV", long_options, NULL)) != -1) {
		switch (c) {
		case 'c':
			*commands = optarg;
			break;
		case 'e':
			sh->stop_on_error = true;
			break;
		case 'u':
			free(sh->set);
			sh->set = strdup(optarg + (*optarg == '@'));
			break;
		case 'b':
			sh->fold = true;
			break;
		default:
			return common_option(c, "bpshell " VERSION, usage);
		}
	}
	return -1;
}

/* Pipes and files must not get these numbers. */
static void occupy_descriptors(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd ? O_WRONLY : O_RDONLY);
}

int bpshell_command(int argc, char **argv)
{
	struct bpshell sh = { .set = strdup("up") };
	const char *commands = NULL;
	int ret = parse_options(&sh, &commands, argc, argv);

	if (ret >= 0)
		return ret;
	bpshell_pid = getpid();
	occupy_descriptors();
	/* Who ignores this one never hears of an end. */
	signal(SIGCHLD, SIG_DFL);
	if (!sh.set) {
		perror("bpshell");
		return 1;
	}
	if (commands) {
		if (optind < argc) {
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
		bpshell_run(&sh, commands);
	} else if (optind < argc) {
		if (!bpshell_run_file(&sh, argv[optind]))
			sh.status = 127;
	} else if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
		sh.interactive = true;
		bpshell_interact(&sh);
	} else {
		sh.input_is_script = true;
		bpshell_run_stream(&sh, stdin, "standard input");
	}
	free(sh.set);
	return sh.status;
}
