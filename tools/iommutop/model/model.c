// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading rows of the model, see model.h. Rows are made in refresh.c and the files it calls.
 */
#include <string.h>

#include "model/model.h"

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

/*
 * A program that maps all its memory at the start grows, too, but it stops. A leak has several
 * steps up, the last one recent, and none down.
 */
#define GROWTH_WINDOW 16 /* refreshes looked at */
#define GROWTH_LEAST 6 /* refreshes needed */
#define GROWTH_STEPS 4
#define GROWTH_RECENT 4

bool model__is_growing(const struct model_node *node)
{
	unsigned int known = node->nr_history, steps = 0, since = 0, i;

	if (known > MODEL_HISTORY)
		known = MODEL_HISTORY;
	if (known < GROWTH_LEAST)
		return false;
	for (i = known > GROWTH_WINDOW ? known - GROWTH_WINDOW + 1 : 1; i < known; i++) {
		if (node->history[i] < node->history[i - 1])
			return false;
		since++;
		if (node->history[i] > node->history[i - 1]) {
			steps++;
			since = 0;
		}
	}
	return steps >= GROWTH_STEPS && since < GROWTH_RECENT;
}
