/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernel versions that the driver is built for.
 *
 * The code is written for the newest kernel; this file, and no other, looks at the
 * version. Each entry says what changed and when.
 */
#ifndef BPROC_KCOMPAT_H
#define BPROC_KCOMPAT_H

#include <linux/version.h>
#include <linux/binfmts.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/elf.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagewalk.h>
#include <linux/pid.h>
#include <linux/regset.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>
#include <linux/signal.h>
#include <linux/swapops.h>
#include <asm/elf.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/mmu_context.h>
#include <asm/processor.h>
#include <asm/proto.h>
#include <asm/vdso.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#include <linux/leafops.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "BProc needs Linux 6.1 or newer"
#endif
#ifndef CONFIG_X86_64
#error "BProc runs on x86-64 kernels"
#endif

/* Entry points of system calls: arguments are in the registers. No header has them. */
asmlinkage long __x64_sys_rseq(const struct pt_regs *regs);
asmlinkage long __x64_sys_membarrier(const struct pt_regs *regs);
asmlinkage long __x64_sys_kill(const struct pt_regs *regs);
asmlinkage long __x64_sys_rt_sigqueueinfo(const struct pt_regs *regs);
asmlinkage long __x64_sys_getpgid(const struct pt_regs *regs);
asmlinkage long __x64_sys_getsid(const struct pt_regs *regs);
asmlinkage long __x64_sys_setpgid(const struct pt_regs *regs);
asmlinkage long __ia32_sys_setpgid(const struct pt_regs *regs);
asmlinkage long __x64_sys_tgkill(const struct pt_regs *regs);
asmlinkage long __ia32_sys_tgkill(const struct pt_regs *regs);
asmlinkage long __ia32_sys_getpgid(const struct pt_regs *regs);
asmlinkage long __ia32_sys_getsid(const struct pt_regs *regs);
asmlinkage long __x64_sys_newfstatat(const struct pt_regs *regs);
asmlinkage long __x64_sys_access(const struct pt_regs *regs);
asmlinkage long __x64_sys_faccessat(const struct pt_regs *regs);
asmlinkage long __x64_sys_faccessat2(const struct pt_regs *regs);
asmlinkage long __x64_sys_execve(const struct pt_regs *regs);
asmlinkage long __x64_sys_execveat(const struct pt_regs *regs);
asmlinkage long __ia32_compat_sys_execve(const struct pt_regs *regs);
asmlinkage long __ia32_compat_sys_execveat(const struct pt_regs *regs);
asmlinkage long __ia32_sys_kill(const struct pt_regs *regs);
asmlinkage long __ia32_compat_sys_rt_sigqueueinfo(const struct pt_regs *regs);

/* Declared in arch/x86/kernel/fpu/xstate.h, which modules do not see. */
int copy_uabi_from_kernel_to_xstate(struct fpstate *fpstate, const void *kbuf, u32 *pkru);

