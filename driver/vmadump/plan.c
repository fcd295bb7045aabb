// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the head of an image and checking all that it says.
 *
 * Whatever is here may have been made by an enemy. Nothing is believed before it is
 * compared with the bytes that are really there; and everything that can be refused is
 * refused here, while the caller's old program still exists.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crc32.h>
#include <linux/elfcore.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/file.h>
#include <linux/slab.h>
#include "image.h"

/* Bytes read at a time, so that a lie about lengths does not allocate what is not there. */
#define CHUNK (4 << 20)

static u64 align4(u64 n)
{
	return (n + 3) & ~3ULL;
}

/* Makes the head at least @len bytes long. */
static int read_to(struct vmad_plan *plan, u64 len)
{
	while (plan->head.len < len) {
		size_t n = min_t(u64, len - plan->head.len, CHUNK);
		int err = vmad_buf_reserve(&plan->head, n);

		if (!err)
			err = vmad_stream_read(&plan->in, plan->head.data + plan->head.len, n);
		if (err)
			return err;
		plan->head.len += n;
	}
	return 0;
}

/* Reads and checks the ELF header; tells where the program headers are. */
static int read_ehdr(struct vmad_plan *plan, u64 *phoff)
{
	const Elf32_Ehdr *eh32;
	const Elf64_Ehdr *eh64;
	u64 shoff;
	u32 shnum, count;
	int err;

	err = read_to(plan, sizeof(*eh32));
	if (err)
		return err;
	eh32 = (const void *)plan->head.data;
	if (memcmp(eh32->e_ident, ELFMAG, SELFMAG) || eh32->e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh32->e_ident[EI_VERSION] != EV_CURRENT || eh32->e_type != ET_CORE)
		return -EINVAL;
	switch (eh32->e_ident[EI_CLASS]) {
	case ELFCLASS32:
		plan->is32 = true;
		if (eh32->e_machine != EM_386 || eh32->e_ehsize != sizeof(*eh32) ||
		    eh32->e_phentsize != sizeof(Elf32_Phdr))
			return -EINVAL;
		*phoff = eh32->e_phoff;
		shoff = eh32->e_shoff;
		shnum = eh32->e_shnum;
		count = eh32->e_phnum;
		break;
	case ELFCLASS64:
		err = read_to(plan, sizeof(*eh64));
		if (err)
			return err;
		eh64 = (const void *)plan->head.data;
		if (eh64->e_machine != EM_X86_64 || eh64->e_ehsize != sizeof(*eh64) ||
		    eh64->e_phentsize != sizeof(Elf64_Phdr))
			return -EINVAL;
		*phoff = eh64->e_phoff;
		shoff = eh64->e_shoff;
		shnum = eh64->e_shnum;
		count = eh64->e_phnum;
		break;
	default:
		return -EINVAL;
	}
	if (count == PN_XNUM) {
		u64 end = plan->head.len + (plan->is32 ? sizeof(Elf32_Shdr) :
							 sizeof(Elf64_Shdr));
		const void *sh;

		if (shoff != plan->head.len || shnum != 1)
			return -EINVAL;
		err = read_to(plan, end);
		if (err)
			return err;
		sh = plan->head.data + shoff;
		count = plan->is32 ? ((const Elf32_Shdr *)sh)->sh_info :
				     ((const Elf64_Shdr *)sh)->sh_info;
	}
	if (*phoff != plan->head.len || !count || count > VMAD_LOADS_MAX)
		return -EINVAL;
	plan->phnum = count;
	return 0;
}

/**
 * vmad_plan_load - one of an image's program headers
 * @plan: the image
 * @i: its index, below @plan->phnum
 * @load: receives it
 */
void vmad_plan_load(const struct vmad_plan *plan, unsigned int i, struct vmad_load *load)
{
	if (plan->is32) {
		const Elf32_Phdr *ph = (const Elf32_Phdr *)plan->phdrs + i;

		*load = (struct vmad_load){ ph->p_vaddr, ph->p_offset, ph->p_filesz,
					    ph->p_memsz };
	} else {
		const Elf64_Phdr *ph = (const Elf64_Phdr *)plan->phdrs + i;

		*load = (struct vmad_load){ ph->p_vaddr, ph->p_offset, ph->p_filesz,
					    ph->p_memsz };
	}
}

