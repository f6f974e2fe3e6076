// SPDX-License-Identifier: GPL-2.0-only
/*
 * The areas of one IOAS, one by one: rows of the first ones in the wanted order.
 *
 * An IOAS may have 200,000 areas, and a refresh must not sort them. The picker keeps at most PLACES
 * candidates: an area whose key is below that of all wanted ones is dropped after one comparison,
 * and when the places are full, a partial sort drops all but the wanted ones. The lowest wanted key
 * of a refresh is the first guess of the next one, so that few areas become candidates even if the
 * keys grow with the addresses. If the guess leaves too few, the source begins again without it.
 *
 * Keys are 64-bit numbers, of which the largest are wanted; of equal keys, the lowest address.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/rows.h"

#define PLACES 8192u
/* By how much the times of a map differ from one refresh to another: 16 jiffies of 4 ms. */
#define TIME_SLACK_NS 65000000ULL

enum sort_by {
	BY_FIRST,
	BY_LENGTH,
	BY_PROT,
	BY_MEMORY,
	BY_STATE,
	BY_RUNS,
	BY_RUN_SIZE,
	BY_HUGE,
	BY_HUGE_SHARE,
	BY_PID,
	BY_OWNER, /* a name or user of the owner */
	BY_SINCE,
	BY_AGE,
	BY_START,
};

struct candidate {
	__u64 key;
	__u32 number; /* position by address */
	__u32 place; /* in infos */
};

struct picker {
	enum sort_by by;
	__u64 taken; /* areas */
	bool is_beyond; /* the last areas were above the addresses of the filter */
	struct candidate *candidates;
	struct iommufd_area_info *infos;
	unsigned int nr;
	unsigned int room;
	unsigned int most; /* wanted candidates; 0: all */
	__u64 least; /* lower keys are not wanted, nor this one if there are enough */
	bool is_guessed;
	/* Of the last refresh, for the guess. */
	struct model_want last_want;
	__u64 last_least;
	/* Keys by payer, for columns that name the owner. */
	struct owner_rank {
		__u32 payer;
		__u32 rank;
	} *ranks;
	unsigned int nr_ranks;
};

/* ---- keys ---- */

static enum sort_by sort_by(const struct model_column *column)
{
	static const struct {
		const char *name;
		enum sort_by by;
	} names[] = {
		{ "length", BY_LENGTH }, { "prot", BY_PROT }, { "memory", BY_MEMORY },
		{ "state", BY_STATE },	 { "runs", BY_RUNS }, { "run_size", BY_RUN_SIZE },
		{ "huge", BY_HUGE },	 { "pid", BY_PID },   { "huge_share", BY_HUGE_SHARE },
		{ "comm", BY_OWNER },	 { "uid", BY_OWNER }, { "machine", BY_OWNER },
		{ "since", BY_SINCE },	 { "age", BY_AGE },   { "start", BY_START },
	};
	unsigned int i;

	for (i = 0; column && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(column->name, names[i].name))
			return names[i].by;
	return BY_FIRST;
}

/* Without a page table there are none, and some drivers do not know them. */
static bool has_runs(const struct iommufd_area_info *info)
{
	return info->runs && info->runs != MODEL_NONE;
}

static __u64 in_runs(const struct iommufd_area_info *info)
{
	/* Runs have whole pages. */
	return has_runs(info) ? (info->length + (info->start & 4095) + 4095) & ~4095ULL : 0;
}

static __u64 huge_share(const struct iommufd_area_info *info)
{
	__u64 pinned = in_runs(info);

	return pinned ? integer_of((double)info->huge * IOMMUFD_HUGE_SIZE * 10000 / pinned) :
			MODEL_NONE;
}

