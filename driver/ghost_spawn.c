// SPDX-License-Identifier: GPL-2.0-only
/* How ghosts come into being: as a new child of the caller, or in place of the caller. */
#include <linux/completion.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/wait.h>
#include <uapi/linux/wait.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cred.h"
#include "family.h"
#include "ghost.h"
#include "kcompat.h"
#include "ksyms.h"
#include "pidhook.h"
#include "proc.h"
#include "signals.h"
#include "space.h"
#include "stub.h"

/**
 * bproc_name_of_current - name and arguments of the caller, as ps(1) shows them
 *
 * Return: them, to be freed with kfree(), or NULL.
 */
struct bproc_name *bproc_name_of_current(void)
{
	struct mm_struct *mm = current->mm;
	unsigned long start, end;
	struct bproc_name *name;
	size_t len = 0;

	spin_lock(&mm->arg_lock);
	start = mm->arg_start;
	end = mm->arg_end;
	spin_unlock(&mm->arg_lock);
	if (end > start)
		len = min_t(size_t, end - start, BPROC_ARGS_MAX);
	name = kzalloc(struct_size(name, args, len), GFP_KERNEL);
	if (!name)
		return NULL;
	get_task_comm(name->comm, current);
	if (len && !copy_from_user(name->args, (void __user *)start, len))
		name->args_len = len;
	return name;
}

static void end_tracing(void)
{
	write_lock_irq(ks_tasklist_lock);
	if (current->ptrace) {
		struct task_struct *tracer = rcu_dereference_protected(current->parent, true);

		ks___ptrace_unlink(current);
		/* He may wait for us, and have nobody else to wait for. */
		__wake_up_sync_key(&tracer->signal->wait_chldexit, TASK_INTERRUPTIBLE, current);
	}
	write_unlock_irq(ks_tasklist_lock);
	/* Of single steps. */
	clear_task_syscall_work(current, SYSCALL_EXIT_TRAP);
	clear_thread_flag(TIF_SINGLESTEP);
}

/*
 * A ghost may get what the process's user has not: root's privileges on a node, on the master
 * what the process can have again. So nobody traces it, whoever traced the process; and
 * already its memory is root's where it is going to be. Who shares the memory may take back
 * that it cannot be traced, so all of it is done while nobody can begin to.
 */
static int seal(struct bproc_space *s)
{
	int err;

	if (mutex_lock_killable(&current->signal->cred_guard_mutex))
		return -EINTR;
	bproc_set_dumpable(BPROC_UNDUMPABLE);
	err = bproc_is_master(s) ? 0 : bproc_cred_regain_root(s);
	end_tracing();
	mutex_unlock(&current->signal->cred_guard_mutex);
	return err;
}

static void unseal(const struct cred *was, int dumpable)
{
	struct cred *copy;

	if (current_cred() != was) {
		copy = bproc_cred_copy(was);
		if (!copy) {
			send_sig(SIGKILL, current, 1);
			return;
		}
		commit_creds(copy);
	}
	bproc_set_dumpable(dumpable);
}

/*
 * Become the stub, with @file as the descriptor it finds in its first register. On
 * failure the caller is what it was, or about to die.
 */
