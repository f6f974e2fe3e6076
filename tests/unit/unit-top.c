// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop without a kernel: fdinfo, filters and owners of faults, buckets and figures of
 * latencies, cells and order of rows, growth.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/rows.h"
#include "source/sources.h"
#include "tap.h"

/* The table in which the programs in the kernel look up buckets. */
static void test_table(void)
{
	bool same = true;
	__u8 table[TOP_TABLE];

	for (unsigned int i = 0; i < TOP_TABLE; i++)
		table[i] = top_bucket(i << TOP_TABLE_SHIFT);
	for (__u64 value = 0; value < 1ULL << 63; value += value / 999 + 1)
		same &= top_bucket_in(table, value) == top_bucket(value) &&
			top_size_in(table, value) == top_size(value);
	for (unsigned int shift = 0; shift < 64; shift++)
		for (__u64 value = (1ULL << shift) - 1; value - (1ULL << shift) + 1 < 3; value++)
			same &= top_bucket_in(table, value) == top_bucket(value) &&
				top_size_in(table, value) == top_size(value);
	tap__ok(same, "buckets and classes from the table");
}

static void test_buckets(void)
{
	bool is_in = true, is_narrow = true;
	unsigned int bucket;
	__u64 ns;

	for (ns = 1; ns < 1ULL << 40; ns += ns / 7 + 1) {
		bucket = top_bucket(ns);
		is_in &= bucket < TOP_BUCKETS && model__bucket_ns(bucket) <= ns &&
			 (bucket == TOP_BUCKETS - 1 || ns < model__bucket_ns(bucket + 1));
		if (bucket && bucket < TOP_BUCKETS - 1)
			is_narrow &= model__bucket_ns(bucket + 1) - model__bucket_ns(bucket) <=
				     model__bucket_ns(bucket) / 4;
	}
	tap__ok(is_in, "top_bucket() and model__bucket_ns() agree");
	tap__ok(is_narrow, "a bucket is at most a quarter as wide as its lowest value");
	tap__ok(top_size(1) == 0 && top_size(4095) == 0 && top_size(4096) == 1 &&
			top_size(8191) == 1 && top_size(8192) == 2 &&
			top_size(~0ULL) == TOP_SIZES - 1,
		"classes of lengths");
}

static void test_latency(void)
{
	__u64 buckets[MODEL_BUCKETS] = {};
	struct model_latency latency;
	unsigned int fast = top_bucket(1000), slow = top_bucket(1000000);

	latency__of(&latency, buckets);
	tap__ok(!latency.count && latency.p50_ns == MODEL_NONE && latency.max_ns == MODEL_NONE,
		"without values there are no figures");
	buckets[fast] = 99;
	buckets[slow] = 1;
	latency__of(&latency, buckets);
	tap__ok(latency.count == 100 && latency.p50_ns == model__bucket_ns(fast + 1) &&
			latency.p99_ns == latency.p50_ns &&
			latency.max_ns == model__bucket_ns(slow + 1),
		"99 of 100 are fast: p99 is fast");
	buckets[fast] = 98;
	buckets[slow] = 2;
	latency__of(&latency, buckets);
	tap__ok(latency.p90_ns == model__bucket_ns(fast + 1) &&
			latency.p99_ns == model__bucket_ns(slow + 1),
		"98 of 100 are fast: p99 is slow");
	memset(buckets, 0, sizeof(buckets));
	buckets[slow] = 1;
	latency__of(&latency, buckets);
	tap__ok(latency.p50_ns == latency.max_ns && latency.p99_ns == latency.max_ns,
		"of one value all figures are the same");
}

