// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop's CSV: one table, a line for each of its rows at each refresh. Columns are those of the
 * JSON, after the time and the kind of row; what is not there is empty.
 */
#include <stdio.h>
#include <string.h>

#include "iommutop.h"
#include "text.h"

static void put_text(const char *text, FILE *out)
{
	if (!strpbrk(text, ",\"\n\r")) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void put_value(const struct model *model, const struct model_column *column, const void *row,
		      FILE *out)
{
	char cell[MODEL_CELL];
	__u64 number;

	if (!model__has(column, row))
		return;
	number = model__number(column, row);
	switch (column->unit) {
	case MODEL_UNIT_ADDR:
	case MODEL_UNIT_HEX:
	case MODEL_UNIT_SBDF:
	case MODEL_UNIT_RANGE:
		put_text(model__format(cell, model, column, row, true), out);
		return;
	case MODEL_UNIT_SHARE:
		fprintf(out, "%llu.%02llu", number / 100, number % 100);
		return;
	default:
		break;
	}
	if (!model__is_number(column))
		put_text(model__format(cell, model, column, row, true), out);
	else if (column->type == MODEL_S32 || column->type == MODEL_S64)
		fprintf(out, "%lld", (__s64)number);
	else
		fprintf(out, "%llu", number);
}

static void put_header(const struct model_table_info *info, FILE *out)
{
	char key[COLUMN_KEY_MAX];
	unsigned int i;

	fputs("sample_time_ns,sample_interval_ns,kind", out);
	for (i = 0; i < info->nr_columns; i++)
		fprintf(out, ",%s", column__key(key, &info->columns[i]));
	putc('\n', out);
}

void csv__sample(const struct model *model, const struct options *options, bool header, FILE *out)
{
	unsigned int tables = view__tables(options->view), table, i, j;
	const struct model_table_info *info;

	/* Of a view with several tables the first one: a file has one kind of line. */
	for (table = 0; !(tables & 1u << table); table++)
		;
	info = &model_tables[table];
	if (header)
		put_header(info, out);
	for (i = 0; i < model__nr(model, table); i++) {
		const void *row = model__row(model, table, i);

		fprintf(out, "%llu,%llu,%s", model->time_ns, model->interval_ns,
			model_kind_names[model__key(row)->kind]);
		for (j = 0; j < info->nr_columns; j++) {
			putc(',', out);
			put_value(model, &info->columns[j], row, out);
		}
		putc('\n', out);
	}
}
