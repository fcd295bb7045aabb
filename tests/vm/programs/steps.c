// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * steps leave:   whatever can go wrong at each step of each call that places a process,
 *                with this program as bpmaster and node
 * steps between: the same of a move from node to node, with this program as bpmaster and
 *                both
 * steps arrive:  the same where a process arrives, with this program as bpslave
 *
 * Afterwards the process is in one place, and is waited for once. No bpmaster may run.
 */
#include "scen.h"
#include <dirent.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <linux/bproc_daemon.h>
#include <linux/bproc_msg.h>
#include <linux/bproc_stream.h>
#include <linux/sched.h>

static int device = -1;
static union {
	struct bproc_msg msg;
	char bytes[BPROC_MSG_MAX];
} in;

static bool hear(unsigned int type)
{
	struct pollfd p = { .fd = device, .events = POLLIN };

	while (poll(&p, 1, (int)PATIENCE * 1000) == 1 &&
	       read(device, &in, sizeof(in)) >= (ssize_t)sizeof(in.msg))
		if (in.msg.type == type)
			return true;
	return false;
}

static void say_of(int node, unsigned int type, pid_t pid, uint64_t id, int result)
{
	struct bproc_msg m = { .size = sizeof(m),
			       .type = (uint16_t)type,
			       .node = node,
			       .id = id,
			       .pid = pid,
			       .result = result };

	if (write(device, &m, sizeof(m)) != sizeof(m))
		printf("# message %u: %s\n", type, strerror(errno));
}

static void say(unsigned int type, pid_t pid, uint64_t id, int result)
{
	say_of(0, type, pid, id, result);
}

/* --- leaving --- */

enum call { RFORK, MOVE, REXEC, EXECMOVE, CALLS };
enum step { ASKED, CONNECTED, AMID, SENT, STEPS };
enum event { DOWN, CUT, REFUSED, KILLED, TERMINATED, DAEMON_ENDS, EVENTS };

static const char *const call_names[] = { "RFORK", "MOVE", "REXEC", "EXECMOVE" };
static const char *const step_names[] = { "before there is a stream", "after the header",
					  "amid the image", "before the answer" };
static const char *const event_names[] = { "the node dies",	 "the stream is cut",
					   "the node refuses",	 "SIGKILL",
					   "SIGTERM, held back", "bpmaster ends" };
static const char *self;
static char own_name[32];

#define REFUSAL ENOSPC
#define STAYS 9

static void set_state_of(int node, const char *state)
{
	struct bproc_node_state st = { .node = node };

	snprintf(st.state, sizeof(st.state), "%s", state);
	if (ioctl(device, BPROC_IOC_NODE_STATE, &st))
		give_up(state);
}

static void set_state(const char *state)
{
	set_state_of(0, state);
}

static void become_master(void)
{
	struct bproc_master_setup setup = { .nodes = 2 };

	device = open("/dev/bproc-master", O_RDWR | O_CLOEXEC);
	if (device < 0 || ioctl(device, BPROC_IOC_MASTER_SETUP, &setup))
		give_up("/dev/bproc-master");
	set_state("up");
	set_state_of(1, "up");
}

/* The caller, which has something to carry. Its errno goes to the pipe. */
static void call(enum call which, int says)
{
	static char *args[] = { "steps", "end", NULL }, *env[] = { NULL };
	static const unsigned long requests[] = { BPROC_IOC_RFORK, BPROC_IOC_MOVE,
						  BPROC_IOC_REXEC, BPROC_IOC_EXECMOVE };
	struct bproc_move m = { .flags = ALL };
	int error, status;
	sigset_t term;
	char *memory;
	long ret;

	/* Its last close is to be the daemon's. */
	close(device);
	memory = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (memory == MAP_FAILED)
		_exit(1);
	memset(memory, 'x', 4 << 20);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	signal(SIGTERM, SIG_DFL);
	if (which == REXEC || which == EXECMOVE) {
		m.path = P64(self);
		m.argv = P64(args);
		m.envp = P64(env);
	}
	ret = bp(requests[which], &m);
	error = ret < 0 ? errno : 0;
	/* Where it failed there is no child. */
	if (which == RFORK && (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD))
		error = -1;
	if (write(says, &error, sizeof(error)) != sizeof(error))
		_exit(2);
	_exit(STAYS);
}

