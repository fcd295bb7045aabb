// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "internal.h"
#include "local.h"

extern char **environ;

#define DEFAULT_FLAGS (BPROC_DUMP_EXEC | BPROC_DUMP_OTHER)

/* The program and I/O of a call, in the kernel's form. */
struct call {
	struct bproc_move arg;
	struct bproc_io io[BPROC_IO_MAX];
};

static void convert(const struct bproc_io_t *from, struct bproc_io *to)
{
	memset(to, 0, sizeof(*to));
	to->fd = from->fd;
	to->type = (uint16_t)from->type;
	to->flags = (uint16_t)from->flags;
	if (from->type == BPROC_IO_FILE) {
		to->d.file.flags = (uint32_t)from->d.file.flags;
		to->d.file.mode = (uint32_t)from->d.file.mode;
		to->d.file.offset = (uint64_t)from->d.file.offset;
		memcpy(to->d.file.name, from->d.file.name, sizeof(to->d.file.name));
	} else {
		memcpy(to->d.addr, &from->d.addr, sizeof(from->d.addr));
	}
}

static int set_call(struct call *c, int node, const struct bproc_io_t *io, int iolen,
		    int flags)
{
	int i;

	memset(&c->arg, 0, sizeof(c->arg));
	if (iolen < BPROC_IO_DEFAULT || iolen > BPROC_IO_MAX) {
		errno = EINVAL;
		return -1;
	}
	for (i = 0; i < iolen; i++)
		convert(&io[i], &c->io[i]);
	c->arg.node = node;
	c->arg.flags = (uint32_t)flags;
	c->arg.io = iolen > 0 ? (uintptr_t)c->io : 0;
	c->arg.iolen = iolen;
	return 0;
}

static void set_program(struct call *c, const char *cmd, char *const argv[],
			char *const envp[])
{
	c->arg.path = (uintptr_t)cmd;
	c->arg.argv = (uintptr_t)argv;
	c->arg.envp = (uintptr_t)envp;
}

static void set_vector(struct call *c, int nnodes, int *nodes, int *pids)
{
	c->arg.nodes_len = (uint32_t)nnodes;
	c->arg.nodes = (uintptr_t)nodes;
	c->arg.pids = (uintptr_t)pids;
}

/* --- one process --- */

int bproc_rexec_io(int node, struct bproc_io_t *io, int iolen, const char *cmd,
		   char *const argv[], char *const envp[])
{
	struct call c;

	if (set_call(&c, node, io, iolen, DEFAULT_FLAGS))
		return -1;
	set_program(&c, cmd, argv, envp);
	return handle_ioctl(BPROC_IOC_REXEC, &c.arg);
}

int bproc_rexec(int node, const char *cmd, char *const argv[], char *const envp[])
{
	return bproc_rexec_io(node, NULL, BPROC_IO_DEFAULT, cmd, argv, envp);
}

/* A node's processes are in a namespace of PIDs, and never in the machine's first one. */
static bool is_on_no_node(void)
{
	/* the kernel's PROC_PID_INIT_INO */
	const ino_t first = 0xeffffffc;
	int err = errno;
	struct stat st;
	bool ret = !stat("/proc/self/ns/pid", &st) && st.st_ino == first;

	errno = err;
	return ret;
}

int _bproc_move_io(int node, struct bproc_io_t *io, int iolen, int flags)
{
	struct call c;
	int ret;

	if (set_call(&c, node, io, iolen, flags))
		return -1;
	ret = handle_ioctl(BPROC_IOC_MOVE, &c.arg);
	/*
	 * Where one is already one need not go; without BProc that is the master. A node
	 * may have no device, too.
	 */
	if (ret < 0 && (errno == BE_SAMENODE || (node == BPROC_NODE_MASTER &&
						 errno == ENOSYS && is_on_no_node())))
		ret = 0;
	return ret;
}

int _bproc_move(int node, int flags)
{
	return _bproc_move_io(node, NULL, BPROC_IO_DEFAULT, flags);
}

int bproc_move_io(int node, struct bproc_io_t *io, int iolen)
{
	return _bproc_move_io(node, io, iolen, DEFAULT_FLAGS);
}

int bproc_move(int node)
{
	return _bproc_move(node, DEFAULT_FLAGS);
}

