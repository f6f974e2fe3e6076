// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers for people, see human.h.
 */
#include <stdio.h>
#include <string.h>

#include "human.h"

/* Write value / unit, rounded: "1.2" below 10, "12" above; whole numbers without decimals. */
static void put_scaled(char text[HUMAN_MAX], __u64 value, __u64 unit, const char *suffix)
{
	__u64 whole = value / unit, rest = value % unit;
	char digits[20], *digit = digits + sizeof(digits);
	__u64 tenths;
	size_t size;

	/* The tenths of the rest, rounded; rest * 10 could overflow for large units. */
	tenths = unit >= 20 ? (rest + unit / 20) / (unit / 10) : rest * 10 / unit;
	if (tenths >= 10) {
		whole++;
		tenths = 0;
	}
	if (whole >= 10) {
		whole = value / unit + (rest >= unit - unit / 2);
		tenths = 0;
	}
	/* Not with printf(), because this runs several times for every line. */
	do {
		*--digit = '0' + whole % 10;
		whole /= 10;
	} while (whole);
	size = digits + sizeof(digits) - digit;
	memcpy(text, digit, size);
	if (tenths) {
		text[size++] = '.';
		text[size++] = '0' + tenths;
	}
	strcpy(text + size, suffix);
}

char *human__bytes(char text[HUMAN_MAX], __u64 bytes)
{
	static const char suffix[][2] = { "", "K", "M", "G", "T", "P", "E" };
	unsigned int exact = 0, scale = 0;

	while (exact + 1 < sizeof(suffix) / sizeof(suffix[0]) && bytes &&
	       !(bytes & ((1ULL << (10 * (exact + 1))) - 1)))
		exact++;
	if (bytes >> (10 * exact) < 10000) {
		put_scaled(text, bytes, 1ULL << (10 * exact), suffix[exact]);
		return text;
	}
	while (scale + 1 < sizeof(suffix) / sizeof(suffix[0]) && bytes >> (10 * (scale + 1)))
		scale++;
	put_scaled(text, bytes, 1ULL << (10 * scale), suffix[scale]);
	return text;
}

char *human__count(char text[HUMAN_MAX], __u64 count)
{
	static const char suffix[][2] = { "", "k", "M", "G", "T", "P", "E" };
	__u64 unit = 1;
	unsigned int scale = 0;

	if (count >= 10000) {
		/* 999500 and more would be rounded to 1000k. */
		while (count / unit >= 1000 ||
		       (scale && count / unit == 999 && count % unit >= unit / 2)) {
			unit *= 1000;
			scale++;
		}
	}
	put_scaled(text, count, unit, suffix[scale]);
	return text;
}

char *human__time(char text[HUMAN_MAX], __u64 ns)
{
	static const struct {
		__u64 unit;
		__u64 below; /* the first value that has the next unit */
		const char *suffix;
	} units[] = {
		{ 1, 1000, "ns" },
		{ 1000, 999500, "us" },
		{ 1000000, 999500000, "ms" },
		{ 1000000000ULL, 999500000000ULL, "s" },
		{ 60000000000ULL, 60000000000ULL * 1000, "m" },
		{ 3600000000000ULL, ~0ULL, "h" },
	};
	unsigned int i = 0;

	while (ns >= units[i].below && i + 1 < sizeof(units) / sizeof(units[0]))
		i++;
	put_scaled(text, ns, units[i].unit, units[i].suffix);
	return text;
}

char *human__size(char text[HUMAN_SIZE_MAX], __u64 bytes)
{
	static const char units[][4] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int i = 0;
	__u64 tenths;

	if (bytes < 1024) {
		snprintf(text, HUMAN_SIZE_MAX, "%llu%s", bytes,
			 bytes == 1 ? " byte" :
			 bytes	    ? " bytes" :
				      "");
		return text;
	}
	while (i + 1 < sizeof(units) / sizeof(units[0]) && bytes >> (10 * (i + 2)))
		i++;
	/* The value in the next smaller unit is small enough to count in tenths. */
	tenths = ((bytes >> (10 * i)) * 10 + 512) >> 10;
	if (tenths < 100)
		snprintf(text, HUMAN_SIZE_MAX, "%llu.%llu %s", tenths / 10, tenths % 10, units[i]);
	else
		snprintf(text, HUMAN_SIZE_MAX, "%llu %s", (tenths + 5) / 10, units[i]);
	return text;
}

char *human__sbdf(char text[HUMAN_SBDF_MAX], __u32 sbdf)
{
	snprintf(text, HUMAN_SBDF_MAX, "%04x:%02x:%02x.%x", sbdf >> 16, sbdf >> 8 & 0xff,
		 sbdf >> 3 & 0x1f, sbdf & 7);
	return text;
}
