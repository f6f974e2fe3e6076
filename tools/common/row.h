/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of a table with narrow columns.
 *
 * A cell that is too wide for its column uses the blanks of its neighbours, first those to its
 * right, so that only few cells are out of place and the row stays within the width of the table as
 * long as there are enough blanks. Nothing is truncated; callers that want that truncate the text
 * before.
 *
 * Cells are put from left to right. Columns without a cell stay empty; row__span() lets a text take
 * several columns.
 */
#ifndef _COMMON_ROW_H
#define _COMMON_ROW_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

#define ROW_MAX_COLUMNS 96
#define ROW_MAX_TEXT 1024

struct row_column {
	const char *name;
	unsigned int width; /* of the usual cell; 0 in the last column: the rest */
	bool right; /* right-aligned */
};

struct row {
	const struct row_column *columns;
	unsigned int nr_columns;
	unsigned int width; /* of the table; 0: no limit */
	unsigned int start[ROW_MAX_COLUMNS]; /* of each column, on the screen */
	unsigned int nr_cells;
	unsigned int text_size;
	unsigned int *widest; /* see row__measure() */
	struct {
		unsigned int start; /* screen column */
		unsigned int columns; /* on the screen */
		unsigned int size; /* bytes */
		const char *text;
	} cells[ROW_MAX_COLUMNS];
	char text[ROW_MAX_TEXT];
};

void row__init(struct row *row, const struct row_column *columns, unsigned int nr_columns,
	       unsigned int width);

/*
 * From now on print nothing, but raise widest[], which has an entry for each column, to the widest
 * cell of the column. Cells of row__span() do not count.
 */
void row__measure(struct row *row, unsigned int *widest);

/* Start a new row. */
void row__begin(struct row *row);

/* Put a clean text, which is copied, into a column. Columns must come in ascending order. */
void row__put(struct row *row, unsigned int column, const char *text);
void row__number(struct row *row, unsigned int column, __u64 number);
void row__hex(struct row *row, unsigned int column, __u64 number);
void row__printf(struct row *row, unsigned int column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put a text that begins at the left of the first column and may reach into the last. */
void row__span(struct row *row, unsigned int first, unsigned int last, const char *text);

/* Print the row without trailing blanks, and a line break. */
void row__print(struct row *row, FILE *out);

/* Print the names of the columns. */
void row__print_header(struct row *row, FILE *out);

#endif /* _COMMON_ROW_H */
