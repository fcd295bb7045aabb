/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For programs about families: processes that fork, move, wait and end wherever they are
 * told to. The program itself stays on the master, and gives orders over TCP.
 */
#ifndef MEMBER_H
#define MEMBER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "scen.h"

#pragma GCC diagnostic ignored "-Wunused-function"

#define MASTER_ADDRESS "10.23.0.1"
#define M BPROC_NODE_MASTER

enum op {
	FORK,
	RFORK,	/* node */
	MOVE,	/* node, without its files? */
	WAIT,	/* pid, options */
	WAITID, /* type, id, options */
	EXIT,	/* code */
	DIE,	/* signal */
	PPID,
	PGID,	 /* pid */
	SID,	 /* pid */
	SETPGID, /* pid, pgrp */
	SETSID,
	KILL,  /* pid, signal */
	HEARD, /* how often SIGCHLD came, at least @a times */
	IGNORE,	   /* SIGCHLD: 0: altogether, 1: not its coming, but their status */
	NOCLDSTOP, /* SIGCHLD: 1: for ends alone, 0: for stops, too */
	REAL_USER, /* user: not root, with all of root's rights */
	BURN,	   /* ms of processor time, more than before */
	USED,	   /* what it and its children used */
	PEAK,	   /* MiB that it has for a moment */
	READ,	   /* a MiB of the disk, where there is one */
	QUEUE,	   /* pid, signal, value */
	VALUE,	   /* of the so-manieth signal with one that it caught */
	WHERE,
	THERE,	    /* is the process there? */
	ALARM,	    /* ms: a signal that is caught, with or without restart */
	GROW,	    /* by MiB */
	WATCH,	    /* files, by so many descriptors whose end takes its time */
	CATCH,	    /* signal */
	CAUGHT,	    /* how often such came, at least @a times; the next is the first again */
	DEATHSIG,   /* signal: the same, at the parent's end */
	SUBREAPER,  /* 1 or 0 */
	PIDFD,	    /* pid */
	PIDFD_POLL, /* ms */
	PIDFD_KILL, /* signal */
	PIDFD_WAIT,
	TGKILL, /* process, thread, signal */
	THREAD, /* another one, that catches signals, too */
};

struct order {
	int op, a, b, c;
};

/* Times in us, sizes in KiB. */
struct used {
	int time, max_rss, blocks, switches;
};

struct answer {
	int ret, err, status, code, pid, uid;
	struct used used, children;
};

static int places[3];
static int listening;
static unsigned short port;
static volatile sig_atomic_t heard, caught, caught_by, caught_code, caught_from;
static siginfo_t last_heard;
#define VALUES 16
static volatile sig_atomic_t values[VALUES], queued;

/* --- those who obey --- */

static void on_child(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	last_heard = *info;
	heard++;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	caught_by = (int)syscall(SYS_gettid);
	caught_code = info->si_code;
	caught_from = info->si_pid;
	if (info->si_code == SI_QUEUE && queued < VALUES)
		values[queued++] = info->si_value.sival_int;
	caught++;
}

static void catch(int sig, int flags, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction act = { .sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO };

	sigaction(sig, &act, NULL);
}

static int dial(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), high;

	a.sin_addr.s_addr = inet_addr(MASTER_ADDRESS);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		_exit(120);
	high = fcntl(fd, F_DUPFD, CHANNEL);
	close(fd);
	put_int(high, getpid());
	return high;
}

static long go(unsigned long request, int node, __u32 flags)
{
	struct bproc_move m = { .node = node, .flags = flags };

	return bp(request, &m);
}

static struct used used_of(const struct rusage *ru)
{
	struct used u = {
		.time = (int)((ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1000000 +
			      ru->ru_utime.tv_usec + ru->ru_stime.tv_usec),
		.max_rss = (int)ru->ru_maxrss,
		.blocks = (int)(ru->ru_inblock + ru->ru_oublock),
		.switches = (int)(ru->ru_nvcsw + ru->ru_nivcsw),
	};

	return u;
}

static struct used used_by(int who)
{
	struct rusage ru = { 0 };

