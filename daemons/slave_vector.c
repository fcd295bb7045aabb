// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Vector calls: the image comes once, and goes to this node's processes and to the nodes
 * below this one in the tree.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>
#include "log.h"
#include "relay.h"
#include "slave_peer.h"
#include "tee.h"

/* A process of ours. */
struct process {
	struct hop *hop;
	struct bproc_vector_entry who;
	struct tee_output *output;
	bool aborted;
};

/* A node below us. */
struct below {
	struct hop *hop;
	struct link_child child;
	struct tee_output *output;
	bool connecting;
};

/* Our part of one call. */
struct hop {
	LIST_ENTRY(hop) entry;
	struct slave_vectors *vectors;
	struct link_preface preface;
	struct sockaddr_in caller; /* no family: on the master */
	struct process *process;
	struct below *below;
	unsigned int processes;
	unsigned int belows;
	unsigned int connecting;
	struct tee *tee;
	bool expected;
};

struct slave_vectors {
	struct event_base *base;
	struct device *dev;
	struct wire *const *wire;
	struct slave_peers *peers;
	const struct slave_options *options;
	const struct link_config *config;
	LIST_HEAD(, hop) hops;
};

/* It goes when nobody is going to call back any more. */
static void hop_put(struct hop *h)
{
	if (h->tee || h->expected || h->connecting)
		return;
	LIST_REMOVE(h, entry);
	free(h->process);
	free(h->below);
	free(h);
}

static void say_failed(struct process *p, int err)
{
	struct bproc_msg msg = {
		.size = sizeof(msg),
		.type = BPROC_MSG_ARRIVED,
		.id = p->who.id,
		.pid = p->who.pid,
		.result = err,
	};

	wire_send(*p->hop->vectors->wire, &msg);
}

static void say_unfed(struct below *b)
{
	struct bproc_msg msg = { .type = LINK_UNFED, .id = b->hop->preface.id };

	log_warn("node %d does not get an image from here", b->child.node);
	wire_send_body(*b->hop->vectors->wire, &msg, b->child.token,
		       sizeof(b->child.token));
}

static void on_process_end(void *arg, bool whole, unsigned long long sent)
{
	struct process *p = arg;

	/* One that refuses it has said so itself. */
	(void)whole, (void)sent;
	p->output = NULL;
}

static void on_below_end(void *arg, bool whole, unsigned long long sent)
{
	struct below *b = arg;

	(void)sent;
	b->output = NULL;
	if (!whole)
		say_unfed(b);
}

static void on_tee_done(void *arg)
{
	struct hop *h = arg;

	h->tee = NULL;
	hop_put(h);
}

