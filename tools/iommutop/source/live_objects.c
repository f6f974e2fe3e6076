// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts, objects, policies and areas of the running kernel: stores the driver's lists in the
 * state of the model. See live.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source/live.h"

#define MAX_AREAS 1000000u

/* Append an item. One of a newer driver may be longer; its rest is ignored. */
static int store(struct array *array, const void *from, size_t size)
{
	void *item;

	if (size < array->size)
		return 0;
	item = array__add(array);
	if (!item)
		return model__no_memory();
	memcpy(item, from, array->size);
	return 0;
}

static int store_record(void *ctx, const void *data, size_t size)
{
	const struct top_record *record = data;
	struct state *state = ctx;

	size -= sizeof(*record);
	switch (record->type) {
	case TOP_RECORD_CTX:
		return store(&state->ctxs, record->data, size);
	case TOP_RECORD_PAYER:
		return store(&state->payers, record->data, size);
	case TOP_RECORD_OBJECT:
		return store(&state->objects, record->data, size);
	case TOP_RECORD_POLICY:
		return store(&state->policies, record->data, size);
	case TOP_RECORD_CLOSED:
		/* The model keeps the state of the refresh before this one. */
		state__drop_ctx(&state->ctxs, &state->payers, &state->objects, record->data[0]);
		return 0;
	default:
		return 0;
	}
}

static int store_area(void *ctx, const void *data, size_t size)
{
	return store(ctx, data, size);
}

int live__read_objects(struct live *live)
{
	struct state *state = live->model->state;
	struct driver_state_info info;
	__u64 cut;
	int err;

	err = driver_state__objects(live->driver, store_record, state, &info);
	if (!err)
		err = driver_state__policies(live->driver, store_record, state, &cut);
	if (err)
		return err;
	state->losses[LOSS_CUT] += info.is_cut + cut;
	live->model->note[0] = '\0';
	if (info.is_late)
		snprintf(live->model->note, sizeof(live->model->note),
			 "approximate: there are more areas than are counted in one refresh");
	state->has_payers = info.has_payers;
	state->has_state = true;
	return 0;
}

static int add_reserved(struct array *reserved, __u64 first, __u64 last)
{
	struct top_area *area = array__add(reserved);

	if (!area)
		return model__no_memory();
	area->iova = first;
	area->length = last - first + 1;
	return 0;
}

/* The driver reports usable ranges; the gaps between them are reserved. */
static int read_reserved(struct live *live)
{
	const struct model_want *want = &live->model->want;
	struct top_area_walk walk = { .ctx = want->ctx, .ioas = want->ioas };
	struct array usable = { .size = sizeof(struct top_area) };
	struct state *state = live->model->state;
	__u64 next = 0;
	unsigned int i;
	int err;

	err = driver_state__usable(live->driver, store_area, &usable, &walk);
	state->has_reserved = !err && walk.done == 1;
	for (i = 0; i < usable.nr && !err; i++) {
		const struct top_area *area = array__at(&usable, i);

		if (area->iova > next)
			err = add_reserved(&state->reserved, next, area->iova - 1);
		next = area->iova + area->length;
	}
	/* next is 0 if the last range ends with the last address. */
	if (!err && state->has_reserved && (next || !usable.nr))
		err = add_reserved(&state->reserved, next, ~0ULL);
	array__close(&usable);
	return err;
}

/* Read the bounds of all areas, for the address map. */
static int read_bounds(struct live *live)
{
	const struct model_want *want = &live->model->want;
	struct top_area_walk walk = { .ctx = want->ctx, .ioas = want->ioas };
	struct state *state = live->model->state;
	const struct top_area *areas;
	int err = 0;

	while (!err && !walk.done && state->areas.nr < MAX_AREAS) {
		err = driver_state__bounds(live->driver, &walk, &areas);
		if (!err && space__take(live->model, areas, walk.nr))
			return model__no_memory();
	}
	if (err)
		return err;
	state->areas_cut = !walk.done;
	state->has_areas = walk.done != TOP_UNKNOWN;
	return state->has_areas ? read_reserved(live) : 0;
}

/* Read the areas one by one. */
static int read_list(struct live *live)
{
	const struct model_want *want = &live->model->want;
	struct state *state = live->model->state;
	const struct iommufd_area_info *areas;
	struct top_area_walk walk;
	__u64 nr;
	int err;

	do {
		walk = (struct top_area_walk){ .ctx = want->ctx, .ioas = want->ioas };
		if (state->filter.use & EVENT_FILTER_IOVA)
			walk.from = state->filter.iova_first;
		nr = 0;
		if (areas__begin(live->model))
			return model__no_memory();
		err = 0;
		while (!err && !walk.done && nr < MAX_AREAS && !areas__is_full(live->model)) {
			err = driver_state__areas(live->driver, &walk, &areas);
			if (!err && areas__take(live->model, areas, walk.nr))
				return model__no_memory();
			nr += walk.nr;
		}
		if (err)
			return err;
	} while (areas__again(live->model));
	state->areas_cut = !walk.done && nr >= MAX_AREAS;
	state->has_areas = walk.done != TOP_UNKNOWN;
	return 0;
}

int live__read_areas(struct live *live)
{
	int err = live->model->want.areas ? read_list(live) : 0;

	return !err && live->model->want.space ? read_bounds(live) : err;
}
