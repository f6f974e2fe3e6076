// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attach, replace and detach IOMMU groups.
 *
 * Devices of an IOMMU group share one page table. Drivers attach each device by itself, so that its
 * reserved ranges are excluded from the address space, but the group is attached with the first and
 * detached with the last one. All must name the same HWPT; a replace moves all of them. The same
 * applies to each PASID of the group, except for reserved ranges: those concern DMA without a
 * PASID.
 *
 * Everything here runs under group->lock, which serialises attach, replace and detach, except for
 * what has to wait for an address space.
 *
 * Attaching a device that has no IOMMU only keeps the memory of the IOAS pinned.
 */
#include <linux/iommu.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "attach/attach.h"
#include "attach/spaces.h"

/**
 * iommufd_device_allows_pasids() - check whether PASIDs may be attached beside the whole device
 * @idev: the device
 *
 * Context: may sleep; takes group->lock. The answer may be out of date on return.
 * Return: false if the whole device is attached to a HWPT not made with IOMMU_HWPT_ALLOC_PASID.
 */
bool iommufd_device_allows_pasids(struct iommufd_device *idev)
{
	struct iommufd_attachment *whole;
	bool ret;

	mutex_lock(&idev->group->lock);
	whole = iommufd_group_attachment(idev->group, IOMMU_NO_PASID);
	ret = !whole || whole->hwpt->pasid_compat;
	mutex_unlock(&idev->group->lock);
	return ret;
}

/* Reserved ranges concern DMA without a PASID, of devices that have an IOMMU. */
static bool has_reserved(const struct iommufd_group *group, ioasid_t pasid)
{
	return pasid == IOMMU_NO_PASID && group->group;
}

/*
 * Some IOMMUs have one mode for devices that use PASIDs and another for those that do not. The page
 * table selects the mode, so refuse to mix the two kinds.
 */
static int check_pasid(struct iommufd_group *group, ioasid_t pasid, const struct iommufd_hwpt *hwpt)
{
	const struct iommufd_attachment *whole;
	unsigned long index = IOMMU_NO_PASID;

	if (pasid == IOMMU_NO_PASID) {
		if (!hwpt->pasid_compat &&
		    xa_find_after(&group->attachments, &index, ULONG_MAX, XA_PRESENT))
			return -EINVAL;
		return 0;
	}
	whole = iommufd_group_attachment(group, IOMMU_NO_PASID);
	if (!hwpt->pasid_compat || (whole && !whole->hwpt->pasid_compat))
		return -EINVAL;
	return 0;
}

/*
 * Check that the page table is one of the device's IOMMU driver and that the device has the PASID.
 * The core does not: it would pass a driver the page table of another, and it skips devices without
 * PASIDs.
 */
static int check_device(struct iommufd_device *idev, ioasid_t pasid,
			const struct iommufd_hwpt *hwpt)
{
	bool has_iommu = idev->group->group;

	if (hwpt->domain->owner != (has_iommu ? iommu_core_ops(idev->dev) : NULL))
		return -EINVAL;
	if (pasid == IOMMU_NO_PASID)
		return iommufd_hwpt_is_sva(hwpt) ? -EINVAL : 0;
	if (!has_iommu || pasid >= idev->dev->iommu->max_pasids)
		return -EINVAL;
	/* Its PASIDs were detached, and must stay so. */
	return idev->unbinding ? -ENODEV : 0;
}

static int core_attach(struct iommufd_device *idev, ioasid_t pasid, struct iommufd_hwpt *hwpt,
		       struct iommufd_attach_handle *handle)
{
	bool sva = iommufd_hwpt_is_sva(hwpt);
	int ret;

