// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/sched.h>
#include "log.h"
#include "notify.h"
#include "slave.h"
#include "trace.h"
#include "usage.h"

#define BACKOFF_MIN 1
#define BACKOFF_MAX 10

static const char usage[] =
	"Usage: bpslave [options] MASTER[:PORT] [PORT]\n"
	"Makes this machine a node of MASTER's cluster.\n"
	"\n"
	"  -d, --debug          stay in the foreground, log to stderr\n"
	"  -v, --verbose        say more\n"
	"  -k, --key FILE       the cluster's key (default /etc/bproc/key)\n"
	"  -s, --source ADDR    connect from this address of ours\n"
	"  -P, --peers PORT     where other nodes bring processes (default 2224; 0: "
	"they\n"
	"                       come by way of the master)\n"
	"  -r                   connect again when the link ends (always so)\n"
	"  -n, --attempts N     give up after N attempts without a link (default: "
	"never)\n"
	"  -l, --log FACILITY   facility of syslog (default daemon)\n"
	"  -m, --trace FILE     write a line for each message into FILE\n"
	"  -h, --help           this text\n"
	"  -V, --version        version\n";

static const struct option long_options[] = {
	{ "debug", no_argument, NULL, 'd' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "key", required_argument, NULL, 'k' },
	{ "source", required_argument, NULL, 's' },
	{ "peers", required_argument, NULL, 'P' },
	{ "attempts", required_argument, NULL, 'n' },
	{ "log", required_argument, NULL, 'l' },
	{ "trace", required_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static volatile sig_atomic_t stopping;
static volatile pid_t worker;

static void on_signal(int sig)
{
	stopping = 1;
	if (worker > 0)
		kill(worker, sig);
}

/* A worker in its own PID and mount namespace; what it returned, or -errno. */
static int run_worker(struct slave_options *o)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS,
		.exit_signal = SIGCHLD,
	};
	sigset_t mask, old;
	int status;
	pid_t pid;

	/* A signal to stop must meet either no worker or one whose number is known. */
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, &old);
	pid = stopping ? -1 : (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	/* The worker unblocks them when it has handlers: an init ignores the default. */
	if (!pid)
		_exit(worker_run(o));
	status = -errno;
	worker = pid > 0 ? pid : 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return stopping ? WORKER_STOPPED : status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	worker = 0;
	if (stopping)
		return WORKER_STOPPED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : WORKER_LOST;
}

static bool same_master(const struct slave_options *a, const struct slave_options *b)
{
	return a->master_len == b->master_len &&
	       !memcmp(&a->master, &b->master, sizeof(a->master)) &&
	       !memcmp(&a->local, &b->local, sizeof(a->local));
}

/*
 * Where the master was when the link ended is tried first, then in turn with where it was
 * at the beginning.
 */
static void next_address(struct slave_options *now, const struct slave_options *first,
			 struct slave_options *last, bool failed)
{
	if (!same_master(now, first)) {
		*last = *now;
		if (failed)
			*now = *first;
	} else if (failed && last->master_len) {
		*now = *last;
	}
}

/* A worker, once the names have addresses: a name server may come up after us. */
static int attempt(const struct slave_names *names, struct slave_options *first,
		   struct slave_options *o)
{
	if (stopping)
		return WORKER_STOPPED;
	if (!first->master_len) {
		if (!slave_look_up(names, first))
			return WORKER_FAILED;
		*o = *first;
	}
	return run_worker(o);
}

