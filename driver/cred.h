/* SPDX-License-Identifier: GPL-2.0-only */
/* Credentials that go along with a process, and what it may bring back. */
#ifndef BPROC_CRED_H
#define BPROC_CRED_H

#include <linux/bproc_msg.h>
#include <linux/bproc_stream.h>
#include <linux/cred.h>

struct bproc_ghost;
struct bproc_space;

/* Not only in a user namespace, whose capabilities are none outside of it. */
static inline bool bproc_cred_can(const struct cred *cred, int cap)
{
	return cred->user_ns == &init_user_ns && cap_raised(cred->cap_permitted, cap);
}

void bproc_cred_fill(struct bproc_cred *to, const struct cred *from);
struct group_info *bproc_cred_groups(const struct bproc_stream *h,
				     const struct bproc_stream __user *uh);
struct cred *bproc_cred_copy(const struct cred *cred);
const struct cred *bproc_cred_of_fork(const struct cred *cred);
bool bproc_cred_exceeds(const struct cred *cred, const struct cred *than);
int bproc_cred_regain_root(struct bproc_space *s);
int bproc_cred_put_on(struct cred *new, bool dumpable);
int bproc_cred_change(struct bproc_ghost *g, const struct bproc_cred *c,
		      struct group_info *groups);
int bproc_cred_heard(struct bproc_ghost *g, const struct bproc_msg_cred *m, size_t size);
int bproc_cred_wear(struct bproc_ghost *g);
int bproc_cred_follow(struct bproc_ghost *g, const struct bproc_stream *h,
		      const struct bproc_stream __user *uh);

/* credhook.c */
void bproc_cred_tell(struct bproc_space *s);
int bproc_credhook_init(void);
void bproc_credhook_exit(void);

#endif