	if (!idev->group->group)
		return 0;
	if (pasid == IOMMU_NO_PASID)
		return iommu_attach_group_handle(hwpt->domain, idev->group->group, &handle->handle);
	/*
	 * Keep the process alive while its page table is installed: once it has exited, its MMU
	 * notifier will not remove the table from the hardware before it is freed.
	 */
	if (sva && !mmget_not_zero(hwpt->domain->mm))
		return -ESRCH;
	ret = iommu_attach_device_pasid(hwpt->domain, idev->dev, pasid, &handle->handle);
	/* mmput() can sleep for long and takes locks of the process. */
	if (sva)
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

/* Replace the page table of a PASID without a gap. The old one stays if the new one is refused. */
static int replace_pasid(struct iommufd_device *idev, ioasid_t pasid, struct iommufd_hwpt *hwpt,
			 struct iommufd_attach_handle *handle)
{
	bool sva = iommufd_hwpt_is_sva(hwpt);
	int ret;

	if (sva && !mmget_not_zero(hwpt->domain->mm))
		return -ESRCH;
	ret = iommu_replace_device_pasid(hwpt->domain, idev->dev, pasid, &handle->handle);
	if (sva)
		mmput_async(hwpt->domain->mm);
	return ret;
}

/*
 * 6.12's core cannot replace the page table of a PASID, so detach the PASID and attach it again;
 * its DMA is blocked in between. If the new page table is refused, attach the old one, which was
 * accepted before. If the driver refuses that, too, the PASID stays blocked.
 */
static int core_replace(struct iommufd_device *idev, struct iommufd_attachment *attach,
			struct iommufd_hwpt *hwpt, struct iommufd_attach_handle *handle)
{
	int ret, undo;

	if (!idev->group->group)
		return 0;
	if (attach->pasid == IOMMU_NO_PASID)
		return iommu_replace_group_handle(idev->group->group, hwpt->domain,
						  &handle->handle);

	if (PORT_HAS_REPLACE_PASID)
		return replace_pasid(idev, attach->pasid, hwpt, handle);
	if (!attach->blocked)
		core_detach(idev, attach->pasid, attach->hwpt);
	ret = core_attach(idev, attach->pasid, hwpt, handle);
	if (!ret)
		return 0;
	undo = core_attach(idev, attach->pasid, attach->hwpt, attach->handle);
	attach->blocked = undo;
	if (undo && undo != -ESRCH)
		dev_err(idev->dev,
			"iommufd: PASID %u is blocked: cannot attach its new page table (%d) nor the old one again (%d); detach the PASID and attach it again\n",
			attach->pasid, ret, undo);
	return ret;
}

static struct iommufd_attach_handle *handle_alloc(struct iommufd_device *idev,
						  struct iommufd_hwpt *hwpt)
{
	struct iommufd_attach_handle *handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);

	if (!handle)
		return NULL;
	handle->idev = idev;
	handle->hwpt = hwpt;
	return handle;
}

/* Attach the group with its first device. Enable page requests first, if @hwpt needs them. */
static int attach_first(struct iommufd_device *idev, struct iommufd_attachment *attach,
			struct iommufd_hwpt *hwpt)
{
	int ret;

	attach->handle = handle_alloc(idev, hwpt);
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
	/* The core may have attached some devices of the group for a moment. */
	iommufd_hwpt_drain(hwpt, attach->handle);
	iommufd_fault_disable(hwpt, idev);
err_free_handle:
	kfree(attach->handle);
	return ret;
}

/*
 * Detach the group with its last device. The order matters: block DMA so that no new page request
 * comes, respond to the remaining ones, then free the handle that they refer to.
 */
static void detach_last(struct iommufd_device *idev, struct iommufd_attachment *attach)
{
	if (!attach->blocked)
		core_detach(idev, attach->pasid, attach->hwpt);
	iommufd_hwpt_drain(attach->hwpt, attach->handle);
	iommufd_fault_disable(attach->hwpt, attach->handle->idev);
	kfree(attach->handle);
}

