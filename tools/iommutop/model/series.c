// SPDX-License-Identifier: GPL-2.0-only
/*
 * The history of each context: its figures at the last refreshes, see struct model_series.
 *
 * The number of moments of a context and the number of contexts are fixed, so that a program that
 * opens a context each second costs no more memory than one that opens it once.
 */
#include <errno.h>
#include <string.h>

#include "model/rows.h"

static struct hash_key key_of(__u32 ctx)
{
	return (struct hash_key){ .a = ctx };
}

const struct model_series *model__series(const struct model *model, __u32 ctx)
{
	return model->state ? hash__find(&model->state->series, key_of(ctx)) : NULL;
}

void model__add_moment(const struct model *model, struct model_series *series,
		       struct model_node *node)
{
	struct model_moment *moment = &series->moments[series->nr_ever++ % MODEL_MOMENTS];

	*moment = (struct model_moment){
		.key = { .kind = MODEL_KIND_MOMENT, .ctx = node->ctx, .number = series->nr_ever },
		.time_ns = model->time_ns,
		.interval_ns = model->interval_ns,
		.pinned = node->pinned,
		.areas = node->areas,
		.maps = node->now.maps,
		.unmaps = node->now.unmaps,
		.pin_p99_ns = node->latency[MODEL_PIN].p99_ns,
		.map_p50_ns = node->latency[MODEL_MAP].p50_ns,
		.map_p99_ns = node->latency[MODEL_MAP].p99_ns,
	};
	node->series = series;
	series->seen_ns = model->time_ns;
	series->last = *node;
	/* These may go before the series. */
	series->last.histograms = NULL;
}

/* Find the context that was closed first; if all exist, that with the least memory. */
static const struct hash_entry *find_oldest(const struct model *model, bool *is_closed)
{
	const struct hash *hash = &model->state->series;
	const struct hash_entry *oldest = NULL, *least = NULL, *entry;
	const struct model_series *series, *smallest = NULL;
	unsigned int i;

	for (i = 0; i < hash->room; i++) {
		entry = &hash->slots[i];
		if (!entry->seen)
			continue;
		if (entry->seen < model->refreshes && (!oldest || entry->seen < oldest->seen))
			oldest = entry;
		series = entry->data;
		if (!smallest || series->last.pinned < smallest->last.pinned) {
			smallest = series;
			least = entry;
		}
	}
	*is_closed = oldest;
	return oldest ? oldest : least;
}

/* Make room for a series. Returns false if there is none for this context. */
static bool make_room(struct model *model, __u32 ctx)
{
	struct hash *hash = &model->state->series;
	const struct hash_entry *entry;
	bool is_closed;

	if (hash->nr < MODEL_SERIES)
		return true;
	entry = find_oldest(model, &is_closed);
	if (!is_closed && ctx != model->want.history)
		return false;
	/* A row may point to the history that is dropped now. */
	if (!is_closed) {
		const struct model_key key = { .kind = MODEL_KIND_CTX, .ctx = entry->key.a };
		int index = model__find(model, MODEL_NODES, &key);

		if (index >= 0)
			((struct model_node *)model->tables[MODEL_NODES].rows)[index].series = NULL;
	}
	hash__drop(hash, entry->key);
	return true;
}

static int put_rows(struct model *model)
{
	const struct model_series *series = model__series(model, model->want.history);
	const struct model_moment *moment;
	struct model_moment *row;
	unsigned int ago;

	for (ago = series ? model__nr_moments(series) : 0; ago--;) {
		moment = model__moment(series, ago);
		row = rows__add(model, MODEL_HISTORY, moment->key);
		if (!row)
			return -ENOMEM;
		*row = *moment;
	}
	return 0;
}

int rows__history(struct model *model)
{
	struct hash *hash = &model->state->series;
	struct model_node *nodes = model->tables[MODEL_NODES].rows;
	unsigned int nr = model__nr(model, MODEL_NODES), i;
	struct model_series *series;
	bool is_full = false;

	/* First those that have one, so that a new context never takes the place of them. */
	for (i = 0; i < nr; i++)
		if (nodes[i].ioas == EVENT_NONE && hash__find(hash, key_of(nodes[i].ctx)))
			model__add_moment(model,
					  hash__get(hash, key_of(nodes[i].ctx), model->refreshes),
					  &nodes[i]);
	for (i = 0; i < nr; i++) {
		if (nodes[i].ioas != EVENT_NONE || nodes[i].series ||
		    (is_full && nodes[i].ctx != model->want.history))
			continue;
		if (!make_room(model, nodes[i].ctx)) {
			is_full = true;
			continue;
		}
		series = hash__get(hash, key_of(nodes[i].ctx), model->refreshes);
		if (!series)
			return -ENOMEM;
		model__add_moment(model, series, &nodes[i]);
	}
	rows__clear(model, MODEL_HISTORY);
	return model->want.history ? put_rows(model) : 0;
}

void model__forget_histories(struct model *model)
{
	const struct hash *hash = &model->state->series;
	unsigned int i;

	model->nr_heat = 0;
	for (i = 0; i < hash->room; i++)
		if (hash->slots[i].seen)
			((struct model_series *)hash->slots[i].data)->nr_ever = 0;
	rows__clear(model, MODEL_HISTORY);
}
