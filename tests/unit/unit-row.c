// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of a table: alignment, and cells that use the blanks of their neighbours because they are
 * too wide for their column.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "row.h"

static const struct row_column columns[] = {
	{ "LEFT", 6, false },
	{ "RIGHT", 5, true },
	{ "NR", 3, true },
	{ "LAST", 0, false },
};

static void is(struct row *row, const char *want, const char *name)
{
	char *out = NULL;
	size_t size;
	FILE *file;

	file = open_memstream(&out, &size);
	if (!file) {
		tap__ok(false, "open_memstream");
		return;
	}
	row__print(row, file);
	fclose(file);
	if (!tap__ok(!strcmp(out, want), "%s", name))
		tap__diag("got  '%s'\nwant '%s'", out, want);
	free(out);
}

static void put(struct row *row, const char *a, const char *b, const char *c, const char *d)
{
	const char *const cells[] = { a, b, c, d };
	unsigned int i;

	row__begin(row);
	for (i = 0; i < 4; i++)
		if (cells[i])
			row__put(row, i, cells[i]);
}

int main(void)
{
	struct row row, narrow;

	tap__start();
	row__init(&row, columns, 4, 0);
	row__init(&narrow, columns, 4, 20);
	put(&row, "a", "b", "c", "d");
	is(&row, "a          b   c d\n", "the usual row");
	put(&row, "a", NULL, NULL, "d");
	is(&row, "a                d\n", "columns without a cell");
	put(&row, "", "b", "", "");
	is(&row, "           b\n", "empty cells; no trailing blanks");
	put(&row, "1234567890", "1", "2", "d");
	is(&row, "1234567890 1   2 d\n", "a wide cell uses blanks to its right");
	put(&row, "a", "1234567", "2", "d");
	is(&row, "a      1234567 2 d\n", "a wide right-aligned cell uses blanks to its right");
	put(&row, "a", "12345678901", "222", "d");
	is(&row, "a      12345678901 222 d\n", "a very wide cell shifts the following ones");
	put(&narrow, "a", "1", "2", "ENOMEM");
	is(&narrow, "a         1 2 ENOMEM\n", "a wide last cell uses blanks to its left");
	put(&narrow, "a", "123456", "2", "EADDRINUSE");
	is(&narrow, "a 123456 2 EADDRINUSE\n", "a wide last cell uses all blanks to its left");
	row__begin(&row);
	row__put(&row, 0, "a");
	row__span(&row, 1, 2, "00:04.0");
	row__put(&row, 3, "d");
	is(&row, "a      00:04.0   d\n", "a text over two columns");
	put(&narrow, "123456", "12345", "123", "ENOMEM");
	is(&narrow, "123456 12345 123 ENOMEM\n", "a row too wide for the table is not truncated");
	row__begin(&row);
	row__printf(&row, 1, "%d%s", 42, "x");
	is(&row, "         42x\n", "printf");
	row__begin(&row);
	row__number(&row, 0, 0);
	row__hex(&row, 3, ~0ULL);
	is(&row, "0                ffffffffffffffff\n", "numbers");
	return tap__done();
}
