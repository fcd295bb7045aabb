/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BPROC_COMPAT_NUMBERS_H
#define BPROC_COMPAT_NUMBERS_H

#include <linux/types.h>

bool compat_number_taken(int nr, bool is32);

#endif
