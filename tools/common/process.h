/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Standard files of the process, and the signals that end it.
 */
#ifndef _COMMON_PROCESS_H
#define _COMMON_PROCESS_H

#include <stdbool.h>
#include <linux/types.h>

#include "iommufd_record.h"

/*
 * Open /dev/null as stdin, stdout or stderr if one of them is closed: otherwise another file that
 * we open would get its number and our output.
 */
void process__occupy_standard_files(void);

/*
 * Catch SIGINT, SIGTERM and SIGHUP: process__signalled() is true after the first of them, and the
 * second one ends the process. SIGPIPE is ignored, so writing returns EPIPE.
 */
void process__catch_signals(void);
bool process__signalled(void);

/* Let SIGHUP not end the process. process__hung_up() is true once after each. */
void process__catch_hangup(void);
bool process__hung_up(void);

/* Block these signals while an operation must not be interrupted; they are delivered afterwards. */
void process__hold_signals(void);
void process__release_signals(void);

/* Read the name of a process from /proc; "" if there is none. */
void process__comm(char comm[EVENT_COMM_LEN], __u32 tgid);

#endif /* _COMMON_PROCESS_H */
