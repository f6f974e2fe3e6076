/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers from the command line. All tools parse numbers here and nowhere else.
 *
 * The whole text must be a number, and the value must be in the range; otherwise the caller gets a
 * reason that fits behind "--option: " in a message. Nothing is printed here.
 */
#ifndef _COMMON_PARSE_H
#define _COMMON_PARSE_H

#include <stddef.h>
#include <linux/types.h>

#define PARSE_WHY_MAX 128

struct parse_unit {
	const char *suffix;
	__u64 scale;
};

/*
 * Parse a number with one of the units, whose list ends with a NULL suffix; the unit with suffix ""
 * is for numbers without a unit. A number with units may have decimals; without units (NULL) it may
 * be hexadecimal with 0x. The scaled value must be in [min, max].
 *
 * Returns 0, -EINVAL (not such a number) or -ERANGE, with the reason in why[PARSE_WHY_MAX].
 */
int parse__number(const char *text, const struct parse_unit *units, __u64 min, __u64 max,
		  __u64 *value, char *why);

int parse__count(const char *text, __u64 min, __u64 max, __u64 *value, char *why);

/* The same for numbers that may be negative. */
int parse__signed(const char *text, __s64 min, __s64 max, __s64 *value, char *why);

/* Append the bound that a number missed to the reason of -ERANGE; most NULL: there is none. */
void parse__add_bound(char *why, const char *least, const char *most);

/* Parse bytes, with a unit K, M, G, T (powers of 1024, optionally with B or iB) or without. */
int parse__size(const char *text, __u64 min, __u64 max, __u64 *bytes, char *why);

/* Parse a time with a unit ns, us, ms, s, m, h or d. A number without a unit is in seconds. */
int parse__seconds(const char *text, __u64 min, __u64 max, __u64 *ns, char *why);

/* Parse an address: hexadecimal with 0x, or a size. */
int parse__address(const char *text, __u64 *address, char *why);

/* Parse a range of addresses: ADDR, or FIRST-LAST with both included, or ADDR+LENGTH. */
int parse__range(const char *text, __u64 *first, __u64 *last, char *why);

/*
 * Parse a PCI address with or without segment: 0000:00:04.0, 00:04.0. The result is segment << 16 |
 * bus << 8 | device << 3 | function.
 */
int parse__sbdf(const char *text, __u32 *sbdf, char *why);

#endif /* _COMMON_PARSE_H */
