// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the model: values by column, cells for people, order, search. Nothing here knows where
 * the contents come from; how they are made is in update.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "human.h"
#include "model/model.h"
#include "text.h"

__u64 model__bucket_ns(unsigned int bucket)
{
	unsigned int log = TOP_LOWEST_SHIFT + (bucket - 1) / 4;

	if (!bucket)
		return 0;
	return (4ULL + (bucket - 1) % 4) << (log - 2);
}

const void *model__row(const struct model *model, enum model_table table, unsigned int index)
{
	return (const char *)model->tables[table].rows + index * model_tables[table].row_size;
}

int model__find(const struct model *model, enum model_table table, const struct model_key *key)
{
	unsigned int i;

	for (i = 0; i < model->tables[table].nr; i++)
		if (!memcmp(model__row(model, table, i), key, sizeof(*key)))
			return i;
	return -1;
}

/* Of the tables that are trees: is it a row that others stand below? */
static bool is_parent(const void *row)
{
	__u32 kind = model__key(row)->kind;

	return kind == MODEL_KIND_CTX || kind == MODEL_KIND_DEVICE;
}

const void *model__parent(const struct model *model, enum model_table table, unsigned int index)
{
	if (!model_tables[table].is_tree || is_parent(model__row(model, table, index)))
		return NULL;
	while (index--)
		if (is_parent(model__row(model, table, index)))
			return model__row(model, table, index);
	return NULL;
}

/* ---- values ---- */

static __u64 read_number(const struct model_column *column, const void *row)
{
	const char *at = (const char *)row + column->offset;

	switch (column->type) {
	case MODEL_U32:
		return *(const __u32 *)at;
	case MODEL_S32:
		return *(const __s32 *)at;
	case MODEL_BOOL:
		return *(const bool *)at;
	case MODEL_U64:
	case MODEL_S64:
		return *(const __u64 *)at;
	default:
		return 0;
	}
}

__u64 model__number(const struct model_column *column, const void *row)
{
	return read_number(column, row);
}

const char *model__text(const struct model_column *column, const void *row, size_t *size)
{
	const char *at = (const char *)row + column->offset;

	if (column->type == MODEL_STRING) {
		at = *(const char *const *)at;
		*size = at ? strlen(at) : 0;
	} else {
		*size = strnlen(at, column->size);
	}
	return at;
}

bool model__is_number(const struct model_column *column)
{
	return column->type != MODEL_CHARS && column->type != MODEL_STRING &&
	       column->type != MODEL_BOOL && column->unit != MODEL_UNIT_RANGE;
}

bool model__has(const struct model_column *column, const void *row)
{
	size_t size;

	if (!(column->kinds & 1u << model__key(row)->kind))
		return false;
	switch (column->type) {
	case MODEL_CHARS:
	case MODEL_STRING:
		model__text(column, row, &size);
		return size;
	case MODEL_BOOL:
	case MODEL_S32:
		return true;
	case MODEL_U32:
		return read_number(column, row) != EVENT_NONE;
	case MODEL_S64:
	case MODEL_U64:
		break;
	}
	/* A change of -1 byte is one. */
	return column->type == MODEL_S64 || column->flags & MODEL_COLUMN_ALWAYS ||
	       read_number(column, row) != MODEL_NONE;
}

/* ---- cells ---- */

/* count in interval_ns, as so many a second: with decimals only if it is small. */
static void put_rate(char *cell, __u64 count, __u64 interval_ns)
{
	double rate = interval_ns ? (double)count * NS_PER_SEC / interval_ns : 0;
	char text[HUMAN_MAX];

	if (!count)
		strcpy(cell, "0");
	else if (rate < 0.095)
		strcpy(cell, "<0.1");
	else if (rate < 9.95)
		snprintf(cell, MODEL_CELL, "%.1f", rate);
	else
		strcpy(cell, human__count(text, (__u64)(rate + 0.5)));
}

static void put_byte_rate(char *cell, __u64 bytes, __u64 interval_ns)
{
	double rate = interval_ns ? (double)bytes * NS_PER_SEC / interval_ns : 0;
	char text[HUMAN_MAX];
	__u64 rounded = rate;

	/* A rate is no exact number: without this, 4095 KiB would stand as bytes. */
	if (rounded >= 1 << 20)
		rounded &= ~((1ULL << 10) - 1);
	strcpy(cell, human__bytes(text, rounded));
}

static void put_signed_bytes(char *cell, __s64 bytes)
{
	char text[HUMAN_MAX];

	if (bytes)
		snprintf(cell, MODEL_CELL, "%c%s", bytes < 0 ? '-' : '+',
			 human__bytes(text, bytes < 0 ? -(__u64)bytes : (__u64)bytes));
	else
		strcpy(cell, "0");
}

static void put_time(char *cell, const struct model *model, __u64 ns)
{
	__u64 wall_ns = ns + model->wall_offset_ns;
	time_t seconds = wall_ns / NS_PER_SEC;
	char date[16] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(date, sizeof(date), "%H:%M:%S", &tm);
	snprintf(cell, MODEL_CELL, "%s.%03llu", date, wall_ns % NS_PER_SEC / 1000000);
}

