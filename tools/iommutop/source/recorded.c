// SPDX-License-Identifier: GPL-2.0-only
/* See recorded.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_name.h"
#include "event.h"
#include "human.h"
#include "iommufd_foreign.h"
#include "source/recorded.h"

/* Of maps and unmaps of VFIO type1: only the address in the process changes. */
#define TYPE1_FLAG_VADDR (1u << 2)

/* ---- contexts and objects ---- */

/* Find the index of a context, or the index where it belongs. */
static unsigned int ctx_index(const struct array *ctxs, __u32 ctx)
{
	unsigned int i = ctxs->nr;

	while (i && ((struct iommufd_ctx_info *)array__at(ctxs, i - 1))->ctx >= ctx)
		i--;
	return i;
}

static unsigned int object_index(const struct array *objects, __u32 ctx, __u32 id)
{
	unsigned int i = objects->nr;

	for (; i; i--) {
		const struct iommufd_object_info *object = array__at(objects, i - 1);

		if (object->ctx < ctx || (object->ctx == ctx && object->id < id))
			break;
	}
	return i;
}

/* Insert a zeroed item; NULL without memory. */
static void *insert(struct array *array, unsigned int at)
{
	char *item;

	if (!array__add(array))
		return NULL;
	item = array__at(array, at);
	memmove(item + array->size, item, (array->nr - 1 - at) * array->size);
	return memset(item, 0, array->size);
}

static void remove_at(struct array *array, unsigned int at)
{
	char *item = array__at(array, at);

	array->nr--;
	memmove(item, item + array->size, (array->nr - at) * array->size);
}

/* Find or create the context of an event. */
static struct iommufd_ctx_info *get_ctx(struct recorded *recorded,
					const struct event_record *record)
{
	const struct event_thread *thread = event__thread(record);
	const struct args_caller *caller = (const void *)record->args;
	unsigned int at = ctx_index(&recorded->ctxs, caller->ctx);
	struct iommufd_ctx_info *ctx;

	if (at < recorded->ctxs.nr) {
		ctx = array__at(&recorded->ctxs, at);
		if (ctx->ctx == caller->ctx)
			return ctx;
	}
	ctx = insert(&recorded->ctxs, at);
	if (!ctx)
		return NULL;
	ctx->ctx = caller->ctx;
	ctx->tgid = caller->tgid;
	ctx->uid = thread ? thread->uid : EVENT_NONE;
	ctx->cgroup = thread ? thread->cgroup : 0;
	memcpy(ctx->comm, record->comm, sizeof(ctx->comm));
	return ctx;
}

static struct iommufd_object_info *get_object(struct recorded *recorded,
					      struct iommufd_ctx_info *ctx, __u32 id, __u32 type)
{
	unsigned int at = object_index(&recorded->objects, ctx->ctx, id);
	struct iommufd_object_info *object;

	if (at < recorded->objects.nr) {
		object = array__at(&recorded->objects, at);
		if (object->ctx == ctx->ctx && object->id == id)
			return object;
	}
	object = insert(&recorded->objects, at);
	if (!object)
		return NULL;
	object->ctx = ctx->ctx;
	object->id = id;
	object->type = type;
	object->parent = object->sbdf = object->group = object->attached = EVENT_NONE;
	object->pasid = object->virt_pasid = object->vendor = object->product = EVENT_NONE;
	object->pt = EVENT_NONE;
	object->huge = IOMMUFD_NONE; /* events do not tell */
	ctx->objects++;
	return object;
}

static void remove_object(struct recorded *recorded, __u32 ctx, __u32 id)
{
	unsigned int at = object_index(&recorded->objects, ctx, id);
	struct iommufd_object_info *object;

	if (at == recorded->objects.nr)
		return;
	object = array__at(&recorded->objects, at);
	if (object->ctx == ctx && object->id == id)
		remove_at(&recorded->objects, at);
}

/* The index of the first payer of a context, or the index where it belongs. */
static unsigned int payer_index(const struct array *payers, __u32 ctx)
{
	unsigned int i = payers->nr;

	while (i && ((struct iommufd_payer_info *)array__at(payers, i - 1))->ctx >= ctx)
		i--;
	return i;
}

