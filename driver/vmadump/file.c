// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is this file the one that was mapped?
 *
 * By size, and by the GNU build ID where the file has one in its first page, as programs
 * and libraries do, else by modification time.
 */
#include <linux/elf.h>
#include <linux/file.h>
#include <linux/slab.h>
#include "image.h"

#define NOTE_ALIGN(n) (((u64)(n) + 3) & ~3ULL)

static u32 build_id_in_notes(u8 id[20], const char *page, u64 pos, u64 end)
{
	while (pos + sizeof(struct elf64_note) <= end) {
		const struct elf64_note *note = (const void *)page + pos;
		u64 name = pos + sizeof(*note);
		u64 desc = name + NOTE_ALIGN(note->n_namesz);

		if (desc > end || note->n_descsz > end - desc)
			break;
		if (note->n_type == 3 /* NT_GNU_BUILD_ID */ && note->n_namesz == 4 &&
		    !memcmp(page + name, "GNU", 4)) {
			u32 len = min_t(u32, note->n_descsz, 20);

			memcpy(id, page + desc, len);
			return len;
		}
		pos = desc + NOTE_ALIGN(note->n_descsz);
	}
	return 0;
}

/* @page is the first of the file, padded with zeros. */
static u32 build_id(u8 id[20], const char *page)
{
	const Elf64_Ehdr *eh64 = (const void *)page;
	const Elf32_Ehdr *eh32 = (const void *)page;
	bool is64 = eh64->e_ident[EI_CLASS] == ELFCLASS64;
	u64 phoff = is64 ? eh64->e_phoff : eh32->e_phoff;
	u32 phnum = is64 ? eh64->e_phnum : eh32->e_phnum;
	u32 phsize = is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	u32 i, len;

	if (memcmp(eh64->e_ident, ELFMAG, SELFMAG))
		return 0;
	for (i = 0; i < phnum; i++) {
		const void *ph = page + phoff + (u64)i * phsize;
		u64 offset, size;

		if (phoff > PAGE_SIZE || phoff + (u64)(i + 1) * phsize > PAGE_SIZE)
			break;
		if (((const Elf64_Phdr *)ph)->p_type != PT_NOTE)
			continue;
		offset = is64 ? ((const Elf64_Phdr *)ph)->p_offset :
				((const Elf32_Phdr *)ph)->p_offset;
		size = is64 ? ((const Elf64_Phdr *)ph)->p_filesz :
			      ((const Elf32_Phdr *)ph)->p_filesz;
		if (offset > PAGE_SIZE || size > PAGE_SIZE - offset || (offset & 3))
			continue;
		len = build_id_in_notes(id, page, offset, offset + size);
		if (len)
			return len;
	}
	return 0;
}

/**
 * vmad_file_identify - note what tells a file from others of its name
 * @id: to be filled, but for the length of its name
 * @file: a regular file open for reading
 */
void vmad_file_identify(struct vmad_file *id, struct file *file)
{
	struct kstat stat;
	char *page;

	memset(id->build_id, 0, sizeof(id->build_id));
	id->build_id_len = 0;
	id->size = i_size_read(file_inode(file));
	id->mtime_sec = 0;
	id->mtime_nsec = 0;
	if (!vfs_getattr(&file->f_path, &stat, STATX_MTIME | STATX_SIZE, 0)) {
		id->size = stat.size;
		id->mtime_sec = stat.mtime.tv_sec;
		id->mtime_nsec = stat.mtime.tv_nsec;
	}
	if (!file->f_op->read_iter || file->f_op->read || !(file->f_mode & FMODE_READ))
		return;
	page = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (page) {
		loff_t pos = 0;

		if (kernel_read(file, page, PAGE_SIZE, &pos) > 0)
			id->build_id_len = build_id(id->build_id, page);
		kfree(page);
	}
}

/**
 * vmad_file_matches - is this the file that an image means?
 * @id: what the image says
 * @file: a regular file open for reading
 */
bool vmad_file_matches(const struct vmad_file *id, struct file *file)
{
	struct vmad_file is = {};

	vmad_file_identify(&is, file);
	if (is.size != id->size)
		return false;
	if (id->build_id_len)
		return is.build_id_len == id->build_id_len &&
		       !memcmp(is.build_id, id->build_id, id->build_id_len);
	return is.mtime_sec == id->mtime_sec && is.mtime_nsec == id->mtime_nsec;
}