int _bproc_rfork_io(int node, struct bproc_io_t *io, int iolen, int flags)
{
	struct call c;

	if (set_call(&c, node, io, iolen, flags))
		return -1;
	/* as fork(2): what is buffered would come twice */
	return handle_ioctl(BPROC_IOC_RFORK, &c.arg);
}

int _bproc_rfork(int node, int flags)
{
	return _bproc_rfork_io(node, NULL, BPROC_IO_DEFAULT, flags);
}

int bproc_rfork_io(int node, struct bproc_io_t *io, int iolen)
{
	return _bproc_rfork_io(node, io, iolen, DEFAULT_FLAGS);
}

int bproc_rfork(int node)
{
	return _bproc_rfork(node, DEFAULT_FLAGS);
}

/* A script of the master's; what goes from a node is the node's. */
static bool is_script(const char *path)
{
	int err = errno, fd;
	char start[2];
	bool ret = false;

	if (bproc_currnode() != BPROC_NODE_MASTER)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0) {
		ret = read(fd, start, 2) == 2 && start[0] == '#' && start[1] == '!' &&
		      !faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);
		close(fd);
	}
	errno = err;
	return ret;
}

/*
 * A script's interpreter looks for the script where it runs. EXEC takes care of that; so
 * the caller moves, and executes the script from there.
 */
static int move_and_exec(const struct call *c)
{
	struct bproc_move program = {
		.flags = c->arg.flags,
		.path = c->arg.path,
		.argv = c->arg.argv,
		.envp = c->arg.envp,
		.iolen = BPROC_IO_DEFAULT,
	};
	struct bproc_move move = c->arg;
	const char *path = (const char *)(uintptr_t)c->arg.path;
	char absolute[2 * PATH_MAX];

	if (path[0] != '/') {
		if (!getcwd(absolute, PATH_MAX))
			return -1;
		strcat(absolute, "/");
		strncat(absolute, path, PATH_MAX);
		program.path = (uintptr_t)absolute;
	}
	move.path = 0;
	move.argv = 0;
	move.envp = 0;
	if (handle_ioctl(BPROC_IOC_MOVE, &move))
		return -1;
	handle_ioctl(BPROC_IOC_EXEC, &program);
	/* As EXECMOVE does when it is too late to return. */
	_exit(errno & 0xff);
}

/* Nodes have no libraries, so the program is linked here. */
static int execmove(struct call *c)
{
	if (c->arg.node >= 0 && is_script((const char *)(uintptr_t)c->arg.path))
		return move_and_exec(c);
	c->arg.flags |= BPROC_MOVE_LINKED;
	return handle_ioctl(BPROC_IOC_EXECMOVE, &c->arg);
}

int bproc_execmove_io(int node, struct bproc_io_t *io, int iolen, const char *cmd,
		      char *const argv[], char *const envp[])
{
	struct call c;

	if (set_call(&c, node, io, iolen, DEFAULT_FLAGS))
		return -1;
	set_program(&c, cmd, argv, envp);
	return execmove(&c);
}

int bproc_execmove(int node, const char *cmd, char *const argv[], char *const envp[])
{
	return bproc_execmove_io(node, NULL, BPROC_IO_DEFAULT, cmd, argv, envp);
}

int bproc_execve(const char *cmd, char *const argv[], char *const envp[])
{
	struct call c;

	if (set_call(&c, 0, NULL, 0, DEFAULT_FLAGS))
		return -1;
	set_program(&c, cmd, argv, envp);
	return handle_ioctl(BPROC_IOC_EXEC, &c.arg);
}

/* --- several at once --- */

static bool is_rank(const char *variable)
{
	return !strcmp(variable, "BPROC_RANK=XXXXXXX");
}

/*
 * The kernel's rule for vector calls: see BPROC_IOC_VEXECMOVE. The caller's strings may
 * be constants, so this gives an environment of its own; NULL: no memory.
 */
