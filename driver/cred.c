// SPDX-License-Identifier: GPL-2.0-only
/* Credentials that go along with a process, and what it may bring back. */
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/uaccess.h>

#include "cred.h"
#include "ghost.h"
#include "kcompat.h"
#include "ksyms.h"

/**
 * bproc_cred_fill - credentials as another machine is told them
 * @to: filled, but for no_new_privs
 * @from: the kernel's
 */
void bproc_cred_fill(struct bproc_cred *to, const struct cred *from)
{
	struct user_namespace *ns = &init_user_ns;

	memset(to, 0, sizeof(*to));
	to->uid[0] = from_kuid_munged(ns, from->uid);
	to->uid[1] = from_kuid_munged(ns, from->euid);
	to->uid[2] = from_kuid_munged(ns, from->suid);
	to->uid[3] = from_kuid_munged(ns, from->fsuid);
	to->gid[0] = from_kgid_munged(ns, from->gid);
	to->gid[1] = from_kgid_munged(ns, from->egid);
	to->gid[2] = from_kgid_munged(ns, from->sgid);
	to->gid[3] = from_kgid_munged(ns, from->fsgid);
	to->cap_bset = bproc_cap_u64(from->cap_bset);
	to->cap_inheritable = bproc_cap_u64(from->cap_inheritable);
	to->securebits = from->securebits;
	/* Capabilities in a user namespace are none outside of it. */
	if (from->user_ns == ns) {
		to->cap_permitted = bproc_cap_u64(from->cap_permitted);
		to->cap_effective = bproc_cap_u64(from->cap_effective);
		to->cap_ambient = bproc_cap_u64(from->cap_ambient);
	}
}

/* Are all IDs such as a process can have? */
static bool is_valid(const struct bproc_cred *c)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(c->uid); i++)
		if (!uid_valid(KUIDT_INIT(c->uid[i])) || !gid_valid(KGIDT_INIT(c->gid[i])))
			return false;
	return true;
}

/**
 * bproc_cred_groups - the supplementary groups in a stream's header
 * @h: the header
 * @uh: the same in the caller's memory, with its variable part
 *
 * Return: to be released with put_group_info(), or an ERR_PTR.
 */
struct group_info *bproc_cred_groups(const struct bproc_stream *h,
				     const struct bproc_stream __user *uh)
{
	const u32 __user *from = (const void __user *)(uh + 1);
	struct group_info *groups;
	u32 gid, i;

	if (h->ngroups > NGROUPS_MAX || (u64)h->ngroups * sizeof(gid) > h->size - sizeof(*h))
		return ERR_PTR(-EINVAL);
	groups = groups_alloc(h->ngroups);
	if (!groups)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < h->ngroups; i++) {
		int err = get_user(gid, from + i);

		groups->gid[i] = make_kgid(&init_user_ns, gid);
		if (err || !gid_valid(groups->gid[i])) {
			put_group_info(groups);
			return ERR_PTR(err ?: -EINVAL);
		}
	}
	groups_sort(groups);
	return groups;
}

/* As setuid(2) does: processes are counted for the real user. */
static int count_user(struct cred *new)
{
	struct user_struct *user;

	if (!uid_eq(new->user->uid, new->uid)) {
		user = ks_alloc_uid(new->uid);
		if (!user)
			return -ENOMEM;
		free_uid(new->user);
		new->user = user;
	}
	return ks_set_cred_ucounts(new);
}

/**
 * bproc_cred_put_on - the caller is a program that was restored: it has its credentials
 * @new: these; the reference goes
 * @dumpable: its user may trace it
 *
 * Under exec's locks, so that nobody who was found to have the right to trace what it was
 * traces what it is.
 *
 * Return: 0, or -EINTR if a fatal signal came.
 */
int bproc_cred_put_on(struct cred *new, bool dumpable)
{
	struct signal_struct *sig = current->signal;

	if (mutex_lock_killable(&sig->cred_guard_mutex))
		goto err_cred;
	if (down_write_killable(&sig->exec_update_lock))
		goto err_mutex;
	commit_creds(new);
	if (dumpable)
		bproc_set_dumpable();
	up_write(&sig->exec_update_lock);
	mutex_unlock(&sig->cred_guard_mutex);
	return 0;
err_mutex:
	mutex_unlock(&sig->cred_guard_mutex);
err_cred:
	abort_creds(new);
	return -EINTR;
}

