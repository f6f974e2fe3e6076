// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers, sizes, times, moments and PCI addresses of the command line, and numbers for people. The
 * first byte chooses the parser, and the next 16 bytes are the range.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "human.h"
#include "parse.h"
#include "when.h"

static void parse(unsigned int which, const char *text, const __u64 range[2])
{
	char why[PARSE_WHY_MAX] = "";
	__u64 value = 0;
	__s64 number = 0;
	__u32 sbdf;
	int err;

	switch (which % 6) {
	case 0:
		err = parse__count(text, range[0], range[1], &value, why);
		break;
	case 1:
		err = parse__size(text, range[0], range[1], &value, why);
		break;
	case 2:
		err = parse__seconds(text, range[0], range[1], &value, why);
		break;
	case 3:
		err = parse__signed(text, range[0], range[1], &number, why);
		if (!err && (number < (__s64)range[0] || number > (__s64)range[1]))
			abort();
		break;
	case 4:
		err = when__parse(text, range[0] >> 1, &value, why);
		break;
	default:
		err = parse__sbdf(text, &sbdf, why);
	}
	if (which % 6 < 3 && !err && (value < range[0] || value > range[1]))
		abort();
	if (err && !why[0])
		abort();
}

int fuzz__input(const uint8_t *data, size_t size)
{
	char text[HUMAN_SIZE_MAX], *string;
	__u64 range[2] = { 0, ~0ULL };

	if (size < 17)
		return 0;
	memcpy(range, data + 1, sizeof(range));
	if (data[0] % 6 == 3 ? (__s64)range[0] > (__s64)range[1] : range[0] > range[1])
		return 0;
	string = fuzz__string(data + 17, size - 17);
	parse(data[0], string, range);
	free(string);
	if (strlen(human__bytes(text, range[0])) >= HUMAN_MAX ||
	    strlen(human__count(text, range[0])) >= HUMAN_MAX ||
	    strlen(human__time(text, range[0])) >= HUMAN_MAX ||
	    strlen(human__size(text, range[0])) >= HUMAN_SIZE_MAX ||
	    strlen(human__sbdf(text, range[0])) >= HUMAN_SBDF_MAX)
		abort();
	return 0;
}
