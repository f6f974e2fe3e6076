/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For clients that print an account of their calls, a line for each, and for tests that take times.
 */
#ifndef TESTS_LIB_SAY_H
#define TESTS_LIB_SAY_H

#include <stdint.h>

/* Print a line to stdout; as printf, with a newline. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* CLOCK_MONOTONIC in ns. */
uint64_t say__now(void);

#endif
