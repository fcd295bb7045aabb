// SPDX-License-Identifier: GPL-2.0-only
/*
 * The caller's mappings, as they are to be dumped: which are stored, and which refer to a
 * file of the same name.
 */
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pkeys.h>
#include <linux/sched/signal.h>
#include <linux/file.h>
#include <linux/slab.h>
#include "image.h"

/* madvise(2) marks that an image carries. */
static const struct {
	u64 vm;
	u32 map;
} marks[] = {
	{ VM_GROWSDOWN, VMAD_MAP_GROWSDOWN },
	{ VM_NORESERVE, VMAD_MAP_NORESERVE },
	{ VM_DONTCOPY, VMAD_MAP_DONTFORK },
	{ VM_WIPEONFORK, VMAD_MAP_WIPEONFORK },
	{ VM_DONTDUMP, VMAD_MAP_DONTDUMP },
	{ VM_HUGEPAGE, VMAD_MAP_HUGEPAGE },
	{ VM_NOHUGEPAGE, VMAD_MAP_NOHUGEPAGE },
	{ VM_MERGEABLE, VMAD_MAP_MERGEABLE },
	{ BPROC_VM_DROPPABLE, VMAD_MAP_DROPPABLE },
};

static u32 map_flags(u64 vm_flags)
{
	u32 flags = 0;
	unsigned int i;

	if (vm_flags & VM_READ)
		flags |= VMAD_MAP_READ;
	if (vm_flags & VM_WRITE)
		flags |= VMAD_MAP_WRITE;
	if (vm_flags & VM_EXEC)
		flags |= VMAD_MAP_EXEC;
	/* Special and huge page mappings have some of these set by the kernel. */
	if (vm_flags & (VM_HUGETLB | VM_DONTEXPAND))
		return flags;
	for (i = 0; i < ARRAY_SIZE(marks); i++)
		if (vm_flags & marks[i].vm)
			flags |= marks[i].map;
	return flags;
}

/* The kernel's own mappings have a name, as "[vdso]". */
static const char *special_name(struct vm_area_struct *vma)
{
	const char *name = NULL;

	if (vma->vm_ops && vma->vm_ops->name)
		name = vma->vm_ops->name(vma);
	return name && name[0] == '[' ? name : NULL;
}

/*
 * Protection keys that the program allocated would have to be allocated anew, and only the
 * kernel's own one for execute-only memory comes by itself.
 */
static bool has_pkeys(struct mm_struct *mm)
{
#ifdef CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS
	u16 keys = mm->context.pkey_allocation_map & ~1;

	if (mm->context.execute_only_pkey > 0)
		keys &= ~(1U << mm->context.execute_only_pkey);
	return keys;
#else
	return false;
#endif
}

/* What a program has in its memory as a whole and an image cannot carry; mmap_lock is held. */
static bool not_to_be_carried(struct mm_struct *mm)
{
	/* Breakpoints of the kernel's: nobody would be there to take them out of the image. */
	if (bproc_mm_flag(mm, MMF_HAS_UPROBES))
		return true;
	/* The restored program's pointers would be no addresses. */
	if (bproc_masks_addresses(mm))
		return true;
	return has_pkeys(mm);
}

