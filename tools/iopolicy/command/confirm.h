/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way from the command confirm to an apply that waits for it: a socket that only root reaches.
 * It also keeps two such commands apart.
 */
#ifndef _IOPOLICY_CONFIRM_H
#define _IOPOLICY_CONFIRM_H

#include <stdbool.h>
#include <linux/types.h>

/* Open the socket. Return its file descriptor, or -errno after a message. */
int confirm__listen(void);
/*
 * Wait for the command confirm, at most until a time (CLOCK_MONOTONIC, in nanoseconds) or a signal.
 * Return whether it came; then *reply_fd is open, and confirm waits for confirm__reply().
 */
bool confirm__wait(int listen_fd, __u64 until_ns, int *reply_fd);
void confirm__reply(int reply_fd);
void confirm__close(int listen_fd);

#endif /* _IOPOLICY_CONFIRM_H */
