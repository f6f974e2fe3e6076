// SPDX-License-Identifier: GPL-2.0-only
/*
 * TAP 13 for test programs in C; see tap.h.
 *
 * The plan comes at the end, because the number of points of most tests is not known before. A
 * program that dies early prints no plan, which every TAP reader treats as a failure.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"

static struct {
	unsigned int run;
	unsigned int failed;
} tap;

void tap__start(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13");
}

const char *tap__errname(int err)
{
	const char *name = strerrorname_np(-err);

	if (!err)
		return "0";
	return name ? name : "?";
}

static bool tap_point(bool cond, const char *name, va_list args)
{
	tap.run++;
	if (!cond)
		tap.failed++;
	printf("%sok %u - ", cond ? "" : "not ", tap.run);
	vprintf(name, args);
	putchar('\n');
	return cond;
}

bool tap__ok(bool cond, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	tap_point(cond, name, args);
	va_end(args);
	return cond;
}

bool tap__is(long long got, long long want, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	tap_point(got == want, name, args);
	va_end(args);
	if (got != want)
		printf("#      got: %lld\n# expected: %lld\n", got, want);
	return got == want;
}

bool tap__hex(unsigned long long got, unsigned long long want, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	tap_point(got == want, name, args);
	va_end(args);
	if (got != want)
		printf("#      got: 0x%llx\n# expected: 0x%llx\n", got, want);
	return got == want;
}

bool tap__err(int got, int want, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	tap_point(got == want, name, args);
	va_end(args);
	if (got != want)
		printf("#      got: %d (%s)\n# expected: %d (%s)\n", got, tap__errname(got), want,
		       tap__errname(want));
	return got == want;
}

void tap__skip(const char *why, const char *name, ...)
{
	va_list args;

	tap.run++;
	printf("ok %u - ", tap.run);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	printf(" # SKIP %s\n", why);
}

void tap__diag(const char *text, ...)
{
	va_list args;

	fputs("# ", stdout);
	va_start(args, text);
	vprintf(text, args);
	va_end(args);
	putchar('\n');
}

int tap__skip_all(const char *why, ...)
{
	va_list args;

	fputs("1..0 # SKIP ", stdout);
	va_start(args, why);
	vprintf(why, args);
	va_end(args);
	putchar('\n');
	return 0;
}

int tap__bail(const char *why, ...)
{
	va_list args;

	fputs("Bail out! ", stdout);
	va_start(args, why);
	vprintf(why, args);
	va_end(args);
	putchar('\n');
	return 2;
}

int tap__done(void)
{
	printf("1..%u\n", tap.run);
	if (tap.failed)
		printf("# %u of %u failed\n", tap.failed, tap.run);
	fflush(stdout);
	return tap.failed ? 1 : 0;
}
