// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "bpshell_run.h"
#include "bpshell_word.h"

int bpshell_above(int fd)
{
	int above = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTORS);

	if (fd >= 0)
		close(fd);
	return above;
}

static int redirect(const struct bpshell_redirect *r, int status)
{
	char *name;
	int fd;

	if (!r->target) {
		if (dup2(r->from, r->fd) >= 0)
			return 0;
		fprintf(stderr, "bpshell: %d: %m\n", r->from);
		return 1;
	}
	name = bpshell_expand(r->target, status);
	if (!name)
		return EXIT_USAGE;
	fd = open(name, r->flags | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0)
		fprintf(stderr, "bpshell: %s: %m\n", name);
	free(name);
	if (fd == r->fd)
		return fcntl(fd, F_SETFD, 0) < 0;
	if (fd >= 0) {
		dup2(fd, r->fd);
		close(fd);
	}
	return fd < 0;
}

int bpshell_redirect(const struct bpshell_command *c, int status)
{
	int i, ret = 0;

	for (i = 0; i < c->redirects && !ret; i++)
		ret = redirect(&c->redirect[i], status);
	return ret;
}

bool bpshell_redirects_input(const struct bpshell_command *c)
{
	int i;

	for (i = 0; i < c->redirects; i++)
		if (c->redirect[i].fd == 0)
			return true;
	return false;
}

bool bpshell_save(struct bpshell_saved *s, const struct bpshell_command *c)
{
	int i, fd;

	for (i = 0; i < c->redirects; i++) {
		fd = c->redirect[i].fd;
		if (s->saved[fd])
			continue;
		/* -1: it is closed */
		s->flags[fd] = fcntl(fd, F_GETFD);
		s->copy[fd] = fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTORS);
		if (s->copy[fd] < 0 && s->flags[fd] >= 0) {
			fprintf(stderr, "bpshell: %d: %m\n", fd);
			return false;
		}
		s->saved[fd] = true;
	}
	return true;
}

void bpshell_restore(const struct bpshell_saved *s)
{
	int fd;

	for (fd = 0; fd < DESCRIPTORS; fd++) {
		if (!s->saved[fd])
			continue;
		if (s->copy[fd] < 0) {
			close(fd);
			continue;
		}
		dup3(s->copy[fd], fd, s->flags[fd] & FD_CLOEXEC ? O_CLOEXEC : 0);
		close(s->copy[fd]);
	}
}