static void on_connected(void *arg, int fd)
{
	struct below *b = arg;
	struct hop *h = b->hop;

	b->connecting = false;
	h->connecting--;
	if (b->output && fd >= 0) {
		tee_connect(b->output, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (b->output) {
		tee_drop(b->output);
		b->output = NULL;
		say_unfed(b);
	}
	hop_put(h);
}

/* The child that becomes the process reads from one end of a pair. */
static void start_process(struct process *p)
{
	struct slave_vectors *v = p->hop->vectors;
	struct link_preface preface = p->hop->preface;
	const struct sockaddr *caller = (const struct sockaddr *)&v->options->master;
	socklen_t len = v->options->master_len;
	int pair[2], err;

	preface.id = p->who.id;
	preface.pid = p->who.pid;
	if (p->hop->caller.sin_family == AF_INET) {
		caller = (const struct sockaddr *)&p->hop->caller;
		len = sizeof(p->hop->caller);
	}
	p->output = tee_add(p->hop->tee, v->config->pingtimeout + LINK_HANDSHAKE_TIMEOUT,
			    &p->who, on_process_end, p);
	err = p->output ? relay_pair(pair, caller, len) : -ENOMEM;
	if (!err) {
		err = standin_arrival(v->dev, &preface, pair[0]);
		close(pair[0]);
		if (err)
			close(pair[1]);
	}
	if (!err) {
		tee_connect(p->output, pair[1]);
		return;
	}
	log_warn("process %d cannot arrive: %s", p->who.pid, strerror(-err));
	if (p->output)
		tee_drop(p->output);
	p->output = NULL;
	say_failed(p, err == -EPERM || err == -EBADF ? err : -EIO);
}

static void start_below(struct below *b)
{
	struct slave_vectors *v = b->hop->vectors;
	struct link_preface preface = b->hop->preface;
	/* Who has more below takes more time to find out that one of those is stuck. */
	unsigned int limit =
		(v->config->pingtimeout + LINK_HANDSHAKE_TIMEOUT) * (2 + b->child.height);

	b->output = tee_add(b->hop->tee, limit, NULL, on_below_end, b);
	if (!b->output) {
		say_unfed(b);
		return;
	}
	memcpy(preface.token, b->child.token, sizeof(preface.token));
	preface.node = b->child.node;
	b->connecting = true;
	b->hop->connecting++;
	slave_peers_connect(v->peers, b->child.addr, &preface, on_connected, b);
}

static void fail(struct hop *h)
{
	unsigned int i;

	for (i = 0; i < h->processes; i++)
		if (!h->process[i].aborted)
			say_failed(&h->process[i], -EIO);
	for (i = 0; i < h->belows; i++)
		say_unfed(&h->below[i]);
}

static void on_stream(void *arg, const struct link_preface *preface, int fd,
		      bool by_master)
{
	struct hop *h = arg;
	unsigned int i;

	/* Each process's own stream says where the caller is. */
	(void)preface, (void)by_master;
	h->expected = false;
	if (fd >= 0)
		h->tee = tee_new(h->vectors->base, fd, on_tee_done, h);
	if (!h->tee) {
		fail(h);
		hop_put(h);
		return;
	}
	/* First those that take time. */
	h->connecting++;
	for (i = 0; i < h->belows; i++)
		start_below(&h->below[i]);
	for (i = 0; i < h->processes; i++)
		if (!h->process[i].aborted)
			start_process(&h->process[i]);
	h->connecting--;
	tee_start(h->tee);
}

static bool is_whole(const struct bproc_msg *msg, const struct link_vector *m)
{
	size_t have = msg->size - sizeof(*msg);

	return msg->size >= sizeof(*msg) + sizeof(*m) &&
	       m->entries <= LINK_VECTOR_ENTRIES && m->children <= LINK_VECTOR_ENTRIES &&
	       have == sizeof(*m) + m->entries * sizeof(struct bproc_vector_entry) +
			       m->children * sizeof(struct link_child);
}

void slave_vector(struct slave_vectors *v, const struct bproc_msg *msg)
{
	const struct link_vector *m = (const void *)(msg + 1);
	const struct bproc_vector_entry *entry = (const void *)(m + 1);
	const struct link_child *child;
	struct hop *h;
	unsigned int i;

	if (!is_whole(msg, m)) {
		log_warn("a VECTOR that makes no sense");
		return;
	}
	child = (const void *)(entry + m->entries);
	h = calloc(1, sizeof(*h));
	if (h) {
		h->process = calloc(m->entries + 1, sizeof(*h->process));
		h->below = calloc(m->children + 1, sizeof(*h->below));
	}
	if (!h || !h->process || !h->below) {
		/* bpmaster hears of it by the stream's sender, which nobody listens to.
		 */
		log_err("no memory for a vector call");
		if (h) {
			free(h->process);
			free(h->below);
		}
		free(h);
		return;
	}
	h->vectors = v;
	h->preface = m->preface;
	h->preface.pid = 0;
	memcpy(&h->caller, m->addr, sizeof(h->caller));
	h->processes = m->entries;
	h->belows = m->children;
	for (i = 0; i < m->entries; i++) {
		h->process[i].hop = h;
		h->process[i].who = entry[i];
	}
	for (i = 0; i < m->children; i++) {
		h->below[i].hop = h;
		h->below[i].child = child[i];
	}
	LIST_INSERT_HEAD(&v->hops, h, entry);
	h->expected = true;
	if (slave_peers_expect(v->peers, &m->preface, on_stream, h)) {
		h->expected = false;
		fail(h);
		hop_put(h);
	}
}

void slave_vector_cut(struct slave_vectors *v, const struct bproc_msg *msg)
{
	const __u8 *token = (const void *)(msg + 1);
	struct hop *h;
	unsigned int i;

	if (msg->size != sizeof(*msg) + LINK_TOKEN_LEN)
		return;
	LIST_FOREACH(h, &v->hops, entry)
	for (i = 0; i < h->belows; i++)
		if (!memcmp(h->below[i].child.token, token, LINK_TOKEN_LEN)) {
			if (h->below[i].output)
				tee_drop(h->below[i].output);
			h->below[i].output = NULL;
			return;
		}
}

static struct process *find_process(struct slave_vectors *v, const struct bproc_msg *msg)
{
	struct hop *h;
	unsigned int i;

	LIST_FOREACH(h, &v->hops, entry)
	for (i = 0; i < h->processes; i++)
		if (h->process[i].who.id == msg->id && h->process[i].who.pid == msg->pid)
			return &h->process[i];
	return NULL;
}

/*
 * The caller says ABORT when all is decided, or when it is killed: who reads an image
 * that does not go on has to see its end. When nobody here wants it, nobody below does.
 */
void slave_vector_abort(struct slave_vectors *v, const struct bproc_msg *msg)
{
	struct process *p = find_process(v, msg);
	struct hop *h;
	unsigned int i;

	if (!p)
		return;
	h = p->hop;
	p->aborted = true;
	if (p->output)
		tee_drop(p->output);
	p->output = NULL;
	for (i = 0; i < h->processes; i++)
		if (!h->process[i].aborted)
			return;
	for (i = 0; i < h->belows; i++) {
		if (h->below[i].output)
			tee_drop(h->below[i].output);
		h->below[i].output = NULL;
	}
	if (h->expected) {
		slave_peers_forget(v->peers, h->preface.token);
		h->expected = false;
	}
	hop_put(h);
}

struct slave_vectors *slave_vectors_new(struct event_base *base, struct device *dev,
					struct wire *const *wire,
					struct slave_peers *peers,
					const struct slave_options *options,
					const struct link_config *config)
{
	struct slave_vectors *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->base = base;
	v->dev = dev;
	v->wire = wire;
	v->peers = peers;
	v->options = options;
	v->config = config;
	LIST_INIT(&v->hops);
	return v;
}
