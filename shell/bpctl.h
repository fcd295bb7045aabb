/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpctl: control of nodes. */
#ifndef BPROC_BPCTL_H
#define BPROC_BPCTL_H

#include <sys/socket.h>

/* @len 0: none was given. */
struct bpctl_address {
	struct sockaddr_storage addr;
	socklen_t len;
};

/*
 * MASTER[:PORT[,LOCAL[:PORT]]], IPv6 addresses with a port in brackets. Returns NULL or
 * what is wrong.
 */
const char *bpctl_parse_addresses(const char *text, struct bpctl_address *remote,
				  struct bpctl_address *local);

/* bpctl check: is anything wrong with this installation? Exit status. */
int bpctl_check(int argc, char **argv);

/* The program bpctl, as a function: exit status. */
int bpctl_command(int argc, char **argv);

#endif
