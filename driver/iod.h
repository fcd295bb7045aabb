/* SPDX-License-Identifier: GPL-2.0-only */
/* The I/O daemon: who serves 0, 1, 2 of processes that left, and of those that came. */
#ifndef BPROC_IOD_H
#define BPROC_IOD_H

#include <linux/bproc_daemon.h>
#include <linux/bproc_msg.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct bproc_ghost;
struct bproc_space;

/**
 * struct bproc_iod - an I/O daemon's open file
 * @ref: one for the file, one for each call under way
 * @space: the part of the process space that it serves
 * @lock: guards @closed and @msgs
 * @closed: it is gone, or the space is; set once
 * @msgs: messages for it (struct bproc_io_msg), in order
 * @wait: its readers
 * @makes: arrivals that wait for their descriptors, by request (struct make)
 * @flushes: ghosts whose end waits for output, by request (struct flush)
 * @next: numbers of requests
 * @late: ends what waits in @flushes for too long
 */
struct bproc_iod {
	struct kref ref;
	struct bproc_space *space;
	spinlock_t lock;
	bool closed;
	struct list_head msgs;
	wait_queue_head_t wait;
	struct xarray makes;
	struct xarray flushes;
	atomic64_t next;
	struct delayed_work late;
};

/* A message for it, with the files that it carries. */
struct bproc_io_msg {
	struct list_head entry;
	struct file *file[3];
	struct {
		struct bproc_msg head;
		union {
			struct bproc_msg_io_take take;
			struct bproc_msg_io_make make;
			struct bproc_msg_io_flush flush;
		};
	} msg;
};

/* iod.c: what others call */
u64 bproc_iod_take(struct bproc_space *s, int node, pid_t pid);
void bproc_iod_go(struct bproc_space *s, u64 id, pid_t pid);
void bproc_iod_drop(struct bproc_space *s, u64 id, pid_t pid);
struct bproc_io_msg *bproc_iod_input(struct bproc_space *s);
void bproc_iod_leave(struct bproc_space *s, struct bproc_io_msg *input);
long bproc_iod_arrive(struct bproc_space *s, struct bproc_arrive_io __user *uarg);
void bproc_iod_home(struct bproc_space *s, u64 id);
void bproc_iod_end_ghost(struct bproc_space *s, struct bproc_ghost *g, int status);

/* iod.c: answers of the daemon, or of its end */
bool bproc_iod_made(struct bproc_iod *iod, u64 request, struct file **file, int result);
long bproc_iod_flushed(struct bproc_iod *iod, u64 request);
bool bproc_iod_flushes_end(struct bproc_iod *iod, bool all);

/* iod_dev.c */
struct bproc_iod *bproc_iod_of(struct bproc_space *s);
void bproc_iod_put(struct bproc_iod *iod);
struct bproc_io_msg *bproc_io_msg_alloc(u16 type, int node, pid_t pid, u64 id, size_t body,
					gfp_t gfp);
void bproc_io_msg_free(struct bproc_io_msg *m);
void bproc_io_files_put(struct file **file);
bool bproc_iod_post(struct bproc_iod *iod, struct bproc_io_msg *m);
void bproc_iod_watch(struct bproc_iod *iod, unsigned long delay);
void bproc_iod_shutdown(struct bproc_space *s);

#endif
