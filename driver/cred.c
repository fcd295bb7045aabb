// SPDX-License-Identifier: GPL-2.0-only
/*
 * Credentials that go along with a process, how its ghost follows them, and what it may
 * bring back.
 */
#include <linux/cred.h>
#include <linux/key.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/securebits.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cred.h"
#include "ghost.h"
#include "kcompat.h"
#include "ksyms.h"
#include "space.h"

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

/**
 * bproc_cred_exceeds - can somebody open files that somebody else may not be able to?
 * @cred: somebody
 * @than: somebody else, of the same user namespace
 */
bool bproc_cred_exceeds(const struct cred *cred, const struct cred *than)
{
	return !uid_eq(cred->fsuid, than->fsuid) || !gid_eq(cred->fsgid, than->fsgid) ||
	       !uid_eq(cred->euid, than->euid) ||
	       !cap_issubset(cred->cap_effective, than->cap_effective);
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

static struct group_info *groups_of(const u32 *gids, u32 n)
{
	struct group_info *groups = groups_alloc(n);
	u32 i;

	if (!groups)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < n; i++) {
		groups->gid[i] = make_kgid(&init_user_ns, gids[i]);
		if (!gid_valid(groups->gid[i])) {
			put_group_info(groups);
			return ERR_PTR(-EINVAL);
		}
	}
	groups_sort(groups);
	return groups;
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
	struct group_info *groups;
	u32 *gids;

	if (h->ngroups > NGROUPS_MAX || (u64)h->ngroups * sizeof(*gids) > h->size - sizeof(*h))
		return ERR_PTR(-EINVAL);
	gids = kvmalloc_array(h->ngroups, sizeof(*gids), GFP_KERNEL);
	if (!gids)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(gids, uh + 1, h->ngroups * sizeof(*gids)))
		groups = ERR_PTR(-EFAULT);
	else
		groups = groups_of(gids, h->ngroups);
	kvfree(gids);
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
 * bproc_cred_regain_root - a ghost on a node has the privileges that it needs
 * @s: the node
 *
 * What it does, make the process that arrives in it, takes them; it may have left with those
 * of a process, or lost them in an attempt. The real user stays, by whom others see whose
 * child it is and who may signal it.
 *
 * Return: 0, -ENOMEM or -EAGAIN.
 */
