/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages on stderr, "tool: thing: reason; fix", and what libbpf has to say.
 *
 * libbpf's own messages are collected quietly: its last warnings often name the reason of a
 * failure, but come in the middle of a dozen lines that name none. --verbose prints them all.
 */
#ifndef _COMMON_MSG_H
#define _COMMON_MSG_H

#include <stdbool.h>

/* The name that begins each message; must live on. */
void msg__set_tool(const char *name);

/* One message; a line break is added, and all bytes that are no printable ASCII are replaced. */
void msg(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The last message, without the tool's name; "" before the first. */
const char *msg__last(void);

/* To be called before anything of libbpf. */
void msg__capture_libbpf(bool verbose);

/* The last warning that libbpf gave, cleaned, without its prefix; "" when there was none. */
const char *msg__libbpf_warning(void);

/* The latest one with that text in it, of the few that are kept; "" when there is none. */
const char *msg__libbpf_warning_with(const char *text);

#endif /* _COMMON_MSG_H */
