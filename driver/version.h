/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BPROC_VERSION_H
#define BPROC_VERSION_H

#define BPROC_VERSION "5.0.0"

#endif