static const char fdinfo[] =
	"pos:\t0\nflags:\t02000002\n"
	"iommufd-context:\t7\niommufd-account:\tprocess\niommufd-pinned:\t28672\n"
	"iommufd-calls:\tmaps=12 maps_failed=1 unmaps=3 unmaps_failed=4 copies=5 copies_failed=6\n"
	"iommufd-memory:\tpinned=65536 unpinned=36864\n"
	"iommufd-refused:\tpolicy=7 limit=8\n"
	"iommufd-timed:\tpins=9 bytes=2097152 pin_ns=5000 fill_ns=700\n"
	"iommufd-since-open:\tnow_ns=9000000000 first_map_ns=4000000 last_map_ns=8000000\n"
	"iommufd-opener:\ttgid=1 uid=64055 cgroup=5841\n"
	"iommufd-payer:\ttgid=1 uid=1000 cgroup=77 pinned=8192 charged=8192 limit=65536 "
	"used=16384\n"
	"iommufd-payer:\ttgid=0 uid=64055 cgroup=5841 pinned=20480 charged=0 exempt last\n"
	"iommufd-uid-pinned:\t28672\n"
	"iommufd-object:\tioas id=1 areas=2 mapped=28672 pinned=28672 runs=3\n"
	"iommufd-object:\tdevice id=2 name=0000:00:04.0 group=4 attached=1 pasids=1\n"
	"iommufd-object:\thwpt id=3 ioas=1 auto\n"
	"iommufd-object:\tpasid id=4 device=2 pasid=9 virt_pasid=77 attached=1\n";

/* Read in another user and PID namespace than the opener's. */
static const char elsewhere[] =
	"iommufd-context:\t8\niommufd-account:\tuser\niommufd-pinned:\t4096\n"
	"iommufd-opener:\ttgid=0 uid=65534 cgroup=0\n"
	"iommufd-object:\tioas id=1 areas=1 mapped=4096 pinned=4096 runs=1\n";

static void parse(struct state *state, const char *text)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");

	fdinfo__parse(state, file);
	fclose(file);
}

static struct iommufd_payer_info *add_payer(struct state *state, __u32 ctx, __u32 tgid,
					    __u64 pinned, __u32 flags)
{
	struct iommufd_payer_info *payer = array__add(&state->payers);

	*payer = (struct iommufd_payer_info){
		.id = state->payers.nr,
		.ctx = ctx,
		.tgid = tgid,
		.uid = tgid + 100,
		.pinned = pinned,
		.limit = MODEL_NONE,
		.used = MODEL_NONE,
		.flags = flags,
	};
	snprintf(payer->comm, sizeof(payer->comm), "p%u", tgid);
	return payer;
}

static void test_user(void)
{
	struct iommufd_ctx_info ctx = { .ctx = 2, .tgid = 1, .uid = 7, .comm = "opener" };
	struct state *state = calloc(1, sizeof(*state));
	struct iommufd_payer_info *payer;
	struct ctx_user user;

	state->payers.size = sizeof(struct iommufd_payer_info);
	add_payer(state, 1, 50, 1 << 20, IOMMUFD_PAYER_LAST);
	state__user(state, &ctx, &user);
	tap__ok(user.tgid == 1 && user.uid == 7 && !strcmp(user.comm, "opener") && !user.nr &&
			user.limit == MODEL_NONE,
		"a context without payers: its opener");
	add_payer(state, 2, 60, 0, 0);
	add_payer(state, 2, 61, 0, IOMMUFD_PAYER_LAST);
	add_payer(state, 3, 90, 1 << 20, 0);
	state__user(state, &ctx, &user);
	tap__ok(user.tgid == 61 && user.uid == 161 && !strcmp(user.comm, "p61") && user.nr == 2,
		"payers without pages: the last one");
	payer = array__at(&state->payers, 1);
	payer->pinned = payer->charged = 8192;
	payer->limit = 65536;
	payer->used = 16384;
	state__user(state, &ctx, &user);
	tap__ok(user.tgid == 60 && user.charged == 8192 && user.limit == 65536 &&
			user.used == 16384,
		"the payer with the most memory, and its limit");
	payer = array__at(&state->payers, 2);
	payer->limit = 32768;
	payer->used = 16384;
	state__user(state, &ctx, &user);
	tap__ok(user.tgid == 60 && user.limit == 32768, "the limit that is nearer");
	payer->flags |= IOMMUFD_PAYER_EXEMPT;
	state__user(state, &ctx, &user);
	tap__ok(user.limit == 65536, "not that of a process that is exempt");
	array__close(&state->payers);
	free(state);
}