static struct iommufd_payer_info *payer_at(const struct array *payers, unsigned int at, __u32 ctx)
{
	struct iommufd_payer_info *payer = at < payers->nr ? array__at(payers, at) : NULL;

	return payer && payer->ctx == ctx ? payer : NULL;
}

/*
 * Find or create the payer of a map since the last snapshot, which knows its limit. NULL if the
 * recording does not tell the user.
 */
static struct iommufd_payer_info *get_payer(struct recorded *recorded,
					    const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	const struct event_thread *thread = event__thread(record);
	unsigned int at = payer_index(&recorded->payers, caller->ctx);
	struct iommufd_payer_info *payer;
	__u64 id = 0;

	if (!thread || thread->uid == EVENT_NONE)
		return NULL;
	while ((payer = payer_at(&recorded->payers, at, caller->ctx))) {
		payer->flags &= ~IOMMUFD_PAYER_LAST;
		if (payer->tgid == caller->tgid && payer->uid == thread->uid &&
		    payer->cgroup == thread->cgroup)
			break;
		id = payer->id;
		at++;
	}
	if (!payer) {
		payer = insert(&recorded->payers, at);
		if (!payer)
			return NULL;
		payer->id = id + 1;
		payer->ctx = caller->ctx;
		payer->tgid = caller->tgid;
		payer->uid = thread->uid;
		payer->cgroup = thread->cgroup;
		payer->limit = payer->used = MODEL_NONE;
		payer->flags = IOMMUFD_PAYER_ALIVE;
		memcpy(payer->comm, record->comm, sizeof(payer->comm));
	}
	payer->flags |= IOMMUFD_PAYER_LAST;
	return payer;
}

static void remove_ctx(struct recorded *recorded, __u32 ctx)
{
	unsigned int at = ctx_index(&recorded->ctxs, ctx), i;
	unsigned int payer = payer_index(&recorded->payers, ctx);

	while (payer_at(&recorded->payers, payer, ctx))
		remove_at(&recorded->payers, payer);

	if (at < recorded->ctxs.nr &&
	    ((struct iommufd_ctx_info *)array__at(&recorded->ctxs, at))->ctx == ctx)
		remove_at(&recorded->ctxs, at);
	for (i = recorded->objects.nr; i; i--)
		if (((struct iommufd_object_info *)array__at(&recorded->objects, i - 1))->ctx ==
		    ctx)
			remove_at(&recorded->objects, i - 1);
}

/* ---- maps and unmaps ---- */

/* Maps by length of a context. */
struct recorded_sizes {
	bool is_counted; /* the filter passes, or did */
	struct top_size classes[TOP_SIZES];
};

/* The counters of maps by length that a map adds to; NULL: none, because of the filter. */
static struct top_size *sizes_of(struct recorded *recorded, struct state *state,
				 const struct args_ioas_map *args)
{
	const struct hash_key key = { .a = args->ctx };
	struct recorded_sizes *sizes;

	if (!state->filter.use)
		return state->sizes;
	if (state->filter.use & EVENT_FILTER_IOAS && args->ioas != state->filter.ioas)
		return NULL;
	sizes = hash__get(&recorded->sizes, key, 1);
	return sizes ? sizes->classes : NULL;
}

/* A figure that the driver of the recording may not have known. */
static __u64 known(__u64 value)
{
	return value == EVENT_UNKNOWN ? 0 : value;
}

static void count_size(struct top_size *size, const struct args_ioas_map *args)
{
	size->maps++;
	size->bytes += args->length;
	if (known(args->pin_ns) && known(args->pages))
		size->buckets[TOP_PIN][top_bucket(args->pin_ns)]++;
	if (args->map_ns)
		size->buckets[TOP_MAP][top_bucket(args->map_ns)]++;
}