/**
 * bproc_cred_come_home - the credentials of the process that the caller, a ghost, stands for
 * @old: what the process left with
 * @c: what it has there
 * @groups: likewise
 *
 * The way to the node and back gives nobody more. What the process gave up or changed
 * there is honoured if it could have made the same change here.
 *
 * Return: them, to be committed, or an ERR_PTR: -EINVAL, -ENOMEM or -EAGAIN.
 */
struct cred *bproc_cred_come_home(const struct cred *old, const struct bproc_cred *c,
				  struct group_info *groups)
{
	struct user_namespace *ns = &init_user_ns;
	struct cred *new;
	bool setuid, setgid;
	int err;

	if (!is_valid(c))
		return ERR_PTR(-EINVAL);
	new = prepare_creds();
	if (!new)
		return ERR_PTR(-ENOMEM);
	setuid = old->user_ns == ns && cap_raised(old->cap_permitted, CAP_SETUID);
	setgid = old->user_ns == ns && cap_raised(old->cap_permitted, CAP_SETGID);
	new->uid = setuid ? make_kuid(ns, c->uid[0]) : old->uid;
	new->euid = setuid ? make_kuid(ns, c->uid[1]) : old->euid;
	new->suid = setuid ? make_kuid(ns, c->uid[2]) : old->suid;
	new->fsuid = setuid ? make_kuid(ns, c->uid[3]) : old->fsuid;
	new->gid = setgid ? make_kgid(ns, c->gid[0]) : old->gid;
	new->egid = setgid ? make_kgid(ns, c->gid[1]) : old->egid;
	new->sgid = setgid ? make_kgid(ns, c->gid[2]) : old->sgid;
	new->fsgid = setgid ? make_kgid(ns, c->gid[3]) : old->fsgid;
	if (setgid)
		set_groups(new, groups);
	new->securebits = cap_raised(old->cap_permitted, CAP_SETPCAP) ? c->securebits :
									old->securebits;
	new->cap_inheritable = old->cap_inheritable;
	new->cap_permitted = old->cap_permitted;
	new->cap_effective = old->cap_effective;
	new->cap_ambient = old->cap_ambient;
	new->cap_bset = old->cap_bset;
	if (old->user_ns == ns) {
		new->cap_bset = bproc_cap_and(old->cap_bset, c->cap_bset);
		new->cap_permitted = bproc_cap_and(old->cap_permitted, c->cap_permitted);
		new->cap_effective = bproc_cap_and(new->cap_permitted, c->cap_effective);
		new->cap_ambient = bproc_cap_and(new->cap_permitted, c->cap_ambient);
		new->cap_inheritable = bproc_cap_and(old->cap_inheritable, c->cap_inheritable);
		new->cap_ambient = cap_intersect(new->cap_ambient, new->cap_inheritable);
	}
	err = count_user(new);
	if (err) {
		abort_creds(new);
		return ERR_PTR(err);
	}
	if (c->no_new_privs)
		task_set_no_new_privs(current);
	return new;
}

/**
 * bproc_cred_follow - the same before the caller executes a program for its process
 * @g: the ghost that the caller is
 * @h: the header of the process's stream
 * @uh: the same in the caller's memory, with its variable part
 *
 * For good, whatever comes of the exec: the program's user may trace the caller from then on,
 * also when it is a stub again, and what the process gave up is not to be had from it.
 *
 * Return: 0 or -errno.
 */
int bproc_cred_follow(struct bproc_ghost *g, const struct bproc_stream *h,
		      const struct bproc_stream __user *uh)
{
	struct group_info *groups = bproc_cred_groups(h, uh);
	struct cred *new;

	if (IS_ERR(groups))
		return PTR_ERR(groups);
	new = bproc_cred_come_home(g->cred, &h->cred, groups);
	put_group_info(groups);
	if (IS_ERR(new))
		return PTR_ERR(new);
	commit_creds(new);
	bproc_ghost_set_cred(g, current_cred());
	return 0;
}
