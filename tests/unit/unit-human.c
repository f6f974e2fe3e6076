// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers for people: the values where the unit or the number of decimals changes, the width; names
 * of errors.
 */
#include <errno.h>
#include <string.h>

#include "../lib/tap.h"
#include "errname.h"
#include "human.h"

static void is(const char *got, const char *want, const char *what, __u64 value)
{
	if (!tap__ok(!strcmp(got, want), "%s %llu is %s", what, value, want))
		tap__diag("got %s", got);
}

static void bytes(__u64 value, const char *want)
{
	char text[HUMAN_MAX];

	is(human__bytes(text, value), want, "bytes", value);
}

static void count(__u64 value, const char *want)
{
	char text[HUMAN_MAX];

	is(human__count(text, value), want, "count", value);
}

static void time_is(__u64 value, const char *want)
{
	char text[HUMAN_MAX];

	is(human__time(text, value), want, "ns", value);
}

static void test_bytes(void)
{
	bytes(0, "0");
	bytes(1, "1");
	bytes(4095, "4095");
	bytes(4096, "4K");
	bytes(1020 << 10, "1020K");
	bytes(2 << 20, "2M");
	bytes(0x3000, "12K");
	bytes(9999ULL << 10, "9999K");
	bytes(12345ULL << 10, "12M");
	bytes((3ULL << 19), "1536K");
	bytes(3ULL << 30, "3G");
	bytes((1ULL << 40) + 4096, "1T");
	bytes((5ULL << 40) / 2 + 4096, "2.5T");
	bytes(1ULL << 63, "8E");
	bytes(~0ULL, "16E");
}

static void test_sizes(void)
{
	static const struct {
		__u64 bytes;
		const char *text;
	} tests[] = {
		{ 0, "0" },
		{ 512, "512 bytes" },
		{ 64 << 10, "64 KiB" },
		{ 4ULL << 30, "4.0 GiB" },
		{ 1ULL << 60, "1.0 EiB" },
		{ ~0ULL, "16 EiB" },
	};
	char text[HUMAN_SIZE_MAX];
	unsigned int i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tap__ok(!strcmp(human__size(text, tests[i].bytes), tests[i].text),
			"%llu bytes in a sentence: %s", tests[i].bytes, text);
}

static void test_counts(void)
{
	count(0, "0");
	count(9999, "9999");
	count(10000, "10k");
	count(262144, "262k");
	count(999499, "999k");
	count(999500, "1M");
	count(1250000, "1.3M");
	count(9949999, "9.9M");
	count(9950000, "10M");
	count(~0ULL, "18E");
}

static void test_times(void)
{
	time_is(0, "0ns");
	time_is(999, "999ns");
	time_is(1000, "1us");
	time_is(1234, "1.2us");
	time_is(1250, "1.3us");
	time_is(9949, "9.9us");
	time_is(9950, "10us");
	time_is(830000, "830us");
	time_is(999499, "999us");
	time_is(999500, "1ms");
	time_is(1200000, "1.2ms");
	time_is(999500000, "1s");
	time_is(90000000000, "90s");
	time_is(3600000000000, "60m");
	time_is(~0ULL, "5124096h");
}

static void test_widths(void)
{
	unsigned int wide = 0;
	char text[HUMAN_MAX];
	__u64 value;

	/* Every power of two and its neighbours, for durations up to an hour. */
	for (value = 1; value && value < 1ULL << 63; value *= 2) {
		wide += strlen(human__bytes(text, value - 1)) > 5;
		wide += strlen(human__bytes(text, value * 3 / 2)) > 5;
		wide += strlen(human__count(text, value + 1)) > 4;
		wide += value < 1ULL << 41 && strlen(human__time(text, value + 1)) > 5;
	}
	tap__is(wide, 0, "no text is wider than its column");
}

static void test_addresses(void)
{
	char text[HUMAN_SBDF_MAX];

	tap__ok(!strcmp(human__sbdf(text, 0x20), "0000:00:04.0"), "0000:00:04.0");
	tap__ok(!strcmp(human__sbdf(text, 0xfffffffe), "ffff:ff:1f.6"), "ffff:ff:1f.6");
}

static void test_errors(void)
{
	char buffer[ERRNAME_MAX];

	tap__ok(!strcmp(errname(ENOMEM, buffer), "ENOMEM"), "ENOMEM");
	tap__ok(!strcmp(errname(EADDRINUSE, buffer), "EADDRINUSE"), "EADDRINUSE");
	tap__ok(!strcmp(errname(524, buffer), "ENOTSUPP"), "ENOTSUPP, which only the kernel knows");
	tap__ok(!strcmp(errname(4000, buffer), "errno 4000"), "an unknown error");
	tap__ok(!strcmp(errname(0, buffer), "errno 0"), "0 is not an error");
	tap__ok(!strcmp(errname(-5, buffer), "errno -5"), "-5 is not an error");
}

int main(void)
{
	tap__start();
	test_bytes();
	test_sizes();
	test_counts();
	test_times();
	test_widths();
	test_addresses();
	test_errors();
	return tap__done();
}
