// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording of iosnoop as a source. Each refresh applies one interval of the recording's time.
 *
 * A recording has events only. Contexts, IOASes and devices therefore appear with their first
 * event. Areas and bytes are the sum of the maps minus the sum of the unmaps since the recording
 * started.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "human.h"
#include "policy_name.h"
#include "recording.h"
#include "source/sources.h"

struct replay {
	struct source source;
	struct recording *recording;
	struct event_record *next; /* read, but not applied yet */
	size_t room; /* of next */
	bool has_next;
	__u64 interval_ns;
	__u64 time_ns; /* end of the last interval */
	__u64 lost;
	struct array ctxs; /* struct iommufd_ctx_info, by number */
	struct array objects; /* struct iommufd_object_info, by context and id */
};

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
static struct iommufd_ctx_info *get_ctx(struct replay *replay, const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	unsigned int at = ctx_index(&replay->ctxs, caller->ctx);
	struct iommufd_ctx_info *ctx;

	if (at < replay->ctxs.nr) {
		ctx = array__at(&replay->ctxs, at);
		if (ctx->ctx == caller->ctx)
			return ctx;
	}
	ctx = insert(&replay->ctxs, at);
	if (!ctx)
		return NULL;
	ctx->ctx = caller->ctx;
	ctx->tgid = caller->tgid;
	ctx->uid = EVENT_NONE;
	memcpy(ctx->comm, record->comm, sizeof(ctx->comm));
	return ctx;
}

static struct iommufd_object_info *get_object(struct replay *replay, struct iommufd_ctx_info *ctx,
					      __u32 id, __u32 type)
{
	unsigned int at = object_index(&replay->objects, ctx->ctx, id);
	struct iommufd_object_info *object;

	if (at < replay->objects.nr) {
		object = array__at(&replay->objects, at);
		if (object->ctx == ctx->ctx && object->id == id)
			return object;
	}
	object = insert(&replay->objects, at);
	if (!object)
		return NULL;
	object->ctx = ctx->ctx;
	object->id = id;
	object->type = type;
	object->parent = object->sbdf = object->group = object->attached = EVENT_NONE;
	object->pasid = object->virt_pasid = object->vendor = object->product = EVENT_NONE;
	object->pt = EVENT_NONE;
	ctx->objects++;
	return object;
}

static void remove_object(struct replay *replay, __u32 ctx, __u32 id)
{
	unsigned int at = object_index(&replay->objects, ctx, id);
	struct iommufd_object_info *object;

	if (at == replay->objects.nr)
		return;
	object = array__at(&replay->objects, at);
	if (object->ctx == ctx && object->id == id)
		remove_at(&replay->objects, at);
}

static void remove_ctx(struct replay *replay, __u32 ctx)
{
	unsigned int at = ctx_index(&replay->ctxs, ctx), i;

	if (at < replay->ctxs.nr &&
	    ((struct iommufd_ctx_info *)array__at(&replay->ctxs, at))->ctx == ctx)
		remove_at(&replay->ctxs, at);
	for (i = replay->objects.nr; i; i--)
		if (((struct iommufd_object_info *)array__at(&replay->objects, i - 1))->ctx == ctx)
			remove_at(&replay->objects, i - 1);
}

/* ---- maps and unmaps ---- */

static void count_map(struct state *state, struct top_ioas *ioas, const struct args_ioas_map *args)
{
	struct top_size *size = &state->sizes[top_size(args->length)];

	if (args->ret) {
		ioas->map_failed++;
		return;
	}
	ioas->maps++;
	ioas->map_bytes += args->length;
	ioas->map_pages += args->pages;
	size->maps++;
	size->bytes += args->length;
	if (args->pin_ns && args->pages) {
		ioas->buckets[TOP_PIN][top_bucket(args->pin_ns)]++;
		size->buckets[TOP_PIN][top_bucket(args->pin_ns)]++;
	}
	if (args->map_ns) {
		ioas->buckets[TOP_MAP][top_bucket(args->map_ns)]++;
		size->buckets[TOP_MAP][top_bucket(args->map_ns)]++;
	}
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
	object->pinned += args->pages * 4096;
	object->runs += args->runs;
	ctx->pinned += args->pages * 4096;
}

static void apply_unmap(struct iommufd_ctx_info *ctx, struct iommufd_object_info *object,
			const struct args_ioas_unmap *args)
{
	take_off(&object->areas, args->areas);
	take_off(&object->mapped, args->unmapped);
	take_off(&object->pinned, args->pages * 4096);
	take_off(&object->runs, args->runs);
	take_off(&ctx->pinned, args->pages * 4096);
}

