// SPDX-License-Identifier: GPL-2.0-only
/* Argument and environment arrays of a caller, in kernel memory. */
#include <linux/binfmts.h>
#include <linux/compat.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "strings.h"

/* Bytes of all strings of an array together; execve(2) allows 3/4 of 8 MiB at most. */
#define STRINGS_MAX (6U << 20)
/* Pointers of an array, for the same reason. */
#define POINTERS_MAX (STRINGS_MAX / sizeof(void *))

static int get_pointer(void __user *array, u32 i, const char __user **p)
{
	compat_uptr_t p32;

	if (in_compat_syscall()) {
		if (get_user(p32, (compat_uptr_t __user *)array + i))
			return -EFAULT;
		*p = compat_ptr(p32);
		return 0;
	}
	return get_user(*p, (const char __user * __user *)array + i) ? -EFAULT : 0;
}

/* How many strings, and how many bytes with their NULs? */
static int measure(void __user *array, u32 *count, size_t *bytes)
{
	const char __user *p;
	long len;
	int err;

	for (*count = 0, *bytes = 0;; (*count)++) {
		if (*count >= POINTERS_MAX)
			return -E2BIG;
		err = get_pointer(array, *count, &p);
		if (err || !p)
			return err;
		len = strnlen_user(p, MAX_ARG_STRLEN);
		if (!len)
			return -EFAULT;
		if (len > (long)MAX_ARG_STRLEN)
			return -E2BIG;
		*bytes += len;
		if (*bytes > STRINGS_MAX)
			return -E2BIG;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
}

/**
 * bproc_strings_get - copy a caller's argv or envp
 * @array: array of pointers in the caller's word size, NULL-terminated; may be NULL
 *
 * Return: the strings, to be freed with bproc_strings_put(); NULL for a NULL array;
 * -EFAULT, -E2BIG, -ENOMEM, -EINTR when killed.
 */
struct bproc_strings *bproc_strings_get(void __user *array)
{
	const char __user *p;
	struct bproc_strings *s;
	size_t room, used = 0;
	u32 count, i;
	long len;
	int err;

	if (!array)
		return NULL;
	err = measure(array, &count, &room);
	if (err)
		return ERR_PTR(err);
	s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return ERR_PTR(-ENOMEM);
	err = -ENOMEM;
	s->list = kvcalloc(count + 1, sizeof(*s->list), GFP_KERNEL_ACCOUNT);
	s->text = kvmalloc(room + 1, GFP_KERNEL_ACCOUNT);
	if (!s->list || !s->text)
		goto err;
	for (i = 0; i < count; i++) {
		err = get_pointer(array, i, &p);
		if (err)
			goto err;
		/* It may have changed since it was measured. */
		err = -EFAULT;
		if (used >= room || !p)
			goto err;
		len = strncpy_from_user(s->text + used, p, room - used);
		if (len < 0 || len == (long)(room - used))
			goto err;
		s->list[i] = s->text + used;
		used += len + 1;
	}
	return s;
err:
	bproc_strings_put(s);
	return ERR_PTR(err);
}

/**
 * bproc_strings_put - free what bproc_strings_get() made
 * @s: the strings, or NULL
 */
void bproc_strings_put(struct bproc_strings *s)
{
	if (!s)
		return;
	kvfree(s->list);
	kvfree(s->text);
	kfree(s);
}
