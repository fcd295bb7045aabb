// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving a new program when its dynamic linker is done.
 *
 * A node has none of a program's libraries. So the dynamic linker does its work here, where
 * they are, and what it mapped is part of the image that travels. The kernel tells the
 * linker in the auxiliary vector where the program begins; there it finds a few
 * instructions of ours instead, which call the driver. That puts everything back as it was
 * and moves the process, which then goes on at the program's true beginning.
 */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/elf.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "calls.h"
#include "kcompat.h"
#include "ksyms.h"
#include "linked.h"
#include "move.h"
#include "space.h"

/* Any argument will do: the file knows the order. */
#define CALL _IO(BPROC_IOC_MAGIC, 0xDF)

/**
 * struct linked - a program that goes elsewhere as soon as it is linked
 * @space: where it is
 * @ops: what to do then
 * @data: for @ops
 * @code: the page with our instructions
 * @auxv: address of AT_ENTRY's value in the auxiliary vector
 * @entry: what it was
 * @fd: the descriptor that the instructions use
 */
struct linked {
	struct bproc_space *space;
	const struct bproc_linked_ops *ops;
	void *data;
	unsigned long code;
	unsigned long auxv;
	unsigned long entry;
	int fd;
};

static bool is_32bit(void)
{
	return !user_64bit_mode(current_pt_regs());
}

static int get_word(unsigned long address, unsigned long *value)
{
	u32 v32;
	int err;

	if (!is_32bit())
		return get_user(*value, (unsigned long __user *)address);
	err = get_user(v32, (u32 __user *)address);
	*value = v32;
	return err;
}

static int put_word(unsigned long address, unsigned long value)
{
	return is_32bit() ? put_user((u32)value, (u32 __user *)address) :
			    put_user(value, (unsigned long __user *)address);
}

/*
 * The new program's stack has its arguments, environment and auxiliary vector at the top:
 * argc, argv[], NULL, envp[], NULL, pairs of type and value.
 */
static int find_auxv(unsigned long *entry, bool *dynamic)
{
	unsigned long word = is_32bit() ? 4 : 8;
	unsigned long p = current_pt_regs()->sp;
	unsigned long value, type;

	*entry = 0;
	*dynamic = false;
	if (get_word(p, &value) || value > MAX_ARG_STRINGS)
		return -EFAULT;
	p += (value + 2) * word;
	do {
		if (get_word(p, &value) || fatal_signal_pending(current))
			return -EFAULT;
		p += word;
	} while (value);
	for (;; p += 2 * word) {
		if (get_word(p, &type) || get_word(p + word, &value) ||
		    fatal_signal_pending(current))
			return -EFAULT;
		if (type == AT_NULL)
			return *entry ? 0 : -ENOEXEC;
		if (type == AT_ENTRY)
			*entry = p + word;
		/* The base of the dynamic linker, if there is one. */
		if (type == AT_BASE)
			*dynamic = value != 0;
	}
}

static int write_code(struct linked *l)
{
	/* mov $ioctl, %eax; mov $fd, %edi; mov $CALL, %esi; syscall; ud2 */
	u8 code64[] = { 0xb8, 0, 0, 0, 0, 0xbf, 0, 0, 0, 0, 0xbe, 0, 0, 0, 0,
			0x0f, 0x05, 0x0f, 0x0b };
	/* mov $ioctl, %eax; mov $fd, %ebx; mov $CALL, %ecx; int $0x80; ud2 */
	u8 code32[] = { 0xb8, 0, 0, 0, 0, 0xbb, 0, 0, 0, 0, 0xb9, 0, 0, 0, 0,
			0xcd, 0x80, 0x0f, 0x0b };
	u8 *code = is_32bit() ? code32 : code64;
	u32 nr = is_32bit() ? 54 : 16, fd = l->fd, call = CALL;

	BUILD_BUG_ON(sizeof(code32) != sizeof(code64));
	memcpy(code + 1, &nr, 4);
	memcpy(code + 6, &fd, 4);
	memcpy(code + 11, &call, 4);
	if (access_process_vm(current, l->code, code, sizeof(code64),
			      FOLL_WRITE | FOLL_FORCE) != sizeof(code64))
		return -EFAULT;
	return put_word(l->auxv, l->code);
}