static void test_fdinfo(void)
{
	struct state *state = calloc(1, sizeof(*state));
	const struct iommufd_object_info *objects;
	const struct iommufd_ctx_counts *counts;
	const struct iommufd_payer_info *payers;
	const struct iommufd_ctx_info *ctx;

	state->ctxs.size = sizeof(struct state_ctx);
	state->payers.size = sizeof(struct iommufd_payer_info);
	state->objects.size = sizeof(struct iommufd_object_info);
	parse(state, fdinfo);
	parse(state, fdinfo);
	parse(state, "pos:\t0\nmnt_id:\t9\n");
	tap__ok(state->ctxs.nr == 1 && state->objects.nr == 4,
		"a context that two processes have open is added once");
	ctx = state->ctxs.items;
	tap__ok(ctx->ctx == 7 && ctx->tgid == 1 && ctx->uid == 64055 && ctx->cgroup == 5841 &&
			ctx->pinned == 28672 && ctx->process_accounting == 1 && ctx->objects == 4,
		"the context");
	counts = state__counts(ctx);
	tap__ok(counts->ctx == 7 && counts->maps == 12 && counts->maps_failed == 1 &&
			counts->unmaps == 3 && counts->unmaps_failed == 4 && counts->copies == 5 &&
			counts->copies_failed == 6 && counts->pinned == 65536 &&
			counts->unpinned == 36864 && counts->refused_policy == 7 &&
			counts->refused_limit == 8,
		"its counts since the open");
	tap__ok(counts->timed_pins == 9 && counts->timed_bytes == 2097152 &&
			counts->pin_ns == 5000 && counts->fill_ns == 700 &&
			counts->age_ns == 9000000000ULL && counts->first_map_ns == 4000000 &&
			counts->last_map_ns == 8000000,
		"its times since the open");
	payers = state->payers.items;
	tap__ok(state->payers.nr == 2 && state->has_payers && payers[0].ctx == 7 &&
			payers[0].tgid == 1 && payers[0].uid == 1000 && payers[0].cgroup == 77 &&
			payers[0].pinned == 8192 && payers[0].charged == 8192 &&
			payers[0].limit == 65536 && payers[0].used == 16384 &&
			payers[0].flags == (IOMMUFD_PAYER_ALIVE | IOMMUFD_PAYER_BY_PROCESS),
		"a payer");
	tap__ok(payers[1].tgid == EVENT_NONE && payers[1].limit == MODEL_NONE &&
			payers[1].used == MODEL_NONE &&
			payers[1].flags == (IOMMUFD_PAYER_ALIVE | IOMMUFD_PAYER_BY_PROCESS |
					    IOMMUFD_PAYER_EXEMPT | IOMMUFD_PAYER_LAST),
		"a payer of another namespace, whose limit is not shown");
	parse(state, elsewhere);
	ctx = array__at(&state->ctxs, 1);
	tap__ok(ctx->ctx == 8 && ctx->tgid == EVENT_NONE && !ctx->comm[0] && !ctx->cgroup &&
			ctx->uid == 65534 && ctx->pinned == 4096 && !state__counts(ctx)->ctx,
		"an opener in another PID namespace, without totals");
	objects = state->objects.items;
	tap__ok(objects[0].type == IOMMUFD_INFO_IOAS && objects[0].areas == 2 &&
			objects[0].mapped == 28672 && objects[0].runs == 3,
		"an IOAS");
	tap__ok(objects[1].type == IOMMUFD_INFO_DEVICE && objects[1].sbdf == 0x20 &&
			!strcmp(objects[1].name, "0000:00:04.0") && objects[1].group == 4 &&
			objects[1].pasids == 1,
		"a device");
	tap__ok(objects[2].parent == 1, "an HWPT has its IOAS");
	tap__ok(objects[3].parent == 2 && objects[3].pasid == 9 && objects[3].virt_pasid == 77 &&
			objects[3].attached == 1,
		"a PASID has its device and both numbers");
	array__close(&state->ctxs);
	array__close(&state->payers);
	array__close(&state->objects);
	free(state);
}

static void add_node(struct model *model, __u32 ctx, __u32 ioas, __u64 pinned, const char *comm)
{
	const struct model_key key = { ioas ? MODEL_KIND_IOAS : MODEL_KIND_CTX, ctx, ioas, 0, 0 };
	struct model_node *node = rows__add(model, MODEL_NODES, key);

	node->ctx = ctx;
	node->ioas = ioas ? ioas : EVENT_NONE;
	node->pinned = pinned;
	node->tgid = ctx == 2 ? EVENT_NONE : 77;
	node->limit = MODEL_NONE;
	snprintf(node->comm, sizeof(node->comm), "%s", comm);
}

