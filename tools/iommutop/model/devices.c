// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of devices and their PASIDs: their attachments and faults.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "filter.h"
#include "model/rows.h"

static void put_attached(struct model_device *device, const struct group *group, __u32 pt)
{
	const struct iommufd_object_info *object = group__object(group, pt);
	char *text = device->attached;
	size_t size = sizeof(device->attached);

	device->ioas = group__ioas_behind(group, pt);
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

static void put_faults(const struct state *state, struct model_device *device)
{
	struct hash_key key = { device->ctx, device->device, device->pasid, EVENT_NONE };
	const struct fault_counts *counts;

	if (device->key.kind == MODEL_KIND_DEVICE)
		key.c = 0;
	counts = hash__find(&state->faults, key);
	if (counts) {
		device->faults = counts->now.groups - counts->before.groups;
		device->faults_total = counts->now.groups;
	}
	/* The IOMMU reports a DMA fault with the address or name only, and a PASID at most. */
	key = state__dma_key(device->sbdf, device->name, device->pasid);
	counts = hash__find(&state->faults, key);
	if (counts) {
		device->faults += counts->now.dma - counts->before.dma;
		device->faults_total += counts->now.dma;
	}
}

/* pasid is NULL for the device itself. */
static int add_device(struct model *model, const struct group *group,
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
	device->tgid = group->user.tgid;
	memcpy(device->comm, group->user.comm, sizeof(device->comm));
	memcpy(device->machine, group->machine, sizeof(device->machine));
	device->sbdf = object->sbdf;
	memcpy(device->name, object->name, sizeof(device->name));
	device->group = object->group;
	device->vendor = object->vendor;
	device->product = object->product;
	device->pasid = pasid ? pasid->pasid : EVENT_NONE;
	device->virt_pasid = pasid ? pasid->virt_pasid : EVENT_NONE;
	device->nr_pasids = object->pasids;
	put_attached(device, group, group__attached_to(self));
	/* fdinfo and older modules report that a device is attached, but not its page table. */
	if (!pasid && object->attached == 1 && object->pt == EVENT_NONE)
		strcpy(device->attached, "yes");
	put_faults(model->state, device);
	return 0;
}

static int add_devices(struct model *model, const struct group *group)
{
	const struct iommufd_filter *filter = &model->state->filter;
	unsigned int i, j;
	int err;

	for (i = 0; i < group->nr; i++) {
		const struct iommufd_object_info *object = &group->objects[i];

		if (object->type != IOMMUFD_INFO_DEVICE ||
		    !filter__has_device(filter, object->sbdf, object->name))
			continue;
		err = add_device(model, group, object, NULL);
		for (j = 0; j < group->nr && !err && group->nr_pasids; j++)
			if (group->objects[j].type == IOMMUFD_INFO_PASID &&
			    group->objects[j].parent == object->id &&
			    (!(filter->use & EVENT_FILTER_PASID) ||
			     group->objects[j].pasid == filter->pasid))
				err = add_device(model, group, object, &group->objects[j]);
		if (err)
			return err;
	}
	return 0;
}

int rows__devices(struct model *model)
{
	rows__clear(model, MODEL_DEVICES);
	return groups__each(model, add_devices);
}
