// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz SEED CALLS NODE...: calls on /dev/bproc with arguments made at random, on the master and
 * on each node: as root (but none of node control), and as a user who may run there. What
 * happens is up to the driver; that all is well afterwards is for the caller to see.
 */
#include "scen.h"
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static uint64_t state;

/* Numbers that anybody can make again. */
static uint32_t any(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33);
}

static uint32_t below(uint32_t n)
{
	return any() % n;
}

static bool one_in(uint32_t n)
{
	return below(n) == 0;
}

static char *room, *edge;

#define ROOM 65536

/* Somewhere good, or at the edge of memory, or nowhere. */
static uint64_t pointer(void)
{
	switch (below(8)) {
	case 0:
		return 0;
	case 1:
		return ((uint64_t)any() << 32) | any();
	case 2:
		return P64(edge) - below(600);
	default:
		return P64(room) + below(ROOM - 8192);
	}
}

static uint32_t number(void)
{
	static const uint32_t odd[] = { 0,	    1,	        2,	    16,	       17,
					0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 4095,
					4096,	    0xfffffffd };

	return one_in(3) ? any() : odd[below(sizeof(odd) / sizeof(odd[0]))];
}

static int a_node(void)
{
	return one_in(4) ? (int)number() : (int)below(4) - 1;
}

/* What a call that executes finds: mostly this program, or one that is not there. */
static uint64_t a_path(void)
{
	static const char *const paths[] = { "/tests/bin/fuzz.static", "/bin/true", "/no/such",
					     "", "/dev/bproc", "/", "/proc/self/exe" };

	return one_in(4) ? pointer() : P64(paths[below(7)]);
}

static uint64_t some_strings(void)
{
	static char *args[] = { "fuzz", "end", NULL }, *none[] = { NULL };

	return one_in(4) ? pointer() : one_in(4) ? P64(none) : P64(args);
}

static void an_io(struct bproc_io *io)
{
	memset(io, 0, sizeof(*io));
	io->fd = one_in(4) ? (int)number() : (int)below(12);
	io->type = (uint16_t)(one_in(6) ? any() : below(3));
	io->flags = (uint16_t)(one_in(6) ? any() : below(4));
	if (io->type == BPROC_IO_FILE) {
		strcpy(io->d.file.name, one_in(2) ? "/dev/null" : "/no/such");
		io->d.file.flags = one_in(3) ? any() : O_RDWR;
		io->d.file.mode = any();
		io->d.file.offset = one_in(2) ? 0 : number();
		if (one_in(8))
			memset(io->d.file.name, 'x', sizeof(io->d.file.name));
	} else {
		struct sockaddr_in a = { .sin_family = (sa_family_t)(one_in(3) ? any() : AF_INET),
					 .sin_port = (in_port_t)any() };

		memcpy(io->d.addr, &a, sizeof(a));
	}
}

static void a_move(struct bproc_move *m)
{
	static struct bproc_io io[BPROC_IO_MAX + 2];
	static int32_t nodes[4], pids[4];
	uint32_t i;

	for (i = 0; i < BPROC_IO_MAX + 2; i++)
		an_io(&io[i]);
	for (i = 0; i < 4; i++)
		nodes[i] = a_node();
	m->node = a_node();
	m->flags = one_in(4) ? any() : ALL;
	m->path = a_path();
	m->argv = some_strings();
	m->envp = some_strings();
	m->io = one_in(6) ? pointer() : P64(io);
	m->iolen = one_in(6) ? (int)number() : (int)below(4) - 1;
	m->nodes_len = one_in(6) ? number() : one_in(2) ? 0 : below(5);
	m->nodes = one_in(6) ? pointer() : m->nodes_len ? P64(nodes) : 0;
	m->pids = one_in(6) ? pointer() : m->nodes_len ? P64(pids) : 0;
	m->reserved[0] = one_in(20);
}

/* Calls by their numbers: those of the moment, and those to come. */
static bool places(unsigned long request)
{
	return _IOC_SIZE(request) == sizeof(struct bproc_move);
}