/* Neighbours have the same payer most often, so the last one found is moved to the front. */
static __u64 rank_of(struct picker *picker, __u32 payer)
{
	struct owner_rank found;
	unsigned int i;

	if (picker->nr_ranks && picker->ranks[0].payer == payer)
		return picker->ranks[0].rank;
	for (i = 1; i < picker->nr_ranks; i++) {
		found = picker->ranks[i];
		if (found.payer != payer)
			continue;
		picker->ranks[i] = picker->ranks[0];
		picker->ranks[0] = found;
		return found.rank;
	}
	return 0;
}

/* Larger values of the column have larger keys. */
static inline __attribute__((always_inline)) __u64 value_of(struct picker *picker, enum sort_by by,
							    const struct iommufd_area_info *info)
{
	switch (by) {
	case BY_LENGTH:
		return info->length;
	case BY_PROT: /* r, rw, w */
		return info->prot == IOMMUFD_PROT_WRITE ? 4 : info->prot;
	case BY_MEMORY: /* dma-buf, memfd, process */
		return -info->kind;
	case BY_STATE:
		return info->flags;
	case BY_RUNS:
		return has_runs(info) ? info->runs : 0;
	case BY_RUN_SIZE:
		return has_runs(info) ? in_runs(info) / info->runs : 0;
	case BY_HUGE:
		return has_runs(info) ? info->huge : 0;
	case BY_HUGE_SHARE:
		return has_runs(info) ? huge_share(info) + 1 : 0;
	case BY_PID:
		return info->tgid;
	case BY_OWNER:
		return rank_of(picker, info->payer);
	case BY_SINCE:
		return info->since_ns;
	case BY_AGE:
		return ~info->since_ns;
	case BY_START:
		return info->start;
	default:
		return info->iova;
	}
}

/* ---- owners ---- */

static const struct model_payer *payer_of(const struct model *model, __u32 number)
{
	unsigned int i;

	for (i = 0; i < model__nr(model, MODEL_PAYERS); i++) {
		const struct model_payer *payer = model__row(model, MODEL_PAYERS, i);

		if (payer->ctx == model->want.ctx && (__u32)payer->number == number)
			return payer;
	}
	return NULL;
}

/*
 * Give the payers of the context ranks in the order of a column that the rows of payers have, too.
 * The rows are those of the last refresh; a payer that is new is the last one.
 */
static int rank_payers(struct picker *picker, const struct model *model)
{
	const struct model_column *column = model__column(MODEL_PAYERS, model->want.sort->name);
	unsigned int nr = model__nr(model, MODEL_PAYERS), *order = calloc(nr + 1, sizeof(*order));
	unsigned int i;

	free(picker->ranks);
	picker->ranks = calloc(nr + 1, sizeof(*picker->ranks));
	picker->nr_ranks = 0;
	if (!order || !picker->ranks) {
		free(order);
		return -ENOMEM;
	}
	nr = model__order(model, MODEL_PAYERS, column, false, order);
	for (i = 0; i < nr; i++) {
		const struct model_payer *payer = model__row(model, MODEL_PAYERS, order[i]);

		if (payer->ctx != model->want.ctx)
			continue;
		picker->ranks[picker->nr_ranks++] = (struct owner_rank){ payer->number, i + 1 };
	}
	free(order);
	return 0;
}

/* ---- picking ---- */

static bool is_before(const struct candidate *a, const struct candidate *b)
{
	return a->key > b->key || (a->key == b->key && a->number < b->number);
}

/* Move the first most candidates to the front, in no order: quickselect. */
static void select_first(struct candidate *at, unsigned int nr, unsigned int most)
{
	unsigned int low = 0, high = nr - 1;

	while (low < high) {
		struct candidate pivot = at[low + (high - low) / 2], swap;
		unsigned int i = low, j = high;

		for (;;) {
			while (is_before(&at[i], &pivot))
				i++;
			while (is_before(&pivot, &at[j]))
				j--;
			if (i >= j)
				break;
			swap = at[i];
			at[i++] = at[j];
			at[j--] = swap;
		}
		/* at[low..j] come before at[j+1..high]; all numbers differ. */
		if (most == j + 1)
			return;
		if (most <= j)
			high = j;
		else
			low = j + 1;
	}
}

