// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: what cannot be told apart by the IOMMU is attached together.
 *
 * Devices of an IOMMU group share their page table. Each is attached by itself, for its reserved
 * ranges to be kept out of the address space, but the group is attached to the page table with the
 * first and detached with the last, and all must agree on it; a replace moves all of them. The
 * same goes for each PASID of the group, but for reserved ranges: those are of the devices' own
 * DMA, and the device as a whole has to be kept to them.
 *
 * The group's lock covers all that, and makes attach, replace and detach of its devices one after
 * the other.
 *
 * A device that has no IOMMU is in a group of its own which the core knows nothing of: attaching it
 * only keeps the memory pinned.
 */
#include <linux/iommu.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "attach/attach.h"

/**
 * iommufd_device_takes_pasids() - whether PASIDs may be attached beside what the device is attached
 * to
 * @idev: the device
 *
 * Return: false if that is a page table not made for PASIDs.
 */
bool iommufd_device_takes_pasids(struct iommufd_device *idev)
{
	struct iommufd_attach *whole;
	bool ret;

	mutex_lock(&idev->group->lock);
	whole = iommufd_group_attached(idev->group, IOMMU_NO_PASID);
	ret = !whole || whole->hwpt->pasid_ok;
	mutex_unlock(&idev->group->lock);
	return ret;
}

static int reserve(struct iommufd_device *idev, struct iommufd_hwpt_paging *hwpt,
		   phys_addr_t *sw_msi)
{
	return iopt_reserve_device(&hwpt->ioas->iopt, idev->dev, sw_msi);
}

static void unreserve(struct iommufd_device *idev, struct iommufd_hwpt_paging *hwpt)
{
	iopt_unreserve_device(&hwpt->ioas->iopt, idev->dev);
}

/* Only the DMA of devices as a whole keeps to reserved ranges, and only if an IOMMU is there. */
static bool has_reserved(const struct iommufd_group *group, ioasid_t pasid)
{
	return pasid == IOMMU_NO_PASID && group->group;
}

/*
 * Some IOMMUs have one mode for devices that use PASIDs and one for those that do not, which is
 * settled by the page table: the two kinds are not mixed.
 */
static int check_pasid(struct iommufd_group *group, ioasid_t pasid, const struct iommufd_hwpt *hwpt)
{
	const struct iommufd_attach *whole;
	unsigned long index = IOMMU_NO_PASID;

	if (pasid == IOMMU_NO_PASID) {
		if (!hwpt->pasid_ok &&
		    xa_find_after(&group->attached, &index, ULONG_MAX, XA_PRESENT))
			return -EINVAL;
		return 0;
	}
	whole = iommufd_group_attached(group, IOMMU_NO_PASID);
	if (!hwpt->pasid_ok || (whole && !whole->hwpt->pasid_ok))
		return -EINVAL;
	return 0;
}

/*
 * Whether the page table is one of the device's IOMMU driver, and the device has the PASID. The
 * core does not ask: it would hand a driver a page table of another, and skips devices that have
 * no PASIDs.
 */
static int check_device(struct iommufd_device *idev, ioasid_t pasid,
			const struct iommufd_hwpt *hwpt)
{
	bool has_iommu = idev->group->group;

	if (hwpt->domain->owner != (has_iommu ? iommu_core_ops(idev->dev) : NULL))
		return -EINVAL;
	if (pasid == IOMMU_NO_PASID)
		return hwpt->obj.type == IOMMUFD_OBJ_HWPT_SVA ? -EINVAL : 0;
	if (!has_iommu || pasid >= idev->dev->iommu->max_pasids)
		return -EINVAL;
	/* Its PASIDs have been detached for good. */
	return idev->unbinding ? -ENODEV : 0;
}

static int core_attach(struct iommufd_device *idev, ioasid_t pasid, struct iommufd_hwpt *hwpt,
		       struct iommufd_attach_handle *handle)
{
	bool shares = hwpt->obj.type == IOMMUFD_OBJ_HWPT_SVA;
	int ret;

	if (!idev->group->group)
		return 0;
	if (pasid == IOMMU_NO_PASID)
		return iommu_attach_group_handle(hwpt->domain, idev->group->group, &handle->handle);
	/*
	 * A process's page table is put into the hardware with the process kept alive: once it has
	 * ended, nobody would take the table out again before it is freed.
	 */
	if (shares && !mmget_not_zero(hwpt->domain->mm))
		return -ESRCH;
	ret = iommu_attach_device_pasid(hwpt->domain, idev->dev, pasid, &handle->handle);
	/* Its end takes long, and locks. */
	if (shares)
		mmput_async(hwpt->domain->mm);
	return ret;
}