static bool draw(int stream, size_t bytes, size_t *drawn)
{
	char piece[65536];
	ssize_t n;

	while (*drawn < bytes) {
		struct pollfd p = { .fd = stream, .events = POLLIN };

		/* The end of what is sent, which nobody tells of: it waits for the
		 * answer. */
		if (poll(&p, 1, *drawn ? 100 * (int)slowness() : (int)PATIENCE * 1000) !=
		    1)
			return bytes == SIZE_MAX;
		n = read(stream, piece,
			 bytes - *drawn < sizeof(piece) ? bytes - *drawn : sizeof(piece));
		if (n <= 0)
			return false;
		*drawn += (size_t)n;
	}
	return true;
}

/* Go on to that step. Return: our end of the stream, or -1. */
static int go_to(enum step step, struct bproc_stream *header)
{
	struct bproc_stream_fd arg = { 0 };
	size_t drawn = sizeof(*header);
	int pair[2];

	if (!hear(BPROC_MSG_STREAM)) {
		check(false, "a stream is asked for", "no");
		return -1;
	}
	header->id = in.msg.id;
	header->pid = in.msg.pid;
	if (step == ASKED)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		give_up("socketpair");
	arg.id = in.msg.id;
	arg.fd = pair[1];
	if (ioctl(device, BPROC_IOC_STREAM, &arg))
		give_up("IOC_STREAM");
	close(pair[1]);
	if (!get(pair[0], header, sizeof(*header)))
		give_up("a header");
	if (step == AMID && !draw(pair[0], 100000, &drawn))
		give_up("some of an image");
	if (step == SENT && !draw(pair[0], SIZE_MAX, &drawn))
		give_up("an image");
	return pair[0];
}

static void happens(enum event event, enum step step, int stream, pid_t caller,
		    const struct bproc_stream *header)
{
	struct bproc_stream_fd none = { .id = header->id, .fd = -1, .result = -REFUSAL };

	switch (event) {
	case DOWN:
		set_state("down");
		break;
	case CUT:
		close(stream);
		break;
	case REFUSED:
		if (step == ASKED) {
			if (ioctl(device, BPROC_IOC_STREAM, &none))
				give_up("IOC_STREAM");
		} else {
			/* It says why, then hangs up. */
			say(BPROC_MSG_ARRIVED, header->pid, header->id, -REFUSAL);
			close(stream);
		}
		break;
	case KILLED:
		kill(caller, SIGKILL);
		break;
	case TERMINATED:
		kill(caller, SIGTERM);
		usleep(50000);
		if (step == ASKED) {
			if (ioctl(device, BPROC_IOC_STREAM, &none))
				give_up("IOC_STREAM");
		} else {
			say(BPROC_MSG_ARRIVED, header->pid, header->id, -REFUSAL);
			close(stream);
		}
		break;
	default:
		close(device);
	}
}

/* Ghosts, or this program, beside the caller of this. The scenario's shell is called
 * alike. */
static int others(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char comm[32];
	int n = 0;

	while ((entry = readdir(proc)))
		if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != getpid() &&
		    proc_file(atoi(entry->d_name), "comm", comm, sizeof(comm)) > 0 &&
		    (!strcmp(comm, own_name) || !strncmp(comm, "bproc-ghost", 11)))
			n++;
	closedir(proc);
	return n;
}

static bool may_say(int error, enum event event, enum step step)
{
	switch (event) {
	case DOWN:
		return error == BPROC_BE_SLAVEDIED;
	case CUT:
		return error == EIO;
	case REFUSED:
		return error == REFUSAL;
	case DAEMON_ENDS:
		return error == BPROC_BE_SLAVEDIED || error == EIO || error == ENOSYS;
	default:
		return (void)step, false;
	}
}

