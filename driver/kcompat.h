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
#include <linux/elf.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/pid.h>
#include <linux/regset.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/signal.h>
#include <asm/elf.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/processor.h>
#include <asm/proto.h>
#include <asm/vdso.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "BProc needs Linux 6.1 or newer"
#endif
#ifndef CONFIG_X86_64
#error "BProc runs on x86-64 kernels"
#endif

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

#endif /* BPROC_KCOMPAT_H */
