// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading the driver. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "cred.h"
#include "device.h"
#include "hook.h"
#include "ksyms.h"
#include "later.h"
#include "pidhook.h"
#include "space.h"
#include "trace.h"
#include "version.h"
#include "vmadump/vmadump.h"

static int __init bproc_init(void)
{
	int err;

	err = bproc_ksyms_resolve();
	if (err)
		return err;
	err = bproc_later_init();
	if (err)
		return err;
	err = vmad_init();
	if (err)
		goto err_later;
	err = bproc_trace_init();
	if (err)
		goto err_vmad;
	err = bproc_pidhook_init();
	if (err)
		goto err_trace;
	err = bproc_idhook_init();
	if (err)
		goto err_pidhook;
	err = bproc_credhook_init();
	if (err)
		goto err_idhook;
	err = bproc_killhook_init();
	if (err)
		goto err_credhook;
	err = bproc_getidhook_init();
	if (err)
		goto err_killhook;
	err = bproc_exechook_init();
	if (err)
		goto err_getidhook;
	err = bproc_devices_init();
	if (err)
		goto err_exechook;
	pr_info("version %s\n", BPROC_VERSION);
	return 0;

err_exechook:
	bproc_exechook_exit();
err_getidhook:
	bproc_getidhook_exit();
err_killhook:
	bproc_killhook_exit();
err_credhook:
	bproc_credhook_exit();
err_idhook:
	bproc_idhook_exit();
err_pidhook:
	bproc_pidhook_exit();
err_trace:
	bproc_trace_exit();
err_vmad:
	vmad_exit();
err_later:
	bproc_later_exit();
	return err;
}

static void __exit bproc_exit(void)
{
	bproc_devices_exit();
	bproc_findhook_exit();
	bproc_exechook_exit();
	bproc_getidhook_exit();
	bproc_killhook_exit();
	bproc_credhook_exit();
	bproc_idhook_exit();
	bproc_pidhook_exit();
	bproc_trace_exit();
	vmad_exit();
	bproc_later_exit();
	bproc_spaces_exit();
}

module_init(bproc_init);
module_exit(bproc_exit);
MODULE_DESCRIPTION("Beowulf Distributed Process Space");
MODULE_VERSION(BPROC_VERSION);
MODULE_LICENSE("GPL");
