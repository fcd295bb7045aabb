/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMADump's parts among themselves.
 */
#ifndef BPROC_VMADUMP_IMAGE_H
#define BPROC_VMADUMP_IMAGE_H

#include <linux/elf.h>
#include <linux/fs.h>
#include <linux/personality.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/vmadump.h>
#include "../kcompat.h"
#include "../ksyms.h"
#include "vmadump.h"

/* Pages that are read or written in one go. */
#define VMAD_BATCH 256

#define VMAD_NSIG 64

/**
 * struct vmad_buf - bytes that grow
 * @data: kvmalloc()ed
 * @len: bytes in use
 * @room: bytes allocated
 */
struct vmad_buf {
	char *data;
	size_t len;
	size_t room;
};

int vmad_buf_reserve(struct vmad_buf *buf, size_t more);
int vmad_buf_add(struct vmad_buf *buf, const void *data, size_t len);
void vmad_buf_free(struct vmad_buf *buf);

/**
 * struct vmad_stream - a file that is read or written from front to back
 * @file: the file
 * @pos: present position, for files that have one
 * @done: bytes moved so far
 */
struct vmad_stream {
	struct file *file;
	loff_t pos;
	u64 done;
};

int vmad_stream_write(struct vmad_stream *stream, const void *data, size_t len);
int vmad_stream_read(struct vmad_stream *stream, void *data, size_t len);
int vmad_stream_pages(struct vmad_stream *stream, struct page **pages, unsigned int n,
		      bool write);

/* Signals wait while an image is written or read; see sigguard.c. */
struct vmad_sigguard {
	sigset_t blocked;
	bool had_sigpipe;
};

void vmad_sigguard_enter(struct vmad_sigguard *guard);
void vmad_sigguard_leave(struct vmad_sigguard *guard);

/**
 * struct vmad_area - a mapping of the caller, while it is dumped
 * @map: what the image says of it; @map.file is set only for one taken from its file
 * @vm_file: its file, or NULL; referenced
 * @name: index of the file's path in struct vmad_areas.names, or VMAD_NO_FILE
 * @shared: writes to it reach its file, or another process
 * @hugetlb: of huge pages by its making, as of hugetlbfs
 * @wipe: no contents are stored
 * @page_size: of the pages that it is made of
 * @first_run: index of its first run
 * @runs: number of its runs
 */
struct vmad_area {
	struct vmad_map map;
	struct file *vm_file;
	u32 name;
	bool shared;
	bool hugetlb;
	bool wipe;
	unsigned long page_size;
	u32 first_run;
	u32 runs;
};

/* Consecutive pages that are stored. */
struct vmad_run {
	unsigned long start;
	unsigned long pages;
};

/**
 * struct vmad_snapshot - the caller's memory, while it is dumped
 * @areas: its mappings, by address
 * @n: number of them
 * @files: struct vmad_file array of files referred to
 * @names: their names, each with its NUL
 * @refs: the files themselves, in order (struct file *, referenced through @areas)
 * @runs: struct vmad_run array, by address
 * @pages: pages in all runs
 * @vdso: start of the kernel's vDSO text, or 0
 * @vdso_size: bytes of it
 * @vvar: lowest data page belonging to it
 */
struct vmad_snapshot {
	struct vmad_area *areas;
	unsigned int n;
	struct vmad_buf files;
	struct vmad_buf names;
	struct vmad_buf refs;
	struct vmad_buf runs;
	u64 pages;
	unsigned long vdso;
	unsigned long vdso_size;
	unsigned long vvar;
};

/* Does the size of a mapping's file say where contents are? Else they are of a driver's making. */
static inline bool vmad_area_has_size(const struct vmad_area *area)
{
	const struct inode *inode = file_inode(area->vm_file);

	return (S_ISREG(inode->i_mode) && !bproc_anon_inode(inode)) || S_ISBLK(inode->i_mode);
}

/* Where in the file of a mapping an address is. */
static inline loff_t vmad_area_offset(const struct vmad_area *area, unsigned long addr)
{
	return area->map.offset + (addr - area->map.start);
}

/* Bytes in the file of a mapping; for a block device its inode by name has none. */
static inline loff_t vmad_area_file_size(const struct vmad_area *area)
{
	return i_size_read(area->vm_file->f_mapping->host);
}

int vmad_snapshot_take(struct vmad_snapshot *snap, const struct vmad_dump_opts *opts);
int vmad_snapshot_runs(struct vmad_snapshot *snap);
void vmad_snapshot_free(struct vmad_snapshot *snap);
int vmad_snapshot_file(struct vmad_snapshot *snap, struct file *file, u32 *index);

static inline struct vmad_run *vmad_run(const struct vmad_snapshot *snap, unsigned int i)
{
	return (struct vmad_run *)snap->runs.data + i;
}

static inline unsigned int vmad_run_count(const struct vmad_snapshot *snap)
{
	return snap->runs.len / sizeof(struct vmad_run);
}

void vmad_file_identify(struct vmad_file *id, struct file *file);
bool vmad_file_matches(const struct vmad_file *id, struct file *file);

