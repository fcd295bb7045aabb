// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages of the caller are stored.
 *
 * Page tables tell which pages of private memory exist, so a hole of any size costs next to
 * nothing and is not filled by looking at it. Contents of files are looked for with
 * SEEK_DATA, for shared memory is mostly holes too. Pages of zeros are left out.
 */
#include <linux/highmem.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pagewalk.h>
#include <linux/sched/signal.h>
#include <linux/file.h>
#include <linux/slab.h>
#include "image.h"

#define RANGES 64

struct found_range {
	unsigned long start;
	unsigned long end;
};

/* Ranges found by a walk, which cannot allocate: when they are full, it stops. */
struct found {
	bool anon_only; /* pages of the file itself do not count */
	bool marked; /* there are markers of places without a page */
	unsigned int n;
	unsigned int room;
	unsigned long next; /* where to go on */
	struct found_range *range;
};

static int found_add(struct found *found, unsigned long start, unsigned long end)
{
	if (found->n && found->range[found->n - 1].end == start) {
		found->range[found->n - 1].end = end;
	} else {
		if (found->n == found->room) {
			found->next = start;
			return 1;
		}
		found->range[found->n].start = start;
		found->range[found->n].end = end;
		found->n++;
	}
	return 0;
}

/* Called with the page table locked. */
static int found_pte(pte_t *ptep, unsigned long addr, unsigned long next,
		     struct mm_walk *walk)
{
	struct found *found = walk->private;
	pte_t pte = READ_ONCE(*ptep);

	if (pte_none(pte))
		return 0;
	if (bproc_pte_marks_hole(pte)) {
		found->marked = true;
		return 0;
	}
	if (found->anon_only && pte_present(pte)) {
		unsigned long pfn = pte_pfn(pte);

		if (pte_special(pte) || !pfn_valid(pfn) || !PageAnon(pfn_to_page(pfn)))
			return 0;
	}
	return found_add(found, addr, next);
}

/* A huge page is taken whole and so not split; pages of zeros in it are found later. */
static int found_pmd(pmd_t *pmdp, unsigned long addr, unsigned long next,
		     struct mm_walk *walk)
{
	struct found *found = walk->private;
	pmd_t pmd = READ_ONCE(*pmdp);

	if (!pmd_trans_huge(pmd))
		return 0;
	walk->action = ACTION_CONTINUE;
	/* Huge pages of files are never changed in place by a private mapping. */
	if (found->anon_only && walk->vma->vm_file)
		return 0;
	return found_add(found, addr, next);
}

static int found_huge(pte_t *ptep, unsigned long hmask, unsigned long addr,
		      unsigned long next, struct mm_walk *walk)
{
	pte_t pte = READ_ONCE(*ptep);

	if (pte_none(pte) || bproc_pte_marks_hole(pte))
		return 0;
	return found_add(walk->private, addr, next);
}

static const struct mm_walk_ops found_ops = {
	.pmd_entry = found_pmd,
	.pte_entry = found_pte,
	.hugetlb_entry = found_huge,
	BPROC_WALK_READ_LOCKED
};

static int store_page(struct vmad_snapshot *snap, struct vmad_area *area, unsigned long addr)
{
	struct vmad_run run = { .start = addr, .pages = 1 };
	int err;

	snap->pages++;
	if (area->runs) {
		struct vmad_run *last = vmad_run(snap, area->first_run + area->runs - 1);

		if (last->start + (last->pages << PAGE_SHIFT) == addr) {
			last->pages++;
			return 0;
		}
	}
	if (vmad_run_count(snap) >= VMAD_LOADS_MAX / 2)
		return -E2BIG;
	err = vmad_buf_add(&snap->runs, &run, sizeof(run));
	if (!err)
		area->runs++;
	return err;
}

static bool page_is_zero(struct page *page)
{
	void *p = kmap_local_page(page);
	bool zero = !memchr_inv(p, 0, PAGE_SIZE);

	kunmap_local(p);
	return zero;
}

/*
 * A page cannot be had: because there is nothing, as behind the end of a file or in a guard
 * region? Whatever is there and cannot be read must not be missing from the image unnoticed.
 */
static int nothing_there(const struct vmad_area *area, unsigned long addr, long err)
{
	struct mm_struct *mm = current->mm;
	struct found_range one;
	struct found found = { .room = 1, .range = &one };

	if (err == -EHWPOISON)
		return -EIO;
	if (err && err != -EFAULT)
		return err;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	err = ks_walk_page_range(mm, addr, addr + PAGE_SIZE, &found_ops, &found);
	mmap_read_unlock(mm);
	if (err < 0)
		return err;
	if (found.n)
		return -EIO;
	if (found.marked || !area->vm_file || area->hugetlb || !vmad_area_has_size(area))
		return 0;
	/* As it is now: it may have become shorter. */
	return vmad_area_offset(area, addr) < vmad_area_file_size(area) ? -EIO : 0;
}