/*
 * 6.15: the FPU state moved out of struct thread_struct; with CONFIG_X86_DEBUG_FPU the
 * accessor is a function, which is not exported.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#ifdef CONFIG_X86_DEBUG_FPU
#define BPROC_HAVE_X86_TASK_FPU
#define BPROC_KSYM_X86_TASK_FPU(F) F(x86_task_fpu, "reach a task's vector state", "call it")
#define bproc_task_fpu(task) ks_x86_task_fpu(task)
#else
#define bproc_task_fpu(task) x86_task_fpu(task)
#endif
#else
#define bproc_task_fpu(task) (&(task)->thread.fpu)
#endif
#ifndef BPROC_KSYM_X86_TASK_FPU
#define BPROC_KSYM_X86_TASK_FPU(F)
#endif

/*
 * 7.1: whether a process may be dumped moved from the memory descriptor to the task, behind
 * a function that is not exported.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
#define BPROC_KSYM_DUMPABLE(F)                                                              \
	F(task_exec_state_get_dumpable, "refuse EXECDUMP of set-user-ID programs", "call it") \
	F(task_exec_state_set_dumpable, "a restored process that must not be dumped", "call it")
#define bproc_dumpable() ((int)static_call(bproc_ks_task_exec_state_get_dumpable)(current))
#define bproc_set_dumpable(how) static_call(bproc_ks_task_exec_state_set_dumpable)(how)
#define BPROC_DUMPABLE TASK_DUMPABLE_OWNER
#define BPROC_UNDUMPABLE TASK_DUMPABLE_OFF
#else
#define BPROC_KSYM_DUMPABLE(F)                                                              \
	F(set_dumpable, "a restored process that must not be dumped", "call it")
#define bproc_dumpable() get_dumpable(current->mm)
#define bproc_set_dumpable(how) static_call(bproc_ks_set_dumpable)(current->mm, how)
#define BPROC_DUMPABLE SUID_DUMP_USER
#define BPROC_UNDUMPABLE SUID_DUMP_DISABLE
#endif

/* 7.0: flags of mappings have a type of their own. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define bproc_memory_file(name, size) shmem_file_setup(name, size, (vma_flags_t){})
#else
#define bproc_memory_file(name, size) shmem_file_setup(name, size, 0)
#endif

/* 6.18: the rseq registration moved into a structure; 6.3: it remembers its length. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define bproc_rseq_area(task) ((unsigned long)(task)->rseq.usrptr)
#define bproc_rseq_len(task) ((task)->rseq.len)
#define bproc_rseq_sig(task) ((task)->rseq.sig)
#else
#define bproc_rseq_area(task) ((unsigned long)(task)->rseq)
#define bproc_rseq_sig(task) ((task)->rseq_sig)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define bproc_rseq_len(task) ((task)->rseq_len)
#else
#define bproc_rseq_len(task) 32
#endif
#endif

/* 7.1: a task's futex state moved into a structure. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
#define bproc_robust_list(task) ((task)->futex.robust_list)
#define bproc_compat_robust_list(task) ((task)->futex.compat_robust_list)
#else
#define bproc_robust_list(task) ((task)->robust_list)
#define bproc_compat_robust_list(task) ((task)->compat_robust_list)
#endif

/* 7.0: the lock of struct fs_struct and its sequence counter became one seqlock. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define bproc_fs_lock_init(fs) seqlock_init(&(fs)->seq)
#else
#define bproc_fs_lock_init(fs)                                                              \
	do {                                                                                  \
		spin_lock_init(&(fs)->lock);                                                    \
		seqcount_spinlock_init(&(fs)->seq, &(fs)->lock);                                \
	} while (0)
#endif

/* 6.18: flags of a process's memory are reached by functions. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define bproc_mm_flag(mm, bit) mm_flags_test(bit, mm)
#else
#define bproc_mm_flag(mm, bit) test_bit(bit, &(mm)->flags)
#endif

/* 6.4: linear address masking, by which a program has bits of its own in pointers. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define bproc_masks_addresses(mm) (mm_lam_cr3_mask(mm) != 0)
#else
#define bproc_masks_addresses(mm) false
#endif

/* 6.15: inodes without a file look like those of regular files, and are marked. */
#ifdef IS_ANON_FILE
#define bproc_anon_inode(inode) IS_ANON_FILE(inode)
#else
#define bproc_anon_inode(inode) false
#endif