int bproc_cred_regain_root(struct bproc_space *s)
{
	const struct cred *own = current_cred();
	struct task_struct *init;
	struct cred *new;
	int err;

	rcu_read_lock();
	init = get_task_struct(s->ns->child_reaper);
	rcu_read_unlock();
	new = prepare_kernel_cred(init);
	put_task_struct(init);
	if (!new)
		return -ENOMEM;
	if (uid_eq(own->euid, new->euid) &&
	    cap_issubset(new->cap_effective, own->cap_effective)) {
		abort_creds(new);
		return 0;
	}
	new->uid = own->uid;
	/* Exec counts for the real user, whoever it was before. */
	err = count_user(new);
	if (err) {
		abort_creds(new);
		return err;
	}
	return commit_creds(new);
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
	bproc_set_dumpable(dumpable ? BPROC_DUMPABLE : BPROC_UNDUMPABLE);
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
 * bproc_cred_copy - credentials that the caller can commit
 * @cred: what they are to be like
 *
 * Return: them, or NULL without memory.
 */
struct cred *bproc_cred_copy(const struct cred *cred)
{
	const struct cred *mine = override_creds(cred);
	struct cred *copy = prepare_creds();

	revert_creds(mine);
	return copy;
}

/**
 * bproc_cred_of_fork - credentials of a child
 * @cred: those of its parent
 *
 * Return: them, to be released with put_cred(), or NULL without memory.
 */
const struct cred *bproc_cred_of_fork(const struct cred *cred)
{
	struct cred *copy = bproc_cred_copy(cred);

#ifdef CONFIG_KEYS
	if (copy) {
		key_put(copy->thread_keyring);
		key_put(copy->process_keyring);
		copy->thread_keyring = NULL;
		copy->process_keyring = NULL;
	}
#endif
	return copy;
}

/* As setresuid(2) has it: one of those that it has, or any with the capability. */
static kuid_t may_have_uid(const struct cred *old, bool any, kuid_t own, u32 said)
{
	kuid_t uid = make_kuid(&init_user_ns, said);

	if (any || uid_eq(uid, old->uid) || uid_eq(uid, old->euid) || uid_eq(uid, old->suid))
		return uid;
	return own;
}

static kgid_t may_have_gid(const struct cred *old, bool any, kgid_t own, u32 said)
{
	kgid_t gid = make_kgid(&init_user_ns, said);

	if (any || gid_eq(gid, old->gid) || gid_eq(gid, old->egid) || gid_eq(gid, old->sgid))
		return gid;
	return own;
}

/* What is locked stays. */
static unsigned int may_have_bits(const struct cred *old, u32 said)
{
	unsigned int locks = old->securebits & SECURE_ALL_LOCKS;
	unsigned int kept = locks | locks >> 1;

	if (!cap_raised(old->cap_permitted, CAP_SETPCAP))
		return old->securebits;
	return (old->securebits & kept) | (said & (SECURE_ALL_BITS | SECURE_ALL_LOCKS) & ~kept);
}

/*
 * The way to a node and back gives nobody more. What a process gave up or changed there is
 * honoured if it could have made the same change here.
 */
static struct cred *changed(const struct cred *old, const struct bproc_cred *c,
			    struct group_info *groups)
{
	bool is_init = old->user_ns == &init_user_ns;
	bool setuid = bproc_cred_can(old, CAP_SETUID);
	bool setgid = bproc_cred_can(old, CAP_SETGID);
	struct cred *new;
	int err;

	if (!is_valid(c))
		return ERR_PTR(-EINVAL);
	new = bproc_cred_copy(old);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->uid = may_have_uid(old, setuid, old->uid, c->uid[0]);
	new->euid = may_have_uid(old, setuid, old->euid, c->uid[1]);
	new->suid = may_have_uid(old, setuid, old->suid, c->uid[2]);
	new->fsuid = may_have_uid(old, setuid, old->fsuid, c->uid[3]);
	new->gid = may_have_gid(old, setgid, old->gid, c->gid[0]);
	new->egid = may_have_gid(old, setgid, old->egid, c->gid[1]);
	new->sgid = may_have_gid(old, setgid, old->sgid, c->gid[2]);
	new->fsgid = may_have_gid(old, setgid, old->fsgid, c->gid[3]);
	if (setgid && groups)
		set_groups(new, groups);
	if (is_init) {
		new->securebits = may_have_bits(old, c->securebits);
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
	return new;
}

/**
 * bproc_cred_change - a process on a node has other credentials
 * @g: its ghost
 * @c: what the node says that they are, but for no_new_privs
 * @groups: likewise, its supplementary groups; NULL: they are as they were
 *
 * Its ghost's are those, as far as the process could have changed to them here: for good, so
 * that nobody who gets hold of the ghost, whose user may be another now, has more of it.
 *
 * Return: 0, -EINVAL, -ENOMEM or -EAGAIN.
 */
int bproc_cred_change(struct bproc_ghost *g, const struct bproc_cred *c,
		      struct group_info *groups)
{
	const struct cred *old;
	struct cred *new;
	bool done;

	bproc_ghost_said_users(g, make_kuid(&init_user_ns, c->uid[0]),
			       make_kuid(&init_user_ns, c->uid[2]));
	do {
		old = bproc_ghost_get_cred(g);
		new = changed(old, c, groups);
		if (IS_ERR(new)) {
			put_cred(old);
			return PTR_ERR(new);
		}
		done = bproc_ghost_replace_cred(g, old, new);
		put_cred(old);
		if (!done)
			abort_creds(new);
	} while (!done);
	return 0;
}

/**
 * bproc_cred_heard - BPROC_MSG_CRED: the same, and the ghost's task is to have them
 * @g: the ghost
 * @m: what the node says
 * @size: bytes of it, all of the structure at least
 *
 * Return: 0, -EINVAL, -ENOMEM or -EAGAIN.
 */
int bproc_cred_heard(struct bproc_ghost *g, const struct bproc_msg_cred *m, size_t size)
{
	struct group_info *groups;
	u32 n = m->ngroups == BPROC_GROUPS_UNTOLD ? 0 : m->ngroups;
	int err;

	if (m->reserved || size != struct_size(m, groups, n))
		return -EINVAL;
	groups = m->ngroups == n ? groups_of(m->groups, n) : NULL;
	if (IS_ERR(groups))
		return PTR_ERR(groups);
	err = bproc_cred_change(g, &m->cred, groups);
	if (groups)
		put_group_info(groups);
	if (err)
		return err;
	WRITE_ONCE(g->cred_changed, true);
	wake_up_all(&g->wait);
	return 0;
}

/**
 * bproc_cred_wear - the calling ghost has the credentials of its process
 * @g: the ghost
 *
 * Return: 0 or -ENOMEM.
 */
int bproc_cred_wear(struct bproc_ghost *g)
{
	const struct cred *cred = bproc_ghost_get_cred(g);
	struct cred *copy = bproc_cred_copy(cred);

	put_cred(cred);
	return copy ? commit_creds(copy) : -ENOMEM;
}

/**
 * bproc_cred_follow - the same before the caller executes a program for its process
 * @g: the ghost that the caller is
 * @h: the header of the process's stream
 * @uh: the same in the caller's memory, with its variable part
 *
 * The program's user may trace the caller from then on, also when it is a stub again.
 *
 * Return: 0 or -errno.
 */
int bproc_cred_follow(struct bproc_ghost *g, const struct bproc_stream *h,
		      const struct bproc_stream __user *uh)
{
	struct group_info *groups = bproc_cred_groups(h, uh);
	int err;

	if (IS_ERR(groups))
		return PTR_ERR(groups);
	err = bproc_cred_change(g, &h->cred, groups);
	put_group_info(groups);
	if (!err)
		err = bproc_cred_wear(g);
	if (!err && h->cred.no_new_privs)
		task_set_no_new_privs(current);
	return err;
}