static int exec_ghost(const struct bproc_ghost *g, struct file *file)
{
	static const char *const argv[] = { "bproc-ghost", NULL };
	static const char *const envp[] = { NULL };
	int dumpable = bproc_dumpable();
	int fd = get_unused_fd_flags(0);
	const struct cred *was;
	int err;

	/* Without room nothing is to have changed; but it goes into a table that nobody shares. */
	if (fd < 0)
		return fd;
	put_unused_fd(fd);
	fd = -1;
	was = get_current_cred();
	err = seal(g->space);
	if (!err)
		err = ks_unshare_files();
	if (!err) {
		fd = get_unused_fd_flags(0);
		err = fd < 0 ? fd : 0;
	}
	if (!err) {
		fd_install(fd, get_file(file));
		err = bproc_exec_stub(argv, envp);
	}
	if (err)
		unseal(was, dumpable);
	put_cred(was);
	if (err) {
		if (fd >= 0)
			close_fd(fd);
		return err;
	}
	/* Who began in between, on the master, sees nothing but the stub, and goes. */
	end_tracing();
	current_pt_regs()->di = fd;
	current_pt_regs()->si = BPROC_GHOST_STARTED;
	if (!bproc_is_master(g->space))
		current_pt_regs()->si |= BPROC_GHOST_ON_NODE;
	if (bproc_ghost_is_local(g))
		current_pt_regs()->si |= BPROC_GHOST_KEEPS;
	return 0;
}

/* Return: has it ended, and nobody was told? */
static bool set_exit_signal(struct task_struct *task, int sig)
{
	bool ended;

	write_lock_irq(ks_tasklist_lock);
	task->exit_signal = sig;
	ended = task->exit_state == EXIT_ZOMBIE;
	write_unlock_irq(ks_tasklist_lock);
	return ended;
}

struct spawn {
	struct bproc_ghost *ghost;
	struct file *file;
	struct completion done;
	int err;
};

/* Runs in the new child, which still shares the caller's memory. */
static int spawned(void *data)
{
	struct spawn *spawn = data;
	struct bproc_space *s = spawn->ghost->space;
	bool on_node = !bproc_is_master(s);
	int err = 0;

	/* As a fork has them: without the parent's keyrings. */
	spawn->ghost->cred = get_current_cred();
	if (on_node)
		err = bproc_proc_ghost(s, current);
	if (!err)
		err = exec_ghost(spawn->ghost, spawn->file);
	if (!err) {
		/* exec made it a child that is waited for and signals its end. */
		set_exit_signal(current, 0);
		/* And one whose group its parent cannot change, but this is just a fork. */
		current->flags |= PF_FORKNOEXEC;
		/* Before its first call: SIGKILL would leave a process without a ghost. */
		err = bproc_hold_back_signals();
	}
	if (!err)
		err = bproc_ghost_bind(spawn->ghost);
	if (err && on_node)
		bproc_proc_set_waited(s, current->tgid, false);
	spawn->err = err;
	/* The caller's stack, where @spawn is, may be gone after this. */
	complete(&spawn->done);
	if (err)
		ks_do_group_exit(0);
	return 0;
}

/**
 * bproc_ghost_reap - wait for the end of a child that the caller never saw
 * @pid: the child; it is about to end
 *
 * The child has no exit signal yet, so nobody but the driver waits for it: from the
 * caller's point of view it never existed.
 */
void bproc_ghost_reap(pid_t pid)
{
	while (ks_kernel_wait4(pid, NULL, __WALL, NULL) == -ERESTARTSYS)
		schedule_timeout_uninterruptible(1);
}

static struct bproc_ghost *spawn_ghost(struct bproc_space *s, int node, pid_t nr,
				       pid_t *sibling)
{
	struct bproc_ghost *g = bproc_ghost_alloc(s, node);
	struct bproc_number number = {
		.task = current,
		.nr = nr,
		.flags = sibling ? CLONE_PARENT : 0,
	};
	struct spawn spawn = { .ghost = g };
	int dumpable = bproc_dumpable();
	struct bproc_name *name;
	int pid, err;

	if (!g)
		return ERR_PTR(-ENOMEM);
	spawn.file = bproc_ghost_file(g);
	if (IS_ERR(spawn.file)) {
		err = PTR_ERR(spawn.file);
		goto err_ghost;
	}
	init_completion(&spawn.done);
	bproc_number_want(&number);
	pid = ks_user_mode_thread(spawned, &spawn, sibling ? CLONE_PARENT : 0);
	bproc_number_got(&number);
	if (pid < 0) {
		err = pid;
		goto err_file;
	}
	/* Bounded: the exec of a small program, or its failure. */
	wait_for_completion(&spawn.done);
	/* It was sealed while it had our memory. */
	bproc_set_dumpable(dumpable);
	fput(spawn.file);
	if (spawn.err) {
		if (sibling) {
			*sibling = pid;
		} else {
			bproc_ghost_reap(pid);
			if (!bproc_is_master(s) && !nr)
				bproc_unfork(s, pid);
		}
		err = spawn.err;
		goto err_ghost;
	}
	name = bproc_name_of_current();
	if (name)
		bproc_ghost_set_name(g, name);
	return g;

err_file:
	fput(spawn.file);
err_ghost:
	bproc_ghost_put(g);
	return ERR_PTR(err);
}

