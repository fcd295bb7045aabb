/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The name of a relayed stream. When TLS is not in the kernel a daemon relays between
 * the connection and a pair of Unix sockets. The daemon's end is then bound to an
 * abstract name, which the process at the other end can ask for with getpeername(2):
 *
 *	NUL "bproc/" 16 digits that make it unique "/" 56 digits
 *
 * All digits are hexadecimal, lower case; the 56 are the bytes of the other machine's
 * address as struct sockaddr_in6 or sockaddr_in with zeroes behind.
 */
#ifndef BPROC_PEER_H
#define BPROC_PEER_H

#define PEER_NAME_LEN (1 + 6 + 16 + 1 + 56)

#endif
