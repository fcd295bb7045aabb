// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "ktls.h"
#include "relay.h"
#include "stream.h"

void stream_socket_options(int fd)
{
	int on = 1;

	/* Messages and prefaces are small and somebody waits for each. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

int stream_descriptor(struct event_base *base, SSL *ssl, int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int err;

	if (!ssl)
		return fd;
	err = ktls_enable(ssl, fd);
	if (!err) {
		SSL_free(ssl);
		return fd;
	}
	if (err == -ENOENT) {
		if (!getpeername(fd, (struct sockaddr *)&peer, &len))
			return relay_descriptor(base, ssl, fd, (struct sockaddr *)&peer,
						len);
		err = -errno;
	}
	SSL_free(ssl);
	close(fd);
	return err;
}
