/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BPROC_DEBUG_H
#define BPROC_DEBUG_H

#include <linux/bproc.h>

struct bproc_space;

long bproc_debug(struct bproc_space *s, struct bproc_debug __user *arg);

#endif
