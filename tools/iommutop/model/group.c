// SPDX-License-Identifier: GPL-2.0-only
/*
 * The objects of a context, and the user's filter on contexts.
 *
 * A source lists objects by context and id, so the objects of a context are adjacent. The filter
 * selects contexts by the processes that opened them or map through them, by their number, or
 * because they have the object that the user asked for. All tables ask here, so that a row or line
 * of another context is in none of them.
 */
#include <errno.h>
#include <string.h>

#include "cgroup.h"
#include "event.h"
#include "filter.h"
#include "machine.h"
#include "model/opener.h"
#include "model/rows.h"

/* Find the group that begins at *at, and advance *at to its end. */
static void get_group(struct model *model, const struct iommufd_ctx_info *ctx, unsigned int *at,
		      struct group *group)
{
	const struct array *objects = &model->state->objects;
	const struct iommufd_object_info *object;

	memset(group, 0, sizeof(*group));
	group->ctx = ctx;
	group->objects = array__at(objects, *at);
	for (; *at < objects->nr; (*at)++) {
		object = array__at(objects, *at);
		if (object->ctx != ctx->ctx)
			break;
		group->nr++;
		group->nr_ioases += object->type == IOMMUFD_INFO_IOAS;
		group->nr_devices += object->type == IOMMUFD_INFO_DEVICE;
		group->nr_pasids += object->type == IOMMUFD_INFO_PASID;
		if (object->type == IOMMUFD_INFO_DEVICE || object->type == IOMMUFD_INFO_PASID) {
			if (group->nr_devices + group->nr_pasids == 1)
				group->first_device = group->nr - 1;
			group->end_device = group->nr;
		}
	}
	state__user(model->state, ctx, &group->user);
	group->cgroup = openers__cgroup(model->openers, group->user.cgroup);
	machine__name(group->machine, group->cgroup);
}

const struct iommufd_object_info *group__object(const struct group *group, __u32 id)
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

__u32 group__attached_to(const struct iommufd_object_info *object)
{
	return object->type == IOMMUFD_INFO_PASID ? object->attached : object->pt;
}

