// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words that complete the value of an option.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "optgen.h"

void words__print(const struct opt *opt)
{
	char *all = NULL, *word, *next;
	size_t size;
	FILE *file;

	file = open_memstream(&all, &size);
	if (!file)
		return;
	putc('\n', file);
	opt->print_words(file);
	fclose(file);
	for (word = all + 1; *word; word = next) {
		next = word + strcspn(word, "\n") + 1;
		/* A repetition stands in an earlier line, from line break to line break. */
		if (memmem(all, word - all, word - 1, next - word + 1))
			continue;
		printf("%s%.*s", word == all + 1 ? "" : " ", (int)(next - word - 1), word);
	}
	free(all);
}
