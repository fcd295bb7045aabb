// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Vector calls. The driver's stream begins with the list of the processes; here the tree
 * is made of their nodes, each is told its part, and what follows of the stream goes to
 * the first of them, and to ghosts here.
 *
 * The tree is binary: node i feeds nodes 2i+2 and 2i+3, the master 0 and 1. What another
 * node could not feed is fed by the master itself for some time, without anybody below
 * it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "log.h"
#include "loop.h"
#include "node.h"
#include "relay.h"
#include "tee.h"
#include "trace.h"

#define FANOUT 2
/* How long a node that was not reached by others is fed by the master, in seconds. */
#define SHUN_TIME 60
/* How long the driver may take with its list, in seconds. */
#define TABLE_TIMEOUT 60

/* A node's part of a call; one with many processes may have several. */
struct part {
	struct vector *vector;
	struct node *node; /* NULL: not in the configuration any more */
	int number;
	int parent; /* -1: the master */
	unsigned int height;
	__u8 token[LINK_TOKEN_LEN];
	unsigned int first, count; /* of the vector's entries */
	struct tee_output *output;
	bool waiting; /* for a stream from the pool */
};

struct vector {
	LIST_ENTRY(vector) entry;
	struct master *m;
	struct link_preface preface;
	/* the driver's list, while it comes */
	int fd;
	struct event *readable;
	size_t have;
	struct bproc_vector head;
	/* sorted: those of this machine first, then by part */
	struct bproc_vector_entry *process;
	bool *decided;
	unsigned int undecided;
	struct part *part;
	unsigned int parts;
	unsigned int waiting;
	struct tee *tee;
	unsigned long long sent;
	unsigned int streams;
};

static LIST_HEAD(, vector) vectors = LIST_HEAD_INITIALIZER(vectors);

/* It goes when nobody calls back any more and all is decided. */
static void vector_put(struct vector *v)
{
	if (v->tee || v->waiting || v->undecided || v->readable)
		return;
	log_info("vector call %llx: %u processes, %u streams, %llu bytes sent",
		 (unsigned long long)v->preface.id, v->head.count, v->streams, v->sent);
	LIST_REMOVE(v, entry);
	free(v->process);
	free(v->decided);
	free(v->part);
	free(v);
}

static void decide(struct vector *v, unsigned int i)
{
	if (!v->decided[i])
		v->undecided--;
	v->decided[i] = true;
}

/* It does not get the image: the driver hears so as if from the process's node. */
static void lose_process(struct vector *v, unsigned int i)
{
	struct bproc_msg msg = {
		.size = sizeof(msg),
		.type = BPROC_MSG_ARRIVED,
		.id = v->process[i].id,
		.node = v->process[i].node,
		.pid = v->process[i].pid,
		.result = -EIO,
	};

	if (!v->decided[i])
		device_write(v->m->dev, &msg);
}

static void lose_processes(struct part *p)
{
	unsigned int i;

	for (i = p->first; i < p->first + p->count; i++)
		lose_process(p->vector, i);
}

static bool is_below(const struct vector *v, int i, int top)
{
	for (; i >= 0; i = v->part[i].parent)
		if (i == top)
			return true;
	return false;
}

/* What is below a part that got no image gets none either. */
static void lose_below(struct part *p, bool itself)
{
	struct vector *v = p->vector;
	int top = (int)(p - v->part), i;

	for (i = top; i < (int)v->parts; i++)
		if (is_below(v, i, top) && (itself || i != top))
			lose_processes(&v->part[i]);
}

/* --- the stream --- */

static void on_part_end(void *arg, bool whole, unsigned long long sent)
{
	struct part *p = arg;

	p->output = NULL;
	p->vector->sent += sent;
	if (!whole) {
		log_warn("node %d does not take the image of a vector call", p->number);
		lose_below(p, true);
	}
}

static void on_ghost_end(void *arg, bool whole, unsigned long long sent)
{
	/* The ghost says what became of it. */
	(void)arg, (void)whole, (void)sent;
}

static void on_tee_done(void *arg)
{
	struct vector *v = arg;

	v->tee = NULL;
	vector_put(v);
}

