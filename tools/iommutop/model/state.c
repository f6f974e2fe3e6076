// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searching the objects that a source found, see state.h.
 */
#include <stdlib.h>

#include <string.h>

#include "device.h"
#include "model/state.h"

static int compare_ctx(const void *key, const void *item)
{
	const struct iommufd_ctx_info *info = item;
	__u32 ctx = *(const __u32 *)key;

	return (ctx > info->ctx) - (ctx < info->ctx);
}

const struct iommufd_ctx_info *state__ctx(const struct state *state, __u32 ctx)
{
	const struct array *ctxs = &state->ctxs;

	return ctxs->nr ? bsearch(&ctx, ctxs->items, ctxs->nr, ctxs->size, compare_ctx) : NULL;
}

unsigned int state__first_object(const struct state *state, __u32 ctx)
{
	unsigned int low = 0, high = state->objects.nr, middle;

	while (low < high) {
		const struct iommufd_object_info *object;

		middle = low + (high - low) / 2;
		object = array__at(&state->objects, middle);
		if (object->ctx < ctx)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Remove the items at the end that have this context at an offset. */
static void drop_last(struct array *array, size_t offset, __u32 ctx)
{
	while (array->nr &&
	       *(const __u32 *)((const char *)array__at(array, array->nr - 1) + offset) == ctx)
		array->nr--;
}

void state__drop_ctx(struct array *ctxs, struct array *payers, struct array *objects, __u32 ctx)
{
	drop_last(ctxs, offsetof(struct state_ctx, info.ctx), ctx);
	drop_last(payers, offsetof(struct iommufd_payer_info, ctx), ctx);
	drop_last(objects, offsetof(struct iommufd_object_info, ctx), ctx);
}

static int compare_object(const void *key, const void *item)
{
	const struct iommufd_object_info *object = item;
	const __u32 *wanted = key;

	if (wanted[0] != object->ctx)
		return wanted[0] > object->ctx ? 1 : -1;
	return (wanted[1] > object->id) - (wanted[1] < object->id);
}

const struct iommufd_object_info *state__object(const struct state *state, __u32 ctx, __u32 id)
{
	const struct array *objects = &state->objects;
	const __u32 key[] = { ctx, id };

	if (!objects->nr)
		return NULL;
	return bsearch(key, objects->items, objects->nr, objects->size, compare_object);
}

const struct iommufd_object_info *state__faulting_device(const struct state *state, __u32 sbdf,
							 const char *name)
{
	const struct iommufd_object_info *object;
	unsigned int i;

	for (i = 0; i < state->objects.nr; i++) {
		object = array__at(&state->objects, i);
		if (object->type == IOMMUFD_INFO_DEVICE &&
		    device__is_same(object->sbdf, object->name, sbdf, name))
			return object;
	}
	return NULL;
}

struct hash_key state__dma_key(__u32 sbdf, const char *name, __u32 pasid)
{
	struct hash_key key = { EVENT_NONE, EVENT_NONE, pasid, sbdf };
	unsigned int i;

	if (sbdf != EVENT_NONE)
		return key;
	/* Devices that are not PCI differ by their names. */
	for (i = 0; i < IOMMUFD_POLICY_DEVICE_LEN && name[i]; i++)
		key.b = (key.b ^ (unsigned char)name[i]) * 0x01000193;
	return key;
}
