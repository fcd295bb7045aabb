// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a restored program.
 *
 * Mappings are made with their final protection; pages are read straight into them through
 * pinned pages, as a debugger would write them, so no protection changes afterwards.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "image.h"

/**
 * vmad_get_pages - pages of the caller's memory
 * @start: address of the first
 * @n: how many
 * @pages: receives them
 * @flags: FOLL_*
 * @pin: pinned, to be written to; else referenced, to be read
 *
 * They are reached as a debugger would reach them, "remotely": else the caller's own
 * protection key rights would rule, and those deny even reading of memory that is only to be
 * executed.
 *
 * Return: how many there are up to the first that cannot be had; or why not even one.
 */
long vmad_get_pages(unsigned long start, unsigned long n, struct page **pages,
		    unsigned int flags, bool pin)
{
	struct mm_struct *mm = current->mm;
	int locked = 1;
	long got;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	if (pin)
		got = bproc_pin_user_pages_remote(mm, start, n, flags, pages, &locked);
	else
		got = bproc_get_user_pages_remote(mm, start, n, flags, pages, &locked);
	if (locked)
		mmap_read_unlock(mm);
	return got;
}

static int mark_map(const struct vmad_map *map)
{
	static const struct {
		u32 flag;
		int advice;
	} marks[] = {
		{ VMAD_MAP_DONTFORK, MADV_DONTFORK },
		{ VMAD_MAP_WIPEONFORK, MADV_WIPEONFORK },
		{ VMAD_MAP_DONTDUMP, MADV_DONTDUMP },
		{ VMAD_MAP_HUGEPAGE, MADV_HUGEPAGE },
		{ VMAD_MAP_NOHUGEPAGE, MADV_NOHUGEPAGE },
		{ VMAD_MAP_MERGEABLE, MADV_MERGEABLE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		int err;

		if (!(map->flags & marks[i].flag))
			continue;
		if (marks[i].advice == MADV_WIPEONFORK && map->file != VMAD_NO_FILE)
			continue;
		err = ks_do_madvise(current->mm, map->start, map->end - map->start,
				    marks[i].advice);
		/* A kernel without such pages is as good for the program. */
		if (err && err != -EINVAL)
			return err;
	}
	return 0;
}

static int make_map(const struct vmad_plan *plan, const struct vmad_map *map)
{
	struct file *file = map->file == VMAD_NO_FILE ? NULL : plan->files[map->file];
	unsigned long prot = (map->flags & VMAD_MAP_READ ? PROT_READ : 0) |
			     (map->flags & VMAD_MAP_WRITE ? PROT_WRITE : 0) |
			     (map->flags & VMAD_MAP_EXEC ? PROT_EXEC : 0);
	unsigned long flags = MAP_FIXED | (file ? 0 : MAP_ANONYMOUS);
	unsigned long address;

	if ((map->flags & VMAD_MAP_DROPPABLE) && BPROC_MAP_DROPPABLE)
		flags |= BPROC_MAP_DROPPABLE;
	else
		flags |= MAP_PRIVATE;
	if (map->flags & VMAD_MAP_GROWSDOWN)
		flags |= MAP_GROWSDOWN;
	if (map->flags & VMAD_MAP_NORESERVE)
		flags |= MAP_NORESERVE;
	address = vm_mmap(file, map->start, map->end - map->start, prot, flags,
			  file ? map->offset : 0);
	if (IS_ERR_VALUE(address))
		return address;
	if (address != map->start)
		return -EADDRINUSE;
	return mark_map(map);
}

/* Reads and forgets, what is only for debuggers. */
static int skip(struct vmad_plan *plan, u64 len)
{
	void *page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	int err = page ? 0 : -ENOMEM;

	while (len && !err) {
		err = vmad_stream_read(&plan->in, page, PAGE_SIZE);
		len -= PAGE_SIZE;
	}
	kfree(page);
	return err;
}

struct fill {
	struct vmad_stream *in;
	struct page **pages;
	unsigned int n;
};

/* Reads into the pages gathered so far, and lets them go. */
static int fill_flush(struct fill *fill)
{
	int err = 0;

	if (!fill->n)
		return 0;
	err = vmad_stream_pages(fill->in, fill->pages, fill->n, false);
	unpin_user_pages_dirty_lock(fill->pages, fill->n, true);
	fill->n = 0;
	return err;
}

static int fill_run(struct fill *fill, unsigned long start, unsigned long pages)
{
	int err = 0;

	while (pages && !err) {
		long want = min_t(unsigned long, pages, VMAD_BATCH - fill->n);
		long got = vmad_get_pages(start, want, fill->pages + fill->n,
					  FOLL_WRITE | FOLL_FORCE, true);

		if (got <= 0)
			return got ?: -EFAULT;
		start += (unsigned long)got << PAGE_SHIFT;
		pages -= got;
		fill->n += got;
		if (fill->n == VMAD_BATCH)
			err = fill_flush(fill);
	}
	return err;
}

static int fill_maps(struct vmad_plan *plan)
{
	struct fill fill = { .in = &plan->in };
	struct vmad_load load;
	u32 i, m = 0;
	int err = 0;

	fill.pages = kmalloc_array(VMAD_BATCH, sizeof(*fill.pages), GFP_KERNEL);
	if (!fill.pages)
		return -ENOMEM;
	for (i = 1; i < plan->phnum && !err; i++) {
		vmad_plan_load(plan, i, &load);
		if (!load.filesz)
			continue;
		while (plan->maps[m].end <= load.vaddr)
			m++;
		if (plan->maps[m].flags & VMAD_MAP_VDSO) {
			err = fill_flush(&fill);
			if (!err)
				err = skip(plan, load.filesz);
		} else {
			err = fill_run(&fill, load.vaddr, load.filesz >> PAGE_SHIFT);
		}
	}
	if (!err)
		err = fill_flush(&fill);
	else if (fill.n)
		unpin_user_pages(fill.pages, fill.n);
	kfree(fill.pages);
	return err;
}

static int read_trailer(struct vmad_plan *plan)
{
	struct vmad_trailer trailer;
	int err = vmad_stream_read(&plan->in, &trailer, sizeof(trailer));

	if (err)
		return err;
	if (memcmp(trailer.magic, VMAD_TRAILER_MAGIC, sizeof(trailer.magic)) ||
	    trailer.length != plan->image->length)
		return -EIO;
	return 0;
}

/**
 * vmad_memory_restore - make an image's mappings and read their contents
 * @plan: the image; its stream is read to the end
 *
 * The caller's memory is empty.
 *
 * Return: 0 or -errno; what failed is in the kernel log.
 */
int vmad_memory_restore(struct vmad_plan *plan)
{
	u32 i;
	int err = 0;

	for (i = 0; i < plan->nmaps && !err; i++) {
		const struct vmad_map *map = &plan->maps[i];

		if (map->flags & VMAD_MAP_VDSO)
			continue;
		err = make_map(plan, map);
		if (err)
			pr_err_ratelimited("%s[%d]: cannot map %#llx-%#llx (%d)\n",
					   plan->task->comm, task_pid_nr(current),
					   map->start, map->end, err);
		if (!(i & 255))
			cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	if (err)
		return err;
	err = vmad_vdso_map(plan);
	if (err) {
		pr_err_ratelimited("%s[%d]: cannot map the vDSO (%d)\n", plan->task->comm,
				   task_pid_nr(current), err);
		return err;
	}
	err = fill_maps(plan);
	if (!err)
		err = read_trailer(plan);
	if (err)
		pr_err_ratelimited("%s[%d]: cannot read the contents of its memory (%d)\n",
				   plan->task->comm, task_pid_nr(current), err);
	return err;
}
