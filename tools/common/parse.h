/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers from the command line: the only place where text becomes a number.
 *
 * All of the text must be used up, the value must fit the range, and every refusal comes with a
 * reason that can stand behind "--option: " in a message. Nothing is printed here.
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
 * A number and one of the units, whose list ends with a NULL suffix; the unit "" is what a number
 * without a suffix is in. Without units (NULL) the number may also be hexadecimal after 0x; with
 * them it may have decimals. 0 needs no unit. The value, scaled, lies in min..max.
 *
 * Returns 0, -EINVAL (not such a number) or -ERANGE, with the reason in why[PARSE_WHY_MAX].
 */
int parse__number(const char *text, const struct parse_unit *units, __u64 min, __u64 max,
		  __u64 *value, char *why);

int parse__count(const char *text, __u64 min, __u64 max, __u64 *value, char *why);

/* The same with a '-' before it, if it is negative. */
int parse__signed(const char *text, __s64 min, __s64 max, __s64 *value, char *why);

/* Bytes, with K, M, G, T (powers of 1024; a following B or iB is allowed) or without. */
int parse__size(const char *text, __u64 min, __u64 max, __u64 *bytes, char *why);

/* Nanoseconds, from ns, us, ms, s, m or h. */
int parse__time(const char *text, __u64 min, __u64 max, __u64 *ns, char *why);

/* The same, where a number without a unit means seconds. */
int parse__seconds(const char *text, __u64 min, __u64 max, __u64 *ns, char *why);

/*
 * A PCI address, with or without its segment: 0000:00:04.0, 00:04.0; as one number: segment << 16 |
 * bus << 8 | device << 3 | function.
 */
int parse__sbdf(const char *text, __u32 *sbdf, char *why);

#endif /* _COMMON_PARSE_H */
