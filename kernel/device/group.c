// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU groups in a context: making and finding them, and looking up attachments and PASID objects.
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
	group->nr_devices = 1;
	mutex_init(&group->lock);
	xa_init_flags(&group->attachments, XA_FLAGS_ACCOUNT);
	group->by_pt = RB_ROOT;
	xa_init_flags(&group->pasids, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	group->sw_msi_start = PHYS_ADDR_MAX;
	list_add_tail(&group->item, &ctx->groups);
	return group;
}

/**
 * iommufd_group_get() - get a device's group in a context
 * @ctx: the context
 * @dev: the device
 *
 * The first device of an IOMMU group makes it.
 *
 * Context: may sleep; takes ctx->groups_lock.
 * Return: the group, for iommufd_group_put(); ERR_PTR(-ENODEV) for a device without IOMMU;
 * ERR_PTR(-ENOMEM).
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
			group->nr_devices++;
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
 * iommufd_group_get_noiommu() - make a group for a device that has no IOMMU
 * @ctx: the context
 *
 * Attaching such a group only keeps the memory of the IOAS pinned; the IOMMU core is not involved.
 *
 * Context: may sleep; takes ctx->groups_lock.
 * Return: the group, for iommufd_group_put(); ERR_PTR(-ENOMEM).
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
 * @group: the group; freed with its last device, which is detached
 *
 * Context: may sleep; takes ctx->groups_lock.
 */
void iommufd_group_put(struct iommufd_group *group)
{
	struct iommufd_ctx *ctx = group->ctx;
	bool last;

	mutex_lock(&ctx->groups_lock);
	last = !--group->nr_devices;
	if (last)
		list_del(&group->item);
	mutex_unlock(&ctx->groups_lock);
	if (!last)
		return;

	WARN_ON(!xa_empty(&group->attachments) || !xa_empty(&group->pasids));
	iommu_group_put(group->group);
	mutex_destroy(&group->lock);
	kfree(group);
}

/**
 * iommufd_device_attachment() - get the attachment of a device, or of a PASID of it
 * @idev: the device
 * @pasid: the PASID, or IOMMU_NO_PASID
 *
 * Context: group->lock is held.
 * Return: the attachment, or NULL if this device is not attached, even if others of its group are.
 */
struct iommufd_attachment *iommufd_device_attachment(struct iommufd_device *idev, ioasid_t pasid)
{
	struct iommufd_attachment *attach = iommufd_group_attachment(idev->group, pasid);

	return attach && xa_load(&attach->devices, idev->obj.id) ? attach : NULL;
}

/**
 * iommufd_group_is_attached() - check whether any device of a group is attached
 * @group: the group
 * @pasid: the PASID, or IOMMU_NO_PASID
 *
 * Other devices of an attached group must use the same HWPT, so the caller need not make one.
 *
 * Context: may sleep; takes group->lock. The answer may be out of date on return.
 * Return: true if one is attached.
 */
bool iommufd_group_is_attached(struct iommufd_group *group, ioasid_t pasid)
{
	bool ret;

	mutex_lock(&group->lock);
	ret = iommufd_group_attachment(group, pasid);
	mutex_unlock(&group->lock);
	return ret;
}

/**
 * iommufd_device_is_attached() - check whether a device, or a PASID of it, is attached
 * @idev: the device
 * @pasid: the PASID, or IOMMU_NO_PASID
 *
 * Context: may sleep; takes group->lock. The answer may be out of date on return.
 * Return: true if it is attached.
 */
bool iommufd_device_is_attached(struct iommufd_device *idev, ioasid_t pasid)
{
	bool ret;

	mutex_lock(&idev->group->lock);
	ret = iommufd_device_attachment(idev, pasid);
	mutex_unlock(&idev->group->lock);
	return ret;
}

/**
 * iommufd_pasid_find() - get the PASID object of a number
 * @idev: the device
 * @pasid: the number
 *
 * Context: group->lock is held.
 * Return: the object; NULL if the number has none, or if it is of another device of the group.
 */
struct iommufd_pasid *iommufd_pasid_find(struct iommufd_device *idev, ioasid_t pasid)
{
	struct iommufd_pasid *p = xa_load(&idev->group->pasids, pasid);

	lockdep_assert_held(&idev->group->lock);
	return p && p->idev == idev ? p : NULL;
}
