// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON lines: a start record, a sample for each refresh, an end record.
 *
 * iommutop(8) describes the schema. Its number changes when a key changes its meaning or
 * disappears, not when a key is added. The keys of rows are column__key() of the table of columns.
 */
#include <sys/utsname.h>

#include "filter.h"
#include "msg.h"
#include "output/output.h"
#include "version.h"

#define SCHEMA 1

static void put_value(struct json *json, const struct model *model,
		      const struct model_column *column, const void *row)
{
	char key[COLUMN_KEY_MAX], cell[MODEL_CELL];
	__u64 number;
	const char *text;
	size_t size;

	column__key(key, column);
	if (!model__has(column, row)) {
		json__null(json, key);
		return;
	}
	if (column->type == MODEL_CHARS || column->type == MODEL_STRING) {
		text = model__text(column, row, &size);
		json__string_n(json, key, text, size);
		return;
	}
	number = model__number(column, row);
	switch (column->unit) {
	case MODEL_UNIT_ADDR:
	case MODEL_UNIT_HEX:
		json__hex(json, key, number);
		break;
	case MODEL_UNIT_SHARE:
		json__decimal(json, key, number, 2);
		break;
	case MODEL_UNIT_SBDF:
	case MODEL_UNIT_RANGE:
		json__string(json, key, model__format(cell, model, column, row, false));
		break;
	default:
		if (column->type == MODEL_BOOL)
			json__bool(json, key, number);
		else if (model__is_signed(column))
			json__s64(json, key, number);
		else
			json__u64(json, key, number);
	}
}

static void put_row(struct json *json, const struct model *model, enum model_table table,
		    const void *row)
{
	const struct model_table_info *info = &model_tables[table];
	__u32 kind = model__key(row)->kind;
	unsigned int i;

	json__object(json, NULL);
	json__string(json, "kind", model_kind_names[kind]);
	for (i = 0; i < info->nr_columns; i++)
		if (info->columns[i].kinds & 1u << kind)
			put_value(json, model, &info->columns[i], row);
	json__end(json);
}

/* Of the event stream, of refusals and of a history, only the rows after number since. */
static void put_table(struct json *json, const struct model *model, enum model_table table,
		      __u64 since)
{
	unsigned int i;

	json__array(json, model_tables[table].name);
	for (i = 0; i < model__nr(model, table); i++) {
		const void *row = model__row(model, table, i);

		if (model__key(row)->number > since ||
		    (table != MODEL_LINES && table != MODEL_REFUSALS && table != MODEL_HISTORY))
			put_row(json, model, table, row);
	}
	json__end(json);
}

static void put_latency(struct json *json, const char *key, const struct model_latency *latency)
{
	json__object(json, key);
	json__u64(json, "count", latency->count);
	if (latency->count) {
		json__u64(json, "p50_ns", latency->p50_ns);
		json__u64(json, "p90_ns", latency->p90_ns);
		json__u64(json, "p99_ns", latency->p99_ns);
		json__u64(json, "max_ns", latency->max_ns);
	}
	json__end(json);
}

static void put_known(struct json *json, const char *key, __u64 number)
{
	json__u64_or_null(json, key, number != MODEL_NONE, number);
}

static void put_counts(struct json *json, const char *key, const struct model_counts *counts,
		       const struct model_latency *latency)
{
	json__object(json, key);
	json__u64(json, "maps", counts->maps);
	json__u64(json, "map_bytes", counts->map_bytes);
	json__u64(json, "map_pages", counts->map_pages);
	json__u64(json, "maps_failed", counts->map_failed);
	json__u64(json, "unmaps", counts->unmaps);
	json__u64(json, "unmap_bytes", counts->unmap_bytes);
	json__u64(json, "unmaps_failed", counts->unmap_failed);
	put_known(json, "copies", counts->copies);
	put_known(json, "copy_bytes", counts->copy_bytes);
	put_known(json, "copies_failed", counts->copy_failed);
	put_latency(json, "pin", &latency[MODEL_PIN]);
	put_latency(json, "map", &latency[MODEL_MAP]);
	put_latency(json, "unmap", &latency[MODEL_UNMAP]);
	json__end(json);
}

