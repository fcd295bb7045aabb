// SPDX-License-Identifier: GPL-2.0-only
/* The original's functions: one table, and the conversion of what is simple. */
#include <linux/compat.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ptrace.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "legacy.h"

static struct legacy_call *call_of(const struct bproc_calling *c)
{
	return container_of(c, struct legacy_call, c);
}

/* --- nodes and processes --- */

static int put_version(const struct legacy_call *l)
{
	struct bproc_version v = l->c.args.version;

	v.arch = in_ia32_syscall() ? 1 : 4;
	return copy_to_user(legacy_pointer(l, 0), &v, sizeof(v)) ? -EFAULT : 0;
}

static int get_debug(struct legacy_call *l)
{
	/* What it was asked last has no meaning here; the original says so. */
	if (l->arg[0] == 4)
		return -ENOSYS;
	if (l->arg[0] > BPROC_DEBUG_IDS)
		return -EINVAL;
	l->c.args.debug.op = l->arg[0];
	l->c.args.debug.pid = l->arg[1];
	return 0;
}

static int put_debug(const struct legacy_call *l)
{
	const struct bproc_debug *d = &l->c.args.debug;
	struct bproc_legacy_debug to = {
		.ppid = d->ppid,
		.oppid = d->oppid,
		.here_ppid = d->here_ppid,
		.here_oppid = d->here_oppid,
	};

	return copy_to_user(legacy_pointer(l, 1), &to, sizeof(to)) ? -EFAULT : 0;
}

static const char *const states[] = {
	[BPROC_LEGACY_DOWN] = "down",
	[BPROC_LEGACY_UNAVAILABLE] = "unavailable",
	[BPROC_LEGACY_ERROR] = "error",
	[BPROC_LEGACY_UP] = "up",
	[BPROC_LEGACY_REBOOT] = "reboot",
	[BPROC_LEGACY_HALT] = "halt",
	[BPROC_LEGACY_PWROFF] = "pwroff",
	[BPROC_LEGACY_BOOT] = "boot",
};

static int state_number(const char *state)
{
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(states); i++)
		if (!strncmp(state, states[i], BPROC_STATE_LEN))
			return i;
	return BPROC_LEGACY_ERROR;
}

/* The last one seen is in the first element. */
static int get_list(struct legacy_call *l, u64 *info, u32 *count, s32 *after)
{
	s32 n = l->arg[1];

	if (n <= 0)
		return -EINVAL;
	*info = l->arg[0];
	*count = n;
	return get_user(*after, (s32 __user *)legacy_pointer(l, 0)) ? -EFAULT : 0;
}

static int get_info(struct legacy_call *l)
{
	struct bproc_node_list *list = &l->c.args.nodes;

	return get_list(l, &list->info, &list->count, &list->after);
}

static __be32 ipv4_address(const u8 *from)
{
	struct sockaddr_in in;

	memcpy(&in, from, sizeof(in));
	return in.sin_family == AF_INET ? in.sin_addr.s_addr : 0;
}

static int put_nodes(u64 to, u32 at, const struct bproc_node_info *from, u32 n)
{
	struct bproc_legacy_node_info __user *array = u64_to_user_ptr(to);
	struct bproc_legacy_node_info info;
	u32 i;

	for (i = 0; i < n; i++) {
		info = (struct bproc_legacy_node_info){
			.node = from[i].node,
			.status = state_number(from[i].state),
			.mode = (from[i].mode & 0222) >> 1,
			.user = min_t(u32, from[i].uid, 65534),
			.group = min_t(u32, from[i].gid, 65534),
			.addr = ipv4_address(from[i].addr),
		};
		if (copy_to_user(&array[at + i], &info, sizeof(info)))
			return -EFAULT;
	}
	return 0;
}

static int get_pinfo(struct legacy_call *l)
{
	struct bproc_proc_list *list = &l->c.args.procs;

	BUILD_BUG_ON(sizeof(struct bproc_legacy_proc_info) != sizeof(struct bproc_proc_info));
	list->node = BPROC_NODE_ANY;
	return get_list(l, &list->info, &list->count, &list->after);
}

