// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vDSO of a restored program.
 *
 * A C library looks up the vDSO's functions once and keeps their addresses. Where the
 * running kernel's vDSO is the one that the program knew, it is mapped where it was. Else
 * the image's copy of the text is mapped there, with each function replaced by a plain
 * system call, for its own code would read another kernel's data; and the running
 * kernel's vDSO is mapped elsewhere, for 32-bit signal frames return through it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/elf.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <asm/vdso.h>
#include "image.h"

#define ENOSYS_CALL (-1)

static const struct call {
	const char *name; /* without "__vdso_" */
	int nr64;
	int nr32;
} calls[] = {
	{ "clock_gettime", 228, 265 },
	{ "gettimeofday", 96, 78 },
	{ "time", 201, 13 },
	{ "getcpu", 309, 318 },
	{ "clock_getres", 229, 266 },
	{ "clock_gettime64", ENOSYS_CALL, 403 },
	{ "clock_getres_time64", ENOSYS_CALL, 406 },
	{ "getrandom", 318, 355 },
};

/* Text that works under any kernel: it uses neither the kernel's data nor its help. */
static bool plain(const char *name)
{
	return !strncmp(name, "__kernel_", 9) || !strncmp(name, "__vdso_futex", 12);
}

static int replace(u8 *at, u64 room, const u8 *stub, size_t len)
{
	if (room < len)
		return -EOPNOTSUPP;
	memcpy(at, stub, len);
	return 0;
}

static int stub64(u8 *at, u64 room, int nr)
{
	u8 enosys[] = { 0x48, 0xc7, 0xc0, 0xda, 0xff, 0xff, 0xff, 0xc3 };
	u8 call[] = { 0xb8, nr, nr >> 8, 0, 0, 0x0f, 0x05, 0xc3 };
	/* With a length of -1 the caller asks for the size of its state: there is none. */
	u8 random[] = { 0x49, 0x83, 0xf8, 0xff, 0x75, 0x08, 0x48, 0xc7, 0xc0, 0xda, 0xff,
			0xff, 0xff, 0xc3, 0xb8, nr, nr >> 8, 0,	0, 0x0f, 0x05, 0xc3 };

	if (nr == ENOSYS_CALL)
		return replace(at, room, enosys, sizeof(enosys));
	if (nr == 318)
		return replace(at, room, random, sizeof(random));
	return replace(at, room, call, sizeof(call));
}

static int stub32(u8 *at, u64 room, int nr)
{
	u8 enosys[] = { 0xb8, 0xda, 0xff, 0xff, 0xff, 0xc3 };
	/* push %ebx; arguments to %ebx, %ecx, %edx; int $0x80; pop %ebx; ret */
	u8 call[] = { 0x53, 0x8b, 0x5c, 0x24, 0x08, 0x8b, 0x4c, 0x24, 0x0c, 0x8b, 0x54, 0x24,
		      0x10, 0xb8, nr, nr >> 8, 0, 0, 0xcd, 0x80, 0x5b, 0xc3 };

	if (nr == ENOSYS_CALL)
		return replace(at, room, enosys, sizeof(enosys));
	return replace(at, room, call, sizeof(call));
}

static int patch_function(u8 *at, u64 room, const char *name, bool is32)
{
	/* int $0x80; ret. What follows it stays, as programs may be about to return there. */
	static const u8 vsyscall[] = { 0xcd, 0x80, 0xc3 };
	int nr = ENOSYS_CALL;
	unsigned int i;

	if (is32 && !strcmp(name, "__kernel_vsyscall"))
		return replace(at, room, vsyscall, sizeof(vsyscall));
	if (plain(name))
		return 0;
	if (!strncmp(name, "__vdso_", 7))
		name += 7;
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(name, calls[i].name))
			nr = is32 ? calls[i].nr32 : calls[i].nr64;
	return is32 ? stub32(at, room, nr) : stub64(at, room, nr);
}

/* Is @len bytes at @pos inside of @size bytes? */
static bool inside(u64 pos, u64 len, u64 size)
{
	return pos <= size && len <= size - pos;
}

/* A string inside of the string table, or NULL. */
static const char *symbol_name(const u8 *text, u64 strings, u64 strings_len, u32 at)
{
	if (at >= strings_len || !memchr(text + strings + at, 0, strings_len - at))
		return NULL;
	return text + strings + at;
}

/*
 * The same walk for both word sizes: dynamic symbols through the section headers. What is
 * read is never what was written: a hostile one has its functions lie over its headers.
 */
