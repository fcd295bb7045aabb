/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that are moved, or dumped, by others. */
#ifndef BPROC_MIGRATE_H
#define BPROC_MIGRATE_H

#include <linux/bproc_msg.h>
#include <linux/vmadump.h>

/* All that programs may say. */
#define BPROC_MIGRATE_FLAGS (VMAD_DUMP_ALL | BPROC_MIGRATE_FORCE)

struct bproc_calling;
struct bproc_killer;
struct bproc_msgbuf;
struct bproc_space;

int bproc_migrate_process(struct bproc_space *s, struct bproc_migrate *arg);
long bproc_migrate(struct bproc_calling *c);
long bproc_dump_proc(struct bproc_calling *c);
void bproc_migrate_for(struct bproc_killer *k, const struct bproc_msg *m,
		       const struct bproc_msg_call *call, bool tracer);
void bproc_migrate_reply(struct bproc_space *s, struct bproc_msgbuf *reply, int result, u32 why);
void bproc_migrate_here(struct bproc_space *s, const struct bproc_msg *m);

/* drain.c */
long bproc_drain(struct bproc_calling *c);

#endif
