// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an administrator has done with nodes, and links that move to another address.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include "log.h"
#include "node.h"
#include "trace.h"

static void control_result(struct node *n, __u64 id, int result)
{
	struct bproc_msg msg = {
		.size = sizeof(msg),
		.type = BPROC_MSG_CONTROLLED,
		.id = id,
		.node = n->number,
		.result = result,
	};

	device_write(n->m->dev, &msg);
}

/* Its new address, if it is told to use one, is its own for as long as this takes. */
static bool may_reconnect(struct node *n, const struct bproc_connect *c)
{
	struct sockaddr_in local;

	if (n->reconnecting)
		return false;
	n->reconnecting = true;
	memcpy(&local, c->local, sizeof(local));
	n->asked = local.sin_family == AF_INET ? local.sin_addr.s_addr : 0;
	return true;
}

static void reconnected(struct node *n, int result)
{
	if (!result)
		n->other = n->asked;
	/* What it gave up cannot become its link any more. */
	rejoin_cancel(n->rejoin);
	n->rejoin = NULL;
	n->asked = 0;
	n->reconnecting = false;
}

void node_control(struct master *m, const struct bproc_msg *msg)
{
	const struct bproc_msg_control *c = (const void *)(msg + 1);
	struct bproc_msg head = { .type = LINK_CONTROL, .id = msg->id };
	struct node *n;

	trace_message(m->trace, BPROC_NODE_MASTER, msg->node, msg);
	/* A node that is down: the driver has answered already. */
	if (msg->node < 0 || (unsigned int)msg->node >= m->nodes ||
	    !m->node[msg->node]->ready)
		return;
	n = m->node[msg->node];
	if (c->op == BPROC_CONTROL_RECONNECT && !may_reconnect(n, (const void *)(c + 1)))
		control_result(n, msg->id, -EBUSY);
	else if (c->op == BPROC_CONTROL_DOWN)
		node_down(n, "the administrator wants it down");
	else
		wire_send_body(n->wire, &head, c, msg->size - sizeof(*msg));
}

void node_controlled(struct node *n, const struct bproc_msg *msg)
{
	static const char *const states[] = {
		[BPROC_CONTROL_REBOOT] = "reboot",
		[BPROC_CONTROL_HALT] = "halt",
		[BPROC_CONTROL_PWROFF] = "pwroff",
	};
	const struct bproc_msg_control *c = (const void *)(msg + 1);

	if (!n->ready || msg->size != sizeof(*msg) + sizeof(*c))
		return;
	/* It is as good as gone: who asked shall not see it "up" any more. */
	if (!msg->result && c->op < sizeof(states) / sizeof(states[0]) && states[c->op]) {
		nodeup_cancel(n->nodeup);
		n->nodeup = NULL;
		node_set_state(n, states[c->op]);
	}
	if (c->op == BPROC_CONTROL_RECONNECT)
		reconnected(n, msg->result);
	control_result(n, msg->id, msg->result);
}

/* --- links that move --- */

static void our_end(int fd, struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);

	memset(addr, 0, sizeof(*addr));
	getsockname(fd, (struct sockaddr *)addr, &len);
}

bool node_goes_there(const struct master *m, int number, int fd)
{
	const struct node *n = m->node[number];
	struct sockaddr_in addr;

	our_end(fd, &addr);
	return addr.sin_addr.s_addr == n->here.sin_addr.s_addr &&
	       addr.sin_port == n->here.sin_port;
}

/* From now on we send over @wire, and idle streams to the old address are of no use. */
static void on_rejoin(void *arg, struct wire *wire, int err)
{
	struct bproc_msg marker = { .size = sizeof(marker), .type = LINK_SWITCH };
	struct node *n = arg;

	n->rejoin = NULL;
	if (err)
		return;
	wire_send(n->wire, &marker);
	n->old = n->wire;
	n->wire = wire;
	n->here = n->there;
	wire_set_ops(wire, &node_link_ops, n);
	pool_drop_idle(n->down);
	log_info("node %d: its link goes to %s now", n->number,
		 inet_ntoa(n->here.sin_addr));
}

void node_rejoin(struct master *m, int number, SSL *ssl, int fd)
{
	struct node *n = m->node[number];

	if (!n->ready || n->old || !n->reconnecting || !n->has_cookie) {
		node_complain(n, "a second link that nobody asked for");
		SSL_free(ssl);
		close(fd);
		return;
	}
	rejoin_cancel(n->rejoin);
	our_end(fd, &n->there);
	n->rejoin = rejoin_await(m->base, ssl, fd, number, n->cookie, on_rejoin, n);
}

int node_with_address(const struct master *m, in_addr_t addr)
{
	int number = config_node(m->config, addr);
	unsigned int i;

	for (i = 0; addr && number < 0 && i < m->nodes; i++)
		if (addr == m->node[i]->other || addr == m->node[i]->asked)
			number = (int)i;
	return number;
}

void node_switched(struct node *n)
{
	/* The new wire was held till now, so this is the old one's last word. */
	if (!n->old)
		return;
	wire_free(n->old);
	n->old = NULL;
	wire_hold(n->wire, false);
}

void node_forget_rejoin(struct node *n)
{
	wire_free(n->old);
	rejoin_cancel(n->rejoin);
	n->old = NULL;
	n->rejoin = NULL;
	n->other = n->asked = 0;
	n->reconnecting = false;
}

void node_new_link(struct node *n, int fd)
{
	socklen_t len = sizeof(n->peer);

	our_end(fd, &n->here);
	/* The port comes with HELLO. */
	if (getpeername(fd, (struct sockaddr *)&n->peer, &len) ||
	    n->peer.sin_family != AF_INET)
		memset(&n->peer, 0, sizeof(n->peer));
	n->peer.sin_port = 0;
	/* Nobody can guess what is not there: without it the node cannot reconnect. */
	n->has_cookie = getrandom(n->cookie, sizeof(n->cookie), 0) == sizeof(n->cookie);
}
