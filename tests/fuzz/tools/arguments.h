/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command lines for the fuzzers of options.
 */
#ifndef _FUZZ_ARGUMENTS_H
#define _FUZZ_ARGUMENTS_H

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MAX_ARGUMENTS 32

struct arguments {
	int argc;
	char *argv[MAX_ARGUMENTS + 1];
	char *text;
};

static inline void arguments__init(struct arguments *arguments, const char *tool,
				   const uint8_t *data, size_t size)
{
	char *rest = fuzz__string(data, size);

	memset(arguments, 0, sizeof(*arguments));
	arguments->text = rest;
	arguments->argv[arguments->argc++] = (char *)tool;
	while (arguments->argc < MAX_ARGUMENTS && (rest && *rest))
		arguments->argv[arguments->argc++] = strsep(&rest, "\n");
	/* Let getopt_long() forget the command line before. */
	optind = 0;
}

static inline void arguments__free(struct arguments *arguments)
{
	free(arguments->text);
}

#endif