static char *const *ranked(char *const envp[], int rank)
{
	size_t n = 0, i;
	char **copy;

	while (envp && envp[n] && !is_rank(envp[n]))
		n++;
	if (!envp || !envp[n])
		return envp;
	while (envp[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (i = 0; copy && i < n; i++) {
		copy[i] = envp[i];
		if (is_rank(envp[i]) && asprintf(&copy[i], "BPROC_RANK=%07d", rank) < 0)
			return NULL;
	}
	return copy;
}

int _bproc_vrfork_io(int nnodes, int *nodes, int *pids, struct bproc_io_t *io, int iolen,
		     int flags)
{
	struct call c;
	int ret;

	if (nnodes <= 0) {
		errno = EINVAL;
		return -1;
	}
	if (set_call(&c, 0, io, iolen, flags))
		return -1;
	set_vector(&c, nnodes, nodes, pids);
	ret = handle_ioctl(BPROC_IOC_VRFORK, &c.arg);
	/* The kernel knows the environment that the program began with. */
	if (ret >= 0 && ret < nnodes) {
		char *const *mine = ranked(environ, ret);

		if (mine)
			environ = (char **)mine;
	}
	return ret;
}

int _bproc_vrfork(int nnodes, int *nodes, int *pids, int flags)
{
	return _bproc_vrfork_io(nnodes, nodes, pids, NULL, BPROC_IO_DEFAULT, flags);
}

int bproc_vrfork_io(int nnodes, int *nodes, int *pids, struct bproc_io_t *io, int iolen)
{
	return _bproc_vrfork_io(nnodes, nodes, pids, io, iolen, DEFAULT_FLAGS);
}

int bproc_vrfork(int nnodes, int *nodes, int *pids)
{
	return bproc_vrfork_io(nnodes, nodes, pids, NULL, BPROC_IO_DEFAULT);
}

/* The program and its descriptors, for each entry of a vector call. */
struct vector {
	struct call *call;
	const struct bproc_io_t *io;
	int iolen;
	const char *cmd;
	char *const *argv;
	char *const *envp;
};

/* A local child that becomes the program and goes; its PID or -errno of the exec. */
static int fork_execmove(const struct vector *v, int node, int rank)
{
	int report[2], err = 0, status;
	ssize_t n = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		char *const *envp = ranked(v->envp, rank);

		v->call->arg.envp = (uintptr_t)envp;
		v->call->arg.node = node;
		if (!envp && v->envp)
			errno = ENOMEM;
		else if (!local_is(node))
			execmove(v->call);
		else if (!local_io(v->io, v->iolen, &report[1]))
			execve(v->cmd, v->argv, envp);
		err = errno;
		/* nobody reads when the parent is gone, and nobody cares then */
		(void)!write(report[1], &err, sizeof(err));
		_exit(127);
	}
	err = pid < 0 ? errno : 0;
	close(report[1]);
	while (!err && (n = read(report[0], &err, sizeof(err))) < 0 && errno == EINTR)
		;
	if (n == sizeof(err))
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	close(report[0]);
	return err ? -err : pid;
}

static bool all_local(const int *nodes, int nnodes)
{
	int i;

	for (i = 0; i < nnodes; i++)
		if (!local_is(nodes[i]))
			return false;
	return true;
}

int bproc_vexecmove_io(int nnodes, int *nodes, int *pids, struct bproc_io_t *io,
		       int iolen, const char *cmd, char *const argv[], char *const envp[])
{
	struct vector v = { NULL, io, iolen, cmd, argv, envp };
	struct call c;
	int i;

	if (nnodes <= 0) {
		errno = EINVAL;
		return -1;
	}
	if (set_call(&c, 0, io, iolen, DEFAULT_FLAGS))
		return -1;
	set_program(&c, cmd, argv, envp);
	/* This machine alone needs no driver, and a script goes by itself. */
	if (!all_local(nodes, nnodes) && !is_script(cmd)) {
		set_vector(&c, nnodes, nodes, pids);
		/* Nodes have no libraries, so the program is linked here. */
		c.arg.flags |= BPROC_MOVE_LINKED;
		return handle_ioctl(BPROC_IOC_VEXECMOVE, &c.arg);
	}
	v.call = &c;
	for (i = 0; i < nnodes; i++)
		pids[i] = fork_execmove(&v, nodes[i], i);
	return nnodes;
}

int bproc_vexecmove(int nnodes, int *nodes, int *pids, const char *cmd,
		    char *const argv[], char *const envp[])
{
	return bproc_vexecmove_io(nnodes, nodes, pids, NULL, BPROC_IO_DEFAULT, cmd, argv,
				  envp);
}