/* --- node control --- */

static int get_status(struct legacy_call *l)
{
	u32 state = l->arg[1];

	if (state >= ARRAY_SIZE(states))
		return -EINVAL;
	l->c.args.status.node = l->arg[0];
	strscpy(l->c.args.status.state, states[state], BPROC_STATE_LEN);
	return 0;
}

static int get_chown(struct legacy_call *l)
{
	l->c.args.mode.node = l->arg[0];
	l->c.args.mode.mode = l->arg[1];
	return 0;
}

static int get_chroot(struct legacy_call *l)
{
	l->c.args.chroot.node = l->arg[0];
	l->c.args.chroot.path = l->arg[1];
	return 0;
}

static int get_node(struct legacy_call *l)
{
	l->c.args.order.node = l->arg[0];
	return 0;
}

static void set_address(u8 *to, __be32 addr, __be16 port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = addr,
		.sin_port = port,
	};

	if (addr || port)
		memcpy(to, &in, sizeof(in));
}

static int get_reconnect(struct legacy_call *l)
{
	struct bproc_connect *to = &l->c.args.connect;
	const void __user *from = legacy_pointer(l, 1);
	struct bproc_legacy_connect packed;
	sa_family_t family;

	to->node = l->arg[0];
	if (copy_from_user(&packed, from, sizeof(packed)))
		return -EFAULT;
	memcpy(&family, &packed, sizeof(family));
	if (family != AF_INET) {
		set_address(to->remote, packed.raddr, packed.rport);
		set_address(to->local, packed.laddr, packed.lport);
		return 0;
	}
	if (copy_from_user(to->remote, from, BPROC_LEGACY_SOCKADDR_LEN) ||
	    copy_from_user(to->local, from + BPROC_LEGACY_SOCKADDR_LEN,
			   BPROC_LEGACY_SOCKADDR_LEN))
		return -EFAULT;
	return 0;
}

/* --- images --- */

static int get_dump(struct legacy_call *l)
{
	l->c.args.dump.fd = l->arg[0];
	l->c.args.dump.flags = l->arg[1];
	return 0;
}

static int get_undump(struct legacy_call *l)
{
	l->c.args.undump.fd = l->arg[0];
	return 0;
}

/* A library of release 4 gives no length, so there may be anything. */
static int get_lib(struct legacy_call *l)
{
	s32 length = l->arg[1];

	l->c.args.lib.name = l->arg[0];
	if (length > 0 && length < PATH_MAX)
		l->c.args.lib.length = length;
	return 0;
}

static int get_lib_list(struct legacy_call *l)
{
	s32 size = l->arg[1];

	l->c.args.lib_list.buffer = l->arg[0];
	l->c.args.lib_list.size = max(size, 0);
	return 0;
}

/* The answer is the result. */
static int put_nothing(const struct legacy_call *l)
{
	return 0;
}

