// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * legacy-bpsh [-1] NODES COMMAND ARG... - an old client: starts a command on nodes, shows
 * what it writes with the node's number, and waits
 *
 * NODES is "a" for all nodes that are up, or numbers with commas. -1: one EXECMOVE after
 * the other from a child each, as before there was VEXECMOVE. It knows the raw system
 * call alone. Its exit status is the highest of the command's.
 */
#include "old.h"

#define NODES_MAX 64

static int nodes[NODES_MAX], pids[NODES_MAX], count;

static void all_up(void)
{
	struct old_node n[NODES_MAX] = { { .node = -1 } };
	long got = old(INFO, n, NODES_MAX);
	int i;

	for (i = 0; i < got; i++)
		if (n[i].status == UP)
			nodes[count++] = n[i].node;
}

static void choose(char *list)
{
	char *part;

	if (!strcmp(list, "a"))
		all_up();
	else
		for (part = strtok(list, ","); part && count < NODES_MAX;
		     part = strtok(NULL, ","))
			nodes[count++] = atoi(part);
}

static void start_singly(struct old_move *m)
{
	int i;

	for (i = 0; i < count; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit((int)-old(EXECMOVE, nodes[i], m));
	}
}

static int node_of(int pid)
{
	int i;

	for (i = 0; i < count; i++)
		if (pids[i] == pid)
			return nodes[i];
	return -5;
}

struct output {
	int fd;
	int node;
	size_t used;
	char line[512];
};

static void show(struct output *o, size_t len)
{
	printf("%3d: %.*s\n", o->node, (int)len, o->line);
	memmove(o->line, o->line + len + 1, o->used - len - 1);
	o->used -= len + 1;
}

/* Lines, as they come. False at the end. */
static bool take(struct output *o)
{
	ssize_t n = read(o->fd, o->line + o->used, sizeof(o->line) - 1 - o->used);
	char *end;

	if (n <= 0) {
		close(o->fd);
		return false;
	}
	o->used += (size_t)n;
	while ((end = memchr(o->line, '\n', o->used)))
		show(o, (size_t)(end - o->line));
	return true;
}

static void forward(int listener, int streams)
{
	static struct output out[2 * NODES_MAX];
	struct pollfd p[2 * NODES_MAX];
	int i, open = 0, info[2];

	for (i = 0; i < streams; i++) {
		out[i].fd = accept_in_time(listener);
		if (out[i].fd < 0 ||
		    read(out[i].fd, info, sizeof(info)) != sizeof(info)) {
			printf("a connection is missing\n");
			break;
		}
		out[i].node = node_of(info[0]);
		open++;
	}
	while (open) {
		for (i = 0; i < open; i++)
			p[i] = (struct pollfd){ .fd = out[i].fd, .events = POLLIN };
		if (poll(p, (nfds_t)open, PATIENCE * 1000) <= 0)
			break;
		for (i = open; i--;)
			if (p[i].revents && !take(&out[i]))
				out[i] = out[--open];
	}
}

int main(int argc, char **argv)
{
	struct old_move m = { .flags = 6 };
	int status, worst = 0, i, l, started = 0;
	struct old_io io[3];
	unsigned short port;
	bool singly = argc > 1 && !strcmp(argv[1], "-1");

	argv += singly;
	argc -= singly;
	if (argc < 3)
		return 2;
	choose(argv[1]);
	l = listener(&port);
	memset(io, 0, sizeof(io));
	io[0].fd = 0;
	io[0].type = 0;
	strcpy(io[0].d.file.name, "/dev/null");
	io_socket(&io[1], 1, port, 1);
	io_socket(&io[2], 2, port, 1);
	m.io = io;
	m.iolen = 3;
	m.arg0 = argv[2];
	m.argv = argv + 2;
	m.envp = environ;
	m.nodes = nodes;
	m.pids = pids;
	m.nodeslen = count;
	if (singly)
		start_singly(&m);
	else if (old(VEXECMOVE, &m, 0) != count)
		return 3;
	for (i = 0; i < count; i++) {
		if (pids[i] > 0)
			started++;
		else
			printf("%3d: errno %d\n", nodes[i], -pids[i]);
	}
	forward(l, 2 * started);
	for (i = 0; i < count; i++) {
		status = pids[i] > 0 ? end_of(pids[i]) : 255 << 8;
		if (!WIFEXITED(status))
			worst = 255;
		else if (WEXITSTATUS(status) > worst)
			worst = WEXITSTATUS(status);
	}
	return worst;
}
