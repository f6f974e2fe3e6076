// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metrics in the OpenMetrics format, or in the older text format of Prometheus.
 *
 * There is a metric family iommufd_KIND_NAME_UNIT for each kind of row and each column that is a
 * gauge or counter, in base units (bytes, seconds, ratio). Each kind also has an _info metric,
 * whose labels describe the row. Histograms of latencies follow, of all and of each context. The
 * formats differ in two things: OpenMetrics names the family of a counter without _total, and has
 * lines with units.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "output/output.h"

struct writer {
	const struct model *model;
	bool prometheus;
	FILE *out;
};

static bool has_kind(const struct model *model, enum model_table table, unsigned int kind)
{
	unsigned int i;

	for (i = 0; i < model__nr(model, table); i++)
		if (model__key(model__row(model, table, i))->kind == kind)
			return true;
	return false;
}

static const char *unit_name(const struct model_column *column)
{
	switch (column->unit) {
	case MODEL_UNIT_BYTES:
	case MODEL_UNIT_BYTE_RATE:
		return "bytes";
	case MODEL_UNIT_NS:
		return "seconds";
	case MODEL_UNIT_SHARE:
		return "ratio";
	default:
		return NULL;
	}
}

#define METRIC_MAX 96

/* Write the name of a family, without _total. */
static void put_name(char name[METRIC_MAX], unsigned int kind, const struct model_column *column)
{
	size_t size = strlen(column->name);
	const char *unit = unit_name(column);
	int at;

	if (size > 6 && !strcmp(column->name + size - 6, "_total"))
		size -= 6;
	if (unit && size > strlen(unit) &&
	    !memcmp(column->name + size - strlen(unit), unit, strlen(unit)))
		unit = NULL;
	at = snprintf(name, METRIC_MAX, "iommufd_%s_%.*s", model_kind_names[kind], (int)size,
		      column->name);
	if (unit)
		snprintf(name + at, METRIC_MAX - at, "_%s", unit);
}

static void put_head(const struct writer *writer, const char *name, const char *type,
		     const char *unit, const char *help)
{
	const char *total = writer->prometheus && !strcmp(type, "counter") ? "_total" : "";

	fprintf(writer->out, "# HELP %s%s %c%s.\n", name, total, toupper((unsigned char)help[0]),
		help + 1);
	fprintf(writer->out, "# TYPE %s%s %s\n", name, total, type);
	if (unit && !writer->prometheus)
		fprintf(writer->out, "# UNIT %s %s\n", name, unit);
}

static void put_label(const struct writer *writer, const struct model_column *column,
		      const void *row, bool first)
{
	char cell[MODEL_CELL];
	const char *c;

	/* Labels identify rows, so numbers are not abbreviated. */
	if (model__is_number(column) && column->unit != MODEL_UNIT_SBDF &&
	    column->unit != MODEL_UNIT_HEX)
		snprintf(cell, sizeof(cell), "%lld", (__s64)model__number(column, row));
	else
		model__format(cell, writer->model, column, row, true);
	fprintf(writer->out, "%s%s=\"", first ? "" : ",", column->name);
	for (c = cell; *c; c++) {
		if (*c == '"' || *c == '\\')
			putc('\\', writer->out);
		putc(*c, writer->out);
	}
	putc('"', writer->out);
}

/* Write the labels that identify the row; with_info: and all others. */
static void put_labels(const struct writer *writer, const struct model_table_info *info,
		       const void *row, bool with_info)
{
	bool first = true;
	unsigned int i;

	putc('{', writer->out);
	for (i = 0; i < info->nr_columns; i++) {
		const struct model_column *column = &info->columns[i];

		if (column->metric != MODEL_LABEL && (column->metric != MODEL_INFO || !with_info))
			continue;
		if (!model__has(column, row))
			continue;
		put_label(writer, column, row, first);
		first = false;
	}
	putc('}', writer->out);
}

static void put_number(const struct writer *writer, const struct model_column *column,
		       const void *row)
{
	__u64 number = model__number(column, row);

	if (column->unit == MODEL_UNIT_NS)
		fprintf(writer->out, "%llu.%09llu\n", number / NS_PER_SEC, number % NS_PER_SEC);
	else if (column->unit == MODEL_UNIT_SHARE)
		fprintf(writer->out, "%llu.%04llu\n", number / 10000, number % 10000);
	else
		fprintf(writer->out, "%llu\n", number);
}

static void put_family(const struct writer *writer, enum model_table table, unsigned int kind,
		       const struct model_column *column)
{
	const struct model_table_info *info = &model_tables[table];
	bool is_counter = column->metric == MODEL_COUNTER, has_head = false;
	char name[METRIC_MAX];
	unsigned int i;

	put_name(name, kind, column);
	for (i = 0; i < model__nr(writer->model, table); i++) {
		const void *row = model__row(writer->model, table, i);

		if (model__key(row)->kind != kind || !model__has(column, row))
			continue;
		if (!has_head)
			put_head(writer, name, is_counter ? "counter" : "gauge", unit_name(column),
				 column->summary);
		has_head = true;
		fprintf(writer->out, "%s%s", name, is_counter ? "_total" : "");
		put_labels(writer, info, row, false);
		putc(' ', writer->out);
		put_number(writer, column, row);
	}
}

