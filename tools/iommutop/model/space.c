// SPDX-License-Identifier: GPL-2.0-only
/*
 * The address map of one IOAS: rows of its areas by length, and of used, free and reserved ranges.
 *
 * An IOAS may have 200,000 areas, but a screen draws about a thousand ranges. The first pass counts
 * the gaps between areas by the logarithm of their size. If there are too many, the second pass
 * joins areas across the smallest gaps into one used range, whose areas then hold fewer bytes than
 * the range is long.
 */
#include <errno.h>
#include <string.h>

#include "model/rows.h"

#define MAX_USED 1024u

/* ---- areas ---- */

static __u64 last_of(const struct top_area *area)
{
	return area->iova + (area->length - 1);
}

/*
 * One pass over all areas, of which there may be 200,000: no function is called for each, and they
 * are copied here, because a call of memcpy() would cost as much as all else.
 */
int space__take(struct model *model, const struct top_area *areas, unsigned int nr)
{
	struct space_counts *counts = &model->state->counts;
	struct array *all = &model->state->areas;
	struct top_area *to = array__extend(all, nr);
	const struct top_area *area = areas, *end = areas + nr;
	__u64 next = counts->next, used = 0, gap;
	unsigned int class;

	if (!to)
		return nr ? -ENOMEM : 0;
	if (all->nr == nr && nr)
		next = area->iova;
	for (; area < end; area++, to++) {
		to->iova = area->iova;
		to->length = area->length;
		gap = area->iova - next;
		if (gap) {
			counts->holes++;
			counts->hole_bytes += gap;
			counts->gaps[64 - __builtin_clzll(gap)]++;
			if (gap > counts->largest_hole) {
				counts->largest_hole = gap;
				counts->largest_hole_first = next;
			}
		}
		class = top_size(area->length);
		counts->areas[class]++;
		counts->bytes[class] += area->length;
		used += area->length;
		next = area->iova + area->length;
	}
	counts->used += used;
	counts->next = next;
	return 0;
}

static void put_counts(struct model_space *space, const struct array *areas,
		       const struct space_counts *counts)
{
	if (!areas->nr)
		return;
	space->areas = areas->nr;
	space->first = ((const struct top_area *)array__at(areas, 0))->iova;
	space->last = counts->next - 1;
	space->used = counts->used;
	space->holes = counts->holes;
	space->hole_bytes = counts->hole_bytes;
	space->largest_hole = counts->largest_hole;
	space->largest_hole_first = counts->largest_hole_first;
	if (counts->hole_bytes)
		space->fragmentation = (double)(counts->hole_bytes - counts->largest_hole) * 10000 /
				       counts->hole_bytes;
}

static int add_classes(struct model *model, const struct space_counts *counts)
{
	struct model_area *row;
	unsigned int i;

	for (i = 0; i < TOP_SIZES; i++) {
		const struct model_key key = { .kind = MODEL_KIND_AREA, .number = i };

		if (!counts->areas[i])
			continue;
		row = rows__add(model, MODEL_AREAS, key);
		if (!row)
			return -ENOMEM;
		size_class__bounds(i, &row->first, &row->last);
		row->areas = counts->areas[i];
		row->bytes = counts->bytes[i];
	}
	return 0;
}

/* ---- ranges ---- */

/* Find the size below which gaps are left out; 1 leaves out none. */
static __u64 smallest_gap(const struct space_counts *counts)
{
	__u64 nr = 1;
	unsigned int i;

	for (i = 64; i > 0; i--) {
		nr += counts->gaps[i];
		if (nr > MAX_USED)
			return i < 64 ? 1ULL << i : MODEL_NONE;
	}
	return 1;
}

/* bytes is the memory mapped in the range, or its length; 0 stands for all 2^64. */
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
	range->bytes = bytes ? bytes : MODEL_NONE - 1;
	return 0;
}

/* Fills the addresses between used ranges with reserved and free ones. */
struct filler {
	struct model *model;
	unsigned int at; /* next reserved range */
	__u64 from; /* all addresses below have a range */
	bool is_full; /* even the last address has one */
};

static void advance(struct filler *filler, __u64 last)
{
	filler->from = last + 1;
	filler->is_full = last == ~0ULL;
}

static int add_free(struct filler *filler, __u64 last)
{
	int err = add_range(filler->model, MODEL_RANGE_FREE, filler->from, last, 0,
			    last - filler->from + 1);

	advance(filler, last);
	return err;
}

/* Add the ranges in [filler->from, last]. */
static int fill(struct filler *filler, __u64 last)
{
	const struct array *reserved = &filler->model->state->reserved;
	int err = 0;

	while (!err && !filler->is_full && filler->from <= last) {
		const struct top_area *next = NULL;
		__u64 end;

		if (filler->at < reserved->nr)
			next = array__at(reserved, filler->at);
		if (!next || next->iova > last)
			return add_free(filler, last);
		if (next->iova > filler->from) {
			err = add_free(filler, next->iova - 1);
			continue;
		}
		end = last_of(next);
		if (end > last)
			end = last;
		else
			filler->at++;
		if (end < filler->from)
			continue;
		err = add_range(filler->model, MODEL_RANGE_RESERVED, filler->from, end, 0,
				end - filler->from + 1);
		advance(filler, end);
	}
	return err;
}

static int add_ranges(struct model *model, const struct space_counts *counts)
{
	struct filler filler = { .model = model };
	const struct array *areas = &model->state->areas;
	const struct top_area *area = areas->items, *end = area + areas->nr, *first = area;
	__u64 least = smallest_gap(counts), bytes = 0;
	int err = 0;

	for (; area < end && !err; area++) {
		bytes += area->length;
		if (area + 1 < end && area[1].iova - (area->iova + area->length) < least)
			continue;
		if (first->iova)
			err = fill(&filler, first->iova - 1);
		if (!err)
			err = add_range(model, MODEL_RANGE_USED, first->iova, last_of(area),
					area - first + 1, bytes);
		advance(&filler, last_of(area));
		first = area + 1;
		bytes = 0;
	}
	return err ? err : fill(&filler, ~0ULL);
}

int rows__space(struct model *model)
{
	struct model_space *space = &model->space;
	const struct state *state = model->state;
	const struct space_counts *counts = &state->counts;
	const struct model_key wanted = { .kind = MODEL_KIND_IOAS,
					  .ctx = model->want.ctx,
					  .id = model->want.ioas };
	unsigned int i;
	int err;

	rows__clear(model, MODEL_AREAS);
	rows__clear(model, MODEL_RANGES);
	memset(space, 0, sizeof(*space));
	/* Of an address space that does not exist, a source finds no area. */
	if (!model->want.space || !state->has_areas || model__find(model, MODEL_NODES, &wanted) < 0)
		return 0;
	space->is_there = true;
	space->ctx = model->want.ctx;
	space->ioas = model->want.ioas;
	space->cut = state->areas_cut;
	space->reserved = state->has_reserved ? 0 : MODEL_NONE;
	for (i = 0; i < state->reserved.nr && state->has_reserved; i++)
		space->reserved +=
			((const struct top_area *)array__at(&state->reserved, i))->length;
	put_counts(space, &state->areas, counts);
	err = add_classes(model, counts);
	return err ? err : add_ranges(model, counts);
}