/* Adds the pages of a range that exist and are not zero. */
static int store_range(struct vmad_snapshot *snap, struct vmad_area *area,
		     struct page **pages, unsigned long start, unsigned long end)
{
	/* Over a file's page, a page of zeros is a change. */
	bool keep_zero = area->map.file != VMAD_NO_FILE;
	/* Huge pages are not for holes: there are few, and each is cleared at its first use. */
	unsigned int flags = FOLL_FORCE | FOLL_HWPOISON | (area->hugetlb ? FOLL_DUMP : 0);
	unsigned long addr = start;
	int err = 0;

	while (addr < end && !err) {
		long want = min_t(unsigned long, (end - addr) >> PAGE_SHIFT, VMAD_BATCH);
		long n = vmad_get_pages(addr, want, pages, flags, false);
		long i;

		if (fatal_signal_pending(current))
			err = -EINTR;
		if (n <= 0) {
			if (!err)
				err = nothing_there(area, addr, n);
			addr = round_down(addr, area->page_size) + area->page_size;
			continue;
		}
		for (i = 0; i < n; i++, addr += PAGE_SIZE) {
			if (!err && (keep_zero || !page_is_zero(pages[i])))
				err = store_page(snap, area, addr);
			put_page(pages[i]);
		}
		cond_resched();
	}
	return err;
}

static int store_present(struct vmad_snapshot *snap, struct vmad_area *area,
		       struct page **pages, unsigned long start, unsigned long end,
		       bool anon_only)
{
	struct found found = { .anon_only = anon_only, .room = RANGES };
	struct mm_struct *mm = current->mm;
	int err;

	found.range = kmalloc_array(RANGES, sizeof(*found.range), GFP_KERNEL);
	if (!found.range)
		return -ENOMEM;
	do {
		unsigned int i;

		found.n = 0;
		found.next = end;
		err = mmap_read_lock_killable(mm);
		if (err)
			break;
		err = ks_walk_page_range(mm, start, end, &found_ops, &found);
		mmap_read_unlock(mm);
		if (err < 0)
			break;
		err = 0;
		for (i = 0; i < found.n && !err; i++)
			err = store_range(snap, area, pages, found.range[i].start,
					found.range[i].end);
		start = found.next;
		cond_resched();
	} while (!err && start < end);
	kfree(found.range);
	return err;
}

/*
 * Contents of a file mapping: all pages up to the end of the file, but holes only where
 * the program has changed something there.
 */
static int store_file(struct vmad_snapshot *snap, struct vmad_area *area, struct page **pages)
{
	loff_t first = area->map.offset;
	loff_t last = min_t(u64, round_up(vmad_area_file_size(area), PAGE_SIZE),
			    first + (area->map.end - area->map.start));
	unsigned long base = area->map.start - first;
	loff_t pos = first;
	struct file *seek;
	int err = 0;

	/* A file of our own, for the program's has a position that must stay. */
	seek = dentry_open(&area->vm_file->f_path, O_RDONLY | O_LARGEFILE, current_cred());
	while (pos < last && !err) {
		loff_t data = IS_ERR(seek) ? pos : vfs_llseek(seek, pos, SEEK_DATA);
		loff_t hole;

		if (data == -ENXIO)
			data = last;
		else if (data < 0)
			data = pos;
		data = min(max_t(loff_t, round_down(data, PAGE_SIZE), pos), last);
		if (data > pos) {
			err = store_present(snap, area, pages, base + pos, base + data,
					  !area->shared);
			pos = data;
			continue;
		}
		hole = IS_ERR(seek) ? last : vfs_llseek(seek, pos, SEEK_HOLE);
		if (hole < 0)
			hole = last;
		hole = min_t(loff_t, round_up(hole, PAGE_SIZE), last);
		if (hole <= pos)
			hole = pos + PAGE_SIZE;
		err = store_range(snap, area, pages, base + pos, base + hole);
		pos = hole;
	}
	if (!IS_ERR(seek))
		fput(seek);
	return err;
}

/**
 * vmad_snapshot_runs - find the pages to be stored
 * @snap: snapshot with its mappings
 *
 * Return: 0, -E2BIG if memory is too scattered, -EIO if a page cannot be read, -ENOMEM,
 * -EINTR.
 */
int vmad_snapshot_runs(struct vmad_snapshot *snap)
{
	struct page **pages;
	unsigned int i;
	int err = 0;

	pages = kmalloc_array(VMAD_BATCH, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < snap->n && !err; i++) {
		struct vmad_area *area = &snap->areas[i];
		unsigned long start = area->map.start, end = area->map.end;

		area->first_run = vmad_run_count(snap);
		if (area->wipe)
			continue;
		if (area->map.flags & VMAD_MAP_VDSO)
			err = store_range(snap, area, pages, start, end);
		else if (area->hugetlb)
			/* Its file may have pages that this mapping has not come to yet. */
			err = store_range(snap, area, pages, start, end);
		else if (!area->vm_file || !vmad_area_has_size(area))
			err = store_present(snap, area, pages, start, end, false);
		else if (area->map.file != VMAD_NO_FILE)
			err = store_present(snap, area, pages, start, end, true);
		else
			err = store_file(snap, area, pages);
	}
	kfree(pages);
	return err;
}