static void put_space(struct json *json, const struct model_space *space)
{
	json__object(json, "space");
	json__u64(json, "ctx", space->ctx);
	json__u64(json, "ioas", space->ioas);
	json__u64(json, "areas", space->areas);
	json__u64(json, "used_bytes", space->used);
	json__u64_or_null(json, "reserved_bytes", space->reserved != MODEL_NONE, space->reserved);
	json__hex(json, "first", space->first);
	json__hex(json, "last", space->last);
	json__u64(json, "holes", space->holes);
	json__u64(json, "hole_bytes", space->hole_bytes);
	json__u64(json, "largest_hole_bytes", space->largest_hole);
	json__hex(json, "largest_hole_first", space->largest_hole_first);
	json__decimal(json, "fragmentation_percent", space->fragmentation, 2);
	json__bool(json, "cut", space->cut);
	json__end(json);
}

static void put_area_sums(struct json *json, const struct model_area_sums *sums)
{
	json__object(json, "area_sums");
	json__u64(json, "ctx", sums->ctx);
	json__u64(json, "ioas", sums->ioas);
	json__u64(json, "areas", sums->areas);
	json__u64(json, "length_bytes", sums->bytes);
	json__u64_or_null(json, "runs", sums->runs != MODEL_NONE, sums->runs);
	json__u64_or_null(json, "in_runs_bytes", sums->runs != MODEL_NONE, sums->in_runs);
	json__u64_or_null(json, "huge_bytes", sums->huge != MODEL_NONE, sums->huge);
	json__bool(json, "cut", sums->cut);
	json__end(json);
}

static void begin(struct json *json, const char *type)
{
	json__object(json, NULL);
	json__string(json, "type", type);
}

static void end(struct json *json)
{
	json__end(json);
	json__line(json);
}

static void put_text(struct json *json, const char *key, const char *text)
{
	if (*text)
		json__string(json, key, text);
	else
		json__null(json, key);
}

static void jsonl_start(struct output *output, const struct model *model)
{
	struct utsname system = {};
	struct json *json = &output->json;

	begin(json, "start");
	json__u64(json, "schema", SCHEMA);
	json__string(json, "tool", "iommutop");
	json__string(json, "version", IOMMUSCOPE_VERSION);
	uname(&system);
	json__string(json, "kernel", system.release);
	json__u64(json, "time_ns", model->start_ns);
	json__u64(json, "realtime_ns", model->start_ns + model->wall_offset_ns);
	json__u64(json, "interval_ns", output->options->interval_ns);
	put_text(json, "missing", model->missing);
	put_text(json, "note", model->note);
	filter__put_json(output->options->filter, json);
	end(json);
}

static void jsonl_sample(struct output *output, const struct model *model)
{
	unsigned int tables = view__tables(output->options->view), i;
	struct json *json = &output->json;

	begin(json, "sample");
	json__string(json, "source", model->source);
	json__u64(json, "time_ns", model->time_ns);
	json__u64(json, "realtime_ns", model->time_ns + model->wall_offset_ns);
	json__u64(json, "interval_ns", model->interval_ns);
	if (model->has_counts) {
		put_counts(json, "now", &model->now, model->latency);
		put_counts(json, "total", &model->total, model->latency_total);
	} else {
		json__null(json, "now");
		json__null(json, "total");
	}
	if (model->space.is_there)
		put_space(json, &model->space);
	if (model->area_sums.is_there)
		put_area_sums(json, &model->area_sums);
	for (i = 0; i < MODEL_TABLES; i++)
		if (tables & 1u << i)
			put_table(json, model, i,
				  i == MODEL_LINES   ? output->last_line :
				  i == MODEL_HISTORY ? output->last_moment :
						       output->last_refusal);
	end(json);
}

static void jsonl_finish(struct output *output, const struct model *model, const char *reason)
{
	struct json *json = &output->json;

	begin(json, "end");
	json__u64(json, "time_ns", model->time_ns);
	json__string(json, "reason", reason);
	json__u64(json, "samples", model->refreshes ? model->refreshes - 1 : 0);
	end(json);
}

void output__print_error(__u64 time_ns)
{
	struct json json;

	json__init(&json, stdout);
	begin(&json, "error");
	json__u64(&json, "time_ns", time_ns);
	json__string(&json, "message", msg__last());
	end(&json);
	fflush(stdout);
}

const struct output_format output_jsonl = {
	.start = jsonl_start,
	.sample = jsonl_sample,
	.finish = jsonl_finish,
};
