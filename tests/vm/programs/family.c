// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * family NODE OTHER [SEED ROUNDS]: parents and children on different machines. The program
 * itself only gives orders, over TCP, to processes that fork, move, wait and end wherever
 * they are told to.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "scen.h"

#define MASTER_ADDRESS "10.23.0.1"
#define M BPROC_NODE_MASTER

enum op {
	FORK,
	RFORK,	/* node */
	MOVE,	/* node */
	WAIT,	/* pid, options */
	WAITID, /* type, id, options */
	EXIT,	/* code */
	DIE,	/* signal */
	PPID,
	PGID,	 /* pid */
	SID,	 /* pid */
	SETPGID, /* pid, pgrp */
	SETSID,
	KILL, /* pid, signal */
	HEARD, /* how often SIGCHLD came, at least @a times */
	IGNORE,
	BURN, /* ms of processor time */
	WHERE,
	THERE, /* is the process there? */
	ALARM, /* ms: a signal that is caught, with or without restart */
};

struct order {
	int op, a, b, c;
};

struct answer {
	int ret, err, status, code, ms;
};

static int places[3];
static int listening;
static unsigned short port;
static volatile sig_atomic_t heard;

/* --- those who obey --- */

static void on_child(int sig)
{
	(void)sig;
	heard++;
}

static void catch(int sig, int flags, void (*handler)(int))
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };

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

static long go(unsigned long request, int node)
{
	struct bproc_move m = { .node = node, .flags = ALL };

	return bp(request, &m);
}

static void burn(int ms)
{
	struct timespec t;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms);
}

static void start_alarm(int ms)
{
	struct itimerval t = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	setitimer(ITIMER_REAL, &t, NULL);
}