static void leave_once(enum call which, enum step step, enum event event)
{
	struct bproc_stream header = { 0 };
	int says[2], stream, status, error = -2;
	char name[128];
	bool good;
	pid_t pid;

	snprintf(name, sizeof(name), "%s, %s: %s", call_names[which], step_names[step],
		 event_names[event]);
	if (pipe2(says, O_CLOEXEC))
		give_up("pipe");
	pid = fork();
	if (pid == 0)
		call(which, says[1]);
	close(says[1]);
	stream = go_to(step, &header);
	happens(event, step, stream, pid, &header);
	status = end_of(pid);
	if (read(says[0], &error, sizeof(error)) != sizeof(error))
		error = -2;
	if (event == KILLED || (event == TERMINATED && which != EXECMOVE))
		good = status == (event == KILLED ? SIGKILL : SIGTERM);
	else if (event == TERMINATED)
		/* It ends by the one or by the other. */
		good = status == SIGTERM || status == (REFUSAL & 0xff) << 8;
	else if (which == EXECMOVE)
		/* What it was has gone with the exec. */
		good = WIFEXITED(status) &&
		       (may_say(WEXITSTATUS(status), event, step) ||
			may_say(WEXITSTATUS(status) + 256, event, step));
	else
		good = status == STAYS << 8 && may_say(error, event, step);
	check(good, name, "status %#x, error %d", status, error);
	if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
		check(false, name, "something is left to be waited for");
	if (!until(others() == 0))
		check(false, name, "%d processes are left", others());
	close(says[0]);
	if (event != CUT && event != REFUSED && event != TERMINATED && stream >= 0)
		close(stream);
	if (event == DOWN)
		set_state("up");
	if (event == DAEMON_ENDS)
		become_master();
}

static void leave(void)
{
	enum call which;
	enum step step;
	enum event event;

	become_master();
	for (which = RFORK; which < CALLS; which++)
		for (step = ASKED; step < STEPS; step++)
			for (event = DOWN; event < EVENTS; event++) {
				if (step == ASKED && event == CUT)
					continue;
				/* It takes a while, and is the same for all images. */
				if (step == SENT && event == CUT &&
				    (which == MOVE || which == EXECMOVE))
					continue;
				/* The size of words is seen in what is passed, and in how
				 * it ends. */
				if (sizeof(long) == 4 && event != REFUSED &&
				    event != KILLED)
					continue;
				/* A program is all in the header. */
				if (which == REXEC && step == AMID)
					continue;
				leave_once(which, step, event);
			}
	close(device);
}

/* --- from node to node --- */

enum passing { ASKED_FOR, RESTORED, GONE, PASSINGS };
enum trouble { OLD_DIES, NEW_DIES, CALLED_OFF, DECLINED, SIGNALLED, TROUBLES };

static const char *const passing_names[] = { "before it is restored", "before GO",
					     "after GO" };
static const char *const trouble_names[] = { "the old node dies", "the new node dies",
					     "the old node calls it off",
					     "the new node refuses", "SIGKILL" };

#define MOVE_ID 77

/* The errno of the driver's answer to bpmaster, or 0. */
static int transit(pid_t pid, int from, int to)
{
	struct bproc_transit t = { .id = MOVE_ID, .pid = pid, .from = from, .to = to };

	return ioctl(device, BPROC_IOC_TRANSIT, &t) ? errno : 0;
}

/* The driver passes on what a node said. */
static bool passes(unsigned int type, int node, pid_t pid, int result)
{
	return hear(type) && in.msg.node == node && in.msg.pid == pid &&
	       (type == BPROC_MSG_SIGNAL ||
		(in.msg.result == result && in.msg.id == MOVE_ID));
}

/* A child of ours that is on node 0. */
static pid_t moved(void)
{
	struct bproc_stream header;
	struct bproc_move m = { .flags = ALL };
	pid_t pid = fork();
	int stream;

	if (pid == 0) {
		close(device);
		bp(BPROC_IOC_MOVE, &m);
		_exit(STAYS);
	}
	stream = go_to(SENT, &header);
	say(BPROC_MSG_ARRIVED, header.pid, header.id, 0);
	if (!hear(BPROC_MSG_GO))
		give_up("a process on node 0");
	close(stream);
	return pid;
}