static void core_detach(struct iommufd_device *idev, ioasid_t pasid, struct iommufd_hwpt *hwpt)
{
	if (!idev->group->group)
		return;
	if (pasid == IOMMU_NO_PASID)
		iommu_detach_group_handle(hwpt->domain, idev->group->group);
	else
		iommu_detach_device_pasid(hwpt->domain, idev->dev, pasid);
}

/*
 * 6.12's core cannot exchange the page table of a PASID: it is detached and attached anew, and what
 * the device does with it in between is blocked. If the new one is refused the old one comes back,
 * as it was there before; should the driver refuse that too, the PASID stays blocked.
 */
static int core_replace(struct iommufd_device *idev, struct iommufd_attach *attach,
			struct iommufd_hwpt *hwpt, struct iommufd_attach_handle *handle)
{
	int ret, back;

	if (!idev->group->group)
		return 0;
	if (attach->pasid == IOMMU_NO_PASID)
		return iommu_replace_group_handle(idev->group->group, hwpt->domain,
						  &handle->handle);

	if (!attach->blocked)
		core_detach(idev, attach->pasid, attach->hwpt);
	ret = core_attach(idev, attach->pasid, hwpt, handle);
	if (!ret)
		return 0;
	back = core_attach(idev, attach->pasid, attach->hwpt, attach->handle);
	attach->blocked = back;
	if (back && back != -ESRCH)
		dev_err(idev->dev,
			"iommufd: PASID %u is blocked: replacing its page table failed (%d), and so did putting the old one back (%d)\n",
			attach->pasid, ret, back);
	return ret;
}

static struct iommufd_attach_handle *handle_alloc(struct iommufd_device *idev)
{
	struct iommufd_attach_handle *handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);

	if (handle)
		handle->idev = idev;
	return handle;
}

/* Page requests come through @hwpt once it is attached: who can raise them is told to. */
static int first_attach(struct iommufd_device *idev, struct iommufd_attach *attach,
			struct iommufd_hwpt *hwpt)
{
	int ret;

	attach->handle = handle_alloc(idev);
	if (!attach->handle)
		return -ENOMEM;
	ret = iommufd_fault_enable(hwpt, idev);
	if (ret)
		goto err_free_handle;
	ret = core_attach(idev, attach->pasid, hwpt, attach->handle);
	if (ret)
		goto err_disable;
	attach->hwpt = hwpt;
	return 0;

err_disable:
	/* Of several devices some may have been attached for a moment. */
	iommufd_hwpt_drain(hwpt, attach->handle);
	iommufd_fault_disable(hwpt, idev);
err_free_handle:
	kfree(attach->handle);
	return ret;
}

/* DMA has ended, so no more requests come: answer those that were not, then forget the handle. */
static void last_detach(struct iommufd_device *idev, struct iommufd_attach *attach)
{
	if (!attach->blocked)
		core_detach(idev, attach->pasid, attach->hwpt);
	iommufd_hwpt_drain(attach->hwpt, attach->handle);
	iommufd_fault_disable(attach->hwpt, attach->handle->idev);
	kfree(attach->handle);
}

/* A place for an attachment of the group; the devices come later. */
static struct iommufd_attach *attach_alloc(struct iommufd_group *group, ioasid_t pasid, u32 pt_id)
{
	struct iommufd_attach *attach = kzalloc(sizeof(*attach), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!attach)
		return ERR_PTR(-ENOMEM);
	attach->pasid = pasid;
	attach->pt_id = pt_id;
	xa_init_flags(&attach->devices, XA_FLAGS_ACCOUNT);
	ret = xa_err(xa_store(&group->attached, pasid, attach, GFP_KERNEL_ACCOUNT));
	if (ret) {
		kfree(attach);
		return ERR_PTR(ret);
	}
	return attach;
}

static void attach_free(struct iommufd_group *group, struct iommufd_attach *attach)
{
	xa_erase(&group->attached, attach->pasid);
	xa_destroy(&attach->devices);
	kfree_rcu(attach, rcu);
}

/* For fdinfo, which waits for no lock. */
static void count(struct iommufd_device *idev, ioasid_t pasid, int n)
{
	if (pasid == IOMMU_NO_PASID)
		WRITE_ONCE(idev->attached, n > 0);
	else
		WRITE_ONCE(idev->pasids, idev->pasids + n);
}