static void count_map(struct top_ioas *ioas, struct top_size *sizes,
		      const struct args_ioas_map *args)
{
	if (args->ret) {
		ioas->map_failed++;
		return;
	}
	ioas->maps++;
	ioas->map_bytes += args->length;
	ioas->map_pages += known(args->pages);
	if (known(args->pin_ns) && known(args->pages))
		ioas->buckets[TOP_PIN][top_bucket(args->pin_ns)]++;
	if (args->map_ns)
		ioas->buckets[TOP_MAP][top_bucket(args->map_ns)]++;
	if (sizes)
		count_size(&sizes[top_size(args->length)], args);
}

static void count_unmap(struct top_ioas *ioas, const struct args_ioas_unmap *args)
{
	ioas->unmap_bytes += args->unmapped;
	if (args->ret) {
		ioas->unmap_failed++;
		return;
	}
	ioas->unmaps++;
	if (args->ns)
		ioas->buckets[TOP_UNMAP][top_bucket(args->ns)]++;
}

/* Subtract, but not below 0: the range may have been mapped before the recording started. */
static void take_off(__u64 *from, __u64 amount)
{
	*from = *from > amount ? *from - amount : 0;
}

static void apply_map(struct iommufd_ctx_info *ctx, struct iommufd_object_info *object,
		      const struct args_ioas_map *args)
{
	object->areas++;
	object->mapped += args->length;
	object->pinned += known(args->pages) * event__page_size();
	if (object->runs != EVENT_UNKNOWN)
		object->runs += known(args->runs);
	ctx->pinned += known(args->pages) * event__page_size();
}

static void apply_unmap(struct iommufd_ctx_info *ctx, struct iommufd_object_info *object,
			const struct args_ioas_unmap *args)
{
	take_off(&object->areas, known(args->areas));
	take_off(&object->mapped, args->unmapped);
	take_off(&object->pinned, known(args->pages) * event__page_size());
	if (object->runs != EVENT_UNKNOWN)
		take_off(&object->runs, known(args->runs));
	take_off(&ctx->pinned, known(args->pages) * event__page_size());
}

static void apply_copy(struct iommufd_object_info *object, const struct args_ioas_copy *args)
{
	if (args->ret)
		return;
	object->areas++;
	object->mapped += args->length;
}

/* Count the memory for the process that maps. An unmap may be of memory of another one. */
static void apply_payer(struct recorded *recorded, const struct event_record *record)
{
	const struct args_ioas_unmap *unmap = (const void *)record->args;
	const struct args_ioas_map *map = (const void *)record->args;
	struct iommufd_payer_info *payer;

	if (record->event == EVENT_ioas_copy)
		return;
	payer = get_payer(recorded, record);
	if (!payer)
		return;
	if (record->event == EVENT_ioas_unmap)
		take_off(&payer->pinned, known(unmap->pages) * event__page_size());
	else if (!map->ret)
		payer->pinned += known(map->pages) * event__page_size();
}

static void count_ioas(struct recorded *recorded, struct state *state, struct ioas_counts *counts,
		       const struct event_record *record)
{
	const struct args_ioas_copy *copy = (const void *)record->args;
	const struct args_ioas_map *map = (const void *)record->args;

	if (record->event == EVENT_ioas_unmap) {
		count_unmap(&counts->now, (const void *)record->args);
	} else if (record->event != EVENT_ioas_copy) {
		count_map(&counts->now, sizes_of(recorded, state, map), map);
	} else if (copy->ret) {
		counts->now.copy_failed++;
	} else {
		counts->now.copies++;
		counts->now.copy_bytes += copy->length;
	}
}

static void apply_ioas(struct recorded *recorded, struct model *model,
		       const struct event_record *record)
{
	const __u64 *id = event__arg(record, EVENT_ROLE_ioas);
	const struct args_ioas_map *map = (const void *)record->args;
	struct iommufd_object_info *object;
	struct iommufd_ctx_info *ctx;
	struct ioas_counts *counts;

	counts = hash__get(&model->state->ioases, state__ioas_key(map->ctx, *id), model->refreshes);
	if (counts)
		count_ioas(recorded, model->state, counts, record);
	if (record->time_ns <= recorded->state_ns)
		return;
	ctx = get_ctx(recorded, record);
	object = ctx ? get_object(recorded, ctx, *id, IOMMUFD_INFO_IOAS) : NULL;
	if (!object)
		return;
	if (record->event == EVENT_ioas_unmap)
		apply_unmap(ctx, object, (const void *)record->args);
	else if (record->event == EVENT_ioas_copy)
		apply_copy(object, (const void *)record->args);
	else if (!map->ret)
		apply_map(ctx, object, map);
	apply_payer(recorded, record);
}