/* Return: the node where it is then, or -1 if it has ended. */
static int goes_wrong(pid_t pid, enum passing passing, enum trouble trouble,
		      const char *name)
{
	int node = passing == GONE ? 1 : 0;
	bool good = true;

	switch (trouble) {
	case OLD_DIES:
		set_state_of(0, "down");
		if (passing != GONE) {
			good = passes(BPROC_MSG_ABORT, 1, pid, 0);
			node = -1;
		}
		break;
	case NEW_DIES:
		set_state_of(1, "down");
		if (passing == ASKED_FOR)
			good = passes(BPROC_MSG_ARRIVED, 0, pid, -BPROC_BE_SLAVEDIED);
		else
			node = -1;
		/* The old node has heard that it arrived, and lets it go. */
		if (passing == RESTORED)
			say_of(0, BPROC_MSG_GO, pid, MOVE_ID, 0);
		break;
	case CALLED_OFF:
		say_of(0, BPROC_MSG_ABORT, pid, MOVE_ID, 0);
		good = passes(BPROC_MSG_ABORT, 1, pid, 0);
		break;
	case DECLINED:
		say_of(1, BPROC_MSG_ARRIVED, pid, MOVE_ID, -REFUSAL);
		good = passes(BPROC_MSG_ARRIVED, 0, pid, -REFUSAL);
		break;
	default:
		kill(pid, SIGKILL);
		good = passes(BPROC_MSG_SIGNAL, node, pid, 0);
		/* The ghost waits for the process, if it is up already. */
		set_state_of(node, "down");
		node = -1;
	}
	check(good, name, "message %d to node %d, result %d", in.msg.type, in.msg.node,
	      in.msg.result);
	return node;
}

static void pass_once(enum passing passing, enum trouble trouble)
{
	pid_t pid = moved();
	char name[128];
	int status, node;

	snprintf(name, sizeof(name), "node to node, %s: %s", passing_names[passing],
		 trouble_names[trouble]);
	if (transit(pid, 0, 1))
		check(false, name, "it may not go: %d", errno);
	if (passing >= RESTORED) {
		say_of(1, BPROC_MSG_ARRIVED, pid, MOVE_ID, 0);
		if (!passes(BPROC_MSG_ARRIVED, 0, pid, 0))
			check(false, name, "ARRIVED is lost");
	}
	if (passing == GONE) {
		say_of(0, BPROC_MSG_GO, pid, MOVE_ID, 0);
		if (!passes(BPROC_MSG_GO, 1, pid, 0))
			check(false, name, "GO is lost");
	}
	node = goes_wrong(pid, passing, trouble, name);
	if (node >= 0) {
		if (waitpid(pid, &status, WNOHANG))
			check(false, name, "it ended");
		if (node_of(pid) != node)
			check(false, name, "it is on node %d", node_of(pid));
		set_state_of(!node, "up");
		status = transit(pid, node, !node);
		if (status)
			check(false, name, "it may go again: %d", status);
		set_state_of(node, "down");
	}
	status = end_of(pid);
	if (status != SIGKILL)
		check(false, name, "status %#x", status);
	if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
		check(false, name, "something is left to be waited for");
	set_state_of(0, "up");
	set_state_of(1, "up");
}

static void may_not_go(void)
{
	pid_t pid = moved();

	same("to a node that is not there", BPROC_BE_INVALIDNODE, transit(pid, 0, 2));
	same("to where it is", BPROC_BE_SAMENODE, transit(pid, 0, 0));
	same("from where it is not", BPROC_BE_INVALIDPROC, transit(pid, 1, 0));
	same("one that is on no node", BPROC_BE_INVALIDPROC, transit(getpid(), 0, 1));
	same("one that may", 0, transit(pid, 0, 1));
	same("on its way already", EBUSY, transit(pid, 0, 1));
	set_state("down");
	same("it ends with its node", SIGKILL, end_of(pid));
	set_state("up");
}

static void between(void)
{
	enum passing passing;
	enum trouble trouble;

	become_master();
	may_not_go();
	for (passing = ASKED_FOR; passing < PASSINGS; passing++)
		for (trouble = OLD_DIES; trouble < TROUBLES; trouble++) {
			if ((trouble == CALLED_OFF && passing == GONE) ||
			    (trouble == DECLINED && passing != ASKED_FOR))
				continue;
			pass_once(passing, trouble);
		}
	close(device);
}

/* --- arriving --- */

enum word { GO, ABORT, SLAVE_ENDS, WORDS };

#define ARRIVED_PID 1234
#define GOOD 17

static char *image;
static size_t image_len;

static void make_image(void)
{
	struct vmad_dump d = { .fd = memfd_create("image", 0), .flags = ALL };
	pid_t pid = fork();

	if (pid == 0) {
		/* 0: where it is restored. */
		long ret = bp(VMAD_IOC_DO_DUMP, &d);

		_exit(ret ? ret < 0 : GOOD);
	}
	same("an image", 0, end_of(pid));
	image_len = (size_t)lseek(d.fd, 0, SEEK_END);
	image = mmap(NULL, image_len, PROT_READ, MAP_SHARED, d.fd, 0);
	if (image == MAP_FAILED)
		give_up("an image");
}

