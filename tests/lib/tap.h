/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP 13 for test programs in C.
 *
 *	tap__start()		version line
 *	tap__ok(cond, ...)	one test point; the rest is its name, as for printf
 *	tap__is(got, want, ..)	the same for two numbers, prints both when they differ
 *	tap__hex(got, want, ..)	the same in hexadecimal
 *	tap__err(got, want, ..)	the same for results of 0 or -errno, prints their names
 *	tap__skip(why, ...)	a test point that was not run, with the reason
 *	tap__until(cond)	wait for a condition, see below; no test point
 *	tap__done()		plan; returns the exit status for main()
 *
 * Not for several threads at once: threads keep their findings and the main thread reports them.
 * tap__start() makes stdout line buffered, so that nothing is printed twice after a fork.
 *
 * There is no time limit in a test: tests/run ends a test that hangs. Tests wait for a condition as
 * long as a very busy host may need, TAP_PATIENCE_MS, and no test point depends on a duration.
 */
#ifndef TESTS_LIB_TAP_H
#define TESTS_LIB_TAP_H

#include <stdbool.h>
#include <unistd.h>

#define TAP_PATIENCE_MS 300000

/* Check the condition each millisecond until it is true; false if it never was. */
#define tap__until(cond) \
	({ \
		unsigned int tap_left = TAP_PATIENCE_MS; \
		bool tap_true; \
\
		while (!(tap_true = !!(cond)) && tap_left--) \
			usleep(1000); \
		tap_true; \
	})

#define TAP_PRINTF(n) __attribute__((format(printf, n, n + 1)))

void tap__start(void);
bool tap__ok(bool cond, const char *name, ...) TAP_PRINTF(2);
bool tap__is(long long got, long long want, const char *name, ...) TAP_PRINTF(3);
bool tap__hex(unsigned long long got, unsigned long long want, const char *name, ...) TAP_PRINTF(3);
bool tap__err(int got, int want, const char *name, ...) TAP_PRINTF(3);
void tap__skip(const char *why, const char *name, ...) TAP_PRINTF(2);
void tap__diag(const char *text, ...) TAP_PRINTF(1);
int tap__skip_all(const char *why, ...) TAP_PRINTF(1);
int tap__bail(const char *why, ...) TAP_PRINTF(1);
int tap__done(void);

/* Return "EINVAL" for -EINVAL, "0" for 0: static text. */
const char *tap__errname(int err);

#endif