/*
 * The PASID has an object: that cannot be destroyed while the PASID is attached. What is attached
 * can be looked up by others.
 */
static int own_pasid(struct iommufd_device *idev, struct iommufd_attach *attach)
{
	struct iommufd_pasid *owner = xa_load(&idev->group->pasids, attach->pasid);
	int ret;

	if (attach->pasid == IOMMU_NO_PASID)
		return 0;
	/* The number is that of another device, which would be attached, too. */
	if (owner && owner->idev != idev)
		return -EBUSY;
	ret = iommufd_pasid_map_pt_reserve(idev, attach->pt_id);
	if (ret || !owner)
		return ret;
	/* It is on its way out. */
	if (!refcount_inc_not_zero(&owner->obj.users)) {
		iommufd_pasid_map_pt_release(idev, attach->pt_id);
		return -EBUSY;
	}
	attach->owner = owner;
	return 0;
}

static void disown_pasid(struct iommufd_device *idev, struct iommufd_attach *attach)
{
	struct iommufd_pasid *owner = attach->owner;

	if (!owner || owner->idev != idev)
		return;
	attach->owner = NULL;
	WRITE_ONCE(owner->pt_id, IOMMU_EXT_NONE);
	iommufd_object_unref(&owner->obj);
}

/* It is attached, and nothing can fail any more. */
static void tell_pasid(struct iommufd_device *idev, struct iommufd_attach *attach)
{
	if (attach->pasid == IOMMU_NO_PASID)
		return;
	iommufd_pasid_map_pt(idev, attach->pt_id, attach->pasid);
	if (attach->owner && attach->owner->idev == idev)
		WRITE_ONCE(attach->owner->pt_id, attach->pt_id);
}