/*
 * Count a call of VFIO type1 for the address space of its container. An unmap does not tell its
 * areas and pages, so sizes are those of the snapshots.
 */
static void count_type1(struct recorded *recorded, struct state *state, __u64 refreshes,
			const struct event_record *record)
{
	const struct args_type1_unmap *unmap = (const void *)record->args;
	const struct args_type1_map *map = (const void *)record->args;
	struct ioas_counts *counts;
	struct args_ioas_map as_map;

	if (map->ctx == EVENT_NONE ||
	    (record->event == EVENT_type1_map ? map->flags : unmap->flags) & TYPE1_FLAG_VADDR)
		return;
	counts =
		hash__get(&state->ioases, state__ioas_key(map->ctx, FOREIGN_TYPE1_IOAS), refreshes);
	if (!counts)
		return;
	if (record->event == EVENT_type1_unmap) {
		count_unmap(&counts->now, &(struct args_ioas_unmap){ .unmapped = unmap->unmapped,
								     .ns = unmap->ns,
								     .ret = unmap->ret });
		return;
	}
	as_map = (struct args_ioas_map){
		.ctx = map->ctx,
		.ioas = FOREIGN_TYPE1_IOAS,
		.length = map->length,
		.pages = map->pages,
		.ret = map->ret,
	};
	/* Without a page table nothing is pinned or filled. */
	if (map->pages) {
		as_map.pin_ns = known(map->pin_ns);
		as_map.map_ns = known(map->map_ns);
	}
	count_map(&counts->now, sizes_of(recorded, state, &as_map), &as_map);
}

/* ---- devices, PASIDs, faults ---- */

static void apply_device(struct recorded *recorded, const struct event_record *record)
{
	/* The events of devices begin with the same arguments. */
	const struct args_device_attach *attach = (const void *)record->args;
	const struct args_device_bind *bind = (const void *)record->args;
	struct iommufd_object_info *object;
	struct iommufd_ctx_info *ctx;
	char name[HUMAN_SBDF_MAX];
	const char *known = device_name__find(bind->ctx, bind->device);
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);

	if (ret && *ret)
		return;
	ctx = get_ctx(recorded, record);
	object = ctx ? get_object(recorded, ctx, attach->device, IOMMUFD_INFO_DEVICE) : NULL;
	if (!object)
		return;
	object->sbdf = attach->sbdf;
	if (attach->sbdf != EVENT_NONE)
		snprintf(object->name, sizeof(object->name), "%s", human__sbdf(name, attach->sbdf));
	else if (known)
		snprintf(object->name, sizeof(object->name), "%s", known);
	else if (!object->name[0]) /* a snapshot knows the name, events do not */
		snprintf(object->name, sizeof(object->name), "device %llu", attach->device);
	switch (record->event) {
	case EVENT_device_bind:
		object->group = bind->group;
		break;
	case EVENT_device_unbind:
		remove_object(recorded, ctx->ctx, attach->device);
		break;
	case EVENT_device_attach:
	case EVENT_device_replace:
		if (attach->pasid != EVENT_NONE)
			break;
		object->attached = 1;
		object->pt = attach->ioas != EVENT_NONE ? attach->ioas : attach->hwpt;
		/* This may move the objects. */
		if (attach->ioas != EVENT_NONE)
			get_object(recorded, ctx, attach->ioas, IOMMUFD_INFO_IOAS);
		break;
	case EVENT_device_detach:
		object->attached = 0;
		object->pt = EVENT_NONE;
		break;
	}
}

