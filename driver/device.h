/* SPDX-License-Identifier: GPL-2.0-only */
/* The character devices and their class. */
#ifndef BPROC_DEVICE_H
#define BPROC_DEVICE_H

#include <linux/fs.h>

struct bproc_node;

extern const struct file_operations bproc_user_fops;
extern const struct file_operations bproc_master_fops;
extern const struct file_operations bproc_slave_fops;
extern const struct file_operations bproc_iod_fops;

int bproc_devices_init(void);
void bproc_devices_exit(void);
int bproc_node_device_add(struct bproc_node *node);
void bproc_node_device_del(struct bproc_node *node);
void bproc_node_device_changed(struct bproc_node *node);
int bproc_node_device_access(int nr);
int bproc_node_device_owner(int nr, u32 *mode, u32 *uid, u32 *gid);
int bproc_node_device_chmod(int nr, umode_t mode);

#endif
