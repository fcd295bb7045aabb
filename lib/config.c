// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bproc.h>
#include "config.h"
#include "link.h"
#include "log.h"

/* Of a line; more are for tags that take any number, and do not look at them. */
#define WORDS_MAX 16
#define ANY INT_MAX

struct parser {
	struct config *config;
	const char *name;
	unsigned int line;
	unsigned int next; /* node that an "ip" or "iprange" without a number is for */
	unsigned int highest;
	bool nodes_said;
	char *error;
	size_t error_len;
};

typedef bool parse_tag(struct parser *p, int argc, char **argv);

static bool __attribute__((format(printf, 2, 3)))
fail(struct parser *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(p->error, p->error_len, "%s:%u: ", p->name, p->line);
	if (n < 0 || (size_t)n >= p->error_len)
		return false;
	va_start(ap, fmt);
	vsnprintf(p->error + n, p->error_len - (size_t)n, fmt, ap);
	va_end(ap);
	return false;
}

static bool parse_number(struct parser *p, const char *word, unsigned long min,
			 unsigned long max, unsigned int *value)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(word, &end, 10);
	if (!isdigit((unsigned char)*word) || *end || errno || v < min || v > max)
		return fail(p, "'%s' is not a number from %lu to %lu", word, min, max);
	*value = (unsigned int)v;
	return true;
}

static bool parse_address(struct parser *p, const char *word, in_addr_t *addr)
{
	struct in_addr in;

	if (inet_pton(AF_INET, word, &in) != 1 || !in.s_addr)
		return fail(p, "'%s' is not an IPv4 address", word);
	*addr = in.s_addr;
	return true;
}

static bool parse_yes(struct parser *p, const char *word, bool *value)
{
	*value =
		!strcasecmp(word, "yes") || !strcasecmp(word, "on") || !strcmp(word, "1");
	if (*value || !strcasecmp(word, "no") || !strcasecmp(word, "off") ||
	    !strcmp(word, "0"))
		return true;
	return fail(p, "'%s' is neither yes nor no", word);
}

static bool set_address(struct parser *p, unsigned int node, in_addr_t addr)
{
	int other;

	if (node >= BPROC_NODES_MAX)
		return fail(p, "node %u: the highest possible is %u", node,
			    BPROC_NODES_MAX - 1);
	other = config_node(p->config, addr);
	if (other >= 0 && other != (int)node)
		return fail(p, "node %u has the address of node %d", node, other);
	p->config->addr[node] = addr;
	if (node >= p->highest)
		p->highest = node + 1;
	p->next = node + 1;
	/* config_node() above looks at as many as there are so far */
	if (!p->nodes_said)
		p->config->nodes = p->highest;
	return true;
}

static bool tag_nodes(struct parser *p, int argc, char **argv)
{
	(void)argc;
	p->nodes_said = parse_number(p, argv[1], 0, BPROC_NODES_MAX, &p->config->nodes);
	return p->nodes_said;
}

static bool tag_ip(struct parser *p, int argc, char **argv)
{
	unsigned int node = p->next;
	in_addr_t addr = 0;

	if (argc == 3 && !parse_number(p, argv[1], 0, BPROC_NODES_MAX - 1, &node))
		return false;
	return parse_address(p, argv[argc - 1], &addr) && set_address(p, node, addr);
}

static bool tag_iprange(struct parser *p, int argc, char **argv)
{
	unsigned int node = p->next;
	in_addr_t first = 0, last = 0;
	uint32_t a;

	if (argc == 4 && !parse_number(p, argv[1], 0, BPROC_NODES_MAX - 1, &node))
		return false;
	if (!parse_address(p, argv[argc - 2], &first) ||
	    !parse_address(p, argv[argc - 1], &last))
		return false;
	if (ntohl(first) > ntohl(last))
		return fail(p, "the range ends before it begins");
	for (a = ntohl(first); a <= ntohl(last); a++)
		if (!set_address(p, node++, htonl(a)))
			return false;
	return true;
}

