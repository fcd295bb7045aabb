// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * devices calls N:        calls on /dev/bproc that ask, on a master of N nodes
 * devices notify N FILE:  waits until node N goes down and comes up; makes FILE when ready
 * devices open FILE:      opens a file to read and write; exit status: errno
 * devices run N:          forks a child onto node N; exit status: errno
 */
#include "scen.h"

static void calls(int nodes)
{
	struct bproc_node_info info[8];
	struct bproc_proc_info procs[4];
	struct bproc_version v;
	struct bproc_node_list nl = { .info = P64(info), .count = 8, .after = -1 };
	struct bproc_proc_list pl = { .info = P64(procs), .count = 4, .after = -1,
				      .node = BPROC_NODE_ANY };
	int i, n, bad = 0, chan[3];
	pid_t pids[3];

	memset(&v, 0xee, sizeof(v));
	same("VERSION", 0, bp(BPROC_IOC_VERSION, &v));
	check(!memcmp(v.magic, "BPr", 3) && v.arch == 4 && v.abi == BPROC_ABI &&
		      memchr(v.version, 0, sizeof(v.version)) && v.version[0] == '5',
	      "is right", "%.3s %d %u %.24s", (char *)v.magic, v.arch, v.abi, v.version);
	fails("VERSION: bad pointer", EFAULT, bp(BPROC_IOC_VERSION, ptr64(8)));

	same("INFO: all nodes", nodes, bp(BPROC_IOC_INFO, &nl));
	for (i = 0; i < nodes; i++)
		bad += info[i].node != i || strcmp(info[i].state, "up") || info[i].mode != 0660 ||
		       info[i].uid || !info[i].gid || !info[i].addr[0] || info[i].reserved;
	check(!bad, "are up, as udev made them", "%s %o %u %u", info[0].state, info[0].mode,
	      info[0].uid, info[0].gid);
	nl.count = 1;
	for (i = 0; (n = (int)bp(BPROC_IOC_INFO, &nl)) == 1 && i < nodes; i++) {
		bad += info[0].node != i;
		nl.after = info[0].node;
	}
	check(n == 0 && i == nodes && !bad, "INFO: one by one", "%d at the end, %d of them", n, i);
	nl.after = BPROC_NODES_MAX;
	same("INFO: beyond the last", 0, bp(BPROC_IOC_INFO, &nl));
	nl.after = 0x7fffffff;
	same("INFO: far beyond the last", 0, bp(BPROC_IOC_INFO, &nl));
	nl.after = -2;
	fails("INFO: after -2", EINVAL, bp(BPROC_IOC_INFO, &nl));
	nl.after = -1;
	nl.count = 0;
	fails("INFO: room for none", EINVAL, bp(BPROC_IOC_INFO, &nl));
	nl.count = 1;
	nl.info = 8;
	fails("INFO: bad array", EFAULT, bp(BPROC_IOC_INFO, &nl));
	fails("INFO: bad pointer", EFAULT, bp(BPROC_IOC_INFO, ptr64(8)));

	same("PINFO: none", 0, bp(BPROC_IOC_PINFO, &pl));
	for (i = 0; i < 3; i++) {
		pids[i] = remote_fork(i % nodes, &chan[i]);
		if (pids[i] == 0) {
			get_int(chan[i]);
			_exit(0);
		}
	}
	same("PINFO: three processes", 3, bp(BPROC_IOC_PINFO, &pl));
	for (i = bad = 0; i < 3; i++)
		bad += procs[i].pid != pids[i] || procs[i].node != i % nodes;
	same("in order, on their nodes", 0, bad);
	pl.node = 0;
	same("PINFO: of node 0", nodes > 1 ? 2 : 3, bp(BPROC_IOC_PINFO, &pl));
	pl.node = 4000;
	same("PINFO: of a node that is not there", 0, bp(BPROC_IOC_PINFO, &pl));
	pl.node = BPROC_NODE_ANY;
	pl.count = 1;
	for (i = bad = 0; (n = (int)bp(BPROC_IOC_PINFO, &pl)) == 1 && i < 3; i++) {
		bad += procs[0].pid != pids[i];
		pl.after = procs[0].pid;
	}
	check(n == 0 && i == 3 && !bad, "PINFO: one by one", "%d at the end, %d of them", n, i);
	pl.reserved = 1;
	fails("PINFO: reserved member", EINVAL, bp(BPROC_IOC_PINFO, &pl));
	pl.reserved = 0;
	pl.count = 0;
	fails("PINFO: room for none", EINVAL, bp(BPROC_IOC_PINFO, &pl));
	pl.count = 1;
	pl.after = -2;
	fails("PINFO: after -2", EINVAL, bp(BPROC_IOC_PINFO, &pl));
	pl.after = -1;
	pl.info = 8;
	fails("PINFO: bad array", EFAULT, bp(BPROC_IOC_PINFO, &pl));
	for (i = bad = 0; i < 3; i++) {
		put_int(chan[i], 1);
		bad += end_of(pids[i]) != 0;
		close(chan[i]);
	}
	same("they end", 0, bad);

	fails("unknown call", ENOTTY, bp(_IO(BPROC_IOC_MAGIC, 0x7f), NULL));
	fails("another driver's call", ENOTTY, bp(0x5413, info));
	fails("a known number, another size", ENOTTY,
	      bp(_IOR(BPROC_IOC_MAGIC, 0x01, char[31]), &v));
}

