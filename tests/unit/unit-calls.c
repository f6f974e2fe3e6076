// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop's counts of calls in contexts and IOASes that are gone, or that were opened just now:
 * none is missed and none counts twice, also with a filter.
 */
#include <stdio.h>
#include <string.h>

#include "model/rows.h"
#include "tap.h"

/* Refresh with one context and an IOAS that was mapped into so often; 0: there is none. */
static const struct model_node *refresh_counts(struct model *model, __u32 ioas, __u64 maps)
{
	struct state *state = model->state;
	struct ioas_counts *counts;

	model__begin(model);
	state->has_counts = true;
	*(struct state_ctx *)array__add(&state->ctxs) =
		(struct state_ctx){ .info = { .ctx = 1, .tgid = 7 } };
	if (ioas)
		*(struct iommufd_object_info *)array__add(&state->objects) =
			(struct iommufd_object_info){ .ctx = 1,
						      .id = ioas,
						      .type = IOMMUFD_INFO_IOAS };
	counts = hash__get(&state->ioases, state__ioas_key(1, ioas ? ioas : 1), model->refreshes);
	counts->now.maps = maps;
	counts->now.buckets[TOP_PIN][20] = maps;
	model__update(model);
	return model__row(model, MODEL_NODES, 0);
}

/* The totals of a context do not fall when an IOAS of it is destroyed. */
static void test_destroyed(void)
{
	const struct model_node *ctx;
	struct model model;

	if (!tap__ok(!model__init(&model), "a model"))
		return;
	ctx = refresh_counts(&model, 1, 5);
	tap__ok(ctx->total.maps == 5 && ctx->now.maps == 5 && ctx->latency[MODEL_PIN].count == 5 &&
			ctx->open.maps == MODEL_NONE,
		"a context has the maps of its IOAS");
	ctx = refresh_counts(&model, 0, 8);
	tap__ok(ctx->total.maps == 8 && ctx->now.maps == 3, "also of one destroyed meanwhile");
	tap__ok(ctx->latency[MODEL_PIN].count == 3 && ctx->latency_total[MODEL_PIN].count == 8 &&
			ctx->histograms->buckets[MODEL_PIN][20] == 8,
		"with their latencies");
	tap__ok(model.total.maps == 8, "and so have the totals of all");
	ctx = refresh_counts(&model, 0, 8);
	tap__ok(ctx->total.maps == 8 && !ctx->now.maps && !ctx->latency[MODEL_PIN].count,
		"they stay after that");
	ctx = refresh_counts(&model, 2, 4);
	tap__ok(ctx->total.maps == 12 && ctx->now.maps == 4, "and those of a new IOAS are added");
	model__close(&model);
}

/* The maps of IOAS 1 of a context so far, without a row of either. */
static void count_maps(struct model *model, __u32 ctx, __u64 maps)
{
	struct ioas_counts *counts =
		hash__get(&model->state->ioases, state__ioas_key(ctx, 1), model->refreshes);

	counts->now.maps = maps;
	counts->now.buckets[TOP_PIN][20] = maps;
}

/* The context is opened after the objects are read, and before the counters are. */
static void test_new(void)
{
	const struct model_node *ctx;
	struct model model;

	if (!tap__ok(!model__init(&model), "a model"))
		return;
	model__begin(&model);
	model.state->has_counts = true;
	count_maps(&model, 1, 5);
	model__update(&model);
	tap__is(model.now.maps, 5, "calls of a context count before it is listed");
	ctx = refresh_counts(&model, 1, 8);
	tap__ok(ctx->total.maps == 8 && ctx->now.maps == 3 && model.total.maps == 8,
		"and belong to its total when it is");
	tap__ok(ctx->latency[MODEL_PIN].count == 3 && ctx->latency_total[MODEL_PIN].count == 8,
		"with their latencies");
	model__close(&model);
}

/* An open or a bind by a process of this user, which BPF programs announce. */
static void announce(struct model *model, enum event_id event, __u32 ctx, __u32 uid, __u32 sbdf)
{
	struct {
		struct event_record head;
		__u64 args[EVENT_MAX_ARGS];
		struct event_thread thread;
	} record = { .head = { .event = event, .comm = "vm", .flags = EVENT_HAS_THREAD } };
	const struct args_device_bind bind = { .ctx = ctx, .tgid = uid + 1, .sbdf = sbdf };
	const struct event_thread thread = { .uid = uid };

	record.head.nr_args = event == EVENT_device_bind ? EVENT_NR_ARGS(device_bind) :
							   EVENT_NR_ARGS(ctx_open);
	memcpy(record.args, &bind, record.head.nr_args * sizeof(__u64));
	memcpy(&record.args[record.head.nr_args], &thread, sizeof(thread));
	model__add_event(model, &record.head, NULL);
}