static bool tag_interface(struct parser *p, int argc, char **argv)
{
	struct config_interface *i = &p->config->interface[p->config->interfaces];

	if (p->config->interfaces == CONFIG_INTERFACES)
		return fail(p, "more than %d interfaces", CONFIG_INTERFACES);
	if (strlen(argv[1]) >= sizeof(i->name))
		return fail(p, "'%s' is too long for an interface", argv[1]);
	strcpy(i->name, argv[1]);
	i->addr.sin_family = AF_UNSPEC;
	if (argc > 2) {
		if (!parse_address(p, argv[2], &i->addr.sin_addr.s_addr))
			return false;
		i->addr.sin_family = AF_INET;
	}
	p->config->interfaces++;
	return true;
}

static bool tag_port(struct parser *p, int argc, char **argv)
{
	struct servent *s = getservbyname(argv[1], "tcp");
	unsigned int port;

	(void)argc;
	if (s && !isdigit((unsigned char)*argv[1]))
		port = ntohs((uint16_t)s->s_port);
	else if (!parse_number(p, argv[1], 1, 65535, &port))
		return false;
	p->config->port = (uint16_t)port;
	return true;
}

static bool tag_pingtimeout(struct parser *p, int argc, char **argv)
{
	(void)argc;
	return parse_number(p, argv[1], 2, 3600, &p->config->pingtimeout);
}

static bool tag_streams(struct parser *p, int argc, char **argv)
{
	(void)argc;
	return parse_number(p, argv[1], 1, LINK_STREAMS_MAX / 2, &p->config->streams);
}

static bool tag_encryption(struct parser *p, int argc, char **argv)
{
	(void)argc;
	return parse_yes(p, argv[1], &p->config->encryption);
}

static bool set_path(struct parser *p, const char *word, char **path)
{
	if (word[0] != '/')
		return fail(p, "'%s' is not an absolute path", word);
	free(*path);
	*path = strdup(word);
	return *path ? true : fail(p, "out of memory");
}

static bool tag_keyfile(struct parser *p, int argc, char **argv)
{
	(void)argc;
	return set_path(p, argv[1], &p->config->keyfile);
}

static bool tag_nodeup(struct parser *p, int argc, char **argv)
{
	(void)argc;
	return set_path(p, argv[1], &p->config->nodeup);
}

static bool tag_logfacility(struct parser *p, int argc, char **argv)
{
	int facility = log_facility(argv[1]);

	(void)argc;
	if (facility < 0)
		return fail(p, "'%s' is not a syslog facility", argv[1]);
	p->config->logfacility = facility;
	return true;
}

/*
 * Words of the original whose purpose is gone or belongs to other programs. The key
 * takes the place of the privileged ports.
 */
static bool tag_ignored(struct parser *p, int argc, char **argv)
{
	(void)argc;
	log_debug("%s:%u: '%s' has no effect", p->name, p->line, argv[0]);
	return true;
}

static const struct {
	const char *name;
	int min, max; /* words behind the tag */
	parse_tag *parse;
} tags[] = {
	{ "nodes", 1, 1, tag_nodes },
	{ "ip", 1, 2, tag_ip },
	{ "iprange", 2, 3, tag_iprange },
	{ "interface", 1, 3, tag_interface },
	{ "bprocport", 1, 1, tag_port },
	{ "port", 1, 1, tag_port },
	{ "pingtimeout", 1, 1, tag_pingtimeout },
	{ "streams", 1, 1, tag_streams },
	{ "encryption", 1, 1, tag_encryption },
	{ "keyfile", 1, 1, tag_keyfile },
	{ "nodeup", 1, 1, tag_nodeup },
	{ "logfacility", 1, 1, tag_logfacility },
	{ "allowinsecureports", 0, ANY, tag_ignored },
	{ "slavetimesync", 0, ANY, tag_ignored },
	{ "slave", 0, ANY, tag_ignored },
	{ "master", 0, ANY, tag_ignored },
	{ "bootfile", 0, ANY, tag_ignored },
	{ "libraries", 0, ANY, tag_ignored },
	{ "librariesfrombinary", 0, ANY, tag_ignored },
	{ "node", 0, ANY, tag_ignored },
};