static void apply_copy(struct top_ioas *ioas, struct iommufd_object_info *object,
		       const struct args_ioas_copy *args)
{
	if (args->ret) {
		ioas->copy_failed++;
		return;
	}
	ioas->copies++;
	ioas->copy_bytes += args->length;
	object->areas++;
	object->mapped += args->length;
}

static void apply_ioas(struct replay *replay, struct model *model,
		       const struct event_record *record)
{
	const __u64 *id = event__arg(record, EVENT_ROLE_ioas);
	const struct args_ioas_map *map = (const void *)record->args;
	struct iommufd_ctx_info *ctx = get_ctx(replay, record);
	struct iommufd_object_info *object;
	struct ioas_counts *counts;

	object = ctx ? get_object(replay, ctx, *id, IOMMUFD_INFO_IOAS) : NULL;
	if (!object)
		return;
	counts = hash__get(&model->state->ioases, state__ioas_key(ctx->ctx, *id), model->refreshes);
	if (!counts)
		return;
	if (record->event == EVENT_ioas_unmap) {
		count_unmap(&counts->now, (const void *)record->args);
		apply_unmap(ctx, object, (const void *)record->args);
	} else if (record->event == EVENT_ioas_copy) {
		apply_copy(&counts->now, object, (const void *)record->args);
	} else {
		count_map(model->state, &counts->now, map);
		if (!map->ret)
			apply_map(ctx, object, map);
	}
}

/* ---- devices, PASIDs, faults ---- */

static void apply_device(struct replay *replay, const struct event_record *record)
{
	/* The events of devices begin with the same arguments. */
	const struct args_device_attach *attach = (const void *)record->args;
	const struct args_device_bind *bind = (const void *)record->args;
	struct iommufd_object_info *object;
	struct iommufd_ctx_info *ctx;
	char name[HUMAN_SBDF_MAX];
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);

	if (ret && *ret)
		return;
	ctx = get_ctx(replay, record);
	object = ctx ? get_object(replay, ctx, attach->device, IOMMUFD_INFO_DEVICE) : NULL;
	if (!object)
		return;
	object->sbdf = attach->sbdf;
	if (attach->sbdf != EVENT_NONE)
		snprintf(object->name, sizeof(object->name), "%s", human__sbdf(name, attach->sbdf));
	else
		snprintf(object->name, sizeof(object->name), "device %llu", attach->device);
	switch (record->event) {
	case EVENT_device_bind:
		object->group = bind->group;
		break;
	case EVENT_device_unbind:
		remove_object(replay, ctx->ctx, attach->device);
		break;
	case EVENT_device_attach:
	case EVENT_device_replace:
		if (attach->pasid != EVENT_NONE)
			break;
		object->attached = 1;
		object->pt = attach->ioas != EVENT_NONE ? attach->ioas : attach->hwpt;
		/* This may move the objects. */
		if (attach->ioas != EVENT_NONE)
			get_object(replay, ctx, attach->ioas, IOMMUFD_INFO_IOAS);
		break;
	case EVENT_device_detach:
		object->attached = 0;
		object->pt = EVENT_NONE;
		break;
	}
}

static void apply_pasid(struct replay *replay, const struct event_record *record)
{
	/* The events of PASIDs begin with the same arguments. */
	const struct args_pasid_attach *args = (const void *)record->args;
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);
	struct iommufd_object_info *object;
	struct iommufd_ctx_info *ctx;

	if (ret && *ret)
		return;
	ctx = get_ctx(replay, record);
	if (!ctx)
		return;
	if (record->event == EVENT_pasid_free) {
		remove_object(replay, ctx->ctx, args->id);
		return;
	}
	object = get_object(replay, ctx, args->id, IOMMUFD_INFO_PASID);
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

/* ---- reading ---- */

static void apply(struct replay *replay, struct model *model, const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;

	switch (record->event) {
	case EVENT_ctx_open:
		get_ctx(replay, record);
		break;
	case EVENT_ctx_close:
		remove_ctx(replay, caller->ctx);
		break;
	case EVENT_object_destroy:
		remove_object(replay, caller->ctx,
			      ((const struct args_object_destroy *)record->args)->id);
		break;
	case EVENT_ioas_map:
	case EVENT_ioas_map_file:
	case EVENT_ioas_unmap:
	case EVENT_ioas_copy:
		apply_ioas(replay, model, record);
		break;
	case EVENT_device_bind:
	case EVENT_device_unbind:
	case EVENT_device_attach:
	case EVENT_device_replace:
	case EVENT_device_detach:
		apply_device(replay, record);
		break;
	case EVENT_pasid_alloc:
	case EVENT_pasid_free:
	case EVENT_pasid_attach:
	case EVENT_pasid_replace:
	case EVENT_pasid_detach:
		apply_pasid(replay, record);
		break;
	case EVENT_fault_report:
	case EVENT_fault_response:
		apply_fault(model, record);
		break;
	}
}

