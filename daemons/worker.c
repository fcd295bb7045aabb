// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worker is process 1 of the node's PID namespace. All that goes wrong ends it, and
 * with it, by the kernel's doing, every process of the node; the supervisor then starts
 * a new one. So there is little to clean up here.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "handshake.h"
#include "log.h"
#include "loop.h"
#include "pool.h"
#include "rejoin.h"
#include "slave.h"
#include "slave_peer.h"
#include "stream.h"
#include "trace.h"
#include "want_stream.h"
#include "wire.h"

#define DEVICE "/dev/bproc-slave"
/* How long the master may take for CONFIG, in seconds. */
#define CONFIG_TIMEOUT 30

struct worker {
	struct slave_options *options;
	struct event_base *base;
	struct tls *tls;
	struct device *dev;
	struct wire *wire;
	struct wire *old; /* the master closes it */
	struct rejoin *rejoin;
	struct slave_options to; /* where @rejoin goes */
	__u64 rejoin_id;
	struct slave_streams *streams;
	struct slave_peers *peers;
	struct slave_vectors *vectors;
	struct slave_direct *direct;
	struct link_config config;
	struct event *watchdog;
	int power; /* from power_look() */
	enum worker_exit exit;
};

static void stop(struct worker *w, enum worker_exit how)
{
	/* What was accepted is done, whatever happens meanwhile. */
	if (w->exit < WORKER_REBOOT)
		w->exit = how;
	event_base_loopbreak(w->base);
}

static void goodbye(struct worker *w, const char *why)
{
	struct bproc_msg msg = { .type = LINK_GOODBYE };
	struct timeval moment = { 0, 200000 };

	if (w->wire)
		wire_send_body(w->wire, &msg, why, strlen(why) + 1);
	event_base_loopexit(w->base, &moment);
}

/* --- processes --- */

static void on_child(evutil_socket_t sig, short what, void *arg)
{
	int pid;

	(void)sig, (void)what, (void)arg;
	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
		slave_iod_reaped(pid);
}

static bool has_token(const struct link_preface *preface)
{
	unsigned int i;

	for (i = 0; i < LINK_TOKEN_LEN; i++)
		if (preface->token[i])
			return true;
	return false;
}

static void on_arrival(void *arg, const struct link_preface *preface, int fd)
{
	struct worker *w = arg;

	if (has_token(preface))
		slave_peers_brought(w->peers, preface, fd, true);
	else
		arriving_start(w->base, w->dev, preface, fd);
}

/* --- the driver --- */

static void from_driver(void *arg, struct bproc_msg *msg)
{
	struct worker *w = arg;

	log_debug("driver: %s pid %d", device_type_name(msg->type), msg->pid);
	trace_message(w->options->trace, w->config.node, BPROC_NODE_MASTER, msg);
	if (msg->type == BPROC_MSG_STREAM && w->direct && msg->node != BPROC_NODE_MASTER)
		slave_direct_want(w->direct, msg, w->config.node);
	else if (msg->type == BPROC_MSG_STREAM || msg->type == BPROC_MSG_VECTOR)
		want_stream(w->dev, w->streams ? slave_streams_up(w->streams) : NULL, msg,
			    w->config.node);
	else if (msg->type < BPROC_MSG_DAEMON && w->wire)
		wire_send(w->wire, msg);
}

static void driver_broken(void *arg, int err)
{
	log_err("%s: %s", DEVICE, strerror(-err));
	stop(arg, WORKER_LOST);
}

/* --- the master --- */

static void hear(struct worker *w, int seconds)
{
	struct timeval limit = { seconds, 0 };

	evtimer_add(w->watchdog, &limit);
}

static void on_silence(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	log_err("the master is silent");
	stop(arg, WORKER_LOST);
}

