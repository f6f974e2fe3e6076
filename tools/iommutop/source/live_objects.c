// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts, objects, policies and areas of the running kernel: runs the BPF programs that call the
 * driver's iterators, and collects the records they put into a ring buffer. See live.h.
 */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "errname.h"
#include "msg.h"
#include "source/live.h"

#define MAX_WALKS 4096 /* one walk reads about 2000 objects */
#define MAX_AREAS 1000000u

/* Store a record. One from a newer object may be longer; its rest is ignored. */
static int store_record(void *ctx, void *data, size_t size)
{
	const struct top_record *record = data;
	struct live *live = ctx;
	struct state *state = live->model->state;
	struct array *array;
	const void *from;
	void *item;

	if (live->areas) {
		array = live->areas;
		from = data;
	} else {
		array = record->type == TOP_RECORD_CTX	  ? &state->ctxs :
			record->type == TOP_RECORD_PAYER  ? &state->payers :
			record->type == TOP_RECORD_OBJECT ? &state->objects :
							    &state->policies;
		from = record->data;
		size -= sizeof(*record);
	}
	if (size < array->size)
		return 0;
	item = array__add(array);
	if (!item)
		return -ENOMEM;
	memcpy(item, from, array->size);
	return 0;
}

/* Run a program, and collect its records. */
static int run(struct live *live, struct bpf_program *program, void *args, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = size);
	char name[ERRNAME_MAX];
	int err = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);

	if (err) {
		msg("cannot read the driver's objects: %s", errname(-err, name));
		return err;
	}
	err = ring_buffer__consume(live->records);
	return err < 0 ? model__no_memory() : 0;
}

int live__read_objects(struct live *live)
{
	struct iommutop_state_bpf *bpf = live->state_bpf;
	struct state *state = live->model->state;
	struct top_walk walk = {};
	unsigned int nr;
	int err;

	live->areas = NULL;
	for (nr = 0; !walk.done; nr++) {
		if (nr == MAX_WALKS) {
			state->losses[LOSS_CUT]++;
			break;
		}
		err = run(live, bpf->progs.walk, &walk, sizeof(walk));
		if (err)
			return err;
	}
	state->has_payers = walk.has_payers || !state->ctxs.nr;
	err = run(live, bpf->progs.list_policies, NULL, 0);
	state->losses[LOSS_CUT] += bpf->bss->policies_cut;
	bpf->bss->policies_cut = 0;
	state->has_state = true;
	return err;
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

	live->areas = &usable;
	err = run(live, live->state_bpf->progs.walk_usable, &walk, sizeof(walk));
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

int live__read_areas(struct live *live)
{
	const struct model_want *want = &live->model->want;
	struct top_area_walk walk = { .ctx = want->ctx, .ioas = want->ioas };
	struct state *state = live->model->state;
	int err;

	live->areas = &state->areas;
	while (!walk.done && state->areas.nr < MAX_AREAS) {
		err = run(live, live->state_bpf->progs.walk_areas, &walk, sizeof(walk));
		if (err)
			return err;
	}
	state->areas_cut = !walk.done;
	state->has_areas = true;
	return read_reserved(live);
}

int live__load_objects(struct live *live)
{
	int err;

	live->state_bpf = iommutop_state_bpf__open();
	err = live->state_bpf ? iommutop_state_bpf__load(live->state_bpf) : -errno;
	if (!err) {
		live->records = ring_buffer__new(bpf_map__fd(live->state_bpf->maps.state),
						 store_record, live, NULL);
		err = live->records ? 0 : -errno;
	}
	if (err) {
		iommutop_state_bpf__destroy(live->state_bpf);
		live->state_bpf = NULL;
	}
	return err;
}