/* Drop all but the wanted candidates. */
static void prune(struct picker *picker)
{
	unsigned int i;

	if (!picker->most || picker->nr <= picker->most)
		return;
	select_first(picker->candidates, picker->nr, picker->most);
	picker->nr = picker->most;
	picker->least = picker->candidates[0].key;
	for (i = 1; i < picker->nr; i++)
		if (picker->candidates[i].key < picker->least)
			picker->least = picker->candidates[i].key;
}

static int make_room(struct picker *picker)
{
	unsigned int room = picker->room ? 2 * picker->room : PLACES, i;
	struct candidate *candidates;
	struct iommufd_area_info *infos;

	if (picker->room && picker->most) {
		prune(picker);
		return 0;
	}
	candidates = realloc(picker->candidates, room * sizeof(*candidates));
	if (candidates)
		picker->candidates = candidates;
	infos = realloc(picker->infos, room * sizeof(*infos));
	if (infos)
		picker->infos = infos;
	if (!candidates || !infos)
		return -ENOMEM;
	for (i = picker->room; i < room; i++)
		candidates[i].place = i;
	picker->room = room;
	return 0;
}

static int keep(struct picker *picker, const struct iommufd_area_info *info, __u64 key,
		__u32 number)
{
	struct candidate *candidate;
	int err;

	if (picker->nr == picker->room) {
		err = make_room(picker);
		if (err)
			return err;
	}
	candidate = &picker->candidates[picker->nr++];
	candidate->key = key;
	candidate->number = number;
	picker->infos[candidate->place] = *info;
	return 0;
}

int areas__begin(struct model *model)
{
	struct picker *picker = model->state->picker;
	const struct model_want *want = &model->want;

	_Static_assert(MODEL_AREAS_SHOWN * 4 < PLACES, "the partial sort is rare");
	if (!picker) {
		picker = model->state->picker = calloc(1, sizeof(*picker));
		if (!picker)
			return -ENOMEM;
	}
	picker->by = sort_by(want->sort);
	picker->taken = 0;
	picker->is_beyond = false;
	picker->nr = 0;
	/* Those of a range of addresses are all counted. */
	picker->most = model->state->filter.use & EVENT_FILTER_IOVA ? 0 : want->most;
	picker->is_guessed = picker->most && picker->last_least &&
			     !memcmp(&picker->last_want, want, sizeof(*want));
	picker->least = picker->is_guessed ? picker->last_least : 0;
	if (picker->by == BY_SINCE || picker->by == BY_AGE)
		picker->least -= picker->least < TIME_SLACK_NS ? picker->least : TIME_SLACK_NS;
	picker->last_want = *want;
	picker->last_least = 0;
	if (picker->by == BY_OWNER && rank_payers(picker, model))
		return -ENOMEM;
	return 0;
}

/* With a constant by, the loop has no call and no branch but the one that keeps an area. */
static inline __attribute__((always_inline)) int take_by(struct picker *picker,
							 const struct iommufd_area_info *areas,
							 unsigned int nr, enum sort_by by,
							 __u64 flip)
{
	const __u64 most = picker->most ? picker->most : ~0ULL;
	const struct iommufd_area_info *info = areas, *end = areas + nr;
	__u64 least = picker->least, key;
	int err;

	/* There are hundreds of thousands of areas, so unrolling saves a third of the loop. */
#pragma GCC unroll 8
	for (; info < end; info++) {
		key = value_of(picker, by, info) ^ flip;
		if (key < least || (key == least && picker->nr >= most))
			continue;
		err = keep(picker, info, key, picker->taken + (info - areas));
		if (err)
			return err;
		least = picker->least;
	}
	return 0;
}