static const struct legacy_function functions[] = {
	{ BPROC_SYS_VERSION, BPROC_IOC_VERSION, NULL, put_version },
	{ BPROC_SYS_DEBUG, BPROC_IOC_DEBUG, get_debug, put_debug },
	{ BPROC_SYS_MASTER, .device = "bproc-master" },
	{ BPROC_SYS_SLAVE, .device = "bproc-slave" },
	{ BPROC_SYS_IOD, .device = "bproc-iod" },
	{ BPROC_SYS_NOTIFY, BPROC_IOC_NOTIFY },
	{ BPROC_SYS_NOTIFY_V4, BPROC_IOC_NOTIFY },
	{ BPROC_SYS_INFO, BPROC_IOC_INFO, get_info },
	{ BPROC_SYS_STATUS, BPROC_IOC_STATUS, get_status },
	{ BPROC_SYS_CHOWN, BPROC_IOC_CHOWN, get_chown },
	{ BPROC_SYS_CHROOT, BPROC_IOC_CHROOT, get_chroot },
	{ BPROC_SYS_REBOOT, BPROC_IOC_REBOOT, get_node },
	{ BPROC_SYS_HALT, BPROC_IOC_HALT, get_node },
	{ BPROC_SYS_PWROFF, BPROC_IOC_PWROFF, get_node },
	{ BPROC_SYS_PINFO, BPROC_IOC_PINFO, get_pinfo },
	{ BPROC_SYS_RECONNECT, BPROC_IOC_RECONNECT, get_reconnect },
	{ BPROC_SYS_REXEC, BPROC_IOC_REXEC, legacy_get_rexec },
	{ BPROC_SYS_MOVE, BPROC_IOC_MOVE, legacy_get_move },
	{ BPROC_SYS_RFORK, BPROC_IOC_RFORK, legacy_get_rfork },
	{ BPROC_SYS_EXECMOVE, BPROC_IOC_EXECMOVE, legacy_get_execmove },
	{ BPROC_SYS_EXEC, BPROC_IOC_EXEC, legacy_get_exec },
	{ BPROC_SYS_VRFORK, BPROC_IOC_VRFORK, legacy_get_vrfork },
	{ BPROC_SYS_VEXECMOVE, BPROC_IOC_VEXECMOVE, legacy_get_vexecmove },
	{ BPROC_SYS_VMAD_DUMP, VMAD_IOC_DO_DUMP, get_dump, put_nothing },
	{ BPROC_SYS_VMAD_UNDUMP, VMAD_IOC_DO_UNDUMP, get_undump },
	{ BPROC_SYS_VMAD_EXECDUMP, VMAD_IOC_EXECDUMP, legacy_get_execdump },
	{ BPROC_SYS_LIB_CLEAR, VMAD_IOC_LIB_CLEAR },
	{ BPROC_SYS_LIB_ADD, VMAD_IOC_LIB_ADD, get_lib },
	{ BPROC_SYS_LIB_DEL, VMAD_IOC_LIB_DEL, get_lib },
	{ BPROC_SYS_LIB_LIST, VMAD_IOC_LIB_LIST, get_lib_list },
	{ BPROC_SYS_LIB_SIZE, VMAD_IOC_LIB_SIZE },
};

static int get(struct bproc_calling *c)
{
	struct legacy_call *l = call_of(c);

	return l->function->get(l);
}

static int put(const struct bproc_calling *c)
{
	struct legacy_call *l = call_of(c);

	return l->function->put(l);
}

static const struct bproc_door door = {
	.get = get,
	.put = put,
	.get_io = legacy_get_io,
	.put_nodes = put_nodes,
};

/**
 * legacy_get_registers - what is called, and with what
 * @l: to be filled
 * @regs: the caller's registers
 */
void legacy_get_registers(struct legacy_call *l, const struct pt_regs *regs)
{
	if (in_ia32_syscall()) {
		l->nr = regs->bx;
		l->arg[0] = (u32)regs->cx;
		l->arg[1] = (u32)regs->dx;
	} else {
		l->nr = regs->di;
		l->arg[0] = regs->si;
		l->arg[1] = regs->dx;
	}
}

/**
 * legacy_make - make a call
 * @l: the call; @l->c.exits afterwards: the caller has to end
 *
 * Return: what the original returns.
 */
long legacy_make(struct legacy_call *l)
{
	const struct legacy_function *f = functions;
	long ret;

	/* What the device's file says of ioctls. */
	ret = bproc_user_access();
	if (ret)
		return ret;
	while (f->nr != l->nr)
		if (++f == functions + ARRAY_SIZE(functions))
			return -EINVAL;
	if (f->device)
		return bproc_device_open(f->device);
	l->function = f;
	l->c.door = &door;
	l->c.cmd = f->cmd;
	ret = bproc_call(&l->c);
	if (ret == -ENOTTY)
		return -EINVAL;
	/* A number of bytes that 32-bit programs and ioctls cannot be told. */
	if (f->nr == BPROC_SYS_VMAD_DUMP && ret > 0 && !in_ia32_syscall())
		return l->c.args.dump.bytes;
	return legacy_placed(l, ret);
}
