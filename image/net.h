/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BPROC_IMAGE_NET_H
#define BPROC_IMAGE_NET_H

#include <stdbool.h>

/* Sets up lo, and an interface as "ip=" on the command line says; without it by DHCP. */
bool net_configure(const char *cmdline, unsigned int seconds);

#endif
