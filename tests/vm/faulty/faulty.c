// SPDX-License-Identifier: GPL-2.0-only
/*
 * insmod faulty.ko fault=NAME: does what the kernel "debug" is there to find, so that
 * the rig can be seen to hear of it.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *fault;
module_param(fault, charp, 0);
MODULE_PARM_DESC(fault, "lock, sleep, leak or memory");

static void lock_in_wrong_order(void)
{
	static DEFINE_MUTEX(first);
	static DEFINE_MUTEX(second);

	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

/* More than one: of the last a register or the stack may know for a while. */
static void leak(void)
{
	void *p;
	int i;

	for (i = 0; i < 10; i++) {
		p = kmalloc(333, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(p);
	}
}

static void use_after_free(void)
{
	char *p = kmalloc(40, GFP_KERNEL);

	if (!p)
		return;
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(*p, 1);
}

static int __init faulty_init(void)
{
	if (!fault)
		return -EINVAL;
	if (!strcmp(fault, "lock"))
		lock_in_wrong_order();
	else if (!strcmp(fault, "sleep"))
		sleep_in_atomic();
	else if (!strcmp(fault, "leak"))
		leak();
	else if (!strcmp(fault, "memory"))
		use_after_free();
	else
		return -EINVAL;
	return 0;
}

static void __exit faulty_exit(void)
{
}

module_init(faulty_init);
module_exit(faulty_exit);
MODULE_DESCRIPTION("Faults on demand");
MODULE_LICENSE("GPL");