static int do_attach(struct iommufd_device *idev, struct iommufd_attach *attach,
		     struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt_paging *paging = iommufd_hwpt_to_paging(hwpt);
	struct iommufd_group *group = idev->group;
	bool reserved = has_reserved(group, attach->pasid);
	int ret;

	/* What needs memory comes first: nothing may fail once the device is attached. */
	ret = xa_insert(&attach->devices, idev->obj.id, idev, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	ret = own_pasid(idev, attach);
	if (ret)
		goto err_erase;
	if (reserved) {
		ret = reserve(idev, paging, &group->sw_msi_start);
		if (ret)
			goto err_disown;
	}
	if (!attach->hwpt) {
		if (reserved)
			ret = iommufd_hwpt_setup_msi(paging, group->sw_msi_start);
		if (!ret)
			ret = first_attach(idev, attach, hwpt);
		if (ret)
			goto err_unreserve;
	}
	iommufd_object_ref(&hwpt->obj);
	count(idev, attach->pasid, 1);
	tell_pasid(idev, attach);
	return 0;

err_unreserve:
	if (reserved)
		unreserve(idev, paging);
err_disown:
	disown_pasid(idev, attach);
	if (attach->pasid != IOMMU_NO_PASID)
		iommufd_pasid_map_pt_release(idev, attach->pt_id);
err_erase:
	xa_erase(&attach->devices, idev->obj.id);
	return ret;
}

/**
 * iommufd_group_attach() - attach a device, or a PASID of it
 * @idev: the device
 * @pasid: the PASID, or IOMMU_NO_PASID
 * @hwpt: the page table; the device is a user of it on success
 * @pt_id: how it was named; of the devices of a group the first one's counts
 *
 * Return: 0; -EBUSY if it is attached already, or the PASID's object is being destroyed; -EINVAL if
 * its group is attached to another page table, the IOMMU cannot use this one for it, or page tables
 * for PASIDs and others would be mixed; -ENODEV for a PASID of a device that is being unbound;
 * -EADDRINUSE if reserved ranges are mapped; -ENOMEM; an error of the IOMMU driver.
 */
int iommufd_group_attach(struct iommufd_device *idev, ioasid_t pasid, struct iommufd_hwpt *hwpt,
			 u32 pt_id)
{
	struct iommufd_group *group = idev->group;
	struct iommufd_attach *attach;
	int ret;

	mutex_lock(&group->lock);
	attach = iommufd_group_attached(group, pasid);
	if (attach && xa_load(&attach->devices, idev->obj.id)) {
		ret = -EBUSY;
		goto out_unlock;
	}
	/* Page requests name no device but the one that is attached. */
	if (attach && (attach->hwpt != hwpt || iommufd_hwpt_has_faults(hwpt)))
		ret = -EINVAL;
	else
		ret = check_device(idev, pasid, hwpt);
	if (!ret)
		ret = check_pasid(group, pasid, hwpt);
	if (ret)
		goto out_unlock;

	if (!attach) {
		attach = attach_alloc(group, pasid, pt_id);
		if (IS_ERR(attach)) {
			ret = PTR_ERR(attach);
			goto out_unlock;
		}
	}
	ret = do_attach(idev, attach, hwpt);
	if (ret && !attach->hwpt)
		attach_free(group, attach);
out_unlock:
	mutex_unlock(&group->lock);
	return ret;
}

/* Keep the reserved ranges of all devices out of another address space. */
static int reserve_all(struct iommufd_attach *attach, struct iommufd_hwpt_paging *hwpt)
{
	struct iommufd_device *idev, *done;
	unsigned long id;
	int ret;

	xa_for_each(&attach->devices, id, idev) {
		ret = reserve(idev, hwpt, NULL);
		if (ret)
			goto err_undo;
	}
	return 0;

err_undo:
	xa_for_each(&attach->devices, id, done) {
		if (done == idev)
			break;
		unreserve(done, hwpt);
	}
	return ret;
}

static void unreserve_all(struct iommufd_attach *attach, struct iommufd_hwpt_paging *hwpt)
{
	struct iommufd_device *idev;
	unsigned long id;

	xa_for_each(&attach->devices, id, idev)
		unreserve(idev, hwpt);
}

/* From here on page requests are those of the new page table. */
static int switch_table(struct iommufd_device *idev, struct iommufd_attach *attach,
			struct iommufd_hwpt *hwpt)
{
	struct iommufd_attach_handle *handle = handle_alloc(idev);
	int ret;

	if (!handle)
		return -ENOMEM;
	ret = iommufd_fault_enable(hwpt, idev);
	if (ret)
		goto err_free_handle;
	ret = core_replace(idev, attach, hwpt, handle);
	if (ret)
		goto err_disable;

	/* A request that the old page table raised is not for those who serve the new one. */
	iommufd_hwpt_drain(attach->hwpt, attach->handle);
	iommufd_fault_disable(attach->hwpt, attach->handle->idev);
	kfree(attach->handle);
	attach->handle = handle;
	attach->hwpt = hwpt;
	attach->blocked = false;
	return 0;

err_disable:
	iommufd_hwpt_drain(hwpt, handle);
	iommufd_fault_disable(hwpt, idev);
err_free_handle:
	kfree(handle);
	return ret;
}

static int do_replace(struct iommufd_device *idev, struct iommufd_attach *attach,
		      struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt_paging *old = iommufd_hwpt_to_paging(attach->hwpt);
	struct iommufd_hwpt_paging *new = iommufd_hwpt_to_paging(hwpt);
	struct iommufd_group *group = idev->group;
	/* Within one address space the ranges are kept out already, and have to stay so. */
	bool other_ioas = has_reserved(group, attach->pasid) && old->ioas != new->ioas;
	int ret = 0;

	if (other_ioas) {
		ret = reserve_all(attach, new);
		if (ret)
			return ret;
	}
	if (has_reserved(group, attach->pasid))
		ret = iommufd_hwpt_setup_msi(new, group->sw_msi_start);
	if (!ret)
		ret = switch_table(idev, attach, hwpt);
	if (other_ioas)
		unreserve_all(attach, ret ? new : old);
	return ret;
}

/* A replace is going to name all devices of an attachment anew, for who looks up PASIDs. */
static int rename_begin(struct iommufd_attach *attach, u32 pt_id)
{
	struct iommufd_device *idev, *done;
	unsigned long id;
	int ret;

	if (attach->pasid == IOMMU_NO_PASID)
		return 0;
	xa_for_each(&attach->devices, id, idev) {
		ret = iommufd_pasid_map_pt_reserve(idev, pt_id);
		if (ret)
			goto err_release;
	}
	return 0;

err_release:
	xa_for_each(&attach->devices, id, done) {
		if (done == idev)
			break;
		iommufd_pasid_map_pt_release(done, pt_id);
	}
	return ret;
}

static void rename_end(struct iommufd_attach *attach, u32 pt_id, bool replaced)
{
	struct iommufd_device *idev;
	u32 old_id = attach->pt_id;
	unsigned long id;

	if (replaced)
		WRITE_ONCE(attach->pt_id, pt_id);
	if (attach->pasid == IOMMU_NO_PASID)
		return;
	xa_for_each(&attach->devices, id, idev) {
		if (!replaced) {
			iommufd_pasid_map_pt_release(idev, pt_id);
			continue;
		}
		tell_pasid(idev, attach);
		if (old_id != pt_id)
			iommufd_pasid_unmap_pt(idev, old_id, attach->pasid);
	}
}

/* Whether an attached device can go to a page table with all others of its group, @n in all. */
static int check_replace(struct iommufd_device *idev, struct iommufd_attach *attach,
			 struct iommufd_hwpt *hwpt, unsigned int n)
{
	int ret = check_device(idev, attach->pasid, hwpt);

	if (!ret)
		ret = check_pasid(idev->group, attach->pasid, hwpt);
	if (!ret && iommufd_hwpt_has_faults(hwpt) && n > 1)
		ret = -EINVAL;
	return ret;
}

/**
 * iommufd_group_replace() - move a device, and its group with it, to another page table
 * @idev: attached
 * @pasid: the PASID in question, or IOMMU_NO_PASID
 * @hwpt: the new page table
 * @pt_id: how it was named
 * @old: out: the page table before, or NULL if it is the same
 * @users: out: how many uses of @old the caller has to drop
 *
 * If the IOMMU driver can, DMA of the device goes on throughout; that of a PASID is blocked for a
 * moment. On failure nothing has changed.
 *
 * Return: as iommufd_group_attach(); -EINVAL if the device is not attached.
 */
int iommufd_group_replace(struct iommufd_device *idev, ioasid_t pasid, struct iommufd_hwpt *hwpt,
			  u32 pt_id, struct iommufd_hwpt **old, unsigned int *users)
{
	struct iommufd_group *group = idev->group;
	struct iommufd_attach *attach;
	struct iommufd_hwpt *before;
	unsigned int n = 0;
	unsigned long id;
	void *entry;
	bool change;
	int ret;

	*old = NULL;
	*users = 0;
	mutex_lock(&group->lock);
	attach = iommufd_group_find(idev, pasid);
	if (!attach) {
		ret = -EINVAL;
		goto out_unlock;
	}
	xa_for_each(&attach->devices, id, entry)
		n++;
	ret = rename_begin(attach, pt_id);
	if (ret)
		goto out_unlock;
	before = attach->hwpt;
	/* One that is blocked has to be attached again, be it to the same. */
	change = before != hwpt || attach->blocked;
	if (change) {
		ret = check_replace(idev, attach, hwpt, n);
		if (!ret)
			ret = do_replace(idev, attach, hwpt);
	}
	rename_end(attach, pt_id, !ret);
	if (ret || !change)
		goto out_unlock;

	refcount_add(n, &hwpt->obj.users);
	*users = n;
	*old = before;
out_unlock:
	mutex_unlock(&group->lock);
	return ret;
}

/**
 * iommufd_group_detach() - detach a device, or a PASID of it
 * @idev: the device
 * @pasid: the PASID, or IOMMU_NO_PASID
 *
 * The last device of the group takes its DMA with it: it is blocked on return.
 *
 * Return: the page table it was attached to, of which the caller drops one use; NULL if it was not
 * attached.
 */
struct iommufd_hwpt *iommufd_group_detach(struct iommufd_device *idev, ioasid_t pasid)
{
	struct iommufd_group *group = idev->group;
	struct iommufd_hwpt *hwpt = NULL;
	struct iommufd_attach *attach;
	bool last;

	mutex_lock(&group->lock);
	attach = iommufd_group_attached(group, pasid);
	if (!attach || !xa_erase(&attach->devices, idev->obj.id))
		goto out_unlock;
	count(idev, pasid, -1);
	hwpt = attach->hwpt;
	last = xa_empty(&attach->devices);
	if (pasid != IOMMU_NO_PASID)
		iommufd_pasid_unmap_pt(idev, attach->pt_id, pasid);
	if (last)
		last_detach(idev, attach);
	/* The number is free to go when its DMA has ended. */
	disown_pasid(idev, attach);
	if (last)
		attach_free(group, attach);
	if (has_reserved(group, pasid))
		unreserve(idev, iommufd_hwpt_to_paging(hwpt));
out_unlock:
	mutex_unlock(&group->lock);
	return hwpt;
}
