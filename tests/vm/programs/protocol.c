// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * protocol: a bpmaster with two nodes, both of which are this program, says to the driver
 * what no bpmaster and no honest slave would. Needs a PID namespace without a master.
 */
#include "scen.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/bproc_daemon.h>
#include <linux/bproc_msg.h>
#include <linux/bproc_stream.h>
#include <linux/capability.h>

static int master;
static bool is_bound; /* the next process must not change its user */
static union {
	struct bproc_msg msg;
	char bytes[BPROC_MSG_MAX];
} in;

static void set_state(int node, const char *state)
{
	struct bproc_node_state st = { .node = node };

	snprintf(st.state, sizeof(st.state), "%s", state);
	if (ioctl(master, BPROC_IOC_NODE_STATE, &st))
		give_up(state);
}

/* The next message of a type; others are dropped. Its body follows it in @in. */
static bool hear(unsigned int type)
{
	struct pollfd p = { .fd = master, .events = POLLIN };

	while (poll(&p, 1, PATIENCE * 1000) == 1 &&
	       read(master, &in, sizeof(in)) >= (ssize_t)sizeof(in.msg))
		if (in.msg.type == type)
			return true;
	return false;
}

/* Nothing of that type in the next moment. */
static bool silence(unsigned int type)
{
	struct pollfd p = { .fd = master, .events = POLLIN };

	while (poll(&p, 1, 500) == 1)
		if (read(master, &in, sizeof(in)) > 0 && in.msg.type == type)
			return false;
	return true;
}

static int say(unsigned int type, int node, pid_t pid, uint64_t id, int result,
	       const void *body, size_t len)
{
	struct {
		struct bproc_msg msg;
		char body[256];
	} out = { .msg = {
			  .size = (uint32_t)(sizeof(out.msg) + len),
			  .type = (uint16_t)type,
			  .id = id,
			  .node = node,
			  .pid = pid,
			  .result = result,
		  } };

	if (len)
		memcpy(out.body, body, len);
	return write(master, &out, out.msg.size) < 0 ? errno : 0;
}

static int say_exit(int node, pid_t pid, int status)
{
	struct bproc_msg_exit e = { .status = status };

	return say(BPROC_MSG_EXIT, node, pid, 0, 0, &e, sizeof(e));
}

static int say_signal(int node, pid_t pid, int signo)
{
	struct bproc_msg_signal s = { .signo = signo };

	return say(BPROC_MSG_SIGNAL, node, pid, 0, 0, &s, sizeof(s));
}

static int hand_in(unsigned long call, uint64_t id, int fd, int result, pid_t pid)
{
	struct bproc_stream_fd arg = { .id = id, .fd = fd, .result = result, .pid = pid };

	return ioctl(master, call, &arg) ? errno : 0;
}

/* Nothing but a process. */
static pid_t spare(bool leader)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (leader)
			setsid();
		for (;;)
			pause();
	}
	return pid;
}

/* It cannot change its user from now on. */
static void give_up_setuid(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	syscall(SYS_capget, &head, data);
	data[0].effective &= ~(1U << CAP_SETUID);
	data[0].permitted &= ~(1U << CAP_SETUID);
	if (syscall(SYS_capset, &head, data))
		_exit(1);
}

/*
 * A child executes a program on node 0: what is left of it is a ghost, and node 0 is us.
 * Its header goes to *header. If @kid is not NULL it has a child here, and that goes
 * there.
 */
static pid_t remote_parent(struct bproc_stream *header, pid_t *kid)
{
	static char *args[] = { "anything", NULL }, *env[] = { NULL };
	int pair[2], kids[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, kids))
		give_up("socketpair");
	pid = fork();
	if (pid == 0) {
		if (kid) {
			*kid = spare(false);
			put(kids[1], kid, sizeof(*kid));
		}
		close(kids[0]);
		close(kids[1]);
		if (is_bound)
			give_up_setuid();
		run_io(BPROC_IOC_REXEC, 0, "/anything", args, env, NULL, 0);
		_exit(errno & 0xff);
	}
	if (kid && !get(kids[0], kid, sizeof(*kid)))
		give_up("a child's child");
	close(kids[0]);
	close(kids[1]);
	if (!hear(BPROC_MSG_STREAM) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		give_up("a request for a stream");
	hand_in(BPROC_IOC_STREAM, in.msg.id, pair[1], 0, 0);
	close(pair[1]);
	if (!get(pair[0], header, sizeof(*header)))
		give_up("a header");
	close(pair[0]);
	same("the header names the process", pid, header->pid);
	say(BPROC_MSG_ARRIVED, 1, pid, header->id, 0, NULL, 0);
	check(silence(BPROC_MSG_GO), "an answer of the wrong node is none",
	      "GO was said");
	say(BPROC_MSG_ARRIVED, 0, pid, header->id, 0, NULL, 0);
	check(hear(BPROC_MSG_GO) && in.msg.pid == pid, "the right one's answer counts",
	      "no GO");
	return pid;
}

