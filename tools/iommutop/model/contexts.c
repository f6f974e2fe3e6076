// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of contexts and their IOASes: their objects and sizes, counts of events, growth, and the
 * limit of locked memory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/opener.h"
#include "model/rows.h"

/* ---- counters and latencies ---- */

static void put_counts(struct model_counts *counts, const struct top_ioas *now,
		       const struct top_ioas *before)
{
	counts->maps = now->maps - before->maps;
	counts->map_bytes = now->map_bytes - before->map_bytes;
	counts->map_pages = now->map_pages - before->map_pages;
	counts->map_failed = now->map_failed - before->map_failed;
	counts->unmaps = now->unmaps - before->unmaps;
	counts->unmap_bytes = now->unmap_bytes - before->unmap_bytes;
	counts->unmap_failed = now->unmap_failed - before->unmap_failed;
	counts->copies = now->copies - before->copies;
	counts->copy_bytes = now->copy_bytes - before->copy_bytes;
	counts->copy_failed = now->copy_failed - before->copy_failed;
}

static void add_counts(struct model_counts *sum, const struct model_counts *counts)
{
	__u64 *to = (__u64 *)sum;
	const __u64 *from = (const __u64 *)counts;
	unsigned int i;

	for (i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static bool is_idle(const struct model_counts *now)
{
	static const struct model_counts nothing;

	return !memcmp(now, &nothing, sizeof(nothing));
}

static void clear_latencies(struct model_node *node)
{
	static const struct model_latency none = {
		.p50_ns = MODEL_NONE,
		.p90_ns = MODEL_NONE,
		.p99_ns = MODEL_NONE,
		.max_ns = MODEL_NONE,
	};
	unsigned int op;

	for (op = 0; op < MODEL_OPS; op++)
		node->latency[op] = node->latency_total[op] = none;
}

static void clear_counts(struct model_node *node)
{
	memset(&node->now, 0xff, sizeof(node->now)); /* MODEL_NONE */
	memset(&node->total, 0xff, sizeof(node->total));
}

static void put_latency(struct model_node *node, struct ctx_sums *sums, __u64 *heat,
			unsigned int op, const struct ioas_counts *counts)
{
	__u64 interval[MODEL_BUCKETS], total[MODEL_BUCKETS];
	unsigned int i;

	latency__between(&node->latency[op], &node->latency_total[op], interval, total,
			 counts->now.buckets[op], counts->before.buckets[op]);
	for (i = 0; i < MODEL_BUCKETS; i++) {
		sums->buckets_now.buckets[op][i] += interval[i];
		heat[i] += interval[i];
	}
}

static void put_activity(struct model *model, struct model_node *node, struct ctx_sums *sums)
{
	struct state *state = model->state;
	struct ioas_counts *counts;
	static const struct top_ioas nothing;
	unsigned int op;

	clear_latencies(node);
	if (!state->has_counts) {
		clear_counts(node);
		return;
	}
	counts = hash__find(&state->ioases, state__ioas_key(node->ctx, node->ioas));
	if (!counts)
		return;
	put_counts(&node->now, &counts->now, &counts->before);
	put_counts(&node->total, &counts->now, &nothing);
	for (op = 0; op < MODEL_OPS; op++)
		put_latency(node, sums, state->heat[op], op, counts);
	if (!is_idle(&node->now)) {
		counts->before = counts->now;
		sums->is_used = true;
	}
	add_counts(&model->now, &node->now);
	add_counts(&model->total, &node->now);
}

/* The row of a context; NULL if it is closed, or does not pass the filter. */
static struct model_node *find_ctx(struct model *model, __u32 ctx)
{
	const struct model_key key = { .kind = MODEL_KIND_CTX, .ctx = ctx };
	int index = model__find(model, MODEL_NODES, &key);

	return index < 0 ? NULL : (struct model_node *)model__row(model, MODEL_NODES, index);
}

/* Whether the filter passes for an IOAS that has no row, because it or its context is gone. */
static bool is_destroyed_wanted(struct model *model, const struct hash_key *key)
{
	const struct iommufd_filter *filter = &model->state->filter;

	if (filter->use & EVENT_FILTER_IOAS && key->b != filter->ioas)
		return false;
	return !filter->use || model__wants_calls(model, key->a, false);
}

/* Add the calls in such an IOAS to the sums of the model and of its context. */
static void add_destroyed(struct model *model, const struct hash_key *key, struct ioas_counts *of,
			  const struct model_counts *counts)
{
	struct model_node *ctx = find_ctx(model, key->a);
	struct state *state = model->state;
	struct model_histograms *to = NULL;
	struct ctx_sums *sums;
	unsigned int op, i;
	__u32 more;

	/* A context that was opened just now gets its row at the next refresh. */
	sums = hash__get(&state->ctx_sums, (struct hash_key){ .a = key->a }, model->refreshes);
	model->has_match = true;
	add_counts(&model->now, counts);
	add_counts(&model->total, counts);
	if (ctx)
		add_counts(&ctx->now, counts);
	else if (sums)
		add_counts(&sums->total, counts);
	if (sums) {
		to = ctx ? &sums->buckets_now : &sums->buckets_total;
		sums->is_used = true;
	}
	for (op = 0; op < MODEL_OPS; op++)
		for (i = 0; i < MODEL_BUCKETS; i++) {
			more = of->now.buckets[op][i] - of->before.buckets[op][i];
			state->heat[op][i] += more;
			if (to)
				to->buckets[op][i] += more;
		}
	of->before = of->now;
}

static void count_destroyed(struct model *model)
{
	const struct hash *ioases = &model->state->ioases;
	struct model_counts counts;
	struct ioas_counts *of;
	unsigned int i;

	for (i = 0; i < ioases->room; i++) {
		if (!ioases->slots[i].seen)
			continue;
		of = ioases->slots[i].data;
		put_counts(&counts, &of->now, &of->before);
		if (!is_idle(&counts) && is_destroyed_wanted(model, &ioases->slots[i].key))
			add_destroyed(model, &ioases->slots[i].key, of, &counts);
	}
}

/* Add the interval of a context to its sums, and put them into its row. */
static void put_sums(struct model_node *ctx, struct ctx_sums *sums)
{
	struct model_histograms *now = &sums->buckets_now, *total = &sums->buckets_total;
	unsigned int op, i;

	if (sums->is_used) {
		for (op = 0; op < MODEL_OPS; op++) {
			for (i = 0; i < MODEL_BUCKETS; i++)
				total->buckets[op][i] += now->buckets[op][i];
			latency__of(&ctx->latency[op], now->buckets[op]);
			latency__of(&sums->latency_total[op], total->buckets[op]);
		}
		memset(now, 0, sizeof(*now));
		sums->is_used = false;
		sums->has_latency = true;
	}
	if (sums->has_latency)
		memcpy(ctx->latency_total, sums->latency_total, sizeof(ctx->latency_total));
	add_counts(&sums->total, &ctx->now);
	ctx->total = sums->total;
	ctx->histograms = total;
}

/* After all IOASes, existing or destroyed, are counted. */
static void put_all_sums(struct model *model)
{
	struct state *state = model->state;
	struct model_node *node;
	struct ctx_sums *sums;
	unsigned int i;

	if (!state->has_counts)
		return;
	for (i = 0; i < model__nr(model, MODEL_NODES); i++) {
		node = (struct model_node *)model__row(model, MODEL_NODES, i);
		if (node->ioas != EVENT_NONE)
			continue;
		sums = hash__find(&state->ctx_sums, (struct hash_key){ .a = node->ctx });
		if (sums)
			put_sums(node, sums);
	}
	hash__forget(&state->ctx_sums, model->refreshes);
}

/* ---- growth ---- */

static int put_growth(struct model *model, struct model_node *node)
{
	struct hash_key key = state__ioas_key(node->ctx, node->ioas);
	struct hash *pasts = &model->state->node_pasts;
	bool is_new = !hash__find(pasts, key);
	struct node_past *past = hash__get(pasts, key, model->refreshes);

	if (!past)
		return -ENOMEM;
	if (is_new) {
		/* A context opened after iommutop started has grown from 0. */
		past->first_pinned = model->refreshes == 1 ? node->pinned : 0;
		past->last_pinned = past->first_pinned;
	}
	node->grown = node->pinned - past->last_pinned;
	node->grown_total = node->pinned - past->first_pinned;
	past->last_pinned = node->pinned;
	node->growth_rate = growth__add(&past->growth, model->time_ns, node->pinned);
	if (node->growth_rate)
		node->growth_ns = model->time_ns - past->growth.since_ns;
	return 0;
}

/* ---- rows ---- */

/* List the devices of a context, or those attached to an IOAS: "00:04.0 mock-dev1 +2". */
static void put_devices(struct model_node *node, const struct group *group)
{
	unsigned int i, more = 0;
	size_t length = 0, size;
	char name[40];

	node->nr_devices = node->nr_pasids = 0;
	for (i = group->first_device; i < group->end_device; i++) {
		const struct iommufd_object_info *object = &group->objects[i];
		bool is_pasid = object->type == IOMMUFD_INFO_PASID;

		if (object->type != IOMMUFD_INFO_DEVICE && !is_pasid)
			continue;
		if (node->ioas != EVENT_NONE &&
		    group__ioas_behind(group, group__attached_to(object)) != node->ioas)
			continue;
		node->nr_devices += !is_pasid;
		node->nr_pasids += is_pasid;
		if (is_pasid)
			continue;
		/* Leave out segment 0, the usual one. */
		size = snprintf(name, sizeof(name), "%.32s",
				!strncmp(object->name, "0000:", 5) ? object->name + 5 :
								     object->name);
		if (more || length + size + 8 > sizeof(node->devices)) {
			more++;
			continue;
		}
		length += snprintf(node->devices + length, sizeof(node->devices) - length, "%s%s",
				   length ? " " : "", name);
	}
	if (more)
		snprintf(node->devices + length, sizeof(node->devices) - length, " +%u", more);
}

static struct model_node *add_node(struct model *model, const struct group *group, __u32 ioas)
{
	struct model_key key = { .kind = ioas == EVENT_NONE ? MODEL_KIND_CTX : MODEL_KIND_IOAS,
				 .ctx = group->ctx->ctx,
				 .id = ioas == EVENT_NONE ? 0 : ioas };
	struct model_node *node = rows__add(model, MODEL_NODES, key);

	if (!node)
		return NULL;
	node->ctx = group->ctx->ctx;
	node->ioas = ioas;
	node->tgid = group->user.tgid;
	node->uid = group->user.uid;
	memcpy(node->comm, group->user.comm, sizeof(node->comm));
	node->opener_tgid = group->ctx->tgid;
	node->nr_payers = group->user.nr;
	node->cgroup = group->cgroup;
	memcpy(node->machine, group->machine, sizeof(node->machine));
	node->nr_ioases = group->nr_ioases;
	node->objects = group->ctx->objects;
	node->per_process = group->ctx->process_accounting;
	node->charged = node->limit = node->limit_used = MODEL_NONE;
	node->limit_share = node->limit_in_ns = MODEL_NONE;
	node->areas_left = node->tracks_dirty = node->mediated = MODEL_NONE;
	memset(&node->open, 0xff, sizeof(node->open)); /* MODEL_NONE */
	put_devices(node, group);
	return node;
}

/* The rows move as they are added, so a row is found by its index. */
static struct model_node *node_at(struct model *model, unsigned int index)
{
	return (struct model_node *)model->tables[MODEL_NODES].rows + index;
}

/* Older drivers and recordings do not count huge pages. */
static __u64 huge_of(const struct iommufd_object_info *object)
{
	return object->huge == IOMMUFD_NONE ? MODEL_NONE : (__u64)object->huge * IOMMUFD_HUGE_SIZE;
}

/* The figures about fragmentation; in_runs: bytes in the runs. Without runs there are none. */
static void put_runs(struct model_node *node, __u64 in_runs)
{
	node->run_size = node->huge_share = MODEL_NONE;
	if (!node->runs || node->runs == MODEL_NONE)
		return;
	node->run_size = in_runs / node->runs;
	if (in_runs && node->huge != MODEL_NONE)
		node->huge_share = integer_of((double)node->huge * 10000 / in_runs);
}

static int add_ioas(struct model *model, const struct group *group,
		    const struct iommufd_object_info *object, unsigned int parent,
		    struct ctx_sums *sums)
{
	struct model_node *node = add_node(model, group, object->id), *ctx;

	if (!node)
		return -ENOMEM;
	node->areas = object->areas;
	node->mapped = object->mapped;
	node->pinned = object->pinned;
	node->runs = object->runs; /* MODEL_NONE, if the driver does not know it */
	node->huge = huge_of(object);
	put_runs(node, node->pinned);
	put_activity(model, node, sums);
	ctx = node_at(model, parent);
	ctx->areas += node->areas;
	ctx->mapped += node->mapped;
	ctx->runs = node->runs == MODEL_NONE ? MODEL_NONE : ctx->runs + node->runs;
	ctx->huge = node->huge == MODEL_NONE ? MODEL_NONE : ctx->huge + node->huge;
	if (model->state->has_counts)
		add_counts(&ctx->now, &node->now);
	return put_growth(model, node);
}

static void put_limit(struct model_node *ctx, const struct ctx_user *user, bool has_payers)
{
	if (!has_payers)
		return;
	ctx->charged = user->charged;
	ctx->limit = user->limit;
	ctx->limit_used = user->used;
	if (user->limit != MODEL_NONE && user->limit)
		ctx->limit_share = integer_of((double)user->used * 10000 / user->limit);
}

/*
 * The driver counts a context and its IOASes one after the other, and memory may be pinned between.
 * A context has at least as much as each IOAS, and at most as much as all of them.
 */
static void finish_pinned(struct model *model, unsigned int parent, bool has_all)
{
	struct model_node *ctx = node_at(model, parent);
	__u64 most = 0, sum = 0, pinned;
	unsigned int i;

	for (i = parent + 1; i < model__nr(model, MODEL_NODES); i++) {
		pinned = node_at(model, i)->pinned;
		most = pinned > most ? pinned : most;
		sum += pinned;
	}
	if (ctx->pinned < most)
		ctx->pinned = most;
	if (has_all && ctx->pinned > sum)
		ctx->pinned = sum;
	/* The runs are those of all IOASes, so a page that two of them share counts twice. */
	put_runs(ctx, sum);
}

static int add_ctx(struct model *model, const struct group *group)
{
	const struct state_container *container = state__container(group->ctx);
	const struct iommufd_filter *filter = &model->state->filter;
	unsigned int parent = model__nr(model, MODEL_NODES), i;
	struct model_node *ctx;
	struct ctx_sums *sums;
	int err;

	ctx = add_node(model, group, EVENT_NONE);
	sums = hash__get(&model->state->ctx_sums, (struct hash_key){ .a = group->ctx->ctx },
			 model->refreshes);
	if (!ctx || !sums)
		return -ENOMEM;
	if (!model->state->has_counts)
		clear_counts(ctx);
	ctx->pinned = group->ctx->pinned;
	put_limit(ctx, &group->user, model->state->has_payers);
	if (state__counts(group->ctx)->ctx)
		ctx->open = *state__counts(group->ctx);
	if (container->is_there) {
		ctx->areas_left = container->areas_left;
		ctx->tracks_dirty = container->tracks_dirty;
		ctx->mediated = container->mediated;
	}
	clear_latencies(ctx);
	for (i = 0; i < group->nr; i++) {
		if (group->objects[i].type != IOMMUFD_INFO_IOAS ||
		    (filter->use & EVENT_FILTER_IOAS && group->objects[i].id != filter->ioas))
			continue;
		err = add_ioas(model, group, &group->objects[i], parent, sums);
		if (err)
			return err;
	}
	finish_pinned(model, parent, !(filter->use & EVENT_FILTER_IOAS));
	return put_growth(model, node_at(model, parent));
}

/* ---- all ---- */

/* How soon a context reaches its limit if it grows on as it does. */
static void put_forecasts(struct model *model)
{
	struct model_node *node;
	unsigned int i;

	for (i = 0; i < model__nr(model, MODEL_NODES); i++) {
		node = node_at(model, i);
		if (!node->growth_rate || node->limit == MODEL_NONE ||
		    node->limit_used == MODEL_NONE)
			continue;
		node->limit_in_ns = 0;
		if (node->limit > node->limit_used)
			node->limit_in_ns = integer_of((double)(node->limit - node->limit_used) /
						       node->growth_rate * 60 * NS_PER_SEC);
	}
}

static void clear_copies(struct model_counts *counts)
{
	counts->copies = counts->copy_bytes = counts->copy_failed = MODEL_NONE;
}

/* Figures that are not known are not 0. After the sums, which they must not be a part of. */
static void put_unknown(struct model *model)
{
	unsigned int i;

	for (i = 0; i < model__nr(model, MODEL_NODES) && model->state->lacks_pasids; i++)
		node_at(model, i)->nr_pasids = EVENT_NONE;
	if (!model->state->lacks_copies)
		return;
	for (i = 0; i < model__nr(model, MODEL_NODES); i++) {
		clear_copies(&node_at(model, i)->now);
		clear_copies(&node_at(model, i)->total);
	}
	clear_copies(&model->now);
	clear_copies(&model->total);
}

int rows__contexts(struct model *model)
{
	int err;

	rows__clear(model, MODEL_NODES);
	memset(&model->now, 0, sizeof(model->now));
	err = groups__each(model, add_ctx);
	if (err)
		return err;
	count_destroyed(model);
	put_all_sums(model);
	hash__forget(&model->state->node_pasts, model->refreshes);
	put_forecasts(model);
	put_unknown(model);
	return 0;
}
