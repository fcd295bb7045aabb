// SPDX-License-Identifier: GPL-2.0-only
/* What is to be done in a task that no process is, and that may sleep. */
#include <linux/workqueue.h>

#include "later.h"

static struct workqueue_struct *queue;

/**
 * bproc_later_init - at load
 *
 * Return: 0 or -ENOMEM.
 */
int bproc_later_init(void)
{
	queue = alloc_workqueue("bproc", WQ_UNBOUND, 0);
	return queue ? 0 : -ENOMEM;
}

/**
 * bproc_later_exit - at unload: wait until all is done
 *
 * Nobody adds to it any more but what is being done.
 */
void bproc_later_exit(void)
{
	destroy_workqueue(queue);
}

/**
 * bproc_do_later - do it soon, elsewhere
 * @work: it
 *
 * Any context.
 */
void bproc_do_later(struct work_struct *work)
{
	queue_work(queue, work);
}
