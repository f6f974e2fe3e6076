// SPDX-License-Identifier: GPL-2.0-only
/*
 * The in-kernel API that attaches devices, and PASIDs of them, to IOASes, HWPTs and SVA objects.
 *
 * An attach to an IOAS chooses one of its automatic HWPTs, or makes one. This file makes and
 * destroys those; group.c attaches groups to them.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>

#include "attach/attach.h"
#include "policy/policy.h"
#include "trace/emit.h"
#include "trace/refuse.h"

/* Attach to, or replace with, one HWPT. */
static int attach_to_hwpt(struct iommufd_attach_args *args, struct iommufd_hwpt *hwpt)
{
	int ret;

	if (args->replace)
		ret = iommufd_group_replace(args, hwpt);
	else
		ret = iommufd_group_attach(args, hwpt);
	if (ret)
		return ret;
	/* The caller holds a reference: another device may replace the group's HWPT at any time. */
	args->hwpt_id = hwpt->obj.id;
	args->ioas_id = iommufd_hwpt_ioas_id(hwpt);
	args->old_id = args->old ? args->old->obj.id : args->hwpt_id;
	return 0;
}

/*
 * Drop a reference on an automatic HWPT with hwpts_lock held. If it was the last one, put the HWPT
 * on @unlinked. The caller destroys it after it dropped the lock, because destruction takes it.
 */
static void unref_locked(struct iommufd_hwpt_paging *hwpt, struct list_head *unlinked)
{
	if (iommufd_object_unref_unlink(hwpt->common.ctx, &hwpt->common.obj))
		list_move(&hwpt->item, unlinked);
}

/*
 * Detach the device from a HWPT that is not visible yet. If another device of the group replaced
 * the HWPT meanwhile, leave the reference on that one to drop_old(). If another call detached the
 * device, that call has dropped the reference.
 */
static void undo_attach(struct iommufd_attach_args *args, struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt *last = iommufd_group_detach(args->idev, args->pasid);

	if (last == hwpt) {
		iommufd_object_unref(&hwpt->obj);
	} else if (last) {
		args->old = last;
		args->old_users = 1;
	}
}

/* Check early, before a HWPT is made in vain; group.c checks again under group->lock. */
static int check_attached(const struct iommufd_attach_args *args)
{
	bool attached = iommufd_device_is_attached(args->idev, args->pasid);

	if (attached == args->replace)
		return 0;
	if (attached)
		return -EBUSY;
	/*
	 * Like upstream, report other errors first to a driver that replaces a missing attachment.
	 */
	return args->pasid_compat ? -EINVAL : 0;
}

/* Check early whether a new automatic HWPT could be attached, before anything is pinned for it. */
static int check_new_hwpt(const struct iommufd_attach_args *args, struct iommufd_ioas *ioas)
{
	struct iommufd_device *idev = args->idev;
	int ret;

	ret = check_attached(args);
	if (ret)
		return ret;
	if (!args->replace && iommufd_group_is_attached(idev->group, args->pasid))
		return -EINVAL;
	/* group.c would refuse a HWPT that is not for PASIDs. */
	if (args->pasid != IOMMU_NO_PASID &&
	    (args->pasid_compat ? !iommufd_device_allows_pasids(idev) : !args->replace))
		return -EINVAL;
	/*
	 * A device would use the page table while it is being filled, and the PASID could be
	 * detached meanwhile.
	 */
	if (iommufd_hwpt_needs_attach_first(idev) &&
	    (args->replace || args->pasid != IOMMU_NO_PASID))
		return -EOPNOTSUPP;
	if (!args->replace && args->pasid == IOMMU_NO_PASID && idev->group->group) {
		ret = iopt_reserve_device(&ioas->iopt, idev->dev, args, NULL, IOPT_LOCK_WAIT);
		if (ret)
			return ret;
		iopt_unreserve_device(&ioas->iopt, args);
	}
	return 0;
}