static void test_rows(void)
{
	const struct model_column *pinned = model__column(MODEL_NODES, "pinned");
	unsigned int order[8], nr;
	char cell[MODEL_CELL];
	struct model model;
	const void *row;

	if (!tap__ok(!model__init(&model), "a model"))
		return;
	add_node(&model, 1, 0, 4096, "one");
	add_node(&model, 1, 5, 1024, "one");
	add_node(&model, 1, 6, 3072, "one");
	add_node(&model, 2, 0, 8192, "t\033wo");
	add_node(&model, 2, 3, 8192, "two");
	nr = model__order(&model, MODEL_NODES, pinned, true, order);
	tap__ok(nr == 5 && order[0] == 3 && order[1] == 4 && order[2] == 0 && order[3] == 2 &&
			order[4] == 1,
		"descending: children stay with their parent");
	nr = model__order(&model, MODEL_NODES, pinned, false, order);
	tap__ok(order[0] == 0 && order[1] == 1 && order[2] == 2 && order[3] == 3, "ascending");
	row = model__row(&model, MODEL_NODES, 3);
	tap__ok(!strcmp(model__format(cell, &model, pinned, row, false), "8K"),
		"bytes are abbreviated");
	tap__ok(!strcmp(model__format(cell, &model, model__column(MODEL_NODES, "comm"), row, false),
			"t?wo"),
		"names are cleaned");
	tap__ok(!strcmp(model__format(cell, &model, model__column(MODEL_NODES, "limit"), row,
				      false),
			"-"),
		"an absent value");
	tap__ok(!strcmp(model__format(cell, &model, model__column(MODEL_NODES, "pid"), row, false),
			"-"),
		"a process without an id here");
	tap__ok(!strcmp(model__format(cell, &model, model__column(MODEL_NODES, "ioas"), row, false),
			"-"),
		"a column that the kind of row lacks");
	model.interval_ns = 1;
	((struct model_node *)row)->now.maps = ((struct model_node *)row)->now.map_bytes = ~1ULL;
	tap__ok(!strcmp(model__format(cell, &model, model__column(MODEL_NODES, "map_bytes"), row,
				      false),
			"16E"),
		"a rate of bytes beyond 64 bits");
	tap__ok(!strncmp(model__format(cell, &model, model__column(MODEL_NODES, "maps"), row,
				       false),
			 "18", 2),
		"a rate beyond 64 bits");
	tap__ok(model__find(&model, MODEL_NODES, model__key(row)) == 3 &&
			model__parent(&model, MODEL_NODES, 2) == model__row(&model, MODEL_NODES, 0),
		"rows are found by key, parents by position");
	model__close(&model);
}

/* Refresh with one context and its IOASes. Returns what the row of the context has pinned. */
static __u64 ctx_pinned(struct model *model, __u64 ctx_pages, unsigned int ioases,
			const __u64 *pages)
{
	struct state *state = model->state;
	unsigned int i;

	model__begin(model);
	*(struct state_ctx *)array__add(&state->ctxs) =
		(struct state_ctx){ .info = { .ctx = 1, .tgid = 7, .pinned = ctx_pages * 4096 } };
	for (i = 0; i < ioases; i++)
		*(struct iommufd_object_info *)array__add(&state->objects) =
			(struct iommufd_object_info){ .ctx = 1,
						      .id = i + 1,
						      .type = IOMMUFD_INFO_IOAS,
						      .pinned = pages[i] * 4096 };
	model__update(model);
	return ((const struct model_node *)model__row(model, MODEL_NODES, 0))->pinned / 4096;
}

/* The driver reads a context and its IOASes one after the other, while memory is pinned. */
static void test_agreement(void)
{
	struct model model;

	if (!tap__ok(!model__init(&model), "a model"))
		return;
	tap__is(ctx_pinned(&model, 4, 1, (__u64[]){ 5 }), 5, "a context with one IOAS has as much");
	tap__is(ctx_pinned(&model, 6, 1, (__u64[]){ 5 }), 5, "and not more");
	tap__is(ctx_pinned(&model, 2, 2, (__u64[]){ 3, 4 }), 4, "with two, as much as the larger");
	tap__is(ctx_pinned(&model, 5, 2, (__u64[]){ 3, 4 }), 5, "or more, if they share some");
	tap__is(ctx_pinned(&model, 9, 2, (__u64[]){ 3, 4 }), 7, "but not more than both");
	model__close(&model);
}

#define MIB (1ULL << 20)
#define SECOND NS_PER_SEC