__u32 group__ioas_behind(const struct group *group, __u32 pt)
{
	const struct iommufd_object_info *object;
	unsigned int steps;

	/* The longest path is nested, parent HWPT, IOAS; the limit guards against damaged data. */
	for (steps = 0; steps < 4; steps++) {
		object = group__object(group, pt);
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

/* ---- the filter ---- */

static bool has_device(const struct group *group, const struct iommufd_filter *filter)
{
	unsigned int i;

	for (i = 0; i < group->nr; i++) {
		const struct iommufd_object_info *object = &group->objects[i], *device = object;

		/* A PASID has no name. */
		if (object->type == IOMMUFD_INFO_PASID)
			device = group__object(group, object->parent);
		if (filter->use & EVENT_FILTER_DEVICE &&
		    (!device || !filter__has_device(filter, device->sbdf, device->name)))
			continue;
		if (filter->use & EVENT_FILTER_PASID &&
		    (object->type != IOMMUFD_INFO_PASID || object->pasid != filter->pasid))
			continue;
		if (object->type == IOMMUFD_INFO_DEVICE || object->type == IOMMUFD_INFO_PASID)
			return true;
	}
	return false;
}

/* The conditions on a device; the others are on its context. */
#define ON_DEVICE (EVENT_FILTER_DEVICE | EVENT_FILTER_PASID)
#define ON_PROCESS (EVENT_FILTER_TGID | EVENT_FILTER_MACHINE | EVENT_FILTER_THREAD)

/* A process of a context. */
struct process {
	__u32 tgid;
	__u32 uid;
	__u64 cgroup;
	const char *comm;
};

static bool is_process_wanted(struct model *model, const struct process *process)
{
	const struct iommufd_filter *filter = &model->state->filter;
	char machine[MACHINE_MAX];
	const char *path;
	__u64 comm[2];

	if (filter->use & EVENT_FILTER_TGID && process->tgid != filter->tgid)
		return false;
	if (filter->use & EVENT_FILTER_UID && process->uid != filter->uid)
		return false;
	if (filter->use & EVENT_FILTER_COMM) {
		memcpy(comm, process->comm, sizeof(comm));
		if ((comm[0] & filter->comm_mask[0]) != filter->comm[0] ||
		    (comm[1] & filter->comm_mask[1]) != filter->comm[1])
			return false;
	}
	if (!(filter->use & (EVENT_FILTER_MACHINE | EVENT_FILTER_CGROUP)))
		return true;
	path = openers__cgroup(model->openers, process->cgroup);
	machine__name(machine, path);
	if (filter->use & EVENT_FILTER_MACHINE && !machine__matches(machine, filter->machine))
		return false;
	return !(filter->use & EVENT_FILTER_CGROUP) ||
	       cgroup__is_below(process->cgroup, path, filter->cgroup);
}

/* One process, the opener or a payer, must meet all conditions on processes. */
static bool has_process(struct model *model, const struct group *group)
{
	const struct iommufd_ctx_info *ctx = group->ctx;
	unsigned int i;

	if (is_process_wanted(model,
			      &(struct process){ ctx->tgid, ctx->uid, ctx->cgroup, ctx->comm }))
		return true;
	for (i = 0; i < group->user.nr; i++) {
		const struct iommufd_payer_info *payer = &group->user.payers[i];

		if (is_process_wanted(model, &(struct process){ payer->tgid, payer->uid,
								payer->cgroup, payer->comm }))
			return true;
	}
	return false;
}

static bool is_selected(struct model *model, const struct group *group)
{
	const struct iommufd_filter *filter = &model->state->filter;

	if (filter->use & EVENT_FILTER_CTX && group->ctx->ctx != filter->ctx)
		return false;
	return !(filter->use & ON_PROCESS) || has_process(model, group);
}

static bool has_ioas(const struct group *group, const struct iommufd_filter *filter)
{
	const struct iommufd_object_info *object;

	if (!(filter->use & EVENT_FILTER_IOAS))
		return true;
	object = group__object(group, filter->ioas);
	return object && object->type == IOMMUFD_INFO_IOAS;
}

/* Remember a context for the time after it is closed. NULL without memory. */
static struct ctx_past *note_ctx(struct model *model, const struct group *group)
{
	const struct hash_key key = { .a = group->ctx->ctx };
	struct ctx_past *past = hash__get(&model->state->ctx_pasts, key, model->refreshes);
	const struct iommufd_filter *filter = &model->state->filter;

	if (!past)
		return NULL;
	past->seen = model->refreshes;
	past->is_selected = is_selected(model, group);
	past->is_wanted = past->is_selected && has_ioas(group, filter);
	past->has_device = !(filter->use & ON_DEVICE) || has_device(group, filter);
	past->was_counted |= past->is_selected && past->has_device;
	past->tgid = group->user.tgid;
	memcpy(past->comm, group->user.comm, sizeof(past->comm));
	memcpy(past->machine, group->machine, sizeof(past->machine));
	return past;
}

const struct ctx_past *ctx_past__of(struct model *model, __u32 ctx)
{
	const struct hash_key key = { .a = ctx };
	struct ctx_past *past = hash__find(&model->state->ctx_pasts, key);
	const struct iommufd_ctx_info *info;
	struct group group;
	unsigned int at;

	if (past && past->seen == model->refreshes && past->is_wanted)
		return past;
	info = state__ctx(model->state, ctx);
	if (!info)
		return past;
	at = state__first_object(model->state, ctx);
	get_group(model, info, &at, &group);
	return note_ctx(model, &group);
}

bool model__wants_calls(struct model *model, __u32 ctx, bool of_past)
{
	const struct ctx_past *past = ctx_past__of(model, ctx);

	if (!past)
		return false;
	return (past->is_selected && past->has_device) || (of_past && past->was_counted);
}

/* Whether the device of an event passes. An event has the addresses of PCI devices alone. */
static bool has_device_of(const struct iommufd_filter *filter, const struct event_record *record)
{
	const __u64 *sbdf = event__arg(record, EVENT_ROLE_sbdf);

	if (!(filter->use & ON_DEVICE))
		return true;
	return sbdf && *sbdf != EVENT_NONE && !(filter->use & EVENT_FILTER_PASID) &&
	       filter__has_device(filter, *sbdf, "");
}

void ctx_past__note(struct model *model, const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	const struct event_thread *thread = event__thread(record);
	const struct hash_key key = { .a = caller->ctx };
	struct iommufd_filter filter = model->state->filter;
	const bool has_device = has_device_of(&filter, record);
	struct ctx_past *past;
	bool is_selected;

	filter.use &= ON_PROCESS | EVENT_FILTER_CTX;
	is_selected = filter__matches(&filter, record);
	if (!is_selected && !hash__find(&model->state->ctx_pasts, key))
		return;
	past = hash__get(&model->state->ctx_pasts, key, model->refreshes);
	if (!past)
		return;
	past->seen = model->refreshes;
	past->has_device |= has_device;
	past->is_selected |= is_selected;
	past->was_counted |= past->is_selected && past->has_device;
	past->is_wanted |= past->is_selected && !(model->state->filter.use & EVENT_FILTER_IOAS);
	if (!is_selected)
		return;
	past->tgid = caller->tgid;
	memcpy(past->comm, record->comm, sizeof(past->comm));
	machine__name(past->machine,
		      thread ? openers__cgroup(model->openers, thread->cgroup) : NULL);
}

/* The refreshes that a closed context is remembered for. */
#define PAST_KEPT 3600u

void ctx_pasts__forget(struct model *model)
{
	struct hash *pasts = &model->state->ctx_pasts;
	struct ctx_past *past;
	unsigned int i;

	for (i = 0; i < pasts->room; i++) {
		past = pasts->slots[i].data;
		if (pasts->slots[i].seen && past->seen + PAST_KEPT > model->refreshes)
			pasts->slots[i].seen = model->refreshes;
	}
	hash__forget(pasts, model->refreshes);
}

int groups__each(struct model *model, int (*add)(struct model *model, const struct group *group))
{
	const struct state *state = model->state;
	const struct ctx_past *past;
	unsigned int at = 0, i;
	struct group group;
	int err;

	for (i = 0; i < state->ctxs.nr; i++) {
		get_group(model, array__at(&state->ctxs, i), &at, &group);
		past = note_ctx(model, &group);
		if (!past)
			return -ENOMEM;
		if (!past->is_wanted || !past->has_device)
			continue;
		err = add(model, &group);
		if (err)
			return err;
	}
	return 0;
}
