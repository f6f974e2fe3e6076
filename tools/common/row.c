// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of a table, see row.h.
 *
 * A cell starts at the place of its column. row__print() then goes over the cells twice: from left
 * to right, moving a cell to the right if it overlaps the one before; then, if the row became wider
 * than the table, from right to left, moving cells to the left into blanks.
 *
 * This is fast, because a busy machine has many events: places of columns are computed once, and a
 * line is written in one piece.
 */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "row.h"
#include "text.h"

void row__init(struct row *row, const struct row_column *columns, unsigned int nr_columns,
	       unsigned int width)
{
	unsigned int i, start = 0;

	memset(row, 0, offsetof(struct row, text));
	row->columns = columns;
	row->nr_columns = nr_columns;
	row->width = width;
	for (i = 0; i < nr_columns && i < ROW_MAX_COLUMNS; i++) {
		row->start[i] = start;
		start += columns[i].width + 1;
	}
}

void row__measure(struct row *row, unsigned int *widest)
{
	row->widest = widest;
}

void row__begin(struct row *row)
{
	row->nr_cells = 0;
	row->text_size = 0;
}

static void add_cell(struct row *row, unsigned int first, unsigned int last, bool right,
		     const char *text)
{
	unsigned int start, end, columns;
	size_t size = strlen(text);

	if (row->nr_cells == ROW_MAX_COLUMNS || size >= ROW_MAX_TEXT - row->text_size)
		return;
	columns = text__columns_n(text, size);
	if (!columns)
		return;
	if (row->widest && first == last && columns > row->widest[first])
		row->widest[first] = columns;
	start = row->start[first];
	end = row->start[last] + row->columns[last].width;
	if (right)
		start = end > start + columns ? end - columns : start;
	row->cells[row->nr_cells].start = start;
	row->cells[row->nr_cells].columns = columns;
	row->cells[row->nr_cells].size = size;
	row->cells[row->nr_cells].text = memcpy(row->text + row->text_size, text, size);
	row->text_size += size;
	row->nr_cells++;
}

void row__put(struct row *row, unsigned int column, const char *text)
{
	add_cell(row, column, column, row->columns[column].right, text);
}

static void put_digits(struct row *row, unsigned int column, __u64 number, unsigned int base)
{
	char digits[24], *digit = digits + sizeof(digits);

	*--digit = '\0';
	do {
		*--digit = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	row__put(row, column, digit);
}

void row__number(struct row *row, unsigned int column, __u64 number)
{
	put_digits(row, column, number, 10);
}

void row__hex(struct row *row, unsigned int column, __u64 number)
{
	put_digits(row, column, number, 16);
}

void row__printf(struct row *row, unsigned int column, const char *format, ...)
{
	char text[ROW_MAX_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	row__put(row, column, text);
}

void row__span(struct row *row, unsigned int first, unsigned int last, const char *text)
{
	add_cell(row, first, last, false, text);
}

static void place_cells(struct row *row)
{
	unsigned int i, taken = 0, limit = row->width;

	for (i = 0; i < row->nr_cells; i++) {
		if (i && row->cells[i].start < taken + 1)
			row->cells[i].start = taken + 1;
		taken = row->cells[i].start + row->cells[i].columns;
	}
	if (!limit || taken <= limit)
		return;
	for (i = row->nr_cells; i--; limit = row->cells[i].start - 1) {
		if (row->cells[i].start + row->cells[i].columns <= limit)
			return;
		/* There are not enough blanks: the row stays too wide. */
		if (row->cells[i].columns > limit)
			break;
		row->cells[i].start = limit - row->cells[i].columns;
		if (!row->cells[i].start)
			break;
	}
	for (taken = 0, i = 0; i < row->nr_cells; i++) {
		if (i && row->cells[i].start < taken + 1)
			row->cells[i].start = taken + 1;
		taken = row->cells[i].start + row->cells[i].columns;
	}
}

/* All blanks of a line together. */
#define ROW_MAX_BLANKS 1024

void row__print(struct row *row, FILE *out)
{
	char line[ROW_MAX_TEXT + ROW_MAX_BLANKS + 1];
	unsigned int i, at = 0, blanks, room = ROW_MAX_BLANKS;
	char *end = line;

	if (row->widest)
		return;
	place_cells(row);
	for (i = 0; i < row->nr_cells; i++) {
		blanks = row->cells[i].start > at ? row->cells[i].start - at : 0;
		blanks = blanks < room ? blanks : room;
		room -= blanks;
		memset(end, ' ', blanks);
		end = mempcpy(end + blanks, row->cells[i].text, row->cells[i].size);
		at += blanks + row->cells[i].columns;
	}
	*end++ = '\n';
	fwrite_unlocked(line, 1, end - line, out);
}

void row__print_header(struct row *row, FILE *out)
{
	unsigned int i;

	row__begin(row);
	for (i = 0; i < row->nr_columns; i++)
		row__put(row, i, row->columns[i].name);
	row__print(row, out);
}