/* The bytes that a program has pinned after so many seconds. */
typedef __u64 (*amount_fn)(unsigned int seconds);

static __u64 small_steps(unsigned int seconds)
{
	return 500 * MIB + seconds / 5 * (3 * MIB / 2);
}

static __u64 rare_steps(unsigned int seconds)
{
	return 500 * MIB + seconds / 40 * MIB;
}

static __u64 busy(unsigned int seconds)
{
	return 500 * MIB + seconds * 2654435761u % 97 * MIB;
}

static __u64 leak_in_busy(unsigned int seconds)
{
	return busy(seconds) + small_steps(seconds);
}

static __u64 start_up(unsigned int seconds)
{
	return (seconds < 40 ? seconds : 40) * 100 * MIB;
}

static __u64 up_and_down(unsigned int seconds)
{
	return (seconds / 60 % 2 ? 60 - seconds % 60 : seconds % 60) * MIB;
}

static __u64 shrinks(unsigned int seconds)
{
	return 4000 * MIB - seconds * MIB;
}

/*
 * Refresh once a second up to a time. Returns the rate at the end, in bytes per minute; *share
 * becomes the percentage of refreshes with a rate in the last half.
 */
static __u64 rate_of(amount_fn amount, unsigned int seconds, unsigned int *share)
{
	struct growth growth = {};
	unsigned int i, found = 0;
	__u64 rate = 0;

	for (i = 0; i <= seconds; i++) {
		rate = growth__add(&growth, (1000 + i) * SECOND, amount(i));
		found += i > seconds / 2 && rate;
	}
	*share = found * 100 / (seconds - seconds / 2);
	return rate;
}

static void grows(const char *what, amount_fn amount, unsigned int seconds, __u64 per_minute)
{
	unsigned int share;
	__u64 rate = rate_of(amount, seconds, &share);

	if (!tap__ok(share == 100 && rate > per_minute * 8 / 10 && rate < per_minute * 12 / 10,
		     "%s grows", what))
		tap__diag("%llu bytes a minute, seen in %u %% of the refreshes", rate, share);
}

static void is_steady(const char *what, amount_fn amount, unsigned int seconds)
{
	unsigned int share;
	__u64 rate = rate_of(amount, seconds, &share);

	if (!tap__ok(!rate && !share, "%s does not grow", what))
		tap__diag("%llu bytes a minute, seen in %u %% of the refreshes", rate, share);
}

static void test_growth(void)
{
	struct model_node node = { .limit_in_ns = MODEL_NONE };
	unsigned int share;

	grows("a leak of 1.5 MiB every 5 s", small_steps, 60, 18 * MIB);
	grows("the same after an hour", small_steps, 3600, 18 * MIB);
	grows("a leak of 1 MiB every 40 s", rare_steps, 900, 3 * MIB / 2);
	grows("a leak of 18 MiB a minute that 97 MiB of churn hide", leak_in_busy, 1800, 18 * MIB);
	is_steady("a busy program", busy, 3600);
	is_steady("a program that has started", start_up, 300);
	is_steady("one that goes up and down", up_and_down, 3600);
	is_steady("one that shrinks", shrinks, 3600);
	tap__ok(!rate_of(small_steps, 4, &share), "a few refreshes are not enough");

	tap__is(model__growth(&node), MODEL_STEADY, "no growth");
	node.growth_rate = 18 * MIB;
	node.growth_ns = 20 * SECOND;
	node.limit_in_ns = 60 * SECOND;
	tap__is(model__growth(&node), MODEL_GROWS, "growth for 20 s");
	node.growth_ns = 200 * SECOND;
	tap__is(model__growth(&node), MODEL_GROWS_BAD, "for minutes, with the limit near");
	node.limit_in_ns = 1800 * SECOND;
	tap__is(model__growth(&node), MODEL_GROWS_WARN, "with the limit half an hour away");
	node.limit_in_ns = 7200 * SECOND;
	tap__is(model__growth(&node), MODEL_GROWS, "with the limit two hours away");
	node.limit_in_ns = MODEL_NONE;
	tap__is(model__growth(&node), MODEL_GROWS_WARN, "without a limit");
}

/* ---- filters and owners of faults ---- */

#define FIRST_SBDF 0x20
#define PLATFORM "fd5a0000.dma"

