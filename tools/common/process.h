/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a tool settles with its environment: standard files, and the signals that end it.
 */
#ifndef _COMMON_PROCESS_H
#define _COMMON_PROCESS_H

#include <stdbool.h>

/* Who starts us without stdin, stdout or stderr must not get them as files of ours. */
void process__occupy_standard_files(void);

/*
 * From now on the first SIGINT, SIGTERM or SIGHUP is only noted, the second one ends the process.
 * SIGPIPE is ignored: writing says EPIPE.
 */
void process__catch_signals(void);
bool process__signalled(void);

/* Lets none of these signals in while something is half done; they come afterwards. */
void process__hold_signals(void);
void process__release_signals(void);

#endif /* _COMMON_PROCESS_H */
