// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers from the command line: accepted values, refused values and the reasons given.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "../lib/tap.h"
#include "parse.h"

typedef int (*parser)(const char *text, __u64 min, __u64 max, __u64 *value, char *why);

static void takes(parser parse, const char *text, __u64 want)
{
	char why[PARSE_WHY_MAX] = "";
	__u64 value = 4711;

	if (!tap__ok(!parse(text, 0, ULLONG_MAX, &value, why) && value == want, "'%s' is %llu",
		     text, want))
		tap__diag("value %llu, why '%s'", value, why);
}

static void refuses(parser parse, const char *text, __u64 min, __u64 max, int want,
		    const char *reason)
{
	char why[PARSE_WHY_MAX] = "";
	__u64 value = 4711;
	int err = parse(text, min, max, &value, why);

	if (!tap__ok(err == want && value == 4711 && strstr(why, reason), "'%s' is refused: %s",
		     text, reason))
		tap__diag("err %d, value %llu, why '%s'", err, value, why);
}

static void test_counts(void)
{
	takes(parse__count, "0", 0);
	takes(parse__count, "23", 23);
	takes(parse__count, "007", 7);
	takes(parse__count, "0x1f", 31);
	takes(parse__count, "0XFFFFFFFFFFFFFFFF", ULLONG_MAX);
	takes(parse__count, "18446744073709551615", ULLONG_MAX);
	refuses(parse__count, "18446744073709551616", 0, ULLONG_MAX, -ERANGE, "too large");
	refuses(parse__count, "99999999999999999999999", 0, ULLONG_MAX, -ERANGE, "too large");
	refuses(parse__count, "", 0, 9, -EINVAL, "not a number");
	refuses(parse__count, " 1", 0, 9, -EINVAL, "not a number");
	refuses(parse__count, "1 ", 0, 9, -EINVAL, "not a number");
	refuses(parse__count, "-1", 0, 9, -EINVAL, "not a number");
	refuses(parse__count, "+1", 0, 9, -EINVAL, "not a number");
	refuses(parse__count, "1K", 0, 9, -EINVAL, "not a number");
	refuses(parse__count, "1.5", 0, 9, -EINVAL, "not a number");
	refuses(parse__count, "0x", 0, 9, -EINVAL, "not a number");
	refuses(parse__count, "0", 1, 9, -ERANGE, "too small");
	refuses(parse__count, "10", 1, 9, -ERANGE, "too large");
}

static void takes_signed(const char *text, __s64 want)
{
	char why[PARSE_WHY_MAX] = "";
	__s64 value = 4711;

	if (!tap__ok(!parse__signed(text, LLONG_MIN, LLONG_MAX, &value, why) && value == want,
		     "'%s' is %lld", text, want))
		tap__diag("value %lld, why '%s'", value, why);
}

static void refuses_signed(const char *text, __s64 min, __s64 max, int want)
{
	char why[PARSE_WHY_MAX] = "";
	__s64 value = 4711;
	int err = parse__signed(text, min, max, &value, why);

	if (!tap__ok(err == want && value == 4711 && *why,
		     "'%s' is refused for the range [%lld, %lld]", text, min, max))
		tap__diag("err %d, value %lld, why '%s'", err, value, why);
}

static void test_signed(void)
{
	takes_signed("0", 0);
	takes_signed("-0", 0);
	takes_signed("17", 17);
	takes_signed("-17", -17);
	takes_signed("-0x10", -16);
	takes_signed("9223372036854775807", LLONG_MAX);
	takes_signed("-9223372036854775808", LLONG_MIN);
	refuses_signed("9223372036854775808", LLONG_MIN, LLONG_MAX, -ERANGE);
	refuses_signed("-9223372036854775809", LLONG_MIN, LLONG_MAX, -ERANGE);
	refuses_signed("-129", -128, 127, -ERANGE);
	refuses_signed("128", -128, 127, -ERANGE);
	refuses_signed("-1", 0, 9, -ERANGE);
	refuses_signed("1", -9, 0, -ERANGE);
	refuses_signed("1", 2, 9, -ERANGE);
	refuses_signed("-1", -9, -2, -ERANGE);
	refuses_signed("0", -9, -1, -ERANGE);
	refuses_signed("0", 1, 9, -ERANGE);
	refuses_signed("--1", -9, 9, -EINVAL);
	refuses_signed("-", -9, 9, -EINVAL);
	refuses_signed("", -9, 9, -EINVAL);
	refuses_signed("- 1", -9, 9, -EINVAL);
}