static void on_pool(void *arg, int fd)
{
	struct part *p = arg;
	struct vector *v = p->vector;

	p->waiting = false;
	v->waiting--;
	if (p->output && fd >= 0) {
		v->streams++;
		tee_connect(p->output, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (p->output) {
		tee_drop(p->output);
		p->output = NULL;
		log_warn("node %d: no stream for a vector call: %s", p->number,
			 strerror(-fd));
		lose_below(p, true);
	}
	vector_put(v);
}

static void feed_part(struct part *p)
{
	struct vector *v = p->vector;
	struct link_preface preface = v->preface;
	unsigned int limit =
		(p->node->pingtimeout + LINK_HANDSHAKE_TIMEOUT) * (2 + p->height);

	p->output = tee_add(v->tee, limit, NULL, on_part_end, p);
	if (!p->output) {
		lose_below(p, true);
		return;
	}
	preface.node = p->node->number;
	memcpy(preface.token, p->token, sizeof(preface.token));
	p->waiting = true;
	v->waiting++;
	pool_get(p->node->down, &preface, on_pool, p);
}

/* A process that stays here: its ghost gets the stream. */
static void feed_ghost(struct vector *v, unsigned int i)
{
	const struct bproc_vector_entry *e = &v->process[i];
	const struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct bproc_stream_fd give = {
		.id = e->id,
		.result = BPROC_NODE_MASTER,
		.pid = e->pid,
		.ppid = v->preface.ppid,
	};
	struct tee_output *o;
	int pair[2], err;

	err = relay_pair(pair, (const struct sockaddr *)&here, sizeof(here));
	if (err)
		goto lost;
	o = tee_add(v->tee, v->m->config->pingtimeout + LINK_HANDSHAKE_TIMEOUT, e,
		    on_ghost_end, v);
	give.fd = pair[0];
	if (!o || ioctl(device_fd(v->m->dev), BPROC_IOC_ARRIVAL, &give) < 0) {
		if (o)
			tee_drop(o);
		close(pair[1]);
		err = -EIO;
	} else {
		tee_connect(o, pair[1]);
	}
	close(pair[0]);
	if (!err)
		return;
lost:
	log_warn("process %d of a vector call cannot be started here", e->pid);
	lose_process(v, i);
}

/* --- the tree --- */

static void tell_part(struct part *p)
{
	struct vector *v = p->vector;
	union {
		struct link_vector m;
		__u8 room[BPROC_MSG_MAX - sizeof(struct bproc_msg)];
	} body = { .m = { .preface = v->preface } };
	struct bproc_vector_entry *entry = (void *)(&body.m + 1);
	struct bproc_msg msg = { .type = LINK_VECTOR,
				 .id = v->preface.id,
				 .node = p->node->number };
	struct link_child *child;
	unsigned int i;
	size_t len;

	body.m.preface.node = p->node->number;
	memcpy(body.m.preface.token, p->token, sizeof(p->token));
	body.m.entries = p->count;
	memcpy(entry, &v->process[p->first], p->count * sizeof(*entry));
	child = (void *)(entry + p->count);
	for (i = 0; i < v->parts; i++) {
		const struct part *c = &v->part[i];

		if (c->parent != p - v->part)
			continue;
		memset(child, 0, sizeof(*child));
		memcpy(child->token, c->token, sizeof(child->token));
		memcpy(child->addr, &c->node->peer, sizeof(c->node->peer));
		child->node = c->node->number;
		child->height = c->height;
		child++;
		body.m.children++;
	}
	len = (size_t)((char *)child - (char *)&body);
	if (!p->node->ready)
		return;
	msg.size = (__u32)(sizeof(msg) + len);
	trace_message(v->m->trace, BPROC_NODE_MASTER, p->node->number, &msg);
	wire_send_body(p->node->wire, &msg, &body, len);
	v->sent += sizeof(msg) + len;
}

/* May other nodes feed it? */
static bool is_reachable(const struct node *n)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return n->peer.sin_port && now.tv_sec >= n->shunned;
}

/* Those that others can reach come first, and have the others' numbers in the tree. */
static void make_tree(struct vector *v)
{
	unsigned int reachable = 0, i, j;
	struct part swap;

	for (i = 0; i < v->parts; i++)
		if (is_reachable(v->part[i].node)) {
			swap = v->part[reachable];
			v->part[reachable++] = v->part[i];
			v->part[i] = swap;
		}
	for (i = 0; i < v->parts; i++)
		v->part[i].parent =
			i < FANOUT || i >= reachable ? -1 : (int)(i / FANOUT) - 1;
	for (i = v->parts; i--;) {
		int above = v->part[i].parent;

		j = v->part[i].height + 1;
		if (above >= 0 && v->part[above].height < j)
			v->part[above].height = j;
	}
}

static int by_node(const void *a, const void *b)
{
	const struct bproc_vector_entry *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* False: out of memory. */
static bool make_parts(struct vector *v, unsigned int *here)
{
	struct master *m = v->m;
	unsigned int i, n = v->head.count;
	struct part *p = NULL;

	qsort(v->process, n, sizeof(*v->process), by_node);
	v->decided = calloc(n, sizeof(*v->decided));
	v->part = calloc(n, sizeof(*v->part));
	if (!v->decided || !v->part)
		return false;
	v->undecided = n;
	for (*here = 0; *here < n && v->process[*here].node == BPROC_NODE_MASTER; ++*here)
		decide(v, *here); /* its words do not come by here */
	for (i = *here; i < n; i++) {
		int number = v->process[i].node;

		if (number < 0 || (unsigned int)number >= m->nodes ||
		    !m->node[number]->ready) {
			/* The driver knows that it is down, or will. */
			decide(v, i);
			continue;
		}
		if (!p || p->node != m->node[number] || p->count == LINK_VECTOR_ENTRIES) {
			p = &v->part[v->parts++];
			p->vector = v;
			p->node = m->node[number];
			p->number = number;
			p->first = i;
			if (getrandom(p->token, sizeof(p->token), 0) !=
			    (ssize_t)sizeof(p->token))
				return false;
		}
		p->count++;
	}
	return true;
}

static void spread(struct vector *v)
{
	unsigned int i, here;
	bool ok = make_parts(v, &here);

	v->tee = ok ? tee_new(v->m->base, v->fd, on_tee_done, v) : NULL;
	if (!v->tee) {
		log_err("no memory for a vector call");
		if (!ok)
			close(v->fd);
		v->undecided = 0;
		for (i = 0; v->decided && i < v->head.count; i++) {
			v->decided[i] = false;
			lose_process(v, i);
		}
		vector_put(v);
		return;
	}
	make_tree(v);
	v->waiting++;
	for (i = 0; i < v->parts; i++)
		tell_part(&v->part[i]);
	for (i = 0; i < v->parts; i++)
		if (v->part[i].parent < 0)
			feed_part(&v->part[i]);
	for (i = 0; i < here; i++)
		feed_ghost(v, i);
	v->waiting--;
	tee_start(v->tee);
}

/* --- the driver's list --- */

static void end_list(struct vector *v)
{
	event_free(v->readable);
	v->readable = NULL;
}

static void break_off(struct vector *v, const char *why)
{
	log_warn("a vector call: %s", why);
	end_list(v);
	close(v->fd);
	vector_put(v);
}

static void on_list(evutil_socket_t fd, short what, void *arg)
{
	struct vector *v = arg;
	size_t head = sizeof(v->head), all;
	ssize_t n;
	void *to;

	if (what & EV_TIMEOUT) {
		break_off(v, "the list does not come");
		return;
	}
	all = head + (v->process ? v->head.count * sizeof(*v->process) : 0);
	to = v->have < head ? (char *)&v->head + v->have
			    : (char *)v->process + (v->have - head);
	n = recv((int)fd, to, all - v->have, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		break_off(v, "the caller has ended");
		return;
	}
	v->have += (size_t)n;
	if (v->have < all)
		return;
	if (v->process) {
		end_list(v);
		spread(v);
		return;
	}
	if (v->head.magic != BPROC_VECTOR_MAGIC || !v->head.count ||
	    v->head.count > BPROC_VECTOR_MAX) {
		break_off(v, "not a list");
		return;
	}
	v->process = calloc(v->head.count, sizeof(*v->process));
	if (!v->process)
		break_off(v, "out of memory");
}

static void answer(struct master *m, __u64 id, int fd, int err)
{
	struct bproc_stream_fd arg = { .id = id, .fd = fd, .result = err };

	if (ioctl(device_fd(m->dev), BPROC_IOC_STREAM, &arg) < 0)
		log_debug("stream %llu: %m", (unsigned long long)id);
	if (fd >= 0)
		close(fd);
}

void vector_want_stream(struct master *m, const struct bproc_msg *msg)
{
	const struct bproc_msg_stream *body = (const void *)(msg + 1);
	struct timeval limit = { TABLE_TIMEOUT, 0 };
	struct vector *v = calloc(1, sizeof(*v));
	int pair[2];

	if (!v || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		free(v);
		answer(m, msg->id, -1, -ENOMEM);
		return;
	}
	v->m = m;
	v->fd = pair[0];
	v->preface = (struct link_preface){
		.id = msg->id,
		.ppid = body->ppid,
		.uid = body->uid,
		.pgrp = body->pgrp,
		.session = body->session,
		.pgrp_uid = body->pgrp_uid,
		.session_uid = body->session_uid,
		.from = BPROC_NODE_MASTER,
	};
	LIST_INSERT_HEAD(&vectors, v, entry);
	v->readable = event_new(m->base, v->fd, EV_READ | EV_PERSIST, on_list, v);
	if (!v->readable || event_add(v->readable, &limit)) {
		close(pair[1]);
		answer(m, msg->id, -1, -ENOMEM);
		if (v->readable)
			end_list(v);
		close(v->fd);
		vector_put(v);
		return;
	}
	answer(m, msg->id, pair[1], 0);
}

/* --- what happens meanwhile --- */

void vector_word(const struct bproc_msg *msg)
{
	struct vector *v;
	unsigned int i;

	LIST_FOREACH(v, &vectors, entry)
	for (i = 0; v->decided && i < v->head.count; i++)
		if (v->process[i].id == msg->id && v->process[i].pid == msg->pid) {
			decide(v, i);
			vector_put(v);
			return;
		}
}

static struct part *find_part(__u64 id, const __u8 *token)
{
	struct vector *v;
	unsigned int i;

	LIST_FOREACH(v, &vectors, entry)
	for (i = 0; v->preface.id == id && i < v->parts; i++)
		if (!memcmp(v->part[i].token, token, LINK_TOKEN_LEN))
			return &v->part[i];
	return NULL;
}

void vector_unfed(struct node *n, const struct bproc_msg *msg)
{
	struct timespec now;
	struct part *p;

	if (msg->size != sizeof(*msg) + LINK_TOKEN_LEN)
		return;
	p = find_part(msg->id, (const void *)(msg + 1));
	/* A node speaks for those below it. */
	if (!p || p->parent < 0 || p->vector->part[p->parent].node != n)
		return;
	log_warn("node %d got no image from node %d", p->number, n->number);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (p->node)
		p->node->shunned = now.tv_sec + SHUN_TIME;
	lose_below(p, true);
}

static void part_down(struct part *p)
{
	struct vector *v = p->vector;
	struct bproc_msg cut = { .type = LINK_CUT, .id = v->preface.id };
	struct node *above = p->parent < 0 ? NULL : v->part[p->parent].node;

	if (p->output)
		tee_drop(p->output);
	p->output = NULL;
	if (above && above->ready)
		wire_send_body(above->wire, &cut, p->token, sizeof(p->token));
	/* Its own processes' end the driver knows by itself. */
	lose_below(p, false);
}

void vector_node_down(struct node *n)
{
	struct vector *v;
	unsigned int i;

	LIST_FOREACH(v, &vectors, entry)
	for (i = 0; i < v->parts; i++)
		if (v->part[i].node == n && v->undecided)
			part_down(&v->part[i]);
}

void vector_node_gone(const struct node *n)
{
	struct vector *v;
	unsigned int i;

	LIST_FOREACH(v, &vectors, entry)
	for (i = 0; i < v->parts; i++)
		if (v->part[i].node == n)
			v->part[i].node = NULL;
}
