// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of maps by their length, with their latencies.
 */
#include <errno.h>

#include "model/rows.h"

void size__add(struct top_size *sum, const struct top_size *counts)
{
	unsigned int i;

	sum->maps += counts->maps;
	sum->bytes += counts->bytes;
	for (i = 0; i < TOP_BUCKETS; i++) {
		sum->buckets[TOP_PIN][i] += counts->buckets[TOP_PIN][i];
		sum->buckets[TOP_MAP][i] += counts->buckets[TOP_MAP][i];
	}
}

static void put_size(struct model_size *row, const struct top_size *now,
		     const struct top_size *before)
{
	__u64 interval[MODEL_BUCKETS];
	unsigned int op;

	row->maps = now->maps - before->maps;
	row->maps_total = now->maps;
	row->bytes = now->bytes - before->bytes;
	row->bytes_total = now->bytes;
	for (op = 0; op < 2; op++)
		latency__between(&row->latency[op], &row->latency_total[op], interval,
				 row->buckets_total[op], now->buckets[op], before->buckets[op]);
}

int rows__sizes(struct model *model)
{
	struct state *state = model->state;
	struct model_size *row;
	unsigned int i;

	rows__clear(model, MODEL_SIZES);
	for (i = 0; i < TOP_SIZES; i++) {
		const struct model_key key = { .kind = MODEL_KIND_SIZE, .number = i };

		if (!state->sizes[i].maps)
			continue;
		row = rows__add(model, MODEL_SIZES, key);
		if (!row)
			return -ENOMEM;
		size_class__bounds(i, &row->first, &row->last);
		put_size(row, &state->sizes[i], &state->sizes_before[i]);
		state->sizes_before[i] = state->sizes[i];
	}
	return 0;
}