/* One loop for each column, so that none chooses the compared value for each area. */
static int take(struct picker *picker, const struct iommufd_area_info *areas, unsigned int nr,
		__u64 flip)
{
	switch (picker->by) {
	case BY_FIRST:
		return take_by(picker, areas, nr, BY_FIRST, flip);
	case BY_LENGTH:
		return take_by(picker, areas, nr, BY_LENGTH, flip);
	case BY_PROT:
		return take_by(picker, areas, nr, BY_PROT, flip);
	case BY_MEMORY:
		return take_by(picker, areas, nr, BY_MEMORY, flip);
	case BY_STATE:
		return take_by(picker, areas, nr, BY_STATE, flip);
	case BY_RUNS:
		return take_by(picker, areas, nr, BY_RUNS, flip);
	case BY_RUN_SIZE:
		return take_by(picker, areas, nr, BY_RUN_SIZE, flip);
	case BY_HUGE:
		return take_by(picker, areas, nr, BY_HUGE, flip);
	case BY_HUGE_SHARE:
		return take_by(picker, areas, nr, BY_HUGE_SHARE, flip);
	case BY_PID:
		return take_by(picker, areas, nr, BY_PID, flip);
	case BY_OWNER:
		return take_by(picker, areas, nr, BY_OWNER, flip);
	case BY_SINCE:
		return take_by(picker, areas, nr, BY_SINCE, flip);
	case BY_AGE:
		return take_by(picker, areas, nr, BY_AGE, flip);
	default:
		return take_by(picker, areas, nr, BY_START, flip);
	}
}

int areas__take(struct model *model, const struct iommufd_area_info *areas, unsigned int nr)
{
	struct picker *picker = model->state->picker;
	const struct iommufd_filter *filter = &model->state->filter;
	__u64 flip = model->want.sort && model->want.descending ? 0 : ~0ULL;
	int err;

	/* The walk begins with the first one of the range. */
	while (filter->use & EVENT_FILTER_IOVA && nr && areas[nr - 1].iova > filter->iova_last) {
		picker->is_beyond = true;
		nr--;
	}
	err = take(picker, areas, nr, flip);
	picker->taken += nr;
	return err;
}

/* Whether the wanted areas are all of the first owner, so that no later area comes before them. */
static bool has_first_owner(struct picker *picker, bool descending)
{
	__u64 first = descending ? 0 : ~0ULL;
	unsigned int i;

	prune(picker);
	for (i = 0; i < picker->nr_ranks; i++) {
		__u64 rank = picker->ranks[i].rank;

		if (descending ? rank > first : rank < first)
			first = rank;
	}
	return picker->least >= (descending ? first : ~first);
}

bool areas__is_full(const struct model *model)
{
	struct picker *picker = model->state->picker;

	if (picker->is_beyond)
		return true;
	if (!picker->most || picker->nr < picker->most)
		return false;
	/* They come by address. */
	if (picker->by == BY_FIRST)
		return !model->want.descending;
	return picker->by == BY_OWNER && has_first_owner(picker, model->want.descending);
}

bool areas__again(struct model *model)
{
	struct picker *picker = model->state->picker;
	__u64 wanted = picker->taken < picker->most ? picker->taken : picker->most;

	/* A few areas less than wanted are not worth a second walk. */
	if (picker->is_guessed && picker->nr < wanted - wanted / 8) {
		picker->last_least = 0;
		return true;
	}
	prune(picker);
	if (picker->most && picker->nr == picker->most)
		picker->last_least = picker->least;
	return false;
}

void areas__close(struct state *state)
{
	struct picker *picker = state->picker;

	if (!picker)
		return;
	free(picker->candidates);
	free(picker->infos);
	free(picker->ranks);
	free(picker);
	state->picker = NULL;
}

/* ---- rows ---- */

static const char *state_name(__u32 flags)
{
	if (flags & IOMMUFD_AREA_STUCK)
		return "stuck";
	if (flags & IOMMUFD_AREA_MAPPING)
		return "mapping";
	if (flags & IOMMUFD_AREA_UNMAPPING)
		return "unmapping";
	return flags & IOMMUFD_AREA_COPY ? "copy" : "";
}

