// SPDX-License-Identifier: GPL-2.0-only
/* The parts of the process space in this kernel, found by PID namespace. */
#include <linux/file.h>
#include <linux/hashtable.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "arrival.h"
#include "call.h"
#include "control.h"
#include "ghost.h"
#include "iod.h"
#include "later.h"
#include "node.h"
#include "notifier.h"
#include "proc.h"
#include "space.h"
#include "tid.h"
#include "transfer.h"

static DEFINE_HASHTABLE(spaces, 6);
static DEFINE_SPINLOCK(spaces_lock);

/*
 * xa_init() alone would make one class, in the eyes of lockdep, of all the arrays here;
 * but only that of @procs is locked in interrupts, and they may nest.
 */
#define array_init(array, flags)                                                            \
	do {                                                                                  \
		static struct lock_class_key key;                                               \
                                                                                            \
		xa_init_flags(array, flags);                                                    \
		lockdep_set_class_and_name(&(array)->xa_lock, &key, #array);                    \
	} while (0)

static void space_free(struct work_struct *work)
{
	struct bproc_space *s = container_of(work, struct bproc_space, free);

	/* Who was arriving, or leaving, when the daemon ended, came in after all others had gone. */
	bproc_procs_free(s);
	WARN_ON(!xa_empty(&s->ghosts));
	WARN_ON(!xa_empty(&s->transfers));
	if (IS_ENABLED(CONFIG_BPROC_DEBUG)) {
		WARN_ON(!xa_empty(&s->arrivals));
		WARN_ON(!xa_empty(&s->tids));
		WARN_ON(!xa_empty(&s->calls));
		WARN_ON(!xa_empty(&s->controls));
		WARN_ON(atomic_read(&s->hooked));
	}
	xa_destroy(&s->ended);
	xa_destroy(&s->procs);
	if (s->stub)
		fput(s->stub);
	bproc_nodes_free(s->nodes);
	bproc_changes_put(s->changes);
	bproc_msgq_close(&s->msgq);
	put_pid_ns(s->ns);
	kfree_rcu(s, rcu);
}

/**
 * bproc_space_alloc - a space of the caller's PID namespace that nobody finds yet
 *
 * Return: the space with one reference, or NULL.
 */
struct bproc_space *bproc_space_alloc(void)
{
	struct bproc_space *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return NULL;
	kref_init(&s->ref);
	INIT_HLIST_NODE(&s->hash);
	INIT_WORK(&s->free, space_free);
	s->node = BPROC_NODE_NONE;
	s->ns = get_pid_ns(task_active_pid_ns(current));
	spin_lock_init(&s->lock);
	mutex_init(&s->coming_and_going);
	bproc_msgq_init(&s->msgq);
	array_init(&s->ghosts, 0);
	array_init(&s->transfers, 0);
	array_init(&s->arrivals, 0);
	array_init(&s->ended, 0);
	array_init(&s->tids, 0);
	array_init(&s->procs, XA_FLAGS_LOCK_IRQ);
	array_init(&s->calls, 0);
	array_init(&s->controls, 0);
	init_waitqueue_head(&s->idle);
	s->changes = bproc_changes_alloc();
	if (!s->changes) {
		bproc_space_put(s);
		return NULL;
	}
	return s;
}

/**
 * bproc_space_publish - make the space's PID namespace part of the process space
 * @s: from bproc_space_alloc()
 * @node: BPROC_NODE_MASTER, or the number of the node
 *
 * Return: 0, or -EBUSY if the namespace, or this space, is one already.
 */
int bproc_space_publish(struct bproc_space *s, int node)
{
	int err = 0;

	spin_lock(&spaces_lock);
	if (s->node != BPROC_NODE_NONE || bproc_space_of_rcu(s->ns)) {
		err = -EBUSY;
	} else {
		s->node = node;
		hash_add_rcu(spaces, &s->hash, (unsigned long)s->ns);
	}
	spin_unlock(&spaces_lock);
	return err;
}

/**
 * bproc_space_of_rcu - the live space of a PID namespace, without a reference
 * @ns: the PID namespace
 *
 * Caller holds the RCU read lock (or disabled preemption), or spaces_lock.
 * Return: the space or NULL.
 */
struct bproc_space *bproc_space_of_rcu(struct pid_namespace *ns)
{
	struct bproc_space *s;

	hash_for_each_possible_rcu(spaces, s, hash, (unsigned long)ns, true)
		if (s->ns == ns)
			return s;
	return NULL;
}

/**
 * bproc_space_of - the live space of a PID namespace
 * @ns: the PID namespace
 *
 * Return: the space with a reference, or NULL.
 */
struct bproc_space *bproc_space_of(struct pid_namespace *ns)
{
	struct bproc_space *s;

	rcu_read_lock();
	s = bproc_space_of_rcu(ns);
	if (s && !kref_get_unless_zero(&s->ref))
		s = NULL;
	rcu_read_unlock();
	return s;
}

/* The space that the caller lives in, with a reference, or NULL. */
struct bproc_space *bproc_space_current(void)
{
	return bproc_space_of(task_active_pid_ns(current));
}

/**
 * bproc_space_get - take a reference
 * @s: a space that the caller has one of
 */
void bproc_space_get(struct bproc_space *s)
{
	kref_get(&s->ref);
}

/* The last one may be a probe of the kernel's, which must not sleep. */
static void space_release(struct kref *ref)
{
	struct bproc_space *s = container_of(ref, struct bproc_space, ref);

	bproc_do_later(&s->free);
}

/**
 * bproc_space_put - give a reference back
 * @s: the space, or NULL
 */
void bproc_space_put(struct bproc_space *s)
{
	if (s)
		kref_put(&s->ref, space_release);
}

/**
 * bproc_space_shutdown - the daemon is gone
 * @s: the space
 *
 * Ghosts die, whoever waits for an answer gets an error, no new work is taken. The
 * caller's reference stays.
 */
void bproc_space_shutdown(struct bproc_space *s)
{
	spin_lock(&spaces_lock);
	if (!hlist_unhashed(&s->hash))
		hash_del_rcu(&s->hash);
	spin_unlock(&spaces_lock);

	spin_lock(&s->lock);
	s->dead = true;
	spin_unlock(&s->lock);

	bproc_msgq_close(&s->msgq);
	bproc_transfers_abort(s, BPROC_NODE_ANY);
	bproc_arrivals_abort(s, BPROC_NODE_ANY);
	bproc_ghosts_kill(s, BPROC_NODE_ANY);
	bproc_tids_free(s, BPROC_NODE_ANY);
	bproc_iod_shutdown(s);
	bproc_calls_abort(s);
	bproc_changes_end(s->changes);
	bproc_controls_abort(s, BPROC_NODE_ANY);
	bproc_procs_free(s);
}

/* Call @what for each space of this kernel. Any context. */
void bproc_spaces_for_each(void (*what)(struct bproc_space *, struct task_struct *),
			   struct task_struct *task)
{
	struct bproc_space *s;
	int bucket;

	rcu_read_lock();
	hash_for_each_rcu(spaces, bucket, s, hash)
		what(s, task);
	rcu_read_unlock();
}

/**
 * bproc_space_task - the process with a PID of this space
 * @s: the space
 * @nr: the PID
 *
 * Return: the task with a reference, or NULL.
 */
struct task_struct *bproc_space_task(struct bproc_space *s, pid_t nr)
{
	struct task_struct *task;

	if (nr <= 0)
		return NULL;
	rcu_read_lock();
	task = pid_task(find_pid_ns(nr, s->ns), PIDTYPE_PID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

/**
 * bproc_task_is_init - is a process the first one of its PID namespace?
 * @task: of it; the caller holds a reference
 *
 * One that is being released has no number any more, and is none.
 */
bool bproc_task_is_init(struct task_struct *task)
{
	struct pid *pid;
	bool ret;

	rcu_read_lock();
	pid = task_tgid(task);
	ret = pid && is_child_reaper(pid);
	rcu_read_unlock();
	return ret;
}

/* Wait for the RCU callbacks that free spaces. */
void bproc_spaces_exit(void)
{
	rcu_barrier();
}
