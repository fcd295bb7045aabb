// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library list: files presumed to be wherever an image is restored.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "image.h"

struct lib {
	struct list_head list;
	size_t len; /* of the path, with its NUL */
	char path[];
};

/* Newest first. */
static LIST_HEAD(libs);
static unsigned int count;
static DECLARE_RWSEM(lock);

static struct lib *find(const char *path)
{
	struct lib *lib;

	list_for_each_entry(lib, &libs, list)
		if (!strcmp(lib->path, path))
			return lib;
	return NULL;
}

/**
 * vmad_libs_has - is a file on the list?
 * @path: its absolute path
 */
bool vmad_libs_has(const char *path)
{
	bool has;

	down_read(&lock);
	has = find(path);
	up_read(&lock);
	return has;
}

/**
 * vmad_libs_clear - empty the list
 *
 * Return: 0.
 */
long vmad_libs_clear(void)
{
	struct lib *lib, *next;

	down_write(&lock);
	list_for_each_entry_safe(lib, next, &libs, list) {
		list_del(&lib->list);
		kfree(lib);
	}
	count = 0;
	up_write(&lock);
	return 0;
}

/**
 * vmad_libs_add - add a file
 * @path: its path
 *
 * Return: 0, also if it was there; -ENOMEM; -ENOSPC when the list is full.
 */
long vmad_libs_add(const char *path)
{
	size_t len = strlen(path) + 1;
	struct lib *lib = kmalloc(struct_size(lib, path, len), GFP_KERNEL_ACCOUNT);
	long err = 0;

	if (!lib)
		return -ENOMEM;
	lib->len = len;
	memcpy(lib->path, path, len);
	down_write(&lock);
	if (!find(path)) {
		if (count < VMAD_LIBS_MAX) {
			list_add(&lib->list, &libs);
			lib = NULL;
			count++;
		} else {
			err = -ENOSPC;
		}
	}
	up_write(&lock);
	kfree(lib);
	return err;
}

/**
 * vmad_libs_del - remove a file
 * @path: its path
 *
 * Return: 0 or -ENOENT.
 */
long vmad_libs_del(const char *path)
{
	struct lib *lib;

	down_write(&lock);
	lib = find(path);
	if (lib) {
		list_del(&lib->list);
		count--;
	}
	up_write(&lock);
	kfree(lib);
	return lib ? 0 : -ENOENT;
}

static long size_locked(void)
{
	struct lib *lib;
	long size = 1;

	list_for_each_entry(lib, &libs, list)
		size += lib->len;
	return size;
}

/**
 * vmad_libs_size - bytes that vmad_libs_list() stores
 */
long vmad_libs_size(void)
{
	long size;

	down_read(&lock);
	size = size_locked();
	up_read(&lock);
	return size;
}

/**
 * vmad_libs_list - give the list to user space
 * @to: where to
 * @size: bytes there
 *
 * Return: bytes stored, -ENOSPC if they are too few, -EFAULT, -ENOMEM.
 */
long vmad_libs_list(char __user *to, u64 size)
{
	struct lib *lib;
	char *all, *p;
	long need;

	down_read(&lock);
	need = size_locked();
	all = need <= size ? kvmalloc(need, GFP_KERNEL) : NULL;
	p = all;
	if (all) {
		list_for_each_entry(lib, &libs, list) {
			memcpy(p, lib->path, lib->len);
			p += lib->len;
		}
		*p = 0;
	}
	up_read(&lock);
	if (need > size)
		return -ENOSPC;
	if (!all)
		return -ENOMEM;
	if (copy_to_user(to, all, need))
		need = -EFAULT;
	kvfree(all);
	return need;
}
