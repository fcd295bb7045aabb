// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include "tls.h"

#define IDENTITY "bproc/1"
/* TLS_AES_128_GCM_SHA256, the one cipher that is offered: the kernel knows it too. */
static const unsigned char cipher_id[2] = { 0x13, 0x01 };

static const char *const kind_names[TLS_KINDS] = {
	[TLS_LINK] = "bproc/1 link",
	[TLS_DOWN] = "bproc/1 down",
	[TLS_UP] = "bproc/1 up",
	[TLS_DOWN_PLAIN] = "bproc/1 down-plain",
	[TLS_UP_PLAIN] = "bproc/1 up-plain",
	[TLS_REJOIN] = "bproc/1 rejoin",
	[TLS_IO] = "bproc/1 io",
	[TLS_IO_PLAIN] = "bproc/1 io-plain",
	[TLS_PEER] = "bproc/1 peer",
	[TLS_PEER_PLAIN] = "bproc/1 peer-plain",
};

struct tls {
	SSL_CTX *ctx;
	bool server;
	unsigned char psk[32];
};

static char error_text[256];

/* Where a connection's secrets hang, and a context's struct tls. */
static int secrets_index = -1;
static int tls_index = -1;

static void free_secrets(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl,
			 void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	OPENSSL_clear_free(ptr, sizeof(struct tls_secrets));
}

static SSL_SESSION *make_session(SSL *ssl)
{
	const struct tls *tls = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), tls_index);
	const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, cipher_id);
	SSL_SESSION *session = SSL_SESSION_new();

	if (session && cipher &&
	    SSL_SESSION_set1_master_key(session, tls->psk, sizeof(tls->psk)) &&
	    SSL_SESSION_set_cipher(session, cipher) &&
	    SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION))
		return session;
	SSL_SESSION_free(session);
	return NULL;
}

static int use_psk(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *idlen,
		   SSL_SESSION **session)
{
	const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, cipher_id);

	*session = NULL;
	if (md && md != SSL_CIPHER_get_handshake_digest(cipher))
		return 1;
	*id = (const unsigned char *)IDENTITY;
	*idlen = strlen(IDENTITY);
	*session = make_session(ssl);
	return *session != NULL;
}

static int find_psk(SSL *ssl, const unsigned char *id, size_t idlen,
		    SSL_SESSION **session)
{
	*session = NULL;
	if (idlen != strlen(IDENTITY) || memcmp(id, IDENTITY, idlen))
		return 1;
	*session = make_session(ssl);
	return *session != NULL;
}

/* Accepts exactly the names above. */
static int select_kind(SSL *ssl, const unsigned char **out, unsigned char *outlen,
		       const unsigned char *in, unsigned int inlen, void *arg)
{
	int kind;

	(void)ssl, (void)arg;
	for (kind = 0; kind < TLS_KINDS; kind++)
		if (inlen == strlen(kind_names[kind]) + 1 && in[0] == inlen - 1 &&
		    !memcmp(in + 1, kind_names[kind], in[0])) {
			*out = in + 1;
			*outlen = in[0];
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/*
 * OpenSSL hands out the traffic secrets only through its key log, one line each:
 * LABEL, the client's random number and the secret in hexadecimal.
 */
static void catch_secret(const SSL *ssl, const char *line)
{
	struct tls_secrets *s = SSL_get_ex_data(ssl, secrets_index);
	bool client = !strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24);
	bool server = !strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24);
	const char *hex = strrchr(line, ' ');
	unsigned char *to;
	long len;
	unsigned char *raw;

	if ((!client && !server) || !s || !hex)
		return;
	raw = OPENSSL_hexstr2buf(hex + 1, &len);
	if (raw && len == TLS_SECRET_LEN) {
		bool sends = client == !SSL_is_server(ssl);

		to = sends ? s->send : s->receive;
		memcpy(to, raw, TLS_SECRET_LEN);
		*(sends ? &s->have_send : &s->have_receive) = true;
	}
	OPENSSL_clear_free(raw, raw ? (size_t)len : 0);
}

/* The key file may be of any length and content; TLS gets 32 bytes made of it. */
static bool derive_psk(struct tls *tls, const void *key, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	size_t out = sizeof(tls->psk);
	bool ok;

	ok = ctx && EVP_PKEY_derive_init(ctx) > 0 &&
	     EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) > 0 &&
	     EVP_PKEY_CTX_set1_hkdf_salt(ctx, (const unsigned char *)"bproc", 5) > 0 &&
	     EVP_PKEY_CTX_set1_hkdf_key(ctx, key, (int)len) > 0 &&
	     EVP_PKEY_CTX_add1_hkdf_info(ctx, (const unsigned char *)"link psk", 8) > 0 &&
	     EVP_PKEY_derive(ctx, tls->psk, &out) > 0;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