static void add_ctx(struct state *state, __u32 number, __u32 tgid, __u32 uid, const char *comm,
		    __u32 sbdf, const char *device)
{
	struct iommufd_object_info *object = array__add(&state->objects);
	struct state_ctx *ctx = array__add(&state->ctxs);

	*ctx = (struct state_ctx){
		.info = { .ctx = number, .tgid = tgid, .uid = uid, .objects = 1 }
	};
	snprintf(ctx->info.comm, sizeof(ctx->info.comm), "%s", comm);
	*object = (struct iommufd_object_info){ .ctx = number,
						.id = 1,
						.type = IOMMUFD_INFO_DEVICE,
						.sbdf = sbdf,
						.pt = EVENT_NONE,
						.attached = EVENT_NONE };
	snprintf(object->name, sizeof(object->name), "%s", device);
}

static void add_event(struct model *model, enum event_id event, const __u64 *args, size_t size)
{
	struct {
		struct event_record head;
		__u64 args[EVENT_MAX_ARGS];
	} record = {};

	record.head.event = event;
	record.head.nr_args = size / sizeof(__u64);
	memcpy(record.args, args, size);
	model__add_event(model, &record.head, NULL);
}

/* A page request of each context, and a DMA fault of each device and of one without a context. */
static void refresh(struct model *model)
{
	const struct args_fault_report reports[] = {
		{ .ctx = 1, .tgid = 77, .device = 1, .pasid = EVENT_NONE, .requests = 1 },
		{ .ctx = 2, .tgid = 88, .device = 1, .pasid = EVENT_NONE, .requests = 1 },
	};
	const struct args_dma_fault faults[] = {
		{ .ctx = EVENT_NONE, .tgid = EVENT_NONE, .sbdf = FIRST_SBDF, .pasid = EVENT_NONE },
		{ .ctx = EVENT_NONE, .tgid = EVENT_NONE, .sbdf = 0x28, .pasid = EVENT_NONE },
	};
	struct args_io_page_fault named = { .ctx = EVENT_NONE,
					    .tgid = EVENT_NONE,
					    .sbdf = EVENT_NONE };

	model__begin(model);
	add_ctx(model->state, 1, 77, 1000, "qemu", FIRST_SBDF, "0000:00:04.0");
	add_ctx(model->state, 2, 88, 64055, "dpdk", EVENT_NONE, PLATFORM);
	strcpy((char *)&named.name0, PLATFORM);
	add_event(model, EVENT_fault_report, (void *)&reports[0], sizeof(reports[0]));
	add_event(model, EVENT_fault_report, (void *)&reports[1], sizeof(reports[1]));
	add_event(model, EVENT_dma_fault, (void *)&faults[0], sizeof(faults[0]));
	add_event(model, EVENT_dma_fault, (void *)&faults[1], sizeof(faults[1]));
	add_event(model, EVENT_io_page_fault, (void *)&named, sizeof(named));
	model__update(model);
}

/* "77:request 88:dma fault" of the lines, or of the rows of faults "77:1" with the DMA faults. */
static const char *faults_of(const struct model *model, enum model_table table)
{
	static char text[256];
	size_t used = 0;
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < model__nr(model, table); i++) {
		const struct model_line *line = model__row(model, table, i);
		const struct model_fault *fault = (const void *)line;
		__u32 tgid = table == MODEL_LINES ? line->tgid : fault->tgid;

		used += snprintf(text + used, sizeof(text) - used, "%s%d:", used ? " " : "",
				 (int)tgid);
		if (table == MODEL_LINES)
			used += snprintf(text + used, sizeof(text) - used, "%s", line->what);
		else
			used += snprintf(text + used, sizeof(text) - used, "%llu",
					 fault->dma_total);
	}
	return text;
}

static void filtered(const char *what, struct iommufd_filter filter, const char *lines,
		     const char *faults)
{
	struct model model;
	const char *got;

	if (model__init(&model))
		return;
	model.state->filter = filter;
	refresh(&model);
	got = faults_of(&model, MODEL_LINES);
	if (!tap__ok(!strcmp(got, lines), "%s: lines", what))
		tap__diag("got '%s'", got);
	got = faults_of(&model, MODEL_FAULTS);
	if (faults && !tap__ok(!strcmp(got, faults), "%s: faults", what))
		tap__diag("got '%s'", got);
	model__close(&model);
}

