// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "log.h"
#include "master.h"
#include "node.h"
#include "trace.h"
#include "want_stream.h"

/* It has said something: from now on it may be silent for so long. */
static void hear(struct node *n)
{
	struct timeval limit = { n->pingtimeout, 0 };

	evtimer_add(n->silence, &limit);
}

void node_set_state(struct node *n, const char *state)
{
	struct bproc_node_state arg = { .node = n->number };
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = n->addr,
	};

	snprintf(arg.state, sizeof(arg.state), "%s", state);
	memcpy(arg.addr, &in, sizeof(in));
	if (ioctl(device_fd(n->m->dev), BPROC_IOC_NODE_STATE, &arg) < 0)
		log_err("node %d: the driver does not take state \"%s\": %m", n->number,
			state);
	else
		log_info("node %d is %s", n->number, state);
}

void node_complain(struct node *n, const char *fmt, ...)
{
	unsigned int left_out;
	char text[256];
	va_list ap;

	/* First, as long as errno is what it may be about. */
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!log_limit(&n->misdeeds, &left_out))
		return;
	if (left_out)
		log_warn("node %d: %u more lines", n->number, left_out);
	log_warn("node %d: %s", n->number, text);
}

/* --- streams --- */

static void on_low(void *arg, unsigned int waiting)
{
	struct node *n = arg;
	struct bproc_msg msg = {
		.size = sizeof(msg),
		.type = LINK_STREAMS,
		.result = (__s32)waiting,
	};

	/* The usual number is the slave's own business. */
	if (waiting && n->wire)
		wire_send(n->wire, &msg);
}

void node_want_stream(struct master *m, const struct bproc_msg *msg)
{
	struct node *n = NULL;

	if (msg->node >= 0 && (unsigned int)msg->node < m->nodes)
		n = m->node[msg->node];
	want_stream(m->dev, n && n->ready ? n->down : NULL, msg, BPROC_NODE_MASTER);
}

static void on_up(void *arg, const struct link_preface *p, int fd)
{
	struct node *n = arg;
	struct master *m = n->m;
	struct bproc_stream_fd give;

	if (!p)
		return;
	if (!p->pid) {
		vector_from_node(n, p, fd);
		return;
	}
	if (p->node != BPROC_NODE_MASTER) {
		node_relay(n, p, fd);
		return;
	}
	/* The driver checks that the process is one of this node. */
	give = (struct bproc_stream_fd){
		.id = p->id,
		.fd = fd,
		.result = n->number,
		.pid = p->pid,
		.ppid = p->ppid,
	};
	if (ioctl(device_fd(m->dev), BPROC_IOC_ARRIVAL, &give) < 0)
		node_complain(n, "process %d cannot come to the master: %m", p->pid);
	close(fd);
}

bool node_takes_stream(const struct master *m, int number, bool up)
{
	const struct node *n;

	if (number < 0 || (unsigned int)number >= m->nodes)
		return false;
	n = m->node[number];
	return n->configured &&
	       (up ? preface_count(&n->up) : pool_idle(n->down)) < LINK_STREAMS_MAX;
}

bool node_encrypts(const struct master *m, int number)
{
	return m->node[number]->encryption;
}

void node_stream(struct master *m, int number, int fd, bool up)
{
	struct node *n = m->node[number];

	if (up)
		preface_wait(m->base, &n->up, fd, 0, on_up, n);
	else
		pool_add(n->down, fd);
}

/* --- messages --- */

/* What a node may say to the master's driver. */
static bool may_send(unsigned int type)
{
	switch (type) {
	case BPROC_MSG_ARRIVED:
	case BPROC_MSG_GO:
	case BPROC_MSG_ABORT:
	case BPROC_MSG_SIGNAL:
	case BPROC_MSG_FORK:
	case BPROC_MSG_UNFORK:
	case BPROC_MSG_EXIT:
	case BPROC_MSG_THREAD_EXIT:
	case BPROC_MSG_STOPPED:
	case BPROC_MSG_NAME:
	case BPROC_MSG_USAGE:
	case BPROC_MSG_IDS:
	case BPROC_MSG_CRED:
	case BPROC_MSG_CALL:
	case BPROC_MSG_WATCH:
	case BPROC_MSG_REAPED:
	case BPROC_MSG_MIGRATED:
		return true;
	default:
		return false;
	}
}

