// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording of iosnoop as a source. A refresh goes on by one interval of the recording's time.
 *
 * What there was before the recording began it does not tell: contexts, IOASes and devices appear
 * with their first event, and areas and bytes are what was mapped less what was unmapped since.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "human.h"
#include "iommutop.h"
#include "recording.h"
#include "source/source.h"

struct replay {
	struct source source;
	struct recording *recording;
	struct event_record *next; /* read, and of a later interval */
	size_t room;   /* of next */
	bool has_next;
	__u64 lost;
	struct list ctxs;  /* struct iommufd_ctx_info, by number */
	struct list objects;  /* struct iommufd_object_info, by context and id */
};

/* The place of a context, or where it would be. */
static unsigned int ctx_place(const struct list *ctxs, __u32 ctx)
{
	unsigned int i = ctxs->nr;

	while (i && ((struct iommufd_ctx_info *)list__at(ctxs, i - 1))->ctx >= ctx)
		i--;
	return i;
}

static unsigned int object_place(const struct list *objects, __u32 ctx, __u32 id)
{
	unsigned int i = objects->nr;

	for (; i; i--) {
		const struct iommufd_object_info *object = list__at(objects, i - 1);

		if (object->ctx < ctx || (object->ctx == ctx && object->id < id))
			break;
	}
	return i;
}

/* Makes room at a place; NULL without memory. */
static void *insert(struct list *list, unsigned int at)
{
	char *place;

	if (!list__add(list))
		return NULL;
	place = list__at(list, at);
	memmove(place + list->size, place, (list->nr - 1 - at) * list->size);
	memset(place, 0, list->size);
	return place;
}

static void remove_at(struct list *list, unsigned int at)
{
	char *place = list__at(list, at);

	list->nr--;
	memmove(place, place + list->size, (list->nr - at) * list->size);
}

