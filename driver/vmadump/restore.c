// SPDX-License-Identifier: GPL-2.0-only
/*
 * Becoming an image.
 *
 * Only the kernel's exec can replace a program by another. So the module has a binary
 * format, asked before all others. It takes an image that is executed as a file; and when
 * the caller has a plan waiting here, it takes whatever is executed, and carries out the plan.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/binfmts.h>
#include <linux/elf.h>
#include <linux/elfcore.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/personality.h>
#include <linux/rseq.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <uapi/linux/rseq.h>
#include "image.h"

/*
 * A caller that is executing, and what it is to become; without a plan that is what it
 * executes.
 */
struct waiting {
	struct list_head list;
	struct task_struct *task;
	struct vmad_plan *plan;
};

static LIST_HEAD(waiting_list);
static DEFINE_SPINLOCK(waiting_lock);

/*
 * What can be done only after exec, which drops registrations, that of rseq last of all, and
 * sets a result of its own. Runs on the way to user mode.
 */
struct settle {
	struct callback_head work;
	u64 rseq;
	u32 rseq_len;
	u32 rseq_sig;
	u8 membarrier;
	bool resuming;
	bool is32;
	long result;
	struct vmad_resume resume;
};

static long register_rseq(const struct settle *s, u32 len)
{
	struct pt_regs args = { .di = s->rseq, .si = len, .dx = 0, .r10 = s->rseq_sig };

	return ks_rseq(&args);
}

static void settle(struct callback_head *work)
{
	struct settle *s = container_of(work, struct settle, work);

	/*
	 * The area of a newer kernel may be longer than this one can serve. A task that was
	 * killed comes here too, without its memory.
	 */
	if (s->rseq && current->mm && register_rseq(s, s->rseq_len) && register_rseq(s, 32)) {
		/* The program asks the kernel for its processor instead. */
		struct rseq __user *rseq = (void __user *)(unsigned long)s->rseq;

		if (put_user(RSEQ_CPU_ID_REGISTRATION_FAILED, &rseq->cpu_id))
			pr_debug("no rseq area at %#llx\n", s->rseq);
	}
	if (current->mm)
		vmad_task_membarrier(s->membarrier);
	if (s->resuming)
		vmad_resume_restore(&s->resume, s->is32, s->result);
	kfree(s);
	module_put(THIS_MODULE);
}

static struct settle *settle_alloc(const struct vmad_plan *plan)
{
	struct settle *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	init_task_work(&s->work, settle);
	s->rseq = plan->task->rseq;
	s->rseq_len = plan->task->rseq_len;
	s->rseq_sig = plan->task->rseq_sig;
	s->membarrier = plan->task->membarrier;
	if (plan->resume) {
		s->resuming = true;
		s->is32 = plan->is32;
		s->result = vmad_regs_result(plan);
		s->resume = *plan->resume;
	}
	return s;
}

static void settle_later(struct settle *s)
{
	__module_get(THIS_MODULE);
	if (task_work_add(current, &s->work, s->resuming ? TWA_SIGNAL : TWA_RESUME)) {
		/* The task is exiting. */
		kfree(s);
		module_put(THIS_MODULE);
	}
}

/* The caller's own entry, which stays while it executes. */
static struct waiting *find_waiting(void)
{
	struct waiting *found = NULL, *w;

	/* Unlocked, for every exec comes here: one's own entry is always seen. */
	if (list_empty_careful(&waiting_list))
		return NULL;
	spin_lock(&waiting_lock);
	list_for_each_entry(w, &waiting_list, list) {
		if (w->task == current) {
			found = w;
			break;
		}
	}
	spin_unlock(&waiting_lock);
	return found;
}

static void waiting_add(struct waiting *w)
{
	spin_lock(&waiting_lock);
	list_add(&w->list, &waiting_list);
	spin_unlock(&waiting_lock);
}

static void waiting_del(struct waiting *w)
{
	spin_lock(&waiting_lock);
	list_del(&w->list);
	spin_unlock(&waiting_lock);
}

