// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that all tables share: adding rows, figures of histograms, classes of lengths. See
 * rows.h.
 */
#include <stdlib.h>
#include <string.h>

#include "model/rows.h"

void *rows__add(struct model *model, enum model_table table, struct model_key key)
{
	const struct model_table_info *info = &model_tables[table];
	struct model_rows *rows = &model->tables[table];
	unsigned int room;
	void *row;

	if (rows->nr == rows->room) {
		room = rows->room ? rows->room * 2 : 16;
		row = realloc(rows->rows, (size_t)room * info->row_size);
		if (!row)
			return NULL;
		rows->rows = row;
		rows->room = room;
	}
	row = (char *)rows->rows + (size_t)rows->nr++ * info->row_size;
	memset(row, 0, info->row_size);
	memcpy(row, &key, sizeof(key));
	return row;
}

void rows__clear(struct model *model, enum model_table table)
{
	model->tables[table].nr = 0;
}

void latency__of(struct model_latency *latency, const __u64 *buckets)
{
	__u64 count = 0, sum = 0, at[3];
	__u64 *to[3] = { &latency->p50_ns, &latency->p90_ns, &latency->p99_ns };
	unsigned int i, next = 0;

	for (i = 0; i < MODEL_BUCKETS; i++)
		count += buckets[i];
	latency->count = count;
	latency->p50_ns = latency->p90_ns = latency->p99_ns = latency->max_ns = MODEL_NONE;
	if (!count)
		return;
	/* How many values must not be above each percentile, rounded up. */
	at[0] = count - count / 2;
	at[1] = count - count / 10;
	at[2] = count - count / 100;
	for (i = 0; i < MODEL_BUCKETS; i++) {
		if (!buckets[i])
			continue;
		sum += buckets[i];
		while (next < 3 && sum >= at[next])
			*to[next++] = model__bucket_ns(i + 1);
		latency->max_ns = model__bucket_ns(i + 1);
	}
}

void latency__between(struct model_latency *of_interval, struct model_latency *of_total,
		      __u64 *interval, __u64 *total, const __u32 *now, const __u32 *before)
{
	unsigned int i;

	for (i = 0; i < MODEL_BUCKETS; i++) {
		total[i] = now[i];
		interval[i] = now[i] - before[i];
	}
	latency__of(of_interval, interval);
	latency__of(of_total, total);
}

void size_class__bounds(unsigned int index, __u64 *first, __u64 *last)
{
	*first = index ? 1ULL << (TOP_SIZE_SHIFT + index - 1) : 0;
	/* The last class has no upper bound; MODEL_NONE would mean that there is no value. */
	*last = index + 1 < TOP_SIZES ? (1ULL << (TOP_SIZE_SHIFT + index)) - 1 : MODEL_NONE - 1;
}