static struct iommufd_ctx_info *get_ctx(struct replay *replay, const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	unsigned int at = ctx_place(&replay->ctxs, caller->ctx);
	struct iommufd_ctx_info *ctx;

	if (at < replay->ctxs.nr) {
		ctx = list__at(&replay->ctxs, at);
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
	unsigned int at = object_place(&replay->objects, ctx->ctx, id);
	struct iommufd_object_info *object;

	if (at < replay->objects.nr) {
		object = list__at(&replay->objects, at);
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

static void drop_object(struct replay *replay, __u32 ctx, __u32 id)
{
	unsigned int at = object_place(&replay->objects, ctx, id);
	struct iommufd_object_info *object;

	if (at == replay->objects.nr)
		return;
	object = list__at(&replay->objects, at);
	if (object->ctx == ctx && object->id == id)
		remove_at(&replay->objects, at);
}

static void drop_ctx(struct replay *replay, __u32 ctx)
{
	unsigned int at = ctx_place(&replay->ctxs, ctx), i;

	if (at < replay->ctxs.nr &&
	    ((struct iommufd_ctx_info *)list__at(&replay->ctxs, at))->ctx == ctx)
		remove_at(&replay->ctxs, at);
	for (i = replay->objects.nr; i; i--)
		if (((struct iommufd_object_info *)list__at(&replay->objects, i - 1))->ctx == ctx)
			remove_at(&replay->objects, i - 1);
}

static void add_bucket(__u32 *buckets, __u64 ns)
{
	buckets[top_bucket(ns)]++;
}

static void count_map(struct state *state, struct top_node *node, const struct args_ioas_map *args)
{
	struct top_size *size = &state->sizes[top_size(args->length)];

	if (args->ret) {
		node->map_failed++;
		return;
	}
	node->maps++;
	node->map_bytes += args->length;
	node->map_pages += args->pages;
	size->maps++;
	size->bytes += args->length;
	if (args->pin_ns && args->pages) {
		add_bucket(node->buckets[TOP_PIN], args->pin_ns);
		add_bucket(size->buckets[TOP_PIN], args->pin_ns);
	}
	if (args->map_ns) {
		add_bucket(node->buckets[TOP_MAP], args->map_ns);
		add_bucket(size->buckets[TOP_MAP], args->map_ns);
	}
}

static void count_unmap(struct top_node *node, const struct args_ioas_unmap *args)
{
	node->unmap_bytes += args->unmapped;
	if (args->ret) {
		node->unmap_failed++;
		return;
	}
	node->unmaps++;
	if (args->ns)
		add_bucket(node->buckets[TOP_UNMAP], args->ns);
}

/* What was unmapped may be from before the recording began. */
static __u64 less(__u64 from, __u64 by)
{
	return from > by ? from - by : 0;
}

static void apply_ioas(struct replay *replay, struct model *model, struct state *state,
		       const struct event_record *record)
{
	struct iommufd_ctx_info *ctx = get_ctx(replay, record);
	const __u64 *ioas = event__arg(record, EVENT_ROLE_ioas);
	const struct args_ioas_map *map = (const void *)record->args;
	const struct args_ioas_unmap *unmap = (const void *)record->args;
	const struct args_ioas_copy *copy = (const void *)record->args;
	struct iommufd_object_info *object;
	struct node_tally *tally;

	object = ctx ? get_object(replay, ctx, *ioas, IOMMUFD_INFO_IOAS) : NULL;
	tally = object ? tallies__get(&state->nodes, (struct tally_key){ ctx->ctx, *ioas, 0, 0 },
				      model->refreshes) :
			 NULL;
	if (!tally)
		return;
	if (record->event == EVENT_ioas_unmap) {
		count_unmap(&tally->now, unmap);
		object->areas = less(object->areas, unmap->areas);
		object->mapped = less(object->mapped, unmap->unmapped);
		object->pinned = less(object->pinned, unmap->pages * 4096);
		object->runs = less(object->runs, unmap->runs);
		ctx->pinned = less(ctx->pinned, unmap->pages * 4096);
		return;
	}
	if (record->event == EVENT_ioas_copy) {
		if (copy->ret) {
			tally->now.copy_failed++;
			return;
		}
		tally->now.copies++;
		tally->now.copy_bytes += copy->length;
		object->mapped += copy->length;
	} else {
		count_map(state, &tally->now, map);
		if (map->ret)
			return;
		object->mapped += map->length;
		object->pinned += map->pages * 4096;
		object->runs += map->runs;
		ctx->pinned += map->pages * 4096;
	}
	object->areas++;
}

static void apply_device(struct replay *replay, const struct event_record *record)
{
	/* All of them begin alike. */
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
		drop_object(replay, ctx->ctx, attach->device);
		break;
	case EVENT_device_attach:
	case EVENT_device_replace:
		if (attach->pasid != EVENT_NONE)
			break;
		object->attached = 1;
		object->pt = attach->ioas != EVENT_NONE ? attach->ioas : attach->hwpt;
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
	/* All of them begin alike. */
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
		drop_object(replay, ctx->ctx, args->id);
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

static void apply_fault(struct model *model, struct state *state, const struct event_record *record)
{
	const struct args_fault_report *report = (const void *)record->args;
	const struct args_fault_response *response = (const void *)record->args;
	struct tally_key key = { report->ctx, report->device, report->pasid, EVENT_NONE };
	struct fault_tally *tally;

	if (record->event == EVENT_fault_response)
		key.c = response->pasid;
	tally = tallies__get(&state->faults, key, model->refreshes);
	if (!tally)
		return;
	if (record->event == EVENT_fault_report) {
		tally->now.groups++;
		return;
	}
	if (!response->code)
		tally->now.done++;
	else if (response->code == 1)
		tally->now.invalid++;
	else
		tally->now.failed++;
	add_bucket(tally->now.buckets, response->ns);
}

static void apply(struct replay *replay, struct model *model, struct state *state,
		  const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;

	switch (record->event) {
	case EVENT_ctx_open:
		get_ctx(replay, record);
		break;
	case EVENT_ctx_close:
		drop_ctx(replay, caller->ctx);
		break;
	case EVENT_object_destroy:
		drop_object(replay, caller->ctx,
			    ((const struct args_object_destroy *)record->args)->id);
		break;
	case EVENT_ioas_map:
	case EVENT_ioas_map_file:
	case EVENT_ioas_unmap:
	case EVENT_ioas_copy:
		apply_ioas(replay, model, state, record);
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
		apply_fault(model, state, record);
		break;
	}
}

/* Reads until there is an event; 0 at the end, or -errno. */
static int read_next(struct replay *replay)
{
	struct recording_item item;
	void *next;
	int got;

	while ((got = recording__next(replay->recording, &item)) > 0) {
		if (item.type == RECORDING_LOST)
			replay->lost += item.lost->count;
		if (item.type != RECORDING_EVENT)
			continue;
		if (item.event_size > replay->room) {
			next = realloc(replay->next, item.event_size);
			if (!next)
				return -ENOMEM;
			replay->next = next;
			replay->room = item.event_size;
		}
		memcpy(replay->next, item.event, item.event_size);
		replay->has_next = true;
		return 1;
	}
	return got;
}

static int copy_list(struct list *to, const struct list *from)
{
	unsigned int i;
	void *item;

	for (i = 0; i < from->nr; i++) {
		item = list__add(to);
		if (!item)
			return -ENOMEM;
		memcpy(item, list__at(from, i), from->size);
	}
	return 0;
}

/* Lines need the names of devices, so they come when all of the interval is known. */
static int replay_refresh(struct source *source, struct model *model, struct state *state)
{
	struct replay *replay = (struct replay *)source;
	__u64 end_ns = model->time_ns + source->interval_ns;
	int err;

	while (replay->has_next || (err = read_next(replay)) > 0) {
		if (replay->next->time_ns > end_ns)
			break;
		apply(replay, model, state, replay->next);
		state->ctxs.nr = state->objects.nr = 0;
		if (replay->next->event >= EVENT_fault_report) {
			err = copy_list(&state->ctxs, &replay->ctxs);
			if (!err)
				err = copy_list(&state->objects, &replay->objects);
			if (err)
				return err;
			lines__add(model, state, replay->next);
		}
		replay->has_next = false;
	}
	if (!replay->has_next && err < 0)
		return err;
	model->ended = !replay->has_next;
	model->time_ns = end_ns;
	state->has_counts = state->has_state = true;
	state->losses[LOSS_LINES] = replay->lost;
	state->ctxs.nr = state->objects.nr = 0;
	err = copy_list(&state->ctxs, &replay->ctxs);
	return err ? err : copy_list(&state->objects, &replay->objects);
}

static void replay_close(struct source *source)
{
	struct replay *replay = (struct replay *)source;

	recording__close(replay->recording);
	list__close(&replay->ctxs);
	list__close(&replay->objects);
	free(replay->next);
	free(replay);
}

int replay__open(struct source **source, struct model *model, const struct options *options)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	const struct recording_header *header;

	if (!replay)
		return -ENOMEM;
	replay->recording = recording__open(options->replay);
	if (!replay->recording) {
		free(replay);
		return -EINVAL;
	}
	header = recording__header(replay->recording);
	replay->source.name = "recording";
	replay->source.refresh = replay_refresh;
	replay->source.close = replay_close;
	replay->source.own_time = true;
	replay->source.interval_ns = options->interval_ns;
	replay->ctxs.size = sizeof(struct iommufd_ctx_info);
	replay->objects.size = sizeof(struct iommufd_object_info);
	model->start_ns = model->time_ns = header->start_ns;
	model->wall_offset_ns = header->wall_offset_ns;
	snprintf(model->note, sizeof(model->note), "recording, kernel %.64s", header->kernel);
	snprintf(model->missing, sizeof(model->missing),
		 "a recording tells only of what came after its start");
	*source = &replay->source;
	return 0;
}
