// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes of an image: those of any core file, so that debuggers know them, and ours.
 */
#include <linux/elfcore.h>
#include <linux/elfcore-compat.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/regset.h>
#include <linux/sched/cputime.h>
#include <linux/slab.h>
#include <linux/time.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>
#include "image.h"

/* The i386 layouts, which no header has in a form that a 64-bit kernel can use. */
struct prstatus32 {
	s32 signo, code, error;
	s16 cursig;
	s16 pad;
	u32 sigpend, sighold;
	s32 pid, ppid, pgrp, sid;
	struct {
		s32 sec, usec;
	} utime, stime, cutime, cstime;
	u32 reg[17];
	s32 fpvalid;
};

/**
 * vmad_note - append a note
 * @buf: notes so far
 * @owner: its owner
 * @type: its type
 * @data: contents
 * @len: bytes of that
 *
 * Return: 0 or -ENOMEM.
 */
int vmad_note(struct vmad_buf *buf, const char *owner, u32 type, const void *data, size_t len)
{
	struct elf64_note note = {
		.n_namesz = strlen(owner) + 1,
		.n_descsz = len,
		.n_type = type,
	};
	int err;

	err = vmad_buf_add(buf, &note, sizeof(note));
	if (!err)
		err = vmad_buf_add(buf, owner, note.n_namesz);
	if (!err)
		err = vmad_buf_add(buf, NULL, -note.n_namesz & 3);
	if (!err)
		err = vmad_buf_add(buf, data, len);
	if (!err)
		err = vmad_buf_add(buf, NULL, -len & 3);
	return err;
}

static pid_t parent_pid(void)
{
	pid_t pid;

	rcu_read_lock();
	pid = task_tgid_vnr(rcu_dereference(current->real_parent));
	rcu_read_unlock();
	return pid;
}

/**
 * struct interrupted - where a program is that did not ask to be dumped
 * @resume: for its note
 * @result: result register
 */
struct interrupted {
	struct vmad_resume resume;
	long result;
};

/* Else not in a system call, so that no signal restarts it. */
#define CALL_OF(now) ((now) ? (now)->resume.call : -1)

static int note_prstatus64(struct vmad_buf *buf, const struct vmad_dump_opts *opts,
			   const struct interrupted *now, const sigset_t *blocked,
			   const struct user_regset *general)
{
	struct elf_prstatus *st;
	struct user_regs_struct *regs;
	int err;

	BUILD_BUG_ON(sizeof(*regs) != sizeof(st->pr_reg));
	st = kzalloc(sizeof(*st), GFP_KERNEL);
	if (!st)
		return -ENOMEM;
	st->common.pr_sigpend = current->pending.signal.sig[0];
	st->common.pr_sighold = blocked->sig[0];
	st->common.pr_pid = task_pid_vnr(current);
	st->common.pr_ppid = parent_pid();
	st->common.pr_pgrp = task_pgrp_vnr(current);
	st->common.pr_sid = task_session_vnr(current);
	st->common.pr_utime.tv_sec = div_u64(current->utime, NSEC_PER_SEC);
	st->common.pr_stime.tv_sec = div_u64(current->stime, NSEC_PER_SEC);
	st->pr_fpvalid = 1;
	regs = (struct user_regs_struct *)&st->pr_reg;
	err = regset_get(current, general, sizeof(*regs), regs);
	if (err >= 0) {
		regs->orig_ax = (long)CALL_OF(now);
		if (!opts->at_start)
			regs->ax = now ? now->result : opts->result;
		err = vmad_note(buf, "CORE", NT_PRSTATUS, st, sizeof(*st));
	}
	kfree(st);
	return err;
}

static int note_prstatus32(struct vmad_buf *buf, const struct vmad_dump_opts *opts,
			   const struct interrupted *now, const sigset_t *blocked,
			   const struct user_regset *general)
{
	struct prstatus32 *st;
	int err;

	BUILD_BUG_ON(sizeof(*st) != 144);
	st = kzalloc(sizeof(*st), GFP_KERNEL);
	if (!st)
		return -ENOMEM;
	st->sigpend = current->pending.signal.sig[0];
	st->sighold = blocked->sig[0];
	st->pid = task_pid_vnr(current);
	st->ppid = parent_pid();
	st->pgrp = task_pgrp_vnr(current);
	st->sid = task_session_vnr(current);
	st->fpvalid = 1;
	err = regset_get(current, general, sizeof(st->reg), st->reg);
	if (err >= 0) {
		struct user_regs_struct32 *regs = (struct user_regs_struct32 *)st->reg;

		regs->orig_eax = CALL_OF(now);
		if (!opts->at_start)
			regs->eax = now ? now->result : opts->result;
		err = vmad_note(buf, "CORE", NT_PRSTATUS, st, sizeof(*st));
	}
	kfree(st);
	return err;
}