/**
 * bproc_ghost_spawn - make a child of the caller that is a ghost
 * @s: the caller's space
 * @node: where the process that it stands for will be
 * @nr: on a node: its PID, or 0 for one that the master gives, which has a ghost then, too
 *
 * The ghost is pending, and not yet a child that the caller can see: then comes
 * bproc_ghost_adopt() or bproc_ghost_unspawn().
 *
 * Return: the ghost, bound to its task, with a reference; or an error.
 */
struct bproc_ghost *bproc_ghost_spawn(struct bproc_space *s, int node, pid_t nr)
{
	return spawn_ghost(s, node, nr, NULL);
}

/**
 * bproc_ghost_spawn_sibling - make a child of the caller's parent that is a ghost
 * @s: the caller's space
 * @node: where the process that it stands for will be
 * @reap: 0, or on failure a child that its parent has to reap, and on a node to unfork
 *
 * Return: as bproc_ghost_spawn().
 */
struct bproc_ghost *bproc_ghost_spawn_sibling(struct bproc_space *s, int node, pid_t *reap)
{
	*reap = 0;
	return spawn_ghost(s, node, 0, reap);
}

/**
 * bproc_ghost_unspawn - what the new ghost was to stand for did not come to be
 * @g: from bproc_ghost_spawn(); the reference goes
 */
void bproc_ghost_unspawn(struct bproc_ghost *g)
{
	if (!bproc_is_master(g->space))
		bproc_proc_set_waited(g->space, g->task->tgid, false);
	bproc_ghost_end(g, 0);
	bproc_ghost_cut(g);
	bproc_ghost_reap(g->nr);
	bproc_ghost_put(g);
}

/**
 * bproc_ghost_unfork - the same, of one whose number the master gave if this is a node
 * @g: from bproc_ghost_spawn(); the reference goes
 */
void bproc_ghost_unfork(struct bproc_ghost *g)
{
	struct bproc_space *s = g->space;
	pid_t nr = g->nr;

	bproc_space_get(s);
	bproc_ghost_unspawn(g);
	if (!bproc_is_master(s))
		bproc_unfork(s, nr);
	bproc_space_put(s);
}

/**
 * bproc_ghost_unspawn_sibling - bproc_ghost_unspawn() by a sibling of the ghost
 * @g: from bproc_ghost_spawn_sibling(); the reference goes
 *
 * Return: its PID, for its parent to reap, and on a node to unfork.
 */
pid_t bproc_ghost_unspawn_sibling(struct bproc_ghost *g)
{
	pid_t pid = g->nr;

	if (!bproc_is_master(g->space))
		bproc_proc_set_waited(g->space, g->task->tgid, false);
	bproc_ghost_end(g, 0);
	bproc_ghost_cut(g);
	bproc_ghost_put(g);
	return pid;
}

static void watch(struct bproc_ghost *g)
{
	g->watching = true;
	bproc_ask_to_watch(g->space, g->nr);
}

/**
 * bproc_ghost_watch - a new ghost on a node is a child for which the caller can wait
 * @g: from bproc_ghost_spawn()
 * @exit_signal: what its end sends
 */