/* Make an attachment of the group without devices. */
static struct iommufd_attachment *attachment_alloc(struct iommufd_group *group, ioasid_t pasid,
						   u32 pt_id)
{
	struct iommufd_attachment *attach = kzalloc(sizeof(*attach), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!attach)
		return ERR_PTR(-ENOMEM);
	attach->pasid = pasid;
	attach->pt_id = pt_id;
	xa_init_flags(&attach->devices, XA_FLAGS_ACCOUNT);
	ret = xa_err(xa_store(&group->attachments, pasid, attach, GFP_KERNEL_ACCOUNT));
	if (ret) {
		kfree(attach);
		return ERR_PTR(ret);
	}
	group->nr_attachments++;
	if (pasid != IOMMU_NO_PASID)
		iommufd_pasid_index_pt(group, attach);
	return attach;
}

static void attachment_free(struct iommufd_group *group, struct iommufd_attachment *attach)
{
	if (attach->pasid != IOMMU_NO_PASID)
		rb_erase(&attach->node, &group->by_pt);
	group->nr_attachments--;
	xa_erase(&group->attachments, attach->pasid);
	xa_destroy(&attach->devices);
	kfree_rcu(attach, rcu);
}

/* Count attachments for fdinfo, which cannot take group->lock. */
static void count_attached(struct iommufd_device *idev, ioasid_t pasid, int n)
{
	if (pasid == IOMMU_NO_PASID)
		WRITE_ONCE(idev->attached, n > 0);
	else
		WRITE_ONCE(idev->nr_pasids, idev->nr_pasids + n);
}

/*
 * If the PASID has an object, take a reference so that it cannot be destroyed while the PASID is
 * attached. Also reserve the entry that in-kernel users look up.
 */
static int ref_pasid(struct iommufd_device *idev, struct iommufd_attachment *attach)
{
	struct iommufd_pasid *p = xa_load(&idev->group->pasids, attach->pasid);
	int ret;

	if (attach->pasid == IOMMU_NO_PASID)
		return 0;
	/* Attaching the group would also attach the device that has the number. */
	if (p && p->idev != idev)
		return -EBUSY;
	ret = iommufd_pasid_map_pt_reserve(idev, attach->pt_id);
	if (ret || !p)
		return ret;
	/* Another thread is destroying it. */
	if (!refcount_inc_not_zero(&p->obj.users)) {
		iommufd_pasid_map_pt_release(idev, attach->pt_id);
		return -EBUSY;
	}
	attach->pasid_obj = p;
	return 0;
}

static void unref_pasid(struct iommufd_device *idev, struct iommufd_attachment *attach)
{
	struct iommufd_pasid *p = attach->pasid_obj;

	if (!p || p->idev != idev)
		return;
	attach->pasid_obj = NULL;
	WRITE_ONCE(p->pt_id, IOMMU_EXT_NONE);
	iommufd_object_unref(&p->obj);
}

/* Make the attachment of a PASID visible to look-ups and fdinfo. Cannot fail after ref_pasid(). */
static void publish_pasid(struct iommufd_device *idev, struct iommufd_attachment *attach)
{
	if (attach->pasid == IOMMU_NO_PASID)
		return;
	iommufd_pasid_map_pt(idev, attach->pt_id, attach->pasid);
	if (attach->pasid_obj && attach->pasid_obj->idev == idev)
		WRITE_ONCE(attach->pasid_obj->pt_id, attach->pt_id);
}

/*
 * Attach a device of the group to @hwpt, which is that of @attach unless the device is the first.
 */
static int do_attach(struct iommufd_device *idev, struct iommufd_attachment *attach,
		     struct iommufd_hwpt *hwpt, struct spaces *spaces)
{
	struct iommufd_hwpt_paging *paging = iommufd_hwpt_to_paging(hwpt);
	struct iommufd_group *group = idev->group;
	bool reserved = has_reserved(group, attach->pasid);
	int ret;

