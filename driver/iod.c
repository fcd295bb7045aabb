// SPDX-License-Identifier: GPL-2.0-only
/* /dev/bproc-iod: the role of the I/O daemon of a part of the process space. */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "device.h"
#include "space.h"

static int iod_open(struct inode *inode, struct file *file)
{
	struct bproc_space *s;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	s = bproc_space_current();
	if (!s)
		return -ENOSYS;
	/* One I/O daemon for each part of the process space. */
	if (test_and_set_bit(0, &s->iod)) {
		bproc_space_put(s);
		return -EBUSY;
	}
	file->private_data = s;
	return nonseekable_open(inode, file);
}

static int iod_release(struct inode *inode, struct file *file)
{
	struct bproc_space *s = file->private_data;

	clear_bit(0, &s->iod);
	bproc_space_put(s);
	return 0;
}

const struct file_operations bproc_iod_fops = {
	.owner = THIS_MODULE,
	.open = iod_open,
	.release = iod_release,
};