	getrusage(who, &ru);
	return used_of(&ru);
}

static void burn(int ms)
{
	int end = used_by(RUSAGE_SELF).time + ms * 1000;

	while (used_by(RUSAGE_SELF).time < end)
		;
}

static void start_alarm(int ms)
{
	struct itimerval t = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	setitimer(ITIMER_REAL, &t, NULL);
}

static long watch(int n)
{
	int fd = 0;

	while (fd >= 0 && n--) {
		fd = inotify_init();
		if (fd >= 0 && inotify_add_watch(fd, "/", IN_CREATE) < 0)
			return -1;
	}
	return fd < 0 ? -1 : 0;
}

/* Memory that it really has; NULL without. */
static void *fill(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	return p == MAP_FAILED ? NULL : memset(p, 1, len);
}

static long peak(size_t len)
{
	void *p = fill(len);

	return p ? munmap(p, len) : -1;
}

static long read_disk(void)
{
	static char page[65536] __attribute__((aligned(4096)));
	int fd = open("/dev/vda", O_RDONLY | O_DIRECT | O_CLOEXEC), i;

	if (fd < 0)
		return -1;
	for (i = 0; i < 16 && read(fd, page, sizeof(page)) == sizeof(page); i++)
		;
	close(fd);
	return i == 16 ? 0 : -1;
}

static void *thread(void *tid)
{
	*(volatile int *)tid = (int)syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

static long start_thread(void)
{
	static volatile int tid;
	pthread_t t;

	if (pthread_create(&t, NULL, thread, (void *)&tid) || !until(tid))
		return -1;
	return tid;
}

static long wait_id(struct answer *a, idtype_t type, int id, int options)
{
	siginfo_t info = { 0 };

	if (waitid(type, (id_t)id, &info, options))
		return -1;
	a->code = info.si_code;
	a->status = info.si_status;
	return info.si_pid;
}

/* SIGCHLD came at least so often; what the last one said. */
static long hear_children(struct answer *a, int times)
{
	int n;

	until(heard >= times);
	n = heard;
	a->pid = last_heard.si_pid;
	a->uid = (int)last_heard.si_uid;
	a->code = last_heard.si_code;
	a->status = last_heard.si_status;
	memset(&last_heard, 0, sizeof(last_heard));
	heard = 0;
	return n;
}

static void ignore_children(bool but_not_signals)
{
	struct sigaction act = { .sa_handler = SIG_IGN };

	if (but_not_signals)
		catch (SIGCHLD, SA_RESTART | SA_NOCLDWAIT, on_child);
	else
		sigaction(SIGCHLD, &act, NULL);
}

static long queue(int pid, int sig, int value)
{
	union sigval v = { .sival_int = value };

	return sigqueue(pid, sig, v);
}

static long carry_out_more(const struct order *o, struct answer *a)
{
	static int pidfd = -1;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	switch (o->op) {
	case WATCH:
		return watch(o->a);
	case GROW:
		return fill((size_t)o->a << 20) ? 0 : -1;
	case PEAK:
		return peak((size_t)o->a << 20);
	case USED:
		a->used = used_by(RUSAGE_SELF);
		a->children = used_by(RUSAGE_CHILDREN);
		return 0;
	case REAL_USER:
		return setresuid((uid_t)o->a, 0, 0);
	case NOCLDSTOP:
		catch (SIGCHLD, SA_RESTART | (o->a ? SA_NOCLDSTOP : 0), on_child);
		return 0;
	case QUEUE:
		return queue(o->a, o->b, o->c);
	case VALUE:
		return o->a < queued ? values[o->a] : -1;
	case READ:
		return read_disk();
	case CATCH:
		catch (o->a, SA_RESTART, on_signal);
		return 0;
	case CAUGHT:
		until(caught >= o->a);
		n = caught;
		caught = 0;
		a->status = caught_by;
		a->code = caught_code;
		a->pid = caught_from;
		return n;
	case DEATHSIG:
		catch (o->a, SA_RESTART, on_signal);
		return prctl(PR_SET_PDEATHSIG, o->a);
	case SUBREAPER:
		return prctl(PR_SET_CHILD_SUBREAPER, o->a);
	case PIDFD:
		pidfd = (int)syscall(SYS_pidfd_open, o->a, 0);
		return pidfd < 0 ? -1 : 0;
	case PIDFD_POLL:
		do
			n = poll(&p, 1, o->a);
		while (n < 0 && errno == EINTR);
		return n;
	case PIDFD_KILL:
		return syscall(SYS_pidfd_send_signal, pidfd, o->a, NULL, 0);
	case TGKILL:
		return syscall(SYS_tgkill, o->a, o->b, o->c);
	case THREAD:
		return start_thread();
	case PIDFD_WAIT:
		return wait_id(a, P_PIDFD, pidfd, WEXITED);
	}
	return 0;
}

static long carry_out(const struct order *o, struct answer *a, int *chan)
{
	struct rusage ru;
	long ret = 0;

	switch (o->op) {
	case FORK:
		ret = fork();
		break;
	case RFORK:
		ret = go(BPROC_IOC_RFORK, o->a, ALL);
		break;
	case MOVE:
		ret = go(BPROC_IOC_MOVE, o->a, o->b ? 0 : ALL);
		if (!ret)
			*chan = dial();
		return ret;
	case WAIT:
		memset(&ru, 0, sizeof(ru));
		ret = wait4(o->a, &a->status, o->b, &ru);
		a->used = used_of(&ru);
		break;
	case WAITID:
		return wait_id(a, (idtype_t)o->a, o->b, o->c);
	case EXIT:
		_exit(o->a);
	case DIE:
		signal(o->a, SIG_DFL);
		kill(getpid(), o->a);
		break;
	case PPID:
		return getppid();
	case PGID:
		ret = getpgid(o->a);
		break;
	case SID:
		ret = getsid(o->a);
		break;
	case SETPGID:
		ret = setpgid(o->a, o->b);
		break;
	case SETSID:
		ret = setsid();
		break;
	case KILL:
		ret = kill(o->a, o->b);
		break;
	case HEARD:
		return hear_children(a, o->a);
	case IGNORE:
		ignore_children(o->a);
		break;
	case BURN:
		burn(o->a);
		break;
	case WHERE:
		return node_of(getpid());
	case THERE:
		return !kill(o->a, 0) || errno == EPERM;
	case ALARM:
		catch (SIGALRM, o->b ? SA_RESTART : 0, on_signal);
		start_alarm(o->a);
		break;
	default:
		return carry_out_more(o, a);
	}
	return ret;
}

/* Without a limit: who gives orders may wait long for others, and its end is the
 * channel's. */
static bool next_order(int chan, struct order *o)
{
	ssize_t n;

	do
		n = recv(chan, o, sizeof(*o), MSG_WAITALL);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*o);
}

static void obey(void)
{
	struct answer a;
	struct order o;
	int chan = dial();

	heard = 0;
	catch (SIGCHLD, SA_RESTART, on_child);
	while (next_order(chan, &o)) {
		int old = chan;

		memset(&a, 0, sizeof(a));
		errno = 0;
		a.ret = (int)carry_out(&o, &a, &chan);
		a.err = errno;
		if (!a.ret && (o.op == FORK || o.op == RFORK)) {
			close(old);
			heard = 0;
			chan = dial();
			continue;
		}
		put(chan, &a, sizeof(a));
	}
	_exit(0);
}

/* --- who gives orders --- */

/* At once. */
#define MOVERS 8

struct member {
	pid_t pid;
	int chan;
	int place;
	bool bare; /* it moves without its files, to where they are not */
};

static struct answer got;

/* The next one that calls. */
static struct member answer_call(void)
{
	struct member m = { .pid = -1, .chan = accept_channel(listening) };

