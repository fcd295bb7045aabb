// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing the caller's image.
 */
#include <linux/crc32.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <asm/user_64.h>
#include "image.h"

/*
 * Tile data, for which a program has to ask: exec takes the permission away, and the program
 * would not ask again.
 */
#define XFEATURES_PERMITTED BIT_ULL(18)

/* Is the caller something that an image can be made of? */
static int check_caller(bool *is32)
{
	struct pt_regs *regs = task_pt_regs(current);

	if (!current->mm || (current->flags & PF_KTHREAD))
		return -EINVAL;
	if (get_nr_threads(current) != 1)
		return -EOPNOTSUPP;
	*is32 = !user_64bit_mode(regs);
	if (bproc_task_fpu(current->group_leader)->perm.__state_perm & XFEATURES_PERMITTED)
		return -EOPNOTSUPP;
	/* A program between the word sizes, or of the third one. */
	if (*is32 != !!test_thread_flag(TIF_ADDR32))
		return -EOPNOTSUPP;
	return 0;
}

static int add_phdr(struct vmad_buf *buf, bool is32, u32 type, u32 flags, u64 offset,
		    u64 vaddr, u64 filesz, u64 memsz)
{
	if (is32) {
		Elf32_Phdr ph = {
			.p_type = type,
			.p_offset = offset,
			.p_vaddr = vaddr,
			.p_filesz = filesz,
			.p_memsz = memsz,
			.p_flags = flags,
			.p_align = type == PT_NOTE ? 4 : PAGE_SIZE,
		};

		if (offset + filesz > U32_MAX)
			return -EFBIG;
		return vmad_buf_add(buf, &ph, sizeof(ph));
	} else {
		Elf64_Phdr ph = {
			.p_type = type,
			.p_flags = flags,
			.p_offset = offset,
			.p_vaddr = vaddr,
			.p_filesz = filesz,
			.p_memsz = memsz,
			.p_align = type == PT_NOTE ? 4 : PAGE_SIZE,
		};

		return vmad_buf_add(buf, &ph, sizeof(ph));
	}
}

static u32 count_phdrs(const struct vmad_snapshot *snap)
{
	u32 n = 1;
	unsigned int i;

	for (i = 0; i < snap->n; i++) {
		const struct vmad_area *area = &snap->areas[i];

		n += area->runs;
		if (!area->runs || vmad_run(snap, area->first_run)->start != area->map.start)
			n++;
	}
	return n;
}

/* One program header per run, reaching to the next; and one for a mapping's empty start. */
static int add_loads(struct vmad_buf *buf, const struct vmad_snapshot *snap, u64 offset,
		     bool is32)
{
	unsigned int i, j;
	int err = 0;

	for (i = 0; i < snap->n && !err; i++) {
		const struct vmad_area *area = &snap->areas[i];
		u32 flags = (area->map.flags & VMAD_MAP_READ ? PF_R : 0) |
			    (area->map.flags & VMAD_MAP_WRITE ? PF_W : 0) |
			    (area->map.flags & VMAD_MAP_EXEC ? PF_X : 0);
		u64 first = area->runs ? vmad_run(snap, area->first_run)->start :
					 area->map.end;

		if (first != area->map.start)
			err = add_phdr(buf, is32, PT_LOAD, flags, offset, area->map.start, 0,
				       first - area->map.start);
		for (j = 0; j < area->runs && !err; j++) {
			const struct vmad_run *run = vmad_run(snap, area->first_run + j);
			u64 size = (u64)run->pages << PAGE_SHIFT;
			u64 end = j + 1 < area->runs ? run[1].start : area->map.end;

			err = add_phdr(buf, is32, PT_LOAD, flags, offset, run->start, size,
				       end - run->start);
			offset += size;
		}
	}
	return err;
}

static int add_ehdr(struct vmad_buf *buf, bool is32, u32 phnum)
{
	bool xnum = phnum >= PN_XNUM;
	int err;

	/* Too many to count in the header: the count is in section header 0. */
#define FILL(eh, shdr, class, machine)                                                      \
	do {                                                                                  \
		memcpy((eh).e_ident, ELFMAG, SELFMAG);                                          \
		(eh).e_ident[EI_CLASS] = class;                                                 \
		(eh).e_ident[EI_DATA] = ELFDATA2LSB;                                            \
		(eh).e_ident[EI_VERSION] = EV_CURRENT;                                          \
		(eh).e_type = ET_CORE;                                                          \
		(eh).e_machine = machine;                                                       \
		(eh).e_version = EV_CURRENT;                                                    \
		(eh).e_ehsize = sizeof(eh);                                                     \
		(eh).e_phoff = sizeof(eh) + (xnum ? sizeof(shdr) : 0);                          \
		(eh).e_phnum = xnum ? PN_XNUM : phnum;                                          \
		(eh).e_shoff = xnum ? sizeof(eh) : 0;                                           \
		(eh).e_shnum = xnum;                                                            \
		(eh).e_shentsize = xnum ? sizeof(shdr) : 0;                                     \
		(shdr).sh_size = xnum;                                                          \
		(shdr).sh_info = phnum;                                                         \
		err = vmad_buf_add(buf, &(eh), sizeof(eh));                                     \
		if (!err && xnum)                                                               \
			err = vmad_buf_add(buf, &(shdr), sizeof(shdr));                           \
	} while (0)

	if (is32) {
		Elf32_Ehdr eh = { .e_phentsize = sizeof(Elf32_Phdr) };
		Elf32_Shdr shdr = {};

		FILL(eh, shdr, ELFCLASS32, EM_386);
	} else {
		Elf64_Ehdr eh = { .e_phentsize = sizeof(Elf64_Phdr) };
		Elf64_Shdr shdr = {};

		FILL(eh, shdr, ELFCLASS64, EM_X86_64);
	}
#undef FILL
	return err;
}