/* Make an automatic HWPT, fill it, and attach the device to it. hwpts_lock is held. */
static int attach_to_new_hwpt(struct iommufd_attach_args *args, struct iommufd_ioas *ioas,
			      struct list_head *unlinked)
{
	u32 flags = args->pasid_compat ? IOMMUFD_NEW_HWPT_ALLOC_PASID : 0;
	bool attach_first = iommufd_hwpt_needs_attach_first(args->idev);
	struct iommufd_device *idev = args->idev;
	struct iommufd_hwpt_paging *hwpt;
	int ret;

	ret = check_new_hwpt(args, ioas);
	if (ret)
		return ret;
	hwpt = iommufd_hwpt_paging_alloc(ioas, idev, flags, NULL);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	hwpt->automatic = true;
	/* Once attached, another device of the group may replace the HWPT at any time. */
	iommufd_object_ref(&hwpt->common.obj);

	if (attach_first) {
		ret = attach_to_hwpt(args, &hwpt->common);
		if (ret)
			goto err_free;
	}
	hwpt->table.reservation = args->reservation;
	ret = iopt_add_table(&ioas->iopt, &hwpt->table);
	hwpt->table.reservation = NULL;
	if (ret)
		goto err_detach;
	if (!attach_first) {
		ret = attach_to_hwpt(args, &hwpt->common);
		if (ret)
			goto err_remove_table;
	}
	list_add_tail(&hwpt->item, &ioas->hwpts);
	iommufd_object_finalize(idev->ctx, &hwpt->common.obj);
	unref_locked(hwpt, unlinked);
	return 0;

err_remove_table:
	iopt_remove_table(&ioas->iopt, &hwpt->table);
err_detach:
	if (attach_first)
		undo_attach(args, &hwpt->common);
err_free:
	iommufd_object_abort_and_destroy(hwpt->common.ctx, &hwpt->common.obj);
	return ret;
}

/* Attach to any automatic HWPT of the IOAS that the device can use, or to a new one. */
static int attach_to_ioas(struct iommufd_attach_args *args, struct iommufd_ioas *ioas)
{
	struct iommufd_hwpt_paging *hwpt, *next;
	int ret = -EINVAL;
	LIST_HEAD(unlinked);

	mutex_lock(&ioas->hwpts_lock);
	list_for_each_entry_safe(hwpt, next, &ioas->hwpts, item) {
		if (!hwpt->automatic || !refcount_inc_not_zero(&hwpt->common.obj.users))
			continue;
		ret = attach_to_hwpt(args, &hwpt->common);
		unref_locked(hwpt, &unlinked);
		/* -EINVAL means that this device cannot use this HWPT, so try the next one. */
		if (ret != -EINVAL)
			goto out_unlock;
	}
	ret = attach_to_new_hwpt(args, ioas, &unlinked);
out_unlock:
	mutex_unlock(&ioas->hwpts_lock);
	list_for_each_entry_safe(hwpt, next, &unlinked, item)
		iommufd_object_destroy_unlinked(hwpt->common.ctx, &hwpt->common.obj);
	return ret;
}

/* Attach a PASID to a process, through a HWPT made for this attachment. */
static int attach_to_sva(struct iommufd_attach_args *args, struct iommufd_object *sva)
{
	struct iommufd_device *idev = args->idev;
	struct iommufd_hwpt_sva *hwpt;
	int ret;

	if (args->pasid == IOMMU_NO_PASID)
		return -EINVAL;
	ret = check_attached(args);
	if (ret)
		return ret;
	if (!iommufd_device_allows_pasids(idev))
		return -EINVAL;
	hwpt = iommufd_hwpt_sva_alloc(sva, idev);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	/* Once attached it can be detached at any time, which would destroy it. */
	iommufd_object_ref(&hwpt->common.obj);
	ret = attach_to_hwpt(args, &hwpt->common);
	if (ret) {
		iommufd_object_abort_and_destroy(hwpt->common.ctx, &hwpt->common.obj);
		return ret;
	}
	iommufd_object_finalize(idev->ctx, &hwpt->common.obj);
	iommufd_hwpt_unref(&hwpt->common);
	return 0;
}

