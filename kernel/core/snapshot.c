// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots of contexts and objects, for observation (bpf/state.c). They wait neither for user
 * memory nor for calls in progress.
 */
#include "core/core.h"

/**
 * iommufd_ctx_snapshot() - Describe a context
 * @ctx: the context
 * @info: out: the description
 *
 * Context: any; takes no lock. The caller makes sure that @ctx is not freed.
 */
void iommufd_ctx_snapshot(const struct iommufd_ctx *ctx, struct iommufd_ctx_info *info)
{
	memset(info, 0, sizeof(*info));
	info->ctx = ctx->totals.ctx_id;
	info->tgid = ctx->opener.tgid;
	info->uid = __kuid_val(ctx->opener.uid);
	info->objects = READ_ONCE(ctx->nr_objects);
	info->cgroup = ctx->opener.cgroup_id;
	info->pinned = (u64)atomic_long_read(&ctx->totals.pages) << PAGE_SHIFT;
	info->process_accounting = READ_ONCE(ctx->account_mm);
	memcpy(info->comm, ctx->opener.comm, sizeof(info->comm));
}

static void object_snapshot(struct iommufd_ctx *ctx, const struct iommufd_object *obj,
			    struct iommufd_object_info *info)
{
	memset(info, 0, sizeof(*info));
	info->ctx = ctx->totals.ctx_id;
	info->id = obj->id;
	info->type = obj->type;
	info->parent = IOMMUFD_NONE;
	info->sbdf = IOMMUFD_NONE;
	info->group = IOMMUFD_NONE;
	info->attached = IOMMUFD_NONE;
	info->pasid = IOMMUFD_NONE;
	info->virt_pasid = IOMMUFD_NONE;
	info->vendor = IOMMUFD_NONE;
	info->product = IOMMUFD_NONE;
	info->pt = IOMMUFD_NONE;
	if (iommufd_object_type(obj)->info)
		iommufd_object_type(obj)->info(obj, info);
}

/**
 * iommufd_object_snapshot_next() - Describe the next object of a context
 * @ctx: the context
 * @type: the type of interest, or IOMMUFD_OBJ_ANY
 * @after: id of the previous object, 0 for the first
 * @info: out: the description
 *
 * Context: takes the spinlock of ctx->objects.
 * Return: false if there are no more objects.
 */
bool iommufd_object_snapshot_next(struct iommufd_ctx *ctx, u32 type, u32 after,
				  struct iommufd_object_info *info)
{
	struct iommufd_object *obj;
	unsigned long id = after;

	xa_lock(&ctx->objects);
	do {
		obj = xa_find_after(&ctx->objects, &id, U32_MAX, XA_PRESENT);
	} while (obj && type != IOMMUFD_OBJ_ANY && obj->type != type);
	if (obj)
		object_snapshot(ctx, obj, info);
	xa_unlock(&ctx->objects);
	return obj;
}
