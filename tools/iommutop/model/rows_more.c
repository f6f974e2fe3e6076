// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the state that a source has filled to rows: faults, policies, and maps by their length.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "errname.h"
#include "hook.h"
#include "source/source.h"

/* ---- faults ---- */

static const struct model_device *find_device(const struct model *model, __u32 ctx, __u32 id,
					      __u32 sbdf)
{
	const struct model_device *device;
	unsigned int i;

	for (i = 0; i < model__nr(model, MODEL_DEVICES); i++) {
		device = model__row(model, MODEL_DEVICES, i);
		if (device->key.kind == MODEL_KIND_DEVICE &&
		    (ctx == EVENT_NONE ? sbdf != EVENT_NONE && device->sbdf == sbdf :
					 device->ctx == ctx && device->device == id))
			return device;
	}
	return NULL;
}

static void put_fault(struct model_fault *row, struct fault_tally *tally)
{
	const struct top_fault *now = &tally->now, *before = &tally->before;
	__u64 interval[MODEL_BUCKETS], total[MODEL_BUCKETS];
	unsigned int i;

	row->groups = now->groups - before->groups;
	row->groups_total = now->groups;
	row->done = now->done - before->done;
	row->done_total = now->done;
	row->invalid = now->invalid - before->invalid;
	row->invalid_total = now->invalid;
	row->failed = now->failed - before->failed;
	row->failed_total = now->failed;
	row->dma = now->dma - before->dma;
	row->dma_total = now->dma;
	for (i = 0; i < MODEL_BUCKETS; i++) {
		total[i] = now->buckets[i];
		interval[i] = now->buckets[i] - before->buckets[i];
	}
	latency__of(&row->latency, interval);
	latency__of(&row->latency_total, total);
	tally->before = *now;
}

static bool is_wanted_fault(const struct state *state, const struct tally_key *key,
			    const struct model_device *device)
{
	const struct iommufd_filter *filter = &state->filter;

	if (filter->use & EVENT_FILTER_PASID && key->c != filter->pasid)
		return false;
	if (filter->use & EVENT_FILTER_DEVICE && !device && key->d != filter->sbdf)
		return false;
	/* Of a device that is not shown, with a filter, nothing is known to be wanted. */
	return device || !(filter->use & ~EVENT_FILTER_PASID & ~EVENT_FILTER_DEVICE);
}

static int add_fault(struct model *model, struct state *state, const struct tally *slot)
{
	struct fault_tally *tally = slot->data;
	const struct model_device *device;
	struct model_fault *row;
	struct model_key key = { MODEL_KIND_FAULT, slot->key.a, slot->key.b, slot->key.c,
				 slot->key.d };

	device = find_device(model, slot->key.a, slot->key.b, slot->key.d);
	if (!is_wanted_fault(state, &slot->key, device))
		return 0;
	if (device) {
		tally->tgid = device->tgid;
		tally->sbdf = device->sbdf;
		memcpy(tally->name, device->name, sizeof(tally->name));
		memcpy(tally->comm, device->comm, sizeof(tally->comm));
	}
	row = rows__add(model, MODEL_FAULTS, key);
	if (!row)
		return -ENOMEM;
	row->ctx = device ? device->ctx : slot->key.a;
	row->device = device ? device->device : slot->key.b;
	row->pasid = slot->key.c;
	row->tgid = tally->tgid ? tally->tgid : EVENT_NONE;
	row->sbdf = slot->key.d != EVENT_NONE ? slot->key.d :
		    tally->name[0]	      ? tally->sbdf :
						EVENT_NONE;
	memcpy(row->name, tally->name, sizeof(row->name));
	memcpy(row->comm, tally->comm, sizeof(row->comm));
	if (device)
		memcpy(row->machine, device->machine, sizeof(row->machine));
	put_fault(row, tally);
	return 0;
}

int rows__faults(struct model *model, struct state *state)
{
	unsigned int i;
	int err;

	rows__clear(model, MODEL_FAULTS);
	for (i = 0; i < state->faults.room; i++) {
		if (!state->faults.slots[i].seen)
			continue;
		err = add_fault(model, state, &state->faults.slots[i]);
		if (err)
			return err;
	}
	return 0;
}

/* ---- policies ---- */

static int add_hooks(struct model *model, const struct iommufd_policy_info *info,
		     const struct policy_past *past)
{
	struct model_hook *row;
	unsigned int i;

	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		const struct iommufd_policy_count *now = &info->counts[i];
		const struct model_key key = { .kind = MODEL_KIND_HOOK, .id = info->id, .sub = i };

		if (!(info->hooks & 1u << i))
			continue;
		row = rows__add(model, MODEL_HOOKS, key);
		if (!row)
			return -ENOMEM;
		row->id = info->id;
		memcpy(row->name, info->name, sizeof(row->name));
		snprintf(row->hook, sizeof(row->hook), "%s", hook__name(i));
		row->allowed = now->allowed;
		row->denied = now->denied;
		row->would_deny = now->would_deny;
		row->allowed_now = now->allowed - past->counts[i].allowed;
		row->denied_now = now->denied - past->counts[i].denied;
		row->would_deny_now = now->would_deny - past->counts[i].would_deny;
	}
	return 0;
}