	/* Allocate first: nothing may fail once the device is attached. */
	ret = xa_insert(&attach->devices, idev->obj.id, idev, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	ret = ref_pasid(idev, attach);
	if (ret)
		goto err_erase;
	if (reserved) {
		ret = spaces_reserve(idev, paging, &group->sw_msi_start, spaces);
		spaces_release(spaces);
		if (ret)
			goto err_unref_pasid;
	}
	if (!attach->hwpt) {
		if (reserved)
			ret = iommufd_hwpt_setup_msi(paging, group->sw_msi_start);
		if (!ret)
			ret = attach_first(idev, attach, hwpt);
		if (ret)
			goto err_unreserve;
	}
	iommufd_object_ref(&hwpt->obj);
	count_attached(idev, attach->pasid, 1);
	publish_pasid(idev, attach);
	return 0;

err_unreserve:
	if (reserved)
		spaces_unreserve(idev, spaces);
err_unref_pasid:
	unref_pasid(idev, attach);
	if (attach->pasid != IOMMU_NO_PASID)
		iommufd_pasid_map_pt_release(idev, attach->pt_id);
err_erase:
	xa_erase(&attach->devices, idev->obj.id);
	return ret;
}

static int attach_locked(struct iommufd_attach_args *args, struct iommufd_hwpt *hwpt,
			 struct spaces *spaces)
{
	struct iommufd_device *idev = args->idev;
	struct iommufd_group *group = idev->group;
	struct iommufd_attachment *attach;
	int ret;

	attach = iommufd_group_attachment(group, args->pasid);
	if (attach && xa_load(&attach->devices, idev->obj.id))
		return -EBUSY;
	/* Page requests are reported for one device only, the first. */
	if (attach && (attach->hwpt != hwpt || iommufd_hwpt_has_faults(hwpt)))
		ret = -EINVAL;
	else
		ret = check_device(idev, args->pasid, hwpt);
	if (!ret)
		ret = check_pasid(group, args->pasid, hwpt);
	if (ret)
		return ret;

	if (!attach) {
		attach = attachment_alloc(group, args->pasid, args->pt_id);
		if (IS_ERR(attach))
			return PTR_ERR(attach);
	}
	ret = do_attach(idev, attach, hwpt, spaces);
	if (ret && !attach->hwpt)
		attachment_free(group, attach);
	return ret;
}

/**
 * iommufd_group_attach() - attach a device, or a PASID of it, to a HWPT
 * @args: idev, pasid and pt_id are used; pt_id is recorded for the first device of a group only
 * @hwpt: the HWPT; the device takes a reference on it
 *
 * Context: may sleep; takes group->lock.
 * Return: 0; -EBUSY if it is attached, or the PASID's object is being destroyed or is that of
 * another device; -EINVAL if its group is attached to another HWPT, the IOMMU cannot use this one
 * for it, or HWPTs for PASIDs and others would be mixed; -ENODEV for a PASID of a device that is
 * being unbound; -EADDRINUSE if memory is mapped in a reserved range; -ENOMEM; -EINTR if killed; an
 * error of the IOMMU driver.
 */
int iommufd_group_attach(struct iommufd_attach_args *args, struct iommufd_hwpt *hwpt)
{
	struct iommufd_group *group = args->idev->group;
	struct spaces spaces;
	int ret;

	spaces_init(&spaces);
	do {
		ret = spaces_lock(&spaces, group);
		if (ret)
			return ret;
		ret = attach_locked(args, hwpt, &spaces);
		spaces_unlock(&spaces, group);
	} while (spaces.busy);
	return ret;
}

/* Exclude the reserved ranges of all devices from another address space. */
static int reserve_all(struct iommufd_attachment *attach, struct iommufd_hwpt_paging *hwpt,
		       struct spaces *spaces)
{
	struct iommufd_device *idev, *done;
	unsigned long id;
	int ret;