static pid_t remote(struct bproc_stream *header)
{
	return remote_parent(header, NULL);
}

static bool is_alive(pid_t pid)
{
	int status = 0, ret;

	usleep(300000);
	ret = waitpid(pid, &status, WNOHANG | WUNTRACED);
	if (ret)
		printf("# process %d: %d, status %#x\n", pid, ret, (unsigned int)status);
	return ret == 0;
}

/* Somebody's MIGRATE of node 0's process is answered by node 1. */
static void foreign_answer(pid_t pid)
{
	struct bproc_migrate arg = { .pid = pid, .node = 1 };
	struct bproc_msg_migrated said = { .why = BPROC_WHY_STOPPED };
	pid_t asker = fork();
	uint64_t id;

	if (asker == 0) {
		bp(BPROC_IOC_MIGRATE, &arg);
		_exit(errno == EBUSY ? 0 : 1);
	}
	check(hear(BPROC_MSG_MIGRATE) && in.msg.node == 0, "MIGRATE is for its node",
	      "node %d", in.msg.node);
	id = in.msg.id;
	same("the answer of another", ESRCH,
	     say(BPROC_MSG_MIGRATED, 1, pid, id, -EPERM, &said, sizeof(said)));
	check(is_alive(asker), "is none", "it is one");
	same("that of its node", 0,
	     say(BPROC_MSG_MIGRATED, 0, pid, id, -EBUSY, &said, sizeof(said)));
	same("counts", 0, end_of(asker));
}

/* The number of a thread of node 0's. */
static void foreign_thread(pid_t pid)
{
	struct bproc_msg_fork forking = { .flags = BPROC_FORK_THREAD };
	pid_t tid;

	say(BPROC_MSG_FORK, 0, pid, 78, 0, &forking, sizeof(forking));
	check(hear(BPROC_MSG_FORKED) && in.msg.id == 78 && in.msg.pid > 0,
	      "a thread gets a number", "result %d", in.msg.result);
	tid = in.msg.pid;
	same("another node has it end", ESRCH,
	     say(BPROC_MSG_THREAD_EXIT, 1, tid, 0, 0, NULL, 0));
	same("its own", 0, say(BPROC_MSG_THREAD_EXIT, 0, tid, 0, 0, NULL, 0));
	same("once more, of nobody", 0, say(BPROC_MSG_THREAD_EXIT, 0, tid, 0, 0, NULL, 0));
}