static bool controls(unsigned long request)
{
	switch (request) {
	case BPROC_IOC_STATUS:
	case BPROC_IOC_CHROOT:
	case BPROC_IOC_REBOOT:
	case BPROC_IOC_HALT:
	case BPROC_IOC_PWROFF:
	case BPROC_IOC_RECONNECT:
	case BPROC_IOC_CHOWN:
	case VMAD_IOC_LIB_CLEAR:
		return true;
	}
	return false;
}

static const unsigned long requests[] = {
	BPROC_IOC_VERSION,  BPROC_IOC_DEBUG,	 BPROC_IOC_NOTIFY,   BPROC_IOC_INFO,
	BPROC_IOC_PINFO,    BPROC_IOC_STATUS,	 BPROC_IOC_CHOWN,    BPROC_IOC_CHROOT,
	BPROC_IOC_REBOOT,   BPROC_IOC_HALT,	 BPROC_IOC_PWROFF,   BPROC_IOC_RECONNECT,
	BPROC_IOC_REXEC,    BPROC_IOC_MOVE,	 BPROC_IOC_RFORK,    BPROC_IOC_EXECMOVE,
	VMAD_IOC_DO_DUMP,   VMAD_IOC_DO_UNDUMP,	 VMAD_IOC_EXECDUMP,  VMAD_IOC_LIB_ADD,
	VMAD_IOC_LIB_DEL,   VMAD_IOC_LIB_LIST,	 VMAD_IOC_LIB_SIZE,  VMAD_IOC_LIB_CLEAR,
#ifdef BPROC_IOC_VRFORK
	BPROC_IOC_VRFORK,
#endif
#ifdef BPROC_IOC_VEXECMOVE
	BPROC_IOC_VEXECMOVE,
#endif
#ifdef BPROC_IOC_EXEC
	BPROC_IOC_EXEC,
#endif
};

static unsigned long a_request(bool root)
{
	unsigned long request;

	do {
		request = requests[below(sizeof(requests) / sizeof(requests[0]))];
		if (one_in(16))
			request ^= 1UL << below(30);
	} while (root && controls(request));
	return request;
}

static void *an_argument(unsigned long request, int file)
{
	static union {
		char bytes[512];
		uint32_t words[128];
		struct bproc_move move;
		struct bproc_node_list nodes;
		struct bproc_proc_list procs;
		struct vmad_dump dump;
		struct vmad_undump undump;
		struct vmad_execdump execdump;
		struct vmad_lib lib;
	} arg;
	uint32_t i;

	if (one_in(16))
		return ptr64(pointer());
	for (i = 0; i < 128; i++)
		arg.words[i] = one_in(3) ? 0 : number();
	if (places(request))
		a_move(&arg.move);
	switch (request) {
	case BPROC_IOC_INFO:
		arg.nodes.info = pointer();
		break;
	case BPROC_IOC_PINFO:
		arg.procs.info = pointer();
		arg.procs.reserved = one_in(8);
		break;
	case VMAD_IOC_DO_DUMP:
		arg.dump.fd = one_in(4) ? (int)number() : file;
		arg.dump.flags &= one_in(4) ? ~0U : ALL;
		break;
	case VMAD_IOC_DO_UNDUMP:
		arg.undump.fd = one_in(4) ? (int)number() : file;
		arg.undump.flags = one_in(4);
		lseek(file, one_in(4) ? (off_t)below(100000) : 0, SEEK_SET);
		if (one_in(4)) {
			uint32_t junk = any();

			if (pwrite(file, &junk, 1 + below(4), (off_t)below(20000)) < 0)
				_exit(1);
		}
		break;
	case VMAD_IOC_EXECDUMP:
		arg.execdump.path = a_path();
		arg.execdump.argv = some_strings();
		arg.execdump.envp = some_strings();
		arg.execdump.fd = one_in(4) ? (int)number() : file;
		arg.execdump.flags &= one_in(4) ? ~0U : ALL;
		break;
	case VMAD_IOC_LIB_ADD:
	case VMAD_IOC_LIB_DEL:
		arg.lib.name = a_path();
		arg.lib.length = one_in(2) ? 0 : number();
		arg.lib.reserved = one_in(8);
		break;
	}
	/* In a sixteenth the structure ends outside of memory. */
	if (one_in(16))
		return edge - below(64);
	return &arg;
}