	xa_for_each(&attach->devices, id, idev) {
		ret = spaces_reserve(idev, hwpt, NULL, spaces);
		if (ret)
			goto err_undo;
	}
	return 0;

err_undo:
	xa_for_each(&attach->devices, id, done) {
		if (done == idev)
			break;
		spaces_unreserve(done, spaces);
	}
	return ret;
}

/* Free the ranges in the old address space, or in the new one if the replace failed. */
static void unreserve_all(struct iommufd_attachment *attach, bool replaced, struct spaces *spaces)
{
	struct iommufd_device *idev;
	unsigned long id;

	xa_for_each(&attach->devices, id, idev) {
		if (replaced)
			spaces_unreserve_old(idev, spaces);
		else
			spaces_unreserve(idev, spaces);
	}
}

/* Switch the group to another HWPT, and its page requests with it. */
static int replace_hwpt(struct iommufd_device *idev, struct iommufd_attachment *attach,
			struct iommufd_hwpt *hwpt)
{
	struct iommufd_attach_handle *handle = handle_alloc(idev, hwpt);
	int ret;

	if (!handle)
		return -ENOMEM;
	ret = iommufd_fault_enable(hwpt, idev);
	if (ret)
		goto err_free_handle;
	ret = core_replace(idev, attach, hwpt, handle);
	if (ret)
		goto err_disable;

	/*
	 * Requests that came through the old page table must not reach readers of the new FAULT
	 * object.
	 */
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

static int do_replace(struct iommufd_device *idev, struct iommufd_attachment *attach,
		      struct iommufd_hwpt *hwpt, struct spaces *spaces)
{
	struct iommufd_hwpt_paging *old = iommufd_hwpt_to_paging(attach->hwpt);
	struct iommufd_hwpt_paging *new = iommufd_hwpt_to_paging(hwpt);
	struct iommufd_group *group = idev->group;
	/* If the IOAS stays the same, its reserved ranges do, too. */
	bool other_ioas = has_reserved(group, attach->pasid) && old->ioas != new->ioas;
	int ret = 0;

	if (other_ioas) {
		ret = reserve_all(attach, new, spaces);
		spaces_release(spaces);
		if (ret)
			return ret;
	}
	if (has_reserved(group, attach->pasid))
		ret = iommufd_hwpt_setup_msi(new, group->sw_msi_start);
	if (!ret)
		ret = replace_hwpt(idev, attach, hwpt);
	if (other_ioas)
		unreserve_all(attach, !ret, spaces);
	return ret;
}

/*
 * Reserve entries for look-ups by @pt_id, for all devices of an attachment that is to be replaced.
 */
static int reserve_pt_id(struct iommufd_attachment *attach, u32 pt_id)
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

/* Complete or undo reserve_pt_id(), depending on whether the replace succeeded. */
static void set_pt_id(struct iommufd_group *group, struct iommufd_attachment *attach, u32 pt_id,
		      bool replaced)
{
	bool has_pasid = attach->pasid != IOMMU_NO_PASID;
	struct iommufd_device *idev;
	u32 old_id = attach->pt_id;
	unsigned long id;

	if (replaced && has_pasid)
		rb_erase(&attach->node, &group->by_pt);
	if (replaced)
		WRITE_ONCE(attach->pt_id, pt_id);
	if (!has_pasid)
		return;
	if (replaced)
		iommufd_pasid_index_pt(group, attach);
	xa_for_each(&attach->devices, id, idev) {
		if (!replaced) {
			iommufd_pasid_map_pt_release(idev, pt_id);
			continue;
		}
		publish_pasid(idev, attach);
		if (old_id != pt_id)
			iommufd_pasid_unmap_pt(idev, old_id, attach->pasid);
	}
}

static unsigned int nr_devices(struct iommufd_attachment *attach)
{
	unsigned int n = 0;
	unsigned long id;
	void *entry;

	xa_for_each(&attach->devices, id, entry)
		n++;
	return n;
}

/* Check whether an attached device can move to a HWPT together with the rest of its group. */
static int check_replace(struct iommufd_device *idev, struct iommufd_attachment *attach,
			 struct iommufd_hwpt *hwpt)
{
	int ret = check_device(idev, attach->pasid, hwpt);

