// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the state that a source has filled to rows: contexts, IOASes, devices, PASIDs.
 *
 * Objects come grouped by context, in the order of contexts. The filter that the user gave picks
 * contexts by who opened them, and what is in them by its ids.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "human.h"
#include "source/source.h"

/* The objects of one context, and what is found in them. */
struct group {
	const struct iommufd_ctx_info *ctx;
	const struct iommufd_object_info *objects;
	unsigned int nr;
	__u32 nr_ioases;
	__u32 nr_devices;
	__u32 nr_pasids;
	unsigned int first_device; /* where devices and PASIDs begin, and end */
	unsigned int last_device;
	const char *cgroup;
	char machine[MODEL_TEXT];
};

/* Finds the group that begins at *at, and moves *at behind it. */
static void get_group(struct model *model, const struct state *state,
		      const struct iommufd_ctx_info *ctx, unsigned int *at, struct group *group)
{
	const struct iommufd_object_info *object;

	memset(group, 0, sizeof(*group));
	group->ctx = ctx;
	group->objects = list__at(&state->objects, *at);
	for (; *at < state->objects.nr; (*at)++) {
		object = list__at(&state->objects, *at);
		if (object->ctx != ctx->ctx)
			break;
		group->nr++;
		group->nr_ioases += object->type == IOMMUFD_INFO_IOAS;
		group->nr_devices += object->type == IOMMUFD_INFO_DEVICE;
		group->nr_pasids += object->type == IOMMUFD_INFO_PASID;
		if (object->type == IOMMUFD_INFO_DEVICE || object->type == IOMMUFD_INFO_PASID) {
			if (group->nr_devices + group->nr_pasids == 1)
				group->first_device = group->nr - 1;
			group->last_device = group->nr;
		}
	}
	group->cgroup = who__cgroup(model->who, ctx->cgroup);
	who__machine(group->machine, group->cgroup);
}