/*
 * 6.19: entries of page tables that are no pages have new names. Markers stand where there
 * is no page, and say something of the place; those called poisoned stand for one that was.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
static inline bool bproc_pte_marks_hole(pte_t pte)
{
	softleaf_t entry = softleaf_from_pte(pte);

	return softleaf_is_marker(entry) && !softleaf_is_poison_marker(entry);
}
#else
static inline bool bproc_pte_marks_hole(pte_t pte)
{
#if defined(PTE_MARKER_POISONED)
	const pte_marker bad = PTE_MARKER_POISONED;
#elif defined(PTE_MARKER_SWAPIN_ERROR)
	const pte_marker bad = PTE_MARKER_SWAPIN_ERROR;
#else
	const pte_marker bad = 0;
#endif

	return is_pte_marker(pte) && !(pte_marker_get(pte_to_swp_entry(pte)) & bad);
}
#endif

/*
 * 6.7: what is mapped of an overlay's file is a file below, with a path of its own beside
 * that by which it was opened.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define bproc_user_path(file) file_user_path(file)
#else
#define bproc_user_path(file) ((const struct path *)&(file)->f_path)
#endif

/* 6.5: pages come without the mappings that they belong to. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define bproc_get_user_pages_remote(mm, start, n, flags, pages, locked)                     \
	get_user_pages_remote(mm, start, n, flags, pages, locked)
#define bproc_pin_user_pages_remote(mm, start, n, flags, pages, locked)                     \
	pin_user_pages_remote(mm, start, n, flags, pages, locked)
#else
#define bproc_get_user_pages_remote(mm, start, n, flags, pages, locked)                     \
	get_user_pages_remote(mm, start, n, flags, pages, NULL, locked)
#define bproc_pin_user_pages_remote(mm, start, n, flags, pages, locked)                     \
	pin_user_pages_remote(mm, start, n, flags, pages, NULL, locked)
#endif

/* 6.5: a page walk states which lock it holds. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define BPROC_WALK_READ_LOCKED .walk_lock = PGWALK_RDLOCK,
#else
#define BPROC_WALK_READ_LOCKED
#endif

/* 6.8: vfs_iter_write() holds off a freeze of the file system by itself. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define bproc_start_write(file) file_start_write(file)
#define bproc_end_write(file) file_end_write(file)
#else
#define bproc_start_write(file) ((void)(file))
#define bproc_end_write(file) ((void)(file))
#endif

/* 6.12: dequeue_signal() lost its task, which was always current. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define bproc_dequeue_signal(mask, info, type) dequeue_signal(mask, info, type)
#else
#define bproc_dequeue_signal(mask, info, type) dequeue_signal(current, mask, info, type)
#endif

/* 6.11: memory that the kernel may drop. */
#ifdef VM_DROPPABLE
#define BPROC_VM_DROPPABLE VM_DROPPABLE
#define BPROC_MAP_DROPPABLE MAP_DROPPABLE
#else
#define BPROC_VM_DROPPABLE 0
#define BPROC_MAP_DROPPABLE 0
#endif

/* 6.6: shadow stacks. */
#ifdef VM_SHADOW_STACK
#define BPROC_VM_SHADOW_STACK VM_SHADOW_STACK
#else
#define BPROC_VM_SHADOW_STACK 0
#endif

/* 6.2: direction of an iterator has a name. */
#ifndef ITER_SOURCE
#define ITER_SOURCE WRITE
#define ITER_DEST READ
#endif

/* 7.0: where poll(2) ends, in one structure. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define bproc_poll_end(block) timespec64_to_ktime((block)->poll.end_time)
#define bproc_set_poll_end(block, at) ((block)->poll.end_time = ktime_to_timespec64(at))
#else
#define bproc_poll_end(block) ktime_set((block)->poll.tv_sec, (block)->poll.tv_nsec)
#define bproc_set_poll_end(block, at)                                                       \
	do {                                                                                  \
		struct timespec64 end = ktime_to_timespec64(at);                                \
                                                                                            \
		(block)->poll.tv_sec = end.tv_sec;                                              \
		(block)->poll.tv_nsec = end.tv_nsec;                                            \
	} while (0)
#endif

/* 6.12: a process's POSIX timers are a list with one end; an empty one with two is a ring. */
static inline bool bproc_has_posix_timers(struct signal_struct *sig)
{
	void **list = (void **)&sig->posix_timers;

	return READ_ONCE(*list) && READ_ONCE(*list) != (void *)list;
}

