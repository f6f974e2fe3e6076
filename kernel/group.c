// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: what cannot be told apart by the IOMMU is attached together.
 *
 * Devices of an IOMMU group share their page table. Each is attached by itself, for its reserved
 * ranges to be kept out of the address space, but the group is attached to the page table with the
 * first and detached with the last, and all must agree on it; a replace moves all of them.
 *
 * The group's lock covers all that, and makes attach, replace and detach of its devices one after
 * the other.
 */
#include <linux/iommu.h>
#include <linux/slab.h>

#include "iommufd_private.h"

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

	group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group) {
		iommu_group_put(core);
		group = ERR_PTR(-ENOMEM);
		goto out_unlock;
	}
	group->ctx = ctx;
	group->group = core;
	group->bound = 1;
	mutex_init(&group->lock);
	INIT_LIST_HEAD(&group->devices);
	group->sw_msi_start = PHYS_ADDR_MAX;
	list_add_tail(&group->item, &ctx->groups);
out_unlock:
	mutex_unlock(&ctx->groups_lock);
	return group;
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

	WARN_ON(group->hwpt || !list_empty(&group->devices));
	iommu_group_put(group->group);
	mutex_destroy(&group->lock);
	kfree(group);
}

/**
 * iommufd_group_is_attached() - whether a device of the group is attached
 * @group: the group
 *
 * Then the others can only follow it, and need no page table of their own.
 *
 * Return: true if one is.
 */
bool iommufd_group_is_attached(struct iommufd_group *group)
{
	bool ret;

	mutex_lock(&group->lock);
	ret = group->hwpt;
	mutex_unlock(&group->lock);
	return ret;
}

static int reserve(struct iommufd_device *idev, struct iommufd_hwpt *hwpt, phys_addr_t *sw_msi)
{
	return iopt_reserve_device(&hwpt->ioas->iopt, idev->dev, sw_msi);
}

static void unreserve(struct iommufd_device *idev, struct iommufd_hwpt *hwpt)
{
	iopt_unreserve_device(&hwpt->ioas->iopt, idev->dev);
}

/**
 * iommufd_group_attach() - attach a device
 * @idev: not attached yet
 * @hwpt: the page table; the device is a user of it on success
 *
 * Return: 0; -EINVAL if the group is attached to another page table, or the IOMMU cannot use this
 * one for it; -EADDRINUSE if reserved ranges are mapped; -ENOMEM; an error of the IOMMU driver.
 */
int iommufd_group_attach(struct iommufd_device *idev, struct iommufd_hwpt *hwpt)
{
	struct iommufd_group *group = idev->group;
	struct iommu_attach_handle *handle;
	int ret;

	mutex_lock(&group->lock);
	if (idev->attached || (group->hwpt && group->hwpt != hwpt)) {
		ret = -EINVAL;
		goto out_unlock;
	}
	ret = reserve(idev, hwpt, &group->sw_msi_start);
	if (ret)
		goto out_unlock;

	if (!group->hwpt) {
		ret = iommufd_hwpt_setup_msi(hwpt, group->sw_msi_start);
		if (ret)
			goto err_unreserve;
		handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
		if (!handle) {
			ret = -ENOMEM;
			goto err_unreserve;
		}
		ret = iommu_attach_group_handle(hwpt->table.domain, group->group, handle);
		if (ret)
			goto err_free_handle;
		group->handle = handle;
		group->hwpt = hwpt;
	}
	refcount_inc(&hwpt->obj.users);
	list_add_tail(&idev->item, &group->devices);
	idev->attached = true;
	goto out_unlock;

err_free_handle:
	kfree(handle);
err_unreserve:
	unreserve(idev, hwpt);
out_unlock:
	mutex_unlock(&group->lock);
	return ret;
}

/* Keep the reserved ranges of all devices out of another address space. */
static int reserve_all(struct iommufd_group *group, struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev, *done;
	int ret;

	list_for_each_entry(idev, &group->devices, item) {
		ret = reserve(idev, hwpt, NULL);
		if (ret)
			goto err_undo;
	}
	return 0;

err_undo:
	list_for_each_entry(done, &group->devices, item) {
		if (done == idev)
			break;
		unreserve(done, hwpt);
	}
	return ret;
}

static void unreserve_all(struct iommufd_group *group, struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev;

	list_for_each_entry(idev, &group->devices, item)
		unreserve(idev, hwpt);
}

/**
 * iommufd_group_replace() - move a device, and its group with it, to another page table
 * @idev: attached
 * @hwpt: the new page table
 * @old: out: the page table before, or NULL if it is the same
 * @users: out: how many uses of @old the caller has to drop
 *
 * If the IOMMU driver can, DMA goes on throughout. On failure nothing has changed.
 *
 * Return: as iommufd_group_attach(); -EINVAL if the device is not attached.
 */
int iommufd_group_replace(struct iommufd_device *idev, struct iommufd_hwpt *hwpt,
			  struct iommufd_hwpt **old, unsigned int *users)
{
	struct iommufd_group *group = idev->group;
	struct iommu_attach_handle *handle;
	bool other_ioas;
	int ret = 0;

	*old = NULL;
	*users = 0;
	mutex_lock(&group->lock);
	if (!idev->attached) {
		ret = -EINVAL;
		goto out_unlock;
	}
	if (group->hwpt == hwpt)
		goto out_unlock;

	handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	if (!handle) {
		ret = -ENOMEM;
		goto out_unlock;
	}
	/* Within one address space the ranges are kept out already, and have to stay so. */
	other_ioas = group->hwpt->ioas != hwpt->ioas;
	if (other_ioas) {
		ret = reserve_all(group, hwpt);
		if (ret)
			goto err_free_handle;
	}
	ret = iommufd_hwpt_setup_msi(hwpt, group->sw_msi_start);
	if (ret)
		goto err_unreserve;
	ret = iommu_replace_group_handle(group->group, hwpt->table.domain, handle);
	if (ret)
		goto err_unreserve;

	if (other_ioas)
		unreserve_all(group, group->hwpt);
	*users = list_count_nodes(&group->devices);
	refcount_add(*users, &hwpt->obj.users);
	*old = group->hwpt;
	group->hwpt = hwpt;
	kfree(group->handle);
	group->handle = handle;
	goto out_unlock;

err_unreserve:
	if (other_ioas)
		unreserve_all(group, hwpt);
err_free_handle:
	kfree(handle);
out_unlock:
	mutex_unlock(&group->lock);
	return ret;
}

/**
 * iommufd_group_detach() - detach a device
 * @idev: attached
 *
 * The last device of the group takes its DMA with it: it is blocked on return.
 *
 * Return: the page table it was attached to, of which the caller drops one use.
 */
struct iommufd_hwpt *iommufd_group_detach(struct iommufd_device *idev)
{
	struct iommufd_group *group = idev->group;
	struct iommufd_hwpt *hwpt;

	mutex_lock(&group->lock);
	hwpt = group->hwpt;
	list_del(&idev->item);
	idev->attached = false;
	if (list_empty(&group->devices)) {
		iommu_detach_group_handle(hwpt->table.domain, group->group);
		kfree(group->handle);
		group->handle = NULL;
		group->hwpt = NULL;
	}
	unreserve(idev, hwpt);
	mutex_unlock(&group->lock);
	return hwpt;
}
