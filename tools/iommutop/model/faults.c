// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of faults: page requests and DMA faults by device and PASID.
 *
 * The hash of fault counters has two kinds of keys. Page requests are counted by context, device
 * and PASID. DMA faults are counted by PCI address and PASID, because the IOMMU driver reports no
 * context.
 */
#include <errno.h>
#include <string.h>

#include "model/rows.h"

/* Find the row of a device by its ids, or by its PCI address if the context is unknown. */
static const struct model_device *find_device(const struct model *model, const struct hash_key *key)
{
	const struct model_device *device;
	unsigned int i;

	for (i = 0; i < model__nr(model, MODEL_DEVICES); i++) {
		device = model__row(model, MODEL_DEVICES, i);
		if (device->key.kind != MODEL_KIND_DEVICE)
			continue;
		if (key->a == EVENT_NONE ? key->d != EVENT_NONE && device->sbdf == key->d :
					   device->ctx == key->a && device->device == key->b)
			return device;
	}
	return NULL;
}

static bool is_wanted(const struct state *state, const struct hash_key *key,
		      const struct model_device *device)
{
	const struct iommufd_filter *filter = &state->filter;

	if (filter->use & EVENT_FILTER_PASID && key->c != filter->pasid)
		return false;
	if (filter->use & EVENT_FILTER_DEVICE && !device && key->d != filter->sbdf)
		return false;
	/* Without a row of the device, the other conditions cannot be checked. */
	return device || !(filter->use & ~EVENT_FILTER_PASID & ~EVENT_FILTER_DEVICE);
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
	const struct model_device *device = find_device(model, &entry->key);
	struct fault_counts *counts = entry->data;
	struct model_fault *row;

	if (!is_wanted(model->state, &entry->key, device))
		return 0;
	/* Remember the device for the time after it is unbound. */
	if (device) {
		counts->tgid = device->tgid;
		counts->sbdf = device->sbdf;
		memcpy(counts->name, device->name, sizeof(counts->name));
		memcpy(counts->comm, device->comm, sizeof(counts->comm));
	}
	row = rows__add(model, MODEL_FAULTS, key);
	if (!row)
		return -ENOMEM;
	row->ctx = device ? device->ctx : entry->key.a;
	row->device = device ? device->device : entry->key.b;
	row->pasid = entry->key.c;
	row->tgid = counts->tgid ? counts->tgid : EVENT_NONE;
	if (entry->key.d != EVENT_NONE)
		row->sbdf = entry->key.d;
	else
		row->sbdf = counts->name[0] ? counts->sbdf : EVENT_NONE;
	memcpy(row->name, counts->name, sizeof(row->name));
	memcpy(row->comm, counts->comm, sizeof(row->comm));
	if (device)
		memcpy(row->machine, device->machine, sizeof(row->machine));
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
