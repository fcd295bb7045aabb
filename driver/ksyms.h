/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel functions and data that the kernel does not export to modules.
 *
 * This file is the only list of them. Each line says what the symbol is for and what
 * an in-tree build would do instead; bproc_ksyms_resolve() looks all of them up when the
 * module is loaded and refuses the load by name if one is missing.
 *
 * Functions are reached by static calls, not by pointers: kernels built for indirect
 * branch tracking erase the landing pad of functions whose address they never take,
 * so only a direct call is safe. Data is reached through a pointer.
 *
 * To add one: a line in BPROC_KSYM_FUNCS, and the wrapper below it; or in BPROC_KSYM_DATA or
 * BPROC_KSYM_OPTIONAL.
 */
#ifndef BPROC_KSYMS_H
#define BPROC_KSYMS_H

#include <linux/fdtable.h>
#include <linux/static_call.h>
#include "kcompat.h"

#ifdef CONFIG_IA32_EMULATION
#define BPROC_KSYM_IA32_KILL(F)                                                             \
	F(__ia32_sys_kill, "likewise, of 32-bit programs", "likewise")                        \
	F(__ia32_compat_sys_rt_sigqueueinfo, "likewise", "likewise")                          \
	F(__ia32_sys_tgkill, "likewise", "likewise")
#define BPROC_KSYM_IA32_EXEC(F)                                                             \
	F(__ia32_compat_sys_execve, "likewise, of 32-bit programs", "likewise")               \
	F(__ia32_compat_sys_execveat, "likewise", "likewise")
#define BPROC_KSYM_IA32_GETIDS(F)                                                           \
	F(__ia32_sys_getpgid, "likewise", "likewise")                                         \
	F(__ia32_sys_getsid, "likewise", "likewise")                                          \
	F(__ia32_sys_setpgid, "likewise", "likewise")
#else
#define BPROC_KSYM_IA32_GETIDS(F)
#define BPROC_KSYM_IA32_KILL(F)
#define BPROC_KSYM_IA32_EXEC(F)
#endif

/* F(function, what for, what an in-tree build would do) */
#define BPROC_KSYM_FUNCS(F)                                                                 \
	F(kernel_execve, "exec on behalf of a caller: restore, ghosts, REXEC, EXECDUMP",      \
	  "call it")                                                                        \
	F(user_mode_thread, "make a real child of the caller", "call it")                     \
	F(alloc_pid, "give a new process the number that the master chose",                   \
	  "a hook in the PID namespace")                                                    \
	F(free_pid, "give back a number whose process never came to be", "call it")           \
	F(change_pid, "put an arriving process into its session and group", "call it")        \
	F(unshare_files, "keep a ghost's descriptor from who shares its process's", "call it") \
	F(alloc_uid, "count a process for the user it became elsewhere", "call it")           \
	F(set_cred_ucounts, "likewise", "call it")                                            \
	F(do_group_exit, "end a process with a given status", "call it")                      \
	F(kernel_wait4, "wait for a child on behalf of its parent", "call it")                \
	F(do_send_sig_info, "send a signal with its siginfo", "call it")                      \
	F(__set_task_comm, "name a restored process or a ghost", "call it")                   \
	F(get_task_exe_file, "name the program in its image", "call it")                      \
	F(set_mm_exe_file, "/proc/PID/exe of a restored process", "call it")                  \
	F(set_personality_64bit, "make the new image a 64-bit one", "SET_PERSONALITY()")      \
	F(do_arch_prctl_64, "FS and GS base of a restored process", "call it")                \
	F(map_vdso_once, "map this kernel's vDSO at a given address", "call it")              \
	F(copy_uabi_from_kernel_to_xstate, "load saved vector state", "call it")              \
	F(thread_group_cputime_adjusted, "what a process used, as wait4(2) reports it",       \
	  "call it")                                                                        \
	BPROC_KSYM_LOCK_SIGHAND(F)                                                            \
	F(siginfo_layout, "who sent a signal", "call it")                                     \
	F(walk_page_range, "find the pages present in a mapping without faulting any in",     \
	  "call it")                                                                        \
	F(do_madvise, "give a restored mapping its madvise(2) marks", "call it")              \
	F(do_sigaction, "signal actions of a restored process", "call it")                    \
	F(__x64_sys_rseq, "register a restored process's rseq area", "a function for it")     \
	F(__x64_sys_membarrier, "what a restored process registered", "a function for it")    \
	F(__x64_sys_kill, "signals to processes that are elsewhere", "a call in kill(2)")     \
	F(__x64_sys_rt_sigqueueinfo, "likewise", "a call in rt_sigqueueinfo(2)")              \
	F(__x64_sys_tgkill, "likewise", "a call in tgkill(2)")                                \
	BPROC_KSYM_IA32_KILL(F)                                                               \
	F(__x64_sys_getpgid, "groups of processes that are elsewhere", "a call in getpgid(2)") \
	F(__x64_sys_getsid, "sessions of such processes", "a call in getsid(2)")              \
	F(__x64_sys_setpgid, "groups whose members are elsewhere", "a call in setpgid(2)")    \
	BPROC_KSYM_IA32_GETIDS(F)                                                             \
	F(__x64_sys_execve, "programs that only the master has", "a call in execve(2)")       \
	F(__x64_sys_execveat, "likewise", "a call in execveat(2)")                            \
	BPROC_KSYM_IA32_EXEC(F)                                                               \
	F(__x64_sys_newfstatat, "shells see programs that only the master has",               \
	  "a call in newfstatat(2)")                                                          \
	F(__x64_sys_access, "likewise", "a call in access(2)")                                \
	F(__x64_sys_faccessat, "likewise", "likewise")                                        \
	F(__x64_sys_faccessat2, "likewise", "likewise")                                       \
	F(task_work_cancel_match, "take back what another process was to do", "call it")      \
	F(__ptrace_unlink, "end a user's tracing of a process that left a node", "call it")    \
	F(ptrace_may_access, "may the caller dump another process?", "call it")               \
	BPROC_KSYM_X86_TASK_FPU(F)                                                            \
	BPROC_KSYM_DUMPABLE(F)