/* Some calls, in a process that is lost if one of them works. */
static void some_calls(bool root, unsigned int n)
{
	int device = open("/dev/bproc", O_RDWR | O_CLOEXEC);
	int file = memfd_create("image", MFD_CLOEXEC);
	struct vmad_dump dump = { .fd = file, .flags = 0 };
	struct rlimit files = { 64, 64 };
	unsigned long request;
	long ret;
	int i;

	alarm(30 * slowness());
	/* An image is no output of ours. */
	i = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(i, 0);
	dup2(i, 1);
	dup2(i, 2);
	setrlimit(RLIMIT_NOFILE, &files);
	if (one_in(2) && !ioctl(device, VMAD_IOC_DO_DUMP, &dump))
		_exit(0);
	while (n--) {
		request = a_request(root);
		ret = ioctl(device, request, an_argument(request, file));
		/* A child that was forked elsewhere, or there. */
		if (ret == 0 && request == BPROC_IOC_RFORK)
			_exit(0);
	}
	_exit(0);
}

/* As init of what the calls leave behind: whoever falls to it is waited for. */
static void rounds(bool root, unsigned int calls)
{
	unsigned int done, n;
	uint64_t seed;
	pid_t pid;

	for (done = 0; done < calls; done += n) {
		n = 1 + below(30);
		seed = (uint64_t)any() << 32 | any();
		pid = fork();
		if (pid == 0) {
			state = seed;
			some_calls(root, n);
		}
		if (pid < 0)
			_exit(1);
		if (end_of(pid) < 0) {
			printf("# seed %llu: does not end\n", (unsigned long long)seed);
			_exit(1);
		}
		while (wait_for(-1, NULL, 0) > 0)
			;
	}
	_exit(0);
}

static void become_user(void)
{
	struct stat st;
	gid_t group;

	if (stat("/dev/bproc", &st))
		_exit(3);
	group = st.st_gid;
	if (setgroups(1, &group) || setgid(1001) || setuid(1001))
		_exit(3);
}

static void on_master(bool root, unsigned int calls)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		if (!root)
			become_user();
		rounds(root, calls);
	}
	status = waitpid(pid, &status, 0) == pid ? status : -1;
	same(root ? "root on the master" : "a user on the master", 0, status);
}

static void on_node(int node, bool root, unsigned int calls)
{
	struct bproc_move m = { .node = node, .flags = ALL, .iolen = BPROC_IO_DEFAULT };
	pid_t pid = (pid_t)bp(BPROC_IOC_RFORK, &m);
	int status;

	if (pid == 0) {
		if (!root && (setgroups(0, NULL) || setgid(1001) || setuid(1001)))
			_exit(3);
		rounds(root, calls);
	}
	status = pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
	same(root ? "root on a node" : "a user on a node", 0, status);
}

int main(int argc, char **argv)
{
	unsigned int calls;
	int i;

	if (argc == 2 && !strcmp(argv[1], "end"))
		return 0;
	if (argc < 3)
		return 2;
	scen_init(0, argv);
	state = strtoull(argv[1], NULL, 10);
	calls = (unsigned int)atoi(argv[2]);
	room = mmap(NULL, ROOM + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED)
		give_up("memory");
	edge = room + ROOM;
	mprotect(edge, 4096, PROT_NONE);
	for (i = 0; i < ROOM; i++)
		room[i] = (char)any();
	on_master(true, calls);
	on_master(false, calls);
	for (i = 3; i < argc; i++) {
		on_node(atoi(argv[i]), true, calls);
		on_node(atoi(argv[i]), false, calls);
	}
	return failures != 0;
}