static int attach_to_object(struct iommufd_attach_args *args, struct iommufd_object *obj)
{
	struct iommufd_hwpt *hwpt;
	int ret;

	switch (obj->type) {
	case IOMMUFD_OBJ_HWPT_PAGING:
	case IOMMUFD_OBJ_HWPT_NESTED:
		hwpt = to_hwpt(obj);
		/*
		 * An automatic one may lose its last device meanwhile; then destroy it afterwards.
		 */
		iommufd_object_ref(&hwpt->obj);
		ret = attach_to_hwpt(args, hwpt);
		args->unref = hwpt;
		return ret;
	case IOMMUFD_OBJ_IOAS:
		return attach_to_ioas(args, container_of(obj, struct iommufd_ioas, obj));
	case IOMMUFD_OBJ_SVA:
		return attach_to_sva(args, obj);
	default:
		return -EINVAL;
	}
}

/* Ask policies about an attach or replace. @reservation limits the pages it may pin. */
static int ask_policies(const struct iommufd_attach_args *args, struct iommufd_object *pt,
			struct umem_reservation *reservation, struct umem_shares *shares)
{
	bool whole = args->pasid == IOMMU_NO_PASID;
	struct iommufd_device *idev = args->idev;
	struct iommufd_policy_request *req;
	struct iommufd_policy_call call;
	struct iommufd_pasid *p;

	iommufd_policy_begin(&call, whole ? IOMMUFD_HOOK_DEVICE_ATTACH : IOMMUFD_HOOK_PASID_ATTACH,
			     &idev->ctx->totals);
	req = &call.request;
	call.object = args->pt_id;
	req->pt = args->pt_id;
	req->flags = args->replace ? IOMMUFD_REQUEST_REPLACE : 0;
	/* Only the ioctls set pasid_compat; all other callers are drivers. */
	req->flags |= args->pasid_compat ? 0 : IOMMUFD_REQUEST_DRIVER;
	req->device = idev->obj.id;
	iommufd_policy_add_device(req, idev->dev);
	if (!whole) {
		req->pasid = args->pasid;
		mutex_lock(&idev->group->lock);
		p = iommufd_pasid_find(idev, args->pasid);
		if (p) {
			req->virt_pasid = p->virt_pasid;
			req->flags |= p->pool ? IOMMUFD_REQUEST_GLOBAL : 0;
		}
		mutex_unlock(&idev->group->lock);
	}
	iommufd_hwpt_policy_target(req, pt, shares);
	return iommufd_policy_decide_shares(&call, reservation, shares);
}

static bool has_policies(const struct iommufd_attach_args *args)
{
	return args->pasid == IOMMU_NO_PASID ? iommufd_policy_has(DEVICE_ATTACH) :
					       iommufd_policy_has(PASID_ATTACH);
}

/* Drop references on the HWPT that was replaced. No lock of the IOAS is held. */
static void drop_old(struct iommufd_attach_args *args)
{
	for (; args->old_users; args->old_users--)
		iommufd_hwpt_unref(args->old);
}

/*
 * Ask policies, then attach. Policies must not be asked with the IOAS locked. Without its locks the
 * number of pages to pin may grow beyond the reservation; then ask again.
 */
static int ask_and_attach(struct iommufd_attach_args *args, struct iommufd_object *obj)
{
	struct umem_reservation reservation = {};
	struct umem_shares shares;
	unsigned int tries = 0;
	int ret;

	umem_shares_init(&shares);
	do {
		reservation.exceeded = false;
		drop_old(args);
		ret = has_policies(args) ? ask_policies(args, obj, &reservation, &shares) : 0;
		args->reservation = reservation.totals ? &reservation : NULL;
		if (!ret)
			ret = attach_to_object(args, obj);
		args->reservation = NULL;
		umem_reservation_end(&reservation);
		umem_shares_put(&shares);
	} while (ret && reservation.exceeded && ++tries < IOMMUFD_POLICY_TRIES);
	return ret;
}

/**
 * iommufd_attach_pt() - attach a device, or a PASID of it, or replace its attachment
 * @args: arguments and results
 *
 * Context: may sleep, for as long as pinning takes. Calls for the same PASID may run concurrently.
 * Return: 0; an error of iommufd_device_pasid_attach() or iommufd_device_pasid_replace(); the error
 * of a policy that refuses; -EBUSY if the IOAS kept growing while policies were asked.
 */