static void foreign_messages(pid_t pid)
{
	struct bproc_msg_usage usage = { .pid = pid, .usage = { .utime = 1ULL << 40 } };
	struct bproc_msg_migrate migrate = { .to = 1 };
	struct bproc_msg_call call = { .call = BPROC_CALL_GETSID, .after = pid };
	struct bproc_msg_name name = { .comm = "stolen" };
	struct bproc_msg_fork forking = { 0 };
	char comm[32];
	long ticks;

	same("EXIT of another node's process", ESRCH, say_exit(1, pid, 0));
	same("STOPPED", ESRCH, say(BPROC_MSG_STOPPED, 1, pid, 0, SIGSTOP, NULL, 0));
	same("NAME", ESRCH, say(BPROC_MSG_NAME, 1, pid, 0, 0, &name, sizeof(name)));
	say(BPROC_MSG_FORK, 1, pid, 77, 0, &forking, sizeof(forking));
	check(hear(BPROC_MSG_FORKED) && in.msg.id == 77 && in.msg.result < 0,
	      "FORK is refused", "result %d", in.msg.result);
	same("UNFORK", ESRCH, say(BPROC_MSG_UNFORK, 1, pid, 0, 0, NULL, 0));
	same("GO", ESRCH, say(BPROC_MSG_GO, 1, pid, 1, 0, NULL, 0));
	same("ABORT", ESRCH, say(BPROC_MSG_ABORT, 1, pid, 1, 0, NULL, 0));
	same("its own node's, too late", 0, say(BPROC_MSG_ABORT, 0, pid, 1, 0, NULL, 0));
	say(BPROC_MSG_USAGE, 1, 0, 0, 0, &usage, sizeof(usage));
	/* The ghost itself may have used a tick or two. */
	ticks = strtol(stat_field(pid, 14), NULL, 10);
	check(ticks < 1000, "USAGE is passed over", "%ld", ticks);
	same("WATCH", ESRCH, say(BPROC_MSG_WATCH, 1, pid, 0, 0, NULL, 0));
	same("REAPED", ESRCH, say(BPROC_MSG_REAPED, 1, pid, 0, 0, NULL, 0));
	same("REAPED, of a process of the master", ESRCH,
	     say(BPROC_MSG_REAPED, 1, getpid(), 0, 0, NULL, 0));
	same("THREAD_EXIT", ESRCH, say(BPROC_MSG_THREAD_EXIT, 1, pid, 0, 0, NULL, 0));
	same("CALL", ESRCH, say(BPROC_MSG_CALL, 1, pid, 79, 0, &call, sizeof(call)));
	check(hear(BPROC_MSG_RESULT) && in.msg.id == 79 &&
		      in.msg.result == -BPROC_BE_INVALIDPROC,
	      "is answered", "result %d", in.msg.result);
	same("its own node's CALL", 0,
	     say(BPROC_MSG_CALL, 0, pid, 80, 0, &call, sizeof(call)));
	check(hear(BPROC_MSG_RESULT) && in.msg.id == 80 && in.msg.result >= 0, "is served",
	      "result %d", in.msg.result);
	same("MIGRATE", ESRCH,
	     say(BPROC_MSG_MIGRATE, 1, pid, 0, 0, &migrate, sizeof(migrate)));
	foreign_answer(pid);
	foreign_thread(pid);
	check(is_alive(pid), "the process did not notice", "it did");
	proc_file(pid, "comm", comm, sizeof(comm));
	check(!strcmp(comm, "anything\n"), "and kept its name", "%s", comm);
	same("EXIT of a process of the master", ESRCH, say_exit(0, getpid(), 0));
	same("of nobody", ESRCH, say_exit(0, 4000000, 0));
	same("of process 0", ESRCH, say_exit(0, 0, 0));
	same("of process -1", ESRCH, say_exit(0, -1, 0));
	check(say_signal(0, 1, SIGKILL) != 0, "no signal to init", "it was taken");
	check(say_signal(0, -1, SIGKILL) != 0, "none to everybody", "it was taken");
	check(say_signal(0, 0, SIGKILL) != 0, "none to a group", "it was taken");
	same("signal 65", EINVAL, say_signal(0, pid, 65));
	same("signal -1", EINVAL, say_signal(0, pid, -1));
}

static void foreign_arrivals(pid_t pid, const struct bproc_stream *real)
{
	struct bproc_stream header = {
		.magic = BPROC_STREAM_MAGIC,
		.size = sizeof(header) + 2,
		.from = 1,
		.id = 9,
		.pid = pid,
		.iolen = BPROC_IO_DEFAULT,
		.cwd_len = 2,
	};
	int pair[2];

	/* No seconds of a processor would end it. */
	memcpy(header.rlim, real->rlim, sizeof(header.rlim));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		give_up("socketpair");
	same("node 1 brings node 0's process", EPERM,
	     hand_in(BPROC_IOC_ARRIVAL, 9, pair[1], 1, pid));
	same("or one of the master's", ESRCH,
	     hand_in(BPROC_IOC_ARRIVAL, 9, pair[1], 1, getpid()));
	same("a stream that is none", EBADF, hand_in(BPROC_IOC_ARRIVAL, 9, -1, 0, pid));
	/* Node 0 does, and says in the header that it is node 1. */
	same("node 0 may bring it", 0, hand_in(BPROC_IOC_ARRIVAL, 9, pair[1], 0, pid));
	put(pair[0], &header, sizeof(header));
	put(pair[0], "/", 2);
	close(pair[1]);
	check(silence(BPROC_MSG_ARRIVED), "a header that lies is not believed",
	      "ARRIVED %d was said", in.msg.result);
	close(pair[0]);
	check(is_alive(pid), "the ghost goes on", "it does not");
}

