// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parser of numbers, see parse.h.
 *
 * It does not use strtoull(), which accepts blanks and signs and turns "-1" into the largest
 * number. A number with decimals is kept as mantissa and divisor, so that 1.5ms is exactly 1500000
 * ns. A fraction of the smallest unit is refused, not rounded.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"

#define MAX_DECIMALS 9

static const struct parse_unit size_units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "K", 1ULL << 10 },
	{ "M", 1ULL << 20 },
	{ "G", 1ULL << 30 },
	{ "T", 1ULL << 40 },
	{ "KB", 1ULL << 10 },
	{ "MB", 1ULL << 20 },
	{ "GB", 1ULL << 30 },
	{ "TB", 1ULL << 40 },
	{ "KiB", 1ULL << 10 },
	{ "MiB", 1ULL << 20 },
	{ "GiB", 1ULL << 30 },
	{ "TiB", 1ULL << 40 },
	{ "k", 1ULL << 10 },
	{ "m", 1ULL << 20 },
	{ "g", 1ULL << 30 },
	{ "t", 1ULL << 40 },
	{ NULL, 0 },
};

static const struct parse_unit time_units[] = {
	{ "", 1000 * 1000 * 1000 },
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000 * 1000 },
	{ "s", 1000 * 1000 * 1000 },
	{ "m", 60ULL * 1000 * 1000 * 1000 },
	{ "h", 3600ULL * 1000 * 1000 * 1000 },
	{ "d", 24 * 3600ULL * 1000 * 1000 * 1000 },
	{ NULL, 0 },
};

static int digit_value(char c, unsigned int base)
{
	unsigned int digit;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (c >= 'a' && c <= 'f')
		digit = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		digit = c - 'A' + 10;
	else
		return -1;
	return digit < base ? (int)digit : -1;
}

/* Append the digits at *text to *value. Returns their number, or -ERANGE. */
static int read_digits(const char **text, unsigned int base, __u64 *value)
{
	int nr = 0, digit;

	for (; (digit = digit_value(**text, base)) >= 0; (*text)++, nr++) {
		if (__builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, digit, value))
			return -ERANGE;
	}
	return nr;
}

/* Parse digits and decimals at *text; the number is *value / *divisor. */
static int read_number(const char **text, bool has_units, __u64 *value, __u64 *divisor)
{
	unsigned int base = 10;
	int nr;

	*value = 0;
	*divisor = 1;
	if (!has_units && (*text)[0] == '0' && ((*text)[1] | 0x20) == 'x') {
		base = 16;
		*text += 2;
	}
	nr = read_digits(text, base, value);
	if (nr <= 0)
		return nr ? nr : -EINVAL;
	if (!has_units || **text != '.')
		return 0;
	(*text)++;
	nr = read_digits(text, base, value);
	if (nr <= 0)
		return nr ? nr : -EINVAL;
	if (nr > MAX_DECIMALS)
		return -ERANGE;
	while (nr--)
		*divisor *= 10;
	return 0;
}

static const struct parse_unit *find_unit(const struct parse_unit *units, const char *suffix)
{
	for (; units->suffix; units++)
		if (!strcmp(units->suffix, suffix))
			return units;
	return NULL;
}

int parse__number(const char *text, const struct parse_unit *units, __u64 min, __u64 max,
		  __u64 *value, char *why)
{
	const struct parse_unit *unit = NULL;
	const char *end = text;
	__u64 number, divisor;
	int err;

	err = read_number(&end, units, &number, &divisor);
	if (err == -EINVAL || (!err && !units && *end)) {
		snprintf(why, PARSE_WHY_MAX, "'%.32s' is not a number", text);
		return -EINVAL;
	}
	if (!err && units) {
		unit = find_unit(units, end);
		if (!unit) {
			snprintf(why, PARSE_WHY_MAX,
				 "'%.32s' has an unknown unit; write a number and one of %s", text,
				 units == size_units ? "K, M, G, T" : "ns, us, ms, s, m, h, d");
			return -EINVAL;
		}
		if (__builtin_mul_overflow(number, unit->scale, &number))
			err = -ERANGE;
	}
	if (!err && number % divisor) {
		snprintf(why, PARSE_WHY_MAX, "'%.32s' has too many decimals", text);
		return -ERANGE;
	}
	number /= divisor;
	if (err || number < min || number > max) {
		snprintf(why, PARSE_WHY_MAX, "'%.32s' is too %s", text,
			 !err && number < min ? "small" : "large");
		return -ERANGE;
	}
	*value = number;
	return 0;
}