static void configure(struct worker *w, const struct bproc_msg *msg)
{
	struct bproc_slave_setup setup = { 0 };
	struct bproc_msg ready = { .size = sizeof(ready), .type = LINK_READY };

	if (w->streams || msg->size != sizeof(*msg) + sizeof(w->config)) {
		log_err("the master's CONFIG is of another version");
		stop(w, WORKER_FAILED);
		return;
	}
	memcpy(&w->config, msg + 1, sizeof(w->config));
	setup.node = w->config.node;
	setup.stub = standin_program();
	if (ioctl(device_fd(w->dev), BPROC_IOC_SLAVE_SETUP, &setup) < 0) {
		log_err("%s: node %d: %m", DEVICE, setup.node);
		goodbye(w, "the driver refuses the node");
		return;
	}
	slave_peers_configure(w->peers, &w->config);
	slave_iod_start(w->base, w->options, w->tls, w->peers, &w->config);
	wire_send(w->wire, &ready);
	w->streams =
		slave_streams_new(w->base, w->options, w->tls, &w->config, on_arrival, w);
	if (w->streams)
		w->direct = slave_direct_new(w->base, w->dev, &w->wire, w->peers,
					     slave_streams_up(w->streams));
	if (!w->direct) {
		stop(w, WORKER_FAILED);
		return;
	}
	w->exit = WORKER_LOST;
	hear(w, (int)w->config.pingtimeout);
	log_info("this is node %d", w->config.node);
}

static void to_driver(struct worker *w, const struct bproc_msg *msg)
{
	int err;

	if (msg->type == BPROC_MSG_ABORT)
		slave_vector_abort(w->vectors, msg);
	err = device_write(w->dev, msg);
	if (err == -ENOENT &&
	    (msg->type == BPROC_MSG_IDS || msg->type == BPROC_MSG_PARENT)) {
		const struct bproc_msg_ids *ids = (const void *)(msg + 1);
		bool parent = msg->type == BPROC_MSG_PARENT;

		err = standin_make(w->dev, parent ? msg->result : ids->pgrp,
				   parent ? (__u32)msg->id : 0);
		if (!err)
			err = device_write(w->dev, msg);
	}
	/* A process that is gone meanwhile is nobody's fault. */
	if (err == -ESRCH)
		log_debug("driver: %s pid %d: gone", device_type_name(msg->type),
			  msg->pid);
	else if (err)
		log_warn("driver refuses %s, pid %d: %s", device_type_name(msg->type),
			 msg->pid, strerror(-err));
}

static const struct wire_ops link_ops;

static void answer_control(struct worker *w, __u64 id, __u32 op, int result)
{
	struct bproc_msg msg = { .type = LINK_CONTROLLED, .id = id, .result = result };
	struct bproc_msg_control body = { .op = op };

	if (w->wire)
		wire_send_body(w->wire, &msg, &body, sizeof(body));
}

/* The worker is one process of a namespace: its end says what is to be done. */
static int leave(struct worker *w, enum worker_exit how)
{
	struct timeval moment = { 0, 200000 };
	int err = power_allowed(w->power);

	if (!err) {
		w->exit = how;
		event_base_loopexit(w->base, &moment);
	}
	return err;
}

/* --- another address of the master --- */

static void on_rejoin_failed(void *arg, struct wire *wire, int err)
{
	struct worker *w = arg;

	(void)wire;
	w->rejoin = NULL;
	answer_control(w, w->rejoin_id, BPROC_CONTROL_RECONNECT, err);
}

/* 0: the answer comes later. */
static int reconnect(struct worker *w, const struct bproc_connect *c, __u64 id)
{
	int fd;

	if (w->rejoin)
		return -EBUSY;
	if (slave_other_address(w->options, c, &w->to))
		return -EINVAL;
	fd = slave_connect(&w->to);
	if (fd < 0)
		return fd;
	/* A port can be used once; our streams have the address only. */
	((struct sockaddr_in *)&w->to.local)->sin_port = 0;
	w->rejoin_id = id;
	w->rejoin = rejoin_start(w->base, w->tls, fd, &w->config, on_rejoin_failed, w);
	return w->rejoin ? 0 : -ENOMEM;
}

static void on_old(void *arg, const struct bproc_msg *msg)
{
	(void)arg, (void)msg; /* the master's SWITCH was its last word there */
}

static void on_old_end(void *arg, const char *why)
{
	struct worker *w = arg;

	(void)why;
	wire_free(w->old);
	w->old = NULL;
}

