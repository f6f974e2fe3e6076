// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading rows of the model, see model.h. Rows are made in refresh.c and the files it calls.
 */
#include <string.h>

#include "model/model.h"

__u64 model__bucket_ns(unsigned int bucket)
{
	return top_lower(bucket);
}

const void *model__row(const struct model *model, enum model_table table, unsigned int index)
{
	return (const char *)model->tables[table].rows + index * model_tables[table].row_size;
}

unsigned int model__index(const struct model *model, enum model_table table, const void *row)
{
	return ((const char *)row - (const char *)model->tables[table].rows) /
	       model_tables[table].row_size;
}

int model__find(const struct model *model, enum model_table table, const struct model_key *key)
{
	unsigned int i;

	for (i = 0; i < model->tables[table].nr; i++)
		if (!memcmp(model__row(model, table, i), key, sizeof(*key)))
			return i;
	return -1;
}

bool model__is_child(const void *row)
{
	__u32 kind = model__key(row)->kind;

	return kind == MODEL_KIND_IOAS || kind == MODEL_KIND_PASID;
}

bool model__has_children(const struct model *model, enum model_table table, unsigned int index)
{
	return index + 1 < model__nr(model, table) &&
	       !model__is_child(model__row(model, table, index)) &&
	       model__is_child(model__row(model, table, index + 1));
}

const void *model__parent(const struct model *model, enum model_table table, unsigned int index)
{
	if (!model__is_child(model__row(model, table, index)))
		return NULL;
	while (index--)
		if (!model__is_child(model__row(model, table, index)))
			return model__row(model, table, index);
	return NULL;
}

const void *model__row_with(const struct model *model, enum model_table table, unsigned int index,
			    const struct model_column *column)
{
	const void *row = model__row(model, table, index), *parent;

	if (column->kinds & 1u << model__key(row)->kind)
		return row;
	parent = model__parent(model, table, index);
	return parent ? parent : row;
}

#define SOON_NS (60 * 60 * NS_PER_SEC)
#define VERY_SOON_NS (10 * 60 * NS_PER_SEC)
#define LASTING_NS (2 * 60 * NS_PER_SEC)

enum model_growth model__growth(const struct model_node *node)
{
	if (!node->growth_rate)
		return MODEL_STEADY;
	/* Judged over a moment, a program that starts looks the same. */
	if (node->growth_ns < LASTING_NS)
		return MODEL_GROWS;
	if (node->limit_in_ns != MODEL_NONE && node->limit_in_ns < VERY_SOON_NS)
		return MODEL_GROWS_BAD;
	if (node->limit_in_ns != MODEL_NONE && node->limit_in_ns >= SOON_NS)
		return MODEL_GROWS;
	return MODEL_GROWS_WARN;
}