static u32 phdr_type(const struct vmad_plan *plan, unsigned int i)
{
	return plan->is32 ? ((const Elf32_Phdr *)plan->phdrs + i)->p_type :
			    ((const Elf64_Phdr *)plan->phdrs + i)->p_type;
}

static int own_note(struct vmad_plan *plan, u32 type, const void *desc, u32 len)
{
	switch (type) {
	case VMAD_NOTE_IMAGE:
		if (plan->image || len != sizeof(*plan->image))
			return -EINVAL;
		plan->image = desc;
		break;
	case VMAD_NOTE_TASK:
		if (plan->task || len != sizeof(*plan->task))
			return -EINVAL;
		plan->task = desc;
		break;
	case VMAD_NOTE_SIGACTION:
		if (plan->sigactions || len != VMAD_NSIG * sizeof(*plan->sigactions))
			return -EINVAL;
		plan->sigactions = desc;
		break;
	case VMAD_NOTE_CPU:
		if (plan->cpu || len != sizeof(*plan->cpu))
			return -EINVAL;
		plan->cpu = desc;
		break;
	case VMAD_NOTE_CPU_MORE:
		if (plan->cpu_more || len % sizeof(*plan->cpu_more))
			return -EINVAL;
		plan->cpu_more = desc;
		plan->ncpu_more = len / sizeof(*plan->cpu_more);
		break;
	case VMAD_NOTE_VDSO:
		if (plan->vdso || len < sizeof(*plan->vdso))
			return -EINVAL;
		plan->vdso = desc;
		if (plan->vdso->size != len - sizeof(*plan->vdso) ||
		    plan->vdso->size > VMAD_VDSO_MAX || !plan->vdso->size)
			return -EINVAL;
		break;
	case VMAD_NOTE_FILES: {
		const struct vmad_file *file = desc;
		u64 names = 0;
		u32 n = 0;

		if (plan->file_ids)
			return -EINVAL;
		/* The array ends where the names that it tells of begin. */
		while ((u64)n * sizeof(*file) + names < len) {
			if ((u64)(n + 1) * sizeof(*file) > len || n == VMAD_FILES_MAX ||
			    !file[n].name_len || file[n].name_len >= PATH_MAX ||
			    file[n].build_id_len > sizeof(file[n].build_id))
				return -EINVAL;
			names += file[n].name_len + 1;
			n++;
		}
		if ((u64)n * sizeof(*file) + names != len)
			return -EINVAL;
		plan->file_ids = desc;
		plan->nfiles = n;
		plan->file_names = desc + n * sizeof(*file);
		break;
	}
	case VMAD_NOTE_RESUME:
		if (plan->resume || len != sizeof(*plan->resume))
			return -EINVAL;
		plan->resume = desc;
		break;
	case VMAD_NOTE_MAPS:
		if (plan->maps || len % sizeof(*plan->maps) ||
		    len / sizeof(*plan->maps) > VMAD_MAPS_MAX)
			return -EINVAL;
		plan->maps = desc;
		plan->nmaps = len / sizeof(*plan->maps);
		break;
	}
	return 0;
}

static int core_note(struct vmad_plan *plan, u32 type, const void *desc, u32 len)
{
	switch (type) {
	case NT_PRSTATUS: {
		u32 size = plan->is32 ? 144 : sizeof(struct elf_prstatus);
		u32 at = plan->is32 ? 72 : offsetof(struct elf_prstatus, pr_reg);

		if (plan->gregs || len != size)
			return -EINVAL;
		plan->gregs = desc + at;
		break;
	}
	case NT_AUXV:
		if (plan->auxv || len % (plan->is32 ? 8 : 16))
			return -EINVAL;
		plan->auxv = desc;
		plan->auxv_len = len;
		break;
	case NT_PRFPREG:
		/* The i386 form is in NT_PRXFPREG as well, and that is complete. */
		if (plan->is32)
			break;
		fallthrough;
	case NT_PRXFPREG:
		if (plan->fxstate || len != 512)
			return -EINVAL;
		plan->fxstate = desc;
		break;
	case NT_X86_XSTATE:
		if (plan->xsave || len < 576 || len > 65536)
			return -EINVAL;
		plan->xsave = desc;
		plan->xsave_len = len;
		break;
	case NT_386_TLS:
		if (!plan->is32)
			break;
		if (plan->tls)
			return -EINVAL;
		plan->tls = desc;
		plan->tls_len = len;
		break;
	}
	return 0;
}

