// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups of devices: making and finding them, and looking up what is attached.
 *
 * A device that has no IOMMU is in a group of its own which the core knows nothing of: attaching it
 * only keeps the memory pinned.
 */
#include <linux/iommu.h>
#include <linux/slab.h>

#include "device/device.h"

static struct iommufd_group *group_alloc(struct iommufd_ctx *ctx, struct iommu_group *core)
{
	struct iommufd_group *group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);

	if (!group)
		return NULL;
	group->ctx = ctx;
	group->group = core;
	group->bound = 1;
	mutex_init(&group->lock);
	xa_init_flags(&group->attached, XA_FLAGS_ACCOUNT);
	xa_init_flags(&group->pasids, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	group->sw_msi_start = PHYS_ADDR_MAX;
	list_add_tail(&group->item, &ctx->groups);
	return group;
}

/**
 * iommufd_group_get() - the group of a device, in a context
 * @ctx: the context
 * @dev: the device
 *
 * Return: the group, to be returned by iommufd_group_put(); ERR_PTR() of -ENODEV for a device
 * without IOMMU, or -ENOMEM.
 */
struct iommufd_group *iommufd_group_get(struct iommufd_ctx *ctx, struct device *dev)
{
	struct iommu_group *core = iommu_group_get(dev);
	struct iommufd_group *group;

	if (!core)
		return ERR_PTR(-ENODEV);

	mutex_lock(&ctx->groups_lock);
	list_for_each_entry(group, &ctx->groups, item) {
		if (group->group == core) {
			group->bound++;
			iommu_group_put(core);
			goto out_unlock;
		}
	}
	group = group_alloc(ctx, core);
	if (!group) {
		iommu_group_put(core);
		group = ERR_PTR(-ENOMEM);
	}
out_unlock:
	mutex_unlock(&ctx->groups_lock);
	return group;
}

/**
 * iommufd_group_get_noiommu() - a group for a device that has no IOMMU
 * @ctx: the context
 *
 * Return: as iommufd_group_get().
 */
struct iommufd_group *iommufd_group_get_noiommu(struct iommufd_ctx *ctx)
{
	struct iommufd_group *group;

	mutex_lock(&ctx->groups_lock);
	group = group_alloc(ctx, NULL);
	mutex_unlock(&ctx->groups_lock);
	return group ? group : ERR_PTR(-ENOMEM);
}

/**
 * iommufd_group_put() - undo iommufd_group_get()
 * @group: the group
 */
void iommufd_group_put(struct iommufd_group *group)
{
	struct iommufd_ctx *ctx = group->ctx;
	bool last;

	mutex_lock(&ctx->groups_lock);
	last = !--group->bound;
	if (last)
		list_del(&group->item);
	mutex_unlock(&ctx->groups_lock);
	if (!last)
		return;

	WARN_ON(!xa_empty(&group->attached) || !xa_empty(&group->pasids));
	iommu_group_put(group->group);
	mutex_destroy(&group->lock);
	kfree(group);
}

/**
 * iommufd_group_find() - what a device, or a PASID of it, is attached to
 * @idev: the device; its group's lock is held
 * @pasid: the PASID, or IOMMU_NO_PASID
 *
 * Return: the attachment, or NULL if there is none.
 */
struct iommufd_attach *iommufd_group_find(struct iommufd_device *idev, ioasid_t pasid)
{
	struct iommufd_attach *attach = iommufd_group_attached(idev->group, pasid);

	return attach && xa_load(&attach->devices, idev->obj.id) ? attach : NULL;
}

/**
 * iommufd_group_is_attached() - whether a device of the group is attached
 * @group: the group
 * @pasid: the PASID in question, or IOMMU_NO_PASID
 *
 * Then the others can only follow it, and need no page table of their own.
 *
 * Return: true if one is.
 */
bool iommufd_group_is_attached(struct iommufd_group *group, ioasid_t pasid)
{
	bool ret;

	mutex_lock(&group->lock);
	ret = iommufd_group_attached(group, pasid);
	mutex_unlock(&group->lock);
	return ret;
}

/**
 * iommufd_device_is_attached() - whether a device, or a PASID of it, is attached
 * @idev: the device
 * @pasid: the PASID, or IOMMU_NO_PASID
 *
 * Return: true if it is, and was when it was looked at.
 */
bool iommufd_device_is_attached(struct iommufd_device *idev, ioasid_t pasid)
{
	bool ret;

	mutex_lock(&idev->group->lock);
	ret = iommufd_group_find(idev, pasid);
	mutex_unlock(&idev->group->lock);
	return ret;
}

/**
 * iommufd_pasid_find() - the object of a PASID
 * @idev: the device; its group's lock is held
 * @pasid: the number
 *
 * Return: the object, or NULL if the number is nobody's, or another device's of the group.
 */
struct iommufd_pasid *iommufd_pasid_find(struct iommufd_device *idev, ioasid_t pasid)
{
	struct iommufd_pasid *p = xa_load(&idev->group->pasids, pasid);

	lockdep_assert_held(&idev->group->lock);
	return p && p->idev == idev ? p : NULL;
}