/* Adds one mapping; mmap_lock is held. Returns 1 if it is not part of the image. */
static int add_area(struct vmad_snapshot *snap, struct vm_area_struct *vma,
		    const struct vmad_dump_opts *opts)
{
	struct vmad_area *area = &snap->areas[snap->n];
	const char *special = special_name(vma);
	u64 flags = vma->vm_flags;

	*area = (struct vmad_area){
		.map = {
			.start = vma->vm_start,
			.end = vma->vm_end,
			.flags = map_flags(flags),
			.file = VMAD_NO_FILE,
		},
		.name = VMAD_NO_FILE,
		.shared = flags & VM_SHARED,
		.hugetlb = flags & VM_HUGETLB,
		.page_size = flags & VM_HUGETLB ? vma_kernel_pagesize(vma) : PAGE_SIZE,
		.wipe = (flags & BPROC_VM_DROPPABLE) ||
			((flags & VM_WIPEONFORK) && !opts->moving),
	};
	if (special) {
		unsigned long vdso = (unsigned long)current->mm->context.vdso;

		if (!strncmp(special, "[vvar", 5)) {
			if (!snap->vvar)
				snap->vvar = vma->vm_start;
			return 1;
		}
		if (vma->vm_start != vdso || strcmp(special, "[vdso]"))
			return 1;
		snap->vdso = vma->vm_start;
		snap->vdso_size = vma->vm_end - vma->vm_start;
		area->map.flags |= VMAD_MAP_VDSO;
		return 0;
	}
	/* Memory that not even the kernel is to read. */
	if (vma->vm_file && file_inode(vma->vm_file)->i_sb->s_magic == SECRETMEM_MAGIC)
		return -EOPNOTSUPP;
	if ((flags & (VM_IO | VM_PFNMAP)) || (flags & BPROC_VM_SHADOW_STACK))
		return -EOPNOTSUPP;
	if ((flags & VM_DONTCOPY) && opts->forking)
		return 1;
	/* A private mapping of /dev/zero has a file, and is memory like any other. */
	if (vma->vm_file && !vma_is_anonymous(vma)) {
		area->vm_file = get_file(vma->vm_file);
		area->map.offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	}
	return 0;
}

static void drop_areas(struct vmad_snapshot *snap)
{
	unsigned int i;

	for (i = 0; i < snap->n; i++)
		if (snap->areas[i].vm_file)
			fput(snap->areas[i].vm_file);
	kvfree(snap->areas);
	snap->areas = NULL;
	snap->n = 0;
	snap->vdso = 0;
	snap->vvar = 0;
}

static int list_areas(struct vmad_snapshot *snap, const struct vmad_dump_opts *opts)
{
	struct mm_struct *mm = current->mm;
	unsigned int room = 0;
	int err;

	/* A process that shares this memory may add mappings while we allocate. */
	do {
		struct vm_area_struct *vma;
		VMA_ITERATOR(vmi, mm, 0);

		drop_areas(snap);
		room = max_t(unsigned int, READ_ONCE(mm->map_count), room) + 16;
		if (room > VMAD_MAPS_MAX)
			return -E2BIG;
		snap->areas = kvmalloc_array(room, sizeof(*snap->areas), GFP_KERNEL_ACCOUNT);
		if (!snap->areas)
			return -ENOMEM;
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		err = not_to_be_carried(mm) ? -EOPNOTSUPP : 0;
		for_each_vma(vmi, vma) {
			if (err < 0)
				break;
			if (snap->n == room) {
				err = -EAGAIN;
				break;
			}
			err = add_area(snap, vma, opts);
			if (!err)
				snap->n++;
		}
		mmap_read_unlock(mm);
	} while (err == -EAGAIN);
	return err < 0 ? err : 0;
}

/* Path of a file if it has one that another process may open, else NULL. */
static const char *file_name(struct file *file, char *buf)
{
	const struct path *path = bproc_user_path(file);
	char *name;

	if (!S_ISREG(file_inode(file)->i_mode) || d_unlinked(path->dentry))
		return NULL;
	name = d_path(path, buf, PATH_MAX);
	if (IS_ERR(name) || name[0] != '/')
		return NULL;
	return name;
}

/**
 * vmad_snapshot_file - number a file in the list of files referred to
 * @snap: the snapshot
 * @file: the file; must stay referenced as long as @snap is used
 * @index: receives the number, or VMAD_NO_FILE for a file without a usable name
 *
 * Return: 0, -ENOMEM, or -E2BIG when there are too many.
 */