/* What restart_syscall(2) calls. */
struct restart_block;
typedef long bproc_restart_fn(struct restart_block *block);

/* D(type, symbol, alternative spelling or NULL, what for) */
#define BPROC_KSYM_DATA(D)                                                                  \
	D(rwlock_t, tasklist_lock, NULL, "hold the process tree still")                       \
	D(const struct vdso_image, vdso_image_64, "vdso64_image",                             \
	  "this kernel's 64-bit vDSO, for map_vdso_once()")                                 \
	D(const struct vdso_image, vdso_image_32, "vdso32_image",                             \
	  "this kernel's 32-bit vDSO, for map_vdso_once()")                                 \
	D(struct linux_binfmt, elf_format, NULL, "let a restored process dump core")          \
	D(struct linux_binfmt, compat_elf_format, NULL, "let a 32-bit one dump core")         \
	D(bproc_restart_fn, hrtimer_nanosleep_restart, NULL,                                  \
	  "sleeps that go on elsewhere")                                                     \
	D(bproc_restart_fn, do_restart_poll, NULL, "likewise, poll(2) with a limit")           \
	D(const unsigned long, mmap_min_addr, NULL, "refuse mappings that exec would refuse") \
	D(const int, sysctl_max_map_count, NULL, "refuse more mappings than allowed")

/* As BPROC_KSYM_DATA, but not every kernel has it; then the pointer is NULL. */
#define BPROC_KSYM_OPTIONAL(D)                                                              \
	D(const bool, __ia32_enabled, NULL, "refuse 32-bit images where nothing runs them")

#define BPROC_KSYM_DECLARE(name, use, tree) DECLARE_STATIC_CALL(bproc_ks_##name, name);
BPROC_KSYM_FUNCS(BPROC_KSYM_DECLARE)
#undef BPROC_KSYM_DECLARE

#define BPROC_KSYM_DECLARE(type, name, other, use) extern type *ks_##name;
BPROC_KSYM_DATA(BPROC_KSYM_DECLARE)
BPROC_KSYM_OPTIONAL(BPROC_KSYM_DECLARE)
#undef BPROC_KSYM_DECLARE

#define ks_kernel_execve static_call(bproc_ks_kernel_execve)
#define ks_user_mode_thread static_call(bproc_ks_user_mode_thread)
#define ks_alloc_pid static_call(bproc_ks_alloc_pid)
#define ks_free_pid static_call(bproc_ks_free_pid)
#define ks_change_pid static_call(bproc_ks_change_pid)
#define ks_unshare_files static_call(bproc_ks_unshare_files)
#define ks_alloc_uid static_call(bproc_ks_alloc_uid)
#define ks_set_cred_ucounts static_call(bproc_ks_set_cred_ucounts)
#define ks_do_group_exit static_call(bproc_ks_do_group_exit)
#define ks_kernel_wait4 static_call(bproc_ks_kernel_wait4)
#define ks_do_send_sig_info static_call(bproc_ks_do_send_sig_info)
#define ks___set_task_comm static_call(bproc_ks___set_task_comm)
#define ks_get_task_exe_file static_call(bproc_ks_get_task_exe_file)
#define ks_set_mm_exe_file static_call(bproc_ks_set_mm_exe_file)
#define ks_set_personality_64bit static_call(bproc_ks_set_personality_64bit)
#define ks_do_arch_prctl_64 static_call(bproc_ks_do_arch_prctl_64)
#define ks_map_vdso_once static_call(bproc_ks_map_vdso_once)
#define ks_copy_uabi_from_kernel_to_xstate                                                  \
	static_call(bproc_ks_copy_uabi_from_kernel_to_xstate)