/* Registers: the general ones in NT_PRSTATUS, any other set that is in use as it is. */
static int note_registers(struct vmad_buf *buf, const struct vmad_dump_opts *opts,
			  const struct interrupted *now, const sigset_t *blocked, bool is32)
{
	const struct user_regset_view *view = task_user_regset_view(current);
	unsigned int i;
	int err;

	err = is32 ? note_prstatus32(buf, opts, now, blocked, &view->regsets[0]) :
		     note_prstatus64(buf, opts, now, blocked, &view->regsets[0]);
	for (i = 1; i < view->n && !err; i++) {
		const struct user_regset *set = &view->regsets[i];
		void *data = NULL;
		int len;

		if (!set->core_note_type ||
		    (set->active && set->active(current, set) <= 0))
			continue;
		len = regset_get_alloc(current, set, set->n * set->size, &data);
		if (len == -ENOMEM)
			err = len;
		else if (len > 0)
			err = vmad_note(buf,
					set->core_note_type == NT_PRFPREG ? "CORE" : "LINUX",
					set->core_note_type, data, len);
		kvfree(data);
	}
	return err;
}

/* Arguments as ps shows them; none if the memory is not there. */
static void read_psargs(char *to, size_t size)
{
	struct mm_struct *mm = current->mm;
	size_t len = min_t(size_t, mm->arg_end - mm->arg_start, size - 1);
	size_t i;

	if (copy_from_user(to, (const char __user *)mm->arg_start, len))
		len = 0;
	for (i = 0; i < len; i++)
		if (!to[i])
			to[i] = ' ';
	to[len] = 0;
}

static int note_prpsinfo(struct vmad_buf *buf, bool is32)
{
	uid_t uid = from_kuid_munged(current_user_ns(), current_uid());
	gid_t gid = from_kgid_munged(current_user_ns(), current_gid());

#define FILL(info)                                                                          \
	do {                                                                                  \
		(info).pr_sname = 'R';                                                          \
		(info).pr_nice = task_nice(current);                                            \
		(info).pr_uid = uid;                                                            \
		(info).pr_gid = gid;                                                            \
		(info).pr_pid = task_tgid_vnr(current);                                         \
		(info).pr_ppid = parent_pid();                                                  \
		(info).pr_pgrp = task_pgrp_vnr(current);                                        \
		(info).pr_sid = task_session_vnr(current);                                      \
		get_task_comm((info).pr_fname, current);                                        \
		read_psargs((info).pr_psargs, sizeof((info).pr_psargs));                        \
	} while (0)

	if (is32) {
		struct compat_elf_prpsinfo info = {};

		BUILD_BUG_ON(sizeof(info) != 124);
		FILL(info);
		return vmad_note(buf, "CORE", NT_PRPSINFO, &info, sizeof(info));
	} else {
		struct elf_prpsinfo info = {};

		FILL(info);
		return vmad_note(buf, "CORE", NT_PRPSINFO, &info, sizeof(info));
	}
#undef FILL
}

static int note_auxv(struct vmad_buf *buf, bool is32)
{
	const unsigned long *aux = current->mm->saved_auxv;
	size_t len = 0;

	/* For a 32-bit program the kernel keeps pairs of 32-bit words in the same place. */
	if (is32) {
		const u32 *aux32 = (const u32 *)aux;
		size_t max = AT_VECTOR_SIZE * 2;

		while (len + 2 < max && aux32[len])
			len += 2;
		return vmad_note(buf, "CORE", NT_AUXV, aux, (len + 2) * sizeof(u32));
	}
	while (len + 2 < AT_VECTOR_SIZE && aux[len])
		len += 2;
	return vmad_note(buf, "CORE", NT_AUXV, aux, (len + 2) * sizeof(*aux));
}