static void test_filters(void)
{
	struct iommufd_filter filter = {};

	filtered("no filter; a DMA fault has the owner of its device, also by name", filter,
		 "77:dma fault -1:dma fault 88:dma fault 77:request 88:request", NULL);
	filter = (struct iommufd_filter){ .use = EVENT_FILTER_UID, .uid = 1000 };
	filtered("--uid", filter, "77:dma fault 77:request", "77:1");
	filter = (struct iommufd_filter){ .use = EVENT_FILTER_TGID, .tgid = 88 };
	filtered("--pid", filter, "88:dma fault 88:request", "88:1");
	filter = (struct iommufd_filter){ .use = EVENT_FILTER_COMM };
	memcpy(filter.comm, "dpdk", 5);
	memset(filter.comm_mask, 0xff, 5);
	filtered("--comm", filter, "88:dma fault 88:request", "88:1");
	filter = (struct iommufd_filter){ .use = EVENT_FILTER_CGROUP, .cgroup = 1ULL << 60 };
	filtered("--cgroup of nobody", filter, "", "");
	filter = (struct iommufd_filter){ .use = EVENT_FILTER_MACHINE, .machine = "vm1" };
	filtered("--machine of nobody", filter, "", "");
	filter = (struct iommufd_filter){ .use = EVENT_FILTER_DEVICE, .sbdf = 0x28 };
	filtered("--device without a context", filter, "-1:dma fault", "-1:1");
	filter = (struct iommufd_filter){ .use = EVENT_FILTER_DEVICE, .sbdf = EVENT_NONE };
	strcpy((char *)filter.device, PLATFORM);
	filtered("--device by name", filter, "88:dma fault 88:request", "88:1");
	filter = (struct iommufd_filter){ .use = EVENT_FILTER_DEVICE | EVENT_FILTER_UID,
					  .sbdf = 0x28,
					  .uid = 1000 };
	filtered("--device and --uid", filter, "", "");
}

static void request(struct model *model, __u32 grpid)
{
	const struct args_fault_report args = {
		.ctx = 1,
		.tgid = 77,
		.device = 1,
		.pasid = 0,
		.grpid = grpid,
		.addr = 0x5000,
		.perm = 1,
		.requests = 1,
		.sbdf = FIRST_SBDF,
	};

	add_event(model, EVENT_fault_report, (const void *)&args, sizeof(args));
}

static void respond(struct model *model, __u32 grpid, __u32 code)
{
	const struct args_fault_response args = {
		.ctx = 1,
		.tgid = 77,
		.device = 1,
		.pasid = 0,
		.grpid = grpid,
		.cookie = 1,
		.code = code,
		.ns = 3000,
		.sbdf = FIRST_SBDF,
		.addr = 0x5000,
	};

	add_event(model, EVENT_fault_response, (const void *)&args, sizeof(args));
}

static const struct model_line *line_at(const struct model *model, unsigned int index)
{
	return model__row(model, MODEL_LINES, index);
}