static void put_number(char *cell, const struct model *model, const struct model_column *column,
		       __u64 number)
{
	static const char *const ranges[] = { "free", "used", "reserved" };
	char text[HUMAN_MAX], address[HUMAN_SBDF_MAX];

	switch (column->unit) {
	case MODEL_UNIT_BYTES:
		if (column->type == MODEL_S64)
			put_signed_bytes(cell, number);
		else
			strcpy(cell, human__bytes(text, number));
		break;
	case MODEL_UNIT_NS:
		strcpy(cell, number ? human__time(text, number) : "0");
		break;
	case MODEL_UNIT_ADDR:
	case MODEL_UNIT_HEX:
		snprintf(cell, MODEL_CELL, "0x%llx", number);
		break;
	case MODEL_UNIT_SBDF:
		strcpy(cell, human__sbdf(address, number));
		break;
	case MODEL_UNIT_SHARE:
		snprintf(cell, MODEL_CELL, "%llu.%llu", number / 100, number % 100 / 10);
		break;
	case MODEL_UNIT_RATE:
		put_rate(cell, number, model->interval_ns);
		break;
	case MODEL_UNIT_BYTE_RATE:
		put_byte_rate(cell, number, model->interval_ns);
		break;
	case MODEL_UNIT_TIME:
		put_time(cell, model, number);
		break;
	case MODEL_UNIT_RANGE:
		strcpy(cell, number < 3 ? ranges[number] : "?");
		break;
	case MODEL_UNIT_NONE:
		strcpy(cell, number ? "yes" : "no");
		break;
	default:
		if (column->type == MODEL_S32)
			snprintf(cell, MODEL_CELL, "%lld", (__s64)number);
		else if (column->flags & MODEL_COLUMN_EXACT)
			snprintf(cell, MODEL_CELL, "%llu", number);
		else
			strcpy(cell, human__count(text, number));
	}
}

char *model__format(char cell[MODEL_CELL], const struct model *model,
		    const struct model_column *column, const void *row, bool utf8)
{
	const char *text;
	size_t size;

	if (!model__has(column, row))
		return strcpy(cell, "-");
	if (column->type == MODEL_CHARS || column->type == MODEL_STRING) {
		text = model__text(column, row, &size);
		text__clean(cell, MODEL_CELL, text, size, MODEL_CELL, utf8);
	} else {
		put_number(cell, model, column, read_number(column, row));
	}
	return cell;
}

/* ---- order and search ---- */

static int compare_texts(const struct model_column *column, const void *a, const void *b)
{
	const char *text_a, *text_b;
	size_t size_a, size_b;
	int order;

	text_a = model__text(column, a, &size_a);
	text_b = model__text(column, b, &size_b);
	order = strncasecmp(text_a, text_b, size_a < size_b ? size_a : size_b);
	return order ? order : (size_a > size_b) - (size_a < size_b);
}

int model__compare(const struct model_column *column, const void *a, const void *b, bool descending)
{
	bool has_a = model__has(column, a), has_b = model__has(column, b);
	__u64 x, y;
	int order;

	if (!has_a || !has_b)
		return has_b - has_a;
	if (column->type == MODEL_CHARS || column->type == MODEL_STRING) {
		order = compare_texts(column, a, b);
	} else {
		x = read_number(column, a);
		y = read_number(column, b);
		if (column->type == MODEL_S64 || column->type == MODEL_S32)
			order = ((__s64)x > (__s64)y) - ((__s64)x < (__s64)y);
		else
			order = (x > y) - (x < y);
	}
	return descending ? -order : order;
}

/* What qsort_r() is told. */
struct sorting {
	const struct model *model;
	enum model_table table;
	const struct model_column *column;
	bool descending;
};

static int compare_rows(const void *a, const void *b, void *context)
{
	const struct sorting *sorting = context;
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;
	int order;

	order = model__compare(sorting->column, model__row(sorting->model, sorting->table, x),
			       model__row(sorting->model, sorting->table, y), sorting->descending);
	/* Rows that are equal stay as they stand, so that they do not jump about. */
	return order ? order : (x > y) - (x < y);
}

/* Puts behind each parent its children, which stand behind it in the table. */
static unsigned int order_tree(const struct sorting *sorting, unsigned int *order)
{
	const struct model *model = sorting->model;
	unsigned int nr = model__nr(model, sorting->table), nr_parents = 0, at = 0, i, j, from;
	unsigned int *parents = malloc(nr * sizeof(*parents));

	if (!parents)
		return 0;
	for (i = 0; i < nr; i++)
		if (!i || is_parent(model__row(model, sorting->table, i)))
			parents[nr_parents++] = i;
	qsort_r(parents, nr_parents, sizeof(*parents), compare_rows, (void *)sorting);
	for (i = 0; i < nr_parents; i++) {
		order[at++] = parents[i];
		from = at;
		for (j = parents[i] + 1; j < nr && !is_parent(model__row(model, sorting->table, j));
		     j++)
			order[at++] = j;
		qsort_r(order + from, at - from, sizeof(*order), compare_rows, (void *)sorting);
	}
	free(parents);
	return at;
}

unsigned int model__order(const struct model *model, enum model_table table,
			  const struct model_column *column, bool descending, unsigned int *order)
{
	const struct sorting sorting = { model, table, column, descending };
	unsigned int nr = model__nr(model, table), i;

	for (i = 0; i < nr; i++)
		order[i] = i;
	if (!column || !nr)
		return nr;
	/* Without memory for it, they stay as they are. */
	if (model_tables[table].is_tree && order_tree(&sorting, order))
		return nr;
	if (!model_tables[table].is_tree)
		qsort_r(order, nr, sizeof(*order), compare_rows, (void *)&sorting);
	return nr;
}

bool model__matches(const struct model *model, enum model_table table, const void *row,
		    const char *text)
{
	const struct model_table_info *info = &model_tables[table];
	char cell[MODEL_CELL];
	unsigned int i;

	if (!*text)
		return true;
	for (i = 0; i < info->nr_columns; i++)
		if (model__has(&info->columns[i], row) &&
		    strcasestr(model__format(cell, model, &info->columns[i], row, true), text))
			return true;
	return false;
}
