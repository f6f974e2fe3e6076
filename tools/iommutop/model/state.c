// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searching the objects that a source found, see state.h.
 */
#include <stdlib.h>

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