	if (m.chan >= 0)
		m.pid = get_int(m.chan);
	return m;
}

static void tell(const struct member *m, int op, int a, int b, int c)
{
	struct order o = { op, a, b, c };

	put(m->chan, &o, sizeof(o));
}

static int hear(const struct member *m)
{
	memset(&got, 0, sizeof(got));
	got.ret = -1;
	if (!get(m->chan, &got, sizeof(got))) {
		got.ret = -1;
		got.err = EPIPE;
	}
	return got.ret;
}

/* ask(MEMBER, OP, up to three arguments) */
#define ask(m, ...) ask_(m, (const int[4]){ __VA_ARGS__ })
static int ask_(const struct member *m, const int *o)
{
	tell(m, o[0], o[1], o[2], o[3]);
	return hear(m);
}

static struct member start(int place)
{
	struct member m = { .pid = -1, .chan = -1, .place = place };
	pid_t pid = place == M ? fork() : (pid_t)go(BPROC_IOC_RFORK, place, ALL);

	if (!pid)
		obey();
	if (pid > 0)
		m = answer_call();
	check(pid > 0 && m.pid == pid, "a process starts", "%d, calls as %d, errno %d",
	      pid, m.pid, errno);
	m.place = place;
	return m;
}

static struct member start_child(const struct member *parent, int from, int place)
{
	struct member m = { .pid = -1, .chan = -1, .place = place };
	int pid;