static int add_row(struct model *model, const struct iommufd_area_info *info)
{
	const struct model_key key = { .kind = MODEL_KIND_MAPPED,
				       .ctx = model->want.ctx,
				       .id = model->want.ioas,
				       .number = info->iova };
	struct model_mapped *row = rows__add(model, MODEL_AREA_LIST, key);
	const struct model_payer *payer;

	if (!row)
		return -ENOMEM;
	row->ctx = model->want.ctx;
	row->ioas = model->want.ioas;
	row->first = info->iova;
	row->last = info->iova + (info->length - 1);
	row->length = info->length;
	strcpy(row->prot, info->prot == IOMMUFD_PROT_READ  ? "r" :
			  info->prot == IOMMUFD_PROT_WRITE ? "w" :
			  info->prot			   ? "rw" :
							     "-");
	strcpy(row->memory, info->kind == IOMMUFD_MEMORY_USER ? "process" :
			    info->kind == IOMMUFD_MEMORY_FILE ? "memfd" :
								"dma-buf");
	strcpy(row->state, state_name(info->flags));
	row->runs = row->run_size = row->huge = row->huge_share = MODEL_NONE;
	if (has_runs(info)) {
		row->runs = info->runs;
		row->run_size = in_runs(info) / info->runs;
		row->huge = (__u64)info->huge * IOMMUFD_HUGE_SIZE;
		row->huge_share = huge_share(info);
	}
	row->tgid = info->tgid ? info->tgid : EVENT_NONE;
	row->uid = EVENT_NONE;
	payer = payer_of(model, info->payer);
	if (payer) {
		row->uid = payer->uid;
		row->comm = payer->comm;
		row->machine = payer->machine;
	}
	row->since_ns = row->age_ns = MODEL_NONE;
	if (info->since_ns != MODEL_NONE) {
		row->since_ns = info->since_ns;
		row->age_ns = 0;
		if (model->time_ns > info->since_ns)
			row->age_ns = model->time_ns - info->since_ns;
	}
	row->start = info->start;
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/*
 * The driver's own counts of the address space, because a walk may end when it has all rows. With a
 * filter on addresses, the sums are those of the rows.
 */
static void put_sums(struct model *model, const struct model_node *node, unsigned int shown)
{
	struct model_area_sums *sums = &model->area_sums;
	unsigned int i;

	sums->is_there = true;
	sums->ctx = node->ctx;
	sums->ioas = node->ioas;
	sums->shown = shown;
	sums->cut = model->state->areas_cut;
	if (!(model->state->filter.use & EVENT_FILTER_IOVA)) {
		sums->areas = node->areas > shown ? node->areas : shown;
		sums->bytes = node->mapped;
		sums->in_runs = node->pinned;
		sums->runs = node->runs;
		sums->huge = node->huge;
		return;
	}
	sums->areas = model->state->picker->taken;
	for (i = 0; i < shown; i++) {
		const struct model_mapped *row = model__row(model, MODEL_AREA_LIST, i);

		sums->bytes += row->length;
		if (row->runs == MODEL_NONE)
			continue;
		sums->in_runs += row->length;
		sums->runs += row->runs;
		sums->huge += row->huge;
	}
}

int rows__area_list(struct model *model)
{
	const struct model_key wanted = { .kind = MODEL_KIND_IOAS,
					  .ctx = model->want.ctx,
					  .id = model->want.ioas };
	struct picker *picker = model->state->picker;
	int node = model__find(model, MODEL_NODES, &wanted);
	unsigned int i;
	int err = 0;

	rows__clear(model, MODEL_AREA_LIST);
	memset(&model->area_sums, 0, sizeof(model->area_sums));
	if (!model->want.areas || !model->state->has_areas || !picker || node < 0)
		return 0;
	qsort(picker->candidates, picker->nr, sizeof(*picker->candidates), compare_numbers);
	for (i = 0; i < picker->nr && !err; i++)
		err = add_row(model, &picker->infos[picker->candidates[i].place]);
	put_sums(model, model__row(model, MODEL_NODES, node), picker->nr);
	return err;
}
