// SPDX-License-Identifier: GPL-2.0-only
/* The character devices and their class; the nodes' device files as permissions. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/file.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "calls.h"
#include "device.h"
#include "kcompat.h"
#include "node.h"

enum {
	MINOR_USER,
	MINOR_MASTER,
	MINOR_SLAVE,
	MINOR_IOD,
	MINOR_NODES = 16,
	MINORS = MINOR_NODES + BPROC_NODES_MAX,
};

/*
 * One of those for local use. Were it the kernel's choice, there could be no device file
 * before the module is loaded, whose opening loads it.
 */
#define BPROC_MAJOR 60
MODULE_ALIAS_CHARDEV(BPROC_MAJOR, 0);
static_assert(MINOR_USER == 0);
MODULE_ALIAS("devname:bproc");

static const struct {
	const char *name;
	const struct file_operations *fops;
	umode_t mode;
} devices[] = {
	[MINOR_USER] = { "bproc", &bproc_user_fops, 0660 },
	[MINOR_MASTER] = { "bproc-master", &bproc_master_fops, 0600 },
	[MINOR_SLAVE] = { "bproc-slave", &bproc_slave_fops, 0600 },
	[MINOR_IOD] = { "bproc-iod", &bproc_iod_fops, 0600 },
};

static dev_t first;
static struct cdev cdev;
static struct class *class;
/* devtmpfs, mounted for the driver alone: no chroot or namespace hides or fakes it. */
static struct vfsmount *devtmpfs;

static int device_open(struct inode *inode, struct file *file)
{
	unsigned int minor = iminor(inode) - MINOR(first);

	if (minor < ARRAY_SIZE(devices)) {
		replace_fops(file, fops_get(devices[minor].fops));
		return file->f_op->open ? file->f_op->open(inode, file) : 0;
	}
	/* A node's file says who may run there; it can be opened and does nothing. */
	return minor >= MINOR_NODES ? 0 : -ENODEV;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.llseek = noop_llseek,
};

static char *class_devnode(BPROC_CONST_DEVICE struct device *dev, umode_t *mode)
{
	unsigned int minor = MINOR(dev->devt) - MINOR(first);

	/*
	 * A node's mode is the administrator's. A mode given here would come with each
	 * uevent, and udev would set it again at each change of state.
	 */
	if (mode && minor < ARRAY_SIZE(devices))
		*mode = devices[minor].mode;
	return NULL;
}

/* What people read: a state and an address of a node. */
struct node_words {
	char state[BPROC_STATE_LEN];
	char addr[INET6_ADDRSTRLEN];
};

static void node_words(const struct bproc_node *node, struct node_words *words)
{
	union {
		u8 bytes[BPROC_ADDR_LEN];
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr;

	spin_lock(&node->nodes->lock);
	memcpy(words->state, node->state, sizeof(words->state));
	memcpy(addr.bytes, node->addr, sizeof(addr.bytes));
	spin_unlock(&node->nodes->lock);
	words->addr[0] = 0;
	if (addr.in.sin_family == AF_INET)
		snprintf(words->addr, sizeof(words->addr), "%pI4", &addr.in.sin_addr);
	else if (addr.in.sin_family == AF_INET6)
		snprintf(words->addr, sizeof(words->addr), "%pI6c", &addr.in6.sin6_addr);
}

/* The properties of each event, whatever it tells, and of udevadm info. */
static int class_uevent(BPROC_CONST_DEVICE struct device *dev, struct kobj_uevent_env *env)
{
	const struct bproc_node *node = dev_get_drvdata(dev);
	struct node_words words;
	int err;

	if (!node)
		return 0;
	node_words(node, &words);
	err = add_uevent_var(env, "BPROC_NODE=%d", node->nr);
	if (!err)
		err = add_uevent_var(env, "BPROC_STATE=%s", words.state);
	if (!err && words.addr[0])
		err = add_uevent_var(env, "BPROC_ADDR=%s", words.addr);
	return err;
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct node_words words;

	node_words(dev_get_drvdata(dev), &words);
	return sysfs_emit(buf, "%s\n", words.state);
}
static DEVICE_ATTR_RO(state);

static ssize_t addr_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct node_words words;

	node_words(dev_get_drvdata(dev), &words);
	return sysfs_emit(buf, "%s\n", words.addr);
}
static DEVICE_ATTR_RO(addr);