static void put_policy(struct model *model, struct model_policy *row,
		       const struct iommufd_policy_info *info, const struct policy_past *past)
{
	char name[ERRNAME_MAX];
	unsigned int i;

	row->id = info->id;
	row->priority = info->priority;
	row->flags = info->flags;
	row->audit = info->flags & IOMMUFD_POLICY_AUDIT;
	memcpy(row->name, info->name, sizeof(row->name));
	row->cgroup_id = info->cgroup;
	row->cgroup = who__cgroup(model->who, info->cgroup);
	hook__list(row->hooks, info->hooks);
	row->last_tgid = EVENT_NONE;
	if (info->last_ret) {
		row->last_tgid = info->last_tgid;
		snprintf(row->last_hook, sizeof(row->last_hook), "%s", hook__name(info->last_hook));
		snprintf(row->last_error, sizeof(row->last_error), "%s",
			 errname(-info->last_ret, name));
		memcpy(row->reason, info->reason, sizeof(row->reason));
	}
	for (i = 0; i < IOMMUFD_HOOKS; i++) {
		const struct iommufd_policy_count *now = &info->counts[i];

		row->allowed += now->allowed;
		row->denied += now->denied;
		row->would_deny += now->would_deny;
		row->allowed_now += now->allowed - past->counts[i].allowed;
		row->denied_now += now->denied - past->counts[i].denied;
		row->would_deny_now += now->would_deny - past->counts[i].would_deny;
	}
}

int rows__policies(struct model *model, struct state *state)
{
	struct policy_past *past;
	struct model_policy *row;
	unsigned int i;
	int err;

	_Static_assert(sizeof(row->hooks) >= HOOKS_MAX, "room for all hooks");
	rows__clear(model, MODEL_POLICIES);
	rows__clear(model, MODEL_HOOKS);
	for (i = 0; i < state->policies.nr; i++) {
		const struct iommufd_policy_info *info = list__at(&state->policies, i);
		struct tally_key id = { .a = info->id };
		const struct model_key key = { .kind = MODEL_KIND_POLICY, .id = info->id };
		bool is_new = !tallies__find(&state->policy_pasts, id);

		row = rows__add(model, MODEL_POLICIES, key);
		past = tallies__get(&state->policy_pasts, id, model->refreshes);
		if (!row || !past)
			return -ENOMEM;
		/* Its counts may be from before the start, or of a policy that it replaced. */
		if (is_new)
			memcpy(past->counts, info->counts, sizeof(past->counts));
		put_policy(model, row, info, past);
		err = add_hooks(model, info, past);
		if (err)
			return err;
		memcpy(past->counts, info->counts, sizeof(past->counts));
	}
	tallies__forget(&state->policy_pasts, model->refreshes);
	return 0;
}

/* ---- maps by their length ---- */

static void class_bounds(unsigned int class, __u64 *first, __u64 *last)
{
	*first = class ? 1ULL << (TOP_SIZE_SHIFT + class - 1) : 0;
	*last = class + 1 < TOP_SIZES ? (1ULL << (TOP_SIZE_SHIFT + class)) - 1 : MODEL_NONE - 1;
}

static void put_size(struct model_size *row, const struct top_size *now,
		     const struct top_size *before)
{
	__u64 interval[MODEL_BUCKETS];
	unsigned int op, i;

	row->maps = now->maps - before->maps;
	row->maps_total = now->maps;
	row->bytes = now->bytes - before->bytes;
	row->bytes_total = now->bytes;
	for (op = 0; op < 2; op++) {
		for (i = 0; i < MODEL_BUCKETS; i++) {
			interval[i] = now->buckets[op][i] - before->buckets[op][i];
			row->buckets[op][i] = interval[i];
			row->buckets_total[op][i] = now->buckets[op][i];
		}
		latency__of(&row->latency[op], interval);
		latency__of(&row->latency_total[op], row->buckets_total[op]);
	}
}

int rows__sizes(struct model *model, struct state *state)
{
	struct model_size *row;
	unsigned int size;

	rows__clear(model, MODEL_SIZES);
	for (size = 0; size < TOP_SIZES; size++) {
		const struct model_key key = { .kind = MODEL_KIND_SIZE, .number = size };

		if (!state->sizes[size].maps)
			continue;
		row = rows__add(model, MODEL_SIZES, key);
		if (!row)
			return -ENOMEM;
		class_bounds(size, &row->first, &row->last);
		put_size(row, &state->sizes[size], &state->sizes_before[size]);
		state->sizes_before[size] = state->sizes[size];
	}
	return 0;
}