/* A page request and its response are one line; bad lines stay when many others follow. */
static void test_requests(void)
{
	const struct args_dma_fault fault = {
		.ctx = EVENT_NONE,
		.tgid = EVENT_NONE,
		.sbdf = FIRST_SBDF,
		.pasid = EVENT_NONE,
	};
	unsigned int i, bad = 0, nr;
	struct model model;

	if (model__init(&model))
		return;
	model__begin(&model);
	add_ctx(model.state, 1, 77, 1000, "qemu", FIRST_SBDF, "0000:00:04.0");
	request(&model, 4);
	request(&model, 5);
	request(&model, 6);
	tap__is(model__nr(&model, MODEL_LINES), 0, "requests wait for their responses");
	respond(&model, 5, 1);
	respond(&model, 4, 0);
	respond(&model, 9, 0);
	tap__is(model__nr(&model, MODEL_LINES), 3, "a response completes its request");
	tap__ok(!strcmp(line_at(&model, 0)->what, "request") && line_at(&model, 0)->bad &&
			line_at(&model, 0)->latency_ns == 3000 &&
			line_at(&model, 0)->addr == 0x5000 &&
			!strcmp(line_at(&model, 0)->reason, "invalid, group 5 of 1 request"),
		"the line has address, latency and result: %s", line_at(&model, 0)->reason);
	tap__ok(!line_at(&model, 1)->bad &&
			!strcmp(line_at(&model, 1)->reason, "done, group 4 of 1 request"),
		"one that got what it asked for is not bad");
	tap__ok(!strcmp(line_at(&model, 2)->what, "response"),
		"a response without its request has a line of its own");
	model__update(&model);
	tap__ok(model__nr(&model, MODEL_LINES) == 4 && line_at(&model, 3)->bad &&
			!strcmp(line_at(&model, 3)->reason, "no response, group 6 of 1 request"),
		"a request without a response gets its line later");

	add_event(&model, EVENT_dma_fault, (const void *)&fault, sizeof(fault));
	for (i = 0; i < 5 * MODEL_LINES_KEPT; i++) {
		request(&model, 10);
		respond(&model, 10, 0);
	}
	nr = model__nr(&model, MODEL_LINES);
	for (i = 0; i < nr; i++)
		bad += line_at(&model, i)->bad;
	tap__ok(nr <= 2 * MODEL_LINES_KEPT && bad == 3, "bad lines are kept: %u of %u", bad, nr);
	tap__ok(line_at(&model, 0)->bad && !strcmp(line_at(&model, 2)->what, "dma fault"),
		"in their order");
	for (i = 0; i < 5 * MODEL_LINES_KEPT; i++)
		add_event(&model, EVENT_dma_fault, (const void *)&fault, sizeof(fault));
	tap__ok(model__nr(&model, MODEL_LINES) <= 2 * MODEL_LINES_KEPT, "not without limit");
	model__close(&model);
}

/* A fault that ends its process is shown after the context is gone. */
static void test_closed(void)
{
	const struct args_policy_verdict verdict = { .ctx = 99, .tgid = 55, .ret = (__u32)-12 };
	struct model model;
	const char *got;

	if (model__init(&model))
		return;
	model.state->filter = (struct iommufd_filter){ .use = EVENT_FILTER_UID, .uid = 1000 };
	refresh(&model);
	model__begin(&model);
	model__update(&model);
	/* Context 99 was opened and closed in between. */
	add_event(&model, EVENT_policy_verdict, (const void *)&verdict, sizeof(verdict));
	model.state->filter = (struct iommufd_filter){ .use = EVENT_FILTER_TGID, .tgid = 56 };
	add_event(&model, EVENT_policy_verdict, (const void *)&verdict, sizeof(verdict));
	tap__is(model.nr_refusals, 0, "a refusal of a context that nobody saw is of another one");
	model.state->filter = (struct iommufd_filter){ .use = EVENT_FILTER_TGID | EVENT_FILTER_CTX,
						       .tgid = 55,
						       .ctx = 99 };
	add_event(&model, EVENT_policy_verdict, (const void *)&verdict, sizeof(verdict));
	tap__is(model.nr_refusals, 1, "or of the wanted process, which its thread tells");
	got = faults_of(&model, MODEL_FAULTS);
	if (!tap__ok(!strcmp(got, "77:1"), "a fault of a closed context passes its filter"))
		tap__diag("got '%s'", got);
	tap__ok(model.has_match && !model__nr(&model, MODEL_NODES), "the context is gone");
	model__close(&model);
}

static void test_hash(void)
{
	struct hash hash;
	bool is_good = true;
	__u64 *data;
	__u32 i;

	hash__init(&hash, sizeof(*data));
	for (i = 0; i < 3000; i++) {
		data = hash__get(&hash, (struct hash_key){ i % 100, i / 100, 0, 0 }, 1 + i % 2);
		*data = i;
	}
	for (i = 0; i < 3000; i++) {
		data = hash__find(&hash, (struct hash_key){ i % 100, i / 100, 0, 0 });
		is_good &= data && *data == i;
	}
	tap__ok(is_good, "3000 entries are found by their keys");
	hash__forget(&hash, 2);
	for (i = 0; i < 3000; i++)
		is_good &= !hash__find(&hash, (struct hash_key){ i % 100, i / 100, 0, 0 }) ==
			   (i % 2 == 0);
	tap__ok(is_good && hash.nr == 1500, "entries that were not seen are dropped");
	hash__close(&hash);
}

int main(void)
{
	test_buckets();
	test_table();
	test_latency();
	test_user();
	test_fdinfo();
	test_rows();
	test_agreement();
	test_growth();
	test_filters();
	test_requests();
	test_closed();
	test_hash();
	return tap__done();
}
