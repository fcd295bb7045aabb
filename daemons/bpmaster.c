// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "files.h"
#include "log.h"
#include "loop.h"
#include "master.h"
#include "nodeup.h"
#include "notify.h"
#include "trace.h"
#include "usage.h"

#define DEVICE "/dev/bproc-master"

static const char usage[] =
	"Usage: bpmaster [options]\n"
	"Makes this machine the master of a cluster.\n"
	"\n"
	"  -d, --debug        stay in the foreground, log to stderr\n"
	"  -v, --verbose      say more\n"
	"  -c, --config FILE  configuration (default /etc/bproc/config, then\n"
	"                     /etc/beowulf/config)\n"
	"  -m, --trace FILE   write a line for each message into FILE\n"
	"  -h, --help         this text\n"
	"  -V, --version      version\n";

static const struct option options[] = {
	{ "debug", no_argument, NULL, 'd' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "config", required_argument, NULL, 'c' },
	{ "trace", required_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char *const config_paths[] = { "/etc/bproc/config", "/etc/beowulf/config" };

static struct config *read_config(const char *path)
{
	char error[512];
	struct config *c;

	/* If there is none at all, the first is the one that is missed. */
	if (!path)
		path = access(config_paths[0], F_OK) && !access(config_paths[1], F_OK)
			       ? config_paths[1]
			       : config_paths[0];
	c = config_read(path, error, sizeof(error));
	if (!c)
		log_err("%s", error);
	return c;
}

static void from_driver(void *arg, struct bproc_msg *msg)
{
	struct master *m = arg;

	log_debug("driver: %s node %d pid %d", device_type_name(msg->type), msg->node,
		  msg->pid);
	if (msg->type == BPROC_MSG_STREAM)
		node_want_stream(m, msg);
	else if (msg->type == BPROC_MSG_VECTOR)
		vector_want_stream(m, msg);
	else if (msg->type == BPROC_MSG_CONTROL)
		node_control(m, msg);
	else
		node_send(m, msg);
}

static void driver_broken(void *arg, int err)
{
	struct master *m = arg;

	log_err("%s: %s", DEVICE, strerror(-err));
	m->failed = true;
	event_base_loopbreak(m->base);
}

static void on_term(evutil_socket_t sig, short what, void *arg)
{
	/* long enough for the goodbyes to leave */
	struct timeval moment = { 0, 200000 };
	struct master *m = arg;

	(void)sig, (void)what;
	notify_stopping();
	log_info("stopping");
	admit_close();
	nodes_goodbye(m, "the master stops");
	event_base_loopexit(m->base, &moment);
}

struct reload {
	struct master *m;
	const char *path;
};

/* All of the new configuration, or nothing of it. */
static void reconfigure(struct master *m, struct config *config)
{
	struct config *old = m->config;
	int err;

	if (admit_listen(m, config)) {
		log_err("the new configuration does not work, the old one stays");
		config_free(config);
		return;
	}
	m->config = config;
	err = nodes_configure(m);
	if (!err) {
		log_info("new configuration: %u nodes", m->nodes);
		config_free(old);
		return;
	}
	log_err("the new configuration does not work, the old one stays: %u nodes: %s",
		config->nodes, strerror(-err));
	m->config = old;
	config_free(config);
	if (admit_listen(m, old) || nodes_configure(m))
		log_err("not even the old configuration works");
}

static void on_hup(evutil_socket_t sig, short what, void *arg)
{
	struct reload *r = arg;
	struct config *config;

	(void)sig, (void)what;
	notify_reloading();
	config = read_config(r->path);
	if (config)
		reconfigure(r->m, config);
	else
		log_err("the old configuration stays");
	notify_ready();
}

static void on_child(evutil_socket_t sig, short what, void *arg)
{
	(void)sig, (void)what, (void)arg;
	nodeup_reap();
	iod_reap();
}

static bool catch_signal(struct master *m, int sig, event_callback_fn cb, void *arg)
{
	struct event *ev = evsignal_new(m->base, sig, cb, arg);

	return ev && !event_add(ev, NULL);
}

static bool prepare(struct master *m, struct reload *reload)
{
	const char *error;
	int err, fd;

	m->config = read_config(reload->path);
	if (!m->config)
		return false;
	m->tls = tls_new(m->config->keyfile, true, &error);
	if (!m->tls) {
		log_err("%s", error);
		return false;
	}
	err = device_abi(&m->abi);
	if (err) {
		log_err("/dev/bproc: %s", strerror(-err));
		return false;
	}
	fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		log_err("%s: %m", DEVICE);
		return false;
	}
	m->base = loop_new();
	m->dev = m->base ? device_new(m->base, fd, from_driver, driver_broken, m) : NULL;
	if (!m->dev) {
		log_err("out of memory");
		return false;
	}
	err = nodes_configure(m);
	if (err) {
		log_err("%s: %u nodes: %s", DEVICE, m->config->nodes, strerror(-err));
		return false;
	}
	if (admit_listen(m, m->config))
		return false;
	signal(SIGPIPE, SIG_IGN);
	return catch_signal(m, SIGTERM, on_term, m) &&
	       catch_signal(m, SIGINT, on_term, m) &&
	       catch_signal(m, SIGHUP, on_hup, reload) &&
	       catch_signal(m, SIGCHLD, on_child, m);
}

/* The parent ends when the master is ready, so that a script can go on then. */
static int go_to_background(void)
{
	int pipefd[2];
	char c = 1;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC) || (pid = fork()) < 0) {
		log_err("cannot go to the background: %m");
		return -1;
	}
	if (pid) {
		close(pipefd[1]);
		if (read(pipefd[0], &c, 1) != 1)
			c = 1;
		_exit(c);
	}
	close(pipefd[0]);
	setsid();
	return pipefd[1];
}

static void finish_background(int ready, int facility)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char ok = 0;

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
	log_background(facility);
	if (chdir("/") || write(ready, &ok, 1) != 1)
		log_warn("the parent is gone");
	close(ready);
}

int main(int argc, char **argv)
{
	bool foreground = getenv("NOTIFY_SOCKET") != NULL, verbose = false;
	struct master m = { 0 };
	struct reload reload = { .m = &m };
	const char *trace = NULL;
	int c, ready = -1;

	while ((c = getopt_long(argc, argv, "dvc:m:hV", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			foreground = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'c':
			reload.path = optarg;
			break;
		case 'm':
			trace = optarg;
			break;
		default:
			return common_option(c, "bpmaster " VERSION, usage);
		}
	}
	log_init("bpmaster", verbose);
	if (optind < argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (reload.path && !(reload.path = absolute_path(reload.path))) {
		log_err("the configuration: %m");
		return 1;
	}
	if (trace && !(m.trace = trace_open(trace)))
		return 1;
	files_raise_limit();
	/* Before anything is opened: the driver knows a master by its process. */
	if (!foreground && (ready = go_to_background()) < 0)
		return 1;
	if (!prepare(&m, &reload))
		return 1;
	if (ready >= 0)
		finish_background(ready, m.config->logfacility);
	iod_start(&m, verbose, ready >= 0 ? m.config->logfacility : -1);
	log_info("master of %u nodes, port %u", m.nodes, m.config->port);
	notify_ready();
	event_base_dispatch(m.base);
	return m.failed;
}
