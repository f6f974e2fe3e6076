// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cells of the model: values by column, and how people read them.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "human.h"
#include "model/rows.h"
#include "text.h"

/* ---- values ---- */

__u64 model__number(const struct model_column *column, const void *row)
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

bool model__is_signed(const struct model_column *column)
{
	return column->type == MODEL_S32 || column->type == MODEL_S64;
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
	case MODEL_S64: /* -1 is a value */
		return true;
	case MODEL_U32:
		return model__number(column, row) != EVENT_NONE;
	case MODEL_U64:
		break;
	}
	return column->flags & MODEL_COLUMN_ALWAYS || model__number(column, row) != MODEL_NONE;
}

/* ---- formats ---- */

/* Write events per second, with a decimal only if there are few. */
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
		strcpy(cell, human__count(text, integer_of(rate + 0.5)));
}

static void put_byte_rate(char *cell, __u64 bytes, __u64 interval_ns)
{
	double rate = interval_ns ? (double)bytes * NS_PER_SEC / interval_ns : 0;
	char text[HUMAN_MAX];
	__u64 rounded = integer_of(rate);

	/* human__bytes() writes odd numbers in full, but the low digits of a rate mean nothing. */
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

char *model__time_of_day(char text[MODEL_TIME], const struct model *model, __u64 time_ns,
			 bool with_ms)
{
	__u64 wall_ns = time_ns + model->wall_offset_ns;
	time_t seconds = wall_ns / NS_PER_SEC;
	struct tm tm;
	size_t size;

	if (!localtime_r(&seconds, &tm))
		return strcpy(text, "--:--:--");
	size = strftime(text, MODEL_TIME, "%H:%M:%S", &tm);
	if (with_ms)
		snprintf(text + size, MODEL_TIME - size, ".%03u",
			 (unsigned int)(wall_ns % NS_PER_SEC / 1000000) % 1000);
	return text;
}

/* The interval in which the events of the row were counted. */
static __u64 interval_of(const struct model *model, const void *row)
{
	const struct model_moment *moment = row;

	return moment->key.kind == MODEL_KIND_MOMENT ? moment->interval_ns : model->interval_ns;
}

static void put_number(char *cell, const struct model *model, const struct model_column *column,
		       const void *row)
{
	__u64 number = model__number(column, row);
	static const char *const ranges[] = {
		[MODEL_RANGE_FREE] = "free",
		[MODEL_RANGE_USED] = "used",
		[MODEL_RANGE_RESERVED] = "reserved",
	};
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
		put_rate(cell, number, interval_of(model, row));
		break;
	case MODEL_UNIT_BYTE_RATE:
		put_byte_rate(cell, number, interval_of(model, row));
		break;
	case MODEL_UNIT_TIME:
		model__time_of_day(cell, model, number, true);
		break;
	case MODEL_UNIT_RANGE:
		strcpy(cell, number <= MODEL_RANGE_RESERVED ? ranges[number] : "?");
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
		put_number(cell, model, column, row);
	}
	return cell;
}

bool model__is_blank(const char *cell)
{
	return !strcmp(cell, "0") || !strcmp(cell, "-");
}
