// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text for people: a title, then the tables of a view.
 */
#include <stdlib.h>

#include "human.h"
#include "model/facts.h"
#include "output/output.h"
#include "row.h"
#include "text.h"

static const char *p99(char text[HUMAN_MAX], const struct model_latency *latency)
{
	return latency->count ? human__time(text, latency->p99_ns) : "-";
}

static void put_title(const struct model *model, FILE *out)
{
	char pin[HUMAN_MAX], map[HUMAN_MAX], day[MODEL_TIME];

	fprintf(out, "iommutop %s, %s, over %.1f s",
		model__time_of_day(day, model, model->time_ns, true), model->source,
		(double)model->interval_ns / NS_PER_SEC);
	if (model->has_counts)
		fprintf(out, ": %llu map%s, %llu unmap%s, pin p99 %s, map p99 %s", model->now.maps,
			model->now.maps == 1 ? "" : "s", model->now.unmaps,
			model->now.unmaps == 1 ? "" : "s", p99(pin, &model->latency[MODEL_PIN]),
			p99(map, &model->latency[MODEL_MAP]));
	putc('\n', out);
	if (model->missing[0])
		fprintf(out, "(%s)\n", model->missing);
}

/* The columns of a table that are shown, and how they become cells of a row. */
struct text_table {
	const struct model_column *columns[ROW_MAX_COLUMNS];
	struct row_column cells[ROW_MAX_COLUMNS];
	unsigned int nr;
};

static void choose_columns(struct text_table *text, enum model_table table, bool wide)
{
	const struct model_table_info *info = &model_tables[table];
	unsigned int i;

	text->nr = 0;
	for (i = 0; i < info->nr_columns && text->nr < ROW_MAX_COLUMNS; i++) {
		const struct model_column *column = &info->columns[i];

		if (column->flags & MODEL_COLUMN_WIDE && !wide)
			continue;
		text->columns[text->nr] = column;
		text->cells[text->nr].name = column->title;
		text->cells[text->nr].width = column->width;
		text->cells[text->nr].right = model__is_number(column);
		text->nr++;
	}
	if (text->nr && !text->cells[text->nr - 1].right)
		text->cells[text->nr - 1].width = 0;
}

/* Of a history, only the rows after number since. */
static void put_table(const struct model *model, const struct output_options *options,
		      enum model_table table, __u64 since, FILE *out)
{
	const char *name = options->sort ? options->sort : model_tables[table].sort;
	unsigned int nr = model__nr(model, table), *order, i, j;
	const struct model_column *sort = name ? model__column(table, name) : NULL;
	static struct text_table text; /* too large for the stack */
	static struct row row;
	char cell[MODEL_CELL];

	choose_columns(&text, table, options->wide);
	row__init(&row, text.cells, text.nr, 0);
	if (!options->quiet)
		row__print_header(&row, out);
	order = malloc((nr + 1) * sizeof(*order));
	if (!order)
		return;
	nr = model__order(model, table, sort, !options->ascending, order);
	for (i = 0; i < nr; i++) {
		const void *data = model__row(model, table, order[i]);

		if (table == MODEL_HISTORY && model__key(data)->number <= since)
			continue;
		row__begin(&row);
		for (j = 0; j < text.nr; j++)
			row__put(&row, j,
				 model__format(cell, model, text.columns[j], data,
					       text__locale_is_utf8()));
		row__print(&row, out);
	}
	free(order);
}

static void put_space(const struct model *model, FILE *out)
{
	const struct model_space *space = &model->space;
	char used[HUMAN_MAX], hole[HUMAN_MAX];

	fprintf(out,
		"ctx %u ioas %u: %llu %s, %s used, %llu %s, largest hole %s, "
		"fragmentation %llu.%llu%%%s\n",
		space->ctx, space->ioas, space->areas, space->areas == 1 ? "area" : "areas",
		human__bytes(used, space->used), space->holes, space->holes == 1 ? "hole" : "holes",
		human__bytes(hole, space->largest_hole), space->fragmentation / 100,
		space->fragmentation % 100 / 10, space->cut ? "; more areas were not read" : "");
}

static void put_area_sums(const struct model *model, FILE *out)
{
	const struct model_area_sums *sums = &model->area_sums;
	char bytes[HUMAN_MAX], run[HUMAN_MAX], huge[HUMAN_MAX];

	fprintf(out, "ctx %u ioas %u: %llu %s, %s", sums->ctx, sums->ioas, sums->areas,
		sums->areas == 1 ? "area" : "areas", human__bytes(bytes, sums->bytes));
	if (sums->runs && sums->runs != MODEL_NONE)
		fprintf(out, ", runs of %s on average, %s in huge pages",
			human__bytes(run, sums->in_runs / sums->runs),
			sums->huge == MODEL_NONE ? "-" : human__bytes(huge, sums->huge));
	fprintf(out, "%s\n", sums->cut ? "; more areas were not read" : "");
}

/* Write the facts about the context, a line for each subject. */
static void put_facts(const struct model *model, FILE *out)
{
	const struct model_key key = { .kind = MODEL_KIND_CTX, .ctx = model->want.history };
	int index = model__find(model, MODEL_NODES, &key);
	static struct facts facts; /* too large for the stack */
	unsigned int i, j;

	if (index < 0)
		return;
	facts__of(&facts, model, model__row(model, MODEL_NODES, index), text__locale_is_utf8());
	for (i = 0; i < facts.nr; i++) {
		const struct fact *fact = &facts.lines[i];

		fprintf(out, "%-8s", fact->label);
		for (j = 0; j < fact->nr; j++)
			fprintf(out, "%s%s", j ? ", " : "", fact->phrases[j]);
		putc('\n', out);
	}
}

static void text_sample(struct output *output, const struct model *model)
{
	const struct output_options *options = output->options;
	unsigned int tables = view__tables(options->view ? options->view : "overview"), i;

	if (options->self_stats)
		tables |= 1u << MODEL_SELF;
	if (!options->quiet)
		put_title(model, output->out);
	if (tables & 1u << MODEL_RANGES && model->space.is_there)
		put_space(model, output->out);
	if (tables & 1u << MODEL_AREA_LIST && model->area_sums.is_there)
		put_area_sums(model, output->out);
	if (tables & 1u << MODEL_HISTORY && !options->quiet)
		put_facts(model, output->out);
	for (i = 0; i < MODEL_TABLES; i++) {
		if (!(tables & 1u << i))
			continue;
		/* One table needs no caption. */
		if (!options->quiet && tables & (tables - 1))
			fprintf(output->out, "%s:\n", model_tables[i].title);
		put_table(model, options, i, output->last_moment, output->out);
	}
	if (!options->quiet)
		putc('\n', output->out);
}

const struct output_format output_text = {
	.sample = text_sample,
};