static int read_notes(struct vmad_plan *plan, u64 pos, u64 end)
{
	bool first = true;
	int err = 0;

	while (pos < end && !err) {
		const struct elf64_note *note = (const void *)plan->head.data + pos;
		const char *owner = plan->head.data + pos + sizeof(*note);
		u64 left = end - pos;
		u64 desc, next;
		bool own, core;

		if (left < sizeof(*note))
			return -EINVAL;
		desc = sizeof(*note) + align4(note->n_namesz);
		next = desc + align4(note->n_descsz);
		if (desc > left || next > left)
			return -EINVAL;
		own = note->n_namesz == sizeof(VMAD_NOTE_OWNER) &&
		      !memcmp(owner, VMAD_NOTE_OWNER, sizeof(VMAD_NOTE_OWNER));
		core = (note->n_namesz == 5 && !memcmp(owner, "CORE", 5)) ||
		       (note->n_namesz == 6 && !memcmp(owner, "LINUX", 6));
		/* A core file, but not one of ours. */
		if (first && (!own || note->n_type != VMAD_NOTE_IMAGE))
			return -ENOEXEC;
		first = false;
		if (own)
			err = own_note(plan, note->n_type, plan->head.data + pos + desc,
				       note->n_descsz);
		else if (core)
			err = core_note(plan, note->n_type, plan->head.data + pos + desc,
					note->n_descsz);
		pos += next;
	}
	return err;
}

/* The checksum covers itself as zero. */
static bool crc_ok(const struct vmad_plan *plan)
{
	size_t at = (const char *)&plan->image->crc - plan->head.data;
	u32 zero = 0, crc;

	crc = crc32_le(~0, plan->head.data, at);
	crc = crc32_le(crc, (const u8 *)&zero, sizeof(zero));
	at += sizeof(zero);
	crc = crc32_le(crc, plan->head.data + at, plan->head.len - at);
	return ~crc == plan->image->crc;
}

/**
 * vmad_plan_read - read an image up to its pages
 * @plan: to be filled; freed with vmad_plan_free() whatever is returned
 * @in: where from
 * @pos: position there
 *
 * Return: 0; -ENOEXEC for an ELF core file that is no image; -EINVAL for anything else that
 * is none, or a damaged one; -EIO at an early end; -ENOMEM; or an error of reading.
 */
int vmad_plan_read(struct vmad_plan *plan, struct file *in, loff_t pos)
{
	struct vmad_load notes;
	u64 phoff, end;
	int err;

	plan->in.file = in;
	plan->in.pos = pos;
	err = read_ehdr(plan, &phoff);
	if (err)
		return err;
	end = phoff + (u64)plan->phnum * (plan->is32 ? sizeof(Elf32_Phdr) :
						       sizeof(Elf64_Phdr));
	err = read_to(plan, end);
	if (err)
		return err;
	plan->phdrs = plan->head.data + phoff;
	if (phdr_type(plan, 0) != PT_NOTE)
		return -ENOEXEC;
	vmad_plan_load(plan, 0, &notes);
	if (notes.offset != end || notes.filesz > VMAD_NOTES_MAX)
		return -ENOEXEC;
	err = read_to(plan, PAGE_ALIGN(end + notes.filesz));
	if (err)
		return err;
	plan->phdrs = plan->head.data + phoff;
	err = read_notes(plan, end, end + notes.filesz);
	if (err)
		return err;
	if (!plan->image || plan->image->format != VMAD_FORMAT ||
	    plan->image->data != plan->head.len || plan->image->page_size != PAGE_SIZE ||
	    plan->image->flags != (plan->is32 ? VMAD_IMAGE_32BIT : 0) || !crc_ok(plan))
		return -EINVAL;
	if (!plan->task || !plan->sigactions || !plan->cpu || !plan->file_ids ||
	    !plan->maps || !plan->auxv || !plan->gregs)
		return -EINVAL;
	return 0;
}

static bool page_aligned(u64 n)
{
	return !(n & ~PAGE_MASK);
}

