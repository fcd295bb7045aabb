// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Vector calls. The driver's stream, ours or a node's, begins with the list of the
 * processes; then the tree is made of their nodes, each is told its part, and what
 * follows of the stream goes to the first of them, and to ghosts here.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "log.h"
#include "loop.h"
#include "relay.h"
#include "vector.h"
#include "want_stream.h"

/* How long the driver may take with its list, in seconds. */
#define TABLE_TIMEOUT 60

static LIST_HEAD(, vector) vectors = LIST_HEAD_INITIALIZER(vectors);

/* It goes when nobody calls back any more and all is decided. */
static void vector_put(struct vector *v)
{
	if (v->tee || v->waiting || v->undecided || v->readable)
		return;
	if (v->from == BPROC_NODE_MASTER)
		log_info("vector call %llx: %u processes, %u streams, %llu bytes sent",
			 (unsigned long long)v->preface.id, v->head.count, v->streams,
			 v->sent);
	else
		log_info("vector call of node %d: %u processes, %u streams, %llu bytes "
			 "sent",
			 v->from, v->head.count, v->streams, v->sent);
	LIST_REMOVE(v, entry);
	free(v->process);
	free(v->place);
	free(v->decided);
	free(v->early);
	free(v->part);
	free(v);
}

/* The words for those that stay where the caller is do not come by here. */
static bool stays(const struct vector *v, unsigned int i)
{
	return v->process[i].node == v->from;
}

void vector_decide(struct vector *v, unsigned int i)
{
	if (v->decided[i])
		return;
	v->decided[i] = true;
	if (!stays(v, i))
		v->undecided--;
}

/*
 * To the master's driver as if from the process's node: it knows the processes that are
 * on their way to one. A node's driver hears of others directly.
 */
void vector_lose(struct vector *v, unsigned int i, int err)
{
	const struct bproc_vector_entry *e = &v->process[i];
	struct bproc_msg msg = {
		.size = sizeof(msg),
		.type = BPROC_MSG_ARRIVED,
		.id = e->id,
		.node = e->node,
		.pid = e->pid,
		.result = err,
	};

	if (v->decided[i])
		return;
	if (v->from == BPROC_NODE_MASTER || vector_passes(v, e))
		device_write(v->m->dev, &msg);
	else if (v->caller)
		node_say_lost(v->caller, e->id, e->pid, err);
}

static void lose_processes(struct part *p)
{
	unsigned int i;

	for (i = p->first; i < p->first + p->count; i++)
		vector_lose(p->vector, i, -EIO);
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
	v->waiting++;
	pool_get(p->node->down, &preface, on_pool, p);
}

/* A process that stays here: its ghost gets the stream. */
static void feed_ghost(struct vector *v, unsigned int i)
{
	const struct bproc_vector_entry *e = &v->process[i];
	struct sockaddr_in caller = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct bproc_stream_fd give = {
		.id = e->id,
		.result = v->from,
		.pid = e->pid,
		.ppid = v->preface.ppid,
	};
	struct tee_output *o;
	int pair[2], err;

	if (v->caller && v->caller->peer.sin_family == AF_INET)
		caller = v->caller->peer;
	err = relay_pair(pair, (const struct sockaddr *)&caller, sizeof(caller));
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
	if (v->caller)
		node_complain(v->caller, "process %d of its vector call cannot be started here",
			      e->pid);
	else
		log_warn("process %d of a vector call cannot be started here", e->pid);
	vector_lose(v, i, -EIO);
	/* A node's word for it may never come. */
	if (v->caller)
		vector_decide(v, i);
}

/* --- the driver's list --- */

