// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map of one address space: from its areas, and reserved ranges, to ranges that can be drawn.
 *
 * There may be 200,000 areas. The first pass counts gaps between areas by their size; if there are
 * too many ranges, the smallest gaps are left out of the second pass, so that areas on both sides
 * count as one used range, which then has less in it than it is long.
 */
#include <errno.h>
#include <string.h>

#include "source/source.h"

#define MAX_USED 1024u

/* Gaps by log2 of their size. */
struct gaps {
	__u64 nr[65];
};

static unsigned int gap_class(__u64 gap)
{
	return gap ? 64 - __builtin_clzll(gap) : 0;
}

/* Bytes between an area and the one behind it. */
static __u64 gap_behind(const struct list *areas, unsigned int i)
{
	const struct top_area *area = list__at(areas, i), *next = list__at(areas, i + 1);

	return next->iova - (area->iova + area->length);
}

/* Gaps smaller than this are left out; 1 leaves out none. */
static __u64 smallest_gap(const struct list *areas)
{
	struct gaps gaps = {};
	__u64 nr = 1;
	unsigned int i;

	for (i = 0; i + 1 < areas->nr; i++)
		gaps.nr[gap_class(gap_behind(areas, i))]++;
	for (i = 64; i > 0; i--) {
		nr += gaps.nr[i];
		if (nr > MAX_USED)
			return i < 64 ? 1ULL << i : MODEL_NONE;
	}
	return 1;
}

static int add_range(struct model *model, enum model_range_kind kind, __u64 first, __u64 last,
		     __u64 areas, __u64 bytes)
{
	const struct model_key key = { .kind = MODEL_KIND_RANGE, .sub = kind, .number = first };
	struct model_range *range = rows__add(model, MODEL_RANGES, key);

	if (!range)
		return -ENOMEM;
	range->kind = kind;
	range->first = first;
	range->last = last;
	range->areas = areas;
	/* All there is would be 0. */
	range->bytes = bytes ? bytes : MODEL_NONE - 1;
	return 0;
}

/* Goes through reserved ranges up to an address, with what is free between them. */
struct filler {
	struct model *model;
	const struct list *reserved;
	unsigned int at;	 /* next of reserved */
	__u64 from;   /* all before is told */
	bool is_full;   /* the last address is told */
};

static void move(struct filler *filler, __u64 last)
{
	filler->from = last + 1;
	filler->is_full = last == ~0ULL;
}

static int fill(struct filler *filler, __u64 last)
{
	int err = 0;

	while (!err && !filler->is_full && filler->from <= last) {
		const struct top_area *next = filler->at < filler->reserved->nr ?
						      list__at(filler->reserved, filler->at) :
						      NULL;
		__u64 end = next ? next->iova + (next->length - 1) : 0;

		if (!next || next->iova > last) {
			err = add_range(filler->model, MODEL_RANGE_FREE, filler->from, last, 0,
					last - filler->from + 1);
			move(filler, last);
			break;
		}
		if (next->iova > filler->from) {
			err = add_range(filler->model, MODEL_RANGE_FREE, filler->from,
					next->iova - 1, 0, next->iova - filler->from);
			move(filler, next->iova - 1);
			continue;
		}
		if (end > last)
			end = last;
		else
			filler->at++;
		if (end < filler->from)
			continue;
		err = add_range(filler->model, MODEL_RANGE_RESERVED, filler->from, end, 0,
				end - filler->from + 1);
		move(filler, end);
	}
	return err;
}

static void count_areas(struct model *model, const struct list *areas)
{
	struct model_space *space = &model->space;
	unsigned int i;

	for (i = 0; i < areas->nr; i++) {
		const struct top_area *area = list__at(areas, i);
		__u64 gap = i + 1 < areas->nr ? gap_behind(areas, i) : 0;

		space->areas++;
		space->used += area->length;
		space->last = area->iova + (area->length - 1);
		if (!gap)
			continue;
		space->holes++;
		space->hole_bytes += gap;
		if (gap > space->largest_hole) {
			space->largest_hole = gap;
			space->largest_hole_first = space->last + 1;
		}
	}
	if (areas->nr)
		space->first = ((const struct top_area *)list__at(areas, 0))->iova;
	if (space->hole_bytes)
		space->fragmentation = (double)(space->hole_bytes - space->largest_hole) * 10000 /
				       space->hole_bytes;
}

static int add_classes(struct model *model, const struct list *areas)
{
	__u64 nr[TOP_SIZES] = {}, bytes[TOP_SIZES] = {};
	struct model_area *row;
	unsigned int i;

	for (i = 0; i < areas->nr; i++) {
		const struct top_area *area = list__at(areas, i);

		nr[top_size(area->length)]++;
		bytes[top_size(area->length)] += area->length;
	}
	for (i = 0; i < TOP_SIZES; i++) {
		const struct model_key key = { .kind = MODEL_KIND_AREA, .number = i };

		if (!nr[i])
			continue;
		row = rows__add(model, MODEL_AREAS, key);
		if (!row)
			return -ENOMEM;
		row->first = i ? 1ULL << (TOP_SIZE_SHIFT + i - 1) : 0;
		row->last = i + 1 < TOP_SIZES ? (1ULL << (TOP_SIZE_SHIFT + i)) - 1 : MODEL_NONE - 1;
		row->areas = nr[i];
		row->bytes = bytes[i];
	}
	return 0;
}

static int add_ranges(struct model *model, const struct state *state)
{
	struct filler filler = { .model = model, .reserved = &state->reserved };
	const struct list *areas = &state->areas;
	__u64 least = smallest_gap(areas);
	unsigned int i, begin = 0;
	__u64 bytes = 0;
	int err = 0;

	for (i = 0; i < areas->nr && !err; i++) {
		const struct top_area *area = list__at(areas, i), *first;

		bytes += area->length;
		if (i + 1 < areas->nr && gap_behind(areas, i) < least)
			continue;
		first = list__at(areas, begin);
		if (first->iova)
			err = fill(&filler, first->iova - 1);
		if (!err)
			err = add_range(model, MODEL_RANGE_USED, first->iova,
					area->iova + (area->length - 1), i + 1 - begin, bytes);
		move(&filler, area->iova + (area->length - 1));
		begin = i + 1;
		bytes = 0;
	}
	return err ? err : fill(&filler, ~0ULL);
}

int space__update(struct model *model, struct state *state)
{
	struct model_space *space = &model->space;
	unsigned int i;
	int err;

	rows__clear(model, MODEL_AREAS);
	rows__clear(model, MODEL_RANGES);
	memset(space, 0, sizeof(*space));
	if (!model->want.space || !state->has_areas)
		return 0;
	space->is_there = true;
	space->ctx = model->want.ctx;
	space->ioas = model->want.ioas;
	space->cut = state->areas_cut;
	space->reserved = state->has_reserved ? 0 : MODEL_NONE;
	for (i = 0; i < state->reserved.nr && state->has_reserved; i++)
		space->reserved += ((const struct top_area *)list__at(&state->reserved, i))->length;
	count_areas(model, &state->areas);
	err = add_classes(model, &state->areas);
	return err ? err : add_ranges(model, state);
}
