/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS in the kernel, set up by hand: OpenSSL 3.0 does not know how to receive TLS 1.3
 * through the kernel.
 */
#ifndef BPROC_KTLS_H
#define BPROC_KTLS_H

#include "tls.h"

#define KTLS_KEY_LEN 16 /* AES-128 */
#define KTLS_IV_LEN 12

/* Key and IV of records, from a traffic secret (RFC 8446, 7.3). False: OpenSSL failed. */
bool ktls_derive(const unsigned char secret[TLS_SECRET_LEN],
		 unsigned char key[KTLS_KEY_LEN], unsigned char iv[KTLS_IV_LEN]);

/*
 * Gives @fd, whose handshake @ssl has just ended without any data, to the kernel; then
 * it is read and written as a plain socket, and @ssl is of no further use. Returns 0;
 * -ENOENT if this kernel cannot (@ssl still works); another -errno: the connection
 * cannot be used any more.
 */
int ktls_enable(const SSL *ssl, int fd);

#endif
