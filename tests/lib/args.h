/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parse numbers on the command lines of test programs: decimal or 0x..., the whole word. Tests do
 * not link with the tools' own parser, because it is under test, too.
 */
#ifndef TESTS_LIB_ARGS_H
#define TESTS_LIB_ARGS_H

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

static inline int args__number(const char *text, uint64_t max, uint64_t *val)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*val = strtoull(text, &end, 0);
	if (*end)
		return -EINVAL;
	return errno || *val > max ? -ERANGE : 0;
}

#endif