static int check_maps(const struct vmad_plan *plan)
{
	u64 limit = vmad_plan_limit(plan);
	u64 end = 0;
	u32 i, vdsos = 0;

	for (i = 0; i < plan->nmaps; i++) {
		const struct vmad_map *map = &plan->maps[i];

		if (!page_aligned(map->start) || !page_aligned(map->end) ||
		    map->start < end || map->end <= map->start || map->end > limit ||
		    (map->flags & ~VMAD_MAP_ALL))
			return -EINVAL;
		if (map->start < *ks_mmap_min_addr)
			return -EPERM;
		end = map->end;
		if (map->flags & VMAD_MAP_VDSO) {
			vdsos++;
			if (!plan->vdso || map->start != plan->vdso->address ||
			    map->end - map->start != plan->vdso->size ||
			    map->file != VMAD_NO_FILE)
				return -EINVAL;
		}
		if (map->file == VMAD_NO_FILE)
			continue;
		if (map->file >= plan->nfiles || !page_aligned(map->offset) ||
		    map->offset > S64_MAX - (map->end - map->start) ||
		    (map->flags & (VMAD_MAP_GROWSDOWN | VMAD_MAP_DROPPABLE)))
			return -EINVAL;
	}
	if (vdsos != !!plan->vdso)
		return -EINVAL;
	if (plan->vdso && (!page_aligned(plan->vdso->data) ||
			   plan->vdso->data > plan->vdso->address))
		return -EINVAL;
	return 0;
}

/* Each run lies in one mapping, they rise, and their pages follow each other in the image. */
static int check_loads(const struct vmad_plan *plan)
{
	u64 offset = plan->image->data, end = 0;
	struct vmad_load load;
	u32 i, m = 0;

	for (i = 1; i < plan->phnum; i++) {
		vmad_plan_load(plan, i, &load);
		if (phdr_type(plan, i) != PT_LOAD || load.offset != offset ||
		    !page_aligned(load.vaddr) || !page_aligned(load.filesz) ||
		    !page_aligned(load.memsz) || load.filesz > load.memsz ||
		    load.vaddr < end || load.memsz > U64_MAX - load.vaddr)
			return -EINVAL;
		end = load.vaddr + load.memsz;
		while (m < plan->nmaps && plan->maps[m].end <= load.vaddr)
			m++;
		if (m == plan->nmaps || load.vaddr < plan->maps[m].start ||
		    end > plan->maps[m].end)
			return -EINVAL;
		offset += load.filesz;
	}
	if (plan->image->length != offset + sizeof(struct vmad_trailer))
		return -EINVAL;
	return 0;
}

/* The limits that mmap() would run into when it is too late. */
static int check_room(const struct vmad_plan *plan)
{
	u64 total = 0, data = 0, stored;
	struct sysinfo si;
	u32 i;

	/* A few more for the stack's growth and this kernel's own. */
	if (plan->nmaps + 8 > *ks_sysctl_max_map_count)
		return -ENOMEM;
	for (i = 0; i < plan->nmaps; i++) {
		const struct vmad_map *map = &plan->maps[i];

		total += map->end - map->start;
		if ((map->flags & VMAD_MAP_WRITE) && !(map->flags & VMAD_MAP_GROWSDOWN))
			data += map->end - map->start;
	}
	if (total > rlimit(RLIMIT_AS) || data > rlimit(RLIMIT_DATA))
		return -ENOMEM;
	stored = (plan->image->length - plan->image->data) >> PAGE_SHIFT;
	si_meminfo(&si);
	if (stored > si_mem_available() + get_nr_swap_pages() +
			     (current->mm ? get_mm_rss(current->mm) : 0))
		return -ENOMEM;
	return 0;
}

/* Kernels can be told not to run 32-bit programs; those that cannot always run them. */
static int check_word_size(const struct vmad_plan *plan)
{
	if (!plan->is32 || !ks___ia32_enabled || *ks___ia32_enabled)
		return 0;
	pr_notice_ratelimited("%s[%d]: image of %.16s is of 32 bits, which are disabled here\n",
			      current->comm, task_pid_nr(current), plan->task->comm);
	return -EOPNOTSUPP;
}

/**
 * vmad_plan_check - may the caller become this image?
 * @plan: an image that vmad_plan_read() has read
 *
 * Return: 0 or -errno as at VMAD_IOC_DO_UNDUMP.
 */
