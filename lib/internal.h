/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Both the kernel's and the library's names at once. Some constants are in both, with
 * the same values.
 */
#ifndef BPROC_INTERNAL_H
#define BPROC_INTERNAL_H

#include <sys/bproc.h>

#undef BPROC_NODE_MASTER
#undef BPROC_NODE_SELF
#undef BPROC_NODE_NONE
#undef BPROC_NODE_ANY
#undef BPROC_STATE_LEN
#undef BPROC_IO_FILE
#undef BPROC_IO_SOCKET
#undef BPROC_IO_SEND_INFO
#undef BPROC_IO_DELAY
#undef BPROC_IO_MAX
#undef BPROC_IO_DEFAULT
#undef BPROC_MIGRATE_FORCE

#include "handle.h"

#endif
