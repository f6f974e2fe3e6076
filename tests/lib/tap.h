/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP 13 for test programs in C.
 *
 *	tap__start(seconds)	version line; the program is killed with "Bail out!" after that time
 *	tap__ok(cond, ...)	one test point; the rest is its name, as for printf
 *	tap__is(got, want, ..)	the same for two numbers, prints both when they differ
 *	tap__err(got, want, ..)	the same for results of 0 or -errno, prints their names
 *	tap__skip(why, ...)	a test point that was not run, with the reason
 *	tap__done()		plan; returns the exit status for main()
 *
 * Not for several threads at once: threads keep their findings and the main thread reports them.
 * tap__start() makes stdout line buffered, so that nothing is printed twice after a fork.
 */
#ifndef TESTS_LIB_TAP_H
#define TESTS_LIB_TAP_H

#include <stdbool.h>

#define TAP_PRINTF(n) __attribute__((format(printf, n, n + 1)))

void tap__start(unsigned int seconds);
bool tap__ok(bool cond, const char *name, ...) TAP_PRINTF(2);
bool tap__is(long long got, long long want, const char *name, ...) TAP_PRINTF(3);
bool tap__hex(unsigned long long got, unsigned long long want, const char *name, ...) TAP_PRINTF(3);
bool tap__err(int got, int want, const char *name, ...) TAP_PRINTF(3);
void tap__skip(const char *why, const char *name, ...) TAP_PRINTF(2);
void tap__diag(const char *text, ...) TAP_PRINTF(1);
int tap__skip_all(const char *why, ...) TAP_PRINTF(1);
int tap__bail(const char *why, ...) TAP_PRINTF(1);
int tap__done(void);

/* "EINVAL" for -EINVAL, "0" for 0. Static text, safe to keep. */
const char *tap__errname(int err);

#endif
