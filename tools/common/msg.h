/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages on stderr, "tool: what failed: why; what to do", and the messages of libbpf.
 *
 * libbpf's messages are kept, and printed only with --verbose: the last warnings often have the
 * reason of a failure, but among a dozen other lines.
 */
#ifndef _COMMON_MSG_H
#define _COMMON_MSG_H

#include <stdbool.h>

/* Set the name that begins each message. The string must stay valid. */
void msg__set_tool(const char *name);

/* Print a message and a line break; bytes that are not printable ASCII become '?'. */
void msg(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Do not print messages; the last one is kept. For the time when a screen is shown. */
void msg__hold(bool hold);

/* The last message, without the tool's name; "" before the first. */
const char *msg__last(void);

/* Collect libbpf's messages. Call this before any other function of libbpf. */
void msg__capture_libbpf(bool verbose);

/* The last warning of libbpf, cleaned, without its prefix; "" if there was none. */
const char *msg__libbpf_warning(void);

/* The latest of the kept warnings that contains the text; "" if there is none. */
const char *msg__libbpf_warning_with(const char *text);

#endif /* _COMMON_MSG_H */