void bproc_ghost_watch(struct bproc_ghost *g, int exit_signal)
{
	watch(g);
	set_exit_signal(g->task, exit_signal);
}

/**
 * bproc_ghost_adopt - the new ghost is a child like any other from now on
 * @g: from bproc_ghost_spawn()
 *
 * Return: its PID in the caller's namespace.
 */
pid_t bproc_ghost_adopt(struct bproc_ghost *g)
{
	/* Its node may have died: then the end has been, and sent no signal. */
	if (set_exit_signal(g->task, SIGCHLD))
		send_sig(SIGCHLD, current, 1);
	/* What will be here needs nobody to tell of its end. */
	if (!bproc_is_master(g->space) && !bproc_ghost_is_local(g))
		watch(g);
	bproc_ghost_go_live(g);
	return g->nr;
}

/**
 * bproc_ghost_hide_caller - the caller is a child that its parent does not see
 *
 * Program executions make it an ordinary one again.
 */
void bproc_ghost_hide_caller(void)
{
	set_exit_signal(current, 0);
}

/**
 * bproc_ghost_again - a ghost whose program was lost to a failed arrival is one again
 * @g: the caller
 * @name: what to show, or NULL
 *
 * Return: 0: the caller returns to user mode as a ghost; -errno: it has to die.
 */
int bproc_ghost_again(struct bproc_ghost *g, struct bproc_name *name)
{
	struct file *file = bproc_ghost_file(g);
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	/* It may have the mask of a program that was restored, and exec ends its handlers. */
	err = bproc_hold_back_signals();
	/* So it may those of a program that gets more by being executed. */
	if (!err && bproc_is_master(g->space))
		err = bproc_cred_wear(g);
	if (!err)
		err = exec_ghost(g, file);
	/* The process may have told a newer one. */
	spin_lock(&g->lock);
	if (!err && !g->name)
		swap(g->name, name);
	spin_unlock(&g->lock);
	kfree(name);
	fput(file);
	return err;
}

/**
 * bproc_ghost_become - the caller turns into the ghost of the process that it was
 * @s: the caller's space
 * @node: where the process is now
 * @io_id: name under which its descriptors are served from here, or 0
 * @name: what to show; taken over on success
 * @ready: called when nothing can fail any more, in the ghost
 * @data: for @ready
 *
 * Return: 0: the caller is a ghost and returns to user mode as one. -errno: the caller is
 * what it was, unless it was killed.
 */
int bproc_ghost_become(struct bproc_space *s, int node, u64 io_id, struct bproc_name *name,
		       void (*ready)(void *data), void *data)
{
	struct bproc_ghost *g = bproc_ghost_alloc(s, node);
	bool on_node = !bproc_is_master(s);
	struct file *file;
	int err;

	if (!g)
		return -ENOMEM;
	g->cred = get_current_cred();
	g->io_id = io_id;
	g->leaving = true;
	file = bproc_ghost_file(g);
	if (IS_ERR(file)) {
		bproc_ghost_put(g);
		return PTR_ERR(file);
	}
	err = bproc_ghost_bind(g);
	if (!err && on_node)
		err = bproc_proc_ghost(s, current);
	if (!err)
		err = exec_ghost(g, file);
	if (err) {
		if (on_node)
			bproc_proc_unghost(s);
		bproc_ghost_leave(g);
	} else {
		bproc_ghost_set_name(g, name);
		if (on_node) {
			g->watching = true;
			bproc_ask_to_watch(s, g->nr);
		}
		/* It is that where it goes, and cannot wait for those whom it would get here. */
		current->signal->is_child_subreaper = 0;
		mutex_lock(&s->coming_and_going);
		/* Live first: the process may fork, or come back, as soon as it runs. */
		bproc_ghost_go_live(g);
		ready(data);
		mutex_unlock(&s->coming_and_going);
	}
	fput(file);
	bproc_ghost_put(g);
	return err;
}