static void put_info(const struct writer *writer, enum model_table table, unsigned int kind)
{
	const struct model_table_info *info = &model_tables[table];
	char name[METRIC_MAX], help[METRIC_MAX];
	bool has_info = false;
	unsigned int i;

	for (i = 0; i < info->nr_columns; i++)
		has_info |= info->columns[i].metric == MODEL_INFO &&
			    info->columns[i].kinds & 1u << kind;
	if (!has_info)
		return;
	/* Prometheus has no type info, so there it is a gauge with the value 1. */
	snprintf(name, sizeof(name), "iommufd_%s%s", model_kind_names[kind],
		 writer->prometheus ? "_info" : "");
	snprintf(help, sizeof(help), "labels of a %s", model_kind_names[kind]);
	put_head(writer, name, writer->prometheus ? "gauge" : "info", NULL, help);
	for (i = 0; i < model__nr(writer->model, table); i++) {
		const void *row = model__row(writer->model, table, i);

		if (model__key(row)->kind != kind)
			continue;
		fprintf(writer->out, "iommufd_%s_info", model_kind_names[kind]);
		put_labels(writer, info, row, true);
		fputs(" 1\n", writer->out);
	}
}

/* Write the samples of a histogram. @labels: of a row, "machine=...,ctx=..."; or "" */
static void put_buckets(const struct writer *writer, const char *name, const char *labels,
			const __u64 *buckets)
{
	const char *comma = *labels ? "," : "";
	__u64 sum = 0, ns;
	unsigned int i;

	/* Every eighth bucket, so that bounds grow by a factor of 4: 512 ns, 2 us, ... */
	for (i = 0; i < MODEL_BUCKETS; i++) {
		sum += buckets[i];
		ns = model__bucket_ns(i + 1);
		if (i % 8 != 0 || i == 0)
			continue;
		fprintf(writer->out, "%s_bucket{%s%sle=\"%llu.%09llu\"} %llu\n", name, labels,
			comma, ns / NS_PER_SEC, ns % NS_PER_SEC, sum);
	}
	fprintf(writer->out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma, sum);
	if (*labels)
		fprintf(writer->out, "%s_count{%s} %llu\n", name, labels, sum);
	else
		fprintf(writer->out, "%s_count %llu\n", name, sum);
}

static void put_histogram(const struct writer *writer, enum model_op op, const char *name,
			  const char *help)
{
	put_head(writer, name, "histogram", "seconds", help);
	put_buckets(writer, name, "", writer->model->buckets_total[op]);
}

/* Write a histogram for each context. */
static void put_histograms(const struct writer *writer, enum model_op op, const char *name,
			   const char *help)
{
	const struct model_table_info *info = &model_tables[MODEL_NODES];
	const struct model *model = writer->model;
	unsigned int i;

	put_head(writer, name, "histogram", "seconds", help);
	for (i = 0; i < model__nr(model, MODEL_NODES); i++) {
		const struct model_node *node = model__row(model, MODEL_NODES, i);
		struct writer in_memory = *writer;
		char *labels = NULL;
		size_t size;

		if (!node->histograms)
			continue;
		in_memory.out = open_memstream(&labels, &size);
		if (!in_memory.out)
			return;
		put_labels(&in_memory, info, node, false);
		fclose(in_memory.out);
		/* Without the braces. */
		if (size > 2) {
			labels[size - 1] = '\0';
			put_buckets(writer, name, labels + 1, node->histograms->buckets[op]);
		}
		free(labels);
	}
}

static void put_table(const struct writer *writer, enum model_table table)
{
	const struct model_table_info *info = &model_tables[table];
	unsigned int kind, i;

	for (kind = 0; kind < MODEL_KINDS; kind++) {
		if (!has_kind(writer->model, table, kind))
			continue;
		put_info(writer, table, kind);
		for (i = 0; i < info->nr_columns; i++)
			if ((info->columns[i].metric == MODEL_GAUGE ||
			     info->columns[i].metric == MODEL_COUNTER) &&
			    info->columns[i].kinds & 1u << kind)
				put_family(writer, table, kind, &info->columns[i]);
	}
}

static void put_metrics(const struct model *model, bool prometheus, FILE *out)
{
	const struct writer writer = { model, prometheus, out };
	unsigned int table;

	for (table = 0; table < MODEL_TABLES; table++)
		put_table(&writer, table);
	if (model->has_counts) {
		put_histogram(&writer, MODEL_PIN, "iommufd_pin_seconds",
			      "time that maps spent pinning since the start");
		put_histogram(&writer, MODEL_MAP, "iommufd_map_seconds",
			      "time that maps spent filling page tables since the start");
		put_histogram(&writer, MODEL_UNMAP, "iommufd_unmap_seconds",
			      "time of unmaps since the start");
		put_histograms(&writer, MODEL_PIN, "iommufd_context_pin_seconds",
			       "time that maps of a context spent pinning since the start");
		put_histograms(
			&writer, MODEL_MAP, "iommufd_context_map_seconds",
			"time that maps of a context spent filling page tables since the start");
		put_histograms(&writer, MODEL_UNMAP, "iommufd_context_unmap_seconds",
			       "time of unmaps of a context since the start");
	}
	if (!prometheus)
		fputs("# EOF\n", out);
}

static void openmetrics_sample(struct output *output, const struct model *model)
{
	put_metrics(model, false, output->out);
}

static void prometheus_sample(struct output *output, const struct model *model)
{
	put_metrics(model, true, output->out);
}

const struct output_format output_openmetrics = {
	.sample = openmetrics_sample,
};

const struct output_format output_prometheus = {
	.sample = prometheus_sample,
};