int vector_compare_words(const void *a, const void *b)
{
	const struct word *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static bool hear_word(struct vector *v, const struct word *word)
{
	const struct place *p = NULL;

	if (v->place)
		p = bsearch(word, v->place, v->head.count, sizeof(*p),
			    vector_compare_words);
	if (p)
		vector_decide(v, p->i);
	return p;
}

/* Of all calls from there. */
static unsigned int early_words_from(int from)
{
	const struct vector *v;
	unsigned int count = 0;

	LIST_FOREACH(v, &vectors, entry)
	count += v->from == from ? v->early_words : 0;
	return count;
}

/* List and words come by different ways. It may be another call's. */
static void remember_word(struct vector *v, const struct word *word)
{
	struct word *all;

	if (early_words_from(v->from) >= BPROC_VECTOR_MAX)
		return;
	all = realloc(v->early, (v->early_words + 1) * sizeof(*all));
	if (!all)
		return;
	v->early = all;
	all[v->early_words++] = *word;
}

static void spread(struct vector *v)
{
	unsigned int i, here;
	bool ok = vector_make_parts(v, &here);

	v->tee = ok ? tee_new(v->m->base, v->fd, on_tee_done, v) : NULL;
	if (!v->tee) {
		log_err("no memory for a vector call");
		if (!ok)
			close(v->fd);
		v->undecided = 0;
		for (i = 0; v->decided && i < v->head.count; i++) {
			v->decided[i] = false;
			vector_lose(v, i, -EIO);
		}
		vector_put(v);
		return;
	}
	vector_make_tree(v);
	for (i = 0; i < v->early_words; i++)
		hear_word(v, &v->early[i]);
	free(v->early);
	v->early = NULL;
	v->early_words = 0;
	v->waiting++;
	vector_tell_parts(v);
	for (i = 0; i < v->parts; i++)
		if (v->part[i].parent < 0)
			feed_part(&v->part[i]);
	for (i = 0; i < here; i++)
		feed_ghost(v, i);
	v->waiting--;
	tee_start(v->tee);
}

static void end_list(struct vector *v)
{
	event_free(v->readable);
	event_free(v->late);
	v->readable = v->late = NULL;
}

static void break_off(struct vector *v, const char *why)
{
	if (v->caller)
		node_complain(v->caller, "a vector call: %s", why);
	else
		log_warn("a vector call: %s", why);
	end_list(v);
	close(v->fd);
	vector_put(v);
}

static void on_late_list(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	break_off(arg, "the list does not come");
}

static void on_list(evutil_socket_t fd, short what, void *arg)
{
	struct vector *v = arg;
	size_t head = sizeof(v->head), all;
	ssize_t n;
	void *to;

	(void)what;
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

/* A call, whose list comes over @fd. False: out of memory, and @fd is closed. */
static bool await_list(struct master *m, struct node *caller,
		       const struct link_preface *preface, int fd)
{
	struct timeval limit = { TABLE_TIMEOUT, 0 };
	struct vector *v = calloc(1, sizeof(*v));

	if (v) {
		v->readable = event_new(m->base, fd, EV_READ | EV_PERSIST, on_list, v);
		v->late = evtimer_new(m->base, on_late_list, v);
	}
	if (!v || !v->readable || !v->late || event_add(v->readable, NULL) ||
	    evtimer_add(v->late, &limit)) {
		if (v && v->readable)
			event_free(v->readable);
		if (v && v->late)
			event_free(v->late);
		free(v);
		close(fd);
		return false;
	}
	v->m = m;
	v->fd = fd;
	v->caller = caller;
	v->from = preface->from;
	v->preface = *preface;
	LIST_INSERT_HEAD(&vectors, v, entry);
	return true;
}

void vector_want_stream(struct master *m, const struct bproc_msg *msg)
{
	struct link_preface preface = want_preface(msg, BPROC_NODE_MASTER);
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		want_stream_give(m->dev, msg->id, -ENOMEM);
		return;
	}
	if (await_list(m, NULL, &preface, pair[0])) {
		want_stream_give(m->dev, msg->id, pair[1]);
		return;
	}
	close(pair[1]);
	want_stream_give(m->dev, msg->id, -ENOMEM);
}

static unsigned int calls_of(const struct node *n)
{
	const struct vector *v;
	unsigned int count = 0;

	LIST_FOREACH(v, &vectors, entry)
	count += v->caller == n;
	return count;
}

void vector_from_node(struct node *n, const struct link_preface *preface, int fd)
{
	struct link_preface p = *preface;

	p.from = n->number;
	memset(p.token, 0, sizeof(p.token));
	if (!n->ready || calls_of(n) >= LINK_STREAMS_MAX)
		close(fd);
	else if (!await_list(n->m, n, &p, fd))
		log_err("no memory for a vector call of node %d", n->number);
}

/* --- what happens meanwhile --- */

void vector_word(const struct bproc_msg *msg, int from)
{
	struct word word = { .id = msg->id, .pid = msg->pid };
	struct vector *v;

	LIST_FOREACH(v, &vectors, entry)
	if ((from == BPROC_NODE_MASTER || from == v->from) && hear_word(v, &word)) {
		vector_put(v);
		return;
	}
	LIST_FOREACH(v, &vectors, entry)
	if ((from == BPROC_NODE_MASTER || from == v->from) && v->readable)
		remember_word(v, &word);
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
	struct part *p;

	if (msg->size != sizeof(*msg) + LINK_TOKEN_LEN)
		return;
	p = find_part(msg->id, (const void *)(msg + 1));
	/* A node speaks for those below it. */
	if (!p || p->parent < 0 || p->vector->part[p->parent].node != n)
		return;
	node_complain(n, "node %d got no image from it", p->number);
	if (p->node)
		vector_shun(p->node);
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

/* Its processes are gone, and the driver takes back what they were sending. */
static void caller_down(struct vector *v)
{
	unsigned int i;

	v->caller = NULL;
	if (v->readable) {
		break_off(v, "its node is down");
		return;
	}
	for (i = 0; i < v->head.count; i++)
		vector_decide(v, i);
	/* The tee's end, if it does not see it by itself. */
	if (v->tee)
		shutdown(v->fd, SHUT_RDWR);
	vector_put(v);
}

void vector_node_down(struct node *n)
{
	struct vector *v, *next;
	unsigned int i;

	for (v = LIST_FIRST(&vectors); v; v = next) {
		next = LIST_NEXT(v, entry);
		for (i = 0; i < v->parts; i++)
			if (v->part[i].node == n && v->undecided)
				part_down(&v->part[i]);
		if (v->caller == n)
			caller_down(v);
	}
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
