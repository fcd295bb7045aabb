/* SPDX-License-Identifier: GPL-2.0-only */
/* Credentials that go along with a process, and what it may bring back. */
#ifndef BPROC_CRED_H
#define BPROC_CRED_H

#include <linux/bproc_msg.h>

struct bproc_ghost;
struct cred;
struct group_info;

void bproc_cred_fill(struct bproc_cred *to, const struct cred *from);
struct group_info *bproc_cred_groups(const struct bproc_stream *h,
				     const struct bproc_stream __user *uh);
struct cred *bproc_cred_come_home(const struct cred *old, const struct bproc_cred *c,
				  struct group_info *groups);
int bproc_cred_put_on(struct cred *new, bool dumpable);
int bproc_cred_follow(struct bproc_ghost *g, const struct bproc_stream *h,
		      const struct bproc_stream __user *uh);

#endif
