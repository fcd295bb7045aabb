// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers of the master's PID namespace that threads on nodes have. A thread needs no
 * ghost: its number is taken out of circulation, and belongs to no task.
 */
#include <linux/slab.h>

#include "ksyms.h"
#include "space.h"
#include "tid.h"

struct tid {
	struct pid *pid;
	int node;
};

/**
 * bproc_tid_alloc - a number for a thread
 * @s: the master
 * @node: where the thread is
 *
 * Return: the number, or -errno.
 */
int bproc_tid_alloc(struct bproc_space *s, int node)
{
	struct tid *t = kmalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	int nr, err;

	if (!t)
		return -ENOMEM;
	t->node = node;
	t->pid = ks_alloc_pid(s->ns, NULL, 0);
	if (IS_ERR(t->pid)) {
		err = PTR_ERR(t->pid);
		kfree(t);
		return err;
	}
	nr = pid_nr_ns(t->pid, s->ns);
	err = xa_insert(&s->tids, nr, t, GFP_KERNEL_ACCOUNT);
	if (err) {
		ks_free_pid(t->pid);
		kfree(t);
		return err;
	}
	return nr;
}

/**
 * bproc_tid_is_on - does a thread of a node have the number?
 * @s: the master
 * @node: the node
 * @nr: the number
 */
bool bproc_tid_is_on(struct bproc_space *s, int node, pid_t nr)
{
	struct tid *t;
	bool ret;

	xa_lock(&s->tids);
	t = nr > 0 ? xa_load(&s->tids, nr) : NULL;
	ret = t && t->node == node;
	xa_unlock(&s->tids);
	return ret;
}

/**
 * bproc_tid_is_any - does a thread of any node have the number?
 * @s: the master
 * @nr: the number
 */
bool bproc_tid_is_any(struct bproc_space *s, pid_t nr)
{
	return nr > 0 && xa_load(&s->tids, nr);
}

/**
 * bproc_tid_free - the thread is gone
 * @s: the master
 * @node: where it was: only that node can say so
 * @nr: its number
 *
 * Return: was it a number of a thread of that node?
 */
bool bproc_tid_free(struct bproc_space *s, int node, pid_t nr)
{
	struct tid *t;

	if (nr <= 0)
		return false;
	xa_lock(&s->tids);
	t = xa_load(&s->tids, nr);
	if (t && t->node == node)
		__xa_erase(&s->tids, nr);
	else
		t = NULL;
	xa_unlock(&s->tids);
	if (!t)
		return false;
	ks_free_pid(t->pid);
	kfree(t);
	return true;
}

/* All threads of a node, or of all with BPROC_NODE_ANY, are gone. */
void bproc_tids_free(struct bproc_space *s, int node)
{
	unsigned long nr;
	struct tid *t;

	xa_for_each(&s->tids, nr, t)
		if (node == BPROC_NODE_ANY || t->node == node)
			bproc_tid_free(s, t->node, nr);
}