/* 6.16: cpuid_count() moved. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#include <asm/cpuid/api.h>
#endif

/* 6.2: ftrace_instruction_pointer_set() was renamed. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define ftrace_regs_set_instruction_pointer(fregs, ip) ftrace_instruction_pointer_set(fregs, ip)
#endif

/* 6.3: prepare_kernel_cred() wants a task, NULL no longer stands for init's. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define bproc_prepare_root_cred() prepare_kernel_cred(NULL)
#else
#define bproc_prepare_root_cred() prepare_kernel_cred(&init_task)
#endif

/* 6.4: class_create() lost its module argument. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define bproc_class_create(name) class_create(THIS_MODULE, name)
#else
#define bproc_class_create(name) class_create(name)
#endif

/* 6.17: the tracepoint sched_process_exit got a second argument, group_dead. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define BPROC_SCHED_EXIT_HAS_GROUP_DEAD 1
#else
#define BPROC_SCHED_EXIT_HAS_GROUP_DEAD 0
#endif

/*
 * change_pid() and free_pid() became users of a caller-supplied array of pids to free in
 * 6.15, so that the freeing happens outside of tasklist_lock.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define BPROC_CHANGE_PID_COLLECTS 1
#else
#define BPROC_CHANGE_PID_COLLECTS 0
#endif

/* Exported, but declared only inside of fs/. */
int vfs_path_lookup(struct dentry *dentry, struct vfsmount *mnt, const char *name,
		    unsigned int flags, struct path *path);

/* 6.19: lock_task_sighand() is no longer a wrapper in the header around another. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define BPROC_KSYM_LOCK_SIGHAND(F)                                                          \
	F(lock_task_sighand, "look at another process's signals and times", "call it")
#define bproc_lock_task_sighand static_call(bproc_ks_lock_task_sighand)
#else
#define BPROC_KSYM_LOCK_SIGHAND(F)                                                          \
	F(__lock_task_sighand, "look at another process's signals and times",                 \
	  "call lock_task_sighand()")
#define bproc_lock_task_sighand static_call(bproc_ks___lock_task_sighand)
#endif

/* 6.3: kernel_cap_t became one 64-bit number. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
static inline u64 bproc_cap_u64(kernel_cap_t cap)
{
	return cap.val;
}

static inline kernel_cap_t bproc_cap_and(kernel_cap_t cap, u64 mask)
{
	cap.val &= mask;
	return cap;
}
#else
static inline u64 bproc_cap_u64(kernel_cap_t cap)
{
	return cap.cap[0] | (u64)cap.cap[1] << 32;
}

static inline kernel_cap_t bproc_cap_and(kernel_cap_t cap, u64 mask)
{
	cap.cap[0] &= (u32)mask;
	cap.cap[1] &= mask >> 32;
	return cap;
}
#endif

/* 6.2: a class's devnode() and dev_uevent() get a const device. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define BPROC_CONST_DEVICE const
#else
#define BPROC_CONST_DEVICE
#endif

/* 6.3: mounts have an idmap instead of a user namespace. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define bproc_path_permission(path, mask)                                                   \
	inode_permission(mnt_idmap((path)->mnt), d_inode((path)->dentry), mask)
#define bproc_path_change(path, attr)                                                       \
	notify_change(mnt_idmap((path)->mnt), (path)->dentry, attr, NULL)
#else
#define bproc_path_permission(path, mask)                                                   \
	inode_permission(mnt_user_ns((path)->mnt), d_inode((path)->dentry), mask)
#define bproc_path_change(path, attr)                                                       \
	notify_change(mnt_user_ns((path)->mnt), (path)->dentry, attr, NULL)
#endif

/* 6.13: the namespace of an export became a string. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define BPROC_EXPORT(symbol) EXPORT_SYMBOL_NS_GPL(symbol, "BPROC")
#define BPROC_IMPORT MODULE_IMPORT_NS("BPROC")
#else
#define BPROC_EXPORT(symbol) EXPORT_SYMBOL_NS_GPL(symbol, BPROC)
#define BPROC_IMPORT MODULE_IMPORT_NS(BPROC)
#endif

#endif /* BPROC_KCOMPAT_H */