static void to_driver(struct node *n, const struct bproc_msg *msg)
{
	union {
		struct bproc_msg msg;
		__u64 align[BPROC_MSG_MAX / sizeof(__u64)];
	} copy;
	int err;

	if (!n->ready || !may_send(msg->type)) {
		node_complain(n, "it may not send %s: dropped",
			      device_type_name(msg->type));
		return;
	}
	if (msg->type == BPROC_MSG_GO || msg->type == BPROC_MSG_ABORT)
		vector_word(msg, n->number);
	memcpy(&copy, msg, msg->size);
	copy.msg.node = n->number;
	err = device_write(n->m->dev, &copy.msg);
	if (err == -ESRCH)
		log_debug("node %d: %s pid %d: gone", n->number,
			  device_type_name(msg->type), msg->pid);
	else if (err)
		node_complain(n, "the driver refuses %s, pid %d: %s",
			      device_type_name(msg->type), msg->pid, strerror(-err));
}

static void answer_hello(struct node *n, const struct bproc_msg *msg)
{
	const struct link_hello *hello = (const void *)(msg + 1);
	struct bproc_msg reply = { .type = LINK_CONFIG, .node = n->number };
	struct link_config config = {
		.node = n->number,
		.pingtimeout = n->pingtimeout,
		.encryption = n->encryption,
		.streams = n->m->config->streams,
	};
	char why[128];

	memcpy(config.cookie, n->cookie, sizeof(config.cookie));

	if (msg->size != sizeof(*msg) + sizeof(*hello) || hello->version != LINK_VERSION)
		snprintf(why, sizeof(why), "bpslave is of another version");
	else if (hello->abi != n->m->abi)
		snprintf(why, sizeof(why), "its driver has interface %08x, ours has %08x",
			 hello->abi, n->m->abi);
	else if (n->configured)
		snprintf(why, sizeof(why), "a second HELLO");
	else {
		n->configured = true;
		n->peer.sin_port = htons((__u16)hello->port);
		wire_send_body(n->wire, &reply, &config, sizeof(config));
		return;
	}
	/* The slave logs why and hangs up. */
	node_complain(n, "refused: %s", why);
	reply.type = LINK_GOODBYE;
	wire_send_body(n->wire, &reply, why, strlen(why) + 1);
}

static void on_nodeup(void *arg, bool ok)
{
	struct node *n = arg;

	n->nodeup = NULL;
	/* A script that failed has said why in its log; root can look at the node. */
	node_set_state(n, ok ? "up" : "error");
}

static void become_ready(struct node *n)
{
	if (!n->configured || n->ready)
		return;
	n->ready = true;
	node_set_state(n, "boot");
	n->nodeup =
		nodeup_start(n->m->base, n->m->config->nodeup, n->number, on_nodeup, n);
}

/* --- messages from the node --- */

static void from_node(void *arg, const struct bproc_msg *msg)
{
	struct node *n = arg;

	hear(n);
	trace_message(n->m->trace, n->number, BPROC_NODE_MASTER, msg);
	if (msg->type < BPROC_MSG_DAEMON) {
		to_driver(n, msg);
		return;
	}
	switch (msg->type) {
	case LINK_HELLO:
		answer_hello(n, msg);
		break;
	case LINK_READY:
		become_ready(n);
		break;
	case LINK_PONG:
		break;
	case LINK_CONTROLLED:
		node_controlled(n, msg);
		break;
	case LINK_SWITCH:
		node_switched(n);
		break;
	case LINK_WANT:
		node_wants_pass(n, msg);
		break;
	case LINK_UNFED:
		vector_unfed(n, msg);
		break;
	case LINK_GOODBYE:
		node_down(n,
			  msg->size > sizeof(*msg) && !((const char *)msg)[msg->size - 1]
				  ? (const char *)(msg + 1)
				  : "goodbye");
		break;
	default:
		node_complain(n, "unknown message %u", msg->type);
	}
}

void node_send(struct master *m, const struct bproc_msg *msg)
{
	struct node *n = NULL;

	if (msg->node >= 0 && (unsigned int)msg->node < m->nodes)
		n = m->node[msg->node];
	trace_message(m->trace, BPROC_NODE_MASTER, msg->node, msg);
	if (msg->type == BPROC_MSG_GO || msg->type == BPROC_MSG_ABORT)
		vector_word(msg, BPROC_NODE_MASTER);
	if (n && n->ready)
		wire_send(n->wire, msg);
	else
		log_debug("%s for node %d, which is down", device_type_name(msg->type),
			  msg->node);
}