static ssize_t node_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct bproc_node *node = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%d\n", node->nr);
}
static DEVICE_ATTR_RO(node);

static struct attribute *node_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_addr.attr,
	&dev_attr_node.attr,
	NULL,
};
ATTRIBUTE_GROUPS(node);

/**
 * bproc_node_device_add - make /dev/bpnodeN
 * @node: the node, whose @dev is filled
 *
 * Return: 0 or -errno.
 */
int bproc_node_device_add(struct bproc_node *node)
{
	struct device *dev;

	dev = device_create_with_groups(class, NULL, first + MINOR_NODES + node->nr, node,
					node_groups, "bpnode%d", node->nr);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	node->dev = dev;
	return 0;
}

/**
 * bproc_node_device_del - /dev/bpnodeN goes
 * @node: the node; nobody reads its attributes afterwards
 */
void bproc_node_device_del(struct bproc_node *node)
{
	device_destroy(class, node->dev->devt);
}

/**
 * bproc_node_device_changed - tell udev
 * @node: the node, whose state cannot change meanwhile
 */
void bproc_node_device_changed(struct bproc_node *node)
{
	kobject_uevent(&node->dev->kobj, KOBJ_CHANGE);
}

static int device_path(const char *name, struct path *path)
{
	return vfs_path_lookup(devtmpfs->mnt_root, devtmpfs, name, 0, path);
}

static int node_device_path(int nr, struct path *path)
{
	char name[16];

	snprintf(name, sizeof(name), "bpnode%d", nr);
	return device_path(name, path);
}

/**
 * bproc_user_access - could the caller open /dev/bproc?
 *
 * Return: 0, -EACCES, -ENOMEM, or -ENOSYS if there is none.
 */
int bproc_user_access(void)
{
	struct path path;
	int err;

	err = device_path(devices[MINOR_USER].name, &path);
	if (err)
		return err == -ENOMEM ? err : -ENOSYS;
	err = bproc_path_permission(&path, MAY_OPEN | MAY_READ);
	if (err)
		err = bproc_path_permission(&path, MAY_OPEN | MAY_WRITE);
	path_put(&path);
	return !err || err == -ENOMEM ? err : -EACCES;
}
BPROC_EXPORT(bproc_user_access);

/**
 * bproc_device_open - give the caller a descriptor of a device that is always there
 * @name: its name
 *
 * Return: the descriptor, or -errno as open(2) of it gives.
 */
int bproc_device_open(const char *name)
{
	struct file *file;
	struct path path;
	int fd, err;

	fd = get_unused_fd_flags(0);
	if (fd < 0)
		return fd;
	err = capable(CAP_SYS_ADMIN) ? device_path(name, &path) : -EPERM;
	if (!err) {
		err = bproc_path_permission(&path, MAY_OPEN | MAY_READ | MAY_WRITE);
		file = err ? ERR_PTR(err) : dentry_open(&path, O_RDWR, current_cred());
		err = PTR_ERR_OR_ZERO(file);
		path_put(&path);
	}
	if (err) {
		put_unused_fd(fd);
		return err;
	}
	fd_install(fd, file);
	return fd;
}
BPROC_EXPORT(bproc_device_open);

/**
 * bproc_node_device_access - may the caller write to a node's device file?
 * @nr: node number
 *
 * Return: 0, -EACCES, or -ENOMEM.
 */
int bproc_node_device_access(int nr)
{
	struct path path;
	int err;

	err = node_device_path(nr, &path);
	if (!err) {
		err = bproc_path_permission(&path, MAY_WRITE);
		path_put(&path);
	}
	return !err || err == -ENOMEM ? err : -EACCES;
}

/**
 * bproc_node_denies - is there a node's device file here that the caller may not write to?
 * @nr: node number
 */
bool bproc_node_denies(int nr)
{
	struct path path;
	bool denied;

	if (node_device_path(nr, &path))
		return false;
	denied = bproc_path_permission(&path, MAY_WRITE);
	path_put(&path);
	return denied;
}
BPROC_EXPORT(bproc_node_denies);