/* Open and close a context of each kind between two refreshes. Returns the maps that count. */
static __u64 brief(struct iommufd_filter filter)
{
	struct model model;
	__u64 maps;

	if (model__init(&model))
		return ~0ULL;
	model.state->filter = filter;
	model__begin(&model);
	model.state->has_counts = model.state->has_state = true;
	model__update(&model);
	model__begin(&model);
	announce(&model, EVENT_ctx_open, 1, 1000, EVENT_NONE);
	count_maps(&model, 1, 1);
	announce(&model, EVENT_ctx_open, 2, 0, EVENT_NONE);
	announce(&model, EVENT_device_bind, 2, 1000, 0x20);
	count_maps(&model, 2, 10);
	announce(&model, EVENT_ctx_open, 3, 0, EVENT_NONE);
	announce(&model, EVENT_device_bind, 3, 0, 0x28);
	count_maps(&model, 3, 100);
	announce(&model, EVENT_ctx_open, 4, 1000, EVENT_NONE);
	announce(&model, EVENT_device_bind, 4, 0, 0x20);
	count_maps(&model, 4, 1000);
	model__update(&model);
	maps = model.now.maps;
	model__begin(&model);
	model__update(&model);
	if (model.now.maps || model.total.maps != maps)
		maps = ~0ULL;
	model__close(&model);
	return maps;
}

static void test_brief(void)
{
	tap__is(brief((struct iommufd_filter){}), 1111, "without a filter all calls count");
	tap__is(brief((struct iommufd_filter){ .use = EVENT_FILTER_UID, .uid = 1000 }), 1011,
		"--uid: those of contexts that the user opened, or bound a device to");
	tap__is(brief((struct iommufd_filter){ .use = EVENT_FILTER_TGID, .tgid = 1001 }), 1011,
		"--pid: likewise");
	tap__is(brief((struct iommufd_filter){ .use = EVENT_FILTER_CTX, .ctx = 3 }), 100,
		"--ctx: those of the context");
	tap__is(brief((struct iommufd_filter){ .use = EVENT_FILTER_DEVICE, .sbdf = 0x20 }), 1010,
		"--device: those of contexts that it was bound to");
	tap__is(brief((struct iommufd_filter){
			.use = EVENT_FILTER_DEVICE | EVENT_FILTER_UID, .sbdf = 0x28, .uid = 1000 }),
		0, "--device and --uid: both");
	tap__is(brief((struct iommufd_filter){ .use = EVENT_FILTER_IOAS, .ioas = 2 }), 0,
		"--ioas: not another one");
}

/* A refresh that lists context 1 of a user, or none. */
static void refresh_user(struct model *model, __u32 uid, __u64 maps)
{
	model__begin(model);
	model->state->has_counts = model->state->has_state = true;
	if (uid)
		*(struct state_ctx *)array__add(&model->state->ctxs) =
			(struct state_ctx){ .info = { .ctx = 1, .tgid = 7, .uid = uid } };
	count_maps(model, 1, maps);
	model__update(model);
}

static void test_last_calls(void)
{
	struct model model;

	if (model__init(&model))
		return;
	model.state->filter = (struct iommufd_filter){ .use = EVENT_FILTER_UID, .uid = 1000 };
	refresh_user(&model, 1000, 4);
	refresh_user(&model, 0, 9);
	tap__ok(model.now.maps == 5 && model.total.maps == 9,
		"the last calls before the close count");
	model__close(&model);
	if (model__init(&model))
		return;
	model.state->filter = (struct iommufd_filter){ .use = EVENT_FILTER_UID, .uid = 1000 };
	refresh_user(&model, 1000, 4);
	refresh_user(&model, 2000, 9);
	tap__ok(model.total.maps == 4, "those of another user do not");
	tap__ok(!model__wants_calls(&model, 1, false) && model__wants_calls(&model, 1, true),
		"a sum of the past keeps the context");
	model__close(&model);
}

int main(void)
{
	test_destroyed();
	test_new();
	test_brief();
	test_last_calls();
	return tap__done();
}