/* --- life --- */

static void link_broken(void *arg, const char *why)
{
	node_down(arg, why);
}

static void on_ping(evutil_socket_t fd, short what, void *arg)
{
	struct bproc_msg msg = { .size = sizeof(msg), .type = LINK_PING };
	struct node *n = arg;

	(void)fd, (void)what;
	wire_send(n->wire, &msg);
}

static void on_silence(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	node_down(arg, "it is silent");
}

void node_down(struct node *n, const char *why)
{
	bool ready = n->ready;

	if (!n->wire)
		return;
	n->ready = false;
	n->configured = false;
	nodeup_cancel(n->nodeup);
	n->nodeup = NULL;
	wire_free(n->wire);
	n->wire = NULL;
	node_forget_rejoin(n);
	event_del(n->ping);
	event_del(n->silence);
	log_warn("node %d: link ended: %s", n->number, why);
	/* Streams first: whoever waits for one hears of that, then of the node's death.
	 */
	preface_close_all(&n->up);
	pool_free(n->down);
	n->down = pool_new(n->m->base, LINK_STREAM_TIMEOUT, on_low, n);
	iod_connection(n->number, -1);
	if (ready)
		node_set_state(n, "down");
	vector_node_down(n);
}

const struct wire_ops node_link_ops = { from_node, link_broken };

void node_link(struct master *m, int number, SSL *ssl, int fd)
{
	struct node *n = m->node[number];
	/* One lost to a slow moment is not the end. */
	struct timeval period = {
		.tv_sec = m->config->pingtimeout / 3,
		.tv_usec = m->config->pingtimeout % 3 * 333333,
	};

	/* Who has the address and the key is the node, and an older link is a dead one.
	 */
	node_down(n, "the node connects anew");
	n->pingtimeout = m->config->pingtimeout;
	n->encryption = m->config->encryption;
	node_new_link(n, fd);
	n->wire = wire_new(m->base, ssl, fd, &node_link_ops, n);
	if (!n->wire) {
		log_err("node %d: out of memory", number);
		return;
	}
	hear(n);
	event_add(n->ping, &period);
	log_debug("node %d has connected", number);
}

static struct node *node_new(struct master *m, unsigned int number)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->m = m;
	n->number = (int)number;
	TAILQ_INIT(&n->up);
	n->down = pool_new(m->base, LINK_STREAM_TIMEOUT, on_low, n);
	n->ping = event_new(m->base, -1, EV_PERSIST, on_ping, n);
	n->silence = evtimer_new(m->base, on_silence, n);
	if (n->down && n->ping && n->silence)
		return n;
	pool_free(n->down);
	if (n->ping)
		event_free(n->ping);
	if (n->silence)
		event_free(n->silence);
	free(n);
	return NULL;
}

static void node_remove(struct node *n)
{
	node_down(n, "it is not in the configuration any more");
	vector_node_gone(n);
	pool_free(n->down);
	event_free(n->ping);
	event_free(n->silence);
	free(n);
}

int nodes_configure(struct master *m)
{
	struct bproc_master_setup setup = { .nodes = m->config->nodes };
	struct node **node;
	unsigned int i;

	for (i = setup.nodes; i < m->nodes; i++)
		node_remove(m->node[i]);
	if (m->nodes > setup.nodes)
		m->nodes = setup.nodes;
	node = realloc(m->node, (setup.nodes + 1) * sizeof(*node));
	if (!node)
		return -ENOMEM;
	m->node = node;
	for (; m->nodes < setup.nodes; m->nodes++) {
		node[m->nodes] = node_new(m, m->nodes);
		if (!node[m->nodes])
			return -ENOMEM;
	}
	for (i = 0; i < m->nodes; i++) {
		if (node[i]->addr != m->config->addr[i])
			node_down(node[i], "its address has changed");
		node[i]->addr = m->config->addr[i];
	}
	if (ioctl(device_fd(m->dev), BPROC_IOC_MASTER_SETUP, &setup) < 0)
		return -errno;
	return 0;
}

void nodes_goodbye(struct master *m, const char *why)
{
	struct bproc_msg msg = { .type = LINK_GOODBYE };
	unsigned int i;

	for (i = 0; i < m->nodes; i++)
		if (m->node[i]->wire)
			wire_send_body(m->node[i]->wire, &msg, why, strlen(why) + 1);
}