/*
 * Everything before the pages. struct vmad_image, the first note, is completed last: it has
 * the length and the checksum of all.
 */
static int build_head(struct vmad_buf *head, struct vmad_snapshot *snap,
		      const struct vmad_dump_opts *opts, const sigset_t *blocked, bool is32,
		      u64 *length)
{
	u32 phnum = count_phdrs(snap);
	struct vmad_buf notes = {};
	struct vmad_image *image;
	u64 notes_at, data;
	int err;

	if (phnum > VMAD_LOADS_MAX)
		return -E2BIG;
	err = vmad_notes_build(&notes, snap, opts, blocked, is32);
	if (!err)
		err = add_ehdr(head, is32, phnum);
	if (err)
		goto out;
	notes_at = head->len + phnum * (is32 ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr));
	data = PAGE_ALIGN(notes_at + notes.len);
	*length = data + (snap->pages << PAGE_SHIFT) + sizeof(struct vmad_trailer);
	err = add_phdr(head, is32, PT_NOTE, 0, notes_at, 0, notes.len, 0);
	if (!err)
		err = add_loads(head, snap, data, is32);
	if (!err && WARN_ON_ONCE(head->len != notes_at))
		err = -EIO;
	if (!err)
		err = vmad_buf_add(head, notes.data, notes.len);
	if (!err)
		err = vmad_buf_add(head, NULL, data - head->len);
	if (err)
		goto out;
	image = (void *)head->data + notes_at + sizeof(struct elf64_note) +
		ALIGN(sizeof(VMAD_NOTE_OWNER), 4);
	image->length = *length;
	image->data = data;
	image->crc = ~crc32_le(~0, head->data, head->len);
out:
	vmad_buf_free(&notes);
	return err;
}

/* Pages of a batch; one that a file has lost meanwhile reads as zeros. */
static long gather(const struct vmad_area *area, struct page **pages, unsigned long start,
		   unsigned int n)
{
	long got = vmad_get_pages(start, n, pages, FOLL_FORCE | FOLL_HWPOISON, false);

	if (got > 0)
		return got;
	if (got && got != -EFAULT)
		return got == -EHWPOISON ? -EIO : got;
	if (!area->vm_file || !vmad_area_has_size(area) ||
	    vmad_area_offset(area, start) < vmad_area_file_size(area))
		return -EIO;
	pages[0] = ZERO_PAGE(0);
	get_page(pages[0]);
	return 1;
}

/* What is gathered goes out, and is let go of. */
static int flush_pages(struct vmad_stream *out, struct page **pages, unsigned int *n)
{
	int err = *n ? vmad_stream_pages(out, pages, *n, true) : 0;

	while (*n)
		put_page(pages[--*n]);
	return err;
}

static int write_pages(struct vmad_stream *out, const struct vmad_snapshot *snap)
{
	unsigned int i, j, n = 0;
	struct page **pages;
	int err = 0;

	pages = kmalloc_array(VMAD_BATCH, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < snap->n && !err; i++) {
		const struct vmad_area *area = &snap->areas[i];

		for (j = 0; j < area->runs && !err; j++) {
			const struct vmad_run *run = vmad_run(snap, area->first_run + j);
			unsigned long start = run->start, left = run->pages;

			while (left && !err) {
				long got = gather(area, &pages[n], start,
						  min_t(unsigned long, left, VMAD_BATCH - n));

				if (got < 0) {
					err = got;
					break;
				}
				start += (unsigned long)got << PAGE_SHIFT;
				left -= got;
				n += got;
				if (n == VMAD_BATCH)
					err = flush_pages(out, pages, &n);
			}
		}
	}
	if (!err)
		err = flush_pages(out, pages, &n);
	while (n)
		put_page(pages[--n]);
	kfree(pages);
	return err;
}

/**
 * vmad_dump - write the caller's image
 * @out: file, pipe or socket to write to, in order and nothing else
 * @opts: how
 *
 * Called from a system call of the process that is dumped. Nothing of the caller changes;
 * nothing is written if it cannot be dumped. Sleeps; all signals but SIGKILL wait.
 *
 * Return: bytes written, or -errno as at VMAD_IOC_DO_DUMP.
 */
ssize_t vmad_dump(struct file *out, const struct vmad_dump_opts *opts)
{
	struct vmad_stream stream = { .file = out };
	struct vmad_snapshot snap = {};
	struct vmad_trailer trailer = {};
	struct vmad_sigguard guard;
	struct vmad_buf head = {};
	bool is32;
	u64 length;
	int err;

	if (opts->flags & ~VMAD_DUMP_ALL)
		return -EINVAL;
	if (!(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!out->f_op->write_iter)
		return -EINVAL;
	err = check_caller(&is32);
	if (err)
		return err;

	vmad_sigguard_enter(&guard);
	err = vmad_snapshot_take(&snap, opts);
	if (!err)
		err = build_head(&head, &snap, opts, opts->blocked ?: &guard.blocked, is32, &length);
	if (err)
		goto out;
	stream.pos = out->f_pos;
	err = vmad_stream_write(&stream, head.data, head.len);
	vmad_buf_free(&head);
	if (!err)
		err = write_pages(&stream, &snap);
	memcpy(trailer.magic, VMAD_TRAILER_MAGIC, sizeof(trailer.magic));
	trailer.length = length;
	if (!err)
		err = vmad_stream_write(&stream, &trailer, sizeof(trailer));
	if (!(out->f_mode & FMODE_STREAM))
		out->f_pos = stream.pos;
out:
	vmad_buf_free(&head);
	vmad_snapshot_free(&snap);
	vmad_sigguard_leave(&guard);
	return err ?: length;
}
