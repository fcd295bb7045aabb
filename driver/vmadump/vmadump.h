/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMADump as the rest of the driver sees it. See <linux/vmadump.h> for the image.
 */
#ifndef BPROC_VMADUMP_H
#define BPROC_VMADUMP_H

#include <linux/fs.h>
#include <linux/signal_types.h>
#include <linux/vmadump.h>

/**
 * struct vmad_dump_opts - how to dump
 * @flags: VMAD_DUMP_* bits
 * @result: value that the restored program finds as the system call's result
 * @moving: the caller ends when the image lives: memory marked MADV_WIPEONFORK is kept. In
 *	a copy it is wiped as by a fork, so that no two processes share random-number state
 * @forking: the image is a child's: memory marked MADV_DONTFORK stays behind
 * @at_start: the program has not run yet (EXECDUMP): registers are left as they are and
 *	@result is not used
 * @resuming: the caller did not ask for it, and is on its way to user mode from wherever it
 *	was; @result is not used
 * @blocked: signals blocked in the image; NULL for those of the caller, which may have
 *	blocked more to be left alone while it dumps
 */
struct vmad_dump_opts {
	u32 flags;
	long result;
	bool moving;
	bool forking;
	bool at_start;
	bool resuming;
	const sigset_t *blocked;
};

struct path;

ssize_t vmad_dump(struct file *out, const struct vmad_dump_opts *opts);
int vmad_restore(struct file *in, long *result, bool *lost, bool *dumpable);
int vmad_restore_program(struct file *in);
int vmad_write_all(struct file *file, const void *data, size_t len);
int vmad_read_all(struct file *file, void *data, size_t len);

bool vmad_resume_possible(void);
bool vmad_resume_later(void);

bool vmad_may_execdump(void);
int vmad_exec_from(const struct path *root, const char *name, const char *const *argv,
		   const char *const *envp);
int vmad_exec_undumpable(const struct path *root, const char *name, const char *const *argv,
			 const char *const *envp);

long vmad_call_dump(struct vmad_dump *arg);
long vmad_call_undump(const struct vmad_undump *arg);
long vmad_call_execdump(const struct vmad_execdump *arg, int *status);
long vmad_call_lib_add(const struct vmad_lib *arg);
long vmad_call_lib_del(const struct vmad_lib *arg);
long vmad_libs_clear(void);
long vmad_libs_list(char __user *to, u64 size);
long vmad_libs_size(void);

int vmad_init(void);
void vmad_exit(void);

#endif /* BPROC_VMADUMP_H */