/* The master sends over the new connection from now on, and so do we. */
static void switch_link(struct worker *w)
{
	static const struct wire_ops old_ops = { on_old, on_old_end };
	struct bproc_msg marker = { .size = sizeof(marker), .type = LINK_SWITCH };
	struct wire *wire = rejoin_take(w->rejoin);

	if (!wire) {
		log_err("the master switches to a connection that is not there");
		stop(w, WORKER_LOST);
		return;
	}
	w->rejoin = NULL;
	wire_send(w->wire, &marker);
	wire_free(w->old);
	w->old = w->wire;
	wire_set_ops(w->old, &old_ops, w);
	w->wire = wire;
	wire_set_ops(wire, &link_ops, w);
	*w->options = w->to;
	slave_streams_moved(w->streams);
	slave_iod_moved();
	answer_control(w, w->rejoin_id, BPROC_CONTROL_RECONNECT, 0);
	wire_hold(wire, false);
	log_info("the link goes to another address of the master now");
}

static void control(struct worker *w, const struct bproc_msg *msg)
{
	const struct bproc_msg_control *c = (const void *)(msg + 1);
	const char *text = (const char *)(c + 1);
	int err;

	if (!w->streams || msg->size < sizeof(*msg) + sizeof(*c) ||
	    c->len != msg->size - sizeof(*msg) - sizeof(*c)) {
		log_warn("a CONTROL that makes no sense");
		return;
	}
	switch (c->op) {
	case BPROC_CONTROL_CHROOT:
		err = c->len && !text[c->len - 1] ? slave_chroot(text) : -EINVAL;
		break;
	case BPROC_CONTROL_REBOOT:
		err = leave(w, WORKER_REBOOT);
		break;
	case BPROC_CONTROL_HALT:
		err = leave(w, WORKER_HALT);
		break;
	case BPROC_CONTROL_PWROFF:
		err = leave(w, WORKER_PWROFF);
		break;
	case BPROC_CONTROL_RECONNECT:
		err = c->len == sizeof(struct bproc_connect)
			      ? reconnect(w, (const void *)text, msg->id)
			      : -EINVAL;
		if (!err)
			return;
		break;
	default:
		err = -EOPNOTSUPP;
	}
	answer_control(w, msg->id, c->op, err);
}

static void from_master(void *arg, const struct bproc_msg *msg)
{
	struct bproc_msg pong = { .size = sizeof(pong), .type = LINK_PONG };
	struct worker *w = arg;

	log_debug("master: %s pid %d", device_type_name(msg->type), msg->pid);
	trace_message(w->options->trace, BPROC_NODE_MASTER, w->config.node, msg);
	hear(w, w->streams ? (int)w->config.pingtimeout : CONFIG_TIMEOUT);
	if (msg->type < BPROC_MSG_DAEMON) {
		if (w->streams)
			to_driver(w, msg);
		return;
	}
	switch (msg->type) {
	case LINK_CONFIG:
		configure(w, msg);
		break;
	case LINK_PING:
		pong.id = msg->id;
		wire_send(w->wire, &pong);
		break;
	case LINK_STREAMS:
		if (w->streams && msg->result > 0)
			slave_streams_more(w->streams, (unsigned int)msg->result);
		break;
	case LINK_CONTROL:
		control(w, msg);
		break;
	case LINK_SWITCH:
		switch_link(w);
		break;
	case LINK_VECTOR:
		if (w->streams)
			slave_vector(w->vectors, msg);
		break;
	case LINK_EXPECT:
		if (w->direct)
			slave_direct_expect(w->direct, msg);
		break;
	case LINK_CONNECT:
		if (w->direct)
			slave_direct_connect(w->direct, msg);
		break;
	case LINK_CUT:
		slave_vector_cut(w->vectors, msg);
		break;
	case LINK_GOODBYE:
		log_info("the master ends the link: %.*s",
			 (int)(msg->size - sizeof(*msg)), (const char *)(msg + 1));
		stop(w, WORKER_LOST);
		break;
	default:
		log_warn("unknown message %u from the master", msg->type);
	}
}

static void link_broken(void *arg, const char *why)
{
	log_err("link to the master: %s", why);
	stop(arg, ((struct worker *)arg)->exit);
}

static const struct wire_ops link_ops = { from_master, link_broken };

