// SPDX-License-Identifier: GPL-2.0-only
/*
 * CSV: one table, a line for each row of each sample. The columns are those of JSON, after the time
 * and the kind of row. An absent value is an empty cell.
 */
#include <string.h>

#include "output/output.h"

void csv__put_text(const char *text, FILE *out)
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
		csv__put_text(model__format(cell, model, column, row, true), out);
		return;
	case MODEL_UNIT_SHARE:
		fprintf(out, "%llu.%02llu", number / 100, number % 100);
		return;
	default:
		break;
	}
	if (!model__is_number(column))
		csv__put_text(model__format(cell, model, column, row, true), out);
	else if (model__is_signed(column))
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

static void csv_sample(struct output *output, const struct model *model)
{
	/* The first table of the view, because all lines of a file have the same columns. */
	enum model_table table = __builtin_ctz(view__tables(output->options->view));
	const struct model_table_info *info = &model_tables[table];
	FILE *out = output->out;
	unsigned int i, j;

	if (!output->samples && !output->options->quiet)
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

const struct output_format output_csv = {
	.sample = csv_sample,
};