	if (!ret)
		ret = check_pasid(idev->group, attach->pasid, hwpt);
	if (!ret && iommufd_hwpt_has_faults(hwpt) && nr_devices(attach) > 1)
		ret = -EINVAL;
	return ret;
}

static int replace_locked(struct iommufd_attach_args *args, struct iommufd_hwpt *hwpt,
			  struct spaces *spaces)
{
	struct iommufd_device *idev = args->idev;
	struct iommufd_group *group = idev->group;
	struct iommufd_attachment *attach;
	struct iommufd_hwpt *old;
	bool change;
	int ret;

	attach = iommufd_device_attachment(idev, args->pasid);
	if (!attach)
		return -EINVAL;
	ret = reserve_pt_id(attach, args->pt_id);
	if (ret)
		return ret;
	old = attach->hwpt;
	/* A blocked PASID has to be attached again, even to the same HWPT. */
	change = old != hwpt || attach->blocked;
	if (change) {
		ret = check_replace(idev, attach, hwpt);
		if (!ret)
			ret = do_replace(idev, attach, hwpt, spaces);
	}
	set_pt_id(group, attach, args->pt_id, !ret);
	if (ret || !change)
		return ret;

	args->old_users = nr_devices(attach);
	args->old = old;
	refcount_add(args->old_users, &hwpt->obj.users);
	return 0;
}

/**
 * iommufd_group_replace() - move a device, and its group with it, to another HWPT
 * @args: idev, pasid and pt_id are used; old and old_users are set
 * @hwpt: the new HWPT; each device takes a reference on it
 *
 * If the IOMMU driver supports it, DMA of the whole device is never interrupted; DMA with a PASID
 * is blocked for a moment. On failure nothing has changed. The caller drops @args->old_users
 * references on @args->old once it holds no lock.
 *
 * Context: may sleep; takes group->lock.
 * Return: as iommufd_group_attach(); -EINVAL if the device is not attached.
 */
int iommufd_group_replace(struct iommufd_attach_args *args, struct iommufd_hwpt *hwpt)
{
	struct iommufd_group *group = args->idev->group;
	struct spaces spaces;
	int ret;

	args->old = NULL;
	args->old_users = 0;
	spaces_init(&spaces);
	do {
		ret = spaces_lock(&spaces, group);
		if (ret)
			return ret;
		ret = replace_locked(args, hwpt, &spaces);
		spaces_unlock(&spaces, group);
	} while (spaces.busy);
	return ret;
}

/**
 * iommufd_group_detach() - detach a device, or a PASID of it
 * @idev: the device
 * @pasid: the PASID, or IOMMU_NO_PASID
 *
 * With the last device of its group DMA is blocked on return.
 *
 * Context: may sleep; takes group->lock.
 * Return: the HWPT it was attached to, on which the caller drops one reference; NULL if it was not
 * attached.
 */
struct iommufd_hwpt *iommufd_group_detach(struct iommufd_device *idev, ioasid_t pasid)
{
	struct iommufd_group *group = idev->group;
	struct iommufd_hwpt *hwpt = NULL;
	struct iommufd_attachment *attach;
	struct spaces spaces;
	bool last;

	spaces_init(&spaces);
	mutex_lock(&group->lock);
	attach = iommufd_group_attachment(group, pasid);
	if (!attach || !xa_erase(&attach->devices, idev->obj.id))
		goto out_unlock;
	count_attached(idev, pasid, -1);
	hwpt = attach->hwpt;
	last = xa_empty(&attach->devices);
	if (pasid != IOMMU_NO_PASID)
		iommufd_pasid_unmap_pt(idev, attach->pt_id, pasid);
	if (last)
		detach_last(idev, attach);
	/* Only now may the PASID object, and with it the number, be freed: its DMA has ended. */
	unref_pasid(idev, attach);
	if (last)
		attachment_free(group, attach);
	if (has_reserved(group, pasid))
		spaces_unreserve(idev, &spaces);
out_unlock:
	spaces_unlock(&spaces, group);
	return hwpt;
}