static long carry_out(const struct order *o, struct answer *a, int *chan)
{
	struct rusage ru;
	siginfo_t info;
	long ret = 0;

	switch (o->op) {
	case FORK:
		ret = fork();
		break;
	case RFORK:
		ret = go(BPROC_IOC_RFORK, o->a);
		break;
	case MOVE:
		ret = go(BPROC_IOC_MOVE, o->a);
		if (!ret)
			*chan = dial();
		return ret;
	case WAIT:
		memset(&ru, 0, sizeof(ru));
		ret = wait4(o->a, &a->status, o->b, &ru);
		a->ms = (int)((ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000 +
			      (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1000);
		break;
	case WAITID:
		memset(&info, 0, sizeof(info));
		ret = waitid((idtype_t)o->a, (id_t)o->b, &info, o->c);
		if (!ret) {
			ret = info.si_pid;
			a->code = info.si_code;
			a->status = info.si_status;
		}
		break;
	case EXIT:
		_exit(o->a);
	case DIE:
		catch(o->a, 0, SIG_DFL);
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
		until(heard >= o->a);
		ret = heard;
		heard = 0;
		break;
	case IGNORE:
		signal(SIGCHLD, SIG_IGN);
		break;
	case BURN:
		burn(o->a);
		break;
	case WHERE:
		return node_of(getpid());
	case THERE:
		return !kill(o->a, 0) || errno == EPERM;
	case ALARM:
		catch(SIGALRM, o->b ? SA_RESTART : 0, on_child);
		start_alarm(o->a);
		break;
	}
	return ret;
}

static void obey(void)
{
	struct answer a;
	struct order o;
	int chan = dial();

	heard = 0;
	catch(SIGCHLD, SA_RESTART, on_child);
	while (get(chan, &o, sizeof(o))) {
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

struct member {
	pid_t pid;
	int chan;
	int place;
};

static struct answer got;

/* The next one that calls. */
static struct member answer_call(void)
{
	struct member m = { -1, accept_channel(listening), 0 };

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
	struct member m = { -1, -1, place };
	pid_t pid = place == M ? fork() : (pid_t)go(BPROC_IOC_RFORK, place);

	if (!pid)
		obey();
	if (pid > 0)
		m = answer_call();
	check(pid > 0 && m.pid == pid, "a process starts", "%d, calls as %d, errno %d", pid, m.pid,
	      errno);
	m.place = place;
	return m;
}

static struct member start_child(const struct member *parent, int from, int place)
{
	struct member m = { -1, -1, place };
	int pid;

	tell(parent, from == place ? FORK : RFORK, place, 0, 0);
	pid = hear(parent);
	if (pid > 0)
		m = answer_call();
	check(pid > 0 && m.pid == pid, "it has a child", "%d, errno %d, calls as %d", pid, got.err,
	      m.pid);
	m.place = place;
	return m;
}

/* All at the same time; those that are there already stay. */
static bool move_all(struct member **who, const int *to, int n)
{
	struct member again;
	int i, j, going = 0, bad = 0;

	for (i = 0; i < n; i++)
		if (who[i]->place != to[i]) {
			tell(who[i], MOVE, to[i], 0, 0);
			going++;
		}
	for (i = 0; i < going; i++) {
		again = answer_call();
		for (j = 0; j < n && who[j]->pid != again.pid; j++)
			;
		if (j == n) {
			bad++;
			continue;
		}
		close(who[j]->chan);
		who[j]->chan = again.chan;
		bad += hear(who[j]) != 0;
		who[j]->place = to[j];
	}
	for (i = 0; bad && i < n; i++)
		if (who[i]->place != to[i]) {
			hear(who[i]);
			printf("# process %d: %d, errno %d\n", who[i]->pid, got.ret, got.err);
		}
	return check(!bad, "all moved", "%d of %d did not", bad, going);
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

static const char *name(int place)
{
	return place == M ? "master" : place == places[1] ? "first" : "second";
}

/* Ends with a code, by a signal; stops and goes on. */
static void waits(struct member *p, int from, int place)
{
	struct member c = start_child(p, from, place);

	printf("# parent on %s, child on %s\n", name(from), name(place));
	same("its parent is known", p->pid, ask(&c, PPID));
	same("nothing yet", 0, ask(p, WAIT, c.pid, WNOHANG));
	end(&c, 7);
	same("wait", c.pid, ask(p, WAIT, c.pid));
	same("its status", 7 << 8, got.status);
	same("once", -1, ask(p, WAIT, c.pid, WNOHANG));
	same("no such child", ECHILD, got.err);
	check(ask(p, HEARD, 1) >= 1, "SIGCHLD", "%d", got.ret);

	c = start_child(p, from, place);
	ask(&c, BURN, 150);
	tell(&c, DIE, SIGUSR1, 0, 0);
	same("waitid, and it stays", c.pid, ask(p, WAITID, P_PID, c.pid, WEXITED | WNOWAIT));
	same("a signal", CLD_KILLED, got.code);
	same("which", SIGUSR1, got.status);
	same("wait for any", c.pid, ask(p, WAIT, -1));
	same("of the signal", SIGUSR1, got.status);
	check(got.ms >= 150, "what it used", "%d ms", got.ms);
	close(c.chan);

	c = start_child(p, from, place);
	same("a signal to it", 0, ask(p, KILL, c.pid, SIGSTOP));
	same("wait for a stop", c.pid, ask(p, WAIT, c.pid, WUNTRACED));
	same("stopped", SIGSTOP << 8 | 0x7f, got.status);
	same("once", 0, ask(p, WAIT, c.pid, WUNTRACED | WNOHANG));
	same("another", 0, ask(p, KILL, c.pid, SIGCONT));
	same("waitid for going on", c.pid, ask(p, WAITID, P_PID, c.pid, WCONTINUED));
	same("it goes on", CLD_CONTINUED, got.code);
	same("and answers", p->pid, ask(&c, PPID));
	same("SIGKILL", 0, ask(p, KILL, c.pid, SIGKILL));
	same("wait for the group", c.pid, ask(p, WAIT, 0));
	same("killed", SIGKILL, got.status);
	close(c.chan);
	same("no other", -1, ask(p, WAIT, -1));
	same("child", ECHILD, got.err);
}

static void placements(void)
{
	struct member p;
	int i, j;

	for (i = 0; i < 3; i++) {
		p = start(places[i]);
		for (j = 0; j < 3; j++)
			waits(&p, places[i], places[j]);
		finish(&p, 3);
	}
}

/* A parent leaves its child, and comes back. */
static void parent_moves(void)
{
	struct member p, c, d;
	int i, j, k;

	for (i = 0; i < 3; i++) {
		for (j = 0; j < 3; j++) {
			p = start(places[i]);
			c = start_child(&p, places[i], places[j]);
			d = start_child(&p, places[i], places[i]);
			for (k = 1; k < 3; k++) {
				printf("# from %s to %s, child on %s\n", name(places[(i + k - 1) % 3]),
				       name(places[(i + k) % 3]), name(places[j]));
				move(&p, places[(i + k) % 3]);
				same("both are there", 0, ask(&p, WAIT, -1, WNOHANG));
				same("its parent is the same", p.pid, ask(&c, PPID));
				same("a local one's too", p.pid, ask(&d, PPID));
			}
			end(&c, 5);
			same("wait", c.pid, ask(&p, WAIT, c.pid));
			same("its status", 5 << 8, got.status);
			move(&p, places[i]);
			same("that was once", 0, ask(&p, WAIT, -1, WNOHANG));
			end(&d, 6);
			same("wait at home", d.pid, ask(&p, WAIT, -1));
			same("status", 6 << 8, got.status);
			same("no other", -1, ask(&p, WAIT, -1));
			finish(&p, 1);
		}
	}
}

/* --- at random --- */

#define PARENTS 3
#define CHILDREN 4

struct clan {
	struct member parent, child[CHILDREN];
	int n, born, waited;
};

static unsigned int seed;

static int any(int n)
{
	seed = seed * 1103515245 + 12345;
	return (int)(seed >> 16 & 0x7fff) % n;
}

/* The child's end is told once, with the right code. */
static void bury(struct clan *c, int i)
{
	struct member *m = &c->child[i];

	check(ask(&c->parent, WAIT, any(2) ? m->pid : -1) == m->pid &&
		      got.status == (m->pid & 0x7f) << 8,
	      "waited for", "%d, status %#x, errno %d", got.ret, got.status, got.err);
	c->waited++;
	c->child[i] = c->child[--c->n];
}

static void round_of(struct clan *c)
{
	struct member *who[2] = { &c->parent };
	int to[2] = { places[any(3)], places[any(3)] }, i = c->n ? any(c->n) : 0, what;

	if (!c->n || (c->n < CHILDREN && !any(3))) {
		c->child[c->n++] = start_child(&c->parent, c->parent.place, to[1]);
		c->born++;
		return;
	}
	who[1] = &c->child[i];
	what = any(6);
	printf("# %d: parent %d on %d to %d, child %d on %d to %d\n", what, who[0]->pid,
	       who[0]->place, to[0], who[1]->pid, who[1]->place, to[1]);
	switch (what) {
	case 0:
		move(who[0], to[0]);
		break;
	case 1:
		move(who[1], to[1]);
		break;
	case 2: /* at the same time */
	case 3:
		move_all(who, to, 2);
		break;
	case 4:
		end(who[1], who[1]->pid & 0x7f);
		bury(c, i);
		break;
	case 5: /* it ends while its parent is under way */
		end(who[1], who[1]->pid & 0x7f);
		move(who[0], to[0]);
		bury(c, i);
		break;
	}
	if (c->n)
		same("whose child", c->parent.pid, ask(&c->child[any(c->n)], PPID));
}

static void stress(int rounds)
{
	struct clan clan[PARENTS] = { 0 };
	int i, j;

	for (i = 0; i < PARENTS; i++)
		clan[i].parent = start(places[i]);
	for (j = 0; j < rounds && !failures; j++)
		round_of(&clan[any(PARENTS)]);
	for (i = 0; i < PARENTS; i++) {
		while (clan[i].n) {
			end(&clan[i].child[0], clan[i].child[0].pid & 0x7f);
			bury(&clan[i], 0);
		}
		same("each was waited for", clan[i].born, clan[i].waited);
		same("nobody else is there", -1, ask(&clan[i].parent, WAIT, -1, WNOHANG));
		same("no child", ECHILD, got.err);
		finish(&clan[i].parent, 0);
	}
}

int main(int argc, char **argv)
{
	places[0] = M;
	places[1] = scen_init(argc, argv);
	places[2] = argc > 2 ? atoi(argv[2]) : 1;
	alarm(200);
	listening = listener(&port);
	if (argc > 4) {
		seed = (unsigned int)atoi(argv[3]);
		printf("# seed %u\n", seed);
		stress(atoi(argv[4]));
		return failures != 0;
	}
	placements();
	parent_moves();
	return failures != 0;
}