/* Exec is past the point of no return: from here on, a failure kills. */
static int become(struct linux_binprm *bprm, struct vmad_plan *plan)
{
	int err;

	/* It rules where addresses end, and how what is mapped later is laid out. */
	current->personality = plan->task->personality;
	/* The new memory has a temporary stack at the top of a 64-bit address space. */
	ks_set_personality_64bit();
	err = vm_munmap(0, TASK_SIZE_MAX);
	if (plan->is32)
		set_personality_ia32(false);
	current->personality &= ~READ_IMPLIES_EXEC;
	setup_new_exec(bprm);
	set_binfmt(plan->is32 ? ks_compat_elf_format : ks_elf_format);
	if (!err)
		err = vmad_memory_restore(plan);
	if (!err)
		err = vmad_task_restore(plan);
	if (!err)
		err = vmad_regs_load(plan);
	if (err)
		return err;
	finalize_exec(bprm);
	return 0;
}

static int carry_out(struct linux_binprm *bprm, struct vmad_plan *plan)
{
	struct settle *s = settle_alloc(plan);
	int err;

	if (!s)
		return -ENOMEM;
	err = begin_new_exec(bprm);
	if (!err) {
		err = become(bprm, plan);
		if (err && plan->lost) {
			/* To exec it succeeds: the caller has another program to execute. */
			*plan->lost = true;
			plan->error = err;
			finalize_exec(bprm);
			kfree(s);
			return 0;
		}
		if (err) {
			pr_err_ratelimited("%s[%d]: killed while becoming %.16s (%d)\n",
					   bprm->filename, task_pid_nr(current),
					   plan->task->comm, err);
			send_sig(SIGKILL, current, 1);
		}
	}
	if (err)
		kfree(s);
	else
		settle_later(s);
	return err;
}

/* Restored programs go on with the signals blocked that the image says. */
static void take_sigmask(struct vmad_sigguard *guard, const struct vmad_plan *plan)
{
	if (plan->is_exec)
		return;
	vmad_sigset_set(&guard->blocked, plan->task->sigmask);
}

/* An image is executed as a file. */
static int load_file(struct linux_binprm *bprm)
{
	struct vmad_sigguard guard;
	struct vmad_plan *plan;
	umode_t mode = file_inode(bprm->file)->i_mode;
	int err;

	plan = kvzalloc(sizeof(*plan), GFP_KERNEL);
	if (!plan)
		return -ENOMEM;
	vmad_sigguard_enter(&guard);
	err = vmad_plan_read(plan, bprm->file, 0);
	/* The program took its decisions about trust when it was started elsewhere. */
	if (!err && (mode & (S_ISUID | S_ISGID)))
		err = -EPERM;
	if (!err)
		err = vmad_plan_check(plan);
	if (!err)
		err = vmad_plan_prepare(plan);
	if (!err)
		err = carry_out(bprm, plan);
	if (!err)
		take_sigmask(&guard, plan);
	vmad_sigguard_leave(&guard);
	vmad_plan_free(plan);
	kvfree(plan);
	return err;
}

static int load_image(struct linux_binprm *bprm)
{
	const Elf64_Ehdr *eh = (const void *)bprm->buf;
	struct waiting *w = find_waiting();

	/* Already when exec lets others look at the new program. */
	if (w && (!w->plan || w->plan->dumpable))
		bprm->interp_flags |= BINPRM_FLAGS_ENFORCE_NONDUMP;
	if (w && w->plan)
		return carry_out(bprm, w->plan);
	/* Up to e_version both word sizes are alike. */
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG) || eh->e_type != ET_CORE)
		return -ENOEXEC;
	return load_file(bprm);
}

static struct linux_binfmt format = {
	.module = THIS_MODULE,
	.load_binary = load_image,
};

static int exec_plan(struct vmad_plan *plan)
{
	struct waiting w = { .task = current, .plan = plan };
	int err;

	waiting_add(&w);
	err = vmad_exec_blank();
	waiting_del(&w);
	return err;
}

