// SPDX-License-Identifier: GPL-2.0-only
/* The small program that ghosts run, and through which images are restored. */
#include <linux/fs_struct.h>
#include <linux/moduleparam.h>
#include <linux/path.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>

#include "kcompat.h"
#include "space.h"
#include "stub.h"
#include "vmadump/vmadump.h"

static char *stub = "/usr/lib/bproc/bproc-ghost";
module_param(stub, charp, 0444);
MODULE_PARM_DESC(stub, "path of the program that ghosts run, in the root of the init process");

/* The root directory of the init of the caller's PID namespace. */
static int get_init_root(struct path *root)
{
	struct task_struct *init;
	int err = -ESRCH;

	rcu_read_lock();
	init = task_active_pid_ns(current)->child_reaper;
	if (init)
		get_task_struct(init);
	rcu_read_unlock();
	if (!init)
		return err;
	task_lock(init);
	if (init->fs) {
		get_fs_root(init->fs, root);
		err = 0;
	}
	task_unlock(init);
	put_task_struct(init);
	return err;
}

/**
 * bproc_exec_stub - execute the stub in place of the caller's program
 * @argv: arguments
 * @envp: environment
 *
 * The stub is found from the root of init, so a caller in a chroot has it too; a node has it
 * from bpslave, since it has no files.
 *
 * Return: 0 with the new program in place, or what execve(2) says; after a failure the
 * caller is what it was, unless it was killed.
 */
int bproc_exec_stub(const char *const *argv, const char *const *envp)
{
	struct bproc_space *s = bproc_space_current();
	struct path root;
	int err;

	if (s && s->stub) {
		/* On a node it is an open file: seen from there, it is the root itself. */
		err = vmad_exec_undumpable(&s->stub->f_path, "/", argv, envp);
		bproc_space_put(s);
		return err;
	}
	bproc_space_put(s);
	err = get_init_root(&root);
	if (err)
		return err;
	err = vmad_exec_undumpable(&root, stub, argv, envp);
	path_put(&root);
	return err;
}