static void on_link(void *arg, SSL *ssl, int fd, int kind, const char *error)
{
	struct bproc_msg msg = { .type = LINK_HELLO };
	struct link_hello hello = { .version = LINK_VERSION };
	struct worker *w = arg;
	int err;

	(void)kind;
	if (error) {
		log_err("no link to the master: %s", error);
		stop(w, WORKER_FAILED);
		return;
	}
	w->peers = slave_peers_new(w->base, w->options, w->tls, fd);
	if (w->peers)
		w->vectors = slave_vectors_new(w->base, w->dev, &w->wire, w->peers,
					       w->options, &w->config);
	w->wire = wire_new(w->base, ssl, fd, &link_ops, w);
	err = device_abi(&hello.abi);
	if (!w->vectors || !w->wire || err) {
		log_err("/dev/bproc: %s", err ? strerror(-err) : "out of memory");
		stop(w, WORKER_FAILED);
		return;
	}
	hello.port = slave_peers_port(w->peers);
	wire_send_body(w->wire, &msg, &hello, sizeof(hello));
}

int slave_connect(const struct slave_options *o)
{
	int fd = socket(o->master.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	if (fd < 0)
		return -errno;
	stream_socket_options(fd);
	if ((o->local.ss_family &&
	     bind(fd, (const struct sockaddr *)&o->local, o->local_len)) ||
	    (connect(fd, (const struct sockaddr *)&o->master, o->master_len) &&
	     errno != EINPROGRESS)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* --- the process itself --- */

static void on_term(evutil_socket_t sig, short what, void *arg)
{
	struct worker *w = arg;

	(void)sig, (void)what;
	w->exit = WORKER_STOPPED;
	goodbye(w, "bpslave was stopped");
}

/* Nothing that is mounted here may show outside; /proc must be this namespace's. */
static int mount_proc(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return -errno;
	return 0;
}

/* 0, 1, 2 stay as they are; 3 is wanted free of anything that matters by stand-ins. */
static int occupy_three(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fd != 3) {
		err = dup3(fd, 3, O_CLOEXEC) < 0 ? -errno : 0;
		close(fd);
	}
	return err;
}

static bool catch_signals(struct worker *w)
{
	struct event *child = evsignal_new(w->base, SIGCHLD, on_child, w);
	struct event *term = evsignal_new(w->base, SIGTERM, on_term, w);
	struct event *intr = evsignal_new(w->base, SIGINT, on_term, w);

	sigset_t none;

	signal(SIGPIPE, SIG_IGN);
	if (!child || !term || !intr || event_add(child, NULL) || event_add(term, NULL) ||
	    event_add(intr, NULL))
		return false;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

/*
 * A node without udev has the device as the kernel makes it: root's alone. Processes
 * here were let in by the master, and need the device to go on or back.
 */
static void open_user_device(void)
{
	if (access("/run/udev/control", F_OK) && chmod("/dev/bproc", 0666))
		log_warn("/dev/bproc: %m");
}

static bool prepare(struct worker *w)
{
	const char *error;
	int err, fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "bpslave: node");
	err = mount_proc();
	if (!err)
		err = occupy_three();
	if (err) {
		log_err("/proc of the node: %s", strerror(-err));
		return false;
	}
	w->tls = tls_new(w->options->keyfile, false, &error);
	if (!w->tls) {
		log_err("%s", error);
		return false;
	}
	open_user_device();
	w->power = power_look();
	w->base = loop_new();
	fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		log_err("%s: %m", DEVICE);
		return false;
	}
	if (w->base)
		w->dev = device_new(w->base, fd, from_driver, driver_broken, w);
	if (w->dev)
		w->watchdog = evtimer_new(w->base, on_silence, w);
	return w->watchdog && catch_signals(w);
}

enum worker_exit worker_run(struct slave_options *options)
{
	struct worker w = { .options = options, .exit = WORKER_FAILED };
	int fd;

	if (!prepare(&w))
		return WORKER_FAILED;
	hear(&w, CONFIG_TIMEOUT);
	fd = slave_connect(options);
	if (fd < 0) {
		log_err("no link to the master: %s", strerror(-fd));
		return WORKER_FAILED;
	}
	if (!handshake_start(w.base, w.tls, fd, TLS_LINK, LINK_HANDSHAKE_TIMEOUT, on_link,
			     &w))
		return WORKER_FAILED;
	event_base_dispatch(w.base);
	return w.exit;
}