int vmad_snapshot_file(struct vmad_snapshot *snap, struct file *file, u32 *index)
{
	struct file **refs = (struct file **)snap->refs.data;
	u32 n = snap->refs.len / sizeof(*refs);
	struct vmad_file id = {};
	const char *name;
	char *buf;
	u32 i;
	int err;

	*index = VMAD_NO_FILE;
	/* Latest first: the segments of one library follow each other. */
	for (i = n; i-- > 0;) {
		if (file_inode(refs[i]) == file_inode(file) &&
		    path_equal(bproc_user_path(refs[i]), bproc_user_path(file))) {
			*index = i;
			return 0;
		}
	}
	if (n == VMAD_FILES_MAX)
		return -E2BIG;
	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	name = file_name(file, buf);
	if (!name) {
		kfree(buf);
		return 0;
	}
	id.name_len = strlen(name);
	vmad_file_identify(&id, file);
	err = vmad_buf_add(&snap->names, name, id.name_len + 1);
	kfree(buf);
	if (!err)
		err = vmad_buf_add(&snap->files, &id, sizeof(id));
	if (!err)
		err = vmad_buf_add(&snap->refs, &file, sizeof(file));
	if (!err)
		*index = n;
	return err;
}

/* Name of a file in the list, by its number. */
static const char *listed_name(const struct vmad_snapshot *snap, u32 index)
{
	const struct vmad_file *id = (const struct vmad_file *)snap->files.data;
	const char *name = snap->names.data;

	while (index--)
		name += id++->name_len + 1;
	return name;
}

/* A mapping of an overlay's file has the inode of the file below, and only the path in common. */
static bool same_file(struct file *a, struct file *b)
{
	return file_inode(a) == file_inode(b) ||
	       path_equal(bproc_user_path(a), bproc_user_path(b));
}

/* Decides which mappings are taken from their file where the image is restored. */
static int refer_to_files(struct vmad_snapshot *snap, u32 flags)
{
	struct file *exe = ks_get_task_exe_file(current);
	u32 last = VMAD_NO_FILE;
	bool last_listed = false;
	unsigned int i;
	int err = 0;

	for (i = 0; i < snap->n && !err; i++) {
		struct vmad_area *area = &snap->areas[i];
		u32 bit;

		cond_resched();
		if (fatal_signal_pending(current))
			err = -EINTR;
		if (!area->vm_file || area->hugetlb)
			continue;
		err = vmad_snapshot_file(snap, area->vm_file, &area->name);
		if (err || area->name == VMAD_NO_FILE)
			continue;
		/* Its file has not got what was written to writable shared memory. */
		if (area->shared && (area->vm_file->f_mode & FMODE_WRITE))
			continue;
		if (area->name != last) {
			last = area->name;
			last_listed = vmad_libs_has(listed_name(snap, last));
		}
		if (exe && same_file(exe, area->vm_file))
			bit = VMAD_DUMP_EXEC;
		else if (last_listed)
			bit = VMAD_DUMP_LIBS;
		else
			bit = VMAD_DUMP_OTHER;
		if (flags & bit)
			continue;
		area->map.file = area->name;
		area->map.flags &= ~VMAD_MAP_GROWSDOWN;
	}
	if (exe)
		fput(exe);
	return err;
}

/**
 * vmad_snapshot_take - list the caller's mappings
 * @snap: to be filled; freed with vmad_snapshot_free() whatever is returned
 * @opts: how to dump
 *
 * Return: 0; -EOPNOTSUPP if there is a mapping that an image cannot carry; -EIO if a page
 * cannot be read; -E2BIG, -ENOMEM, -EINTR.
 */
int vmad_snapshot_take(struct vmad_snapshot *snap, const struct vmad_dump_opts *opts)
{
	int err = list_areas(snap, opts);

	if (!err)
		err = refer_to_files(snap, opts->flags);
	if (!err)
		err = vmad_snapshot_runs(snap);
	return err;
}

/**
 * vmad_snapshot_free - let go of what vmad_snapshot_take() holds
 * @snap: the snapshot
 */
void vmad_snapshot_free(struct vmad_snapshot *snap)
{
	drop_areas(snap);
	vmad_buf_free(&snap->files);
	vmad_buf_free(&snap->names);
	vmad_buf_free(&snap->refs);
	vmad_buf_free(&snap->runs);
}