/*
 * Splits in place, with quotes and backslashes; the number of words, of which @argv has
 * the first WORDS_MAX, or -1.
 */
static int split(struct parser *p, char *line, char **argv)
{
	char *from = line, *to, quote = 0;
	int argc = 0;

	for (;;) {
		while (isspace((unsigned char)*from))
			from++;
		if (!*from || *from == '#')
			return argc;
		to = from;
		if (argc < WORDS_MAX)
			argv[argc] = to;
		argc++;
		for (; *from && (quote || !isspace((unsigned char)*from)); from++) {
			if (quote ? *from == quote : *from == '"' || *from == '\'')
				quote = quote ? 0 : *from;
			else if (*from == '\\' && from[1])
				*to++ = *++from;
			else
				*to++ = *from;
		}
		if (quote) {
			fail(p, "a quote has no end");
			return -1;
		}
		if (*from)
			from++;
		*to = 0;
	}
}

static bool parse_line(struct parser *p, char *line)
{
	char *argv[WORDS_MAX];
	int argc = split(p, line, argv);
	size_t i;

	if (argc <= 0)
		return argc == 0;
	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (strcasecmp(argv[0], tags[i].name))
			continue;
		if (argc - 1 < tags[i].min || argc - 1 > tags[i].max)
			return fail(p, "'%s' takes %d to %d words", argv[0], tags[i].min,
				    tags[i].max);
		return tags[i].parse(p, argc, argv);
	}
	log_warn("%s:%u: unknown word '%s' is ignored", p->name, p->line, argv[0]);
	return true;
}

struct config *config_parse(FILE *f, const char *name, char *error, size_t len)
{
	struct parser p = { .name = name, .error = error, .error_len = len };
	struct config *c = calloc(1, sizeof(*c));
	char *line = NULL;
	size_t size = 0;
	bool ok;

	p.config = c;
	ok = c && (c->addr = calloc(BPROC_NODES_MAX, sizeof(*c->addr))) &&
	     (c->keyfile = strdup("/etc/bproc/key")) &&
	     (c->nodeup = strdup("/etc/bproc/node_up"));
	if (!ok) {
		snprintf(error, len, "%s: out of memory", name);
	} else {
		c->port = LINK_PORT;
		c->pingtimeout = 30;
		c->encryption = true;
		c->logfacility = LOG_DAEMON;
	}
	while (ok && getline(&line, &size, f) >= 0) {
		p.line++;
		ok = parse_line(&p, line);
	}
	/* What cannot be read to its end says nothing of how many nodes there are. */
	if (ok && (ferror(f) || !feof(f))) {
		snprintf(error, len, "%s: %m", name);
		ok = false;
	}
	free(line);
	if (ok && p.nodes_said && p.highest > c->nodes)
		ok = fail(&p, "node %u has an address, but there are only %u nodes",
			  p.highest - 1, c->nodes);
	/* Each costs a handshake when a node comes, and many nodes come at once. */
	if (ok && !c->streams)
		c->streams = c->nodes <= 32 ? 4 : c->nodes <= 128 ? 2 : 1;
	if (ok)
		return c;
	config_free(c);
	return NULL;
}

struct config *config_read(const char *path, char *error, size_t len)
{
	FILE *f = fopen(path, "re");
	struct config *c;

	if (!f) {
		snprintf(error, len, "%s: %m", path);
		return NULL;
	}
	c = config_parse(f, path, error, len);
	fclose(f);
	return c;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	free(config->addr);
	free(config->keyfile);
	free(config->nodeup);
	free(config);
}

int config_node(const struct config *config, in_addr_t addr)
{
	unsigned int i;

	/* "nodes" may come before or after the addresses: all places are there always */
	for (i = 0; i < BPROC_NODES_MAX; i++)
		if (addr && config->addr[i] == addr)
			return (int)i;
	return -1;
}
