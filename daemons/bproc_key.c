// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bproc-key: makes, installs and compares the secret of a cluster. It is printed only by
 * "show".
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "tls.h"
#include "usage.h"

#define KEY_BYTES 32

static const char usage[] =
	"Usage: bproc-key [options] generate|install|fingerprint|show [FILE]\n"
	"The key of a cluster, in FILE (default /etc/bproc/key).\n"
	"\n"
	"  generate     make a new key\n"
	"  install      take the key from the input\n"
	"  fingerprint  tell keys apart without showing them\n"
	"  show         write the key to the output\n"
	"\n"
	"  -f, --force    replace a key that is there\n"
	"  -h, --help     this text\n"
	"  -V, --version  version\n";

static const struct option options[] = {
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

struct key {
	unsigned char bytes[TLS_KEY_MAX];
	size_t len;
};

static int failed(const char *file)
{
	fprintf(stderr, "bproc-key: %s: %s\n", file, strerror(errno));
	return 1;
}

static bool write_all(int fd, const struct key *key)
{
	size_t done = 0;
	ssize_t n;

	while (done < key->len) {
		n = write(fd, key->bytes + done, key->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* Up to its end; a file that is too long or too short is no key. */
static bool read_key(int fd, const char *name, struct key *key)
{
	ssize_t n = 1;

	for (key->len = 0; n > 0 && key->len < sizeof(key->bytes);
	     key->len += (size_t)n) {
		n = read(fd, key->bytes + key->len, sizeof(key->bytes) - key->len);
		if (n < 0) {
			failed(name);
			return false;
		}
	}
	if (key->len >= TLS_KEY_MIN &&
	    !(key->len == sizeof(key->bytes) && n > 0 && read(fd, &(char){ 0 }, 1) == 1))
		return true;
	fprintf(stderr, "bproc-key: %s: a key has %d to %d bytes\n", name, TLS_KEY_MIN,
		TLS_KEY_MAX);
	return false;
}

/*
 * The file is the whole new key or the old one, never between, and never readable to
 * others.
 */
static int write_file(const char *file, const struct key *key, bool force)
{
	char temp[PATH_MAX], place[PATH_MAX];
	int fd, ret = 0;

	if (strlen(file) + sizeof("/.key.XXXXXX") > sizeof(temp)) {
		errno = ENAMETOOLONG;
		return failed(file);
	}
	strcpy(place, file);
	snprintf(temp, sizeof(temp), "%.*s/.key.XXXXXX", PATH_MAX - 16, dirname(place));
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return failed(file);
	if (!write_all(fd, key) || fchmod(fd, 0600) || fsync(fd) ||
	    (force ? rename(temp, file) : link(temp, file))) {
		ret = failed(file);
		if (errno == EEXIST)
			fputs("bproc-key: --force replaces it\n", stderr);
	}
	if (ret || !force)
		unlink(temp);
	close(fd);
	return ret;
}

static int generate(const char *file, bool force)
{
	unsigned char secret[KEY_BYTES];
	struct key key = { .len = 0 };
	size_t i;
	int ret;

	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		return failed("getrandom");
	/* As text, which survives an editor and a terminal. */
	for (i = 0; i < sizeof(secret); i++)
		key.len +=
			(size_t)sprintf((char *)key.bytes + key.len, "%02x", secret[i]);
	key.bytes[key.len++] = '\n';
	ret = write_file(file, &key, force);
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(&key, sizeof(key));
	return ret;
}

static int install(const char *file, bool force)
{
	struct key key;
	int ret = 1;

	if (isatty(STDIN_FILENO))
		fputs("bproc-key: the key, then Ctrl-D:\n", stderr);
	if (read_key(STDIN_FILENO, "input", &key))
		ret = write_file(file, &key, force);
	OPENSSL_cleanse(&key, sizeof(key));
	return ret;
}

static bool read_file(const char *file, struct key *key)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	bool ok;

	if (fd < 0) {
		failed(file);
		return false;
	}
	if (!fstat(fd, &st) && st.st_mode & 077)
		fprintf(stderr,
			"bproc-key: %s: others than its owner may read it (mode %04o)\n",
			file, st.st_mode & 07777);
	ok = read_key(fd, file, key);
	close(fd);
	return ok;
}

/* Of a label with the key: a hash of the key alone might serve elsewhere, too. */
static int fingerprint(const char *file)
{
	static const unsigned char label[] = "bproc-key fingerprint";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int i, len = 0;
	struct key key;

	if (!read_file(file, &key))
		return 1;
	if (!HMAC(EVP_sha256(), key.bytes, (int)key.len, label, sizeof(label) - 1, mac,
		  &len))
		len = 0;
	OPENSSL_cleanse(&key, sizeof(key));
	if (len < 16) {
		fputs("bproc-key: OpenSSL has no SHA-256\n", stderr);
		return 1;
	}
	for (i = 0; i < 16; i++)
		printf("%02x%s", mac[i], i == 15 ? "" : i % 2 ? ":" : "");
	printf("  %s\n", file);
	return 0;
}

static int show(const char *file)
{
	struct key key;
	int ret = 1;

	if (read_file(file, &key))
		ret = write_all(STDOUT_FILENO, &key) ? 0 : failed("output");
	OPENSSL_cleanse(&key, sizeof(key));
	return ret;
}

int main(int argc, char **argv)
{
	const char *file = "/etc/bproc/key", *verb;
	bool force = false;
	int c;

	while ((c = getopt_long(argc, argv, "fhV", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			force = true;
			break;
		default:
			return common_option(c, "bproc-key " VERSION, usage);
		}
	}
	verb = optind < argc ? argv[optind] : "";
	if (optind + 1 < argc)
		file = argv[optind + 1];
	umask(077);
	if (argc - optind <= 2) {
		if (!strcmp(verb, "generate"))
			return generate(file, force);
		if (!strcmp(verb, "install"))
			return install(file, force);
		if (!strcmp(verb, "fingerprint"))
			return fingerprint(file);
		if (!strcmp(verb, "show"))
			return show(file);
	}
	fputs(usage, stderr);
	return EXIT_USAGE;
}
