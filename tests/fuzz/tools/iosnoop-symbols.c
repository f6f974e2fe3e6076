// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/kallsyms, and look-ups of each of its addresses and of those beside them.
 */
#include "../../../tools/iosnoop/model/symbols.c" // NOLINT: the parser of a line is static

#include "fuzz.h"

int fuzz__input(const uint8_t *data, size_t size)
{
	char *text = fuzz__string(data, size), *rest = text, *line;
	struct symbols *symbols = calloc(1, sizeof(*symbols));
	size_t room = 0, i;
	const char *name;
	__u32 offset;

	symbols->options.is_live = true;
	while ((line = strsep(&rest, "\n")))
		if (!add_kernel_line(symbols, line, &room))
			abort();
	if (symbols->nr_kernel)
		qsort(symbols->kernel, symbols->nr_kernel, sizeof(symbols->kernel[0]),
		      compare_kernel);
	for (i = 0; i < symbols->nr_kernel; i++) {
		name = find_kernel(symbols, symbols->kernel[i].address, &offset);
		if (!name || offset)
			abort();
		find_kernel(symbols, symbols->kernel[i].address - 1, &offset);
		find_kernel(symbols, symbols->kernel[i].address + 0x123456789, &offset);
	}
	find_kernel(symbols, 0, &offset);
	find_kernel(symbols, ~0ULL, &offset);
	symbols__free(symbols);
	free(text);
	return 0;
}