static void apply_pasid(struct recorded *recorded, const struct event_record *record)
{
	/* The events of PASIDs begin with the same arguments. */
	const struct args_pasid_attach *args = (const void *)record->args;
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);
	struct iommufd_object_info *object;
	struct iommufd_ctx_info *ctx;

	if (ret && *ret)
		return;
	ctx = get_ctx(recorded, record);
	if (!ctx)
		return;
	if (record->event == EVENT_pasid_free) {
		remove_object(recorded, ctx->ctx, args->id);
		return;
	}
	object = get_object(recorded, ctx, args->id, IOMMUFD_INFO_PASID);
	if (!object)
		return;
	object->parent = args->device;
	object->sbdf = args->sbdf;
	object->pasid = args->pasid;
	object->virt_pasid = args->virt_pasid;
	if (record->event == EVENT_pasid_attach || record->event == EVENT_pasid_replace)
		object->attached = args->pt;
	else if (record->event == EVENT_pasid_detach)
		object->attached = EVENT_NONE;
}

static void apply_fault(struct model *model, const struct event_record *record)
{
	const struct args_fault_report *report = (const void *)record->args;
	const struct args_fault_response *response = (const void *)record->args;
	struct hash_key key = { report->ctx, report->device, report->pasid, EVENT_NONE };
	struct fault_counts *counts;

	if (record->event == EVENT_fault_response)
		key.c = response->pasid;
	counts = hash__get(&model->state->faults, key, model->refreshes);
	if (!counts)
		return;
	if (record->event == EVENT_fault_report) {
		counts->now.groups++;
		return;
	}
	if (!response->code)
		counts->now.done++;
	else if (response->code == 1)
		counts->now.invalid++;
	else
		counts->now.failed++;
	if (response->ns)
		counts->now.buckets[top_bucket(response->ns)]++;
}

void recorded__apply(struct recorded *recorded, struct model *model,
		     const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	bool is_known = record->time_ns <= recorded->state_ns;

	recorded->has_threads |= !!event__thread(record);
	switch (record->event) {
	case EVENT_ioas_map:
	case EVENT_ioas_map_file:
	case EVENT_ioas_unmap:
	case EVENT_ioas_copy:
		apply_ioas(recorded, model, record);
		return;
	case EVENT_type1_map:
	case EVENT_type1_unmap:
		count_type1(recorded, model->state, model->refreshes, record);
		return;
	case EVENT_fault_report:
	case EVENT_fault_response:
		apply_fault(model, record);
		return;
	}
	/* The rest changes contexts and objects. */
	if (is_known)
		return;
	switch (record->event) {
	case EVENT_ctx_open:
		get_ctx(recorded, record);
		break;
	case EVENT_ctx_close:
		remove_ctx(recorded, caller->ctx);
		break;
	case EVENT_object_destroy:
		remove_object(recorded, caller->ctx,
			      ((const struct args_object_destroy *)record->args)->id);
		break;
	case EVENT_device_bind:
	case EVENT_device_unbind:
	case EVENT_device_attach:
	case EVENT_device_replace:
	case EVENT_device_detach:
		apply_device(recorded, record);
		break;
	case EVENT_pasid_alloc:
	case EVENT_pasid_free:
	case EVENT_pasid_attach:
	case EVENT_pasid_replace:
	case EVENT_pasid_detach:
		apply_pasid(recorded, record);
		break;
	}
}

/* ---- snapshots ---- */

/* Copy an item of a snapshot; members that an older driver lacked are 0. */
static int add_item(struct array *array, const void *data, size_t size)
{
	void *item = array__add(array);

	if (!item)
		return model__no_memory();
	memset(item, 0, array->size);
	memcpy(item, data, size < array->size ? size : array->size);
	return 0;
}

/* The events after a snapshot do not tell how its huge pages change. */
static int add_object_item(struct array *array, const void *data, size_t size)
{
	unsigned int nr = array->nr;
	int err = add_item(array, data, size);

	if (array->nr > nr)
		((struct iommufd_object_info *)array__at(array, nr))->huge = IOMMUFD_NONE;
	return err;
}

