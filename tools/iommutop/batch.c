// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop without a screen: the loop, and its text.
 *
 * A first refresh, which is not shown, says where everything stands; what is shown then is an
 * interval later, and has rates. What is written with -o is written aside and renamed, so that a
 * reader never meets half of it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "errname.h"
#include "human.h"
#include "iommutop.h"
#include "msg.h"
#include "process.h"
#include "row.h"
#include "source/source.h"
#include "text.h"

struct batch {
	struct model *model;
	struct source *source;
	const struct options *options;
	struct json json;
	bool has_header;
	__u64 last_line;	 /* the last fault that was told */
	const char *reason;  /* why it ended */
};

/* ---- views ---- */

const char *const view_names[] = { "overview", "latency",  "faults", "devices",
				   "space",    "policies", "self",   NULL };

#define BIT(table) (1u << MODEL_##table)

unsigned int view__tables(const char *name)
{
	static const unsigned int tables[] = {
		BIT(NODES),
		BIT(SIZES),
		BIT(FAULTS) | BIT(LINES),
		BIT(DEVICES),
		BIT(AREAS) | BIT(RANGES),
		BIT(POLICIES) | BIT(HOOKS),
		BIT(SELF),
	};
	unsigned int i;

	/* Everything but the map of an address space, which has to be chosen. */
	if (!name)
		return ((1u << MODEL_TABLES) - 1) & ~BIT(AREAS) & ~BIT(RANGES);
	for (i = 0; view_names[i]; i++)
		if (!strcmp(view_names[i], name))
			return tables[i];
	return 0;
}

/* ---- text ---- */

static void put_title(const struct model *model, FILE *out)
{
	__u64 wall_ns = model->time_ns + model->wall_offset_ns;
	char pin[HUMAN_MAX], map[HUMAN_MAX], date[32];
	time_t seconds = wall_ns / NS_PER_SEC;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%H:%M:%S", &tm);
	fprintf(out, "iommutop %s.%03llu, %s, over %.1f s", date, wall_ns % NS_PER_SEC / 1000000,
		model->source, (double)model->interval_ns / NS_PER_SEC);
	if (model->has_counts)
		fprintf(out, ": %llu maps, %llu unmaps, pin p99 %s, map p99 %s", model->now.maps,
			model->now.unmaps,
			model->latency[MODEL_PIN].count ?
				human__time(pin, model->latency[MODEL_PIN].p99_ns) :
				"-",
			model->latency[MODEL_MAP].count ?
				human__time(map, model->latency[MODEL_MAP].p99_ns) :
				"-");
	putc('\n', out);
	if (model->missing[0])
		fprintf(out, "(%s)\n", model->missing);
}

/* The columns that are shown: in a row's order, of the table's. */
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

static void put_table(const struct model *model, const struct options *options,
		      enum model_table table, FILE *out)
{
	const char *name = options->sort ? options->sort : model_tables[table].sort;
	unsigned int nr = model__nr(model, table), *order, i, j;
	const struct model_column *sort = name ? model__column(table, name) : NULL;
	static struct text_table text;
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
		"ctx %u ioas %u: %llu areas, %s used, %llu holes, the largest %s, "
		"fragmentation %llu.%llu%%%s\n",
		space->ctx, space->ioas, space->areas, human__bytes(used, space->used),
		space->holes, human__bytes(hole, space->largest_hole), space->fragmentation / 100,
		space->fragmentation % 100 / 10,
		space->cut ? "; more areas were not looked at" : "");
}

void text__sample(const struct model *model, const struct options *options, FILE *out)
{
	unsigned int tables = view__tables(options->view ? options->view : "overview"), i;

	if (options->self_stats)
		tables |= BIT(SELF);
	if (!options->quiet)
		put_title(model, out);
	if (tables & BIT(RANGES) && model->space.is_there)
		put_space(model, out);
	for (i = 0; i < MODEL_TABLES; i++)
		if (tables & 1u << i)
			put_table(model, options, i, out);
	if (!options->quiet)
		putc('\n', out);
}

/* ---- the loop ---- */

static int flush(FILE *out, const char *name)
{
	char text[ERRNAME_MAX];
	int err;

	errno = EIO;
	if (!fflush(out) && !ferror(out))
		return 0;
	err = -errno;
	if (err != -EPIPE)
		msg("writing to %s: %s", name, errname(-err, text));
	return err;
}