/**
 * vmad_exec_undumpable - vmad_exec_from() of a program that its user must not trace
 * @root: see there
 * @name: see there
 * @argv: see there
 * @envp: see there
 *
 * Not for one moment, if the user could not trace the caller before.
 *
 * Return: as vmad_exec_from().
 */
int vmad_exec_undumpable(const struct path *root, const char *name, const char *const *argv,
			 const char *const *envp)
{
	struct waiting w = { .task = current };
	int err;

	waiting_add(&w);
	err = vmad_exec_from(root, name, argv, envp);
	waiting_del(&w);
	return err;
}

static int restore(struct file *in, struct vmad_plan *plan, long *result)
{
	struct vmad_sigguard guard;
	int err;

	if (!(in->f_mode & FMODE_READ))
		return -EBADF;
	if (!in->f_op->read_iter)
		return -EINVAL;
	if ((in->f_flags & O_NONBLOCK) && !S_ISREG(file_inode(in)->i_mode))
		return -EAGAIN;
	vmad_sigguard_enter(&guard);
	err = vmad_plan_read(plan, in, in->f_pos);
	if (err == -ENOEXEC)
		err = -EINVAL;
	if (!err)
		err = vmad_plan_check(plan);
	if (!err)
		err = vmad_plan_prepare(plan);
	if (!err && result) {
		*result = vmad_regs_result(plan);
		err = exec_plan(plan);
		if (!err)
			err = plan->error;
	}
	if (!(in->f_mode & FMODE_STREAM))
		in->f_pos = plan->in.pos;
	if (!err && result)
		take_sigmask(&guard, plan);
	vmad_sigguard_leave(&guard);
	vmad_plan_free(plan);
	return err;
}

/**
 * vmad_restore - become the image in a file, pipe or socket
 * @in: read from its position, front to back, to the end of the image and no further
 * @result: receives what the caller must return from its system call, so that the new
 *	program finds it as its result; NULL: only see whether it could be done
 * @lost: set to true if the caller has no program any more, neither its own nor the image:
 *	it must execute another, or die. NULL: it is killed then
 * @dumpable: the program must not be traced as long as it has no more than exec left it of
 *	its credentials. The caller sees to those, and then makes it dumpable, if this is set
 *	to true. NULL: it has what it is to have
 *
 * Called from a system call, or from a new process that has not been in user mode yet. All
 * that can be checked is checked first, and an error then leaves the caller as it was.
 * Later a failure kills it. Like exec this keeps credentials, and ends other threads.
 *
 * Return: 0, then the caller goes to user mode and is the new program; or -errno as at
 * VMAD_IOC_DO_UNDUMP. If a fatal signal is pending there is no way back.
 */
int vmad_restore(struct file *in, long *result, bool *lost, bool *dumpable)
{
	struct vmad_plan *plan = kvzalloc(sizeof(*plan), GFP_KERNEL);
	int err;

	if (!plan)
		return -ENOMEM;
	plan->lost = lost;
	plan->dumpable = dumpable;
	err = restore(in, plan, result);
	kvfree(plan);
	return err;
}

/**
 * vmad_restore_program - execute the program whose image is in a file, pipe or socket
 * @in: as at vmad_restore()
 *
 * The image is one of a program that has not run yet, and to the caller this is an exec of
 * it: signals that it ignores or blocks stay so, whatever the image says, all others have
 * their default actions.
 *
 * Return: as vmad_restore(); after 0 the caller returns 0 from its system call.
 */
int vmad_restore_program(struct file *in)
{
	struct vmad_plan *plan = kvzalloc(sizeof(*plan), GFP_KERNEL);
	long result;
	int err;

	if (!plan)
		return -ENOMEM;
	plan->is_exec = true;
	err = restore(in, plan, &result);
	kvfree(plan);
	return err;
}

/* At load: images can be executed from now on. */
int vmad_binfmt_init(void)
{
	/* First of all, for a plan may be waiting. */
	insert_binfmt(&format);
	return 0;
}

/* At unload. */
void vmad_binfmt_exit(void)
{
	unregister_binfmt(&format);
	/* A task that has let go of the module may still be on its way out of settle(). */
	synchronize_rcu_tasks();
}