static const struct iommufd_object_info *find_object(const struct group *group, __u32 id)
{
	unsigned int low = 0, high = group->nr, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (group->objects[middle].id == id)
			return &group->objects[middle];
		if (group->objects[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The IOAS behind what something is attached to; EVENT_NONE if there is none. */
static __u32 ioas_behind(const struct group *group, __u32 pt)
{
	const struct iommufd_object_info *object;
	unsigned int steps;

	/* A nested page table stands on another one: two steps, not more. */
	for (steps = 0; steps < 4; steps++) {
		object = find_object(group, pt);
		if (!object)
			return EVENT_NONE;
		if (object->type == IOMMUFD_INFO_IOAS)
			return object->id;
		if (object->type != IOMMUFD_INFO_HWPT && object->type != IOMMUFD_INFO_NESTED)
			return EVENT_NONE;
		pt = object->parent;
	}
	return EVENT_NONE;
}

/* What a device or PASID is attached to, as it was named; EVENT_NONE if it is not. */
static __u32 attached_to(const struct iommufd_object_info *object)
{
	return object->type == IOMMUFD_INFO_PASID ? object->attached : object->pt;
}

static bool is_below(const char *path, __u64 cgroup)
{
	char above[CGROUP_PATH_MAX];
	size_t size;

	if (!path || cgroup__path(cgroup, above, sizeof(above)))
		return false;
	size = strlen(above);
	if (size == 1)
		return true;
	return !strncmp(path, above, size) && (!path[size] || path[size] == '/');
}

static bool has_device(const struct group *group, const struct iommufd_filter *filter)
{
	unsigned int i;

	for (i = 0; i < group->nr; i++) {
		const struct iommufd_object_info *object = &group->objects[i];

		if (filter->use & EVENT_FILTER_DEVICE && object->sbdf != filter->sbdf)
			continue;
		if (filter->use & EVENT_FILTER_PASID &&
		    (object->type != IOMMUFD_INFO_PASID || object->pasid != filter->pasid))
			continue;
		if (object->type == IOMMUFD_INFO_DEVICE || object->type == IOMMUFD_INFO_PASID)
			return true;
	}
	return false;
}

static bool is_wanted(const struct group *group, const struct iommufd_filter *filter)
{
	const struct iommufd_object_info *object;
	__u64 comm[2];

	if (filter->use & EVENT_FILTER_TGID && group->ctx->tgid != filter->tgid)
		return false;
	if (filter->use & EVENT_FILTER_CTX && group->ctx->ctx != filter->ctx)
		return false;
	if (filter->use & EVENT_FILTER_UID && group->ctx->uid != filter->uid)
		return false;
	if (filter->use & EVENT_FILTER_COMM) {
		memcpy(comm, group->ctx->comm, sizeof(comm));
		if ((comm[0] & filter->comm_mask[0]) != filter->comm[0] ||
		    (comm[1] & filter->comm_mask[1]) != filter->comm[1])
			return false;
	}
	if (filter->use & EVENT_FILTER_CGROUP && group->ctx->cgroup != filter->cgroup &&
	    !is_below(group->cgroup, filter->cgroup))
		return false;
	if (filter->use & EVENT_FILTER_IOAS) {
		object = find_object(group, filter->ioas);
		if (!object || object->type != IOMMUFD_INFO_IOAS)
			return false;
	}
	return !(filter->use & (EVENT_FILTER_DEVICE | EVENT_FILTER_PASID)) ||
	       has_device(group, filter);
}

/* ---- contexts and IOASes ---- */

/* "00:04.0 mock-dev1 +2": devices of the context, or attached to the IOAS. */
static void put_devices(struct model_node *node, const struct group *group)
{
	unsigned int i, more = 0;
	size_t length = 0, size;
	char name[40];

	node->nr_devices = node->nr_pasids = 0;
	for (i = group->first_device; i < group->last_device; i++) {
		const struct iommufd_object_info *object = &group->objects[i];
		bool is_pasid = object->type == IOMMUFD_INFO_PASID;

		if (object->type != IOMMUFD_INFO_DEVICE && !is_pasid)
			continue;
		if (node->ioas != EVENT_NONE &&
		    ioas_behind(group, attached_to(object)) != node->ioas)
			continue;
		node->nr_devices += !is_pasid;
		node->nr_pasids += is_pasid;
		if (is_pasid)
			continue;
		/* Of an address in segment 0 the segment says nothing. */
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

/* What stays in the mind: how much it was before. */
static int remember(struct model *model, struct state *state, struct model_node *node)
{
	struct tally_key key = { .a = node->ctx, .b = node->ioas };
	struct node_past *past = tallies__find(&state->pasts, key);
	bool is_new = !past;

	past = tallies__get(&state->pasts, key, model->refreshes);
	if (!past)
		return -ENOMEM;
	if (is_new) {
		/* Who came after the start has grown from nothing. */
		past->first_pinned = model->refreshes == 1 ? node->pinned : 0;
		past->last_pinned = past->first_pinned;
	}
	node->grown = node->pinned - past->last_pinned;
	node->grown_total = node->pinned - past->first_pinned;
	past->last_pinned = node->pinned;
	if (past->nr == MODEL_HISTORY) {
		memmove(past->history, past->history + 1,
			(MODEL_HISTORY - 1) * sizeof(past->history[0]));
		past->nr--;
	}
	past->history[past->nr++] = node->pinned;
	memcpy(node->history, past->history, past->nr * sizeof(past->history[0]));
	node->nr_history = past->nr;
	return 0;
}

static void put_counts(struct model_counts *counts, const struct top_node *now,
		       const struct top_node *before)
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

/* Histograms of a context, as they add up while its IOASes are gone through. */
struct sums {
	__u64 now[MODEL_OPS][MODEL_BUCKETS];
	__u64 total[MODEL_OPS][MODEL_BUCKETS];
	bool is_used;
};

static void no_latency(struct model_latency *latency)
{
	latency->count = 0;
	latency->p50_ns = latency->p90_ns = latency->p99_ns = latency->max_ns = MODEL_NONE;
}

/* Buckets of one operation: the interval's and the total; the differences go round at 2^32. */
static void put_latency(struct model_node *node, struct sums *sums, __u64 *heat, unsigned int op,
			const struct node_tally *tally)
{
	const __u32 *now = tally->now.buckets[op], *before = tally->before.buckets[op];
	__u64 interval[MODEL_BUCKETS], total[MODEL_BUCKETS];
	unsigned int i;

	for (i = 0; i < MODEL_BUCKETS; i++) {
		total[i] = now[i];
		interval[i] = now[i] - before[i];
		sums->now[op][i] += interval[i];
		sums->total[op][i] += total[i];
		heat[i] += interval[i];
	}
	latency__of(&node->latency[op], interval);
	latency__of(&node->latency_total[op], total);
}

static bool is_idle(const struct model_counts *now)
{
	static const struct model_counts nothing;

	return !memcmp(now, &nothing, sizeof(nothing));
}

static void put_activity(struct model *model, struct state *state, struct model_node *node,
			 struct sums *sums)
{
	struct tally_key key = { .a = node->ctx, .b = node->ioas };
	struct node_tally *tally = tallies__find(&state->nodes, key);
	static const struct top_node nothing;
	unsigned int op;

	for (op = 0; op < MODEL_OPS; op++) {
		no_latency(&node->latency[op]);
		no_latency(&node->latency_total[op]);
	}
	if (!state->has_counts) {
		memset(&node->now, 0xff, sizeof(node->now));
		memset(&node->total, 0xff, sizeof(node->total));
		return;
	}
	if (!tally)
		return;
	put_counts(&node->now, &tally->now, &tally->before);
	put_counts(&node->total, &tally->now, &nothing);
	sums->is_used = true;
	for (op = 0; op < MODEL_OPS; op++)
		put_latency(node, sums, state->heat[op], op, tally);
	if (!is_idle(&node->now))
		tally->before = tally->now;
	add_counts(&model->now, &node->now);
	add_counts(&model->total, &node->now);
}

/* What happened in IOASes that were gone before they could be shown: it counts in the sums. */
static void count_gone(struct model *model, struct state *state)
{
	struct model_counts counts;
	struct node_tally *tally;
	unsigned int i, op, j;

	/* With a filter nobody knows whether they would have been shown. */
	if (state->filter.use)
		return;
	for (i = 0; i < state->nodes.room; i++) {
		if (!state->nodes.slots[i].seen)
			continue;
		tally = state->nodes.slots[i].data;
		put_counts(&counts, &tally->now, &tally->before);
		if (is_idle(&counts))
			continue;
		add_counts(&model->now, &counts);
		add_counts(&model->total, &counts);
		for (op = 0; op < MODEL_OPS; op++)
			for (j = 0; j < MODEL_BUCKETS; j++)
				state->heat[op][j] += (__u32)(tally->now.buckets[op][j] -
							      tally->before.buckets[op][j]);
		tally->before = tally->now;
	}
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
	node->tgid = group->ctx->tgid;
	node->uid = group->ctx->uid;
	memcpy(node->comm, group->ctx->comm, sizeof(node->comm));
	node->cgroup_id = group->ctx->cgroup;
	node->cgroup = group->cgroup;
	memcpy(node->machine, group->machine, sizeof(node->machine));
	node->nr_ioases = group->nr_ioases;
	node->objects = group->ctx->objects;
	node->per_process = group->ctx->process_accounting;
	node->limit = node->limit_used = node->limit_share = MODEL_NONE;
	put_devices(node, group);
	return node;
}

static int add_ioas(struct model *model, struct state *state, const struct group *group,
		    const struct iommufd_object_info *object, unsigned int parent,
		    struct sums *sums)
{
	struct model_node *node = add_node(model, group, object->id), *ctx;

	if (!node)
		return -ENOMEM;
	node->areas = object->areas;
	node->mapped = object->mapped;
	node->pinned = object->pinned;
	node->runs = object->runs;
	put_activity(model, state, node, sums);
	/* The table may have moved. */
	ctx = (struct model_node *)model->tables[MODEL_NODES].rows + parent;
	ctx->areas += node->areas;
	ctx->mapped += node->mapped;
	ctx->runs += node->runs;
	if (state->has_counts) {
		add_counts(&ctx->now, &node->now);
		add_counts(&ctx->total, &node->total);
	}
	return remember(model, state, node);
}

static int add_ctx(struct model *model, struct state *state, const struct group *group)
{
	unsigned int parent = model__nr(model, MODEL_NODES), i, op;
	static struct sums sums;
	struct model_node *ctx;
	int err;

	ctx = add_node(model, group, EVENT_NONE);
	if (!ctx)
		return -ENOMEM;
	if (!state->has_counts) {
		memset(&ctx->now, 0xff, sizeof(ctx->now));
		memset(&ctx->total, 0xff, sizeof(ctx->total));
	}
	ctx->pinned = group->ctx->pinned;
	ctx->limit = who__limit(model->who, ctx->tgid, model->refreshes);
	if (sums.is_used)
		memset(&sums, 0, sizeof(sums));
	for (i = 0; i < group->nr; i++) {
		if (group->objects[i].type != IOMMUFD_INFO_IOAS ||
		    (state->filter.use & EVENT_FILTER_IOAS &&
		     group->objects[i].id != state->filter.ioas))
			continue;
		err = add_ioas(model, state, group, &group->objects[i], parent, &sums);
		if (err)
			return err;
	}
	ctx = (struct model_node *)model->tables[MODEL_NODES].rows + parent;
	for (op = 0; op < MODEL_OPS; op++) {
		no_latency(&ctx->latency[op]);
		no_latency(&ctx->latency_total[op]);
		if (!sums.is_used)
			continue;
		latency__of(&ctx->latency[op], sums.now[op]);
		latency__of(&ctx->latency_total[op], sums.total[op]);
	}
	return remember(model, state, ctx);
}

/*
 * What counts against the limit of a process: what its user has pinned, or it alone, if its context
 * is told to account to processes. By who opened the contexts.
 */
static __u64 sum_used(const struct state *state, const struct model_node *node)
{
	const struct iommufd_ctx_info *ctx;
	unsigned int i;
	__u64 sum = 0;

	for (i = 0; i < state->ctxs.nr; i++) {
		ctx = list__at(&state->ctxs, i);
		if (ctx->process_accounting == node->per_process &&
		    (node->per_process ? ctx->tgid == node->tgid : ctx->uid == node->uid))
			sum += ctx->pinned;
	}
	return sum;
}

static void put_limits(struct model *model, const struct state *state)
{
	struct model_node *nodes = model->tables[MODEL_NODES].rows, *last = NULL, *node;
	unsigned int i;

	for (i = 0; i < model__nr(model, MODEL_NODES); i++) {
		node = &nodes[i];
		if (node->key.kind != MODEL_KIND_CTX || node->limit == MODEL_NONE)
			continue;
		/* Contexts of one user, or process, mostly stand together. */
		if (last && last->per_process == node->per_process && last->uid == node->uid &&
		    (!node->per_process || last->tgid == node->tgid))
			node->limit_used = last->limit_used;
		else
			node->limit_used = sum_used(state, node);
		last = node;
		if (node->limit)
			node->limit_share = (double)node->limit_used * 10000 / node->limit;
	}
}

int rows__nodes(struct model *model, struct state *state)
{
	unsigned int at = 0, i;
	struct group group;
	int err;

	rows__clear(model, MODEL_NODES);
	memset(&model->now, 0, sizeof(model->now));
	for (i = 0; i < state->ctxs.nr; i++) {
		get_group(model, state, list__at(&state->ctxs, i), &at, &group);
		if (!is_wanted(&group, &state->filter))
			continue;
		err = add_ctx(model, state, &group);
		if (err)
			return err;
	}
	count_gone(model, state);
	tallies__forget(&state->pasts, model->refreshes);
	put_limits(model, state);
	return 0;
}

/* ---- devices and PASIDs ---- */

static void put_attached(struct model_device *device, const struct group *group, __u32 pt)
{
	const struct iommufd_object_info *object = find_object(group, pt);
	char *text = device->attached;
	size_t size = sizeof(device->attached);

	device->ioas = ioas_behind(group, pt);
	device->hwpt = EVENT_NONE;
	if (!object)
		return;
	switch (object->type) {
	case IOMMUFD_INFO_IOAS:
		snprintf(text, size, "ioas %u", pt);
		break;
	case IOMMUFD_INFO_HWPT:
		device->hwpt = pt;
		snprintf(text, size, "hwpt %u on ioas %u", pt, object->parent);
		break;
	case IOMMUFD_INFO_NESTED:
		device->hwpt = pt;
		snprintf(text, size, "nested %u on hwpt %u", pt, object->parent);
		break;
	case IOMMUFD_INFO_SVA:
		snprintf(text, size, "sva %u", pt);
		break;
	default:
		snprintf(text, size, "object %u", pt);
	}
}

static void sum_faults(const struct state *state, struct model_device *device)
{
	struct tally_key key = { device->ctx, device->device, device->pasid, EVENT_NONE };
	const struct fault_tally *tally;

	if (device->key.kind == MODEL_KIND_DEVICE)
		key.c = 0;
	tally = tallies__find(&state->faults, key);
	if (tally) {
		device->faults = tally->now.groups - tally->before.groups;
		device->faults_total = tally->now.groups;
	}
	if (device->sbdf == EVENT_NONE)
		return;
	/* DMA faults know the address, and a PASID at most. */
	key = (struct tally_key){ EVENT_NONE, EVENT_NONE, device->pasid, device->sbdf };
	tally = tallies__find(&state->faults, key);
	if (tally) {
		device->faults += tally->now.dma - tally->before.dma;
		device->faults_total += tally->now.dma;
	}
}

static int add_device(struct model *model, const struct state *state, const struct group *group,
		      const struct iommufd_object_info *object,
		      const struct iommufd_object_info *pasid)
{
	const struct iommufd_object_info *self = pasid ? pasid : object;
	struct model_key key = { .kind = pasid ? MODEL_KIND_PASID : MODEL_KIND_DEVICE,
				 .ctx = object->ctx,
				 .id = self->id,
				 .sub = pasid ? pasid->pasid : 0 };
	struct model_device *device = rows__add(model, MODEL_DEVICES, key);

	if (!device)
		return -ENOMEM;
	device->ctx = object->ctx;
	device->id = self->id;
	device->device = object->id;
	device->tgid = group->ctx->tgid;
	memcpy(device->comm, group->ctx->comm, sizeof(device->comm));
	memcpy(device->machine, group->machine, sizeof(device->machine));
	device->sbdf = object->sbdf;
	memcpy(device->name, object->name, sizeof(device->name));
	device->group = object->group;
	device->vendor = object->vendor;
	device->product = object->product;
	device->pasid = pasid ? pasid->pasid : EVENT_NONE;
	device->virt_pasid = pasid ? pasid->virt_pasid : EVENT_NONE;
	device->nr_pasids = object->pasids;
	put_attached(device, group, attached_to(self));
	/* Attached, to a kernel module that does not tell what to. */
	if (!pasid && object->attached == 1 && object->pt == EVENT_NONE)
		strcpy(device->attached, "yes");
	sum_faults(state, device);
	return 0;
}

static int add_devices(struct model *model, const struct state *state, const struct group *group)
{
	const struct iommufd_filter *filter = &state->filter;
	unsigned int i, j;
	int err;

	for (i = 0; i < group->nr; i++) {
		const struct iommufd_object_info *object = &group->objects[i];

		if (object->type != IOMMUFD_INFO_DEVICE ||
		    (filter->use & EVENT_FILTER_DEVICE && object->sbdf != filter->sbdf))
			continue;
		err = add_device(model, state, group, object, NULL);
		for (j = 0; j < group->nr && !err && group->nr_pasids; j++)
			if (group->objects[j].type == IOMMUFD_INFO_PASID &&
			    group->objects[j].parent == object->id &&
			    (!(filter->use & EVENT_FILTER_PASID) ||
			     group->objects[j].pasid == filter->pasid))
				err = add_device(model, state, group, object, &group->objects[j]);
		if (err)
			return err;
	}
	return 0;
}

int rows__devices(struct model *model, struct state *state)
{
	unsigned int at = 0, i;
	struct group group;
	int err;

	rows__clear(model, MODEL_DEVICES);
	for (i = 0; i < state->ctxs.nr; i++) {
		get_group(model, state, list__at(&state->ctxs, i), &at, &group);
		if (!is_wanted(&group, &state->filter))
			continue;
		err = add_devices(model, state, &group);
		if (err)
			return err;
	}
	return 0;
}