/* Aside, then renamed: in the same folder, under a name that a node exporter does not read. */
static int write_file(const struct batch *batch)
{
	const char *path = batch->options->output;
	size_t size = strlen(path);
	char aside[4096], text[ERRNAME_MAX];
	bool prometheus = size > 5 && !strcmp(path + size - 5, ".prom");
	FILE *file;
	int err;

	if (snprintf(aside, sizeof(aside), "%s.%d.tmp", path, getpid()) >= (int)sizeof(aside)) {
		msg("%s: the name is too long", path);
		return -ENAMETOOLONG;
	}
	file = fopen(aside, "we");
	if (!file) {
		err = -errno;
		msg("%s: cannot be created (%s)", aside, errname(-err, text));
		return err;
	}
	/* A node exporter runs as somebody else. */
	fchmod(fileno(file), 0644);
	metrics__sample(batch->model, prometheus, file);
	err = flush(file, aside);
	fclose(file);
	if (!err && rename(aside, path)) {
		err = -errno;
		msg("%s: cannot be replaced (%s)", path, errname(-err, text));
	}
	if (err)
		unlink(aside);
	return err;
}

static int write_sample(struct batch *batch)
{
	const struct options *options = batch->options;

	switch (options->format) {
	case FORMAT_JSON:
		jsonl__sample(&batch->json, batch->model, options, batch->last_line);
		break;
	case FORMAT_CSV:
		csv__sample(batch->model, options, !batch->has_header && !options->quiet, stdout);
		break;
	case FORMAT_METRICS:
		if (options->output)
			return write_file(batch);
		metrics__sample(batch->model, false, stdout);
		break;
	default:
		text__sample(batch->model, options, stdout);
	}
	batch->has_header = true;
	batch->last_line = batch->model->nr_lines;
	return flush(stdout, "stdout");
}

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

/* Until then, or until a signal comes or nobody reads stdout any more; false if so. */
static bool wait_until(struct batch *batch, __u64 due_ns)
{
	struct pollfd reader = { .fd = STDOUT_FILENO };
	struct timespec rest;
	__u64 now;

	for (;;) {
		if (process__signalled()) {
			batch->reason = "signal";
			return false;
		}
		now = now_ns();
		if (now >= due_ns)
			return true;
		/* A signal between the look and the sleep is seen a tick later. */
		now = due_ns - now < NS_PER_SEC / 10 ? due_ns - now : NS_PER_SEC / 10;
		rest.tv_sec = now / NS_PER_SEC;
		rest.tv_nsec = now % NS_PER_SEC;
		if (ppoll(&reader, 1, &rest, NULL) > 0 && reader.revents & POLLERR) {
			batch->reason = "output";
			return false;
		}
	}
}

static void want_space(struct batch *batch)
{
	const struct options *options = batch->options;

	if (!options->view || strcmp(options->view, "space"))
		return;
	batch->model->want.space = true;
	batch->model->want.ctx = options->filter.ctx;
	batch->model->want.ioas = options->filter.ioas;
}

static int loop(struct batch *batch)
{
	const struct options *options = batch->options;
	__u64 count = options->count, begin_ns = now_ns(), due_ns = begin_ns, nr;
	int err = 0;

	if (options->format == FORMAT_METRICS && !options->output && !count &&
	    !options->duration_ns)
		count = 1;
	for (nr = 0; !count || nr < count; nr++) {
		due_ns += options->interval_ns;
		if (options->duration_ns && due_ns > begin_ns + options->duration_ns) {
			wait_until(batch, begin_ns + options->duration_ns);
			batch->reason = batch->reason ? batch->reason : "duration";
			return 0;
		}
		/* One that took longer than an interval is not made up for. */
		if (due_ns < now_ns() && !batch->source->own_time)
			due_ns = now_ns();
		if (!batch->source->own_time && !wait_until(batch, due_ns))
			return 0;
		err = model__refresh(batch->model, batch->source);
		if (!err)
			err = write_sample(batch);
		if (err)
			return err;
		if (batch->model->ended) {
			batch->reason = "ended";
			return 0;
		}
		if (process__signalled()) {
			batch->reason = "signal";
			return 0;
		}
	}
	batch->reason = "count";
	return 0;
}

int batch__run(struct model *model, struct source *source, const struct options *options)
{
	struct batch batch = { .model = model, .source = source, .options = options };
	int err = 0;

	if (model->missing[0] && options->format != FORMAT_TEXT)
		msg("%s", model->missing);
	want_space(&batch);
	/* A recording begins with nothing: its first interval counts. */
	if (!source->own_time)
		err = model__refresh(model, source);
	if (err)
		return err;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	json__init(&batch.json, stdout);
	if (options->format == FORMAT_JSON) {
		jsonl__start(&batch.json, model, options);
		err = flush(stdout, "stdout");
	}
	if (!err)
		err = loop(&batch);
	if (!err && options->format == FORMAT_JSON) {
		jsonl__finish(&batch.json, model, batch.reason);
		err = flush(stdout, "stdout");
	}
	return err == -EPIPE ? 0 : err;
}