/**
 * bproc_node_device_owner - mode, owner and group of a node's device file
 * @nr: node number
 * @mode: permission bits
 * @uid: in the caller's user namespace
 * @gid: in the caller's user namespace
 *
 * Return: 0 or -errno of the lookup.
 */
int bproc_node_device_owner(int nr, u32 *mode, u32 *uid, u32 *gid)
{
	struct inode *inode;
	struct path path;
	int err;

	err = node_device_path(nr, &path);
	if (err)
		return err;
	inode = d_inode(path.dentry);
	*mode = inode->i_mode & 07777;
	*uid = from_kuid_munged(current_user_ns(), inode->i_uid);
	*gid = from_kgid_munged(current_user_ns(), inode->i_gid);
	path_put(&path);
	return 0;
}

/**
 * bproc_node_device_chmod - change the mode of a node's device file, as chmod(2) does
 * @nr: node number
 * @mode: bits 0666
 *
 * Return: 0, -EPERM, or -errno of the lookup.
 */
int bproc_node_device_chmod(int nr, umode_t mode)
{
	struct iattr attr = { .ia_valid = ATTR_MODE | ATTR_CTIME };
	struct inode *inode;
	struct path path;
	int err;

	err = node_device_path(nr, &path);
	if (err)
		return err;
	err = mnt_want_write(path.mnt);
	if (!err) {
		inode = d_inode(path.dentry);
		inode_lock(inode);
		attr.ia_mode = (inode->i_mode & ~0666) | mode;
		err = bproc_path_change(&path, &attr);
		inode_unlock(inode);
		mnt_drop_write(path.mnt);
	}
	path_put(&path);
	return err;
}

static int region_init(void)
{
	int err;

	first = MKDEV(BPROC_MAJOR, 0);
	err = register_chrdev_region(first, MINORS, "bproc");
	if (err != -EBUSY)
		return err;
	pr_warn("major number %d is taken: a /dev/bproc from before is not ours\n",
		BPROC_MAJOR);
	return alloc_chrdev_region(&first, 0, MINORS, "bproc");
}

static void devices_del(int n)
{
	while (--n >= 0)
		device_destroy(class, first + n);
}

/**
 * bproc_devices_init - make the class and the devices that are always there
 *
 * Return: 0 or -errno.
 */
int bproc_devices_init(void)
{
	struct file_system_type *type;
	struct device *dev;
	int err, i;

	type = get_fs_type("devtmpfs");
	if (!type) {
		pr_err("this kernel has no devtmpfs, which holds the nodes' permissions\n");
		return -ENODEV;
	}
	devtmpfs = kern_mount(type);
	module_put(type->owner);
	if (IS_ERR(devtmpfs))
		return PTR_ERR(devtmpfs);

	err = region_init();
	if (err)
		goto err_mount;
	class = bproc_class_create("bproc");
	if (IS_ERR(class)) {
		err = PTR_ERR(class);
		goto err_region;
	}
	class->devnode = class_devnode;
	class->dev_uevent = class_uevent;
	cdev_init(&cdev, &device_fops);
	cdev.owner = THIS_MODULE;
	err = cdev_add(&cdev, first, MINORS);
	if (err)
		goto err_class;
	for (i = 0; i < (int)ARRAY_SIZE(devices); i++) {
		dev = device_create(class, NULL, first + i, NULL, "%s", devices[i].name);
		if (IS_ERR(dev)) {
			err = PTR_ERR(dev);
			goto err_devices;
		}
	}
	return 0;

err_devices:
	devices_del(i);
	cdev_del(&cdev);
err_class:
	class_destroy(class);
err_region:
	unregister_chrdev_region(first, MINORS);
err_mount:
	kern_unmount(devtmpfs);
	return err;
}

/* At unload: no device is open, and no node is left. */
void bproc_devices_exit(void)
{
	devices_del(ARRAY_SIZE(devices));
	cdev_del(&cdev);
	class_destroy(class);
	unregister_chrdev_region(first, MINORS);
	kern_unmount(devtmpfs);
}