static void test_sizes(void)
{
	takes(parse__size, "4096", 4096);
	takes(parse__size, "512B", 512);
	takes(parse__size, "4K", 4096);
	takes(parse__size, "4k", 4096);
	takes(parse__size, "2MiB", 2 << 20);
	takes(parse__size, "1.5M", 3 << 19);
	takes(parse__size, "3GB", 3ULL << 30);
	takes(parse__size, "0.5K", 512);
	takes(parse__size, "16777215T", 16777215ULL << 40);
	refuses(parse__size, "16777216T", 0, ULLONG_MAX, -ERANGE, "too large");
	refuses(parse__size, "4Q", 0, ULLONG_MAX, -EINVAL, "K, M, G, T");
	refuses(parse__size, "4 K", 0, ULLONG_MAX, -EINVAL, "unknown unit");
	refuses(parse__size, "1.3", 0, ULLONG_MAX, -ERANGE, "too many decimals");
	refuses(parse__size, "K", 0, ULLONG_MAX, -EINVAL, "not a number");
}

static void test_times(void)
{
	takes(parse__seconds, "0", 0);
	takes(parse__seconds, "7ns", 7);
	takes(parse__seconds, "100us", 100000);
	takes(parse__seconds, "1.5ms", 1500000);
	takes(parse__seconds, "0.000001ms", 1);
	takes(parse__seconds, "2s", 2000000000);
	takes(parse__seconds, "1m", 60000000000);
	takes(parse__seconds, "1h", 3600000000000);
	takes(parse__seconds, "5", 5000000000);
	takes(parse__seconds, "0.25", 250000000);
	takes(parse__seconds, "10ms", 10000000);
	refuses(parse__seconds, "1sec", 0, ULLONG_MAX, -EINVAL, "unknown unit");
	refuses(parse__seconds, "1.ms", 0, ULLONG_MAX, -EINVAL, "not a number");
	refuses(parse__seconds, ".5ms", 0, ULLONG_MAX, -EINVAL, "not a number");
	refuses(parse__seconds, "1.5ns", 0, ULLONG_MAX, -ERANGE, "too many decimals");
	refuses(parse__seconds, "1.0000000000s", 0, ULLONG_MAX, -ERANGE, "too");
	refuses(parse__seconds, "9999999999h", 0, ULLONG_MAX, -ERANGE, "too large");
}

static void takes_range(const char *text, __u64 want_first, __u64 want_last)
{
	char why[PARSE_WHY_MAX] = "";
	__u64 first = 4711, last = 4711;

	if (!tap__ok(!parse__range(text, &first, &last, why) && first == want_first &&
			     last == want_last,
		     "'%s' is %#llx to %#llx", text, want_first, want_last))
		tap__diag("%#llx to %#llx, why '%s'", first, last, why);
}

static void refuses_range(const char *text, int want, const char *reason)
{
	char why[PARSE_WHY_MAX] = "";
	__u64 first = 4711, last = 4711;
	int err = parse__range(text, &first, &last, why);

	if (!tap__ok(err == want && first == 4711 && last == 4711 && strstr(why, reason),
		     "'%s' is refused: %s", text, reason))
		tap__diag("err %d, why '%s'", err, why);
}

static void test_ranges(void)
{
	takes_range("0x1000", 0x1000, 0x1000);
	takes_range("4096", 4096, 4096);
	takes_range("2M", 0x200000, 0x200000);
	takes_range("0x1000-0x1fff", 0x1000, 0x1fff);
	takes_range("1G-0x40000000", 0x40000000, 0x40000000);
	takes_range("0x1000+0x10", 0x1000, 0x100f);
	takes_range("4G+2M", 0x100000000, 0x1001fffff);
	takes_range("0+1", 0, 0);
	takes_range("0xfffffffffffff000+4K", 0xfffffffffffff000, ULLONG_MAX);
	takes_range("0-0xffffffffffffffff", 0, ULLONG_MAX);
	refuses_range("", -EINVAL, "not a number");
	refuses_range("-1", -EINVAL, "not a number");
	refuses_range("1-", -EINVAL, "not a number");
	refuses_range("1+", -EINVAL, "not a number");
	refuses_range("ffff", -EINVAL, "not a number");
	refuses_range("0x1000-0xfff", -ERANGE, "below");
	refuses_range("0x1000+0", -ERANGE, "empty");
	refuses_range("0xfffffffffffff000+8K", -ERANGE, "too long");
	refuses_range("0x1-2-3", -EINVAL, "unknown unit");
	refuses_range("00000000000000000000000000000000000000000001", -EINVAL, "not an address");
}

int main(void)
{
	tap__start();
	test_counts();
	test_signed();
	test_sizes();
	test_times();
	test_ranges();
	return tap__done();
}
