// SPDX-License-Identifier: GPL-2.0-only
/*
 * An empty program, in whose place an image is restored.
 *
 * Exec looks programs up by path only. So there is an empty file in a file system of our
 * own, which is mounted nowhere, and for the time of the lookup the caller has that file
 * system as its root directory. Thus a restore needs no file on the machine, and it makes no
 * difference what the caller sees of the machine's files.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/path.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "image.h"

static struct vfsmount *mount;

/**
 * vmad_exec_from - execute a program as seen from another root directory
 * @root: that directory
 * @name: path of the program
 * @argv: its arguments, ended by NULL, at least one
 * @envp: its environment, ended by NULL
 *
 * The caller's own root directory, which others may share, is not touched.
 *
 * Return: 0 or -errno as of execve().
 */
int vmad_exec_from(const struct path *root, const char *name, const char *const *argv,
		   const char *const *envp)
{
	struct fs_struct *own = current->fs;
	struct fs_struct *fs = kzalloc(sizeof(*fs), GFP_KERNEL_ACCOUNT);
	int err;

	if (!fs)
		return -ENOMEM;
	fs->users = 1;
	bproc_fs_lock_init(fs);
	fs->umask = own->umask;
	fs->root = *root;
	fs->pwd = *root;
	path_get(&fs->root);
	path_get(&fs->pwd);

	/* Others look at it under the task's lock only, and then take paths, not the whole. */
	task_lock(current);
	current->fs = fs;
	task_unlock(current);
	err = ks_kernel_execve(name, argv, envp);
	task_lock(current);
	current->fs = own;
	task_unlock(current);

	path_put(&fs->root);
	path_put(&fs->pwd);
	kfree(fs);
	return err;
}

/**
 * vmad_exec_blank - execute the empty program, for a binary format that knows better
 *
 * Return: 0 or -errno as of execve().
 */
int vmad_exec_blank(void)
{
	static const char *const argv[] = { "undump", NULL };
	static const char *const envp[] = { NULL };
	struct path root = { .mnt = mount, .dentry = mount->mnt_root };

	return vmad_exec_from(&root, "/undump", argv, envp);
}

/**
 * vmad_blank_init - make the file system with the empty program
 *
 * Return: 0 or -errno.
 */
int vmad_blank_init(void)
{
	struct file_system_type *type = get_fs_type("ramfs");
	struct path root;
	struct file *file;

	if (!type)
		return -ENODEV;
	mount = kern_mount(type);
	module_put(type->owner);
	if (IS_ERR(mount))
		return PTR_ERR(mount);
	root = (struct path){ .mnt = mount, .dentry = mount->mnt_root };
	file = file_open_root(&root, "undump", O_CREAT | O_EXCL | O_WRONLY, 0555);
	if (IS_ERR(file)) {
		kern_unmount(mount);
		return PTR_ERR(file);
	}
	/* Whoever may undump may execute it, whatever mask the module was loaded under. */
	inode_lock(file_inode(file));
	file_inode(file)->i_mode = S_IFREG | 0555;
	inode_unlock(file_inode(file));
	fput(file);
	return 0;
}

/* At unload. */
void vmad_blank_exit(void)
{
	kern_unmount(mount);
}