int recorded__take_state(struct recorded *recorded, const struct recording_state *item, size_t size)
{
	struct snapshot *snapshot = &recorded->snapshot;
	struct recording_state_end end = {};

	if (item->kind != RECORDING_STATE_BEGIN && !snapshot->is_begun)
		return 0;
	switch (item->kind) {
	case RECORDING_STATE_BEGIN:
		snapshot->is_begun = true;
		snapshot->time_ns = item->time_ns;
		snapshot->ctxs.nr = snapshot->payers.nr = snapshot->objects.nr = 0;
		return 0;
	case RECORDING_STATE_CTX:
		return add_item(&snapshot->ctxs, item->data, size);
	case RECORDING_STATE_PAYER:
		return add_item(&snapshot->payers, item->data, size);
	case RECORDING_STATE_OBJECT:
		return add_object_item(&snapshot->objects, item->data, size);
	case RECORDING_STATE_CLOSED:
		if (size >= sizeof(item->data[0]))
			state__drop_ctx(&snapshot->ctxs, &snapshot->payers, &snapshot->objects,
					item->data[0]);
		return 0;
	case RECORDING_STATE_END:
		memcpy(&end, item->data, size < sizeof(end) ? size : sizeof(end));
		snapshot->has_payers = end.has_payers;
		snapshot->is_cut = end.is_cut;
		snapshot->is_begun = false;
		return 1;
	default:
		return 0;
	}
}

static void swap_arrays(struct array *a, struct array *b)
{
	const struct array other = *a;

	*a = *b;
	*b = other;
}

void recorded__apply_snapshot(struct recorded *recorded)
{
	struct snapshot *snapshot = &recorded->snapshot;

	swap_arrays(&recorded->ctxs, &snapshot->ctxs);
	swap_arrays(&recorded->payers, &snapshot->payers);
	swap_arrays(&recorded->objects, &snapshot->objects);
	recorded->state_ns = snapshot->time_ns;
	recorded->has_payers = snapshot->has_payers;
	recorded->is_cut = snapshot->is_cut;
}

int recorded__copy(const struct recorded *recorded, struct state *state)
{
	if (array__copy(&state->ctxs, &recorded->ctxs) ||
	    array__copy(&state->payers, &recorded->payers) ||
	    array__copy(&state->objects, &recorded->objects))
		return model__no_memory();
	state->has_payers = recorded->has_payers || recorded->has_threads;
	return 0;
}

void recorded__sum_sizes(struct recorded *recorded, struct model *model)
{
	struct top_size *sums = model->state->sizes;
	struct recorded_sizes *sizes;
	unsigned int i, j;

	if (!model->state->filter.use)
		return;
	memset(sums, 0, sizeof(model->state->sizes));
	for (i = 0; i < recorded->sizes.room; i++) {
		if (!recorded->sizes.slots[i].seen)
			continue;
		sizes = recorded->sizes.slots[i].data;
		sizes->is_counted |=
			model__wants_calls(model, recorded->sizes.slots[i].key.a, true);
		for (j = 0; j < TOP_SIZES && sizes->is_counted; j++)
			size__add(&sums[j], &sizes->classes[j]);
	}
}

void recorded__init(struct recorded *recorded)
{
	struct snapshot *snapshot = &recorded->snapshot;

	recorded->ctxs.size = snapshot->ctxs.size = sizeof(struct state_ctx);
	recorded->payers.size = snapshot->payers.size = sizeof(struct iommufd_payer_info);
	recorded->objects.size = snapshot->objects.size = sizeof(struct iommufd_object_info);
	hash__init(&recorded->sizes, sizeof(struct recorded_sizes));
}

void recorded__close(struct recorded *recorded)
{
	array__close(&recorded->ctxs);
	array__close(&recorded->payers);
	array__close(&recorded->objects);
	array__close(&recorded->snapshot.ctxs);
	array__close(&recorded->snapshot.payers);
	array__close(&recorded->snapshot.objects);
	hash__close(&recorded->sizes);
}