#define DEFINE_PATCH(bits)                                                                  \
static int patch##bits(u8 *text, const u8 *from, u64 size)                                \
{                                                                                         \
	const Elf##bits##_Ehdr *eh = (const void *)from;                                      \
	unsigned int i, j, done = 0;                                                          \
									                      \
	if (size < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||                     \
	    eh->e_ident[EI_CLASS] != ELFCLASS##bits ||                                        \
	    eh->e_shentsize != sizeof(Elf##bits##_Shdr) || (eh->e_shoff & 3) ||               \
	    !inside(eh->e_shoff, (u64)eh->e_shnum * sizeof(Elf##bits##_Shdr), size))          \
		return -EINVAL;                                                               \
	for (i = 0; i < eh->e_shnum; i++) {                                                   \
		const Elf##bits##_Shdr *sh = (const void *)(from + eh->e_shoff);              \
		u64 symbols = sh[i].sh_offset, n, strings, strings_len;                       \
									                      \
		if (sh[i].sh_type != SHT_DYNSYM)                                              \
			continue;                                                             \
		if (sh[i].sh_link >= eh->e_shnum || (symbols & 3) ||                          \
		    !inside(symbols, sh[i].sh_size, size))                                    \
			return -EINVAL;                                                       \
		n = sh[i].sh_size;                                                            \
		strings = sh[sh[i].sh_link].sh_offset;                                        \
		strings_len = sh[sh[i].sh_link].sh_size;                                      \
		if (!inside(strings, strings_len, size))                                      \
			return -EINVAL;                                                       \
		for (j = 0; j < (u32)n / sizeof(Elf##bits##_Sym); j++) {                      \
			Elf##bits##_Sym sym = ((const Elf##bits##_Sym *)(from + symbols))[j]; \
			const char *name;                                                     \
			int err;                                                              \
									                      \
			if (ELF_ST_TYPE(sym.st_info) != STT_FUNC || !sym.st_shndx)            \
				continue;                                                     \
			name = symbol_name(from, strings, strings_len, sym.st_name);          \
			if (!name || !inside(sym.st_value, sym.st_size, size))                \
				return -EINVAL;                                               \
			err = patch_function(text + sym.st_value, sym.st_size, name,          \
					     bits == 32);                                     \
			if (err)                                                              \
				return err;                                                   \
			done++;                                                               \
		}                                                                             \
	}                                                                                     \
	return done ? 0 : -EINVAL;                                                            \
}

DEFINE_PATCH(32)
DEFINE_PATCH(64)

static const struct vdso_image *own_vdso(const struct vmad_plan *plan)
{
	return plan->is32 ? ks_vdso_image_32 : ks_vdso_image_64;
}

/**
 * vmad_vdso_prepare - see whether an image's vDSO is the running kernel's
 * @plan: the image; @plan->vdso_text is set if it is not
 *
 * Return: 0; -EINVAL if it is no vDSO; -EOPNOTSUPP if it cannot be used here; -ENOMEM.
 */
int vmad_vdso_prepare(struct vmad_plan *plan)
{
	const struct vdso_image *own = own_vdso(plan);
	const void *text = plan->vdso + 1;
	u32 size;

	if (!plan->vdso)
		return 0;
	size = plan->vdso->size;
	if (size == own->size && !memcmp(text, own->data, size))
		return 0;
	plan->vdso_text = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!plan->vdso_text)
		return -ENOMEM;
	memcpy(plan->vdso_text, text, size);
	return plan->is32 ? patch32(plan->vdso_text, text, size) :
			    patch64(plan->vdso_text, text, size);
}

/**
 * vmad_vdso_map - map the vDSO into the new memory, behind everything else
 * @plan: the image
 *
 * Return: 0 or -errno.
 */
int vmad_vdso_map(const struct vmad_plan *plan)
{
	const struct vmad_vdso *vdso = plan->vdso;
	unsigned long address;
	int err;

	if (!vdso)
		return 0;
	if (!plan->vdso_text) {
		err = ks_map_vdso_once(own_vdso(plan), vdso->data);
		if (!err && (unsigned long)current->mm->context.vdso != vdso->address)
			err = -EADDRINUSE;
		return err;
	}
	address = vm_mmap(NULL, vdso->address, vdso->size, PROT_READ | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	if (IS_ERR_VALUE(address))
		return address;
	if (access_process_vm(current, address, plan->vdso_text, vdso->size,
			      FOLL_WRITE | FOLL_FORCE) != vdso->size)
		return -EFAULT;
	return ks_map_vdso_once(own_vdso(plan), 0);
}