int parse__count(const char *text, __u64 min, __u64 max, __u64 *value, char *why)
{
	return parse__number(text, NULL, min, max, value, why);
}

void parse__add_bound(char *why, const char *least, const char *most)
{
	const size_t length = strlen(why);

	if (strstr(why, " is too small"))
		snprintf(why + length, PARSE_WHY_MAX - length, "; it must be at least %s", least);
	else if (strstr(why, " is too large") && most)
		snprintf(why + length, PARSE_WHY_MAX - length, "; it may be at most %s", most);
}

int parse__signed(const char *text, __s64 min, __s64 max, __s64 *value, char *why)
{
	bool is_negative = *text == '-';
	__u64 most, size = 0;
	__s64 number;
	int err;

	/* The greatest allowed distance from 0 on the side of this number. */
	if (is_negative)
		most = min < 0 ? -(__u64)min : 0;
	else
		most = max > 0 ? max : 0;
	err = parse__number(text + is_negative, NULL, 0, most, &size, why);
	if (err == -EINVAL) {
		snprintf(why, PARSE_WHY_MAX, "'%.32s' is not a number", text);
		return err;
	}
	/* -size is computed as unsigned, which is defined for the smallest number, too. */
	number = is_negative ? -size : size;
	if (!err && (number < min || number > max))
		err = -ERANGE;
	if (err) {
		snprintf(why, PARSE_WHY_MAX, "'%.32s' is not in the range from %lld to %lld", text,
			 min, max);
		return err;
	}
	*value = number;
	return 0;
}

int parse__size(const char *text, __u64 min, __u64 max, __u64 *bytes, char *why)
{
	return parse__number(text, size_units, min, max, bytes, why);
}

int parse__seconds(const char *text, __u64 min, __u64 max, __u64 *ns, char *why)
{
	return parse__number(text, time_units, min, max, ns, why);
}

/* Parse one component of a PCI address up to the character that ends it; NULL if it is invalid. */
static const char *read_component(const char *text, char end, unsigned int max_digits, __u64 max,
				  __u64 *value)
{
	const char *from = text;
	int nr;

	*value = 0;
	nr = read_digits(&text, 16, value);
	if (nr <= 0 || (unsigned int)(text - from) > max_digits || *value > max || *text != end)
		return NULL;
	return text + (end ? 1 : 0);
}

int parse__address(const char *text, __u64 *address, char *why)
{
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return parse__count(text, 0, ~0ULL, address, why);
	return parse__size(text, 0, ~0ULL, address, why);
}

int parse__range(const char *text, __u64 *first, __u64 *last, char *why)
{
	size_t size = strcspn(text, "-+");
	__u64 begin, end, length;
	char part[32];
	int err;

	if (size >= sizeof(part)) {
		snprintf(why, PARSE_WHY_MAX, "not an address or range: '%.32s'", text);
		return -EINVAL;
	}
	memcpy(part, text, size);
	part[size] = '\0';
	err = parse__address(part, &begin, why);
	if (err)
		return err;
	end = begin;
	if (text[size] == '-') {
		err = parse__address(text + size + 1, &end, why);
		if (!err && end < begin) {
			snprintf(why, PARSE_WHY_MAX, "the range ends below its begin");
			err = -ERANGE;
		}
	} else if (text[size] == '+') {
		err = parse__address(text + size + 1, &length, why);
		if (!err && (!length || __builtin_add_overflow(begin, length - 1, &end))) {
			snprintf(why, PARSE_WHY_MAX, "the range is %s",
				 length ? "too long" : "empty");
			err = -ERANGE;
		}
	}
	if (err)
		return err;
	*first = begin;
	*last = end;
	return 0;
}

int parse__sbdf(const char *text, __u32 *sbdf, char *why)
{
	__u64 segment = 0, bus, device, function;
	const char *at = text, *colon = strchr(text, ':');

	if (colon && strchr(colon + 1, ':'))
		at = read_component(at, ':', 4, 0xffff, &segment);
	at = at ? read_component(at, ':', 2, 0xff, &bus) : NULL;
	at = at ? read_component(at, '.', 2, 0x1f, &device) : NULL;
	at = at ? read_component(at, '\0', 1, 7, &function) : NULL;
	if (!at) {
		snprintf(why, PARSE_WHY_MAX,
			 "'%.32s' is not a PCI address like 0000:00:04.0 or 00:04.0", text);
		return -EINVAL;
	}
	*sbdf = segment << 16 | bus << 8 | device << 3 | function;
	return 0;
}
