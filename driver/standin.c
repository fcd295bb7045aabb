// SPDX-License-Identifier: GPL-2.0-only
/* Ghosts on nodes: they stand for parents, group and session leaders elsewhere. */
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>

#include "family.h"
#include "ghost.h"
#include "ksyms.h"
#include "space.h"
#include "standin.h"

/* A stand-in that nobody needs stays a while: the next process often has the same parent. */
#define IDLE_TIME (30 * HZ)

/**
 * bproc_standin_become - BPROC_IOC_STANDIN
 * @s: the node
 *
 * The caller becomes the stand-in of the process that has its PID elsewhere.
 *
 * Return: a ghost's descriptor, or -errno.
 */
int bproc_standin_become(struct bproc_space *s)
{
	struct bproc_ghost *g;
	struct file *file;
	int fd, err;

	if (is_child_reaper(task_tgid(current)) || !thread_group_empty(current))
		return -EINVAL;
	g = bproc_ghost_alloc(s, BPROC_NODE_MASTER);
	if (!g)
		return -ENOMEM;
	file = bproc_ghost_file(g);
	if (IS_ERR(file)) {
		bproc_ghost_put(g);
		return PTR_ERR(file);
	}
	fd = get_unused_fd_flags(0);
	err = fd < 0 ? fd : bproc_ghost_bind(g);
	if (err) {
		if (fd >= 0)
			put_unused_fd(fd);
		fput(file);
	} else {
		bproc_ghost_go_live(g);
		fd_install(fd, file);
	}
	bproc_ghost_put(g);
	return err ? err : fd;
}

/*
 * Has it a child here, or does its number name a group or a session with members? One that
 * waits for what it is to stand for is its maker's business. tasklist_lock is held.
 */
static bool is_needed(struct bproc_ghost *g)
{
	struct pid *pid = task_pid(g->task);

	/* No number: it is ending already. */
	return !pid || READ_ONCE(g->state) == BPROC_GHOST_PENDING || bproc_ghost_is_local(g) ||
	       (g->watching && !is_child_reaper(task_tgid(bproc_parent_of(g->task)))) ||
	       !list_empty(&g->task->children) || pid_has_task(pid, PIDTYPE_PGID) ||
	       pid_has_task(pid, PIDTYPE_SID) || !list_empty_careful(&g->ops) ||
	       READ_ONCE(g->arrivals);
}

/* Under the lock with which others give it a child, so that they see its end coming. */
static void dismiss_if_idle(struct bproc_ghost *g)
{
	read_lock(ks_tasklist_lock);
	if (is_needed(g))
		g->needed = jiffies;
	else if (time_after(jiffies, g->needed + IDLE_TIME))
		bproc_ghost_end(g, 0);
	read_unlock(ks_tasklist_lock);
}

/**
 * bproc_standins_dismiss - end the stand-ins that are not needed any more
 * @s: the node
 *
 * Called now and then.
 */
void bproc_standins_dismiss(struct bproc_space *s)
{
	struct bproc_ghost *g;
	unsigned long nr = 0;

	while ((g = bproc_ghost_find_from(s, &nr))) {
		dismiss_if_idle(g);
		bproc_ghost_put(g);
		nr++;
		cond_resched();
	}
}