/*
 * Who arrives when nobody waits for it any more is told so; and what is lost after it has
 * arrived is not.
 */
static void late_arrivals(void)
{
	struct bproc_transit transit = { .id = 50, .from = 0, .to = 1 };
	struct bproc_stream header;
	pid_t pid = remote(&header);

	say(BPROC_MSG_ARRIVED, 0, pid, 4711, 0, NULL, 0);
	check(hear(BPROC_MSG_ABORT) && in.msg.id == 4711 && in.msg.pid == pid &&
		      in.msg.node == 0,
	      "it arrives for nobody: ABORT", "%llu", (unsigned long long)in.msg.id);
	say(BPROC_MSG_ARRIVED, 0, pid, 4712, -EIO, NULL, 0);
	check(silence(BPROC_MSG_ABORT), "it does not arrive: nothing", "ABORT");
	same("bpmaster has lost what stayed here", 0,
	     say(BPROC_MSG_ARRIVED, BPROC_NODE_MASTER, pid, 4713, -EIO, NULL, 0));
	transit.pid = pid;
	same("it goes from node to node", 0, ioctl(master, BPROC_IOC_TRANSIT, &transit));
	say(BPROC_MSG_ARRIVED, 1, pid, 50, 0, NULL, 0);
	check(hear(BPROC_MSG_ARRIVED) && !in.msg.node && !in.msg.result,
	      "has arrived: the old one is told", "node %d", in.msg.node);
	say(BPROC_MSG_ARRIVED, 1, pid, 50, -EIO, NULL, 0);
	check(silence(BPROC_MSG_ARRIVED), "and cannot be lost any more", "ARRIVED");
	say(BPROC_MSG_GO, 0, pid, 50, 0, NULL, 0);
	check(hear(BPROC_MSG_GO) && in.msg.node == 1 && in.msg.id == 50,
	      "the old one lets it run", "node %d", in.msg.node);
	same("where it is then", 0, say_exit(1, pid, 3 << 8));
	same("and ends", 3 << 8, end_of(pid));
}

/* A ghost that reads the header of what comes back must not wait for a dead node. */
static void node_dies_amid_header(void)
{
	struct bproc_stream header;
	pid_t pid = remote(&header);
	int pair[2], status;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		give_up("socketpair");
	same("the way back begins", 0, hand_in(BPROC_IOC_ARRIVAL, 3, pair[1], 0, pid));
	put(pair[0], "some bytes", 10);
	usleep(300000);
	set_state(0, "down");
	status = end_of(pid);
	check(status == SIGKILL, "the node dies: the ghost does", "status %#x", status);
	close(pair[0]);
	close(pair[1]);
	set_state(0, "up");
}

