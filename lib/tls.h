/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS 1.3 with a key that both ends know; no certificates.
 */
#ifndef BPROC_TLS_H
#define BPROC_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/ssl.h>

/* Shortest and longest key file, in bytes. */
#define TLS_KEY_MIN 16
#define TLS_KEY_MAX 4096

/* What a connection is for; the names are what ALPN carries (see link.h). */
enum tls_kind {
	TLS_LINK,
	TLS_DOWN,
	TLS_UP,
	TLS_DOWN_PLAIN,
	TLS_UP_PLAIN,
	TLS_REJOIN,
	TLS_IO,
	TLS_IO_PLAIN,
	TLS_PEER,
	TLS_PEER_PLAIN,
	TLS_KINDS,
};

/* Traffic secret of TLS 1.3 with a SHA-256 cipher. */
#define TLS_SECRET_LEN 32

/* The secrets that protect data in the two directions. */
struct tls_secrets {
	unsigned char send[TLS_SECRET_LEN];
	unsigned char receive[TLS_SECRET_LEN];
	bool have_send;
	bool have_receive;
};

struct tls;

/*
 * Reads the cluster's key. The file must be a regular file that only its owner can
 * read. NULL with *@error (static or in a buffer that the next call reuses).
 */
struct tls *tls_new(const char *keyfile, bool server, const char **error);
/* The same with the key itself; for tests. */
struct tls *tls_new_key(const void *key, size_t len, bool server, const char **error);
void tls_free(struct tls *tls);

/* A connection over @fd, which stays the caller's. @kind: for a client. */
SSL *tls_connection(struct tls *tls, int fd, enum tls_kind kind);

/* TLS ends after the handshake. */
bool tls_kind_is_plain(int kind);

/* After the handshake: what the client asked for, or -1. */
int tls_kind(const SSL *ssl);
const struct tls_secrets *tls_secrets(const SSL *ssl);

/* Why the last call on @ssl failed, with SSL_get_error()'s @code; a reused buffer. */
const char *tls_error(int code);

#endif