/* Read on to the next event. Returns 1, 0 at the end, or -errno after a message. */
static int read_next(struct replay *replay)
{
	struct recording_item item;
	void *next;
	int got;

	while ((got = recording__next(replay->recording, &item)) > 0) {
		if (item.type == RECORDING_POLICY)
			policy_name__add(item.policy->id, item.policy->name, item.policy_size);
		if (item.type == RECORDING_LOST)
			replay->lost += item.lost->count;
		if (item.type != RECORDING_EVENT)
			continue;
		if (item.event_size > replay->room) {
			next = realloc(replay->next, item.event_size);
			if (!next)
				return model__no_memory();
			replay->next = next;
			replay->room = item.event_size;
		}
		memcpy(replay->next, item.event, item.event_size);
		replay->has_next = true;
		return 1;
	}
	return got;
}

/* Copy contexts and objects to the model's state. */
static int copy_objects(struct replay *replay, struct state *state)
{
	if (array__copy(&state->ctxs, &replay->ctxs) ||
	    array__copy(&state->objects, &replay->objects))
		return model__no_memory();
	return 0;
}

/* Skip the intervals before the first event, so that a replay does not begin with empty samples. */
static int skip_idle(struct replay *replay)
{
	int err = read_next(replay);

	if (err > 0 && replay->next->time_ns > replay->time_ns)
		replay->time_ns += (replay->next->time_ns - 1 - replay->time_ns) /
				   replay->interval_ns * replay->interval_ns;
	return err < 0 ? err : 0;
}

static int replay_refresh(struct source *source, struct model *model)
{
	struct replay *replay = (struct replay *)source;
	struct state *state = model->state;
	__u64 end_ns = replay->time_ns + replay->interval_ns;
	int err = 0;

	while (replay->has_next || (err = read_next(replay)) > 0) {
		if (replay->next->time_ns > end_ns)
			break;
		apply(replay, model, replay->next);
		/* The line of a fault needs the names as they are now. */
		if (replay->next->event >= EVENT_fault_report) {
			err = copy_objects(replay, state);
			if (err)
				return err;
			model__add_event(model, replay->next);
		}
		replay->has_next = false;
	}
	if (!replay->has_next && err < 0)
		return err;
	model->ended = !replay->has_next;
	model->time_ns = replay->time_ns = end_ns;
	model->wall_offset_ns = recording__header(replay->recording)->wall_offset_ns;
	state->has_counts = state->has_state = true;
	state->losses[LOSS_LINES] = replay->lost;
	return copy_objects(replay, state);
}

static void replay_close(struct source *source)
{
	struct replay *replay = (struct replay *)source;

	recording__close(replay->recording);
	array__close(&replay->ctxs);
	array__close(&replay->objects);
	free(replay->next);
	free(replay);
}

int replay__open(struct source **source, struct model *model, const struct source_options *options)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	const struct recording_header *header;
	int err;

	if (!replay)
		return model__no_memory();
	replay->recording = recording__open(options->recording);
	if (!replay->recording) {
		free(replay);
		return -EINVAL;
	}
	header = recording__header(replay->recording);
	replay->source.refresh = replay_refresh;
	replay->source.close = replay_close;
	replay->source.has_own_time = true;
	replay->interval_ns = options->interval_ns;
	replay->time_ns = header->start_ns;
	replay->ctxs.size = sizeof(struct iommufd_ctx_info);
	replay->objects.size = sizeof(struct iommufd_object_info);
	err = skip_idle(replay);
	if (err) {
		replay_close(&replay->source);
		return err;
	}
	model->source = "recording";
	model->start_ns = header->start_ns;
	model->time_ns = replay->time_ns;
	model->wall_offset_ns = header->wall_offset_ns;
	snprintf(model->note, sizeof(model->note), "recording, kernel %.64s", header->kernel);
	snprintf(model->missing, sizeof(model->missing),
		 "a recording lacks what existed before it started");
	*source = &replay->source;
	return 0;
}
