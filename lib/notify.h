/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Telling a service manager how far we are, over the socket in $NOTIFY_SOCKET.
 */
#ifndef BPROC_NOTIFY_H
#define BPROC_NOTIFY_H

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

#endif
