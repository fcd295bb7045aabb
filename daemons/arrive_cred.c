// SPDX-License-Identifier: GPL-2.0-or-later
#include <asm/errno.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include "arrive.h"
#include "sys.h"

struct capabilities {
	__u64 effective;
	__u64 permitted;
	__u64 inheritable;
};

static long cap_get(struct capabilities *c)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	long err;

	err = sys3(__NR_capget, (long)&head, (long)data, 0);
	if (err < 0)
		return err;
	c->effective = data[0].effective | (__u64)data[1].effective << 32;
	c->permitted = data[0].permitted | (__u64)data[1].permitted << 32;
	c->inheritable = data[0].inheritable | (__u64)data[1].inheritable << 32;
	return 0;
}

static long cap_set(const struct capabilities *c)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (__u32)c->effective, (__u32)c->permitted, (__u32)c->inheritable },
		{ (__u32)(c->effective >> 32), (__u32)(c->permitted >> 32),
		  (__u32)(c->inheritable >> 32) },
	};

	return sys3(__NR_capset, (long)&head, (long)data, 0);
}

static long set_ids(const struct bproc_cred *c, const __u32 *groups, __u32 ngroups)
{
	long err;

	/*
	 * A ghost has the real user of its process, but is one of root's when the kernel
	 * counts users' processes, and it counts anew only if the real user changes.
	 */
	err = sys3(__NR_setresuid, 0, 0, 0);
	if (err >= 0)
		err = sys3(__NR_setgroups, ngroups, (long)groups, 0);
	if (err >= 0)
		err = sys3(__NR_setresgid, c->gid[0], c->gid[1], c->gid[2]);
	if (err >= 0)
		err = sys3(__NR_setresuid, c->uid[0], c->uid[1], c->uid[2]);
	if (err < 0)
		return err;
	if (c->gid[3] != c->gid[1])
		sys3(__NR_setfsgid, c->gid[3], 0, 0);
	if (c->uid[3] != c->uid[1])
		sys3(__NR_setfsuid, c->uid[3], 0, 0);
	return 0;
}

static void set_ambient(__u64 ambient)
{
	int cap;

	sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);
	for (cap = 0; cap < 64; cap++)
		if (ambient >> cap & 1)
			sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap);
}

int arrive_as_caller(const struct bproc_stream *s, const __u32 *groups)
{
	struct capabilities caps;
	long err;

	err = cap_get(&caps);
	if (err >= 0)
		err = sys3(__NR_setgroups, s->ngroups, (long)groups, 0);
	if (err >= 0)
		err = sys3(__NR_setresgid, -1, s->io_gid, -1);
	/* The saved user is root, and so what is permitted stays. */
	if (err >= 0)
		err = sys3(__NR_setresuid, -1, s->io_uid, 0);
	caps.effective = s->io_caps & caps.permitted;
	return err < 0 ? (int)err : (int)cap_set(&caps);
}

int arrive_credentials(const struct bproc_stream *s, const __u32 *groups)
{
	const struct bproc_cred *c = &s->cred;
	struct capabilities have, want;
	__u64 all;
	long err;
	int cap;

	err = cap_get(&have);
	if (err < 0)
		return (int)err;
	all = have.permitted;
	have.effective = all;

	/* What this kernel does not know, or the node itself lacks, nobody gets. */
	want.permitted = c->cap_permitted & all;
	want.effective = c->cap_effective & want.permitted;
	want.inheritable = c->cap_inheritable & all;

	/* Inheritable first: later the bounding set would forbid it. */
	have.inheritable = want.inheritable;
	err = cap_set(&have);
	if (err < 0)
		return (int)err;
	for (cap = 0; cap < 64; cap++)
		if (all >> cap & 1 && !(c->cap_bset >> cap & 1))
			sys_prctl(PR_CAPBSET_DROP, cap, 0);

	/* The user IDs then change without any effect on the capabilities. */
	err = sys_prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0);
	if (err >= 0)
		err = set_ids(c, groups, s->ngroups);
	if (err < 0)
		return (int)err;

	have.effective = all;
	have.permitted = all;
	err = cap_set(&have);
	if (err >= 0)
		err = sys_prctl(PR_SET_SECUREBITS,
				c->securebits & ~SECBIT_NO_CAP_AMBIENT_RAISE, 0);
	if (err < 0)
		return (int)err;
	set_ambient(c->cap_ambient & want.permitted & want.inheritable);
	if (c->securebits & SECBIT_NO_CAP_AMBIENT_RAISE) {
		err = sys_prctl(PR_SET_SECUREBITS, c->securebits, 0);
		if (err < 0)
			return (int)err;
	}
	err = cap_set(&want);
	if (err < 0)
		return (int)err;
	if (c->no_new_privs)
		sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
	return 0;
}