#define ks_thread_group_cputime_adjusted static_call(bproc_ks_thread_group_cputime_adjusted)
#define ks_siginfo_layout static_call(bproc_ks_siginfo_layout)
#define ks_walk_page_range static_call(bproc_ks_walk_page_range)
#define ks_do_sigaction static_call(bproc_ks_do_sigaction)
#define ks_rseq static_call(bproc_ks___x64_sys_rseq)
#define ks_membarrier static_call(bproc_ks___x64_sys_membarrier)
#define ks_do_madvise static_call(bproc_ks_do_madvise)
#ifdef BPROC_HAVE_X86_TASK_FPU
#define ks_x86_task_fpu static_call(bproc_ks_x86_task_fpu)
#endif

#define ks_task_work_cancel_match static_call(bproc_ks_task_work_cancel_match)
#define ks___ptrace_unlink static_call(bproc_ks___ptrace_unlink)
#define ks_ptrace_may_access static_call(bproc_ks_ptrace_may_access)

#define ks_kill static_call(bproc_ks___x64_sys_kill)
#define ks_sigqueue static_call(bproc_ks___x64_sys_rt_sigqueueinfo)
#define ks_tgkill static_call(bproc_ks___x64_sys_tgkill)
#ifdef CONFIG_IA32_EMULATION
#define ks_tgkill_32 static_call(bproc_ks___ia32_sys_tgkill)
#define ks_kill_32 static_call(bproc_ks___ia32_sys_kill)
#define ks_sigqueue_32 static_call(bproc_ks___ia32_compat_sys_rt_sigqueueinfo)
#endif

#define ks_newfstatat static_call(bproc_ks___x64_sys_newfstatat)
#define ks_access static_call(bproc_ks___x64_sys_access)
#define ks_faccessat static_call(bproc_ks___x64_sys_faccessat)
#define ks_faccessat2 static_call(bproc_ks___x64_sys_faccessat2)
#define ks_getpgid static_call(bproc_ks___x64_sys_getpgid)
#define ks_getsid static_call(bproc_ks___x64_sys_getsid)
#define ks_setpgid static_call(bproc_ks___x64_sys_setpgid)
#ifdef CONFIG_IA32_EMULATION
#define ks_setpgid_32 static_call(bproc_ks___ia32_sys_setpgid)
#define ks_getpgid_32 static_call(bproc_ks___ia32_sys_getpgid)
#define ks_getsid_32 static_call(bproc_ks___ia32_sys_getsid)
#endif
#define ks_execve static_call(bproc_ks___x64_sys_execve)
#define ks_execveat static_call(bproc_ks___x64_sys_execveat)
#ifdef CONFIG_IA32_EMULATION
#define ks_execve_32 static_call(bproc_ks___ia32_compat_sys_execve)
#define ks_execveat_32 static_call(bproc_ks___ia32_compat_sys_execveat)
#endif

#if BPROC_CHANGE_PID_COLLECTS
#define bproc_do_change_pid(unused, task, type, pid) ks_change_pid(unused, task, type, pid)
#else
#define bproc_do_change_pid(unused, task, type, pid) ks_change_pid(task, type, pid)
#endif

int bproc_ksyms_resolve(void);
unsigned long bproc_ksym_address(const char *name);

/**
 * bproc_change_pid - put a task into another session or process group
 * @task: the leader of its thread group, when it was found
 * @type: PIDTYPE_PGID or PIDTYPE_SID
 * @ns: PID namespace
 * @nr: number of the session or group there
 *
 * Return: 0, or -ESRCH if nobody has that number: then it is about to be freed, or its
 * process not born yet; or if @task is not the leader any more.
 */
static inline int bproc_change_pid(struct task_struct *task, enum pid_type type,
				   struct pid_namespace *ns, pid_t nr)
{
	struct pid *unused[PIDTYPE_MAX] = {};
	int err = -ESRCH, i;
	struct pid *pid;

	rcu_read_lock();
	write_lock_irq(ks_tasklist_lock);
	pid = find_pid_ns(nr, ns);
	for (i = PIDTYPE_TGID; err && pid && i < PIDTYPE_MAX; i++)
		err = pid_has_task(pid, i) ? 0 : -ESRCH;
	/* A leader no more since one of its threads executed a program: its links are not its own. */
	if (!err && !thread_group_leader(task))
		err = -ESRCH;
	if (!err && pid_alive(task) && task->signal->pids[type] != pid)
		bproc_do_change_pid(unused, task, type, pid);
	write_unlock_irq(ks_tasklist_lock);
	rcu_read_unlock();
	for (i = 0; i < PIDTYPE_MAX; i++)
		if (unused[i])
			ks_free_pid(unused[i]);
	return err;
}

#endif /* BPROC_KSYMS_H */
