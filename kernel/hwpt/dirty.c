// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls for dirty tracking: enable it for a HWPT, and read which pages of a range devices have
 * written to. iopt/dirty.c does the work.
 *
 * Results are those of the in-tree driver, except that these are errors here, where that one
 * returns 0 without a bitmap: a range with holes, tracking that is disabled, errors of the IOMMU
 * driver, and a page_size that is not a power of 2.
 */
#include <linux/ktime.h>

#include "hwpt/hwpt.h"
#include "trace/emit.h"

static struct iommufd_hwpt_paging *get_hwpt(struct iommufd_ctx *ctx, u32 id)
{
	struct iommufd_object *obj = iommufd_object_get(ctx, id, IOMMUFD_OBJ_HWPT_PAGING);

	if (IS_ERR(obj))
		return ERR_CAST(obj);
	return container_of(obj, struct iommufd_hwpt_paging, common.obj);
}

/**
 * iommufd_hwpt_set_dirty_tracking() - IOMMU_HWPT_SET_DIRTY_TRACKING
 * @ucmd: struct iommu_hwpt_set_dirty_tracking
 *
 * Return: 0; -EOPNOTSUPP for unknown flags; -ENOENT; an error of iopt_set_dirty_tracking().
 */
int iommufd_hwpt_set_dirty_tracking(struct iommufd_ucmd *ucmd)
{
	struct iommu_hwpt_set_dirty_tracking *cmd = ucmd->cmd;
	struct iommufd_hwpt_paging *hwpt;
	int ret;

	/* Like the in-tree driver, do not check __reserved. */
	if (cmd->flags & ~IOMMU_HWPT_DIRTY_TRACKING_ENABLE)
		return -EOPNOTSUPP;
	hwpt = get_hwpt(ucmd->ctx, cmd->hwpt_id);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	ret = iopt_set_dirty_tracking(&hwpt->ioas->iopt, &hwpt->table,
				      cmd->flags & IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
	iommufd_object_put(ucmd->ctx, &hwpt->common.obj);
	return ret;
}

static int do_read(struct iommufd_ucmd *ucmd, struct iommu_hwpt_get_dirty_bitmap *cmd,
		   struct iopt_dirty *dirty, u32 *ioas_id)
{
	struct iommufd_hwpt_paging *hwpt;
	int ret;

	if ((cmd->flags & ~IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR) || cmd->__reserved)
		return -EOPNOTSUPP;
	hwpt = get_hwpt(ucmd->ctx, cmd->hwpt_id);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	*ioas_id = hwpt->ioas->obj.id;
	dirty->iova = cmd->iova;
	dirty->length = cmd->length;
	dirty->page_size = cmd->page_size;
	dirty->bitmap = u64_to_user_ptr(cmd->data);
	dirty->clear = !(cmd->flags & IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR);
	ret = iopt_read_dirty(&hwpt->ioas->iopt, &hwpt->table, dirty);
	iommufd_object_put(ucmd->ctx, &hwpt->common.obj);
	return ret;
}

/**
 * iommufd_hwpt_get_dirty_bitmap() - IOMMU_HWPT_GET_DIRTY_BITMAP
 * @ucmd: struct iommu_hwpt_get_dirty_bitmap
 *
 * Return: 0; -EOPNOTSUPP for unknown flags; -ENOENT; an error of iopt_read_dirty().
 */
int iommufd_hwpt_get_dirty_bitmap(struct iommufd_ucmd *ucmd)
{
	struct iommu_hwpt_get_dirty_bitmap *cmd = ucmd->cmd;
	u64 start = trace_iommufd_dirty_read_enabled() ? ktime_get_ns() : 0;
	u32 ioas_id = IOMMUFD_TRACE_NONE;
	struct iopt_dirty dirty = {};
	int ret = do_read(ucmd, cmd, &dirty, &ioas_id);

	iommufd_trace(dirty_read, ucmd->ctx->totals.ctx_id, current->tgid, cmd->hwpt_id, ioas_id,
		      cmd->iova, cmd->length, cmd->page_size, cmd->flags, dirty.pages,
		      start ? ktime_get_ns() - start : 0, ret);
	return ret;
}