/* Notes of an image being written. */
int vmad_note(struct vmad_buf *buf, const char *owner, u32 type, const void *data, size_t len);
int vmad_notes_build(struct vmad_buf *buf, struct vmad_snapshot *snap,
		     const struct vmad_dump_opts *opts, const sigset_t *blocked, bool is32);

/**
 * struct vmad_plan - an image whose head is read and checked
 * @in: where the rest of it comes from
 * @head: everything before the pages
 * @is32: a 32-bit program
 * @is_exec: as vmad_restore_program(): what exec keeps is the caller's
 * @phnum: program headers, the note among them
 * @result: result register of the program
 * @lost: as at vmad_restore()
 * @dumpable: likewise
 * @error: what went wrong when the caller's program was gone already
 * @image: @task, ...: notes, within @head
 * @files: opened files that mappings or @exe refer to; NULL where not needed
 * @regs: general registers as in pt_regs
 * @xstate: vector state in the layout that this kernel loads
 * @elf_format: who dumps core for such a program
 */
struct vmad_plan {
	bool *lost;
	bool *dumpable;
	int error;
	struct vmad_stream in;
	struct vmad_buf head;
	bool is32;
	bool is_exec;
	unsigned int phnum;
	const void *phdrs;
	const struct vmad_image *image;
	const struct vmad_task *task;
	const struct vmad_sigaction *sigactions;
	const struct vmad_cpu *cpu;
	const u32 *cpu_more;
	u32 ncpu_more;
	const struct vmad_vdso *vdso;
	const struct vmad_file *file_ids;
	const char *file_names;
	u32 nfiles;
	struct file **files;
	const struct vmad_map *maps;
	u32 nmaps;
	const void *auxv;
	u32 auxv_len;
	const struct vmad_resume *resume;
	const void *gregs;
	u32 gregs_len;
	const void *fxstate;
	const void *xsave;
	u32 xsave_len;
	const struct user_desc *tls;
	u32 tls_len;
	void *xstate;
	bool vdso_foreign;
	void *vdso_text;
};

int vmad_plan_read(struct vmad_plan *plan, struct file *in, loff_t pos);
int vmad_plan_check(struct vmad_plan *plan);
int vmad_plan_prepare(struct vmad_plan *plan);
struct file *vmad_plan_exe(const struct vmad_plan *plan);
void vmad_plan_free(struct vmad_plan *plan);

/* Where the addresses of an image's program end: by its own personality, not the caller's. */
static inline u64 vmad_plan_limit(const struct vmad_plan *plan)
{
	if (!plan->is32)
		return TASK_SIZE_MAX;
	return plan->task->personality & ADDR_LIMIT_3GB ? 0xc0000000 : 0xffffe000;
}

/* A PT_LOAD of either word size. */
struct vmad_load {
	u64 vaddr;
	u64 offset;
	u64 filesz;
	u64 memsz;
};

void vmad_plan_load(const struct vmad_plan *plan, unsigned int i, struct vmad_load *load);

int vmad_memory_restore(struct vmad_plan *plan);
long vmad_get_pages(unsigned long start, unsigned long n, struct page **pages,
		    unsigned int flags, bool pin);

/* Processor: features and registers. */
#define VMAD_CPU_MORE 1

int vmad_cpu_describe(struct vmad_cpu *cpu);
void vmad_cpu_describe_more(u32 more[VMAD_CPU_MORE]);
int vmad_cpu_check(struct vmad_plan *plan);
int vmad_fpu_prepare(struct vmad_plan *plan);
int vmad_regs_check(const struct vmad_plan *plan);
int vmad_regs_load(const struct vmad_plan *plan);
long vmad_regs_result(const struct vmad_plan *plan);

int vmad_vdso_prepare(struct vmad_plan *plan);
int vmad_vdso_map(const struct vmad_plan *plan);

/* What the kernel keeps about a program. */
int vmad_task_check(const struct vmad_plan *plan);
void vmad_task_describe(struct vmad_task *task, const sigset_t *blocked);
int vmad_task_restore(const struct vmad_plan *plan);
void vmad_task_membarrier(u8 bits);

/* Programs that were in the midst of something. */
int vmad_resume_describe(struct vmad_resume *r, long *result);
int vmad_resume_check(const struct vmad_resume *r);
void vmad_resume_restore(const struct vmad_resume *r, bool is32, long result);

/* The library list. */
bool vmad_libs_has(const char *path);
long vmad_libs_add(const char *path);
long vmad_libs_del(const char *path);

/* An empty program to be replaced. */
int vmad_exec_blank(void);
int vmad_blank_init(void);
void vmad_blank_exit(void);

/* The binary format. */
int vmad_binfmt_init(void);
void vmad_binfmt_exit(void);

/* A task that runs has it, and nobody else replaces it. */
static inline struct sighand_struct *vmad_sighand(void)
{
	return rcu_dereference_protected(current->sighand, true);
}

static inline u64 vmad_sigset_bits(const sigset_t *set)
{
	return set->sig[0];
}

static inline void vmad_sigset_set(sigset_t *set, u64 bits)
{
	set->sig[0] = bits;
	sigdelsetmask(set, sigmask(SIGKILL) | sigmask(SIGSTOP));
}

#endif /* BPROC_VMADUMP_IMAGE_H */
