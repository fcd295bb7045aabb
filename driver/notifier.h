/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors that become readable when a node's state changes. */
#ifndef BPROC_NOTIFIER_H
#define BPROC_NOTIFIER_H

struct bproc_changes;

struct bproc_changes *bproc_changes_alloc(void);
void bproc_changes_put(struct bproc_changes *c);
void bproc_changes_note(struct bproc_changes *c);
void bproc_changes_end(struct bproc_changes *c);
int bproc_notifier_open(struct bproc_changes *c, int flags);

#endif