/* A child with that number, as bpslave makes it. */
static pid_t numbered_child(pid_t number)
{
	pid_t set[] = { number };
	struct clone_args args = { .exit_signal = SIGCHLD,
				   .set_tid = P64(set),
				   .set_tid_size = 1 };

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void arrive(int stream)
{
	struct bproc_stream header = {
		.magic = BPROC_STREAM_MAGIC,
		.size = sizeof(header),
		.kind = BPROC_STREAM_IMAGE,
		.from = BPROC_NODE_MASTER,
		.id = 5,
		.pid = ARRIVED_PID,
		.pgrp = 0,
	};
	struct bproc_arrive arg = { .fd = stream, .stream = P64(&header) };

	ioctl(device, BPROC_IOC_ARRIVE, &arg);
	_exit(errno & 0xff);
}

/* How much of the image comes; what is said then. */
static void arrive_once(size_t bytes, enum word word, int wanted, const char *name)
{
	int pair[2], status;
	bool whole = bytes == image_len;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		give_up("socketpair");
	pid = numbered_child(ARRIVED_PID);
	if (pid == 0) {
		close(pair[0]);
		arrive(pair[1]);
	}
	close(pair[1]);
	if (pid != ARRIVED_PID)
		give_up("clone3");
	if (send(pair[0], image, bytes, MSG_NOSIGNAL) != (ssize_t)bytes && whole)
		check(false, name, "the image is not taken");
	if (!whole)
		shutdown(pair[0], SHUT_WR);
	if (!hear(BPROC_MSG_ARRIVED)) {
		check(false, name, "no answer");
	} else if (!check(whole ? !in.msg.result : in.msg.result < 0, name,
			  "the answer is %d", in.msg.result)) {
	} else if (whole) {
		/* It does not run before it is told to. */
		usleep(100000);
		if (waitpid(pid, &status, WNOHANG) == pid)
			check(false, name, "it runs at once, status %#x", status);
		if (word == GO)
			say(BPROC_MSG_GO, pid, 5, 0);
		else if (word == ABORT)
			say(BPROC_MSG_ABORT, pid, 5, 0);
		else
			close(device);
	}
	status = end_of(pid);
	check(wanted < 0 ? status == SIGKILL ||
				   (WIFEXITED(status) && WEXITSTATUS(status) != GOOD)
			 : status == wanted,
	      name, "status %#x", status);
	fails("once", ECHILD, waitpid(-1, &status, WNOHANG));
	close(pair[0]);
}

static void become_slave(void)
{
	struct bproc_slave_setup setup = { .node = 0 };

	device = open("/dev/bproc-slave", O_RDWR | O_CLOEXEC);
	if (device < 0 || ioctl(device, BPROC_IOC_SLAVE_SETUP, &setup))
		give_up("/dev/bproc-slave");
}

static void slave_init(void)
{
	failures = 0;
	become_slave();
	arrive_once(image_len, GO, GOOD << 8, "GO: it runs");
	arrive_once(0, GO, -1, "nothing comes");
	arrive_once(100, GO, -1, "a piece of the head");
	arrive_once(image_len / 2, GO, -1, "half of the pages");
	arrive_once(image_len - 1, GO, -1, "all but a byte");
	arrive_once(image_len, ABORT, -1, "ABORT: it ends");
	arrive_once(image_len, SLAVE_ENDS, -1, "bpslave ends");
	become_slave();
	arrive_once(image_len, GO, GOOD << 8, "another bpslave: it runs");
	close(device);
	_exit(failures != 0);
}

static void arriving(void)
{
	pid_t pid;

	make_image();
	if (unshare(CLONE_NEWPID))
		give_up("unshare");
	pid = fork();
	if (pid == 0)
		slave_init();
	same("arriving", 0, end_of(pid));
}

int main(int argc, char **argv)
{
	static char exe[256];

	scen_init(0, argv);
	if (argc < 2 || readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0 ||
	    proc_file(getpid(), "comm", own_name, sizeof(own_name)) <= 0)
		return 2;
	self = exe;
	alarm(250 * slowness());
	if (!strcmp(argv[1], "end"))
		return STAYS;
	if (!strcmp(argv[1], "leave"))
		leave();
	else if (!strcmp(argv[1], "between"))
		between();
	else if (!strcmp(argv[1], "arrive"))
		arriving();
	else
		return 2;
	return failures != 0;
}
