// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <linux/tls.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include "ktls.h"

#ifndef SOL_TLS
#define SOL_TLS 282
#endif
#ifndef TCP_ULP
#define TCP_ULP 31
#endif

/* HKDF-Expand-Label of RFC 8446, with an empty context. */
static bool expand_label(const unsigned char secret[TLS_SECRET_LEN], const char *label,
			 unsigned char *out, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	unsigned char info[32];
	size_t label_len = strlen(label);
	bool ok;

	info[0] = (unsigned char)(len >> 8);
	info[1] = (unsigned char)len;
	info[2] = (unsigned char)(6 + label_len);
	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, label_len);
	info[9 + label_len] = 0;

	ok = ctx && EVP_PKEY_derive_init(ctx) > 0 &&
	     EVP_PKEY_CTX_hkdf_mode(ctx, EVP_PKEY_HKDEF_MODE_EXPAND_ONLY) > 0 &&
	     EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) > 0 &&
	     EVP_PKEY_CTX_set1_hkdf_key(ctx, secret, TLS_SECRET_LEN) > 0 &&
	     EVP_PKEY_CTX_add1_hkdf_info(ctx, info, (int)(10 + label_len)) > 0 &&
	     EVP_PKEY_derive(ctx, out, &len) > 0;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool ktls_derive(const unsigned char secret[TLS_SECRET_LEN],
		 unsigned char key[KTLS_KEY_LEN], unsigned char iv[KTLS_IV_LEN])
{
	return expand_label(secret, "key", key, KTLS_KEY_LEN) &&
	       expand_label(secret, "iv", iv, KTLS_IV_LEN);
}

static int set_direction(int fd, int which, const unsigned char *secret)
{
	struct tls12_crypto_info_aes_gcm_128 info = {
		.info.version = TLS_1_3_VERSION,
		.info.cipher_type = TLS_CIPHER_AES_GCM_128,
		/* the record sequence number stays 0: no data has passed yet */
	};
	unsigned char iv[KTLS_IV_LEN];
	int err = 0;

	if (!ktls_derive(secret, info.key, iv))
		return -EIO;
	memcpy(info.salt, iv, sizeof(info.salt));
	memcpy(info.iv, iv + sizeof(info.salt), sizeof(info.iv));
	if (setsockopt(fd, SOL_TLS, which, &info, sizeof(info)))
		err = -errno;
	OPENSSL_cleanse(&info, sizeof(info));
	OPENSSL_cleanse(iv, sizeof(iv));
	return err;
}

int ktls_enable(const SSL *ssl, int fd)
{
	const struct tls_secrets *s = tls_secrets(ssl);
	int err;

	if (!s || !s->have_send || !s->have_receive || SSL_pending(ssl))
		return -ENOENT;
	/* Without keys the "tls" layer changes nothing, so it is safe to try. */
	if (setsockopt(fd, SOL_TCP, TCP_ULP, "tls", 4))
		return -ENOENT;
	err = set_direction(fd, TLS_RX, s->receive);
	if (err)
		return err == -ENOENT ? -EIO : -ENOENT;
	err = set_direction(fd, TLS_TX, s->send);
	return err == -ENOENT ? -EIO : err;
}
