/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that is the administrator's script, and who else may make it: bproc-nodeup,
 * which systemd starts for each connection to NODEUP_SOCKET. bpmaster is locked in, and
 * what a script does on nodes would be, too.
 */
#ifndef BPROC_NODEUP_RUN_H
#define BPROC_NODEUP_RUN_H

#include <limits.h>

#define NODEUP_SOCKET "/run/bproc/nodeup"
#define NODEUP_LOG_DIR "/var/log/bproc"

/* What bpmaster sends; the answer is a wait status, an int. */
struct nodeup_request {
	int number;
	char script[PATH_MAX];
};

/* In a child: becomes "@script NUMBER", in a group of its own, with its output in a file.
 */
void __attribute__((noreturn)) nodeup_run(const char *script, int number);

#endif