static int notify(int node, const char *ready)
{
	struct bproc_node_info info;
	struct bproc_node_list nl = { .info = P64(&info), .count = 1, .after = node - 1 };
	uint64_t changes, last = 0;
	bool down = false;
	char state[16] = "";
	int fd = (int)bp(BPROC_IOC_NOTIFY, NULL);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	double end = now() + 100;

	if (!check(fd >= 0, "NOTIFY", "errno %d", errno))
		return 1;
	same("is closed on exec", FD_CLOEXEC, fcntl(fd, F_GETFD));
	same("nothing to read yet", 0, poll(&p, 1, 0));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fails("read says so", EAGAIN, read(fd, &changes, sizeof(changes)));
	fails("too little room", EINVAL, read(fd, &changes, 4));
	close(open(ready, O_CREAT | O_WRONLY, 0600));
	while (now() < end && strcmp(state, down ? "up" : "down")) {
		if (poll(&p, 1, 1000) != 1)
			continue;
		if (read(fd, &changes, sizeof(changes)) != 8 || changes <= last) {
			check(false, "a read counts the changes", "%llu after %llu",
			      (unsigned long long)changes, (unsigned long long)last);
			return 1;
		}
		last = changes;
		if (bp(BPROC_IOC_INFO, &nl) != 1)
			give_up("INFO");
		strcpy(state, info.state);
		printf("# node %d is %s\n", node, state);
		if (!down && !strcmp(state, "down"))
			down = true;
	}
	return !check(down && !strcmp(state, "up"), "tells that a node goes and comes", "%s",
		      state);
}

int main(int argc, char **argv)
{
	int chan;
	pid_t pid;

	scen_init(1, argv);
	alarm(120 * slowness());
	if (argc == 3 && !strcmp(argv[1], "calls"))
		calls(atoi(argv[2]));
	else if (argc == 4 && !strcmp(argv[1], "notify"))
		return notify(atoi(argv[2]), argv[3]);
	else if (argc == 3 && !strcmp(argv[1], "open"))
		return open(argv[2], O_RDWR | O_CLOEXEC) < 0 ? errno : 0;
	else if (argc == 3 && !strcmp(argv[1], "run")) {
		pid = remote_fork(atoi(argv[2]), &chan);
		if (pid < 0)
			return errno & 0xff;
		if (pid == 0)
			_exit(0);
		return end_of(pid) ? 255 : 0;
	}
	return failures != 0;
}