	tell(parent, from == place ? FORK : RFORK, place, 0, 0);
	pid = hear(parent);
	if (pid > 0)
		m = answer_call();
	check(pid > 0 && m.pid == pid, "it has a child", "%d, errno %d, calls as %d", pid,
	      got.err, m.pid);
	m.place = place;
	return m;
}

/* Who goes says so there, by a call; who cannot answers where it is. */
static int next_to_speak(struct member **who, const bool *away, int n)
{
	struct pollfd p[MOVERS + 1] = { { .fd = listening, .events = POLLIN } };
	double end = now() + PATIENCE;
	char c;
	int i;

	for (i = 0; i < n; i++)
		p[i + 1] = (struct pollfd){ .fd = away[i] ? who[i]->chan : -1,
					    .events = POLLIN };
	while (now() < end) {
		if (poll(p, (nfds_t)n + 1, 1000) <= 0)
			continue;
		if (p[0].revents)
			return MOVERS;
		for (i = 0; i < n; i++)
			if (p[i + 1].revents) {
				if (recv(who[i]->chan, &c, 1, MSG_PEEK) == 1)
					return i;
				p[i + 1].fd = -1;
			}
	}
	return -1;
}

/*
 * All at the same time; those that are there already stay, and so do those that cannot
 * go. Which of them are there is in their @place.
 */
static bool try_all(struct member **who, const int *to, int n)
{
	bool away[MOVERS] = { false };
	int i, bad = 0, left = 0;
	struct member again;

	for (i = 0; i < n; i++)
		if (who[i]->place != to[i]) {
			tell(who[i], MOVE, to[i], who[i]->bare, 0);
			away[i] = true;
			left++;
		}
	for (; left; left--) {
		i = next_to_speak(who, away, n);
		if (i < 0)
			break;
		if (i < MOVERS) {
			hear(who[i]);
			if (!who[i]->bare)
				printf("# process %d: %d, errno %d\n", who[i]->pid,
				       got.ret, got.err);
			away[i] = false;
			continue;
		}
		again = answer_call();
		for (i = 0; i < n && who[i]->pid != again.pid; i++)
			;
		if (i == n) {
			printf("# %d calls\n", again.pid);
			bad++;
			continue;
		}
		close(who[i]->chan);
		who[i]->chan = again.chan;
		bad += hear(who[i]) != 0;
		who[i]->place = to[i];
		away[i] = false;
	}
	return check(!bad && !left, "all answer", "%d wrongly, %d do not", bad, left);
}

static bool move_all(struct member **who, const int *to, int n)
{
	int i, bad = 0;

	if (!try_all(who, to, n))
		return false;
	for (i = 0; i < n; i++)
		bad += who[i]->place != to[i];
	return check(!bad, "all moved", "%d of %d did not", bad, n);
}

static bool move(struct member *m, int place)
{
	return move_all(&m, &place, 1);
}

static void finish(struct member *m, int code)
{
	tell(m, EXIT, code, 0, 0);
	close(m->chan);
	same("it ends", code << 8, end_of(m->pid));
}

static void end(struct member *m, int code)
{
	tell(m, EXIT, code, 0, 0);
	close(m->chan);
}

static void is_gone(pid_t pid)
{
	check(until(kill(pid, 0) && errno == ESRCH), "nothing is left of it", "%s",
	      stat_field(pid, 3));
}

static const char *name(int place)
{
	return place == M ? "master" : place == places[1] ? "first" : "second";
}

/* NODE OTHER: where else members live. */
static void members_init(int argc, char **argv)
{
	places[0] = M;
	places[1] = scen_init(argc, argv);
	places[2] = argc > 2 ? atoi(argv[2]) : 1;
	alarm(200 * slowness());
	listening = listener(&port);
}

#endif