/* The program is linked: it begins, elsewhere. */
static long linked_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct linked *l = file->private_data;
	unsigned long code = l->code;
	long err = 0;

	if (cmd != CALL || task_active_pid_ns(current) != l->space->ns)
		return -ENOTTY;
	if (!code || cmpxchg(&l->code, code, 0) != code)
		return -EBUSY;
	vm_munmap(code, PAGE_SIZE);
	if (put_word(l->auxv, l->entry))
		err = -EFAULT;
	current_pt_regs()->ip = l->entry;
	/* What was opened by the linker, and this file, stay behind in any case. */
	return err ? err : l->ops->linked(l->data);
}

/* Each close comes here, and so does the end of the program, on its own. */
static int linked_flush(struct file *file, fl_owner_t id)
{
	struct linked *l = file->private_data;

	if (l->ops->exits && current->flags & PF_EXITING)
		l->ops->exits(l->data);
	return 0;
}

static int linked_release(struct inode *inode, struct file *file)
{
	struct linked *l = file->private_data;

	l->ops->free(l->data);
	bproc_space_put(l->space);
	kfree(l);
	return 0;
}

static const struct file_operations linked_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = linked_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.flush = linked_flush,
	.release = linked_release,
	.llseek = noop_llseek,
};

/**
 * bproc_linked_arm_with - have something done when the new program is linked
 * @s: the caller's space
 * @ops: what
 * @data: for @ops; taken over if 1 is returned
 *
 * The caller has executed a program and not yet run it.
 *
 * Return: 1: it will be done; 0: it is statically linked, do it now; -errno.
 */
int bproc_linked_arm_with(struct bproc_space *s, const struct bproc_linked_ops *ops, void *data)
{
	struct linked *l;
	struct file *file;
	bool dynamic;
	int err;

	l = kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);
	if (!l)
		return -ENOMEM;
	l->ops = ops;
	l->data = data;
	err = find_auxv(&l->auxv, &dynamic);
	if (err || !dynamic)
		goto err_free;
	err = get_word(l->auxv, &l->entry);
	if (err)
		goto err_free;
	err = l->fd = get_unused_fd_flags(O_CLOEXEC);
	if (err < 0)
		goto err_free;
	l->code = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, 0);
	err = IS_ERR_VALUE(l->code) ? (int)l->code : write_code(l);
	if (err)
		goto err_fd;
	file = anon_inode_getfile("[bproc-linked]", &linked_fops, l, O_RDWR);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto err_fd;
	}
	/* From here on the file's end frees it. */
	bproc_space_get(s);
	l->space = s;
	fd_install(l->fd, file);
	return 1;

err_fd:
	put_unused_fd(l->fd);
err_free:
	kfree(l);
	return err;
}

/* A program that moves. */
struct moving {
	struct bproc_space *space;
	struct bproc_order order;
};

static long moving_linked(void *data)
{
	struct moving *m = data;
	struct bproc_order order = m->order;
	struct bproc_space *s = m->space;

	/*
	 * When the caller turns into a ghost the descriptor that this call came by is closed.
	 * A child that has it, too, may free @m any time then.
	 */
	bproc_space_get(s);
	m->order.io = NULL;
	m->order.io_cred = NULL;
	bproc_move_linked(s, &order);
	put_cred(order.io_cred);
	kfree(order.io);
	bproc_space_put(s);
	if (order.exits)
		bproc_call_exit(order.exit_status);
	return 0;
}

static void moving_free(void *data)
{
	struct moving *m = data;

	bproc_space_put(m->space);
	put_cred(m->order.io_cred);
	kfree(m->order.io);
	kfree(m);
}

static const struct bproc_linked_ops moving_ops = {
	.linked = moving_linked,
	.free = moving_free,
};

/**
 * bproc_linked_arm - have the new program moved when it is linked
 * @s: the caller's space
 * @order: where to; the I/O list is copied
 *
 * Return: as bproc_linked_arm_with(): 0: move it now.
 */
int bproc_linked_arm(struct bproc_space *s, const struct bproc_order *order)
{
	struct moving *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	int err;

	if (!m)
		return -ENOMEM;
	bproc_space_get(s);
	m->space = s;
	m->order = *order;
	get_cred(m->order.io_cred);
	m->order.io = NULL;
	if (order->iolen > 0) {
		m->order.io = kmemdup(order->io, order->iolen * sizeof(*order->io),
				      GFP_KERNEL_ACCOUNT);
		if (!m->order.io) {
			moving_free(m);
			return -ENOMEM;
		}
	}
	err = bproc_linked_arm_with(s, &moving_ops, m);
	if (err <= 0)
		moving_free(m);
	return err;
}
