/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BPROC_USAGE_H
#define BPROC_USAGE_H

/* Exit status of every program and command of this package after a wrong call. */
#define EXIT_USAGE 2

#endif