static int add_long(struct vmad_buf *buf, u64 value, bool is32)
{
	return vmad_buf_add(buf, &value, is32 ? sizeof(u32) : sizeof(u64));
}

/* Which files are mapped where, for debuggers. */
static int note_files(struct vmad_buf *buf, const struct vmad_snapshot *snap, bool is32)
{
	const struct vmad_file *ids = (const struct vmad_file *)snap->files.data;
	u32 n = snap->files.len / sizeof(*ids), *at = NULL, pos = 0;
	struct vmad_buf desc = {};
	unsigned int i, count = 0;
	int err;

	if (n) {
		at = kvmalloc_array(n, sizeof(*at), GFP_KERNEL_ACCOUNT);
		if (!at)
			return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		at[i] = pos;
		pos += ids[i].name_len + 1;
	}
	for (i = 0; i < snap->n; i++)
		count += snap->areas[i].name != VMAD_NO_FILE;
	err = add_long(&desc, count, is32);
	if (!err)
		err = add_long(&desc, PAGE_SIZE, is32);
	for (i = 0; i < snap->n && !err; i++) {
		const struct vmad_area *area = &snap->areas[i];

		if (area->name == VMAD_NO_FILE)
			continue;
		err = add_long(&desc, area->map.start, is32);
		if (!err)
			err = add_long(&desc, area->map.end, is32);
		if (!err)
			err = add_long(&desc, area->map.offset >> PAGE_SHIFT, is32);
	}
	for (i = 0; i < snap->n && !err; i++) {
		const struct vmad_area *area = &snap->areas[i];

		if (area->name != VMAD_NO_FILE)
			err = vmad_buf_add(&desc, snap->names.data + at[area->name],
					   ids[area->name].name_len + 1);
	}
	if (!err && count)
		err = vmad_note(buf, "CORE", NT_FILE, desc.data, desc.len);
	vmad_buf_free(&desc);
	kvfree(at);
	return err;
}

static int note_image(struct vmad_buf *buf, bool is32)
{
	struct vmad_image image = {
		.format = VMAD_FORMAT,
		.flags = is32 ? VMAD_IMAGE_32BIT : 0,
		.page_size = PAGE_SIZE,
	};

	strscpy(image.release, init_utsname()->release, sizeof(image.release));
	strscpy(image.version, init_utsname()->version, sizeof(image.version));
	return vmad_note(buf, VMAD_NOTE_OWNER, VMAD_NOTE_IMAGE, &image, sizeof(image));
}

static int note_task(struct vmad_buf *buf, struct vmad_snapshot *snap,
		     const sigset_t *blocked)
{
	struct file *exe = ks_get_task_exe_file(current);
	struct vmad_task task = {};
	int err = 0;

	vmad_task_describe(&task, blocked);
	task.exe = VMAD_NO_FILE;
	if (exe) {
		/* The list keeps a pointer: its file is referenced by a mapping, or by mm. */
		err = vmad_snapshot_file(snap, exe, &task.exe);
		fput(exe);
	}
	if (!err)
		err = vmad_note(buf, VMAD_NOTE_OWNER, VMAD_NOTE_TASK, &task, sizeof(task));
	return err;
}

static int note_sigactions(struct vmad_buf *buf)
{
	struct vmad_sigaction *acts;
	unsigned int i;
	int err;

	acts = kcalloc(VMAD_NSIG, sizeof(*acts), GFP_KERNEL);
	if (!acts)
		return -ENOMEM;
	spin_lock_irq(&vmad_sighand()->siglock);
	for (i = 0; i < VMAD_NSIG; i++) {
		const struct sigaction *sa = &vmad_sighand()->action[i].sa;

		acts[i].handler = (unsigned long)sa->sa_handler;
		acts[i].flags = sa->sa_flags & UAPI_SA_FLAGS;
		acts[i].restorer = (unsigned long)sa->sa_restorer;
		acts[i].mask = vmad_sigset_bits(&sa->sa_mask);
	}
	spin_unlock_irq(&vmad_sighand()->siglock);
	err = vmad_note(buf, VMAD_NOTE_OWNER, VMAD_NOTE_SIGACTION, acts,
			VMAD_NSIG * sizeof(*acts));
	kfree(acts);
	return err;
}