struct tls *tls_new_key(const void *key, size_t len, bool server, const char **error)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	SSL_CTX *ctx;

	*error = "out of memory";
	if (!tls)
		return NULL;
	if (secrets_index < 0)
		secrets_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_secrets);
	if (tls_index < 0)
		tls_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);

	tls->server = server;
	tls->ctx = ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	*error = "OpenSSL refuses TLS 1.3 with AES-128-GCM";
	if (!ctx || !derive_psk(tls, key, len) ||
	    !SSL_CTX_set_ex_data(ctx, tls_index, tls) ||
	    !SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
	    !SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") ||
	    !SSL_CTX_set_num_tickets(ctx, 0)) {
		tls_free(tls);
		return NULL;
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_keylog_callback(ctx, catch_secret);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (server) {
		SSL_CTX_set_psk_find_session_callback(ctx, find_psk);
		SSL_CTX_set_alpn_select_cb(ctx, select_kind, NULL);
	} else {
		/* Nothing but the key proves who the other side is: no certificates. */
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_psk_use_session_callback(ctx, use_psk);
	}
	*error = NULL;
	return tls;
}

struct tls *tls_new(const char *keyfile, bool server, const char **error)
{
	unsigned char key[TLS_KEY_MAX];
	struct tls *tls = NULL;
	struct stat st;
	ssize_t len;
	int fd;

	*error = error_text;
	fd = open(keyfile, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		snprintf(error_text, sizeof(error_text), "%s: %m", keyfile);
	} else if (!S_ISREG(st.st_mode)) {
		snprintf(error_text, sizeof(error_text), "%s: not a regular file",
			 keyfile);
	} else if (st.st_mode & 077) {
		snprintf(error_text, sizeof(error_text),
			 "%s: others than its owner may read it (mode %04o)", keyfile,
			 st.st_mode & 07777);
	} else if (st.st_size < TLS_KEY_MIN || st.st_size > TLS_KEY_MAX) {
		snprintf(error_text, sizeof(error_text),
			 "%s: %lld bytes; a key has %d to %d", keyfile,
			 (long long)st.st_size, TLS_KEY_MIN, TLS_KEY_MAX);
	} else {
		len = read(fd, key, sizeof(key));
		if (len == st.st_size)
			tls = tls_new_key(key, (size_t)len, server, error);
		else
			snprintf(error_text, sizeof(error_text), "%s: cannot be read",
				 keyfile);
	}
	if (fd >= 0)
		close(fd);
	OPENSSL_cleanse(key, sizeof(key));
	return tls;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->ctx);
	OPENSSL_cleanse(tls->psk, sizeof(tls->psk));
	free(tls);
}

SSL *tls_connection(struct tls *tls, int fd, enum tls_kind kind)
{
	struct tls_secrets *secrets = OPENSSL_zalloc(sizeof(*secrets));
	SSL *ssl = SSL_new(tls->ctx);
	unsigned char name[32];

	if (!ssl || !secrets || !SSL_set_ex_data(ssl, secrets_index, secrets)) {
		OPENSSL_free(secrets);
		goto fail;
	}
	if (!SSL_set_fd(ssl, fd))
		goto fail;
	if (tls->server) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	name[0] = (unsigned char)strlen(kind_names[kind]);
	memcpy(name + 1, kind_names[kind], name[0]);
	if (SSL_set_alpn_protos(ssl, name, name[0] + 1U))
		goto fail;
	SSL_set_connect_state(ssl);
	return ssl;
fail:
	SSL_free(ssl);
	return NULL;
}

bool tls_kind_is_plain(int kind)
{
	return kind == TLS_DOWN_PLAIN || kind == TLS_UP_PLAIN || kind == TLS_IO_PLAIN ||
	       kind == TLS_PEER_PLAIN;
}

int tls_kind(const SSL *ssl)
{
	const unsigned char *name;
	unsigned int len;
	int kind;

	SSL_get0_alpn_selected(ssl, &name, &len);
	for (kind = 0; name && kind < TLS_KINDS; kind++)
		if (len == strlen(kind_names[kind]) &&
		    !memcmp(name, kind_names[kind], len))
			return kind;
	return -1;
}

const struct tls_secrets *tls_secrets(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, secrets_index);
}

const char *tls_error(int code)
{
	unsigned long e = ERR_peek_last_error();
	int reason = ERR_GET_REASON(e);

	if (code == SSL_ERROR_ZERO_RETURN)
		return "the other side ended the connection";
	if (code == SSL_ERROR_SYSCALL && !e)
		return errno ? strerror(errno) : "the other side hung up";
	/*
	 * A wrong key shows on the server as a binder that does not verify, on the client
	 * as the alert that this provokes. A peer without any key of ours offers none,
	 * and there is no certificate to fall back to.
	 */
	if (reason == SSL_R_BINDER_DOES_NOT_VERIFY || reason == SSL_R_BAD_PSK ||
	    reason == SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER ||
	    reason == SSL_R_TLSV1_ALERT_DECRYPT_ERROR)
		return "wrong key";
	if (reason == SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM ||
	    reason == SSL_R_NO_SHARED_CIPHER)
		return "the other side does not know the key";
	if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return "the other side hung up";
	if (!e)
		return "unknown error";
	ERR_error_string_n(e, error_text, sizeof(error_text));
	return error_text;
}