int iommufd_attach_pt(struct iommufd_attach_args *args)
{
	struct iommufd_ctx *ctx = args->idev->ctx;
	struct iommufd_object *obj;
	int ret;

	obj = iommufd_object_get(ctx, args->pt_id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	ret = ask_and_attach(args, obj);
	iommufd_object_put(ctx, obj);

	/* Last, because destroying a HWPT takes locks of the IOAS. */
	if (args->unref)
		iommufd_hwpt_unref(args->unref);
	drop_old(args);
	return ret;
}

/**
 * iommufd_detach_pt() - detach a device, or a PASID of it
 * @idev: the device
 * @pasid: the PASID, or IOMMU_NO_PASID
 * @ioas_id: out: id of the IOAS that it was attached to, or IOMMU_EXT_NONE
 * @hwpt_id: out: id of the HWPT
 *
 * Context: may sleep.
 * Return: false if it was not attached.
 */
bool iommufd_detach_pt(struct iommufd_device *idev, ioasid_t pasid, u32 *ioas_id, u32 *hwpt_id)
{
	struct iommufd_hwpt *hwpt = iommufd_group_detach(idev, pasid);

	if (!hwpt)
		return false;
	*ioas_id = iommufd_hwpt_ioas_id(hwpt);
	*hwpt_id = hwpt->obj.id;
	iommufd_hwpt_unref(hwpt);
	return true;
}

static u32 trace_pasid(ioasid_t pasid)
{
	return pasid == IOMMU_NO_PASID ? IOMMUFD_TRACE_NONE : pasid;
}

/**
 * iommufd_device_pasid_attach() - attach a device, or a PASID of it
 * @idev: bound; the PASID is not attached
 * @pasid: a PASID below the limit of the device and its IOMMU; IOMMU_NO_PASID for all other DMA
 * @pt_id: in: id of an IOAS or HWPT, for a PASID also of an SVA object; out: id of the HWPT
 *
 * Memory that is mapped in the IOAS is pinned and in the page table before the device can use it;
 * later maps and unmaps apply to the page table as well. For a PASID, the HWPT and that of the
 * whole device, if it is attached, must have been made with IOMMU_HWPT_ALLOC_PASID.
 *
 * Context: may sleep, for as long as pinning takes.
 * Return: 0; -ENOENT if there is no object of this id; -EBUSY if the device or PASID is attached,
 * or if the PASID is an object of another device of the group; -EINVAL for an object of another
 * type, for a PASID or HWPT that the device cannot use, or if its group is attached to another
 * HWPT; -EADDRINUSE if memory is mapped in a reserved range of the device; -ENOMEM or -EFAULT from
 * pinning; for an SVA object -EOPNOTSUPP if the IOMMU driver cannot do it, or not safely, and
 * -ESRCH if the process has exited; an error of the IOMMU driver.
 */
int iommufd_device_pasid_attach(struct iommufd_device *idev, ioasid_t pasid, u32 *pt_id)
{
	u64 start = trace_iommufd_device_attach_enabled() ? ktime_get_ns() : 0;
	struct iommufd_attach_args args = {
		.idev = idev,
		.pasid = pasid,
		.pt_id = *pt_id,
	};
	int ret = iommufd_attach_pt(&args);

	if (!ret)
		*pt_id = args.hwpt_id;
	if (!ret && pasid != IOMMU_NO_PASID)
		iommufd_pasid_notify_change(idev, pasid);
	iommufd_trace(device_attach, idev->ctx->totals.ctx_id, current->tgid, idev->obj.id,
		      iommufd_device_sbdf(idev->dev), trace_pasid(pasid),
		      ret ? *pt_id : args.ioas_id, ret ? IOMMUFD_TRACE_NONE : args.hwpt_id,
		      start ? ktime_get_ns() - start : 0, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_pasid_attach, "IOMMUFD");

/**
 * iommufd_device_pasid_replace() - attach a device, or a PASID of it, to another object
 * @idev: bound; the PASID is attached
 * @pasid: as for iommufd_device_pasid_attach()
 * @pt_id: as for iommufd_device_pasid_attach()
 *
 * On failure the old attachment stays. If the IOMMU driver supports it, DMA of the whole device is
 * never interrupted; DMA with a PASID is blocked for a moment.
 *
 * Context: may sleep, for as long as pinning takes.
 * Return: as iommufd_device_pasid_attach(); -EINVAL also if it is not attached; -EOPNOTSUPP if the
 * IOMMU driver can fill a page table only while it is attached and the IOAS has no HWPT that the
 * device can use: detach and attach instead.
 */
int iommufd_device_pasid_replace(struct iommufd_device *idev, ioasid_t pasid, u32 *pt_id)
{
	u64 start = trace_iommufd_device_replace_enabled() ? ktime_get_ns() : 0;
	struct iommufd_attach_args args = {
		.idev = idev,
		.pasid = pasid,
		.replace = true,
		.pt_id = *pt_id,
	};
	int ret = iommufd_attach_pt(&args);

	if (!ret)
		*pt_id = args.hwpt_id;
	if (!ret && pasid != IOMMU_NO_PASID)
		iommufd_pasid_notify_change(idev, pasid);
	iommufd_trace(device_replace, idev->ctx->totals.ctx_id, current->tgid, idev->obj.id,
		      iommufd_device_sbdf(idev->dev), trace_pasid(pasid),
		      ret ? *pt_id : args.ioas_id, ret ? IOMMUFD_TRACE_NONE : args.hwpt_id,
		      ret ? IOMMUFD_TRACE_NONE : args.old_id, start ? ktime_get_ns() - start : 0,
		      ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_pasid_replace, "IOMMUFD");

/**
 * iommufd_device_pasid_detach() - detach a device, or a PASID of it
 * @idev: bound
 * @pasid: as for iommufd_device_pasid_attach(); nothing happens if it is not attached
 *
 * If it was the last device of its group, its DMA is blocked on return, and unanswered page
 * requests were answered as invalid.
 *
 * Context: may sleep.
 */
void iommufd_device_pasid_detach(struct iommufd_device *idev, ioasid_t pasid)
{
	u64 start = trace_iommufd_device_detach_enabled() ? ktime_get_ns() : 0;
	u32 ioas_id, hwpt_id;

	if (!iommufd_detach_pt(idev, pasid, &ioas_id, &hwpt_id))
		return;
	if (pasid != IOMMU_NO_PASID)
		iommufd_pasid_notify_change(idev, pasid);
	iommufd_trace(device_detach, idev->ctx->totals.ctx_id, current->tgid, idev->obj.id,
		      iommufd_device_sbdf(idev->dev), trace_pasid(pasid), ioas_id, hwpt_id,
		      start ? ktime_get_ns() - start : 0);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_pasid_detach, "IOMMUFD");

/**
 * iommufd_device_attach() - attach a device
 * @idev: bound, not attached
 * @pt_id: in: id of an IOAS or HWPT; out: id of the HWPT
 *
 * Context: may sleep, for as long as pinning takes.
 * Return: as iommufd_device_pasid_attach() with IOMMU_NO_PASID.
 */
int iommufd_device_attach(PORT_IDEV_PASID(idev, pasid), u32 *pt_id)
{
	return iommufd_device_pasid_attach(idev, PORT_PASID(pasid), pt_id);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_attach, "IOMMUFD");

/**
 * iommufd_device_replace() - attach a device to another IOAS or HWPT
 * @idev: attached
 * @pt_id: as for iommufd_device_attach()
 *
 * Context: may sleep, for as long as pinning takes.
 * Return: as iommufd_device_pasid_replace() with IOMMU_NO_PASID.
 */
int iommufd_device_replace(PORT_IDEV_PASID(idev, pasid), u32 *pt_id)
{
	return iommufd_device_pasid_replace(idev, PORT_PASID(pasid), pt_id);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_replace, "IOMMUFD");

/**
 * iommufd_device_detach() - detach a device
 * @idev: attached
 *
 * Equals iommufd_device_pasid_detach() with IOMMU_NO_PASID.
 *
 * Context: may sleep.
 */
void iommufd_device_detach(PORT_IDEV_PASID(idev, pasid))
{
	iommufd_device_pasid_detach(idev, PORT_PASID(pasid));
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_detach, "IOMMUFD");
