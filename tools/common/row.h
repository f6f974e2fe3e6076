/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of text in columns that hold the usual case in few columns of the screen, and do not break
 * in the unusual one.
 *
 * A cell that is too wide for its column takes the blanks of its neighbours, first those to the
 * right; so a row gets out of step only for as far as it must, and stays within the width of the
 * table if there are enough blanks at all. Nothing is ever cut here: who wants that cuts the
 * text before.
 *
 * Cells are put from left to right; columns left out stay empty, row__span() lets a text take
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
	unsigned int width;  /* of the usual cell; 0 in the last one: what is left */
	bool right;   /* aligned to the right */
};

struct row {
	const struct row_column *columns;
	unsigned int nr_columns;
	unsigned int width;  /* of the table, 0: no limit */
	unsigned int start[ROW_MAX_COLUMNS]; /* screen column where each begins */
	unsigned int nr_cells;
	unsigned int text_size;
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

/* Starts a new row. */
void row__begin(struct row *row);

/* A clean text for the column; the text is copied. Columns come in ascending order. */
void row__put(struct row *row, unsigned int column, const char *text);
void row__number(struct row *row, unsigned int column, __u64 number);
void row__hex(struct row *row, unsigned int column, __u64 number);
void row__printf(struct row *row, unsigned int column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a text that begins at the left of the first column and may reach into the last. */
void row__span(struct row *row, unsigned int first, unsigned int last, const char *text);

/* Writes the row, without blanks at its end, and a line break. */
void row__print(struct row *row, FILE *out);

/* The names of the columns. */
void row__print_header(struct row *row, FILE *out);

#endif /* _COMMON_ROW_H */
