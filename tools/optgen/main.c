// SPDX-License-Identifier: GPL-2.0-only
/*
 * optgen: completions and manual page from a tool's table of options, see optgen.h.
 *
 *	optgen bash|zsh|fish
 *	optgen man TEMPLATE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "msg.h"
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

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int err = 0;

	msg__set_tool("optgen");
	if (!strcmp(what, "bash"))
		bash__print(&option_table);
	else if (!strcmp(what, "zsh"))
		zsh__print(&option_table);
	else if (!strcmp(what, "fish"))
		fish__print(&option_table);
	else if (!strcmp(what, "man") && argc == 3)
		err = man__print(&option_table, argv[2]);
	else
		return EXITCODE_USAGE;
	return err || fflush(stdout) ? EXITCODE_FAILED : EXITCODE_OK;
}
