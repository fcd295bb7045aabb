/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cluster's configuration file, bproc.conf(5).
 */
#ifndef BPROC_CONFIG_H
#define BPROC_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <netinet/in.h>

#define CONFIG_INTERFACES 16

/* Where to listen; @addr has family 0 when the interface's own address is meant. */
struct config_interface {
	char name[16];
	struct sockaddr_in addr;
};

/**
 * struct config - what the file says
 * @nodes: number of nodes; from "nodes", else the highest with an address and one
 * @addr: their addresses, network order, 0 for none; @nodes elements
 * @interface: where to listen; none: everywhere
 * @interfaces: number of these
 * @port: TCP port in host order
 * @pingtimeout: seconds
 * @encryption: streams are encrypted
 * @streams: idle streams of each node in each direction
 * @logfacility: LOG_DAEMON, ...
 * @keyfile: path
 * @nodeup: path of the script that is run when a node comes
 */
struct config {
	unsigned int nodes;
	in_addr_t *addr;
	struct config_interface interface[CONFIG_INTERFACES];
	unsigned int interfaces;
	uint16_t port;
	unsigned int pingtimeout;
	bool encryption;
	unsigned int streams;
	int logfacility;
	char *keyfile;
	char *nodeup;
};

/*
 * Reads @path. NULL with a line "file:line: what" in @error, of @len bytes. Tags that
 * are not known are logged and otherwise ignored.
 */
struct config *config_read(const char *path, char *error, size_t len);
/* The same from an open file; for tests. */
struct config *config_parse(FILE *f, const char *name, char *error, size_t len);
void config_free(struct config *config);

/* Number of the node with this address (network order), or -1. */
int config_node(const struct config *config, in_addr_t addr);

#endif