int vmad_plan_check(struct vmad_plan *plan)
{
	int err;

	err = check_word_size(plan);
	if (!err)
		err = check_maps(plan);
	if (!err)
		err = check_loads(plan);
	if (!err)
		err = vmad_task_check(plan);
	if (!err)
		err = vmad_regs_check(plan);
	if (!err && plan->resume)
		err = vmad_resume_check(plan->resume);
	if (!err)
		err = vmad_cpu_check(plan);
	if (!err)
		err = vmad_fpu_prepare(plan);
	if (!err)
		err = vmad_vdso_prepare(plan);
	if (!err)
		err = check_room(plan);
	return err;
}

/* Opens a file that the image refers to. */
static struct file *open_reference(const struct vmad_plan *plan, u32 index, const char *name)
{
	struct file *file = filp_open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_LARGEFILE, 0);

	if (IS_ERR(file))
		return file;
	if (!S_ISREG(file_inode(file)->i_mode) ||
	    !vmad_file_matches(&plan->file_ids[index], file)) {
		fput(file);
		return ERR_PTR(-ESTALE);
	}
	return file;
}

static bool no_exec(const struct file *file)
{
	return (file->f_path.mnt->mnt_flags & MNT_NOEXEC) ||
	       (file_inode(file)->i_sb->s_iflags & SB_I_NOEXEC);
}

/**
 * vmad_plan_prepare - open the files that an image refers to, as the caller
 * @plan: an image that vmad_plan_check() has found good
 *
 * Return: 0; -ESTALE if a file is another one; or why it cannot be opened.
 */
int vmad_plan_prepare(struct vmad_plan *plan)
{
	const char *name = plan->file_names;
	u8 *use;
	u32 i;
	int err = 0;

	if (!plan->nfiles)
		return 0;
	plan->files = kvcalloc(plan->nfiles, sizeof(*plan->files), GFP_KERNEL_ACCOUNT);
	use = kvzalloc(plan->nfiles, GFP_KERNEL_ACCOUNT);
	if (!plan->files || !use) {
		kvfree(use);
		return -ENOMEM;
	}
	for (i = 0; i < plan->nmaps; i++)
		if (plan->maps[i].file != VMAD_NO_FILE)
			use[plan->maps[i].file] |= plan->maps[i].flags & VMAD_MAP_EXEC ? 3 : 1;
	for (i = 0; i < plan->nfiles && !err; i++) {
		struct file *file = NULL;

		/* There may be many, on a file system that is slow. */
		cond_resched();
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			break;
		}
		if (strnlen(name, plan->file_ids[i].name_len + 1) !=
		    plan->file_ids[i].name_len || name[0] != '/') {
			err = -EINVAL;
			break;
		}
		if (use[i] || i == plan->task->exe)
			file = open_reference(plan, i, name);
		if (IS_ERR(file)) {
			/* The program's own file is only a name, if it is not mapped. */
			if (use[i]) {
				err = PTR_ERR(file);
				pr_notice_ratelimited("%s[%d]: image of %.16s needs %s (%d)\n",
						      current->comm, task_pid_nr(current),
						      plan->task->comm, name, err);
			}
			file = NULL;
		}
		plan->files[i] = file;
		if (file && (use[i] & 2) && no_exec(file))
			err = -EACCES;
		name += plan->file_ids[i].name_len + 1;
	}
	kvfree(use);
	return err;
}

/**
 * vmad_plan_exe - the file that an image's process executes
 * @plan: an image whose files vmad_plan_prepare() has opened
 *
 * As long as it is executed nobody can write to it: the caller must be allowed to execute it.
 *
 * Return: the file, or NULL.
 */
struct file *vmad_plan_exe(const struct vmad_plan *plan)
{
	struct file *file;

	if (plan->task->exe == VMAD_NO_FILE)
		return NULL;
	file = plan->files[plan->task->exe];
	if (!file || no_exec(file) || file_permission(file, MAY_EXEC))
		return NULL;
	return file;
}

/**
 * vmad_plan_free - the image was restored, or will not be
 * @plan: the plan
 */
void vmad_plan_free(struct vmad_plan *plan)
{
	u32 i;

	if (plan->files)
		for (i = 0; i < plan->nfiles; i++)
			if (plan->files[i])
				fput(plan->files[i]);
	kvfree(plan->files);
	kvfree(plan->xstate);
	kvfree(plan->vdso_text);
	vmad_buf_free(&plan->head);
}
