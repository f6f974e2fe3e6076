// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of faults: page requests and DMA faults by device and PASID.
 *
 * The hash of fault counters has two kinds of keys. Page requests are counted by context, device
 * and PASID. DMA faults are counted by PCI address (or name) and PASID, because the IOMMU driver
 * reports no context.
 */
#include <errno.h>
#include <string.h>

#include "device.h"
#include "filter.h"
#include "model/rows.h"

/* Find the row of a device by its ids, or by its address or name if the context is unknown. */
static const struct model_device *find_device(const struct model *model, const struct hash_key *key,
					      const struct fault_counts *counts)
{
	const struct model_device *device;
	unsigned int i;

	for (i = 0; i < model__nr(model, MODEL_DEVICES); i++) {
		device = model__row(model, MODEL_DEVICES, i);
		if (device->key.kind != MODEL_KIND_DEVICE)
			continue;
		if (key->a == EVENT_NONE ?
			    device__is_same(device->sbdf, device->name, key->d, counts->name) :
			    device->ctx == key->a && device->device == key->b)
			return device;
	}
	return NULL;
}

/* Whether the filter passes; the device may be unbound and its context closed meanwhile. */
static bool is_wanted(struct model *model, const struct hash_key *key,
		      const struct fault_counts *counts)
{
	const struct iommufd_filter *filter = &model->state->filter;
	const struct ctx_past *ctx;

	if (filter->use & EVENT_FILTER_PASID && key->c != filter->pasid)
		return false;
	if (!filter__has_device(filter, counts->name[0] ? counts->sbdf : key->d, counts->name))
		return false;
	if (!(filter->use & ~(EVENT_FILTER_PASID | EVENT_FILTER_DEVICE)))
		return true;
	ctx = ctx_past__of(model, key->a == EVENT_NONE ? counts->ctx : key->a);
	return ctx && ctx->is_wanted;
}

static void put_counts(struct model_fault *row, struct fault_counts *counts)
{
	const struct top_fault *now = &counts->now, *before = &counts->before;
	__u64 interval[MODEL_BUCKETS], total[MODEL_BUCKETS];

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
	latency__between(&row->latency, &row->latency_total, interval, total, now->buckets,
			 before->buckets);
	counts->before = *now;
}

static int add_fault(struct model *model, const struct hash_entry *entry)
{
	struct model_key key = { MODEL_KIND_FAULT, entry->key.a, entry->key.b, entry->key.c,
				 entry->key.d };
	struct fault_counts *counts = entry->data;
	const struct model_device *device = find_device(model, &entry->key, counts);
	struct model_fault *row;

	/* Remember the device for the time after it is unbound. */
	if (device) {
		counts->ctx = device->ctx;
		counts->tgid = device->tgid;
		counts->sbdf = device->sbdf;
		memcpy(counts->name, device->name, sizeof(counts->name));
		memcpy(counts->comm, device->comm, sizeof(counts->comm));
		memcpy(counts->machine, device->machine, sizeof(counts->machine));
	}
	if (!is_wanted(model, &entry->key, counts))
		return 0;
	row = rows__add(model, MODEL_FAULTS, key);
	if (!row)
		return -ENOMEM;
	row->ctx = device ? device->ctx : entry->key.a == EVENT_NONE ? counts->ctx : entry->key.a;
	row->device = device			 ? device->device :
		      entry->key.a == EVENT_NONE ? EVENT_NONE :
						   entry->key.b;
	row->pasid = entry->key.c;
	row->tgid = counts->tgid ? counts->tgid : EVENT_NONE;
	if (entry->key.d != EVENT_NONE)
		row->sbdf = entry->key.d;
	else
		row->sbdf = counts->name[0] ? counts->sbdf : EVENT_NONE;
	memcpy(row->name, counts->name, sizeof(row->name));
	memcpy(row->comm, counts->comm, sizeof(row->comm));
	memcpy(row->machine, counts->machine, sizeof(row->machine));
	put_counts(row, counts);
	return 0;
}

int rows__faults(struct model *model)
{
	const struct hash *faults = &model->state->faults;
	unsigned int i;
	int err;

	rows__clear(model, MODEL_FAULTS);
	for (i = 0; i < faults->room; i++) {
		if (!faults->slots[i].seen)
			continue;
		err = add_fault(model, &faults->slots[i]);
		if (err)
			return err;
	}
	return 0;
}