static int note_cpu(struct vmad_buf *buf)
{
	struct vmad_cpu *cpu = kzalloc(sizeof(*cpu), GFP_KERNEL);
	int err;

	if (!cpu)
		return -ENOMEM;
	err = vmad_cpu_describe(cpu);
	if (!err)
		err = vmad_note(buf, VMAD_NOTE_OWNER, VMAD_NOTE_CPU, cpu, sizeof(*cpu));
	kfree(cpu);
	return err;
}

static int note_cpu_more(struct vmad_buf *buf)
{
	u32 more[VMAD_CPU_MORE];

	vmad_cpu_describe_more(more);
	return vmad_note(buf, VMAD_NOTE_OWNER, VMAD_NOTE_CPU_MORE, more, sizeof(more));
}

static int note_vdso(struct vmad_buf *buf, const struct vmad_snapshot *snap)
{
	struct vmad_vdso vdso = {
		.address = snap->vdso,
		.data = snap->vvar ?: snap->vdso,
		.size = snap->vdso_size,
	};
	char *desc;
	int err;

	if (!snap->vdso)
		return 0;
	if (snap->vdso_size > VMAD_VDSO_MAX)
		return -EOPNOTSUPP;
	desc = kvmalloc(sizeof(vdso) + vdso.size, GFP_KERNEL_ACCOUNT);
	if (!desc)
		return -ENOMEM;
	memcpy(desc, &vdso, sizeof(vdso));
	if (copy_from_user(desc + sizeof(vdso), (const void __user *)snap->vdso, vdso.size))
		err = -EFAULT;
	else
		err = vmad_note(buf, VMAD_NOTE_OWNER, VMAD_NOTE_VDSO, desc,
				sizeof(vdso) + vdso.size);
	kvfree(desc);
	return err;
}

static int note_maps(struct vmad_buf *buf, const struct vmad_snapshot *snap)
{
	struct vmad_buf desc = {};
	unsigned int i;
	int err;

	err = vmad_buf_add(&desc, snap->files.data, snap->files.len);
	if (!err)
		err = vmad_buf_add(&desc, snap->names.data, snap->names.len);
	if (!err)
		err = vmad_note(buf, VMAD_NOTE_OWNER, VMAD_NOTE_FILES, desc.data, desc.len);
	desc.len = 0;
	for (i = 0; i < snap->n && !err; i++)
		err = vmad_buf_add(&desc, &snap->areas[i].map, sizeof(struct vmad_map));
	if (!err)
		err = vmad_note(buf, VMAD_NOTE_OWNER, VMAD_NOTE_MAPS, desc.data, desc.len);
	vmad_buf_free(&desc);
	return err;
}

/**
 * vmad_notes_build - all notes of the caller's image
 * @buf: to be filled
 * @snap: its memory
 * @opts: how to dump
 * @blocked: its blocked signals
 * @is32: a 32-bit program
 *
 * Return: 0 or -errno.
 */
int vmad_notes_build(struct vmad_buf *buf, struct vmad_snapshot *snap,
		     const struct vmad_dump_opts *opts, const sigset_t *blocked, bool is32)
{
	struct interrupted now;
	int err;

	err = note_image(buf, is32);
	if (!err && opts->resuming)
		err = vmad_resume_describe(&now.resume, &now.result);
	if (!err)
		err = note_registers(buf, opts, opts->resuming ? &now : NULL, blocked, is32);
	if (!err && opts->resuming)
		err = vmad_note(buf, VMAD_NOTE_OWNER, VMAD_NOTE_RESUME, &now.resume,
				sizeof(now.resume));
	if (!err)
		err = note_prpsinfo(buf, is32);
	if (!err)
		err = note_auxv(buf, is32);
	if (!err)
		err = note_task(buf, snap, blocked);
	if (!err)
		err = note_files(buf, snap, is32);
	if (!err)
		err = note_sigactions(buf);
	if (!err)
		err = note_cpu(buf);
	if (!err)
		err = note_cpu_more(buf);
	if (!err)
		err = note_vdso(buf, snap);
	if (!err)
		err = note_maps(buf, snap);
	if (!err && buf->len > VMAD_NOTES_MAX)
		err = -E2BIG;
	return err;
}
