// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of iommutop, one argument a line.
 */
#include "iommutop.h"

#include "arguments.h"

int fuzz__input(const uint8_t *data, size_t size)
{
	struct arguments arguments;
	struct options options;

	arguments__init(&arguments, "iommutop", data, size);
	fuzz__capture();
	options__parse(&options, arguments.argc, arguments.argv);
	fuzz__check(FUZZ_ANY);
	arguments__free(&arguments);
	return 0;
}