static int supervise(const struct slave_names *names, struct slave_options *first,
		     long attempts)
{
	struct slave_options last = { .master_len = 0 };
	/* a worker that is told to use another address changes it */
	struct slave_options *o = mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int backoff = BACKOFF_MIN;
	long failed = 0;

	if (o == MAP_FAILED) {
		log_err("out of memory");
		return 1;
	}
	for (;;) {
		struct timespec pause = { 0 };
		int how = attempt(names, first, o);

		if (how == WORKER_STOPPED)
			return 0;
		if (how == WORKER_USELESS)
			return 1;
		if (how == WORKER_REBOOT || how == WORKER_HALT || how == WORKER_PWROFF) {
			power_do((enum worker_exit)how);
			how = WORKER_LOST;
		}
		next_address(o, first, &last, how == WORKER_FAILED);
		if (how < 0)
			log_err("cannot make a worker: %s", strerror(-how));
		if (how == WORKER_LOST) {
			backoff = BACKOFF_MIN;
			failed = 0;
		} else if (attempts && ++failed >= attempts) {
			log_err("no link after %ld attempts", failed);
			return 1;
		}
		pause.tv_sec = backoff;
		nanosleep(&pause, NULL);
		if (how != WORKER_LOST && backoff < BACKOFF_MAX)
			backoff = backoff * 2 < BACKOFF_MAX ? backoff * 2 : BACKOFF_MAX;
	}
}

struct arguments {
	bool foreground;
	bool verbose;
	const char *trace;
	int facility;
	long attempts;
};

static int wrong(void)
{
	fputs(usage, stderr);
	return EXIT_USAGE;
}

static bool parse_attempts(const char *text, long *n)
{
	char *end;

	*n = strtol(text, &end, 10);
	return *n > 0 && !*end;
}

static bool parse_port(const char *text, unsigned int *port)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*port = (unsigned int)n;
	return *text >= '0' && *text <= '9' && !*end && n <= 65535;
}

/* -1 to go on, else an exit status. */
static int parse_options(struct arguments *a, struct slave_names *names,
			 struct slave_options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "dvk:s:P:rn:l:m:hV", long_options, NULL)) !=
	       -1) {
		switch (c) {
		case 'd':
			a->foreground = true;
			break;
		case 'v':
			a->verbose = true;
			break;
		case 'k':
			o->keyfile = optarg;
			break;
		case 's':
			names->local = optarg;
			break;
		case 'P':
			if (parse_port(optarg, &o->peer_port))
				break;
			fprintf(stderr, "bpslave: -P %s: not a port\n", optarg);
			return EXIT_USAGE;
		case 'r':
			break;
		case 'n':
			if (parse_attempts(optarg, &a->attempts))
				break;
			fprintf(stderr, "bpslave: -n %s: not a number from 1\n", optarg);
			return EXIT_USAGE;
		case 'l':
			a->facility = log_facility(optarg);
			if (a->facility >= 0)
				break;
			fprintf(stderr, "bpslave: -l %s: not a syslog facility\n",
				optarg);
			return EXIT_USAGE;
		case 'm':
			a->trace = optarg;
			break;
		default:
			return common_option(c, "bpslave " VERSION, usage);
		}
	}
	return argc - optind < 1 || argc - optind > 2 ? wrong() : -1;
}

int main(int argc, char **argv)
{
	struct arguments a = { .foreground = getenv("NOTIFY_SOCKET") != NULL,
			       .facility = LOG_DAEMON };
	struct slave_options o = { .keyfile = "/etc/bproc/key",
				   .peer_port = LINK_PEER_PORT };
	struct sigaction action = { .sa_handler = on_signal };
	struct slave_names names = { 0 };
	int ret = parse_options(&a, &names, &o, argc, argv);

	if (ret >= 0)
		return ret;
	log_init("bpslave", a.verbose);
	if (!slave_parse_master(argv[optind], argv[optind + 1], &names))
		return 1;
	o.keyfile = absolute_path(o.keyfile);
	if (!o.keyfile) {
		log_err("the key: %m");
		return 1;
	}
	if (a.trace && !(o.trace = trace_open(a.trace)))
		return 1;
	if (!a.foreground) {
		if (daemon(0, 0)) {
			log_err("cannot go to the background: %m");
			return 1;
		}
		log_background(a.facility);
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	notify_ready();
	return supervise(&names, &o, a.attempts);
}
