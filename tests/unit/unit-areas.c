// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of areas in iommutop's model: for each column and direction, the first ones that are
 * picked from a walk must be those that a sort of all of them gives, also at refreshes that begin
 * with a guess, and where the walk ends early.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/rows.h"
#include "tap.h"

#define CTX 7
#define IOAS 3
#define NR 6000u
#define MOST 500u
#define BATCH 512u
#define PAYERS 3

static struct iommufd_area_info areas[NR];
static unsigned int taken; /* of the last walk */

static void fill(unsigned int shares[PAYERS])
{
	unsigned int i, x = 1;

	for (i = 0; i < NR; i++) {
		x = x * 1103515245 + 12345;
		areas[i] = (struct iommufd_area_info){
			.iova = (__u64)i << 24,
			.length = 4096ULL << ((x >> 8) % 7),
			.start = (__u64)(x >> 4) << 12,
			.since_ns = 1000000000ULL * ((x >> 12) % 50),
			.runs = 1 + (x >> 16) % 3,
			.prot = 1 + (x >> 20) % 3,
			.kind = 1 + (x >> 10) % 3,
			.payer = 1 + (i % 100 < shares[0] ? 0 :
				      i % 100 < shares[1] ? 1 :
							    2),
		};
		areas[i].tgid = 100 + areas[i].payer;
	}
}

static void add_objects(struct state *state)
{
	struct state_ctx *ctx = array__add(&state->ctxs);
	struct iommufd_object_info *ioas = array__add(&state->objects);
	struct iommufd_payer_info *payer;
	unsigned int i;

	memset(ctx, 0, sizeof(*ctx));
	ctx->info.ctx = CTX;
	memset(ioas, 0, sizeof(*ioas));
	ioas->ctx = CTX;
	ioas->id = IOAS;
	ioas->type = IOMMUFD_INFO_IOAS;
	ioas->areas = NR;
	for (i = 1; i <= PAYERS; i++) {
		payer = array__add(&state->payers);
		*payer = (struct iommufd_payer_info){ .id = i, .ctx = CTX, .tgid = 100 + i };
		/* In another order than the numbers. */
		payer->uid = 10 * (i * 2 % PAYERS);
		snprintf(payer->comm, sizeof(payer->comm), "p%u", i * 2 % PAYERS);
	}
	state->has_payers = true;
}

static void refresh(struct model *model)
{
	unsigned int nr;

	model__begin(model);
	add_objects(model->state);
	do {
		areas__begin(model);
		for (taken = 0; taken < NR && !areas__is_full(model); taken += nr) {
			nr = NR - taken < BATCH ? NR - taken : BATCH;
			areas__take(model, areas + taken, nr);
		}
	} while (areas__again(model));
	model->state->has_areas = true;
	model__update(model);
}

/* Addresses of the first rows, in the order of the column; equal ones by address. */
static unsigned int first_of(const struct model *model, const struct model_column *column,
			     bool descending, __u64 *first)
{
	static unsigned int order[NR];
	unsigned int nr = model__order(model, MODEL_AREA_LIST, column, descending, order), i;
	const struct model_mapped *row;

	for (i = 0; i < nr && i < MOST; i++) {
		row = model__row(model, MODEL_AREA_LIST, order[i]);
		first[i] = row->first;
	}
	return i;
}

static bool agree(struct model *all, struct model *some, const char *name, bool descending)
{
	const struct model_column *column = model__column(MODEL_AREA_LIST, name);
	__u64 want[MOST], got[MOST];
	unsigned int i, nr;

	some->want = (struct model_want){
		.areas = true,
		.ctx = CTX,
		.ioas = IOAS,
		.most = MOST,
		.sort = column,
		.descending = descending,
	};
	first_of(all, column, descending, want);
	/* The first refresh has no guess, and the owners are those of the one before. */
	for (i = 0; i < 4; i++) {
		refresh(some);
		nr = first_of(some, column, descending, got);
		if (i && (nr != MOST || memcmp(got, want, sizeof(want)))) {
			tap__diag("%s, refresh %u: %u rows", name, i, nr);
			return false;
		}
	}
	return true;
}

static void test(const char *what, unsigned int first, unsigned int second, bool ends_early)
{
	static const char *const names[] = { "first", "length", "prot",	 "runs", "run_size", "pid",
					     "comm",  "uid",	"since", "age",	 "start" };
	struct model all, some;
	unsigned int i;

	fill((unsigned int[]){ first, second, 100 });
	if (model__init(&all) || model__init(&some))
		return;
	all.want = (struct model_want){ .areas = true, .ctx = CTX, .ioas = IOAS };
	refresh(&all);
	refresh(&all);
	tap__is(model__nr(&all, MODEL_AREA_LIST), NR, "%s: all areas", what);
	for (i = 0; i < 2 * sizeof(names) / sizeof(names[0]); i++)
		tap__ok(agree(&all, &some, names[i / 2], i % 2), "%s: the first ones by %s, %s",
			what, names[i / 2], i % 2 ? "descending" : "ascending");
	agree(&all, &some, "comm", false);
	tap__ok(ends_early == (taken < NR), "%s: the walk by owner %s", what,
		ends_early ? "ends early" : "goes to the end");
	model__close(&all);
	model__close(&some);
}

int main(void)
{
	test("one owner", 0, 0, true);
	test("three owners", 40, 70, true);
	test("an owner with few areas", 90, 98, false);
	return tap__done();
}