/* Killed while it stands stopped, the ghost goes first; the node's EXIT comes later. */
static void late_exit(void)
{
	struct bproc_stream header;
	pid_t pid = remote(&header);
	int status;

	say(BPROC_MSG_STOPPED, 0, pid, 0, SIGSTOP, NULL, 0);
	check(wait_for(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "it stops",
	      "status %#x", status);
	kill(pid, SIGKILL);
	check(hear(BPROC_MSG_SIGNAL) && in.msg.pid == pid, "its end is told to the node",
	      "it is not");
	same("it ends", SIGKILL, end_of(pid));
	same("node 1 knows nothing of it", ESRCH, say_exit(1, pid, SIGKILL));
	same("the node's last word", 0, say_exit(0, pid, SIGKILL));
	same("is the last", ESRCH, say_exit(0, pid, SIGKILL));
}

/* Times whose sum is none: the kernel divides by it. */
static void endless_times(void)
{
	struct bproc_msg_usage u = { .usage = { .utime = 1ULL << 63,
						.stime = 1ULL << 63 } };
	struct bproc_msg_exit e = { .usage = u.usage };
	struct bproc_stream header;
	struct rusage usage;
	int status;

	u.pid = remote(&header);
	same("endless times", 0, say(BPROC_MSG_USAGE, 0, 0, 0, 0, &u, sizeof(u)));
	check(strtoull(stat_field(u.pid, 14), NULL, 10) > 0, "are some", "they are none");
	same("its end", 0, say(BPROC_MSG_EXIT, 0, u.pid, 0, 0, &e, sizeof(e)));
	same("is seen", u.pid, wait4(u.pid, &status, 0, &usage));
	check(usage.ru_utime.tv_sec > 0, "with those times", "%ld s",
	      (long)usage.ru_utime.tv_sec);
}

/* A parent on a node may put its child here into a group, if that is of the same session.
 */
static void foreign_groups(void)
{
	struct bproc_msg_ids ids = { .session = getsid(0) };
	struct bproc_stream header;
	pid_t kid, pid = remote_parent(&header, &kid), leader = spare(true);

	until(getsid(leader) == leader);
	ids.pgrp = leader;
	same("a group of another session", ESRCH,
	     say(BPROC_MSG_IDS, 0, kid, 0, 0, &ids, sizeof(ids)));
	same("the child is where it was", getpgrp(), getpgid(kid));
	ids.pgrp = kid;
	same("of another node's process", ESRCH,
	     say(BPROC_MSG_IDS, 1, kid, 0, 0, &ids, sizeof(ids)));
	same("its own", 0, say(BPROC_MSG_IDS, 0, kid, 0, 0, &ids, sizeof(ids)));
	same("is where it is then", kid, getpgid(kid));
	if (kid > 1)
		kill(kid, SIGKILL);
	if (leader > 1)
		kill(leader, SIGKILL);
	end_of(leader);
	say_exit(0, pid, 0);
	same("the parent ends", 0, end_of(pid));
}

/* May a user who may have two processes have another beside this one? */
static int fork_as(uid_t uid)
{
	struct rlimit limit = { 2, 2 };
	pid_t pid = fork(), child;

	if (pid == 0) {
		if (setrlimit(RLIMIT_NPROC, &limit) || setuid(uid))
			_exit(255);
		child = fork();
		if (child == 0)
			_exit(0);
		_exit(child < 0 ? errno : end_of(child));
	}
	return WEXITSTATUS(end_of(pid));
}

/* The node says that it has those, and two groups, or none. */
static int say_cred(int from, pid_t pid, const struct bproc_cred *cred,
		    unsigned int groups)
{
	struct {
		struct bproc_msg_cred m;
		__u32 groups[2];
	} body = { { .cred = *cred, .ngroups = groups }, { 7, 60000 } };
	size_t size = sizeof(body.m) + (groups ? sizeof(body.groups) : 0);

	return say(BPROC_MSG_CRED, from, pid, 0, 0, &body, size);
}

static void set_uids(struct bproc_cred *cred, uid_t uid, uid_t saved)
{
	cred->uid[0] = cred->uid[1] = cred->uid[3] = uid;
	cred->uid[2] = saved;
}

static bool has_groups(pid_t pid)
{
	char text[4096];

	return proc_file(pid, "status", text, sizeof(text)) > 0 &&
	       strstr(text, "\nGroups:\t7 60000");
}

static void credentials(void)
{
	struct bproc_stream header;
	struct bproc_cred cred;
	pid_t pid = remote(&header);

	cred = header.cred;
	same("a ghost is its process's user's", 0, user_of(pid));
	set_uids(&cred, 1001, 1001);
	same("another node says otherwise", ESRCH, say_cred(1, pid, &cred, 2));
	same("fewer groups than it says", EINVAL, say_cred(0, pid, &cred, 3));
	same("more", EINVAL, say_cred(0, pid, &cred, 1));
	same("very many", EINVAL, say_cred(0, pid, &cred, 0xffffffff));
	check(user_of(pid) == 0 && !has_groups(pid), "nothing of that", "%d",
	      user_of(pid));
	same("CRED", 0, say_cred(0, pid, &cred, 2));
	check(until(user_of(pid) == 1001), "another user", "%d", user_of(pid));
	check(has_groups(pid), "with groups", "not these");
	same("for whom it counts", EAGAIN, fork_as(1001));
	set_uids(&cred, 1001, (uid_t)-1);
	same("no user", EINVAL, say_cred(0, pid, &cred, 2));
	set_uids(&cred, 0, 0);
	same("back again, by the capability", 0, say_cred(0, pid, &cred, 2));
	check(until(user_of(pid) == 0), "is the old user", "%d", user_of(pid));
	same("and counts for the other no more", 0, fork_as(1001));
	set_uids(&cred, 1001, 0);
	cred.cap_permitted = 0;
	say_cred(0, pid, &cred, 2);
	set_uids(&cred, 0, 0);
	say_cred(0, pid, &cred, 2);
	check(until(user_of(pid) == 0), "back again, to the saved one", "%d",
	      user_of(pid));
	say_exit(0, pid, 0);
	same("it ends", 0, end_of(pid));

	pid = remote(&header);
	cred = header.cred;
	set_uids(&cred, 1001, 1001);
	cred.cap_permitted = 0;
	say_cred(0, pid, &cred, 2);
	check(until(user_of(pid) == 1001), "without all that", "%d", user_of(pid));
	same("one says that it is root", 0, say_cred(0, pid, &header.cred, 0));
	usleep(300000);
	check(user_of(pid) == 1001 && has_groups(pid), "there is no way back", "%d",
	      user_of(pid));
	say_exit(0, pid, 0);
	same("it ends", 0, end_of(pid));

	is_bound = true;
	pid = remote(&header);
	is_bound = false;
	cred = header.cred;
	set_uids(&cred, 1001, 1001);
	same("what it could not do itself", 0, say_cred(0, pid, &cred, 2));
	check(until(has_groups(pid)), "is not all believed", "no groups");
	same("not the user", 0, user_of(pid));
	say_exit(0, pid, 0);
	same("it ends", 0, end_of(pid));
}

/* A node's word about a user's rights moves nobody there. */
static void migrates_others(void)
{
	struct bproc_msg_call call = {
		.call = BPROC_CALL_MIGRATE,
		.flags = BPROC_CALL_CAPABLE | BPROC_CALL_TRACER,
	};
	struct bproc_msg_signal sig = { .signo = SIGUSR1,
					.code = SI_QUEUE,
					.owner = 1001 };
	struct bproc_msg_signal told;
	struct bproc_stream header;
	struct bproc_cred cred;
	pid_t pid = remote(&header), victim = spare(false);

	cred = header.cred;
	set_uids(&cred, 1001, 1001);
	cred.cap_permitted = 0;
	say_cred(0, pid, &cred, 0);
	call.after = victim;
	same("a user's process has root's migrated", 0,
	     say(BPROC_MSG_CALL, 0, pid, 88, 0, &call, sizeof(call)));
	check(hear(BPROC_MSG_RESULT) && in.msg.id == 88 && in.msg.result == -EPERM,
	      "it may not", "result %d", in.msg.result);
	call.signal.signo = SIGCONT;
	say(BPROC_MSG_CALL, 0, pid, 89, 0, &call, sizeof(call));
	check(hear(BPROC_MSG_RESULT) && in.msg.id == 89 && in.msg.result == -EINVAL,
	      "nor as one who continues it", "result %d", in.msg.result);
	same("a signal that its ghost on a node got", ESRCH,
	     say(BPROC_MSG_SIGNAL, 0, victim, 0, 0, &sig, sizeof(sig)));
	check(is_alive(victim), "is not for who has the number now", "it ended");
	sig.signo = SIGKILL;
	sig.code = SI_USER;
	same("nor SIGKILL, of which no kernel knows who sent it", ESRCH,
	     say(BPROC_MSG_SIGNAL, 0, victim, 0, 0, &sig, sizeof(sig)));
	check(is_alive(victim), "it neither", "it ended");
	check(until(user_of(pid) == 1001), "the ghost is a user's", "%d", user_of(pid));
	same("a signal to that", 0, kill(pid, SIGUSR2));
	check(hear(BPROC_MSG_SIGNAL) && in.msg.pid == pid, "goes to the node", "it does not");
	memcpy(&told, in.bytes + sizeof(in.msg), sizeof(told));
	check(told.owner == 1001, "and says whose it was, should it come back", "%u",
	      told.owner);
	sig.signo = SIGUSR1;
	sig.owner = 0;
	same("one for root's is", 0,
	     say(BPROC_MSG_SIGNAL, 0, victim, 0, 0, &sig, sizeof(sig)));
	same("that ends it", SIGUSR1, end_of(victim));
	say_exit(0, pid, 0);
	same("it ends", 0, end_of(pid));
}

static void sizes(void)
{
	struct bproc_msg m = { .size = sizeof(m), .type = BPROC_MSG_EXIT };
	struct bproc_node_state st = { .node = 0 };
	char *edge;
	int type;

	fails("a body too short", EINVAL, write(master, &m, sizeof(m)));
	m.size++;
	fails("more than was written", EINVAL, write(master, &m, sizeof(m)));
	m.size = 4;
	fails("less than a header", EINVAL, write(master, &m, sizeof(m)));
	fails("a piece of a header", EINVAL, write(master, &m, 8));
	fails("nothing", EINVAL, write(master, &m, 0));
	m.size = 0xffffffff;
	fails("much more", EINVAL, write(master, &m, sizeof(m)));
	fails("a bad pointer", EFAULT, syscall(SYS_write, master, (void *)8, sizeof(m)));
	fails("too long", EINVAL, syscall(SYS_write, master, in.bytes, sizeof(in) + 1));
	fails("no room to read", EMSGSIZE, read(master, in.bytes, 16));
	for (type = 0; type < 300; type++)
		say((unsigned int)type, 0, 0, 0, 0, NULL, 0);
	for (type = 0; type < 65536; type += 251)
		say((unsigned int)type, 99, 5, ~0ULL, -1, NULL, 0);
	same("a node that is not there", BPROC_BE_NODEDOWN, say_exit(77, getpid(), 0));
	same("a node below them", BPROC_BE_NODEDOWN, say_exit(-5, getpid(), 0));
	fails("a state without a name", EINVAL, ioctl(master, BPROC_IOC_NODE_STATE, &st));
	memset(st.state, 'x', sizeof(st.state));
	fails("one without an end", EINVAL, ioctl(master, BPROC_IOC_NODE_STATE, &st));
	st.node = 2;
	strcpy(st.state, "up");
	fails("of a node that is not there", BPROC_BE_INVALIDNODE,
	      ioctl(master, BPROC_IOC_NODE_STATE, &st));
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	munmap(edge + 4096, 4096);
	memcpy(edge + 4096 - sizeof(m), &m, sizeof(m));
	m.size = sizeof(m) + sizeof(struct bproc_msg_exit);
	fails("a message beyond memory", EFAULT,
	      write(master, edge + 4096 - sizeof(m), m.size));
}

static void master_goes(int notifier)
{
	struct pollfd p = { .fd = notifier, .events = POLLIN };
	struct bproc_stream header;
	pid_t pid = remote(&header);
	uint64_t changes;

	close(master);
	same("the master ends: its ghosts do", SIGKILL, end_of(pid));
	check(poll(&p, 1, PATIENCE * 1000) == 1 && (p.revents & POLLHUP),
	      "notifiers hear of it", "revents %#x", (unsigned int)p.revents);
	same("once", 8, read(notifier, &changes, sizeof(changes)));
	same("and then see the end", 0, read(notifier, &changes, sizeof(changes)));
	fails("nothing works any more", ENOSYS, bp(BPROC_IOC_NOTIFY, NULL));
}

int main(int argc, char **argv)
{
	struct bproc_master_setup setup = { .nodes = 2 };
	struct bproc_stream header;
	int notifier;
	pid_t pid;

	scen_init(argc, argv);
	alarm(150 * slowness());
	master = open("/dev/bproc-master", O_RDWR | O_CLOEXEC);
	if (master < 0 || ioctl(master, BPROC_IOC_MASTER_SETUP, &setup))
		give_up("/dev/bproc-master");
	set_state(0, "up");
	set_state(1, "up");
	notifier = (int)bp(BPROC_IOC_NOTIFY, NULL);

	sizes();
	pid = remote(&header);
	foreign_messages(pid);
	foreign_arrivals(pid, &header);
	same("its own node ends it", 0, say_exit(0, pid, 7 << 8));
	same("with its status", 7 << 8, end_of(pid));
	late_arrivals();
	node_dies_amid_header();
	late_exit();
	endless_times();
	credentials();
	foreign_groups();
	migrates_others();
	master_goes(notifier);
	return failures != 0;
}
